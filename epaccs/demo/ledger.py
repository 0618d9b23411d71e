"""The rows of one made-up person, worked out in memory by the rules that the one writer works by.

What is shared with the writer: loaders, reductions, checks, decisions, provenance, rows of edits and versions, notices,
search keys and cards. What is told again here: the order in which registering, opening and editing write. A test tells
the same stories both ways and compares every table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Table

from epaccs.access.actions import IDENTIFIERS, event
from epaccs.access.model import AccessGrant, EntryScope, Relationship
from epaccs.access.queries import INCIDENT_HOURS
from epaccs.access.rules import AccessReason
from epaccs.audit.events import Event, EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core.changes import Change, EntryChange
from epaccs.core.fields import local_date
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.actions import clinical_time
from epaccs.cpr_decisions.model import CPRDecision
from epaccs.cpr_decisions.rules import EditKind
from epaccs.cpr_decisions.section import CPR, build_decision_rows, notice_change
from epaccs.demo.staff import World
from epaccs.demo.stories import Body, Concern, Step, Story
from epaccs.notices.actions import ACCOUNTABLE, About, build_notice_row, tell_of_change
from epaccs.notices.model import Notice
from epaccs.notices.rules import NoticeKind
from epaccs.record.actions.cards import build_card_rows
from epaccs.record.model import StoredCard
from epaccs.record.rules.search_keys import SearchRows, build_search_rows
from epaccs.register import rules as register_rules
from epaccs.register.actions import part_of
from epaccs.register.model import RegisterEntry
from epaccs.register.rules import ConsentStatus
from epaccs.register.sections import CONSENT, IDENTITY, LIFECYCLE, name_key
from epaccs.versions import registry
from epaccs.versions.actions import build_edit_row, build_version_row
from epaccs.versions.model import Edit, Entry, HeldEdit, SectionHead, SectionVersion
from epaccs.versions.registry import Context, EditRequest, Kind, Section
from epaccs.versions.rules import Held, Material, Outcome, Position, Recorded, Standing, Value, decide

Row = dict[str, Any]


def _table(model: type[Any]) -> Table:
    table: Table = model.__table__
    return table


#: Tables in the order in which rows may be written.
TABLES: Final[tuple[Table, ...]] = tuple(
    _table(model)
    for model in (
        Entry,
        Edit,
        SectionHead,
        SectionVersion,
        HeldEdit,
        EntryChange,
        EntryScope,
        RegisterEntry,
        Relationship,
        AccessGrant,
        CPRDecision,
        Notice,
        StoredCard,
    )
)


@dataclass
class _Head:
    """Where a section stands."""

    version: int = 0
    value: Value | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    row: Row = field(default_factory=dict)
    is_disputed: bool = False
    earlier: dict[int, Value] = field(default_factory=dict)


class Ledger:
    """One person's rows, deed by deed."""

    def __init__(self, story: Story, world: World) -> None:
        self.story, self._world = story, world
        self.events: list[tuple[Event, datetime]] = []
        self.changes: list[Change] = []
        self._rows: dict[Table, list[Row]] = defaultdict(list)
        self._heads: dict[str, _Head] = defaultdict(_Head)
        self._held: list[Held] = []
        self._opened: dict[str, datetime] = {}
        self._at, self._ticks = story.registered_at, 0
        self._desk = _Desk(self)
        self._tell()

    # What others ask

    def now(self) -> datetime:
        """The moment that is told of, a microsecond later at each look."""
        self._ticks += 1
        return self._at + timedelta(microseconds=self._ticks)

    def accountable(self) -> list[UUID]:
        """Who is accountable for the person now: the usual practice first."""
        found = [row for row in self._rows[_table(Relationship)] if row["reason"] in ACCOUNTABLE]
        ordered = sorted(found, key=lambda row: row["reason"], reverse=True)
        return list(dict.fromkeys(row["organisation_id"] for row in ordered))

    def workplaces_of(self, clinician_id: UUID) -> list[UUID]:
        """Where a clinician works."""
        return self._world.workplaces[clinician_id]

    # Deeds, in the order in which the actions write

    def _tell(self) -> None:
        story = self.story
        self._register(self._world.actors[story.registered_by])
        for step in story.steps:
            self._at, self._ticks = step.at, 0
            actor = self._world.actors[step.by]
            if isinstance(step, Concern):
                self._concern(actor, step)
            else:
                self._open_once_a_shift(actor, step)
                self._edit(actor, self._request(step))

    def _register(self, actor: Actor) -> None:
        story = self.story
        self._edit(actor, self._first(LIFECYCLE, "register", {}))
        self._edit(actor, self._first(CONSENT, "register", story.consent))
        self._edit(actor, self._first(IDENTITY, "register", story.identity))
        self._relate(actor.organisation_id, "registered_here", actor.clinician_id)
        for name, reason in (("practice_ods", "registered_practice"), ("key_worker_ods", "key_worker")):
            if ods_code := story.identity.get(name):
                self._relate(self._world.places[ods_code].id, reason, None)
        self._open(actor, IDENTIFIERS[:3])
        self._desk.notify_accountable(About(story.entry_id, NoticeKind.REGISTERED), but=actor.organisation_id)
        for section, body in story.sections.items():
            self._edit(actor, self._first(section, "put", body))
        self._record(event(actor, EventKind.REGISTERED, entry_id=story.entry_id))
        self._opened[story.registered_by] = story.registered_at

    def _first(self, section: str, kind: str, body: Mapping[str, Any]) -> EditRequest:
        entry_id = self.story.entry_id
        return EditRequest(part_of(entry_id, section), entry_id, section, kind, dict(body), base_version=0)

    def _request(self, step: Step) -> EditRequest:
        base_version = self._heads[step.section].version if step.base_version is None else step.base_version
        decided_at = clinical_time(step.body) if step.section == CPR else None
        entry_id = self.story.entry_id
        return EditRequest(step.id, entry_id, step.section, step.kind, step.body, base_version, decided_at=decided_at)

    def _relate(self, organisation_id: UUID, reason: str, recorded_by: UUID | None) -> None:
        self._rows[_table(Relationship)].append(
            {
                "id": new_id(),
                "entry_id": self.story.entry_id,
                "organisation_id": organisation_id,
                "reason": reason,
                "from_at": self.now(),
                "until_at": None,
                "recorded_by": recorded_by,
            }
        )

    def _concern(self, actor: Actor, step: Concern) -> None:
        self._relate(self._world.places[step.organisation_ods].id, step.reason, actor.clinician_id)
        self._record(event(actor, EventKind.RELATIONSHIP_CHANGED, entry_id=self.story.entry_id, reason=step.reason))

    def _open_once_a_shift(self, actor: Actor, step: Step) -> None:
        before = self._opened.get(step.by)
        if before is None or step.at - before >= timedelta(hours=INCIDENT_HOURS):
            self._open(actor, IDENTIFIERS[:2])
            self._opened[step.by] = step.at

    def _open(self, actor: Actor, checked: Iterable[str]) -> None:
        now, reason, identifiers = self.now(), str(AccessReason.PERMISSION_GIVEN), list(checked)
        self._rows[_table(AccessGrant)].append(
            {
                "id": new_id(),
                "entry_id": self.story.entry_id,
                "clinician_id": actor.clinician_id,
                "organisation_id": actor.organisation_id,
                "role": str(actor.role),
                "reason": reason,
                "in_scope": True,
                "identifiers_checked": identifiers,
                "given_at": now,
                "until_at": now + timedelta(hours=INCIDENT_HOURS),
            }
        )
        details = {"reason": reason, "identifiers": identifiers, "in_scope": True}
        self._record(event(actor, EventKind.ACCESS_REASON_GIVEN, entry_id=self.story.entry_id, **details))

    def _record(self, what: Event) -> None:
        self.events.append((what, self.now()))

    # One edit, as the writer decides it

    def _edit(self, actor: Actor, request: EditRequest) -> None:
        section = registry.get_section(request.section)
        kind, head = section.get_kind(request.kind), self._heads[request.section]
        body, context = load_body(section, request.kind, request.body), self._context(actor, request)
        base = head.value if kind.independent else head.earlier.get(request.base_version)
        position = Position(head.version, request.base_version, head.is_disputed, head.value, base)
        decision = decide(
            position, kind.reduce(base, body, context), critical=section.critical, independent=kind.independent
        )
        if decision.value is not None:
            self._keep(section, request, body, context, decision.value)
        row = build_edit_row(request, context, body, outcome=decision.outcome, version=head.version)
        self._rows[_table(Edit)].append({**row, "schema": section.schema})
        if decision.outcome is Outcome.HELD:
            self._hold(kind, position, row)
        self._note(actor, request, row)
        if request.section == LIFECYCLE and request.kind == "confirm_death":
            self._end_by_death(actor, request)

    def _context(self, actor: Actor, request: EditRequest) -> Context:
        now = self.now()
        return Context(
            actor=actor,
            edit_id=request.id,
            entry_id=request.entry_id,
            now=now,
            today=local_date(now),
            values=self._values(),
            disputed=frozenset(name for name, head in self._heads.items() if head.is_disputed),
            decided_at=request.decided_at,
            signing_days=self._world.signing_days.get(actor.clinician_id, ()),
        )

    def _values(self) -> dict[str, Value]:
        return {name: head.value for name, head in self._heads.items() if head.value is not None}

    def _keep(self, section: Section, request: EditRequest, body: Body, context: Context, value: Value) -> None:
        section.check(value, context)
        registry.check_across({**context.values, section.name: value}, section.name, body, context)
        head = self._heads[section.name]
        head.version += 1
        before = (head.value, head.provenance)
        row = build_version_row(request, context, value, version=head.version, before=before)
        self._rows[_table(SectionVersion)].append(row)
        head.value, head.provenance, head.row, head.earlier[head.version] = value, row["provenance"], row, value
        if section.name == CPR:
            notice_change(self._desk, value, context)

    def _hold(self, kind: Kind, position: Position, edit: Row) -> None:
        head = self._heads[edit["section"]]
        head.is_disputed = True
        row = {
            "edit_id": edit["id"],
            "entry_id": edit["entry_id"],
            "section": edit["section"],
            "severity": str(kind.severity(edit["body"], head.value)),
            "why": "disputed" if position.disputed and not position.is_stale else "changed_meanwhile",
            "held_at": edit["received_at"],
            "standing": str(Standing.OPEN),
        }
        self._rows[_table(HeldEdit)].append(row)
        self._held.append(
            Held(
                edit_id=edit["id"],
                section=edit["section"],
                kind=edit["kind"],
                body=edit["body"],
                base_version=edit["base_version"],
                author=edit["author"],
                decided_at=edit["decided_at"],
                held_at=row["held_at"],
                severity=row["severity"],
                why=row["why"],
            )
        )

    def _note(self, actor: Actor, request: EditRequest, edit: Row) -> None:
        """Number the change, tell whoever is accountable, and leave the trace."""
        outcome, number = edit["outcome"], len(self.changes)
        if outcome != Outcome.SAME:
            change = Change(
                number,
                request.entry_id,
                request.id,
                request.section,
                outcome,
                actor.organisation_id,
                edit["received_at"],
            )
            self.changes.append(change)
            tell_of_change(self._desk, change)
        kind = EventKind.EDIT_HELD if outcome == Outcome.HELD else EventKind.EDITED
        details = {"section": request.section, "edit_kind": request.kind, "outcome": outcome}
        details |= {"version": edit["section_version"], "edit_id": request.id}
        self._record(event(actor, kind, entry_id=request.entry_id, **details))

    def _end_by_death(self, actor: Actor, request: EditRequest) -> None:
        head, kind = self._heads[CPR], str(EditKind.ENDED_BY_DEATH)
        if head.value is not None:
            self._edit(actor, EditRequest(uuid5(request.id, kind), request.entry_id, CPR, kind, {}, head.version))

    # Everything as rows

    def build_rows(self, first_number: int) -> dict[Table, list[Row]]:
        """The rows of every table but the audit and the vocabulary.

        Args:
            first_number: of the person's first change; the others follow.
        """
        entry_id, values = self.story.entry_id, self._values()
        rows, last_number = self._rows, first_number + len(self.changes) - 1
        rows[_table(Entry)] = [{"id": entry_id, "created_at": self.story.registered_at, "change_number": last_number}]
        rows[_table(EntryChange)] = [
            vars(replace(change, number=first_number + change.number)) for change in self.changes
        ]
        rows[_table(SectionHead)] = [
            {**head.row, "disputed": head.is_disputed} for head in self._heads.values() if head.row
        ]
        rows[_table(EntryScope)] = [self._scope(values)]
        rows[_table(RegisterEntry)] = [self._register_entry(values)]
        if CPR in values:
            rows[_table(CPRDecision)] = build_decision_rows(entry_id, values[CPR])
        rows[_table(Notice)] = self._desk.rows
        organisations = {ods_code: self._world.places[ods_code].name for ods_code in self._ods_codes(values[IDENTITY])}
        rows[_table(StoredCard)] = build_card_rows(self._material(), organisations=organisations, number=last_number)
        return rows

    def build_search_rows(self) -> SearchRows:
        """What search keeps of the person."""
        values = self._values()
        return build_search_rows(self.story.entry_id, values[IDENTITY], values[LIFECYCLE])

    def _ods_codes(self, identity: Value) -> Iterator[str]:
        names = ("practice_ods", "care_home_ods", "key_worker_ods")
        return (identity[name] for name in names if identity.get(name))

    def _scope(self, values: Mapping[str, Value]) -> Row:
        identity, consent, lifecycle = values[IDENTITY], values[CONSENT], values[LIFECYCLE]
        practice, home = self._world.places[identity["practice_ods"]], identity.get("care_home_ods")
        is_ended = consent["share"]["status"] in (ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN)
        registrar = self._world.actors[self.story.registered_by].organisation_id
        return {
            "entry_id": self.story.entry_id,
            "practice_id": practice.id,
            "area": practice.area,
            "residence_id": self._world.places[home].id if home else None,
            "registrar_id": None if is_ended else registrar,
            "is_shared": register_rules.is_shared(consent, lifecycle),
            "is_open": register_rules.is_open(lifecycle),
        }

    def _register_entry(self, values: Mapping[str, Value]) -> Row:
        identity = values[IDENTITY]
        return {
            "entry_id": self.story.entry_id,
            "nhs_number": identity.get("nhs_number"),
            "name_key": name_key(identity),
            "born_on": date.fromisoformat(identity["born_on"]),
            "postcode": identity.get("postcode", ""),
            "status": values[LIFECYCLE]["status"],
            "review_due_on": register_rules.find_review_due(values[LIFECYCLE]),
        }

    def _material(self) -> Material:
        sections = {
            name: Recorded(
                name, head.version, head.value or {}, dict(head.provenance), head.row["recorded_at"], head.is_disputed
            )
            for name, head in self._heads.items()
            if head.row
        }
        return Material(self.story.entry_id, sections, tuple(self._held))


class _Desk:
    """The notices of one person, in memory; the same open one is not left twice."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.rows: list[Row] = []

    def notify(self, about: About, *, organisation_ids: Iterable[UUID], clinician_id: UUID | None = None) -> None:
        now = self._ledger.now()
        for organisation_id in dict.fromkeys(organisation_ids):
            row = {**build_notice_row(about, organisation_id, clinician_id, now=now), "ended_at": None}
            if not any(_is_same(row, other) for other in self.rows):
                self.rows.append(row)

    def notify_accountable(self, about: About, *, but: UUID | None = None) -> None:
        self.notify(about, organisation_ids=[one for one in self._ledger.accountable() if one != but])

    def end(self, *, entry_id: UUID, kinds: Iterable[NoticeKind], section: str | None = None) -> None:
        ending = {str(kind) for kind in kinds}
        for row in self.rows:
            if row["kind"] in ending and row["ended_at"] is None and section in (None, row["section"]):
                row["ended_at"] = self._ledger.now()

    def readers_since(self, entry_id: UUID, moment: datetime) -> list[tuple[UUID, UUID]]:
        return []  # in a story nobody reads without writing

    def workplaces_of(self, clinician_id: UUID) -> list[UUID]:
        return self._ledger.workplaces_of(clinician_id)


_SAME: Final = ("kind", "organisation_id", "clinician_id", "section", "due_at", "ended_at")


def _is_same(one: Row, other: Row) -> bool:
    return all(one[name] == other[name] for name in _SAME)


# --- Bodies ----------------------------------------------------------------------------------------------------------

_AS_IT_IS: Final = Kind.load
_blanks: dict[tuple[str, str], Body] = {}


def load_body(section: Section, kind_name: str, body: Body) -> Body:
    """The body as its loader makes it, which adds every field that was left blank; read once, then filled in."""
    load = section.get_kind(kind_name).load
    if load is _AS_IT_IS:
        return body
    key = section.name, kind_name
    if key not in _blanks:
        _blanks[key] = _blank(load(body))
    return _filled(_blanks[key], body)


def _blank(loaded: Body) -> Body:
    return {name: _blank(part) if isinstance(part, dict) else None for name, part in loaded.items()}


def _filled(blank: Body, body: Body) -> Body:
    filled = {**blank, **body}
    return {
        name: _filled(blank[name], part) if isinstance(blank.get(name), dict) else part for name, part in filled.items()
    }
