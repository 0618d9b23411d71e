"""The whole record as it is read below the card: every fact with its question, and who entered it.

Source: SCCI1580 v4.0, record keeping (author, role, organisation, date and time of each amendment).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Final, NamedTuple

from epaccs.access.rules import Tier
from epaccs.care_plans.rules import STAGES, Stage, find_stage, is_asked
from epaccs.core.fields import format_date, local_date
from epaccs.record.rules.ages import doubt_in_words, find_ageing
from epaccs.record.rules.news import LastLook, find_news
from epaccs.record.rules.parts import Disagreement, Rival, Said, SaidWrong
from epaccs.record.sight import Fields, FieldSight, SectionSight, Sights, describe, is_restricted, visible
from epaccs.record.summary import build_said, build_said_of_death, find_copied, latest_stamp
from epaccs.register.rules import LIFECYCLE_LABELS, OBJECTIONS, PLACES_OF_DEATH, LifecycleStatus
from epaccs.versions.rules import Material, Recorded, Value, present_items

#: Shown elsewhere: CPR has a page of its own.
_ELSEWHERE: Final = frozenset({"cpr"})

#: So many lines of a log stand in the record, the newest.
LOG_LENGTH: Final = 5

_AGREEMENTS: Final = {"register": "To be on the register", "share": "To share with the services that care for them"}


class Line(NamedTuple):
    """One fact. `said` None: entered with the rest of its section. `is_new`: entered since the reader last looked.

    `doubt`: that it is old; empty: it is not.
    """

    label: str
    words: str
    said: Said | None = None
    is_new: bool = False
    doubt: str = ""


class Group(NamedTuple):
    """One line of a section's list, such as one contact."""

    title: str
    lines: tuple[Line, ...]
    said: Said | None = None
    is_new: bool = False
    id: str = ""


class ShownSection(NamedTuple):
    """One section as it is read. `said` None: nothing is recorded. `missing`: questions of the card without an answer.

    `hidden`: questions whose answers are shown to nobody while the address is restricted, answered or not.
    `is_changed`: somebody else changed it since the reader last looked.
    `asked_from`: the stage of the illness from which anything here is asked, if it has not come; empty: it is asked.
    `copied`: who copied some of it from paper that nobody compared with it since; None: nobody.
    `said_wrong`: that it was found wrong, and nobody settled it; None: it was not.
    `is_log`: its lines are only added; `earlier`: so many older ones are not among the groups.
    """

    name: str
    label: str
    empty: str
    version: int = 0
    lines: tuple[Line, ...] = ()
    groups: tuple[Group, ...] = ()
    missing: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    asked_from: str = ""
    said: Said | None = None
    confirmed: Said | None = None
    copied: Said | None = None
    rivals: tuple[Rival, ...] = ()
    is_changed: bool = False
    disagreements: tuple[Disagreement, ...] = ()
    said_wrong: SaidWrong | None = None
    is_log: bool = False
    earlier: int = 0

    @property
    def is_recorded(self) -> bool:
        """Anything at all stands here."""
        return bool(self.lines or self.groups)

    @property
    def is_blank(self) -> bool:
        """Nobody ever wrote here, and nothing waits to be kept."""
        return not self.version and not self.rivals


class Reading(NamedTuple):
    """For whom a record is read, and when.

    Args:
        tiers: what the audience sees.
        organisations: the names of the organisations that an identity names by code.
        today: the day of reading, by which answers grow old.
        restricted: the address is restricted now, whatever the record says of an earlier day.
        look: the reader's last look, since which changes are marked; None: nothing is marked.
        log_length: how many lines of a log are shown; None: all.
    """

    tiers: frozenset[Tier]
    organisations: Mapping[str, str]
    today: date
    restricted: bool = False
    look: LastLook | None = None
    log_length: int | None = LOG_LENGTH


def build_sections(recorded: Material, reading: Reading, sights: Sights) -> tuple[ShownSection, ...]:
    """Every section that is there for this audience, in the order of page and paper."""
    seen = visible(recorded, reading.tiers, sights, restricted=reading.restricted)
    reading = reading._replace(restricted=reading.restricted or is_restricted(recorded))
    if has_died(recorded):  # nobody is asked to check again what was recorded of somebody who died
        reading = reading._replace(today=date.min)
    stage = _find_stage(seen)
    return tuple(
        _mark_later(_section(sight, seen, reading), sight.asked_from(reading.tiers), stage)
        for name, sight in sights.items()
        if name not in _ELSEWHERE
        and sight.is_seen_by(reading.tiers)
        and not (sight.is_log and name not in seen.sections)
    )


def find_last_days(recorded: Material, sights: Sights) -> Iterator[date]:
    """The last day on which each answer that grows old is not old yet, whoever may see it."""
    for name, one in recorded.sections.items():
        sight = sights.get(name)
        if sight is None or sight.is_whole:
            continue
        answers = [(field, one.value.get(key), key) for key, field in sight.fields.items() if field.ages]
        answers += [
            (field, item.get(key), f"items/{item_id}")
            for item_id, item in present_items(one.value).items()
            for key, field in sight.item_fields.items()
            if field.ages
        ]
        ageing = (find_ageing(field, answer, one, key=key) for field, answer, key in answers)
        yield from (found.check_by for found in ageing if found is not None)


def has_died(recorded: Material) -> bool:
    """A clinician confirmed the death."""
    return ((recorded.value("lifecycle") or {}).get("death") or {}).get("status") == "confirmed"


def with_disagreements(
    sections: Sequence[ShownSection], disagreements: Sequence[Disagreement]
) -> tuple[ShownSection, ...]:
    """Each section with what it and another say against each other."""
    if not disagreements:
        return tuple(sections)
    return tuple(
        section._replace(disagreements=tuple(one for one in disagreements if section.name in one.sections))
        for section in sections
    )


def with_doubts(
    sections: Sequence[ShownSection], disagreements: Sequence[Disagreement], said_wrong: Sequence[SaidWrong]
) -> tuple[ShownSection, ...]:
    """Each section with what the summary says against it: other answers, and whoever found it wrong (hazard H-52)."""
    doubted = with_disagreements(sections, disagreements)
    if not said_wrong:
        return doubted
    found = {one.section: one for one in said_wrong}
    return tuple(section._replace(said_wrong=found.get(section.name)) for section in doubted)


def _find_stage(seen: Material) -> Stage | None:
    """The stage by what this reader sees: whoever may not know it is shown every section as asked (hazard H-05)."""
    values = {name: one.value for name, one in seen.sections.items()}
    return find_stage(values, disputed=[held.section for held in seen.held])


def _mark_later(section: ShownSection, asked_from: Stage, stage: Stage | None) -> ShownSection:
    return section if is_asked(asked_from, stage) else section._replace(asked_from=STAGES[asked_from])


def _section(sight: SectionSight, seen: Material, reading: Reading) -> ShownSection:
    recorded = seen.sections.get(sight.name)
    rivals = tuple(
        Rival(by=build_said(held.author, at=held.held_at) or Said(), words=describe(sight, held.body))
        for held in seen.held_in(sight.name)
    )
    if recorded is None:
        return ShownSection(sight.name, sight.label, sight.empty, rivals=rivals)
    stamp, news = latest_stamp([recorded]), find_news(recorded, reading.look)
    asked = {} if sight.is_whole else sight.fields_for(reading.tiers)
    hidden = {name: one for name, one in asked.items() if one.tells_place} if reading.restricted else {}
    answers = {
        name: words
        for name, one in asked.items()
        if name in recorded.value and (words := one.words(recorded.value[name]))
    }
    groups = _groups(sight, recorded, reading, None if sight.is_log else stamp, news or frozenset())
    shown = tuple(islice(groups, reading.log_length)) if sight.is_log else tuple(groups)
    return ShownSection(
        name=sight.name,
        label=sight.label,
        empty=sight.empty,
        version=recorded.version,
        lines=tuple(
            _WHOLE[sight.name](sight, recorded.value, reading.restricted)
            if sight.is_whole
            else _lines(asked, answers, recorded, reading, stamp, news or frozenset())
        ),
        groups=shown,
        missing=tuple(
            one.label.rstrip("?")
            for name, one in asked.items()
            if one.on_card and name not in hidden and _is_missing(name, one, answers)
        ),
        hidden=tuple(one.label for one in hidden.values()),
        said=None if sight.is_log else build_said(stamp),
        confirmed=build_said(recorded.confirmed_by, at=recorded.confirmed_at),
        copied=find_copied(recorded),
        rivals=rivals,
        is_changed=news is not None,
        is_log=sight.is_log,
        earlier=len(present_items(recorded.value)) - len(shown),
    )


def _is_missing(name: str, field: FieldSight, answers: Mapping[str, str]) -> bool:
    """A statement nobody ticked is no question, and a number that is there needs no reason why there is none."""
    if field.kind == "tick" or (name == "no_nhs_number_reason" and answers.get("nhs_number")):
        return False
    return not answers.get(name)


def _lines(
    fields: Fields,
    answers: Mapping[str, str],
    recorded: Recorded,
    reading: Reading,
    of_section: Value | None,
    news: frozenset[str],
) -> Iterator[Line]:
    for name, words in answers.items():
        shown = reading.organisations.get(words, words) if fields[name].kind == "organisation" else words
        doubt = doubt_in_words(find_ageing(fields[name], recorded.value[name], recorded, key=name), reading.today)
        yield Line(fields[name].label, shown, _own(recorded, name, of_section), name in news, doubt)


def _own(recorded: Recorded, key: str, of_section: Value | None) -> Said | None:
    """Who entered one fact, where it was not whoever entered the section last."""
    stamp = recorded.provenance.get(key)
    return None if stamp == of_section else build_said(stamp)


def _groups(
    sight: SectionSight, recorded: Recorded, reading: Reading, of_section: Value | None, news: frozenset[str]
) -> Iterator[Group]:
    for item_id, item in sorted(present_items(recorded.value).items(), key=lambda pair: sight.rank(pair[1])):
        key = f"items/{item_id}"
        lines = tuple(
            Line(
                field.label,
                words,
                doubt=doubt_in_words(find_ageing(field, item[name], recorded, key=key), reading.today),
            )
            for name, field in sight.item_fields.items()
            if name in item and name not in sight.titled and (words := field.words(item[name]))
        )
        yield Group(sight.title(item), lines, _own(recorded, key, of_section), key in news, item_id)


def _agreements(sight: SectionSight, value: Value, _hides_places: bool) -> Iterator[Line]:
    objections = {name: label for name, label in OBJECTIONS.items() if value.get(name)}
    for name, label in {**_AGREEMENTS, **objections}.items():
        answer = value.get(name) or {}
        decided_on = sight.fields["decided_on"].words(answer.get("decided_on"))
        said_by = ", ".join(part for part in (answer.get("decided_by"), decided_on, answer.get("basis")) if part)
        words = sight.fields["status"].words(answer.get("status"))
        yield Line(label, " - ".join(part for part in (words, said_by) if part) or "Not recorded")


def _milestones(_sight: SectionSight, value: Value, hides_places: bool) -> Iterator[Line]:
    """Since when on the register, when it is gone through next, and how it ended.

    Source: SCCI1580 v4.0 items 2, 3, 59, 60.
    """
    registered, death = value.get("registered") or {}, value.get("death") or {}
    yield Line("Entry", LIFECYCLE_LABELS[LifecycleStatus(value["status"])])
    if registered:
        at = datetime.fromisoformat(registered["at"])
        yield Line("Put on the register", format_date(local_date(at)), build_said(registered.get("by"), at=at))
    if value.get("review_due_on"):
        yield Line("Next review of the whole record", format_date(date.fromisoformat(value["review_due_on"])))
    if death:
        died_on = format_date(date.fromisoformat(death["died_on"]))
        yield Line(f"Death {death['status']}", died_on, build_said_of_death(death))
        place = PLACES_OF_DEATH.get(death.get("place", ""), "")
        name = "" if hides_places else death.get("place_name", "")
        if where := ", ".join(part for part in (place, name) if part):
            yield Line("Place of death", where)
        if death.get("variance_reason"):
            yield Line("Why not where they wished", death["variance_reason"])


_WHOLE: Final[Mapping[str, Callable[[SectionSight, Value, bool], Iterator[Line]]]] = {
    "consent": _agreements,
    "lifecycle": _milestones,
}
