"""Anticipatory medicines: whether they are in the home, where, and when somebody last looked."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import SectionDeclaration
from epaccs.core.forms import Choice, FreeText, ShortText, TypedDate, YesNo

STATUS = {
    "in_home": "In the home",
    "authorised": "Authorised, not yet in the home",
    "not_arranged": "Not arranged",
}

#: SNOMED CT. Source: SCCI1580 v4.0 item 31.
CODES = {"in_home": "376201000000102", "authorised": "871021000000106"}


class MedicinesSchema(Schema):
    """The just-in-case box and its chart."""

    status = Choice("Anticipatory medicines", STATUS, required=True, source="SCCI1580 item 31", card=True)
    where = ShortText(
        "Where are they in the home?",
        called="place of the medicines",
        limit=300,
        source="SCCI1580 item 32",
        card=True,
        place=True,
    )
    chart_where = ShortText(
        "Where is the authorisation chart?",
        called="place of the chart",
        limit=300,
        source="SCCI1580 item 32",
        card=True,
        place=True,
    )
    last_checked_on = TypedDate("Date last checked", source="SCCI1580 item 32", card=True)
    syringe_driver = YesNo("Is a syringe driver in use?", card=True)
    note = FreeText("Note for whoever gives them", rows=2)


MEDICINES = SectionDeclaration(
    name="medicines",
    label="Medicines in the home",
    lead="Whether anticipatory medicines are there, where, and when they were last checked.",
    tier=Tier.T1_EMERGENCY,
    critical=True,
    schema=MedicinesSchema,
    source="SCCI1580 v4.0 items 31, 32",
)
