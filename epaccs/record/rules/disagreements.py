"""Answers of different sections that cannot both be true, or that somebody must look at: one table of them.

Each line of the table names the fields it reads, so that nobody learns of an answer that is hidden from them. What is
impossible is refused where it is entered; what is possible is kept, and shown to everybody who sees both answers.

Source: hazard H-37 (two answers that cannot both be true).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from epaccs.access.rules import Tier
from epaccs.core.errors import RuleBroken
from epaccs.core.fields import format_date, local_date
from epaccs.cpr_decisions.rules.around import AdvanceDecision, Death
from epaccs.cpr_decisions.rules.requirements import LEVELS_AGAINST_CPR, decided_later_with_capacity
from epaccs.cpr_decisions.rules.states import CPRState, Decision, Reason, Recommendation
from epaccs.record.rules.parts import Disagreement
from epaccs.record.sight import FieldSight, SectionSight, Sights, can_see
from epaccs.versions.rules import ITEMS, Value, present_items


@dataclass(frozen=True)
class Answers:
    """Everything that is recorded of one person, and the words of each answer."""

    values: Mapping[str, Value]
    sights: Sights

    def get(self, section: str, field: str) -> Any:
        """One answer as it is kept; None: not recorded."""
        return self.values.get(section, {}).get(field)

    def words(self, section: str, field: str) -> str:
        """One answer as people read it, in quotation marks."""
        return f"“{self.sights[section].fields[field].words(self.get(section, field))}”"

    def items(self, section: str) -> list[Value]:
        """The lines of a section's list that were not removed."""
        return list(present_items(self.values.get(section)).values())

    @cached_property
    def decision(self) -> Decision | None:
        """The CPR decision in force; None: there is none."""
        return CPRState.from_value(self.values.get("cpr")).in_force

    @property
    def has_died(self) -> bool:
        """A clinician confirmed the death: nothing waits to be decided."""
        return (self.get("lifecycle", "death") or {}).get("status") == Death.CONFIRMED


@dataclass(frozen=True)
class Contradiction:
    """Two answers that are compared.

    Args:
        key: by which it is known.
        reads: section -> the fields that it reads; of a section seen as a whole, none.
        find: the sentence that names both answers and what to do; empty: they agree, or one was not given.
        is_refused: both cannot be true, so that the second is not taken.
        is_for_crew: it would mislead whoever comes at night: it stands on card and sheet.
        is_on_line: the line about CPR says so already.
    """

    key: str
    reads: Mapping[str, tuple[str, ...]]
    find: Callable[[Answers], str]
    is_refused: bool = False
    is_for_crew: bool = False
    is_on_line: bool = False


# --- CPR -------------------------------------------------------------------------------------------------------------


def _is_for_cpr(answers: Answers) -> bool:
    return answers.decision is not None and answers.decision.recommendation is Recommendation.FOR_CPR


def _cpr_and_level(answers: Answers) -> str:
    """CPR is recommended, and treatment stops before what follows CPR; a reason given means that somebody looked."""
    decision = answers.decision
    if (
        decision is None
        or not _is_for_cpr(answers)
        or answers.get("treatment_level", "level") not in LEVELS_AGAINST_CPR
    ):
        return ""
    if decision.contradiction_reason or answers.get("treatment_level", "contradiction_reason"):
        return ""
    level = answers.words("treatment_level", "level")
    return f"CPR is recommended, and the ceiling of treatment is {level}. Change one of them, or say why both stand."


def _cpr_and_advance_decision(answers: Answers) -> str:
    """CPR is recommended, and a document that somebody saw refuses it; not if the person decided otherwise since."""
    decision = answers.decision
    if decision is None or not _is_for_cpr(answers):
        return ""
    refusing = [_as_advance_decision(one) for one in _refusals_seen(answers) if one.get("refuses_cpr")]
    if all(decided_later_with_capacity(decision, one) for one in refusing):
        return ""
    return "CPR is recommended, and an advance decision that was seen refuses it. A signer settles which holds."


def _refusals_seen(answers: Answers) -> list[Value]:
    return [
        one
        for one in answers.items("legal")
        if one.get("kind") == "adrt" and one.get("document_seen_by") and not one.get("withdrawn_on")
    ]


def _as_advance_decision(item: Value) -> AdvanceDecision:
    made_on = item.get("made_on")
    return AdvanceDecision(
        refuses_cpr=True, document_seen=True, made_on=date.fromisoformat(made_on) if made_on else None
    )


def _cpr_rests_on_advance_decision(answers: Answers) -> str:
    """A decision rests on an advance decision, and none that refuses CPR stands here any more."""
    decision = answers.decision
    if decision is None or decision.reason is not Reason.ADVANCE_DECISION or decision.contradiction_reason:
        return ""
    documents = [one for one in answers.items("legal") if one.get("kind") == "adrt" and one.get("refuses_cpr")]
    if any(not one.get("withdrawn_on") for one in documents):
        return ""
    held = "was withdrawn" if documents else "is not recorded"
    return f"The CPR decision rests on an advance decision, and that {held}. A signer reviews the decision."


def _cpr_rests_on_attorney(answers: Answers) -> str:
    """A decision rests on an attorney's refusal, and nobody of that name has that authority here any more."""
    decision = answers.decision
    if decision is None or decision.reason is not Reason.ATTORNEY_REFUSES or decision.contradiction_reason:
        return ""
    name = decision.refused_by.name if decision.refused_by else ""
    if any(_may_refuse(one) and _is_same(one.get("name", ""), name) for one in answers.items("legal")):
        return ""
    return (
        f"The CPR decision rests on the refusal of {name or 'an attorney'}, and no such authority stands here. "
        "A signer reviews the decision."
    )


def _may_refuse(item: Value) -> bool:
    return item.get("kind") == "lpa" and item.get("authority_life_sustaining") == "yes" and not item.get("withdrawn_on")


def _is_same(name: str, other: str) -> bool:
    return name.casefold().split() == other.casefold().split() != []


_ABOUT_CPR: Final = re.compile(r"\b(?:cpr|dnacpr|dnar)\b|resuscitat", re.IGNORECASE)


def _cpr_and_capacity(answers: Answers) -> str:
    """The decision was made with or without capacity, and a finding about CPR no older than it says the opposite.

    An older finding contradicts nothing: capacity is for one decision at one time.
    """
    decision = answers.decision
    if decision is None or decision.capacity is None or decision.capacity.has_capacity is None:
        return ""
    about = [one for one in answers.items("capacity") if _ABOUT_CPR.search(one.get("decision", ""))]
    newest = max(about, key=lambda one: str(one.get("assessed_on", "")), default=None)
    had = decision.capacity.has_capacity
    if newest is None or newest.get("outcome") != ("lacks" if had else "has"):
        return ""
    assessed_on = date.fromisoformat(newest["assessed_on"])
    if assessed_on < local_date(decision.decided_at):
        return ""
    found = "lacks" if had else "has"
    return (
        f"The CPR decision says that the person {'had' if had else 'lacked'} capacity for it, and a finding of "
        f"{format_date(assessed_on)} says that the person {found} it. Review the decision with them or for them."
    )


def _cpr_and_what_they_know(answers: Answers) -> str:
    """The person is said not to know how ill they are, and to have taken part in the decision or to know of it."""
    decision = answers.decision
    if decision is None or answers.get("diagnosis", "person_knows") is not False:
        return ""
    took_part = decision.involvement is not None and decision.involvement.person_involved is True
    if not took_part and "person" not in decision.aware:
        return ""
    does = "took part in the CPR decision" if took_part else "knows of the CPR decision"
    return f"The person does not know how ill they are, and {does}. Find out what they know before you speak of it."


# --- How far treatment goes ------------------------------------------------------------------------------------------

_FULL: Final = "full_escalation"
_COMFORT: Final = "comfort_only"
_HOSPITALS: Final = frozenset({"hospital", "community_hospital"})


def _level_rules_out_aim(answers: Answers) -> str:
    """Comfort only cannot put the lengthening of life first."""
    if (answers.get("treatment_level", "level"), answers.get("treatment_level", "clinical_focus")) != (
        _COMFORT,
        "extend_life",
    ):
        return ""
    return f"{_level_and_aim(answers)}. Choose another ceiling or another aim."


def _level_and_aim(answers: Answers) -> str:
    level, aim = answers.words("treatment_level", "level"), answers.words("treatment_level", "clinical_focus")
    return f"The ceiling of treatment is {level}, and care aims at {aim}"


def _level_against_aim(answers: Answers) -> str:
    """Everything is to be done, and comfort comes first: possible, and each reader takes another half."""
    level, aim = answers.get("treatment_level", "level"), answers.get("treatment_level", "clinical_focus")
    return f"{_level_and_aim(answers)}. Say which holds." if (level, aim) == (_FULL, "comfort") else ""


def _level_against_wish(answers: Answers) -> str:
    """What the person would choose themselves, and a ceiling at the other end."""
    wish, level = answers.get("about_me", "life_or_comfort"), answers.get("treatment_level", "level")
    if (wish, level) not in {("life", _COMFORT), ("life", "treat_at_home"), ("comfort", _FULL)}:
        return ""
    return (
        f"The person says {answers.words('about_me', 'life_or_comfort')}, and the ceiling of treatment is "
        f"{answers.words('treatment_level', 'level')}. Talk with them, and change what does not hold."
    )


def _level_against_place(answers: Answers) -> str:
    """Stay where they are, and the hospital is where they want to be."""
    if answers.get("treatment_level", "level") != _COMFORT:
        return ""
    wanted = [name for name in ("care_first", "death_first") if answers.get("preferred_places", name) in _HOSPITALS]
    if not wanted:
        return ""
    return (
        f"The ceiling of treatment is {answers.words('treatment_level', 'level')}, and a preferred place is "
        f"{answers.words('preferred_places', wanted[0])}. Ask where they want to be if they become worse."
    )


def _level_against_advance_decision(answers: Answers) -> str:
    """Everything is to be done, and a document that somebody saw refuses what keeps alive."""
    refusing = [one for one in _refusals_seen(answers) if one.get("refuses_life_sustaining")]
    if answers.get("treatment_level", "level") != _FULL or not refusing:
        return ""
    return (
        f"The ceiling of treatment is {answers.words('treatment_level', 'level')}, and an advance decision that was "
        "seen refuses life-sustaining treatment. Read the document, and change the ceiling."
    )


# --- What a crew must know at the door -------------------------------------------------------------------------------

_ICD: Final = re.compile(r"\b(?:icd|defibrillator)\b", re.IGNORECASE)
_NO_ICD: Final = re.compile(r"\b(?:no|never had an?|without an?) (?:implanted )?(?:icd|defibrillator)\b", re.IGNORECASE)


def _icd_and_devices(answers: Answers) -> str:
    """No defibrillator by the alerts, and one among the devices."""
    devices = answers.get("current_medicines", "devices") or ""
    if answers.get("risks", "icd") != "none" or not _ICD.search(devices) or _NO_ICD.search(devices):
        return ""
    return "The alerts say that there is no ICD, and the devices name one. Find out, and whether it is switched off."


def _icd_and_level(answers: Answers) -> str:
    """Comfort only, and a device that gives shocks."""
    if answers.get("risks", "icd") != "active" or answers.get("treatment_level", "level") != _COMFORT:
        return ""
    level = answers.words("treatment_level", "level")
    return (
        f"The ceiling of treatment is {level}, and the ICD is active: it gives shocks. Ask for it to be switched off."
    )


def _oxygen_and_medicines(answers: Answers) -> str:
    """No oxygen at home by the alerts, and oxygen among what is taken: nobody is warned of the fire."""
    is_taken = any("oxygen" in _words_of(one.get("name", "")) for one in _taken(answers))
    if answers.get("risks", "oxygen") is not False or not is_taken:
        return ""
    return "The alerts say that there is no oxygen at home, and oxygen is among the medicines. Look, and correct one."


def _taken(answers: Answers) -> list[Value]:
    return [one for one in answers.items("current_medicines") if one.get("status") == "taken"]


def _words_of(name: str) -> list[str]:
    return re.findall(r"\w+", name.casefold())


def _latex_and_no_allergies(answers: Answers) -> str:
    """No known allergies, and an alert of one."""
    if answers.get("allergies", "status") != "none_known" or "latex" not in (answers.get("risks", "alerts") or ()):
        return ""
    return "There are “No known allergies”, and the alerts name a latex allergy. List the allergy, or untick the alert."


def _allergy_and_authorised(answers: Answers) -> str:
    """A medicine may be given to somebody who is allergic to it."""
    return _allergy_among(answers, [one.get("name", "") for one in answers.items("medicines")], "may be given")


def _allergy_and_taken(answers: Answers) -> str:
    """A medicine is taken by somebody who is allergic to it."""
    return _allergy_among(answers, [one.get("name", "") for one in _taken(answers)], "is taken")


def _allergy_among(answers: Answers, medicines: list[str], what: str) -> str:
    """By the name alone: the register does not know which medicines are relatives."""
    for one in answers.items("allergies"):
        agent = str(one.get("agent", ""))
        first = next(iter(_words_of(agent)), "")
        found = [name for name in medicines if len(first) > 3 and first in _words_of(name)]
        if found and not one.get("ended_on"):
            return f"The person is allergic to {agent}, and {found[0]} {what}. Ask a prescriber before you give it."
    return ""


def _driver_and_status(answers: Answers) -> str:
    """A syringe driver runs, and nothing was arranged for what breaks through."""
    if answers.get("medicines", "syringe_driver") is not True or answers.get("medicines", "status") != "not_arranged":
        return ""
    return (
        "A syringe driver is in use, and anticipatory medicines are “Not arranged”. Look which holds, or arrange them."
    )


# --- Whom to call ----------------------------------------------------------------------------------------------------


def _contact_and_authority(answers: Answers) -> str:
    """Somebody must not be contacted, and is the one who decides."""
    deciding = [
        one for one in answers.items("legal") if one.get("kind") in ("lpa", "deputy") and not one.get("withdrawn_on")
    ]
    for contact in answers.items("contacts"):
        named = [one for one in deciding if _is_same(one.get("name", ""), contact.get("name", ""))]
        if contact.get("do_not_contact") and named:
            what = "deputy" if named[0]["kind"] == "deputy" else "attorney"
            return (
                f"{contact['name']} must not be contacted, and is the person's {what}. "
                "Find out whom to ask before anything is decided for the person."
            )
    return ""


def _contact_and_main_carer(answers: Answers) -> str:
    """Somebody must not be contacted, and is the main carer."""
    for contact in answers.items("contacts"):
        if contact.get("do_not_contact") and "main_carer" in (contact.get("roles") or ()):
            return f"{contact['name']} must not be contacted, and is the main carer. Find out who cares for the person."
    return ""


def _no_carer_and_contact(answers: Answers) -> str:
    """There is no carer, and somebody is called one."""
    if answers.get("identity", "main_carer") != "no_carer":
        return ""
    for contact in answers.items("contacts"):
        if "main_carer" in (contact.get("roles") or ()) and not contact.get("ended_on"):
            return (
                f"The person has no main carer, and {contact['name']} is called their main carer. Correct one of them."
            )
    return ""


def _carer_and_assessment(answers: Answers) -> str:
    """There is a carer, and whoever was to assess them says that there is none."""
    if answers.get("identity", "main_carer") != "has_carer" or answers.get("carer", "assessment") != "no_carer":
        return ""
    return "The person has a main carer, and the carer's assessment says that there is none. Correct one of them."


def _carer_and_what_they_know(answers: Answers) -> str:
    """The carer does not know how ill the person is, and knows the diagnosis."""
    if answers.get("diagnosis", "carer_knows") is not False:
        return ""
    for contact in answers.items("contacts"):
        if "main_carer" in (contact.get("roles") or ()) and contact.get("knows_diagnosis") is True:
            return (
                f"The main carer does not know how ill the person is, and {contact['name']}, the main carer, knows the "
                "diagnosis. Find out before you speak of it."
            )
    return ""


# --- What is expected ------------------------------------------------------------------------------------------------

_PROGNOSIS: Final = {"days": 0, "weeks": 1, "months": 2, "about_a_year": 3, "more_than_a_year": 3}
_STAGE: Final = {"d": 0, "c": 1, "b": 2, "a": 3}


def _prognosis_and_stage(answers: Answers) -> str:
    """Prognosis and stage are two steps apart or more: one of them was not changed when the other was."""
    prognosis = _PROGNOSIS.get(answers.get("diagnosis", "prognosis"))
    stage = _STAGE.get(answers.get("diagnosis", "gold_standards"))
    if prognosis is None or stage is None or abs(prognosis - stage) < 2:
        return ""
    return (
        f"The prognosis is {answers.words('diagnosis', 'prognosis')}, and the stage is "
        f"{answers.words('diagnosis', 'gold_standards')}. Judge again, and change what does not hold."
    )


def _prognosis_and_surprise(answers: Answers) -> str:
    """Nobody is surprised by what they expect."""
    is_short = answers.get("diagnosis", "prognosis") in ("days", "weeks", "months")
    if not is_short or answers.get("diagnosis", "surprise") != "would":
        return ""
    return (
        f"The prognosis is {answers.words('diagnosis', 'prognosis')}, and you would be surprised if the person died "
        "within 12 months. Change one of the answers."
    )


def _prognosis_and_phase(answers: Answers) -> str:
    """Somebody found the person dying, no earlier than others gave them months."""
    if _PROGNOSIS.get(answers.get("diagnosis", "prognosis"), 0) < 2:
        return ""
    judged = [one for one in answers.items("function") if one.get("phase")]
    newest = max(judged, key=lambda one: str(one["observed_on"]), default=None)
    if newest is None or newest["phase"] != "dying":
        return ""
    if newest["observed_on"] < (answers.get("diagnosis", "prognosis_on") or ""):
        return ""
    return (
        f"On {format_date(date.fromisoformat(newest['observed_on']))} the person was found to be dying, and the "
        f"prognosis is {answers.words('diagnosis', 'prognosis')}. Judge again, and change what does not hold."
    )


# --- Where they live -------------------------------------------------------------------------------------------------

_CARE_HOMES: Final = frozenset({"nursing_home", "residential_home"})
_OWN_PLACES: Final = frozenset({"own", "rented", "with_family", "sheltered", "temporary", "homeless"})


def _place_and_residence(answers: Answers) -> str:
    """Nobody usually lives in a hospital or a hospice."""
    for choice in ("death_first", "death_second"):
        is_home = answers.get("preferred_places", f"{choice}_is_usual_residence") is True
        if is_home and answers.get("preferred_places", choice) in _HOSPITALS | {"hospice"}:
            place = answers.words("preferred_places", choice)
            return (
                f"The preferred place is {place}, and is said to be where the person usually lives. Change one of them."
            )
    return ""


def _place_and_care_home(answers: Answers) -> str:
    """They live in the care home where they want to die, and nobody recorded which it is."""
    if answers.get("identity", "care_home_ods") or answers.get("preferred_places", "death_first") not in _CARE_HOMES:
        return ""
    if answers.get("preferred_places", "death_first_is_usual_residence") is not True:
        return ""
    place = answers.words("preferred_places", "death_first")
    return (
        f"The preferred place is {place}, where the person is said to live, and no care home is recorded. Enter which."
    )


def _care_home_and_accommodation(answers: Answers) -> str:
    """They live in a care home by who they are, and somewhere else by the details."""
    if not answers.get("identity", "care_home_ods") or answers.get("details", "accommodation") not in _OWN_PLACES:
        return ""
    where = answers.words("details", "accommodation")
    return f"A care home is recorded as where the person lives, and the details say {where}. Correct one of them."


# --- The table -------------------------------------------------------------------------------------------------------

_REFUSAL: Final = ("kind", "refuses_life_sustaining", "document_seen_by", "withdrawn_on")
_ADRT: Final = ("kind", "refuses_cpr", "document_seen_by", "withdrawn_on", "made_on")

CONTRADICTIONS: Final[tuple[Contradiction, ...]] = (
    Contradiction(
        "cpr_and_level", {"cpr": (), "treatment_level": ("level",)}, _cpr_and_level, is_for_crew=True, is_on_line=True
    ),
    Contradiction(
        "cpr_and_advance_decision",
        {"cpr": (), "legal": _ADRT},
        _cpr_and_advance_decision,
        is_for_crew=True,
        is_on_line=True,
    ),
    Contradiction(
        "cpr_rests_on_advance_decision", {"cpr": (), "legal": _ADRT}, _cpr_rests_on_advance_decision, is_for_crew=True
    ),
    Contradiction(
        "cpr_rests_on_attorney",
        {"cpr": (), "legal": ("kind", "name", "authority_life_sustaining", "withdrawn_on")},
        _cpr_rests_on_attorney,
        is_for_crew=True,
    ),
    Contradiction(
        "cpr_and_capacity",
        {"cpr": (), "capacity": ("outcome", "decision", "assessed_on")},
        _cpr_and_capacity,
        is_for_crew=True,
    ),
    Contradiction(
        "cpr_and_what_they_know", {"cpr": (), "diagnosis": ("person_knows",)}, _cpr_and_what_they_know, is_for_crew=True
    ),
    Contradiction(
        "level_rules_out_aim", {"treatment_level": ("clinical_focus", "level")}, _level_rules_out_aim, is_refused=True,
        is_for_crew=True,
    ),
    Contradiction("level_against_aim", {"treatment_level": ("level", "clinical_focus")}, _level_against_aim,
                  is_for_crew=True),
    Contradiction(
        "level_against_wish", {"treatment_level": ("level",), "about_me": ("life_or_comfort",)}, _level_against_wish
    ),
    Contradiction(
        "level_against_place",
        {"treatment_level": ("level",), "preferred_places": ("care_first", "death_first")},
        _level_against_place,
        is_for_crew=True,
    ),
    Contradiction(
        "level_against_advance_decision",
        {"treatment_level": ("level",), "legal": _REFUSAL},
        _level_against_advance_decision,
        is_for_crew=True,
    ),
    Contradiction(
        "icd_and_devices", {"risks": ("icd",), "current_medicines": ("devices",)}, _icd_and_devices, is_for_crew=True
    ),
    Contradiction(
        "icd_and_level", {"risks": ("icd",), "treatment_level": ("level",)}, _icd_and_level, is_for_crew=True
    ),
    Contradiction(
        "oxygen_and_medicines", {"risks": ("oxygen",), "current_medicines": ("name", "status")}, _oxygen_and_medicines,
        is_for_crew=True,
    ),
    Contradiction(
        "latex_and_no_allergies",
        {"allergies": ("status",), "risks": ("alerts",)},
        _latex_and_no_allergies,
        is_refused=True,
        is_for_crew=True,
    ),
    Contradiction(
        "allergy_and_authorised",
        {"allergies": ("agent", "ended_on"), "medicines": ("name",)},
        _allergy_and_authorised,
        is_for_crew=True,
    ),
    Contradiction(
        "allergy_and_taken",
        {"allergies": ("agent", "ended_on"), "current_medicines": ("name", "status")},
        _allergy_and_taken,
        is_for_crew=True,
    ),
    Contradiction(
        "driver_and_status", {"medicines": ("syringe_driver", "status")}, _driver_and_status, is_for_crew=True
    ),
    Contradiction(
        "contact_and_authority",
        {"contacts": ("name", "do_not_contact"), "legal": ("kind", "name", "withdrawn_on")},
        _contact_and_authority,
        is_for_crew=True,
    ),
    Contradiction("contact_and_main_carer", {"contacts": ("name", "do_not_contact", "roles")}, _contact_and_main_carer),
    Contradiction(
        "no_carer_and_contact",
        {"identity": ("main_carer",), "contacts": ("name", "roles", "ended_on")},
        _no_carer_and_contact,
    ),
    Contradiction(
        "carer_and_assessment", {"identity": ("main_carer",), "carer": ("assessment",)}, _carer_and_assessment
    ),
    Contradiction(
        "carer_and_what_they_know",
        {"diagnosis": ("carer_knows",), "contacts": ("name", "roles", "knows_diagnosis")},
        _carer_and_what_they_know,
    ),
    Contradiction("prognosis_and_stage", {"diagnosis": ("prognosis", "gold_standards")}, _prognosis_and_stage),
    Contradiction(
        "prognosis_and_surprise", {"diagnosis": ("surprise", "prognosis")}, _prognosis_and_surprise, is_refused=True
    ),
    Contradiction(
        "prognosis_and_phase",
        {"diagnosis": ("prognosis", "prognosis_on"), "function": ("phase", "observed_on")},
        _prognosis_and_phase,
    ),
    Contradiction(
        "place_and_residence",
        {
            "preferred_places": (
                "death_first", "death_second", "death_first_is_usual_residence", "death_second_is_usual_residence",
            )
        },
        _place_and_residence,
        is_refused=True,
    ),
    Contradiction(
        "place_and_care_home",
        {"preferred_places": ("death_first", "death_first_is_usual_residence"), "identity": ("care_home_ods",)},
        _place_and_care_home,
    ),
    Contradiction(
        "care_home_and_accommodation",
        {"identity": ("care_home_ods",), "details": ("accommodation",)},
        _care_home_and_accommodation,
    ),
)  # fmt: skip


def find_disagreements(
    values: Mapping[str, Value], sights: Sights, tiers: frozenset[Tier], *, restricted: bool
) -> tuple[Disagreement, ...]:
    """What disagrees, as far as this audience sees every answer concerned.

    Args:
        values: every section, nothing taken out.
        restricted: nothing that leads to the door may be told.
    """
    if restricted:
        values = {name: _without_telling(value, sights.get(name)) for name, value in values.items()}
    answers = Answers(values, sights)
    return () if answers.has_died else tuple(_shown(answers, tiers, restricted=restricted))


def _without_telling(value: Value, sight: SectionSight | None) -> Value:
    """A section without the lines that tell where somebody lives, such as the name of a practice among contacts."""
    if sight is None or ITEMS not in value:
        return value
    return {**value, ITEMS: {key: item for key, item in value[ITEMS].items() if not sight.telling_of(item)}}


def _shown(answers: Answers, tiers: frozenset[Tier], *, restricted: bool) -> Iterator[Disagreement]:
    for one in CONTRADICTIONS:
        words = one.find(answers)
        if words and all(
            _is_seen(answers.sights[section], names, tiers, restricted=restricted)
            for section, names in one.reads.items()
        ):
            yield Disagreement(
                key=one.key,
                words=words,
                sections=tuple(one.reads),
                labels=tuple(answers.sights[section].label for section in one.reads),
                is_for_crew=one.is_for_crew,
                is_on_line=one.is_on_line,
            )


def _is_seen(sight: SectionSight, names: tuple[str, ...], tiers: frozenset[Tier], *, restricted: bool) -> bool:
    """Whether an audience sees the section and each of these fields of it."""
    fields = [find_field(sight, name) for name in names]
    return sight.is_seen_by(tiers) and all(
        can_see(field, tiers) and not (restricted and field.tells_place) for field in fields
    )


def find_field(sight: SectionSight, name: str) -> FieldSight:
    """A field of the section, else of a line of its list."""
    return sight.fields[name] if name in sight.fields else sight.item_fields[name]


def check_possible(before: Mapping[str, Value], after: Mapping[str, Value], *, section: str, sights: Sights) -> None:
    """No change makes the record say what cannot be true; what said so before stays correctable, part by part.

    Args:
        before: every section as it is.
        after: every section as it would be kept.
        section: the one that changes.

    Raises:
        RuleBroken: with both answers and what to do.

    Source: hazard H-37.
    """
    for one in CONTRADICTIONS:
        if not one.is_refused or section not in one.reads:
            continue
        words = one.find(Answers(after, sights))
        if words and not one.find(Answers(before, sights)):
            raise RuleBroken(words, field=one.reads[section][0])
