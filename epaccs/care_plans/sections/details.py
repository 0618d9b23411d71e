"""More about the person than is needed to find them: home, contact, ethnicity, other numbers."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, EmailAddress, ShortText, Telephone, WholeNumber, YesNoUnknown

#: NHS Data Dictionary, ETHNIC CATEGORY.
ETHNICITY = {
    "A": "White: British",
    "B": "White: Irish",
    "C": "White: another background",
    "D": "Mixed: White and Black Caribbean",
    "E": "Mixed: White and Black African",
    "F": "Mixed: White and Asian",
    "G": "Mixed: another background",
    "H": "Asian: Indian",
    "J": "Asian: Pakistani",
    "K": "Asian: Bangladeshi",
    "L": "Asian: another background",
    "M": "Black: Caribbean",
    "N": "Black: African",
    "P": "Black: another background",
    "R": "Chinese",
    "S": "Another ethnic group",
    "Z": "The person did not want to say",
}
ACCOMMODATION = {
    "own": "Own home",
    "rented": "Rented home",
    "with_family": "With family or friends",
    "sheltered": "Sheltered or supported housing",
    "care_home": "Care home",
    "nursing_home": "Care home with nursing",
    "temporary": "Temporary or hostel",
    "homeless": "No home",
    "other": "Another, described below",
}
ADDRESS_TYPE = {"usual": "Where they usually live", "temporary": "Where they are for now", "postal": "Only for post"}
CONTACT_METHOD = {"letter": "Letter", "telephone": "Telephone", "text": "Text message", "email": "Email",
                  "in_person": "In person", "through": "Through somebody else"}  # fmt: skip
NUMBER_TYPE = {"home": "Home", "mobile": "Mobile", "work": "Work", "temp": "For now", "old": "No longer in use"}

_PERSON = "PRSB P&EoLC v1.1, person"


class DetailsSchema(Schema):
    """What a service may need that a crew at night does not."""

    name_suffix = ShortText("Letters after the name", limit=35, source=_PERSON, detail=True)
    ethnicity = Choice("Ethnic category", ETHNICITY, as_list=True, source=_PERSON)
    address_type = Choice("What kind of address is recorded?", ADDRESS_TYPE, source=_PERSON, detail=True)
    contact_method = Choice("How does the person want to be contacted?", CONTACT_METHOD, as_list=True, source=_PERSON)
    other_contact = ShortText("Another way to reach the person", limit=255, source=_PERSON, place=True, detail=True)
    accommodation = Choice(
        "Where does the person live?", ACCOMMODATION, as_list=True, source="PRSB P&EoLC v1.1, social context"
    )
    accommodation_note = PlanText(
        "More about the home", hint="Stairs, bed downstairs, lift", rows=2, source="PRSB P&EoLC v1.1, social context",
        place=True,
    )  # fmt: skip
    lives_alone = YesNoUnknown("Does the person live alone?", source="SCCI1580 item 58")
    other_identifiers = ShortText(
        "Other numbers of the person", hint="Hospital number, and whose it is", limit=300, source=_PERSON, detail=True
    )
    other_issues = PlanText("Other issues or wishes about care", rows=3, source="SCCI1580 item 58")


class ReachSchema(Schema):
    """One more number or address by which the person is reached."""

    telephone = Telephone("Telephone number", source=f"SCCI1580 item 13; {_PERSON}")
    email = EmailAddress(source=_PERSON)
    type = Choice("Which?", NUMBER_TYPE, required=True, source=_PERSON)
    preference = WholeNumber("Place in the order of use", hint="1 is used first", lowest=1, highest=5, source=_PERSON)


DETAILS = SectionDeclaration(
    name="details",
    label="More about the person",
    lead="What a service may need to know that a crew at night does not.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    schema=DetailsSchema,
    items=Items(
        ReachSchema,
        "number or address",
        lambda item: NUMBER_TYPE[item["type"]],
        rank=lambda item: item.get("preference") or 9,
    ),
    permission=Permission.EDIT_CONTACTS,
    source="PRSB P&EoLC v1.1, person, social context; SCCI1580 v4.0 item 58",
)
