"""What grows with the conversations: the person's own words, function, plans for a bad night, faith, carer, money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from epaccs.care_plans.rules import FRAILTY_FROM
from epaccs.care_plans.sections.details import ETHNICITY
from epaccs.core.fields import age_in_years
from epaccs.demo import names
from epaccs.demo.chance import SENTENCES, Weighted
from epaccs.demo.life import Life
from epaccs.demo.stories import Body

_AKPS: Final = Weighted({"70": 2.0, "60": 4.0, "50": 6.0, "40": 5.0, "30": 3.0, "20": 2.0, "10": 1.0})
_PHASE: Final = Weighted({"stable": 5.0, "unstable": 2.0, "deteriorating": 4.0, "dying": 1.0})
_FRAILTY: Final = Weighted({"5": 1.0, "6": 3.0, "7": 4.0, "8": 2.0, "9": 1.0})
_DONATION: Final = Weighted(
    {
        "opted_in": 4.0,
        "opted_out": 3.0,
        "representative": 0.5,
        "wishes": 1.0,
        "asked_undecided": 2.0,
        "not_checked": 5.0,
    }
)
_ASSESSMENT: Final = Weighted({"offered": 3.0, "declined": 2.0, "planned": 2.0, "done": 3.0, "no_carer": 1.0})
_FAST_TRACK: Final = Weighted({"not_applied": 4.0, "submitted": 1.0, "approved": 2.0, "declined": 0.5, "ended": 0.5})
_SPECIAL_RULES: Final = Weighted({"discussed": 2.0, "declined": 1.0, "completed": 5.0})
_TALK: Final = Weighted(
    {"person": 6.0, "carer": 2.0, "family": 3.0, "cpr_carer": 1.0, "declined": 2.0, "not_appropriate": 1.0}
)
_LANGUAGES: Final = Weighted(
    {"English": 9.0, "Punjabi": 1.0, "Polish": 1.0, "Urdu": 1.0, "Gujarati": 0.5, "Cantonese": 0.5}
)
_WHITE: Final = ("A", "A", "A", "A", "B", "C")


def add_whole_plan(life: Life, *, born_on: date) -> None:
    """Some of what the first day does not ask; nobody has been asked everything."""
    shares: dict[Callable[[Life], None], float] = {
        _about_me: 0.35,
        _communication: 0.3,
        _contingency: 0.3,
        _conversations: 0.35,
        _other_plans: 0.12,
        _goals: 0.12,
        _current_medicines: 0.25,
        _faith: 0.25,
        _carer: 0.25,
        _funding: 0.25,
        _details: 0.25,
    }
    for add, share in shares.items():
        if life.chance.random() < share:
            add(life)
    if life.chance.random() < 0.4:
        _function(life, is_old=age_in_years(born_on, life.now.date()) > FRAILTY_FROM + 2)
    if not life.has_capacity and life.chance.random() < 0.6:
        _capacity(life)


def _some(life: Life, kind: str, most: int) -> str:
    chosen = life.chance.sample(SENTENCES[kind], life.chance.randint(1, most))
    return " ".join(chosen)


def _about_me(life: Life) -> None:
    chance, days_ago = life.chance, life.earlier(0.1, 0.8)
    body: Body = {"most_important": _some(life, "important", 2), "written_on": life.day(days_ago)}
    for name, kind in (
        ("people", "people"),
        ("communication", "talking"),
        ("do_and_do_not", "dos"),
        ("support", "help"),
    ):
        if chance.random() < 0.5:
            body[name] = _some(life, kind, 2)
    if chance.random() < 0.4:
        body |= {"valued": life.pick("valued"), "feared": life.pick("feared")}
        body["life_or_comfort"] = chance.choice(["life", "rather_life", "both", "rather_comfort", "comfort"])
    if life.close:
        body["helped_by"] = life.close[0][0]
    life.do(days_ago, life.nurse, "about_me", body)


def _communication(life: Life) -> None:
    chance, days_ago = life.chance, life.earlier(0.3, 0.9)
    language = _LANGUAGES.pick(chance)
    body: Body = {"spoken_language": language, "interpreter": "not_needed" if language == "English" else "needed"}
    found = [name for name in ("hearing", "sight", "communicating", "cognition") if chance.random() < 0.3]
    body["disabilities"] = found or ["none_known"]
    if chance.random() < 0.5:
        body["mobility"] = life.pick("mobility")
    life.do(days_ago, life.nurse, "communication", body)
    if "hearing" in found:
        item = {
            "kind": "support",
            "needed": "Face the person and speak slowly",
            "consequence": "Answers yes to everything",
        }
        life.put_item(days_ago - 0.01, life.nurse, "communication", item)


def _contingency(life: Life) -> None:
    days_ago = life.earlier(0.1, 0.7)
    for trigger, action in life.chance.sample(SENTENCES["contingencies"], life.chance.randint(1, 3)):
        item = {"trigger": trigger, "what_to_do": action, "agreed": True}
        if life.has_key_worker:
            who = life.colleagues
            item |= {"contact_name": who.key_worker_name, "contact_telephone": who.key_worker_telephone}
        life.put_item(days_ago, life.nurse, "contingency", item)


def _conversations(life: Life) -> None:
    for _ in range(life.chance.randint(1, 3)):
        days_ago = life.earlier(0.05, 0.9)
        item: Body = {"kind": _TALK.pick(life.chance), "held_on": life.day(days_ago)}
        if item["kind"] in ("carer", "family", "cpr_carer") and life.close:
            item |= {"with_name": life.close[0][0], "with_relationship": life.close[0][1]}
        if item["kind"] not in ("declined", "not_appropriate"):
            item["said"] = _some(life, "wishes", 2)
        life.put_item(days_ago, life.nurse, "planning", item)


def _other_plans(life: Life) -> None:
    days_ago = life.earlier(0.1, 0.8)
    item = {
        "kind": life.chance.choice(["advance_care_plan", "escalation", "emergency", "respect", "support"]),
        "location": life.pick("home_forms" if life.lives_in_home else "forms"),
        "updated_on": life.day(days_ago + 5),
        "review_on": life.day_ahead(life.chance.randint(10, 90)),
        "reviewer_name": life.colleagues.gp_name,
        "reviewer_role": "GP",
    }
    life.put_item(days_ago, life.gp, "plans", item)


def _goals(life: Life) -> None:
    days_ago = life.earlier(0.1, 0.7)
    need, goal, action = life.chance.choice(SENTENCES["goals"])
    item = {"need": need, "goal": goal, "done": action, "importance": life.chance.randint(5, 10)}
    life.put_item(days_ago, life.nurse, "goals", {**item, "action_status": "under_way", "goal_status": "open"})


def _current_medicines(life: Life) -> None:
    days_ago = life.earlier(0.2, 0.9)
    life.do(days_ago, life.gp, "current_medicines", {"source_note": "GP summary", "listed_on": life.day(days_ago)})
    for name, dose, timing, indication in life.chance.sample(SENTENCES["drugs"], life.chance.randint(2, 5)):
        item: Body = {"name": name, "dose": dose, "timing": timing, "indication": indication, "status": "taken"}
        if life.chance.random() < 0.15:
            item |= {"status": "stopped", "change_reason": "Could no longer swallow it", "ended_on": life.day(days_ago)}
        life.put_item(days_ago - 0.01, life.gp, "current_medicines", item)


def _faith(life: Life) -> None:
    body: Body = {"donation": _DONATION.pick(life.chance)}
    religion, needs, afterwards = life.chance.choice(SENTENCES["faiths"])
    body |= {"religion": religion, "faith_needs": needs, "after_death": afterwards}
    life.do(life.earlier(0.1, 0.8), life.nurse, "faith", {name: words for name, words in body.items() if words})


def _carer(life: Life) -> None:
    days_ago = life.earlier(0.1, 0.7)
    body: Body = {"assessment": _ASSESSMENT.pick(life.chance) if life.close else "no_carer"}
    if body["assessment"] not in ("no_carer", "planned"):
        body["assessment_on"] = life.day(days_ago)
    if body["assessment"] == "done":
        body |= {"needs": life.pick("carer_needs"), "arranged": "Sitter one night a week"}
    life.do(days_ago, life.nurse, "carer", body)


def _funding(life: Life) -> None:
    days_ago = life.earlier(0.1, 0.8)
    body: Body = {"fast_track": _FAST_TRACK.pick(life.chance), "special_rules": _SPECIAL_RULES.pick(life.chance)}
    if body["fast_track"] != "not_applied":
        body["fast_track_on"] = life.day(days_ago)
    if body["special_rules"] == "completed":
        body["special_rules_on"] = life.day(days_ago)
    life.do(days_ago, life.gp, "funding", body)


def _details(life: Life) -> None:
    chance = life.chance
    body: Body = {
        "ethnicity": chance.choice(_WHITE) if chance.random() < 0.8 else chance.choice(list(ETHNICITY)),
        "contact_method": chance.choice(["telephone", "letter", "through", "in_person", "text", "email"]),
        "accommodation": "care_home" if life.lives_in_home else chance.choice(["own", "own", "rented", "sheltered"]),
    }
    if not life.lives_in_home:
        body["lives_alone"] = "no" if life.close and chance.random() < 0.7 else "yes"
    life.do(life.earlier(0.2, 0.9), life.gp, "details", body)
    if chance.random() < 0.2:
        item = {"telephone": names.choose_mobile(chance), "type": "mobile", "preference": 1}
        life.put_item(life.earlier(0.1, 0.2), life.gp, "details", item)


def _function(life: Life, *, is_old: bool) -> None:
    for days_ago in sorted((life.earlier(0.05, 0.9) for _ in range(life.chance.randint(1, 3))), reverse=True):
        item: Body = {"observed_on": life.day(days_ago), "akps": _AKPS.pick(life.chance)}
        if life.chance.random() < 0.7:
            item["phase"] = _PHASE.pick(life.chance)
        if is_old and life.chance.random() < 0.4:
            item["frailty"] = _FRAILTY.pick(life.chance)
        life.put_item(days_ago, life.nurse, "function", item)


def _capacity(life: Life) -> None:
    days_ago = life.earlier(0.3, 0.9)
    item = {
        "decision": "Where to be cared for",
        "outcome": "lacks",
        "assessed_on": life.day(days_ago),
        "assessed_by": f"{life.colleagues.gp_name}, GP",
        "grounds": "Advanced dementia. Could not keep the two places in mind while choosing, with pictures and twice.",
        "best_interests": "To stay where the faces are known; agreed with those close.",
    }
    life.put_item(days_ago, life.gp, "capacity", item)
