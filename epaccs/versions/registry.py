"""What the writer knows of sections: upper rooms declare theirs here, so that arrows still point down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.rules import AccessReason, Permission, Tier
from epaccs.clinicians.rules import Actor
from epaccs.core.errors import Contradicts, NotFound
from epaccs.versions.rules import Outcome, Severity, Standing, Value, Why, put_item, remove_item, without_blanks

Body = dict[str, Any]

#: The shape of an edit that names none.
FIRST_SCHEMA: Final = 1


@dataclass(frozen=True)
class Context:
    """What a section's rules may look at: the author, the moment, and every section of the person under lock.

    `values` maps section name to its value now. `decided_at` None: the edit states no clinical time.
    `signing_days`: from when until when the author may sign CPR decisions, as authorised until now.
    """

    actor: Actor
    edit_id: UUID
    entry_id: UUID
    now: datetime
    today: date
    values: Mapping[str, Value]
    disputed: frozenset[str]
    decided_at: datetime | None
    signing_days: tuple[tuple[date, date], ...] = ()


def _load_as_it_is(body: Body) -> Body:
    return body


def routine(_body: Body, _current: Value | None) -> Severity:
    """A held change can wait until somebody looks."""
    return Severity.ROUTINE


def high(_body: Body, _current: Value | None) -> Severity:
    """A held change needs somebody soon, whatever it says."""
    return Severity.HIGH


def replace_fields(base: Value | None, body: Body, _context: Context) -> Value:
    """The section with these fields; a blank one is taken out, and fields this program does not know stay."""
    return without_blanks({**(base or {}), **body})


def add_item(base: Value | None, body: Body, _context: Context) -> Value:
    """The section with one item of its list added or changed; `item_id` names it."""
    return put_item(base, body["item_id"], body["item"])


def take_item(base: Value | None, body: Body, _context: Context) -> Value:
    """The section with one item of its list marked as removed, with the reason."""
    return remove_item(base, body["item_id"], reason=body["reason"])


@dataclass(frozen=True)
class Kind:
    """One kind of edit of a section.

    Args:
        permission: what its author needs.
        load: the shape at the edge; raises RuleBroken or RulesBroken with sentences.
        reduce: what the edit makes of a value.
        independent: never stale, never held (see `versions.rules.decide`).
        severity: how soon a held edit of this kind needs a person.
        creates_entry: it puts the person on the register.
        online_only: it is not taken from a tablet, because more happens beside it than this edit.
    """

    permission: Permission
    load: Callable[[Body], Body] = _load_as_it_is
    reduce: Callable[[Value | None, Body, Context], Value] = replace_fields
    independent: bool = False
    severity: Callable[[Body, Value | None], Severity] = routine
    creates_entry: bool = False
    online_only: bool = False

    @property
    def is_offline(self) -> bool:
        """Whether a tablet may send it."""
        return not (self.creates_entry or self.online_only)


Rows = list[tuple[str, str]]


def _describe_plainly(value: Value) -> Rows:
    return [(name.replace("_", " ").capitalize(), str(part)) for name, part in value.items()]


def _no_rules(_value: Value, _context: Context) -> None: ...


def _hides_nothing(_tiers: frozenset[Tier]) -> frozenset[str]:
    return frozenset()


def _no_projection(_session: Session, _entry_id: UUID, _value: Value, _context: Context) -> None: ...


RESOLVE: Final = "resolve"
CONFIRM: Final = "confirm"
#: Kinds that every section takes, in one shape for all.
EVERYWHERE: Final = frozenset({RESOLVE, CONFIRM})

#: What an edit of the shape before says in the next: its kind and its body.
Upcast = Callable[[str, Body], tuple[str, Body]]


@dataclass(frozen=True)
class Section:
    """One section of the record, as the writer needs it.

    Args:
        critical: a stale change is held, never merged (hazard H-13).
        check: the section's own rules on the value about to be kept; raises RuleBroken or RulesBroken.
        project: tables that follow the value, in the same transaction.
        describe: a value, or the body of an edit, as rows of words, where two sides are laid side by side.
        leads_to_door: its fields that are not shown while the address is restricted.
        schema: number of the shape of its edits: raised when one that was taken before would not be, or would be read
            otherwise, because a tablet brings what it wrote with a program of long ago.
        upcasts: from each former shape to the one after it.
        hidden_from: its fields that an audience does not see although it sees the section.
        is_signed: whoever settles a dispute about it says who they are anew, as whoever signs it does (hazard H-64).
    """

    name: str
    label: str
    tier: Tier
    critical: bool
    kinds: Mapping[str, Kind]
    check: Callable[[Value, Context], None] = _no_rules
    project: Callable[[Session, UUID, Value, Context], None] = _no_projection
    describe: Callable[[Value], Rows] = _describe_plainly
    leads_to_door: frozenset[str] = frozenset()
    hidden_from: Callable[[frozenset[Tier]], frozenset[str]] = _hides_nothing
    schema: int = FIRST_SCHEMA
    upcasts: Mapping[int, Upcast] = field(default_factory=dict)
    is_signed: bool = False

    def upcast(self, kind: str, body: Body, schema: int) -> tuple[str, Body] | None:
        """What an edit of another shape says in the one of today; None: no way leads there.

        Args:
            schema: the number of its shape.
        """
        if kind in EVERYWHERE:
            return kind, body
        if schema > self.schema or not all(number in self.upcasts for number in range(schema, self.schema)):
            return None
        for number in range(schema, self.schema):
            kind, body = self.upcasts[number](kind, body)
        return kind, body

    def get_kind(self, name: str) -> Kind:
        """The kind of edit.

        Raises:
            NotFound: the section knows no such kind.
        """
        try:
            return self.kinds[name]
        except KeyError:
            raise NotFound from None


@dataclass(frozen=True)
class FromTablet:
    """What came with an edit that was made without signal.

    Args:
        sequence: the tablet's own number of it.
        recorded_at: by the tablet's clock; it decides nothing.
        clock_offset_ms: the tablet's clock less the register's, as measured; None: it was not.
        seen_number: of the latest change to this person that the author's copy showed.
        shared_until: the register was restored since: what was recorded later is another history than the author saw;
            None: it was not.
        reason: why they had opened the record; None: none was given with this edit.
        hold: why it waits for a person whatever it says; None: nothing is known against it.
    """

    device_id: UUID
    sequence: int
    recorded_at: datetime
    clock_offset_ms: int | None
    signature: str
    seen_number: int
    reason: AccessReason | None = None
    hold: Why | None = None
    shared_until: datetime | None = None


@dataclass(frozen=True)
class EditRequest:
    """What somebody asks to change.

    Args:
        id: made when the form was shown, so that sending it twice has one effect.
        base_version: the version of the section the author had seen; 0: nothing was recorded.
        decided_at: when it was decided, as a person said; never used to pick a winner. None: no such time.
        is_from_paper: copied from paper, so that somebody else must compare it before it is read as checked.
        schema: number of the shape of its kind and body; None: the section's own, of today.
        tablet: None: it was made in a form.
    """

    id: UUID
    entry_id: UUID
    section: str
    kind: str
    body: Body
    base_version: int
    after_id: UUID | None = None
    decided_at: datetime | None = None
    is_from_paper: bool = False
    tablet: FromTablet | None = None
    schema: int | None = None


@dataclass(frozen=True)
class Applied:
    """What became of an edit.

    `outcome` is the first outcome and never changes; `standing` is where a held edit stands now (None: never held).
    `replayed`: the same edit had come before. `seen_version`: the version that its author has now seen: the one after
    this edit when nothing of others came between, else the one they had before.
    """

    edit_id: UUID
    outcome: Outcome
    section_version: int
    standing: Standing | None = None
    replayed: bool = False
    seen_version: int = 0

    @property
    def is_held(self) -> bool:
        """It waits for a person."""
        return self.standing is Standing.OPEN


#: What must follow an edit of one section in another, in the same transaction: a confirmed death ends a decision.
Consequence = Callable[[Actor, EditRequest, Applied], None]

#: A rule across sections: every value as it would be kept, the section and body that change it.
#: Raises RuleBroken when they contradict each other.
CrossRule = Callable[[Mapping[str, Value], str, Body, Context], None]

_sections: dict[str, Section] = {}
_cross_rules: list[CrossRule] = []
_consequences: list[Consequence] = []


def register_section(section: Section) -> None:
    """Declare a section; the same name again replaces it."""
    _sections[section.name] = section


def register_rule(rule: CrossRule) -> None:
    """Declare a rule across sections; twice registered runs once."""
    if rule not in _cross_rules:
        _cross_rules.append(rule)


def register_consequence(consequence: Consequence) -> None:
    """Declare what follows edits of other sections; twice registered runs once."""
    if consequence not in _consequences:
        _consequences.append(consequence)


def consequences() -> tuple[Consequence, ...]:
    """Every declared consequence, in order of declaration."""
    return tuple(_consequences)


def get_section(name: str) -> Section:
    """A declared section.

    Raises:
        NotFound: nobody declared it.
    """
    try:
        return _sections[name]
    except KeyError:
        raise NotFound from None


def sections() -> tuple[Section, ...]:
    """Every declared section, in order of declaration."""
    return tuple(_sections.values())


def check_across(
    values: Mapping[str, Value], section: str, body: Body, context: Context, *, is_answered: bool = False
) -> None:
    """Run every rule across sections on the values as they would be kept.

    Args:
        is_answered: somebody who settles has said why sections may stand together though they disagree.
    """
    for rule in _cross_rules:
        try:
            rule(values, section, body, context)
        except Contradicts:
            if not is_answered:
                raise
