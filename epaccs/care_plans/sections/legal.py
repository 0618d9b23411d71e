"""What binds: advance decisions to refuse treatment, attorneys and deputies; and wishes, kept apart from them."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ShortText, Telephone, TypedDate, YesNo, YesNoUnknown
from epaccs.versions.registry import Context, high
from epaccs.versions.rules import Value, present_items

KINDS = {
    "adrt": "Advance decision to refuse treatment (ADRT)",
    "lpa": "Attorney for health and welfare (LPA)",
    "deputy": "Deputy appointed by the Court of Protection",
    "lpa_property": "Attorney for property and money (no say over treatment)",
    "advance_statement": "Advance statement (wishes, not binding)",
}

ACTING = {"alone": "Alone", "jointly": "Jointly", "separately": "Jointly or each alone", "unknown": "Not known"}

#: SNOMED CT. Source: SCCI1580 v4.0 items 35, 49, 51, 52; PRSB P&EoLC v1.1, legal information.
KIND_CODES = {
    "adrt": "816301000000100",
    "lpa_property": "341041000000103",
    "advance_statement": "816281000000101",
}
LIFE_SUSTAINING_CODES = {"yes": "816321000000109"}
AUTHORITY_CODES = {"no": "816361000000101", "yes": "816381000000105"}


class LegalItemSchema(Schema):
    """One document or one person with authority."""

    kind = Choice("What is it?", KINDS, codes=KIND_CODES, required=True, source="SCCI1580 items 35, 49, 51", card=True)
    name = ShortText("Name of the attorney or deputy", hint="Leave blank for a document of the person's own", card=True)
    telephone = Telephone("Telephone of the attorney or deputy", source="SCCI1580 item 53", card=True)
    refuses = PlanText(
        "What is refused or wished, in the person's words",
        called="account of what is refused or wished",
        source="SCCI1580 items 35, 49",
        card=True,
    )
    refuses_cpr = YesNo("Does it refuse CPR?", source="SCCI1580 item 49", card=True)
    refuses_life_sustaining = YesNo(
        "Does it refuse life-sustaining treatment?", codes=LIFE_SUSTAINING_CODES, source="SCCI1580 item 49", card=True
    )
    made_on = TypedDate("Date made", card=True)
    is_written = YesNo("Is it written?", source="Mental Capacity Act 2005 s25")
    is_signed = YesNo(
        "Is it signed by the person, or for them in their presence?", source="Mental Capacity Act 2005 s25"
    )
    is_witnessed = YesNo(
        "Was the signature made or acknowledged before a witness?", source="Mental Capacity Act 2005 s25"
    )
    states_even_if_life_at_risk = YesNo(
        "Does it say that it applies even if life is at risk?", source="Mental Capacity Act 2005 s25"
    )
    made_at_18_or_over = YesNo("Was the person 18 or over when they made it?", source="Mental Capacity Act 2005 s24")
    had_capacity = YesNo("Did they have capacity when they made it?", source="Mental Capacity Act 2005 s24")
    called_valid = YesNo(
        "Do you record it as valid for life-sustaining treatment?",
        hint="The register does not decide this. It keeps what you found, and shows what is missing",
    )
    withdrawn_on = TypedDate("Date withdrawn or ended", hint="Leave blank if it stands", card=True)
    authority_life_sustaining = YesNoUnknown(
        "May the attorney decide on life-sustaining treatment?",
        codes=AUTHORITY_CODES,
        source="SCCI1580 item 52",
        card=True,
    )
    is_registered = YesNoUnknown("Is it registered?", hint="With the Office of the Public Guardian")
    registered_on = TypedDate("Date registered")
    acting = Choice("If there are several, how do they act?", ACTING)
    document_seen_by = ShortText(
        "Who saw the document?",
        called="name of who saw the document",
        hint="Name and role. Blank means: told of it, not seen",
        card=True,
    )
    document_seen_on = TypedDate("Date the document was seen", card=True)
    document_location = ShortText(
        "Where is it kept?",
        called="place where it is kept",
        limit=300,
        source="SCCI1580 item 50",
        card=True,
        place=True,
    )


def title(item: Value) -> str:
    """How one line is named in a list."""
    label = KINDS[item["kind"]]
    return f"{label}: {item['name']}" if item.get("name") else label


def _binding_first(item: Value) -> int:
    """An advance decision binds before an attorney decides; wishes come last."""
    return list(KINDS).index(item["kind"])


def check_legal(value: Value, context: Context) -> None:
    """The law's own refusals; everything else is shown, not computed.

    Source: Mental Capacity Act 2005 s20(5), s24, s25; hazard H-08.
    """
    for item in present_items(value).values():
        rules.check_legal_item(item, today=context.today, born_on=context.values.get("identity", {}).get("born_on"))


LEGAL = SectionDeclaration(
    name="legal",
    label="Advance decisions and attorneys",
    lead="What the person has refused in advance, and who may decide for them. Binding before wishes.",
    tier=Tier.T1_EMERGENCY,
    critical=True,
    stage=rules.Stage.YEAR,
    items=Items(LegalItemSchema, "advance decision, attorney or deputy", title, rank=_binding_first),
    check=check_legal,
    severity=high,
    source="SCCI1580 v4.0 items 35, 49-53; Mental Capacity Act 2005",
)
