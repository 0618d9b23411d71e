"""What the person takes, as far as the register was told: to be read, never to prescribe from."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ConceptCode, ShortText, TypedDate, YesNo
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value, present_items

STATUS = {"taken": "Taken now", "paused": "Paused", "stopped": "Stopped"}
CHANGE = {"started": "Started", "dose": "Dose changed", "restarted": "Started again", "none": "Not changed"}

_PRSB = "PRSB P&EoLC v1.1, medications and medical devices"


class CurrentMedicinesSchema(Schema):
    """Where the list came from, and devices."""

    source_note = ShortText(
        "Where does this list come from?", called="origin of the list", hint="GP summary, discharge letter, packets",
        limit=300, source=_PRSB,
    )  # fmt: skip
    listed_on = TypedDate("Date of the list", source=_PRSB, ages=28, ages_as="List of medicines")
    devices = PlanText(
        "Medical devices",
        hint="Catheter, feeding tube, line, stoma, ventilator",
        called="devices",
        rows=3,
        source=_PRSB,
    )


class MedicineSchema(Schema):
    """One medicine."""

    name = ShortText("Medicine", called="name of the medicine", limit=200, required=True, source=_PRSB)
    code = ConceptCode("Its code (dm+d)", called="dm+d code", source=_PRSB)
    form = ShortText("Form", hint="Tablet, patch, liquid", limit=150, source=_PRSB, detail=True)
    form_code = ConceptCode("SNOMED CT code of the form", source=_PRSB)
    route = ShortText("Route", hint="By mouth, under the skin", limit=150, source=_PRSB)
    route_code = ConceptCode("SNOMED CT code of the route", source=_PRSB)
    site = ShortText("Place on the body", limit=150, source=_PRSB, detail=True)
    site_code = ConceptCode("SNOMED CT code of the place on the body", source=_PRSB)
    method = ShortText("How it is given", limit=150, source=_PRSB, detail=True)
    bought = YesNo("Bought without a prescription?", source=_PRSB, detail=True)
    dose = ShortText("Dose", hint="Units in full: 200 micrograms", limit=150, source=_PRSB)
    timing = ShortText("How often and when", called="times", limit=150, source=_PRSB)
    duration = ShortText("For how long", called="duration", limit=150, source=_PRSB, detail=True)
    daily_dose = ShortText("Total in 24 hours", limit=150, source=_PRSB, detail=True)
    directions = PlanText(
        "Directions, as they stand on the label", called="directions", rows=2, source=_PRSB, detail=True
    )
    instructions = PlanText("Further instructions", rows=2, source=_PRSB, detail=True)
    indication = ShortText("What it is for", called="reason for the medicine", limit=200, source=_PRSB)
    status = Choice("Is it taken?", STATUS, required=True, source=_PRSB)
    started_on = TypedDate("Date started", source=_PRSB)
    ended_on = TypedDate("Date stopped, or when it is to stop", called="date of the end", future=True, source=_PRSB)
    change = Choice("What changed last", CHANGE, source=_PRSB, detail=True)
    changed_on = TypedDate("Date of that change", source=_PRSB, detail=True)
    change_reason = ShortText("Why was it changed or stopped?", called="reason for the change", limit=300, source=_PRSB)
    comment = PlanText("Anything else about it", rows=2, source=_PRSB, detail=True)


def check_current_medicines(value: Value, _context: Context) -> None:
    """What is stopped says why, and nothing ends before it began."""
    for item in present_items(value).values():
        rules.check_medicine(item)


CURRENT_MEDICINES = SectionDeclaration(
    name="current_medicines",
    label="Medicines and devices",
    lead="As far as the register was told. Do not prescribe or give anything from this list alone.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    schema=CurrentMedicinesSchema,
    items=Items(MedicineSchema, "medicine", lambda item: f"{item['name']}: {STATUS[item['status']].lower()}"),
    check=check_current_medicines,
    source="PRSB P&EoLC v1.1, medications and medical devices",
)
