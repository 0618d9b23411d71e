"""The words of the line, as a site may settle them; and what no wording may lose.

The defaults are to be settled by each site's clinical safety officer and a second approver.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from string import Formatter
from typing import Final

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules.bodies import raise_faults
from epaccs.cpr_decisions.rules.states import Recommendation

#: Read as "do not treat", a line about CPR has killed: these words stand on no card.
FORBIDDEN: Final = ("do not treat", "not for treatment", "no treatment")


@dataclass(frozen=True)
class Words:
    """Every sentence of a line; names in braces are filled in, and a site's own wording keeps each of them."""

    # Large lines
    not_for_cpr: str = "Not for CPR"
    for_cpr: str = "CPR recommended"
    modified: str = "Modified CPR: read the form"
    awaiting: str = "Not confirmed: {said} proposed by {who}, {date}"
    reported_not_seen: str = 'Not confirmed: told of "{said}", form not seen'
    reported_seen: str = 'Not confirmed: told of "{said}", form seen by {who}, {date}'
    in_doubt: str = "CPR decision in doubt"
    revoked: str = "No CPR decision in force"
    none_recorded: str = "No CPR decision recorded here"
    advance_decision: str = "Advance decision refuses CPR - read it now"
    ended_by_death: str = "Death confirmed. Before it: {line}"
    ended_by_death_none: str = "Death confirmed. No CPR decision was in force"
    last_known: str = "Last known {age} ago: {line}"
    hidden: str = "Your role cannot see this: ring {number}"

    # How a recommendation is named inside a sentence
    said_not_for_cpr: str = "not for CPR"
    said_for_cpr: str = "CPR recommended"
    said_modified: str = "modified CPR (read the form)"

    # Second lines
    signed: str = "Signed {date}, {who}."
    decided_and_signed: str = "Decided {decided}, signed {date}, {who}."
    reviewed: str = "Last reviewed by a clinician {date}."
    not_reviewed: str = "Not reviewed since it was signed."
    copy_age: str = "This copy left the register {age} ago."
    about_cpr_only: str = (
        "About CPR only: give all other suitable treatment, within the treatment level and ADRT below."
    )
    use_judgement: str = "Choking or another sudden reversible cause: use judgement."
    to_be_confirmed: str = "In force only when a clinician who may sign has confirmed it."
    confirmation_overdue: str = "Confirmation overdue since {moment}."
    told: str = "Told by {told_by}. Recorded {date} by {who}."
    doubt_advice: str = "Read the signed form. Ring {number}. If doubt remains, start CPR and get senior advice."
    last_confirmed: str = 'Last confirmed: "{line}", {date}.'
    nothing_confirmed: str = "Last confirmed: nothing."
    cancelled: str = '"{line}" of {decided} was cancelled {date}. Paper saying it is out of date.'
    refusal_withdrawn: str = "Refusal withdrawn {moment}, heard by {who}."
    elsewhere: str = "One may exist elsewhere."
    advance_decision_at: str = "It is here: {where}."
    advance_decision_nowhere: str = "Where it is kept is not recorded: ask those present."
    seen_alive: str = 'If this person is alive, record "seen alive": the decision is then back as it was.'
    look_for_form: str = "Look for the signed form: {where}. Ring {control}."
    look_for_form_nowhere: str = "Look for the signed form: its place is not recorded. Ring {control}."
    newer_may_exist: str = "A newer decision may exist."
    one_may_exist: str = "One may have been made since."

    # Further lines
    review_overdue: str = "Review overdue since {date} (it stays in force{site})."
    review_overdue_site: str = ""
    signed_form: str = "Signed form: {where}."
    signed_form_unplaced: str = (
        "Signed form: the person's address changed on {date}. Nobody has said since where the form is. "
        "Last known: {where}."
    )
    place_unknown: str = "not recorded"
    said_before_move: str = "{where}, as last said before the person's address changed on {date}"
    older_paper: str = 'Paper saying "{line}", of {decided}, is out of date.'
    original_seen: str = "Original seen {date}, {where}, by {who}."
    aware: str = "Aware: {people}."
    not_told: str = "Person has NOT been told"
    treatment_level: str = "Treatment level disagrees, under review"
    advance_decision_reported: str = "An advance decision refusing CPR was reported. Nobody has seen it."
    advance_decision_withdrawn: str = (
        "The record still holds an advance decision refusing CPR, which the person has withdrawn: under review"
    )
    restored: str = "Restored {date} after a mistaken entry; confirm."
    removed: str = "An entry made by mistake was removed {date}. Paper from it is not valid."
    also_waiting: str = "Also waiting: {line}"
    withdrawal_waiting: str = "Said {moment} to withdraw a refusal of CPR; heard by {who}."
    change_waiting: str = "Another change to this decision's particulars waits to be settled."
    review_asked: str = "Review asked for {date} by {who}: {words}"

    # Beneath the line, as large
    relative_report: str = "{who} reported {date}: wishes have changed. Review asked for; this alone changes nothing"

    # Sides of a doubt
    side_last_confirmed: str = "Last confirmed"
    side_not_settled: str = "Not yet settled"
    side_withdrawn: str = "Refusal withdrawn"
    side_wrong_person: str = "Wrong person?"
    side_advance_decision: str = "Advance decision refuses CPR"
    side_cancels: str = "Cancels the decision"
    side_continues: str = "Says that the decision continues"
    side_mistake: str = "Says that an entry was a mistake"
    side_another: str = "Another change"
    side_signed: str = "Signed {date}"
    side_decided: str = "Decided {date}"
    side_cancelled: str = "Cancelled {date}"
    side_made: str = "Made {date}"
    side_recorded: str = "Recorded {date}"
    side_said: str = "Said {moment}"
    side_flagged: str = "Flagged {moment}"
    side_received: str = "Received {moment}"
    side_heard: str = "Heard by {who}"
    side_reported: str = "Reported by {told_by} to {who}"
    side_told: str = "Told by {told_by}; form seen"
    side_told_not_seen: str = "Told by {told_by}; form not seen"
    side_recorded_by: str = "Recorded by {who}"
    side_proposed_by: str = "Proposed by {who}"
    date_not_recorded: str = "Date not recorded"
    place_not_recorded: str = "Place not recorded"

    # Who knows
    person: str = "the person"
    family: str = "family"
    carer: str = "carer"

    # Numbers of the site
    number_24h: str = "the 24-hour number on this card"
    control: str = "control"

    def line_of(self, recommendation: Recommendation) -> str:
        """A recommendation as a large line."""
        lines = {
            Recommendation.NOT_FOR_CPR: self.not_for_cpr,
            Recommendation.FOR_CPR: self.for_cpr,
            Recommendation.MODIFIED: self.modified,
        }
        return lines[recommendation]

    def said(self, recommendation: Recommendation) -> str:
        """A recommendation inside a sentence."""
        said = {
            Recommendation.NOT_FOR_CPR: self.said_not_for_cpr,
            Recommendation.FOR_CPR: self.said_for_cpr,
            Recommendation.MODIFIED: self.said_modified,
        }
        return said[recommendation]


def check_words(words: Words) -> None:
    """A site's own wording says as much as the default, and never that somebody is not to be treated.

    Raises:
        RuleBroken, RulesBroken: a sentence is empty, loses or invents a name in braces, or holds forbidden words.

    Source: hazard H-04 (a CPR line read as a refusal of all treatment).
    """
    raise_faults([fault for part in fields(Words) for fault in _faults_of(part.name, getattr(words, part.name))])


def _faults_of(name: str, text: str) -> list[RuleBroken]:
    default = getattr(Words(), name)
    if default and not text.strip():
        return [RuleBroken("Enter a wording: this sentence cannot be empty", field=name)]
    if any(forbidden in text.casefold() for forbidden in FORBIDDEN):
        return [RuleBroken("Say what is recommended about CPR: the line must never rule out treatment", field=name)]
    if _names_in(text) != _names_in(default):
        needed = ", ".join(f"{{{one}}}" for one in sorted(_names_in(default) or ())) or "no names in braces"
        return [RuleBroken(f"Keep in this sentence: {needed}", field=name)]
    return []


def _names_in(text: str) -> set[str] | None:
    """The names in braces; None: the braces do not match."""
    try:
        return {name for _before, name, _format, _conversion in Formatter().parse(text) if name is not None}
    except ValueError:
        return None
