"""How much the person can do, and how fast that changes: one dated line for each time somebody judged it."""

from __future__ import annotations

from datetime import date

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration, newest_first
from epaccs.core.fields import format_date
from epaccs.core.forms import Choice, TypedDate, WholeNumber
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value, present_items

#: The Australia-modified Karnofsky scale has tens only. Source: SCCI1580 v4.0 item 29.
AKPS = {
    "100": "100: no complaints, no signs of illness",
    "90": "90: normal activity, few signs",
    "80": "80: normal activity with an effort",
    "70": "70: cares for self, no normal activity or work",
    "60": "60: needs help now and then",
    "50": "50: needs much help and frequent medical care",
    "40": "40: in bed more than half the time",
    "30": "30: almost always in bed",
    "20": "20: always in bed, needs nursing in everything",
    "10": "10: unconscious, or can hardly be woken",
}

PHASE = {
    "stable": "Stable: the plan keeps symptoms under control",
    "unstable": "Unstable: something new or sudden needs a change of plan now",
    "deteriorating": "Deteriorating: slowly worse, as was expected",
    "dying": "Dying: death is likely within days",
}

FRAILTY = {
    "1": "1: very fit",
    "2": "2: fit",
    "3": "3: managing well",
    "4": "4: very mildly frail",
    "5": "5: mildly frail",
    "6": "6: moderately frail",
    "7": "7: severely frail",
    "8": "8: very severely frail",
    "9": "9: terminally ill, not otherwise frail",
}


class ObservationSchema(Schema):
    """One day's judgement; what was not judged is left blank."""

    observed_on = TypedDate("Date judged", required=True, source="SCCI1580 item 29")
    akps = Choice(
        "What the person can do (AKPS)",
        AKPS,
        as_list=True,
        source="SCCI1580 item 29",
        code="901671000000100",
    )
    phase = Choice("Phase of illness", PHASE, source="Palliative Care Outcomes Collaboration", code="1092801000000106")
    frailty = Choice(
        "Clinical Frailty Scale",
        FRAILTY,
        hint="As the person usually is, not in an acute illness; only from the age of 65",
        as_list=True,
        codes={"9": "1129411000000100"},
        source="Rockwood",
    )
    ipos_total = WholeNumber(
        "IPOS, total of the items that were answered",
        hint="Leave blank if anything could not be assessed: that is not a nought",
        lowest=0,
        highest=68,
        source="Integrated Palliative care Outcome Scale",
    )
    concerns = PlanText("What troubles the person most", called="concerns", rows=3, source="IPOS, main problems")


def title(item: Value) -> str:
    """How one line is named in a list."""
    words = [f"AKPS {item['akps']}"] if item.get("akps") else []
    words += [item["phase"]] if item.get("phase") else []
    words += [f"frailty {item['frailty']}"] if item.get("frailty") else []
    return ": ".join([format_date(date.fromisoformat(item["observed_on"])), *([", ".join(words)] if words else [])])


def check_observations(value: Value, context: Context) -> None:
    """Each line says something, and the frailty scale is only for people of 65 and over."""
    born_on = context.values.get("identity", {}).get("born_on")
    for item in present_items(value).values():
        rules.check_observation(item, born_on=born_on)


FUNCTION = SectionDeclaration(
    name="function",
    label="Function and phase of illness",
    lead="What the person can do and how fast it changes, with the date of each judgement.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    items=Items(ObservationSchema, "judgement", title, rank=newest_first("observed_on")),
    permission=Permission.OBSERVE,
    check=check_observations,
    source="SCCI1580 v4.0 item 29",
)
