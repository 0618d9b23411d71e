"""Whom to call, whom to call first at night, and whom not to call."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Choice, Choices, ShortText, Telephone, TypedDate, WholeNumber, YesNo
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value, present_items

KINDS = {"professional": "Professional or team", "personal": "Family, friend or carer"}
ROLES = {
    "next_of_kin": "Next of kin",
    "main_carer": "Main carer",
    "emergency_contact": "Emergency contact",
    "attorney": "Attorney",
    "deputy": "Deputy",
    "person_to_involve": "Person to involve in decisions",
    "key_worker": "Key worker",
    "gp": "GP",
    "district_nurse": "District or community nurse",
    "palliative_nurse": "Specialist palliative care nurse",
    "hospice": "Hospice",
    "care_home": "Care home",
    "social_worker": "Social worker",
    "community_nurse": "Community nurse",
    "specialist_nurse": "Clinical nurse specialist",
    "palliative_doctor": "Palliative care doctor",
    "physiotherapist": "Physiotherapist",
    "occupational_therapist": "Occupational therapist",
    "spiritual": "Spiritual support",
    "care_worker": "Care worker",
    "pharmacist": "Pharmacist",
}
#: SNOMED CT. Source: SCCI1580 v4.0 item 24; NHS England palliative care reference set.
ROLE_CODES = {
    "key_worker": "719240009",
    "gp": "1034241000000106",
    "district_nurse": "305578001",
    "palliative_nurse": "850951000000107",
    "social_worker": "405775000",
    "community_nurse": "305574004",
    "specialist_nurse": "305556008",
    "palliative_doctor": "305496007",
    "physiotherapist": "305613006",
    "occupational_therapist": "305605005",
    "spiritual": "851821000000100",
    "care_worker": "853721000000106",
}
_PRSB = "PRSB P&EoLC v1.1, professional contacts, personal contacts"


class ContactSchema(Schema):
    """One person or team."""

    kind = Choice("Who is it?", KINDS, required=True, source="SCCI1580 items 16, 21, 23, 54", card=True)
    name = ShortText("Name", required=True, source="SCCI1580 items 16, 21, 23, 54", card=True)
    relationship = ShortText(
        "Relationship or job", hint="Daughter, district nurse", source="SCCI1580 item 24", card=True
    )
    roles = Choices("They are the person's", ROLES, codes=ROLE_CODES, source="SCCI1580 items 16, 24, 51, 54", card=True)
    specialty = ShortText("Specialty", limit=150, source=_PRSB, detail=True)
    team = ShortText("Team and organisation", called="team", limit=255, source=_PRSB, place=True)
    telephone = Telephone(
        "Telephone number", source="SCCI1580 items 17, 22, 25", card=True, ages=180,
        ages_as="Telephone number",
    )  # fmt: skip
    mobile = Telephone(
        "Mobile or second number", source="SCCI1580 items 17, 22, 25", card=True, ages=180,
        ages_as="Telephone number",
    )  # fmt: skip
    is_24h = YesNo("Answered day and night?", card=True)
    hours = ShortText("If not, when?", called="hours", limit=200, card=True)
    call_order = WholeNumber("Place in the order of calling", hint="1 is called first", lowest=1, highest=99, card=True)
    knows_diagnosis = YesNo(
        "Do they know the diagnosis?", source="SCCI1580 item 18", tier=Tier.T2_COORDINATION, clinical=True
    )
    knows_cpr = YesNo("Do they know of the CPR decision?", source="SCCI1580 item 48", clinical=True)
    do_not_contact = YesNo(
        "Must they NOT be contacted?", hint="The person asked that they are not consulted", card=True
    )
    started_on = TypedDate("Date from which they are involved", source=_PRSB, detail=True)
    ended_on = TypedDate("Date to which they were involved", source=_PRSB, detail=True)
    comment = PlanText("Anything else about them", rows=2, source=_PRSB, clinical=True, detail=True)


def _names_of_teams(contact: Value) -> frozenset[str]:
    """A practice or team leads to the door by its name; a daughter does not."""
    return frozenset({"name", "team"}) if contact.get("kind") == "professional" else frozenset()


def check_contacts(value: Value, _context: Context) -> None:
    """Somebody to be called has a number; somebody not to be called is nobody's emergency contact."""
    for item in present_items(value).values():
        rules.check_involved(item)
        if not item.get("do_not_contact") and not (item.get("telephone") or item.get("mobile")):
            raise RuleBroken("Enter a telephone number, or say that they must not be contacted", field="telephone")
        if item.get("do_not_contact") and "emergency_contact" in (item.get("roles") or []):
            raise RuleBroken("They cannot be the emergency contact and not be contacted", field="do_not_contact")


CONTACTS = SectionDeclaration(
    name="contacts",
    label="People and contacts",
    lead="Whom to call and in which order; who knows what; whom not to call.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    items=Items(ContactSchema, "contact", lambda item: str(item["name"]), telling_of=_names_of_teams),
    permission=Permission.EDIT_CONTACTS,
    check=check_contacts,
    needs=True,
    source="SCCI1580 v4.0 items 16-25, 54-57",
)
