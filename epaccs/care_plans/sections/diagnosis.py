"""What the person is ill with, and how long they may have."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import SectionDeclaration
from epaccs.core.forms import Choice, FreeText, ShortText, TypedDate, YesNo

PROGNOSIS = {
    "days": "Days",
    "weeks": "Weeks",
    "months": "Months",
    "about_a_year": "About a year",
    "more_than_a_year": "More than a year",
}

#: SNOMED CT. Source: SCCI1580 v4.0 item 34.
PROGNOSIS_CODES = {"days": "511401000000102", "weeks": "955231000000109", "months": "968211000000101"}


class DiagnosisSchema(Schema):
    """The main illness, others, and the outlook."""

    primary = ShortText(
        "Main diagnosis",
        hint="The main reason why the person needs this care",
        required=True,
        limit=300,
        source="SCCI1580 item 26",
        card=True,
    )
    other = FreeText(
        "Other diagnoses and problems",
        hint="Include depression, anxiety and dementia",
        source="SCCI1580 item 27",
        tier=Tier.T2_COORDINATION,
    )
    prognosis = Choice("Likely prognosis", PROGNOSIS, source="SCCI1580 item 34", card=True)
    prognosis_on = TypedDate("When the prognosis was judged", called="date of the prognosis", source="SCCI1580 item 34")
    person_knows = YesNo("Does the person know how ill they are?", source="SCCI1580 item 18")
    carer_knows = YesNo("Does the main carer know?", source="SCCI1580 item 18")


DIAGNOSIS = SectionDeclaration(
    name="diagnosis",
    label="Diagnosis and prognosis",
    lead="The main illness and what is expected, in words a crew can use at night.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    schema=DiagnosisSchema,
    source="SCCI1580 v4.0 items 26, 27, 34",
)
