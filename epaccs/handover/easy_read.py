"""A sheet in Easy Read: what of the plan the person can read alone, in sentences that are written here once for all.

The program puts nothing of the plan into other words: an answer from a closed list has its sentence here, what the
person said or wrote is quoted whole, and the rest is left to somebody who reads the plan with them.

Source: NHS Accessible Information Standard (DAPB1605); docs/adr/0049; hazard H-75.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from epaccs.care_plans.sections.about_me import LIFE_OR_COMFORT
from epaccs.care_plans.sections.medicines import STATUS
from epaccs.care_plans.sections.preferred_places import ANSWERS
from epaccs.core.fields import LONDON, MONTHS, local_date
from epaccs.core.nhs_number import format_nhs_number
from epaccs.cpr_decisions.rules.lines import CPRLine, Situation
from epaccs.cpr_decisions.rules.states import CPRState, Decision, DecisionStatus, Recommendation
from epaccs.handover.rules import Sheet
from epaccs.record.declared import sights
from epaccs.record.rules.card import Card
from epaccs.record.rules.parts import CPRPart, Fact, Places
from epaccs.record.rules.whole import ShownSection

#: What each line about CPR says, neither softer nor harder. `{says}`: what was proposed or reported.
LINES: Final[Mapping[Situation, tuple[str, ...]]] = {
    Situation.NOT_FOR_CPR: (
        "A decision about CPR was made and signed.",
        "It says: if your heart stops, CPR should not be tried.",
        "It is about CPR only.",
        "You should get all other care that is right for you.",
        "Other parts of your plan may say more about that care.",
        "If you choke, helpers must judge what to do.",
        "They must also judge if something else sudden can be put right.",
    ),
    Situation.FOR_CPR: (
        "A decision about CPR was made and signed.",
        "It says: if your heart stops, CPR should be tried.",
    ),
    Situation.AWAITING: (
        "Somebody has put forward a decision about CPR.",
        "{says}",
        "It does not count yet.",
        "Somebody who may sign must agree to it first.",
    ),
    Situation.REPORTED: (
        "Your team was told about a decision on CPR.",
        "{says}",
        "Your team is not sure what was decided.",
        "They need to check.",
    ),
    Situation.IN_DOUBT: (
        "Your team is not sure what was decided.",
        "They need to check.",
        "Helpers must read the signed form and call your team.",
        "If they are still not sure, they should start CPR.",
        "They should then ask a senior doctor.",
    ),
    Situation.REVOKED: (
        "A decision about CPR was made before.",
        "It was cancelled.",
        "No decision about CPR counts now.",
        "Old papers that say it are out of date.",
    ),
    Situation.NONE_RECORDED: (
        "No decision about CPR is written down here.",
        "One may be written down somewhere else.",
    ),
    Situation.ADVANCE_DECISION: (
        "A paper of yours says no to CPR.",
        "It is called an advance decision.",
        "Somebody in your team has seen it.",
        "Helpers must read it before they decide.",
    ),
    Situation.ENDED_BY_DEATH: (
        "Your team needs to check what is written about you.",
        "Ask them to do so now.",
    ),
    Situation.COPY_PAST_AGE: (
        "This paper is too old to say what was decided.",
        "A newer decision may have been made.",
        "Your team needs to check.",
    ),
    Situation.HIDDEN: (
        "Whoever printed this paper could not see this part.",
        "Ask your doctor or nurse about CPR.",
    ),
}

#: What a decision says that is not in force.
SAYS: Final[Mapping[Recommendation, str]] = {
    Recommendation.NOT_FOR_CPR: "It says: CPR should not be tried.",
    Recommendation.FOR_CPR: "It says: CPR should be tried.",
    Recommendation.MODIFIED: "Ask your team to read the form with you.",
}

#: How what the person said about themselves is introduced, by the question that it answers.
OWN_WORDS: Final[Mapping[str, str]] = {
    "most_important": "What is most important to you:",
    "people": "People who are important to you:",
    "communication": "How you make yourself understood:",
    "wellness": "How you are on a good day, and when you are unwell:",
    "do_and_do_not": "What people should do, and should not do:",
    "support": "How and when to help you:",
    "also": "What else people should know about you:",
    "valued": "What you value most about your life now:",
    "feared": "What you fear most:",
}

COMFORT: Final[Mapping[str, str]] = {
    "life": "What may help you live longer comes first.",
    "rather_life": "You would rather live longer than be comfortable.",
    "both": "Living longer and being comfortable matter to you alike.",
    "rather_comfort": "You would rather be comfortable than live longer.",
    "comfort": "Being comfortable comes first.",
}

#: Where the person wants to be, as it ends a sentence.
PLACES: Final[Mapping[str, str]] = {
    "home": "at home",
    "usual_residence": "where you usually live",
    "other_private_residence": "in another private home",
    "nursing_home": "in a nursing home",
    "residential_home": "in a residential home",
    "hospice": "in a hospice",
    "hospital": "in a hospital",
    "community_hospital": "in a community hospital",
    "learning_disability_unit": "in a place for people with a learning disability",
    "mental_health_unit": "in a place for mental health care",
    "other": "in another place",
}
#: Answers that name no place, as they follow a question.
NO_PLACE: Final[Mapping[str, str]] = {
    "undecided": "You have not decided yet.",
    "declined": "You did not want to talk about it.",
    "not_appropriate": "It was not the right time to ask you.",
    "unable": "You could not say.",
}

MEDICINES: Final[Mapping[str, tuple[str, ...]]] = {
    "in_home": ("Some medicines are kept ready in your home.", "They are for when you feel worse."),
    "authorised": ("Some medicines are agreed for when you feel worse.", "They are not in your home yet."),
    "not_arranged": ("No medicines are kept ready in your home.",),
}

TITLES: Final[Mapping[str, str]] = {
    "sheet": "Your plan in easy words",
    "paper": "About this paper",
    "wants": "What you want",
    "cpr": "If your heart stops",
    "calls": "Who to call",
    "medicines": "Your medicines at home",
    "changes": "If you change your mind",
}

#: On each page, so that no page from the middle is taken for an order.
HEAD: Final[tuple[str, ...]] = ("This paper is for you.", "It is not the form that ambulance crews need.")

#: Every other sentence, by what it is for.
SENTENCES: Final[Mapping[str, str]] = {
    "born": "You were born on {day}.",
    "number": "Your NHS number is {number}.",
    "your_name": "Check that the name on this page is yours.",
    "same_name": "Somebody else has a name like yours.",
    "not_all": "This paper does not say all of your plan.",
    "known": "It says what was known on {day} at {time}.",
    "since": "Your plan may have changed since then.",
    "check": "You can check this paper here:",
    "check_says": "The page says if the part about your heart has changed.",
    "throw_away": "When you get a new paper, throw this one away.",
    "more": "There is more in your plan.",
    "ask": "Ask {team} to read it with you.",
    "unsettled": "Your team is not sure about this part.",
    "disagree": "Two answers in your plan do not fit together.",
    "said_wrong": "Somebody said that something in this part may be wrong.",
    "to_check": "Your team needs to check it.",
    "still_to_check": "Your team still has something to check about CPR.",
    "copied": "Some of this was copied from another paper.",
    "not_compared": "Nobody has checked the copy yet.",
    "old": "Some of this may have changed.",
    "ask_to_check": "Ask your team to check it.",
    "may_be_wrong": "Some things in your plan may not be right.",
    "no_wants": "Nothing is written here about what you want.",
    "tell": "Tell your team what is important to you.",
    "wrote": "You wrote this before:",
    "care": "You want to be cared for {place}.",
    "care_asked": "We asked where you want to be cared for.",
    "death": "When you die, you want to be {place}.",
    "death_asked": "We asked where you want to be when you die.",
    "second": "If that is not possible, you want to be {place}.",
    "which": "This is the place you mean:",
    "about_care": "About this place:",
    "cpr": "This part is about CPR (trying to start your heart again).",
    "signed": "It was signed on {day}.",
    "looked_at": "Your team last looked at it on {day}.",
    "not_looked_at": "Nobody is known to have looked at it since.",
    "overdue": "Your team should have looked at it again by {day}.",
    "still_counts": "It still counts.",
    "agreed_late": "Somebody should have agreed to it by now.",
    "report": "Somebody said that your wishes may have changed.",
    "report_asks": "They asked your team to look at the decision again.",
    "report_changes_nothing": "That alone changes nothing.",
    "not_told": "Your team may not have talked with you about this.",
    "ask_to_talk": "Ask them to talk with you now.",
    "form": "The signed form is kept here:",
    "form_in_doubt": "The form that was signed last is kept here:",
    "form_unknown": "Nobody wrote down where the signed form is.",
    "moved": "Your address has changed since the form was signed.",
    "moved_where": "Nobody has said where the form is now.",
    "moved_from": "It was last kept here:",
    "refusal_kept": "It is kept here:",
    "refusal_nowhere": "Nobody wrote down where it is.",
    "earlier_decision": "A decision before this one said something else.",
    "cancelled_decision": "A decision about CPR was cancelled.",
    "mistake": "Something about CPR was once written here by mistake.",
    "older_paper": "Papers that say it are out of date.",
    "refusal_not_seen": "You may have a paper that says no to CPR.",
    "nobody_saw_it": "Nobody in your team has seen it.",
    "more_cpr": "There is more about CPR in your plan.",
    "can_call": "You can call these numbers.",
    "always": "Somebody answers day and night.",
    "sometimes": "Some people answer only at some times.",
    "control": "The number that is always answered",
    "hidden": "Whoever printed this paper could not see this part.",
    "no_medicines": "Nothing is written here about medicines that are kept ready.",
    "medicines_where": "They are kept here:",
    "chart": "The paper that goes with them is here:",
    "medicines_checked": "They were last checked on {day}.",
    "pump": "A small pump gives you medicine.",
    "other_medicines": "Your plan may name other medicines.",
    "talk": "You can talk about your plan at any time.",
    "new_wishes": "Tell {team} if you want something else.",
    "helper": "You can ask somebody to help you say it.",
    "new_paper": "Ask for a new paper when your plan has changed.",
}


@dataclass(frozen=True)
class Said:
    """One line. `is_quoted`: somebody else's words, whole; `is_value`: a name, number or address to read off."""

    words: str
    is_quoted: bool = False
    is_value: bool = False


@dataclass(frozen=True)
class Part:
    """One part of the paper under its heading."""

    title: str
    lines: tuple[Said, ...]


def build_head(sheet: Sheet) -> tuple[str, ...]:
    """Whose paper it is, and what it is not: on every page."""
    who = sheet.summary.identity
    facts = (
        SENTENCES["born"].format(day=_day(who.born_on)) if who.born_on else "",
        SENTENCES["number"].format(number=format_nhs_number(who.nhs_number)) if who.nhs_number else "",
    )
    return tuple(words for words in (*facts, *HEAD) if words)


def build_parts(sheet: Sheet) -> tuple[Part, ...]:
    """The paper, part by part.

    Args:
        sheet: of somebody who lives, as far as the register knows.

    Source: hazard H-75.
    """
    parts = (
        ("paper", _about_the_paper(sheet)),
        ("wants", _wants(sheet)),
        ("cpr", _cpr(sheet)),
        ("calls", _calls(sheet)),
        ("medicines", _medicines(sheet)),
        ("changes", _changes(sheet)),
    )
    return tuple(Part(TITLES[name], tuple(lines)) for name, lines in parts)


def _say(name: str, **filled: str) -> Said:
    return Said(SENTENCES[name].format(**filled))


def _quote(words: str) -> Said:
    return Said(words, is_quoted=True)


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _team(sheet: Sheet) -> str:
    return sheet.printed.organisation or "your team"


# --- Each part -------------------------------------------------------------------------------------------------------


def _about_the_paper(sheet: Sheet) -> Iterator[Said]:
    at = sheet.at.astimezone(LONDON)
    yield from map(Said, HEAD)
    yield _say("your_name")
    if sheet.card.has_namesake:
        yield _say("same_name")
    yield _say("not_all")
    yield _say("more")
    yield _say("ask", team=_team(sheet))
    yield _say("known", day=_day(at.date()), time=f"{at:%H:%M}")
    yield _say("since")
    if sheet.card.disagreements or sheet.card.said_wrong:
        yield _say("may_be_wrong")
        yield _say("ask_to_check")
    yield _say("check")
    yield Said(sheet.check_address, is_value=True)
    yield _say("check_says")
    yield _say("throw_away")


def _wants(sheet: Sheet) -> Iterator[Said]:
    own, places, legal = _find(sheet, "about_me"), sheet.summary.places, sheet.summary.legal
    said = [*_own_words(own), *_places(places, _find(sheet, "preferred_places"))]
    for statement in legal.statements if legal else ():
        if statement.words:
            said += [*_cautions(_find(sheet, "legal")), _say("wrote"), _quote(statement.words)]
    yield from said or [_say("no_wants"), _say("tell")]
    yield _say("more")
    yield _say("ask", team=_team(sheet))


def _own_words(own: ShownSection | None) -> list[Said]:
    if own is None or not own.lines:
        return []
    answers, fields = {line.label: line.words for line in own.lines}, sights()["about_me"].fields
    said = list(_cautions(own))
    for name, introduction in OWN_WORDS.items():
        if words := answers.get(fields[name].label):
            said += [Said(introduction), _quote(words)]
    choice = _code_of(answers.get(fields["life_or_comfort"].label, ""), LIFE_OR_COMFORT)
    return [*said, Said(COMFORT[choice])] if choice else said


def _places(places: Places | None, section: ShownSection | None) -> Iterator[Said]:
    if places is None or not places.is_recorded:
        return
    yield from _cautions(section)
    yield from _place("care", places.care, places.care_note, "about_care")
    yield from _place("death", places.death_first, places.death_first_address, "which")
    yield from _place("second", places.death_second, places.death_second_address, "which")


def _place(name: str, answer: str, address: str, introduction: str) -> Iterator[Said]:
    code = _code_of(answer, ANSWERS)
    if code in PLACES:
        yield _say(name, place=PLACES[code])
    elif code in NO_PLACE and f"{name}_asked" in SENTENCES:
        yield _say(f"{name}_asked")
        yield Said(NO_PLACE[code])
    if code and address:
        yield _say(introduction)
        yield _quote(address)


def _cpr(sheet: Sheet) -> Iterator[Said]:
    line, part = sheet.card.line, sheet.summary.cpr
    yield _say("cpr")
    if line.person_not_told:
        yield _say("not_told")
        yield _say("ask_to_talk")
    yield from map(Said, _line(line, part.state if part else None))
    yield from _refusal(sheet)
    if part is not None:
        yield from map(_say, _older_paper(line, part.state))
        yield from _age(line, part.state.in_force)
        yield from _form(line, part.state.in_force)
        yield from _open_matters(sheet, part)
    yield _say("more_cpr")
    yield _say("ask", team=_team(sheet))


def _line(line: CPRLine, state: CPRState | None) -> Iterator[str]:
    """The sentences of the situation, then what a relative reported."""
    waiting = state.open_proposals if state else ()
    says = SAYS[waiting[-1].recommendation] if waiting else ""
    for words in LINES[line.situation]:
        yield words.format(says=says)
    if line.confirmation_overdue_since is not None:
        yield SENTENCES["agreed_late"]
    if line.beneath:
        yield from (SENTENCES[name] for name in ("report", "report_asks", "report_changes_nothing"))


def _refusal(sheet: Sheet) -> Iterator[Said]:
    """Where the paper is that helpers must read."""
    if sheet.card.line.situation is not Situation.ADVANCE_DECISION:
        return
    refusals = sheet.summary.legal.advance_decisions if sheet.summary.legal else ()
    places = [one.location for one in refusals if one.refuses_cpr and one.stands and one.was_seen and one.location]
    if not places:
        yield _say("refusal_nowhere")
    for place in places:
        yield _say("refusal_kept")
        yield _quote(place)


def _older_paper(line: CPRLine, state: CPRState) -> Iterator[str]:
    """That paper may be about which does not count; in doubt nothing is said that would call a side current.

    Source: hazard H-03 (a line outlives its decision).
    """
    if line.situation in (Situation.IN_DOUBT, Situation.REVOKED):
        return
    before = [one for one in state.decisions if one.status in (DecisionStatus.SUPERSEDED, DecisionStatus.REVOKED)]
    now = state.in_force
    said = {
        "mistake": any(one.status is DecisionStatus.ENTERED_IN_ERROR for one in state.decisions[-1:]),
        "cancelled_decision": now is None and bool(state.cancelled),
        "earlier_decision": now is not None and any(one.recommendation is not now.recommendation for one in before),
    }
    for name, is_so in said.items():
        if is_so:
            yield from (name, "older_paper")


def _age(line: CPRLine, decision: Decision | None) -> Iterator[Said]:
    """How old a decision in force is; in doubt, nothing that would call it current."""
    if decision is None or line.situation is Situation.IN_DOUBT:
        return
    yield _say("signed", day=_day(local_date(decision.signed_at)))
    if decision.last_reviewed is None:
        yield _say("not_looked_at")
    else:
        yield _say("looked_at", day=_day(local_date(decision.last_reviewed.at)))
    if line.review_overdue_since is not None:
        yield _say("overdue", day=_day(line.review_overdue_since))
        yield _say("still_counts")


def _form(line: CPRLine, decision: Decision | None) -> Iterator[Said]:
    """Where the form is that a crew needs (hazard H-44)."""
    if decision is None:
        return
    if line.unplaced is not None:
        yield _say("moved")
        yield _say("moved_where")
        where, introduction = line.unplaced.last_known, "moved_from"
    else:
        where = decision.original_location
        introduction = "form_in_doubt" if line.situation is Situation.IN_DOUBT else "form"
        if not where:
            yield _say("form_unknown")
    if where:
        yield _say(introduction)
        yield _quote(where)


def _open_matters(sheet: Sheet, part: CPRPart) -> Iterator[Said]:
    """That something beside the line waits to be settled, and a refusal that nobody has seen."""
    summary, state = sheet.summary, part.state
    refusals = summary.legal.advance_decisions if summary.legal else ()
    if any(one.refuses_cpr and one.stands and not one.was_seen for one in refusals):
        yield _say("refusal_not_seen")
        yield _say("nobody_saw_it")
    waits = (
        state.open_requests,
        state.open_withdrawals,
        part.held,
        state.in_force is not None and state.in_force.asks_to_be_confirmed,
        any("cpr" in one.sections for one in summary.disagreements),
        len(state.open_proposals) > (sheet.card.line.situation in (Situation.AWAITING, Situation.REPORTED)),
        bool(state.withdrawals) and any(one.refuses_cpr and one.stands for one in refusals),
        any(one.section == part_of_cpr for one in summary.said_wrong for part_of_cpr in ("cpr", "")),
    )
    if any(waits) and sheet.card.line.situation is not Situation.IN_DOUBT:
        yield _say("still_to_check")


def _calls(sheet: Sheet) -> Iterator[Said]:
    contacts = sheet.summary.contacts
    always = {one.number for one in (contacts.to_call if contacts else ()) if one.is_24h}
    yield _say("can_call")
    yield from _cautions(_find(sheet, "contacts"))
    yield from _cautions_of(sheet.card, contacts)
    for call in sheet.card.calls:
        is_control = call == sheet.card.control
        yield Said(f"{SENTENCES['control'] if is_control else call.name}: {call.number}", is_value=True)
        if call.number in always:
            yield _say("always")
    if any(call.number not in always and call != sheet.card.control for call in sheet.card.calls):
        yield _say("sometimes")


def _medicines(sheet: Sheet) -> Iterator[Said]:
    medicines = sheet.summary.medicines
    if medicines is None:
        yield _say("hidden")
    elif code := _code_of(medicines.status, STATUS):
        yield from _cautions(_find(sheet, "medicines"))
        yield from map(Said, MEDICINES[code])
        for introduction, words in (("medicines_where", medicines.where), ("chart", medicines.chart_where)):
            if words and code == "in_home":
                yield _say(introduction)
                yield _quote(words)
        if medicines.last_checked_on:
            yield _say("medicines_checked", day=_day(medicines.last_checked_on))
        if medicines.syringe_driver:
            yield _say("pump")
        yield from _cautions_of(sheet.card, medicines)
    else:
        yield _say("no_medicines")
    yield _say("other_medicines")
    yield _say("ask", team=_team(sheet))


def _changes(sheet: Sheet) -> Iterator[Said]:
    yield _say("talk")
    yield _say("new_wishes", team=_team(sheet))
    yield _say("helper")
    yield _say("new_paper")
    yield _say("more")
    yield _say("ask", team=_team(sheet))


# --- What is not certain ---------------------------------------------------------------------------------------------


def _find(sheet: Sheet, name: str) -> ShownSection | None:
    return next((section for section in sheet.sections if section.name == name), None)


def _cautions(section: ShownSection | None) -> Iterator[Said]:
    """What speaks against a part of the plan, before anything of it is said."""
    if section is None:
        return
    doubts = {"unsettled": section.rivals, "disagree": section.disagreements, "said_wrong": section.said_wrong}
    found = [name for name, doubt in doubts.items() if doubt]
    yield from map(_say, found)
    if found:
        yield _say("to_check")
    if section.copied is not None:
        yield _say("copied")
        yield _say("not_compared")


def _cautions_of(card: Card, part: Fact | None) -> Iterator[Said]:
    """That something of it is too old to be taken as current (hazard H-38)."""
    if card.doubts_of(part):
        yield _say("old")
        yield _say("ask_to_check")


def _code_of(words: str, answers: Mapping[str, str]) -> str:
    """The answer that reads like this; empty: none was given."""
    return next((code for code, said in answers.items() if words and said == words), "")


def sentences_written() -> Sequence[str]:
    """Every sentence and heading that this copy can hold and nobody recorded, as it is kept here."""
    tables = (LINES, MEDICINES)
    many = [words for table in tables for said in table.values() for words in said]
    one = [words for table in (SAYS, OWN_WORDS, COMFORT, NO_PLACE, TITLES, SENTENCES) for words in table.values()]
    return [words for words in (*many, *one, *HEAD) if words != "{says}"]
