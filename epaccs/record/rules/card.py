"""The emergency card at one moment: the CPR line, ages, and whom to ring, from a summary and the time of reading.

Source: the register's emergency card; facts a crew must have in 30 seconds; hazards H-01, H-03, H-05.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Final

from epaccs.access.rules import AccessReason
from epaccs.core.fields import LONDON, age_in_years, build_dialled
from epaccs.cpr_decisions.rules.around import AdvanceDecision, Around, Proxy
from epaccs.cpr_decisions.rules.around import Death as Died
from epaccs.cpr_decisions.rules.lines import CPRLine, Situation, hidden_line, line
from epaccs.cpr_decisions.rules.states import ConsulteeKind
from epaccs.cpr_decisions.rules.words import Words
from epaccs.record.rules.ages import doubts_in_words
from epaccs.record.rules.parts import Contact, Disagreement, Fact, SaidWrong
from epaccs.record.summary import RecordSummary

#: Which sentences under the large line are to be read first of all.
_STRONG: Final[Mapping[Situation, slice]] = {
    Situation.NOT_FOR_CPR: slice(3, None),
    Situation.IN_DOUBT: slice(0, 1),
    Situation.NONE_RECORDED: slice(0, 1),
    Situation.REVOKED: slice(0, 1),
    Situation.ADVANCE_DECISION: slice(0, 1),
    Situation.COPY_PAST_AGE: slice(0, 2),
}

#: A longer passage is read whole below the card, never cut: half a sentence can say its opposite (hazard H-23).
PASSAGE_LIMIT: Final = 240

#: How many numbers the bar at the bottom of a telephone's screen has room for.
BAR_PLACES: Final = 2

NAMESAKE: Final = "Another person with a similar name is on this register. Check the date of birth."


@dataclass(frozen=True)
class Site:
    """What a site has settled: the number that is always answered, and after how long a copy claims nothing.

    `copy_age_limit` None: the register's own page, which is never old when it is made.
    """

    control_telephone: str
    confirmation_hours: int = 72
    copy_age_limit: timedelta | None = None
    words: Words = Words()  # noqa: RUF009 - frozen


@dataclass(frozen=True)
class Call:
    """One number to ring. `dialled` are the digits that a tap dials; `short`: who they are, in one or two words."""

    name: str
    who: str
    short: str
    number: str
    dialled: str


@dataclass(frozen=True)
class Card:
    """A summary at the moment of reading, ready to be filled into a page or a sheet.

    Args:
        age: in full years, at death if the person died; None: no date of birth.
        calls: whom to ring, in order; never empty.
        has_namesake: somebody of a similar name is on the register too.
    """

    summary: RecordSummary
    line: CPRLine
    now: datetime
    copy_left_at: datetime
    age: int | None
    calls: tuple[Call, ...]
    control: Call
    has_namesake: bool = False

    @property
    def paragraphs(self) -> tuple[tuple[bool, str], ...]:
        """The sentences under the large line, those together that are equally strong; True: strong."""
        strong = set(self.line.second[_STRONG.get(self.line.situation, slice(0))])
        said = [words for words in self.line.second if words]
        return tuple((is_strong, " ".join(group)) for is_strong, group in groupby(said, strong.__contains__))

    @property
    def further(self) -> tuple[tuple[bool, str], ...]:
        """The further sentences, most urgent first; True: strong."""
        line = self.line
        urgent = sum((line.person_not_told, line.review_overdue_since is not None, line.unplaced is not None))
        return tuple((place < urgent, words) for place, words in enumerate(self.line.extra))

    @property
    def bar(self) -> tuple[Call, ...]:
        """The numbers that stay at the bottom of the screen."""
        return self.calls[:BAR_PLACES]

    @property
    def is_of_the_past(self) -> bool:
        """It says what the register showed at an earlier moment, and nothing of now."""
        return self.summary.as_at is not None

    @property
    def is_past_age(self) -> bool:
        """The copy claims nothing about the present any more."""
        return self.line.situation is Situation.COPY_PAST_AGE

    @property
    def decision_id(self) -> str:
        """The decision in force that this card shows; empty: none."""
        in_force = self.summary.cpr.state.in_force if self.summary.cpr else None
        return in_force.id if in_force else ""

    @property
    def namesake(self) -> str:
        """What to say where somebody of a similar name is on the register; empty: nobody is (hazard H-01)."""
        return NAMESAKE if self.has_namesake else ""

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """What would mislead whoever comes at night, and the line about CPR does not say already (hazard H-37)."""
        return tuple(one for one in self.summary.disagreements if one.is_for_crew and not one.is_on_line)

    @property
    def said_wrong(self) -> tuple[SaidWrong, ...]:
        """What those who were there found wrong, until somebody settles it (hazard H-52)."""
        return self.summary.said_wrong

    def doubts_of(self, part: Fact | None) -> tuple[str, ...]:
        """What of one part is too old to be taken as current, by the day of reading (hazard H-38).

        Nobody is asked to check again what was recorded of somebody who died.
        """
        if part is None or self.died_on is not None:
            return ()
        return doubts_in_words(part.ageing, self.now.astimezone(LONDON).date())

    @property
    def died_on(self) -> date | None:
        """The day of a confirmed death; None: alive as far as the register knows for certain."""
        return _died_on(self.summary)


#: A date, a time, a telephone number, hours: read wrongly when a line ends inside it.
UNBROKEN: Final = re.compile(
    r"\d\d-[A-Z][a-z]{2}-\d{4}(?: \d\d:\d\d)?|\b0\d{2,4} \d{3,8}(?: \d{3,4})?\b|\b24 h\b", re.ASCII
)


def find_unbroken(words: str) -> Iterator[tuple[bool, str]]:
    """The words in pieces; True: no line may end inside this piece."""
    end = 0
    for found in UNBROKEN.finditer(words):
        yield False, words[end : found.start()]
        yield True, found[0]
        end = found.end()
    yield False, words[end:]


def fits(passage: str) -> bool:
    """Whether a passage is short enough to stand on the card whole."""
    return len(passage) <= PASSAGE_LIMIT and passage.count("\n") < 4


def build_card(
    summary: RecordSummary, *, now: datetime, copy_left_at: datetime, site: Site, has_namesake: bool = False
) -> Card:
    """The card as it reads at `now`.

    Args:
        summary: what this reader may see.
        now: the moment of reading.
        copy_left_at: when this copy left the register; on the register's own page, now.
        site: what the site has settled.
        has_namesake: somebody of a similar name is on the register too.
    """
    control = _call(Contact(name="Control", is_professional=True, is_24h=True, telephone=site.control_telephone))
    calls = _calls(summary, control)
    until = _died_on(summary) or now.astimezone(LONDON).date()
    born = summary.identity.born_on
    return Card(
        summary=summary,
        line=_line(summary, now=now, copy_left_at=copy_left_at, site=site, number=calls[0].number),
        now=now,
        copy_left_at=copy_left_at,
        age=age_in_years(born, until) if born else None,
        calls=calls,
        control=control,
        has_namesake=has_namesake,
    )


def _died_on(summary: RecordSummary) -> date | None:
    death = summary.lifecycle.death
    return death.died_on if death and death.is_confirmed else None


def _line(summary: RecordSummary, *, now: datetime, copy_left_at: datetime, site: Site, number: str) -> CPRLine:
    if summary.cpr is None:
        return hidden_line(_with_numbers(site.words, site.control_telephone, site.control_telephone))
    words = _with_numbers(site.words, number, site.control_telephone)
    if summary.as_at is not None:
        words = replace(words, copy_age="")  # nothing left the register then: the page says which moment it shows
    return line(
        summary.cpr.state,
        held=tuple(held.as_rival() for held in summary.cpr.held),
        around=build_around(summary, now=now),
        copy_left_at=copy_left_at,
        now=now,
        confirmation_hours=site.confirmation_hours,
        copy_age_limit=site.copy_age_limit,
        words=words,
    )


@lru_cache(maxsize=256)
def _with_numbers(words: Words, number_24h: str, control: str) -> Words:
    """The site's sentences with the numbers to ring; many people have the same."""
    return replace(words, number_24h=number_24h, control=control)


def build_around(summary: RecordSummary, *, now: datetime) -> Around:
    """What the CPR rules must know of the rest of the record."""
    legal, death = summary.legal, summary.lifecycle.death
    return Around(
        today=now.astimezone(LONDON).date(),
        now=now,
        born_on=summary.identity.born_on,
        died=Died(death.status) if death and death.status else Died.NO,
        treatment_level=(summary.treatment.code if summary.treatment else "") or None,
        adrts=tuple(
            AdvanceDecision(
                refuses_cpr=one.refuses_cpr,
                document_seen=one.was_seen,
                withdrawn=not one.stands,
                made_on=one.made_on,
                missing=one.missing,
                location=one.location,
            )
            for one in (legal.advance_decisions if legal else ())
        ),
        proxies=tuple(
            Proxy(
                name=one.name,
                kind=ConsulteeKind.DEPUTY if one.is_deputy else ConsulteeKind.ATTORNEY,
                has_authority_for_life_sustaining=one.authority == "yes" and not one.is_deputy,
            )
            for one in (legal.attorneys if legal else ())
            if one.stands
        ),
        icd=(summary.risks.icd if summary.risks else "") or None,
        moved_at=summary.cpr.moved_at if summary.cpr else None,
    )


def _calls(summary: RecordSummary, control: Call) -> tuple[Call, ...]:
    """Everybody with a number, a number that is always answered first; without one, the site's own."""
    contacts = summary.contacts.to_call if summary.contacts else ()
    calls = tuple(_call(contact) for contact in contacts if contact.number)
    night = any(contact.is_professional and contact.is_24h and contact.number for contact in contacts)
    return calls if night else (control, *calls)


def _call(contact: Contact) -> Call:
    hours = "24 h" if contact.is_24h else contact.hours
    return Call(
        name=contact.name,
        who=", ".join(part for part in (contact.who, hours) if part),
        short=hours if contact.is_professional else contact.standing or contact.relationship,
        number=contact.number,
        dialled=build_dialled(contact.number),
    )


OBJECTED = "This person said no to sharing: nothing but the emergency opened it"


def build_notices(
    *,
    reason: AccessReason | None,
    identifiers_checked: tuple[str, ...] | None,
    is_read_back: bool,
    is_covered: bool = True,
    is_shared: bool = True,
    is_objected: bool = False,
) -> tuple[str, ...]:
    """How this reader came here, as it stays on the card.

    Args:
        reason: why the record was opened; None: it was not asked.
        identifiers_checked: what was compared; empty: "cannot check"; None: it was not asked.
        is_read_back: the role reads the card aloud to a caller.
        is_covered: an agreement covers the look, or it is the person's own practice (hazard H-62).
        is_shared: others than the practice see the record at all.
        is_objected: the person said no to sharing, and the area lets an emergency open it (hazard H-11).
    """
    not_shared = (
        "" if is_shared else "Created but not shared: crews do not see this record. Leave paper with the person"
    )
    notices = (
        OBJECTED if is_objected else not_shared,
        "Emergency access: a privacy officer reviews it" if reason is AccessReason.EMERGENCY else "",
        "" if is_covered else "No sharing agreement covers this look: nothing but the emergency opened it",
        "Identity not checked: compare before you act" if identifiers_checked == () else "",
        "Read aloud as it stands, once you know the caller" if is_read_back else "",
    )
    return tuple(notice for notice in notices if notice)
