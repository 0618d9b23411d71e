"""Who may be on the register, who it is shared with, and what death, removal and merging do.

Source: SCCI1580 v4.0 (13 mandatory items, adults, consent status); hazards H-01 and H-11.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from epaccs.core.errors import RuleBroken
from epaccs.core.fields import age_in_years, local_date
from epaccs.core.nhs_number import NHSNumberStatus

Value = dict[str, Any]


class ConsentStatus(StrEnum):
    """On what authority; the code, where the standard gives one, stands in `CONSENT_CODES`."""

    GIVEN = "given"
    BEST_INTERESTS = "best_interests"
    ATTORNEY = "attorney"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    NOT_ASKED = "not_asked"


CONSENT_LABELS: dict[ConsentStatus, str] = {
    ConsentStatus.GIVEN: "The person agreed",
    ConsentStatus.BEST_INTERESTS: "Lacks capacity: decided in their best interests",
    ConsentStatus.ATTORNEY: "An attorney for health and welfare agreed",
    ConsentStatus.REFUSED: "The person refused",
    ConsentStatus.WITHDRAWN: "The person withdrew their agreement",
    ConsentStatus.NOT_ASKED: "Not asked yet",
}

#: SNOMED CT. Source: SCCI1580 v4.0 item 1.
CONSENT_CODES: dict[ConsentStatus, str] = {
    ConsentStatus.GIVEN: "882921000000109",
    ConsentStatus.WITHDRAWN: "882941000000102",
    ConsentStatus.BEST_INTERESTS: "882961000000101",
    ConsentStatus.ATTORNEY: "883001000000106",
}

AGREED = frozenset({ConsentStatus.GIVEN, ConsentStatus.BEST_INTERESTS, ConsentStatus.ATTORNEY})


#: To lie on the tablets of everybody who serves the area; whoever was not asked has not objected.
OBJECTS: Final = "objects"
TABLETS_LABELS: Final[dict[str, str]] = {
    OBJECTS: "The person objects: not on tablets of the whole area",
    "no_objection": "The person does not object",
}
#: To be counted in figures about care; whoever was not asked has not objected.
NOT_COUNTED: Final = "not_counted"
FIGURES_LABELS: Final[dict[str, str]] = {
    NOT_COUNTED: "The person objects: not counted in figures about care",
    "may_be_counted": "The person does not object to being counted",
}
#: What somebody may object to, each apart; it ends nothing else.
OBJECTIONS: Final[dict[str, str]] = {
    "tablets": "To lie on tablets of everybody who serves the area",
    "figures": "To be counted in figures about care",
}


class LifecycleStatus(StrEnum):
    """Where an entry is in its life."""

    ON_REGISTER = "on_register"
    DECLINED = "declined"  #: the person did not want to be on the register; a marker for their own practice only
    REMOVED = "removed"
    MERGED = "merged"


LIFECYCLE_LABELS: dict[LifecycleStatus, str] = {
    LifecycleStatus.ON_REGISTER: "On the register",
    LifecycleStatus.DECLINED: "The person did not want to be on the register",
    LifecycleStatus.REMOVED: "Taken off the register",
    LifecycleStatus.MERGED: "Merged into another entry",
}


class DeathStatus(StrEnum):
    """How sure the register is of a death."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"


REMOVAL_REASONS: dict[str, str] = {
    "withdrew_consent": "The person withdrew their agreement to be on the register",
    "improved": "The person got better",
    "moved_away": "The person moved away",
    "created_in_error": "The entry was made by mistake",
    "duplicate": "The person is on the register twice",
}

PLACES_OF_DEATH: dict[str, str] = {
    "home": "Home",
    "usual_residence": "Usual place of residence",
    "nursing_home": "Nursing home",
    "residential_home": "Residential home",
    "hospice": "Hospice",
    "hospital": "Hospital",
    "community_hospital": "Community hospital",
    "ambulance": "Ambulance",
    "gp_premises": "GP premises",
    "street": "Street",
    "learning_disability_unit": "Learning disability unit",
    "mental_health_unit": "Mental health unit",
    "not_known": "Not known yet",
}

#: SNOMED CT. Source: PRSB palliative and end of life care standard, actual place of death; SCCI1580 item 60.
PLACE_OF_DEATH_CODES: dict[str, str] = {
    "home": "876879006",
    "ambulance": "714342001",
    "hospice": "876882001",
    "hospital": "183676005",
    "learning_disability_unit": "713050009",
    "mental_health_unit": "713051008",
    "nursing_home": "876884000",
    "street": "876885004",
    "gp_premises": "876881008",
    "community_hospital": "713049009",
    "residential_home": "1325731000000106",
    "usual_residence": "887801000000106",
}


def check_adult(born_on: date, *, today: date) -> None:
    """The register is for people of 18 and over.

    Raises:
        RuleBroken: they are younger.
    """
    if age_in_years(born_on, today) < 18:
        raise RuleBroken("This register is for people aged 18 and over. Ask the children's service", field="born_on")


def check_identity(identity: Mapping[str, Any], *, today: date) -> None:
    """An identity that others can rely on: adult, with an NHS number or the reason why there is none.

    Raises:
        RuleBroken: with the field to look at.
    """
    check_adult(date.fromisoformat(identity["born_on"]), today=today)
    if not identity.get("nhs_number") and not identity.get("no_nhs_number_reason"):
        raise RuleBroken("Enter the NHS number, or choose why there is none", field="nhs_number")
    if identity.get("nhs_number") and identity.get("no_nhs_number_reason"):
        raise RuleBroken("Choose no reason when there is an NHS number", field="no_nhs_number_reason")
    if identity.get("nhs_number") and not identity.get("nhs_number_status"):
        raise RuleBroken("Choose whether the NHS number was checked", field="nhs_number_status")


#: Since when the register holds that the person is where they are now; absent: since they were put on it.
MOVED_AT: Final = "moved_at"


def has_moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a change of the identity says that the person is somewhere else now: another address or care home.

    The first address is no move, nor is a postcode that the address lacked, nor another spacing of the same words.
    Whether somebody moved, or a slip in the address was put right, the register cannot tell: both are a move.

    Source: hazard H-44.
    """
    if not before.get("address"):
        return False
    if any(_folded(before.get(name)) != _folded(after.get(name)) for name in ("address", "care_home_ods")):
        return True
    postcodes = [_folded(identity.get("postcode")) for identity in (before, after)]
    return all(postcodes) and postcodes[0] != postcodes[1]


def _folded(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def find_moved_at(identity: Mapping[str, Any] | None) -> datetime | None:
    """When the register was last told that the person is somewhere else; None: never since they were put on it."""
    told = (identity or {}).get(MOVED_AT)
    return datetime.fromisoformat(told) if told else None


def identity_warning(identity: Mapping[str, Any]) -> str | None:
    """What must be said beside the name when it was not verified; None: verified with the national service.

    Source: SCCI1580 v4.0 item 10; hazard H-01.
    """
    if not identity.get("nhs_number"):
        return "Identity not verified: no NHS number"
    status = NHSNumberStatus(identity.get("nhs_number_status", NHSNumberStatus.TRACE_NEEDED))
    return None if status.is_verified else f"Identity not verified: {status.label[0].lower()}{status.label[1:]}"


def check_consent(consent: Mapping[str, Any], *, today: date) -> None:
    """Each consent says who decided and when; nobody is on the register without authority.

    Raises:
        RuleBroken: with the field to look at.
    """
    for name in ("register", "share"):
        answer = consent.get(name, {})
        status = ConsentStatus(answer.get("status", ConsentStatus.NOT_ASKED))
        if status is ConsentStatus.NOT_ASKED:
            continue
        if not answer.get("decided_by"):
            raise RuleBroken("Enter who decided", field=f"{name}_decided_by")
        if not answer.get("decided_on"):
            raise RuleBroken("Enter the date it was decided", field=f"{name}_decided_on")
        if answer["decided_on"] > today.isoformat():
            raise RuleBroken("The date it was decided must be today or in the past", field=f"{name}_decided_on")
        if status is ConsentStatus.BEST_INTERESTS and not answer.get("basis"):
            raise RuleBroken("Enter who was consulted on their best interests", field=f"{name}_basis")
    for name in OBJECTIONS:
        _check_objection(name, consent.get(name, {}), today=today)


def _check_objection(name: str, said: Mapping[str, Any], *, today: date) -> None:
    """An objection is a statement of its own: who made it, and when.

    Source: UK GDPR, article 21.
    """
    if not said:
        return
    if not said.get("status"):
        raise RuleBroken("Choose whether the person objects", field=f"{name}_status")
    if not said.get("decided_by"):
        raise RuleBroken("Enter who said so", field=f"{name}_decided_by")
    if not said.get("decided_on"):
        raise RuleBroken("Enter the date it was said", field=f"{name}_decided_on")
    if said["decided_on"] > today.isoformat():
        raise RuleBroken("The date it was said must be today or in the past", field=f"{name}_decided_on")


def is_wide(consent: Mapping[str, Any] | None) -> bool:
    """Whether the record may lie on tablets of everybody who serves the area, for a house without signal.

    Whoever objects is still found where there is signal, and lies on the tablets of those who look after them.
    """
    return (consent or {}).get("tablets", {}).get("status") != OBJECTS


def may_be_counted(consent: Mapping[str, Any] | None) -> bool:
    """Whether the person may be counted in figures about care; their care itself does not depend on it.

    Source: UK GDPR, article 21.
    """
    return (consent or {}).get("figures", {}).get("status") != NOT_COUNTED


def check_may_register(consent: Mapping[str, Any]) -> None:
    """Nobody is put on the register against their will, or unasked.

    Raises:
        RuleBroken: there is no agreement to be on the register.
    """
    status = ConsentStatus(consent.get("register", {}).get("status", ConsentStatus.NOT_ASKED))
    if status not in AGREED:
        raise RuleBroken(
            "Record an agreement to be on the register before registering. If the person refused, record that instead",
            field="register_status",
        )


def is_shared(consent: Mapping[str, Any] | None, lifecycle: Mapping[str, Any] | None) -> bool:
    """Whether anybody but the person's own practice sees the record: both agreements stand and it is open.

    Withdrawal ends sharing, not the decision (hazard H-11).
    """
    if not consent or not is_open(lifecycle):
        return False
    return all(consent.get(name, {}).get("status") in AGREED for name in ("register", "share"))


def is_open(lifecycle: Mapping[str, Any] | None) -> bool:
    """Whether the entry is on the register: not removed, merged or declined."""
    return (lifecycle or {}).get("status") == LifecycleStatus.ON_REGISTER


# Lifecycle: each function takes the value under lock and returns the next one.


def removed(lifecycle: Mapping[str, Any] | None, *, reason: str, by: Value, now: datetime) -> Value:
    """Off the register, with the reason; everything recorded stays, and can come back.

    Raises:
        RuleBroken: it is not on the register.
    """
    _check_status(lifecycle, LifecycleStatus.ON_REGISTER, "This entry is not on the register")
    return {
        **(lifecycle or {}),
        "status": str(LifecycleStatus.REMOVED),
        "removed": {"reason": reason, "by": by, "at": now.isoformat()},
    }


def restored(lifecycle: Mapping[str, Any] | None) -> Value:
    """Back on the register after a removal by mistake.

    Raises:
        RuleBroken: it was not removed.
    """
    _check_status(lifecycle, LifecycleStatus.REMOVED, "This entry was not removed")
    kept = {key: part for key, part in (lifecycle or {}).items() if key != "removed"}
    return {**kept, "status": str(LifecycleStatus.ON_REGISTER)}


def _check_status(lifecycle: Mapping[str, Any] | None, wanted: LifecycleStatus, sentence: str) -> None:
    if (lifecycle or {}).get("status") != wanted:
        raise RuleBroken(sentence)


def death_of(lifecycle: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What is known of the person's death; None: alive as far as the register knows."""
    return (lifecycle or {}).get("death")


def death_recorded(
    lifecycle: Mapping[str, Any] | None,
    death: Mapping[str, Any],
    *,
    status: DeathStatus,
    by: Value,
    born_on: date,
    now: datetime,
) -> Value:
    """Death as reported or confirmed; fact and date suffice, the rest can come later.

    Raises:
        RuleBroken: the date cannot be, or a confirmed death is reported again.
    """
    earlier = death_of(lifecycle)
    if earlier and earlier["status"] == DeathStatus.CONFIRMED and status is DeathStatus.REPORTED:
        raise RuleBroken("The death is confirmed already")
    died_on = date.fromisoformat(death["died_on"])
    if died_on > local_date(now):
        raise RuleBroken("The date of death must be today or in the past", field="died_on")
    if died_on < born_on:
        raise RuleBroken("The date of death must be after the date of birth", field="died_on")
    kept = {key: part for key, part in death.items() if part is not None}
    recorded = {**(earlier or {}), **kept, "status": str(status), f"{status}_by": by, f"{status}_at": now.isoformat()}
    return {**(lifecycle or {}), "death": recorded}


def seen_alive(lifecycle: Mapping[str, Any] | None, *, by: Value, now: datetime) -> Value:
    """Somebody saw the person alive after a death was reported: doubt, until the report is confirmed or reversed.

    Raises:
        RuleBroken: no death was reported.
    """
    death = death_of(lifecycle)
    if death is None:
        raise RuleBroken("No death is recorded here")
    sighting = {"by": by, "at": now.isoformat()}
    return {**(lifecycle or {}), "seen_alive": [*(lifecycle or {}).get("seen_alive", []), sighting]}


def death_reversed(lifecycle: Mapping[str, Any] | None, *, reason: str, by: Value, now: datetime) -> Value:
    """The death was recorded in error: every state comes back untouched, and the history keeps the error.

    Raises:
        RuleBroken: no death is recorded.
    """
    if death_of(lifecycle) is None:
        raise RuleBroken("No death is recorded here")
    kept = {key: part for key, part in (lifecycle or {}).items() if key not in ("death", "seen_alive")}
    reversal = {"reason": reason, "by": by, "at": now.isoformat()}
    return {**kept, "death_reversals": [*kept.get("death_reversals", []), reversal]}


def is_death_reported(lifecycle: Mapping[str, Any] | None) -> bool:
    """Somebody reported a death that nobody has confirmed or reversed."""
    death = death_of(lifecycle)
    return death is not None and death["status"] == DeathStatus.REPORTED


def is_death_in_doubt(lifecycle: Mapping[str, Any] | None) -> bool:
    """Reported dead, and seen alive since."""
    return death_of(lifecycle) is not None and bool((lifecycle or {}).get("seen_alive"))


def merged_into(lifecycle: Mapping[str, Any] | None, *, survivor: str, by: Value, now: datetime) -> Value:
    """This entry is the same person as another, which carries on.

    Raises:
        RuleBroken: it is not on the register.
    """
    _check_status(lifecycle, LifecycleStatus.ON_REGISTER, "Only entries on the register can be merged")
    return {
        **(lifecycle or {}),
        "status": str(LifecycleStatus.MERGED),
        "merged_into": survivor,
        "merged": {"by": by, "at": now.isoformat()},
    }


def unmerged(lifecycle: Mapping[str, Any] | None) -> Value:
    """The merge was a mistake: two people after all.

    Raises:
        RuleBroken: the entry was not merged.
    """
    _check_status(lifecycle, LifecycleStatus.MERGED, "This entry was not merged")
    kept = {key: part for key, part in (lifecycle or {}).items() if key not in ("merged", "merged_into")}
    return {**kept, "status": str(LifecycleStatus.ON_REGISTER)}


def reviewed(lifecycle: Mapping[str, Any] | None, *, next_on: date, by: Value, now: datetime) -> Value:
    """The whole record was gone through; it is next due for review on a day at most three months ahead.

    Raises:
        RuleBroken: the next date is in the past, or further ahead than the standard allows.

    Source: SCCI1580 v4.0 item 3 and supplier requirement 19.
    """
    today = local_date(now)
    if next_on <= today:
        raise RuleBroken("The next review date must be after today", field="next_on")
    if next_on > review_due_on(today):
        raise RuleBroken("The next review date must be at most three months ahead", field="next_on")
    return {
        **(lifecycle or {}),
        "review_due_on": next_on.isoformat(),
        "reviewed": {"by": by, "at": now.isoformat()},
    }


def find_review_due(lifecycle: Mapping[str, Any] | None) -> date | None:
    """When the record is next due for review; None: the person died or is not on the register."""
    due_on = (lifecycle or {}).get("review_due_on")
    if not due_on or not is_open(lifecycle) or death_of(lifecycle) is not None:
        return None
    return date.fromisoformat(due_on)


def review_due_on(decided_on: date, *, months: int = 3) -> date:
    """When a record is next due for review: three months on, or the last day of that month.

    Source: SCCI1580 v4.0 item 3 and supplier requirement 19.
    """
    month_index = decided_on.month - 1 + months
    year, month = decided_on.year + month_index // 12, month_index % 12 + 1
    return date(year, month, min(decided_on.day, calendar.monthrange(year, month)[1]))
