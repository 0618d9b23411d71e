"""Where the person wants to be cared for and to die; four answers that are no place, and none of them blank."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ShortText, TypedDate, YesNo
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value

PLACES = {
    "home": "Home",
    "usual_residence": "Usual place of residence",
    "other_private_residence": "Another private home",
    "nursing_home": "Nursing home",
    "residential_home": "Residential home",
    "hospice": "Hospice",
    "hospital": "Hospital",
    "community_hospital": "Community hospital",
    "learning_disability_unit": "Learning disability unit",
    "mental_health_unit": "Mental health unit",
    "other": "Another place, described below",
}
NO_PLACE = {
    "undecided": "Undecided",
    "declined": "Declined to discuss",
    "not_appropriate": "Discussion not appropriate now",
    "unable": "Unable to say",
}
ANSWERS = {**PLACES, **NO_PLACE}

#: SNOMED CT. Source: PRSB palliative and end of life care standard; SCCI1580 v4.0 items 36 and 39.
CODES = {
    "home": "110481000000108",
    "nursing_home": "89761000000106",
    "residential_home": "512071000000106",
    "hospice": "108401000000102",
    "hospital": "109401000000108",
    "community_hospital": "89751000000108",
    "learning_disability_unit": "518741000000100",
    "mental_health_unit": "518771000000106",
    "usual_residence": "819211000000102",
    "unable": "517111000000103",
    "not_appropriate": "517131000000106",
    "declined": "766391000000108",
    "undecided": "517161000000101",
}


class PreferredPlacesSchema(Schema):
    """First and second choice, with the address meant."""

    care_first = Choice("Preferred place of care", ANSWERS, as_list=True, source="local list", card=True)
    care_note = ShortText(
        "Which place, and anything to know", called="note on the place of care", limit=300, place=True
    )
    death_first = Choice(
        "Preferred place of death, first choice",
        ANSWERS,
        as_list=True,
        codes=CODES,
        source="SCCI1580 item 36",
        card=True,
    )
    death_first_address = ShortText(
        "Which place", called="address of the first choice", hint="Name and address, if it is not where they live",
        limit=300, source="SCCI1580 items 37, 38", place=True, card=True,
    )  # fmt: skip
    death_first_is_usual_residence = YesNo("Is the first choice where they usually live?", source="SCCI1580 item 39")
    death_second = Choice(
        "Preferred place of death, second choice",
        ANSWERS,
        as_list=True,
        codes=CODES,
        source="SCCI1580 item 40",
        card=True,
    )
    death_second_address = ShortText(
        "Which place", called="address of the second choice", limit=300, source="SCCI1580 items 41, 42", place=True
    )
    death_second_is_usual_residence = YesNo("Is the second choice where they usually live?", source="SCCI1580 item 43")
    discussed_on = TypedDate("Date discussed")
    note = PlanText(
        "What the person said about it",
        called="account of what the person said",
        source="SCCI1580 item 58",
        tier=Tier.T2_COORDINATION,
    )


def check_places(value: Value, _context: Context) -> None:
    """A second choice follows a first place; somebody who declined has no second choice."""
    rules.check_preferred_places(
        value.get("death_first"), value.get("death_second"), first_described=bool(value.get("death_first_address"))
    )


PREFERRED_PLACES = SectionDeclaration(
    name="preferred_places",
    label="Preferred places",
    lead="Where the person wants to be. Undecided, declined, not appropriate and unable to say are answers.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    schema=PreferredPlacesSchema,
    check=check_places,
    empty="Not asked yet",
    source="SCCI1580 v4.0 items 36-43",
)
