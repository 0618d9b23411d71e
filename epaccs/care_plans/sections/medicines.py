"""Anticipatory medicines: whether they are in the home, where, and when somebody last looked; the syringe driver."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ConceptCode, ShortText, TypedDate, TypedDateTime, YesNo
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value

STATUS = {
    "in_home": "In the home",
    "authorised": "Authorised, not yet in the home",
    "not_arranged": "Not arranged",
}

_PRSB = "PRSB P&EoLC v1.1, anticipatory medicines"

#: SNOMED CT. Source: SCCI1580 v4.0 item 31.
CODES = {"in_home": "376201000000102", "authorised": "871021000000106"}


class MedicinesSchema(Schema):
    """The just-in-case box and its chart."""

    status = Choice("Anticipatory medicines", STATUS, codes=CODES, required=True, source="SCCI1580 item 31", card=True)
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
    last_checked_on = TypedDate(
        "Date last checked", source="SCCI1580 item 32", card=True, ages=28, ages_as="Medicines last checked"
    )
    syringe_driver = YesNo("Is a syringe driver in use?", card=True, ages=7, ages_as="Syringe driver in use")
    driver_contents = PlanText(
        "What is in the syringe driver",
        hint="Each medicine, its amount in 24 hours, with what it is mixed",
        called="contents of the syringe driver",
        rows=3,
    )
    driver_next_at = TypedDateTime("When must the syringe be changed?", called="time of the next syringe", future=True)
    note = PlanText("Note for whoever gives them", rows=2, source="PRSB P&EoLC v1.1, anticipatory medicines")


class AuthorisedSchema(Schema):
    """One medicine that may be given, as the chart says; the chart is what counts."""

    name = ShortText("Medicine", called="name of the medicine", limit=200, required=True, source=_PRSB)
    code = ConceptCode("Its code (dm+d)", called="dm+d code", source=_PRSB)
    dose = ShortText("Dose or range", called="dose", hint="Units in full: 200 micrograms", limit=150, source=_PRSB)
    route = ShortText("Route", hint="Under the skin", limit=150, source=_PRSB)
    indication = ShortText("For what", called="reason for giving", limit=200, source=_PRSB)
    interval = ShortText("Shortest time between doses", limit=150, detail=True)
    most_in_24_hours = ShortText("Most in 24 hours", limit=150, detail=True)
    prescriber = ShortText("Who authorised it?", called="name of who authorised it", limit=200, detail=True)
    authorised_on = TypedDate("Date authorised")
    review_on = TypedDate("Date to be authorised again", future=True, detail=True)
    stock = ShortText("How many are there?", called="stock", limit=100, detail=True)


def check_medicines(value: Value, _context: Context) -> None:
    """What is in a driver means that there is one."""
    rules.check_syringe_driver(value)


MEDICINES = SectionDeclaration(
    name="medicines",
    label="Medicines in the home",
    lead="Whether anticipatory medicines are there, where, and when they were last checked.",
    tier=Tier.T1_EMERGENCY,
    critical=True,
    stage=rules.Stage.WEEKS,
    schema=MedicinesSchema,
    items=Items(AuthorisedSchema, "authorised medicine", lambda item: str(item["name"])),
    check=check_medicines,
    source="SCCI1580 v4.0 items 31, 32",
)
