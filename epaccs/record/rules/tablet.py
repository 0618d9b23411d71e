"""The card and the plan as a tablet holds them: plain JSON, and what of it depends on the moment of reading.

What a tablet works out by itself is only how long ago something was: `age` stands for how long ago the copy left the
register, `days` for how many days ago a date was. Whatever else reads differently later is made here, beforehand.

Source: docs/offline.md, the view; hazard H-49 (the tablet says something else than the page).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from epaccs.core.fields import local_date, start_of
from epaccs.cpr_decisions.rules.states import ProposalStatus
from epaccs.cpr_decisions.rules.words import Words
from epaccs.record.rules.ages import split_days
from epaccs.record.rules.card import Site, build_card, fits
from epaccs.record.rules.parts import Fact
from epaccs.record.rules.plan_view import FactLine, PlanView, Section, build_plan_view
from epaccs.record.rules.view import CPR_LINE, CPRBlock, Run, Runs, Strip, View, build_cpr, build_view
from epaccs.record.rules.whole import ShownSection
from epaccs.record.summary import RecordSummary

#: Stands for the age of the copy until the sentences are made; no text that is kept can hold it.
_MARK: Final = "\x1f"
_AGE: Final[Run] = ("age",)

#: How old a copy is taken to be for what it says once it is past its age.
_LATE: Final = timedelta(minutes=1)


def build_tablet_view(
    summary: RecordSummary,
    *,
    now: datetime,
    site: Site,
    horizon: timedelta,
    has_namesake: bool = False,
) -> dict[str, Any]:
    """The card of one person, with what of it reads differently until the horizon, and past the age of a copy.

    Args:
        now: the moment from which on it holds.
        site: what the site has settled; after how long a copy is too old is for the tablet's policy to say.
        horizon: for how long ahead; a view past it is read as a copy past its age.
    """
    marked = replace(site, words=_marked(site.words), copy_age_limit=None)

    def read_at(moment: datetime) -> dict[str, Any]:
        return _read_at(summary, moment, marked, has_namesake=has_namesake)

    turns = _turning_points(summary, now, now + horizon, site.confirmation_hours)
    return {
        "made_at": now.isoformat(),
        "until": (now + horizon).isoformat(),
        **_with_later(read_at, now, turns),
    }


def build_tablet_plan(
    build_sections: Callable[[date], Sequence[ShownSection]],
    *,
    last_days: Iterable[date],
    now: datetime,
    horizon: timedelta,
) -> dict[str, Any]:
    """The whole record of one person, with what of it reads differently until the horizon.

    Args:
        build_sections: the sections as they read on a day.
        last_days: after each of which an answer may be old (`whole.find_last_days`).
    """

    def read_at(moment: datetime) -> dict[str, Any]:
        day = local_date(moment)
        return as_json(_counting_plan(build_plan_view(build_sections(day)), day))

    turns = {start_of(day + timedelta(days=1)) for day in last_days}
    return _with_later(read_at, now, sorted(turn for turn in turns if now < turn <= now + horizon))


# --- What reads differently later ------------------------------------------------------------------------------------


def _with_later(
    read_at: Callable[[datetime], dict[str, Any]], now: datetime, turns: Sequence[datetime]
) -> dict[str, Any]:
    """A view as it reads now, and from each moment on what differs from that."""
    first = read_at(now)
    later: list[dict[str, Any]] = []
    latest = first
    for moment in turns:
        reads = read_at(moment)
        if reads != latest:
            later.append({"from": moment.isoformat(), "view": difference(first, reads)})
            latest = reads
    return {**first, "later": later} if later else first


def _turning_points(summary: RecordSummary, now: datetime, until: datetime, confirmation_hours: int) -> list[datetime]:
    """The moments at which a card may begin to read differently.

    A review date has passed, an answer has grown old, a birthday, a confirmation is overdue.
    """
    days = {day + timedelta(days=1) for day in _last_days(summary)}
    today = local_date(now)
    born = summary.identity.born_on
    if born is not None:
        days |= {_birthday(born, year) for year in range(today.year, local_date(until).year + 1)}
    moments = {start_of(day) for day in days}
    if summary.cpr is not None:
        moments |= {
            one.recorded_at + timedelta(hours=confirmation_hours)
            for one in summary.cpr.state.open_proposals
            if one.status is ProposalStatus.AWAITING_CONFIRMATION
        }
    return sorted(moment for moment in moments if now < moment <= until)


def _last_days(summary: RecordSummary) -> Iterator[date]:
    """The last day on which a review is not overdue, or an answer is not yet old."""
    in_force = summary.cpr.state.in_force if summary.cpr else None
    if in_force is not None and in_force.review_on is not None:
        yield in_force.review_on
    for part in vars(summary).values():
        if isinstance(part, Fact):
            yield from (one.check_by for one in part.ageing)


def _birthday(born: date, year: int) -> date:
    """Whoever was born on 29 February is a year older on 1 March."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def difference(first: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What turns one view into the other: what is new or other, None for what is gone.

    Within a list of as many parts, only those that differ are named, by their place.
    """
    changed = {key: _difference(first.get(key), value) for key, value in other.items() if first.get(key) != value}
    return changed | {key: None for key in first if key not in other}


def _difference(first: Any, other: Any) -> Any:
    if isinstance(first, dict) and isinstance(other, dict):
        return difference(first, other)
    if isinstance(first, list) and isinstance(other, list) and len(first) == len(other):
        pairs = list(zip(first, other, strict=True))
        if all(isinstance(before, dict) and isinstance(after, dict) for before, after in pairs):
            return {str(n): difference(*pair) for n, pair in enumerate(pairs) if pair[0] != pair[1]}
    return other


# --- As it reads at one moment ---------------------------------------------------------------------------------------


def _read_at(summary: RecordSummary, moment: datetime, site: Site, *, has_namesake: bool) -> dict[str, Any]:
    day = local_date(moment)
    card = build_card(summary, now=moment, copy_left_at=moment, site=site, has_namesake=has_namesake)
    too_old = replace(site, copy_age_limit=timedelta(0))
    late = build_card(summary, now=moment, copy_left_at=moment - _LATE, site=too_old)
    below = tuple(_passages(summary))
    reads = as_json(_for_tablet(build_view(card), day, {one.name for one in below}))
    past = difference({"cpr": reads["cpr"]}, {"cpr": as_json(_aged(build_cpr(late)))})
    more = {"bar": len(card.bar), "below": as_json(below), "past_age": past}
    return reads | {name: one for name, one in more.items() if one}


def _for_tablet(view: View, day: date, below: Container[str]) -> View:
    """The view without what the tablet knows better, or what would lead nowhere."""
    return view._replace(
        strip=Strip(changed=view.strip.changed),
        cpr=_aged(view.cpr),
        disagreements=tuple(tuple(_leading(line, ()) for line in box) for box in view.disagreements),
        parts=tuple(
            part._replace(
                lines=tuple(_leading(line, below) for line in part.lines),
                doubts=tuple(_counting(line, day) for line in part.doubts),
            )
            for part in view.parts
        ),
        bar=(),
    )


def _leading(line: Runs, below: Container[str]) -> Runs:
    """The line with links only to the line about CPR and to the passages below the card, its texts put together."""
    pieces: list[Run] = []
    for run in (_way(run, below) for run in line):
        if isinstance(run, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += run
        else:
            pieces.append(run)
    return tuple(pieces)


def _way(run: Run, below: Container[str]) -> Run:
    if isinstance(run, str) or run[0] != "link" or run[2] == CPR_LINE:
        return run
    name = run[2].removeprefix("section-")
    return ("link", run[1], f"passage-{name}") if name in below else run[1]


@lru_cache(maxsize=8)
def _marked(words: Words) -> Words:
    """The site's sentences with a mark where the age of the copy stands."""
    return replace(
        words,
        copy_age=words.copy_age.replace("{age}", _MARK),
        last_known=words.last_known.replace("{age}", _MARK),
    )


def _aged(block: CPRBlock) -> CPRBlock:
    """The block with a run of its own wherever the age of the copy stands."""
    return block._replace(line=_with_age(block.line), words=tuple(_with_age(line) for line in block.words))


def _with_age(line: Runs) -> Runs:
    return tuple(piece for run in line for piece in _age_pieces(run))


def _age_pieces(run: Run) -> tuple[Run, ...]:
    words, kind = (run, ()) if isinstance(run, str) else (run[1], run[:1])
    pieces = [one for piece in words.split(_MARK) for one in (_AGE, piece)][1:]
    return tuple((*kind, one) if kind and isinstance(one, str) else one for one in pieces if one)


def _counting(line: Runs, today: date) -> Runs:
    """The line with a run of its own where it says how many days ago something was."""
    return tuple(piece for run in line for piece in (_days_pieces(run, today) if isinstance(run, str) else (run,)))


def _days_pieces(words: str, today: date) -> tuple[Run, ...]:
    before, days, after = split_days(words)
    counted: Run = ("days", (today - timedelta(days=days)).isoformat())
    return (before, counted, after) if after else (before,)


# --- Below the card ---------------------------------------------------------------------------------------------------


def _passages(summary: RecordSummary) -> Iterator[Section]:
    """What the card leads to and does not hold: long passages, and statements of wishes."""
    for name, label, texts in _texts(summary):
        facts = tuple(FactLine(called, words) for called, words in texts if words)
        if facts:
            yield Section(name=name, label=label, facts=facts)


def _texts(summary: RecordSummary) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    treatment, legal, risks = summary.treatment, summary.legal, summary.risks
    yield "treatment_level", "Treatment level", [("Guidance", _long(treatment.guidance if treatment else ""))]
    refused = [("ADRT refuses", _long(one.refuses)) for one in (legal.advance_decisions if legal else ()) if one.stands]
    wishes = [("Advance statement of wishes", one.words) for one in (legal.statements if legal else ())]
    yield "legal", "ADRT and attorneys", [*refused, *wishes]
    yield "risks", "Alerts", [("Other risks", _long(risks.other if risks else ""))]
    plans = summary.contingencies.plans if summary.contingencies else ()
    long_ones = [one for one in plans if _long(one.trigger) or _long(one.what_to_do)]
    together = [pair for one in long_ones for pair in (("If this happens", one.trigger), ("Do this", one.what_to_do))]
    yield "contingency", "If something happens", together
    matters = summary.matters
    yield "about_me", "What matters to me", [("What is most important to me", _long(matters.words if matters else ""))]


def _long(words: str) -> str:
    """The passage, if the card does not hold it whole."""
    return "" if fits(words) else words


# --- The plan --------------------------------------------------------------------------------------------------------


def _counting_plan(plan: PlanView, today: date) -> PlanView:
    return plan._replace(sections=tuple(_counting_section(section, today) for section in plan.sections))


def _counting_section(section: Section, today: date) -> Section:
    return section._replace(
        facts=_counting_facts(section.facts, today),
        groups=tuple(group._replace(facts=_counting_facts(group.facts, today)) for group in section.groups),
    )


def _counting_facts(facts: tuple[FactLine, ...], today: date) -> tuple[FactLine, ...]:
    return tuple(one._replace(doubt=_counting(one.doubt, today)) if one.doubt else one for one in facts)


# --- As JSON ---------------------------------------------------------------------------------------------------------


def as_json(part: Any) -> Any:
    """A view as JSON holds it: what is as it mostly is, is left out."""
    if isinstance(part, tuple):
        defaults = getattr(part, "_field_defaults", None)
        if defaults is None:
            return [as_json(one) for one in part]
        named = zip(part._fields, part, strict=True)  # type: ignore[attr-defined]
        return {name: as_json(one) for name, one in named if one != defaults[name]}
    return part
