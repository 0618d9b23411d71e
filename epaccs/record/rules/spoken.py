"""The card read aloud to a caller: what may be said to whom, and the sentences in their order.

A script is plain, like a view: whoever fills it in adds no word. Everybody who takes a call reads the same script, of
what a crew sees at the bedside and no more.

Source: the access table, role "call handler"; hazard H-71.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from epaccs.access.rules import Tier
from epaccs.core.errors import RuleBroken
from epaccs.core.fields import format_date
from epaccs.cpr_decisions.rules.lines import Situation
from epaccs.record.rules.card import Card
from epaccs.record.rules.view import CallLine, CPRBlock, Part, Run, Runs, View

#: What is read to a caller, whoever reads it: what every crew sees.
TIERS: Final = frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY})
#: Two things that the caller says, and that fit, make a person certain enough (hazard H-01).
ENOUGH_IDENTIFIERS: Final = 2
#: After this a script is not read from any more: it may be of yesterday's caller, and the record has moved on.
CALL_LASTS: Final = timedelta(minutes=30)


class Caller(StrEnum):
    """Who rings."""

    CREW = "crew"
    CLINICIAN = "clinician"
    FAMILY = "family"


CALLERS: Final[Mapping[Caller, str]] = {
    Caller.CREW: "An ambulance crew, or another service at the bedside",
    Caller.CLINICIAN: "A doctor, a nurse, or care home staff on duty",
    Caller.FAMILY: "A relative, a friend, a neighbour, or the person",
}


class KnownBy(StrEnum):
    """How it is known that a crew or a clinician is one."""

    SERVICE_LINE = "service_line"
    RANG_BACK = "rang_back"
    NOT_KNOWN = "not_known"


WAYS_OF_KNOWING: Final[Mapping[KnownBy, str]] = {
    KnownBy.SERVICE_LINE: "They ring on their service's own line or radio, and the job is known",
    KnownBy.RANG_BACK: "I rang them back on a number that their service publishes",
    KnownBy.NOT_KNOWN: "I do not know",
}


class Heard(StrEnum):
    """What a caller gets to hear."""

    CARD = "card"
    FAMILY = "family"  #: nothing of a record, nor whether there is one
    NOTHING = "nothing"  #: who it is about, or who asks, is not certain


class Ending(StrEnum):
    """How a call ended."""

    REPEATED = "repeated"
    NOT_REPEATED = "not_repeated"
    ENDED = "ended"


ENDINGS: Final[Mapping[Ending, str]] = {
    Ending.REPEATED: "the caller repeated it rightly",
    Ending.NOT_REPEATED: "the caller did not repeat it",
    Ending.ENDED: "nothing of the record was read",
}


class Way(StrEnum):
    """What whoever takes the call does with a sentence."""

    SAY = "say"
    ASK = "ask"
    DO = "do"


WAYS: Final[Mapping[Way, str]] = {Way.SAY: "Say", Way.ASK: "Ask", Way.DO: "You"}


class Sentence(NamedTuple):
    """One sentence. Those that are to be said or asked are read as they stand; `DO` is for the reader alone."""

    way: Way
    words: Runs

    @property
    def label(self) -> str:
        """What to do with it."""
        return WAYS[self.way]


class Passage(NamedTuple):
    """Sentences under a heading, which is not read aloud."""

    heading: str
    sentences: tuple[Sentence, ...]


Script = tuple[Passage, ...]


def decide_what_is_heard(
    caller: Caller, *, known_by: KnownBy | None, identifiers: Collection[str], cannot_identify: bool
) -> Heard:
    """What this caller may hear. Relatives never hear what a record says, however well they know the person.

    Args:
        known_by: None: it was not said.
        identifiers: what the caller said of the person, and it fitted.
        cannot_identify: the caller could not say two things that fit.

    Raises:
        RuleBroken: it cannot be told from the answers.
    """
    if caller is Caller.FAMILY:
        return Heard.FAMILY
    if known_by is None:
        raise RuleBroken("Choose how you know that the caller is who they say", field="known_by")
    is_enough = len(set(identifiers)) >= ENOUGH_IDENTIFIERS
    if is_enough and cannot_identify:
        raise RuleBroken("Tick what fitted, or that they could not say two: not both", field="cannot_identify")
    if not is_enough and not cannot_identify:
        raise RuleBroken(
            "Tick two things that the caller said and that fit, or tick that they could not", field="identifiers"
        )
    return Heard.CARD if is_enough and known_by is not KnownBy.NOT_KNOWN else Heard.NOTHING


# --- The script ------------------------------------------------------------------------------------------------------


def build_script(card: Card, view: View, heard: Heard) -> Script:
    """What is said to this caller, in order.

    Args:
        card: made of what is read to callers (`TIERS`) and nothing else.
        view: the same card in words.
    """
    if heard is Heard.FAMILY:
        return (_to_family(card),)
    if heard is Heard.NOTHING:
        return (_to_nobody(card),)
    return (_beginning(card, view), _about_cpr(card, view.cpr), *_further(view), _end())


def _say(*words: Run) -> Sentence:
    return Sentence(Way.SAY, words)


def _ask(*words: Run) -> Sentence:
    return Sentence(Way.ASK, words)


def _do(*words: Run) -> Sentence:
    return Sentence(Way.DO, words)


def _to_family(card: Card) -> Passage:
    return Passage(
        "To a relative, a friend, or the person",
        (
            _do("Read nothing of the record, not even whether there is a decision about CPR, or a record."),
            _say("On the telephone I cannot tell anybody what is in a record, or whether there is one."),
            _say("If you need help now, stay on the line: I treat your call like any other."),
            _say("If there is a signed form or a folder in the house, please show it to whoever comes."),
            _say(f"Questions about care that can wait: ring {card.control.number}."),
            _do("Go on as with any call. A crew that is sent has the record."),
        ),
    )


def _to_nobody(card: Card) -> Passage:
    return Passage(
        "Not certain who it is about, or who is asking",
        (
            _do("Read nothing of the record, not even whether there is one."),
            _say("Before I read anything I must be certain who you are, and of whom you speak. I am not yet."),
            _ask(
                "Give me a number at which I can ring your service, and two of: full name, date of birth, NHS number,"
                " address."
            ),
            _do("When both are certain, begin the call anew."),
            _say(f"If you cannot, ring {card.control.number}. What you find at the bedside is yours to judge."),
        ),
    )


def _beginning(card: Card, view: View) -> Passage:
    one = card.summary.identity
    born = f", born {format_date(one.born_on)}" if one.born_on else ""
    sentences = [
        _ask("Please write down what I read. Afterwards repeat the line about CPR to me."),
        _say(f"This is what the shared register holds at {view.strip.moment}."),
        *((_say(f"{view.strip.changed}."),) if view.strip.changed else ()),
        _say(f"It is about {one.given_name} {one.family_name}{born}."),
        *(_do(("strong", words)) for words in view.who.warnings),
        *(_say(("strong", words)) for words in view.alarms),
    ]
    return Passage("Begin", tuple(sentences))


#: What whoever reads must know of a line before they read it.
_BEFORE: Final[Mapping[Situation, str]] = {
    Situation.IN_DOUBT: "In doubt: read all of it. Do not choose between the sides, and do not sum up.",
    Situation.NONE_RECORDED: "No entry is no decision, for or against.",
    Situation.REVOKED: "Cancelled is no decision, for or against.",
    Situation.AWAITING: "Nobody has signed it: read that too.",
    Situation.REPORTED: "It was only reported: read that too.",
}


def _about_cpr(card: Card, cpr: CPRBlock) -> Passage:
    """The line about CPR with everything that limits it, read whole and repeated by whoever heard it."""
    return Passage("CPR", (*_read_line(card, cpr), *_have_it_repeated()))


def _read_line(card: Card, cpr: CPRBlock) -> Iterator[Sentence]:
    if before := _BEFORE.get(card.line.situation):
        yield _do(("strong", before))
    if cpr.is_overdue:
        yield _do(("strong", "The review is overdue: read that too."))
    yield _say("About CPR: ", *((("strong", run) if isinstance(run, str) else run) for run in cpr.line))
    yield from (_say(("strong", words)) for words in cpr.beneath)
    yield from (_say(*words) for words in cpr.words)
    for number, (title, lines) in enumerate(cpr.sides):
        side = "The other side" if number else "One side"
        yield _say(("strong", f"{side} says: {title}."), *(f" {line.rstrip('.')}." for line in lines))
    yield from (_say(*words) for words in cpr.further)


def _have_it_repeated() -> tuple[Sentence, ...]:
    return (
        _ask("Please repeat the line about CPR to me."),
        _do("If it is not the same, read it again. Explain nothing and add nothing."),
        _ask("Is the signed form with you, and does it say the same?"),
        _do(
            "If it says something else: decide nothing between them. The crew judges what is in front of it; you say"
            " on the record what is wrong."
        ),
    )


def _further(view: View) -> Iterator[Passage]:
    for lines in view.disagreements:
        yield Passage("Does not fit together", tuple(_say(*line) for line in lines if not _is_link(line)))
    for part in view.parts:
        if sentences := tuple(_read_part(part)):
            yield Passage(part.label, sentences)


def _read_part(part: Part) -> Iterator[Sentence]:
    if part.copied:
        yield _say(*part.copied)
    if part.missing:
        yield _say(f"{part.label}: {part.missing.lower()}.")
    begins = f"{part.label}, {part.when}: " if part.when else f"{part.label}: "
    for place, line in enumerate(part.lines):
        yield from _read_part_line((begins, *line) if place == 0 else line)
    yield from (_say(_number(one)) for one in part.calls)
    yield from (_say(*words) for words in (*part.doubts, *part.dispute))
    if part.code:
        yield _do("There is a code for the key safe. Only for a crew at the door: show it from the record.")


def _read_part_line(line: Runs) -> Iterator[Sentence]:
    """A line as it is said; a passage too long for the card is read from the record, whole (hazard H-23)."""
    yield _say(*(run for run in line if not _is_way(run)))
    if _is_link(line):
        yield _do(("strong", "A long passage stands here. Open the record beside this page and read all of it."))


def _is_link(line: Runs) -> bool:
    return any(_is_way(run) for run in line)


def _is_way(run: Run) -> bool:
    """Whether it leads somewhere on the page of the record, which this is not."""
    return not isinstance(run, str) and run[0] == "link"


def _number(call: CallLine) -> str:
    who = f", {call.who}" if call.who else ""
    return f"{call.name}{who}: {call.number}."


def _end() -> Passage:
    return Passage(
        "End",
        (
            _say("The register shows what was entered. It does not replace the signed form or your judgement."),
            _ask("Is there anything that you found and that is different?"),
        ),
    )
