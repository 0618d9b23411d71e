"""Whom to call, whom to call first at night, and whom not to call."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans.sections.declaration import Items, SectionDeclaration
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Choice, Choices, ShortText, Telephone, WholeNumber, YesNo
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
}


class ContactSchema(Schema):
    """One person or team."""

    kind = Choice("Who is it?", KINDS, required=True, source="SCCI1580 items 16, 21, 23, 54", card=True)
    name = ShortText("Name", required=True, source="SCCI1580 items 16, 21, 23, 54", card=True)
    relationship = ShortText(
        "Relationship or job", hint="Daughter, district nurse", source="SCCI1580 item 24", card=True
    )
    roles = Choices("They are the person's", ROLES, source="SCCI1580 items 16, 51, 54", card=True)
    telephone = Telephone("Telephone number", source="SCCI1580 items 17, 22, 25", card=True)
    mobile = Telephone("Mobile or second number", source="SCCI1580 items 17, 22, 25", card=True)
    is_24h = YesNo("Answered day and night?", card=True)
    hours = ShortText("If not, when?", called="hours", limit=200, card=True)
    call_order = WholeNumber("Place in the order of calling", hint="1 is called first", lowest=1, highest=99, card=True)
    knows_diagnosis = YesNo("Do they know the diagnosis?", source="SCCI1580 item 18", tier=Tier.T2_COORDINATION)
    knows_cpr = YesNo("Do they know of the CPR decision?", source="SCCI1580 item 48")
    do_not_contact = YesNo(
        "Must they NOT be contacted?", hint="The person asked that they are not consulted", card=True
    )


def check_contacts(value: Value, _context: Context) -> None:
    """Somebody to be called has a number; somebody not to be called is nobody's emergency contact."""
    for item in present_items(value).values():
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
    items=Items(ContactSchema, "contact", lambda item: str(item["name"])),
    permission=Permission.EDIT_CONTACTS,
    check=check_contacts,
    needs=True,
    source="SCCI1580 v4.0 items 16-25, 54-57",
)
