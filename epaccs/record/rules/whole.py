"""The whole record as it is read below the card: every fact with its question, and who entered it.

Source: SCCI1580 v4.0, record keeping (author, role, organisation, date and time of each amendment).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from epaccs.access.rules import Tier
from epaccs.core.fields import format_date, local_date
from epaccs.record.rules.parts import Rival, Said
from epaccs.record.sight import Fields, FieldSight, SectionSight, Sights, describe, is_restricted, visible
from epaccs.record.summary import build_said, build_said_of_death, find_copied, latest_stamp
from epaccs.register.rules import LIFECYCLE_LABELS, PLACES_OF_DEATH, LifecycleStatus
from epaccs.versions.rules import Material, Recorded, Value, present_items

#: Shown elsewhere: CPR has a page of its own.
_ELSEWHERE: Final = frozenset({"cpr"})

_AGREEMENTS: Final = {"register": "To be on the register", "share": "To share with the services that care for them"}


class Line(NamedTuple):
    """One fact. `said` None: entered with the rest of its section."""

    label: str
    words: str
    said: Said | None = None


class Group(NamedTuple):
    """One line of a section's list, such as one contact."""

    title: str
    lines: tuple[Line, ...]
    said: Said | None = None


class ShownSection(NamedTuple):
    """One section as it is read. `said` None: nothing is recorded. `missing`: questions of the card without an answer.

    `hidden`: questions whose answers are shown to nobody while the address is restricted, answered or not. `copied`:
    who copied some of it from paper that nobody compared with it since; None: nobody.
    """

    name: str
    label: str
    empty: str
    version: int = 0
    lines: tuple[Line, ...] = ()
    groups: tuple[Group, ...] = ()
    missing: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    said: Said | None = None
    confirmed: Said | None = None
    copied: Said | None = None
    rivals: tuple[Rival, ...] = ()

    @property
    def is_recorded(self) -> bool:
        """Anything at all stands here."""
        return bool(self.lines or self.groups)

    @property
    def is_blank(self) -> bool:
        """Nobody ever wrote here, and nothing waits to be kept."""
        return not self.version and not self.rivals


def build_sections(
    recorded: Material,
    tiers: frozenset[Tier],
    sights: Sights,
    *,
    organisations: Mapping[str, str],
    restricted: bool = False,
) -> tuple[ShownSection, ...]:
    """Every section that is there for this audience, in the order of page and paper; arguments as for a summary."""
    seen = visible(recorded, tiers, sights, restricted=restricted)
    hides_places = restricted or is_restricted(recorded)
    return tuple(
        _section(sight, seen, tiers, organisations, hides_places=hides_places)
        for name, sight in sights.items()
        if name not in _ELSEWHERE and sight.is_seen_by(tiers)
    )


def _section(
    sight: SectionSight,
    seen: Material,
    tiers: frozenset[Tier],
    organisations: Mapping[str, str],
    *,
    hides_places: bool,
) -> ShownSection:
    recorded = seen.sections.get(sight.name)
    rivals = tuple(
        Rival(by=build_said(held.author, at=held.held_at) or Said(), words=describe(sight, held.body))
        for held in seen.held_in(sight.name)
    )
    if recorded is None:
        return ShownSection(sight.name, sight.label, sight.empty, rivals=rivals)
    stamp = latest_stamp([recorded])
    asked = {} if sight.is_whole else sight.fields_for(tiers)
    hidden = {name: one for name, one in asked.items() if one.tells_place} if hides_places else {}
    answers = {
        name: words
        for name, one in asked.items()
        if name in recorded.value and (words := one.words(recorded.value[name]))
    }
    return ShownSection(
        name=sight.name,
        label=sight.label,
        empty=sight.empty,
        version=recorded.version,
        lines=tuple(
            _WHOLE[sight.name](sight, recorded.value, hides_places)
            if sight.is_whole
            else _lines(asked, answers, recorded, stamp, organisations)
        ),
        groups=tuple(_groups(sight, recorded, stamp)),
        missing=tuple(
            one.label
            for name, one in asked.items()
            if one.on_card and name not in hidden and _is_missing(name, one, answers)
        ),
        hidden=tuple(one.label for one in hidden.values()),
        said=build_said(stamp),
        confirmed=build_said(recorded.confirmed_by, at=recorded.confirmed_at),
        copied=find_copied(recorded),
        rivals=rivals,
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
    of_section: Value | None,
    organisations: Mapping[str, str],
) -> Iterator[Line]:
    for name, words in answers.items():
        shown = organisations.get(words, words) if fields[name].kind == "organisation" else words
        yield Line(fields[name].label, shown, _own(recorded, name, of_section))


def _own(recorded: Recorded, key: str, of_section: Value | None) -> Said | None:
    """Who entered one fact, where it was not whoever entered the section last."""
    stamp = recorded.provenance.get(key)
    return None if stamp == of_section else build_said(stamp)


def _groups(sight: SectionSight, recorded: Recorded, of_section: Value | None) -> Iterator[Group]:
    for item_id, item in sorted(present_items(recorded.value).items(), key=lambda pair: sight.rank(pair[1])):
        lines = tuple(
            Line(field.label, words)
            for name, field in sight.item_fields.items()
            if name in item and (words := field.words(item[name]))
        )
        yield Group(sight.title(item), lines, _own(recorded, f"items/{item_id}", of_section))


def _agreements(sight: SectionSight, value: Value, _hides_places: bool) -> Iterator[Line]:
    for name, label in _AGREEMENTS.items():
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
