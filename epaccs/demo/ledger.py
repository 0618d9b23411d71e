"""The rows of one made-up person, worked out in memory by the rules that the one writer works by.

What is shared with the writer: loaders, reductions, checks, decisions, provenance, rows of edits and versions, notices,
search keys and cards. What is told again here: the order in which registering, opening and editing write. A test tells
the same stories both ways and compares every table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from epaccs.access.actions import IDENTIFIERS, event
from epaccs.access.model import AccessGrant, EntryScope, Relationship
from epaccs.access.queries import INCIDENT_HOURS
from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core.changes import Change, EntryChange
from epaccs.core.fields import local_date
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.actions import clinical_time
from epaccs.cpr_decisions.model import CPRDecision
from epaccs.cpr_decisions.rules import EditKind
from epaccs.cpr_decisions.section import CPR, build_decision_rows, notice_change, notice_move
from epaccs.demo.desk import MemoryDesk, load_body
from epaccs.demo.rows import Model, PersonRows, Row
from epaccs.demo.staff import World
from epaccs.demo.stories import Body, Concern, Deed, Looked, Step, Story
from epaccs.notices.actions import ACCOUNTABLE, About, tell_of_change
from epaccs.notices.model import Notice
from epaccs.notices.rules import NoticeKind
from epaccs.observations.rules import OBSERVATIONS
from epaccs.observations.section import notice_observation
from epaccs.record.actions.cards import build_card_rows
from epaccs.record.rules.search_keys import SearchRows, build_search_rows
from epaccs.register import rules as register_rules
from epaccs.register.actions import NAMED, part_of
from epaccs.register.model import RegisterEntry
from epaccs.register.rules import ConsentStatus
from epaccs.register.sections import CONSENT, IDENTITY, LIFECYCLE, name_key, notice_death
from epaccs.versions import registry
from epaccs.versions.actions import build_edit_row, build_version_row
from epaccs.versions.model import Edit, Entry, HeldEdit, SectionHead, SectionVersion
from epaccs.versions.registry import Context, EditRequest, Kind, Section
from epaccs.versions.rules import Held, Material, Outcome, Position, Recorded, Standing, Value, decide, find_copied_at

#: What the identity names by code; the card shows the names.
_ODS_FIELDS: Final = ("practice_ods", "care_home_ods", "key_worker_ods")

#: What a change of the lifecycle does to the decision.
_DEATH: Final = {"confirm_death": EditKind.ENDED_BY_DEATH, "reverse_death": EditKind.DEATH_REVERSED}


def work_out(story: Story, world: World) -> PersonRows:
    """The rows of one person."""
    return _Ledger(story, world).tell()


@dataclass
class _Head:
    """Where a section stands."""

    version: int = 0
    value: Value | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    row: Row = field(default_factory=dict)
    is_disputed: bool = False
    earlier: dict[int, Value] = field(default_factory=dict)


class _Ledger:
    """One person's rows, deed by deed, in the order in which the actions write."""

    def __init__(self, story: Story, world: World) -> None:
        self._story, self._world = story, world
        self._tables: dict[str, list[Row]] = defaultdict(list)
        self._events: list[Any] = []
        self._heads: dict[str, _Head] = defaultdict(_Head)
        self._held: list[Held] = []
        self._opened: dict[str, datetime] = {}
        self._at, self._ticks = story.registered_at, 0
        self._desk = MemoryDesk(self._now, lambda clinician_id: world.workplaces[clinician_id])

    def tell(self) -> PersonRows:
        """The whole story."""
        story, actors = self._story, self._world.actors
        self._register(actors[story.registered_by])
        for deed in story.steps:
            self._at, self._ticks = deed.at, 0
            self._take(actors[deed.by], deed)
        values = self._values()
        self._follow(values)
        return PersonRows(self._search(values), self._cards(values[IDENTITY]), self._tables, self._events)

    def _take(self, actor: Actor, deed: Deed) -> None:
        match deed:
            case Concern():
                self._concern(actor, deed)
            case Looked():
                self._look(actor)
            case Step():
                self._open_once_a_shift(actor, deed)
                self._edit(actor, self._request(deed))

    def _now(self) -> datetime:
        """The moment that is told of, a microsecond later at each look."""
        self._ticks += 1
        return self._at + timedelta(microseconds=self._ticks)

    def _add(self, model: Model, row: Row) -> None:
        self._tables[model.__tablename__].append(row)

    def _record(self, actor: Actor, kind: EventKind, **details: object) -> None:
        self._events.append((event(actor, kind, entry_id=self._story.entry_id, **details), self._now()))

    # Registering, opening, referring

    def _register(self, actor: Actor) -> None:
        story = self._story
        self._edit(actor, self._first(LIFECYCLE, "register", {}))
        self._edit(actor, self._first(CONSENT, "register", story.consent))
        self._edit(actor, self._first(IDENTITY, "register", story.identity))
        self._relate(actor.organisation_id, "registered_here", actor.clinician_id, is_confirmed=True)
        for name, reason in NAMED:
            if ods_code := story.identity.get(name):
                organisation_id = self._world.places[ods_code].id
                self._relate(organisation_id, reason, None, is_confirmed=organisation_id == actor.organisation_id)
        self._open(actor, IDENTIFIERS[:3], AccessReason.PERMISSION_GIVEN)
        self._desk.notify_accountable(About(story.entry_id, NoticeKind.REGISTERED), but=actor.organisation_id)
        for section, body in story.sections.items():
            self._edit(actor, self._first(section, "put", body))
        self._record(actor, EventKind.REGISTERED)
        self._opened[story.registered_by] = story.registered_at

    def _first(self, section: str, kind: str, body: Mapping[str, Any]) -> EditRequest:
        entry_id = self._story.entry_id
        return EditRequest(part_of(entry_id, section), entry_id, section, kind, dict(body), base_version=0)

    def _request(self, step: Step) -> EditRequest:
        base_version = self._heads[step.section].version if step.base_version is None else step.base_version
        decided_at = clinical_time(step.body) if step.section == CPR else None
        entry_id = self._story.entry_id
        request = EditRequest(
            step.id, entry_id, step.section, step.kind, step.body, base_version, decided_at=decided_at
        )
        return replace(request, is_from_paper=step.is_from_paper)

    def _relate(
        self, organisation_id: UUID, reason: str, recorded_by: UUID | None, *, is_confirmed: bool = False
    ) -> None:
        from_at = self._now()
        row = {
            "id": new_id(),
            "entry_id": self._story.entry_id,
            "organisation_id": organisation_id,
            "reason": reason,
            "from_at": from_at,
            "until_at": None,
            "recorded_by": recorded_by,
            "asked_by": None,
            "confirmed_at": from_at if is_confirmed else None,
            "confirmed_by": recorded_by if is_confirmed else None,
            "end_reason": None,
            "ended_by": None,
        }
        self._add(Relationship, row)
        found = [row for row in self._tables[Relationship.__tablename__] if row["reason"] in ACCOUNTABLE]
        found.sort(key=lambda row: row["reason"], reverse=True)
        self._desk.accountable = list(dict.fromkeys(row["organisation_id"] for row in found))

    def _confirm_own(self, actor: Actor) -> None:
        """Whoever writes their own organisation down has said yes for it."""
        identity = self._values()[IDENTITY]
        named = {reason: self._world.places[identity[field]].id for field, reason in NAMED if identity.get(field)}
        for row in self._tables[Relationship.__tablename__]:
            if row["confirmed_at"] is None and row["organisation_id"] == actor.organisation_id == named.get(
                row["reason"]
            ):
                row.update(confirmed_at=self._now(), confirmed_by=actor.clinician_id)

    def _concern(self, actor: Actor, step: Concern) -> None:
        self._relate(self._world.places[step.organisation_ods].id, step.reason, actor.clinician_id, is_confirmed=True)
        self._record(actor, EventKind.RELATIONSHIP_CHANGED, reason=step.reason)

    def _open_once_a_shift(self, actor: Actor, step: Step) -> None:
        before = self._opened.get(step.by)
        if before is None or step.at - before >= timedelta(hours=INCIDENT_HOURS):
            self._open(actor, IDENTIFIERS[:2], step.reason)
            self._opened[step.by] = step.at

    def _open(self, actor: Actor, checked: Iterable[str], why: AccessReason) -> None:
        now, reason, identifiers = self._now(), str(why), list(checked)
        row = {
            "id": new_id(),
            "entry_id": self._story.entry_id,
            "clinician_id": actor.clinician_id,
            "organisation_id": actor.organisation_id,
            "role": str(actor.role),
            "reason": reason,
            "in_scope": True,
            "identifiers_checked": identifiers,
            "given_at": now,
            "until_at": now + timedelta(hours=INCIDENT_HOURS),
        }
        self._add(AccessGrant, row)
        self._record(actor, EventKind.ACCESS_REASON_GIVEN, reason=reason, identifiers=identifiers, in_scope=True)

    def _look(self, actor: Actor) -> None:
        shown, kinds = self._desk.look(actor)
        if shown:
            self._events.append((event(actor, EventKind.LIST_VIEWED, list="notices", count=shown), self._now()))
        for kind in kinds:
            self._record(actor, EventKind.NOTICE_ACKNOWLEDGED, notice_kind=str(kind))

    # One edit, as the writer decides it

    def _edit(self, actor: Actor, request: EditRequest) -> None:
        section = registry.get_section(request.section)
        kind, head = section.get_kind(request.kind), self._heads[request.section]
        body, context = load_body(section, request.kind, request.body), self._context(actor, request)
        base = head.value if kind.independent else head.earlier.get(request.base_version)
        position = Position(head.version, request.base_version, head.is_disputed, head.value, base)
        proposed = kind.reduce(base, body, context)
        decision = decide(position, proposed, critical=section.critical, independent=kind.independent)
        if decision.value is not None:
            self._keep(section, request, body, context, decision.value)
        row = build_edit_row(request, context, body, outcome=decision.outcome, version=head.version)
        self._add(Edit, {**row, "schema": section.schema})
        if decision.outcome is Outcome.HELD:
            self._hold(kind, position, row)
        self._note(actor, request, row)
        if request.section == LIFECYCLE and request.kind in _DEATH:
            self._follow_death(actor, request, _DEATH[request.kind])
        if request.section == IDENTITY:
            self._confirm_own(actor)
            notice_move(self._desk, request, self._values(), at=context.now)

    def _context(self, actor: Actor, request: EditRequest) -> Context:
        now = self._now()
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
        self._add(SectionVersion, row)
        head.value, head.provenance, head.row, head.earlier[head.version] = value, row["provenance"], row, value
        if section.name == CPR:
            notice_change(self._desk, value, context)
        if section.name == LIFECYCLE:
            notice_death(self._desk, value, context)
        if section.name == OBSERVATIONS:
            notice_observation(self._desk, value, context)

    def _hold(self, kind: Kind, position: Position, edit: Row) -> None:
        head = self._heads[edit["section"]]
        head.is_disputed = True
        severity = str(kind.severity(edit["body"], head.value))
        why = "disputed" if position.disputed and not position.is_stale else "changed_meanwhile"
        row = {
            "edit_id": edit["id"],
            "entry_id": edit["entry_id"],
            "section": edit["section"],
            "severity": severity,
            "why": why,
            "held_at": edit["received_at"],
            "standing": str(Standing.OPEN),
        }
        self._add(HeldEdit, row)
        said = {name: edit[name] for name in ("section", "kind", "body", "base_version", "author", "decided_at")}
        self._held.append(Held(edit_id=edit["id"], **said, held_at=row["held_at"], severity=severity, why=why))

    def _note(self, actor: Actor, request: EditRequest, edit: Row) -> None:
        """Number the change, tell whoever is accountable, and leave the trace."""
        outcome = edit["outcome"]
        if outcome != Outcome.SAME:
            said = (request.entry_id, request.id, request.section, outcome, actor.organisation_id, edit["received_at"])
            change = Change(0, *said)
            self._add(EntryChange, dict(vars(change)))
            tell_of_change(self._desk, change)
        self._record(
            actor,
            EventKind.EDIT_HELD if outcome == Outcome.HELD else EventKind.EDITED,
            section=request.section,
            edit_kind=request.kind,
            outcome=outcome,
            version=edit["section_version"],
            edit_id=request.id,
        )

    def _follow_death(self, actor: Actor, request: EditRequest, kind: EditKind) -> None:
        """The decision in force ends with a confirmed death, and comes back when that was a mistake."""
        head = self._heads[CPR]
        if head.value is not None:
            edit_id = uuid5(request.id, str(kind))
            self._edit(actor, EditRequest(edit_id, request.entry_id, CPR, str(kind), {}, head.version))

    # What follows the sections

    def _follow(self, values: Mapping[str, Value]) -> None:
        """The tables that follow the values as they stand at the end."""
        entry_id = self._story.entry_id
        self._add(Entry, {"id": entry_id, "created_at": self._story.registered_at, "change_number": 0})
        self._tables[SectionHead.__tablename__] = [
            {
                **head.row,
                "disputed": head.is_disputed,
                "copied_at": find_copied_at(head.row["value"], head.row["provenance"]),
            }
            for head in self._heads.values()
            if head.row
        ]
        self._add(EntryScope, self._scope(values))
        self._add(RegisterEntry, self._register_entry(values))
        if CPR in values:
            self._tables[CPRDecision.__tablename__] = build_decision_rows(entry_id, values[CPR])
        self._tables[Notice.__tablename__] = self._desk.rows

    def _search(self, values: Mapping[str, Value]) -> SearchRows:
        """What is kept of the person now, and every word by which they were ever found: the vocabulary forgets none."""
        entry_id, identities = self._story.entry_id, self._heads[IDENTITY].earlier.values()
        words = [word for identity in identities for word in build_search_rows(entry_id, identity).words]
        now = build_search_rows(entry_id, values[IDENTITY], values[LIFECYCLE])
        return replace(now, words=list(dict.fromkeys(words)))

    def _scope(self, values: Mapping[str, Value]) -> Row:
        identity, consent, lifecycle = values[IDENTITY], values[CONSENT], values[LIFECYCLE]
        practice, home = self._world.places[identity["practice_ods"]], identity.get("care_home_ods")
        is_ended = consent["share"]["status"] in (ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN)
        registrar = self._world.actors[self._story.registered_by].organisation_id
        return {
            "entry_id": self._story.entry_id,
            "practice_id": practice.id,
            "area": practice.area,
            "residence_id": self._world.places[home].id if home else None,
            "registrar_id": None if is_ended else registrar,
            "is_shared": register_rules.is_shared(consent, lifecycle),
            "is_wide": register_rules.is_wide(consent),
            "is_open": register_rules.is_open(lifecycle),
        }

    def _register_entry(self, values: Mapping[str, Value]) -> Row:
        identity = values[IDENTITY]
        return {
            "entry_id": self._story.entry_id,
            "nhs_number": identity.get("nhs_number"),
            "name_key": name_key(identity),
            "born_on": date.fromisoformat(identity["born_on"]),
            "postcode": identity.get("postcode", ""),
            "status": values[LIFECYCLE]["status"],
            "review_due_on": register_rules.find_review_due(values[LIFECYCLE]),
        }

    def _cards(self, identity: Value) -> Callable[[int], list[Row]]:
        """How the cards are made once the number of the last change is known."""
        sections = {
            name: Recorded(
                name, head.version, head.value or {}, dict(head.provenance), head.row["recorded_at"], head.is_disputed
            )
            for name, head in self._heads.items()
            if head.row
        }
        material = Material(self._story.entry_id, sections, tuple(self._held))
        codes = (identity.get(name) for name in _ODS_FIELDS)
        organisations = {ods_code: self._world.places[ods_code].name for ods_code in codes if ods_code}
        return lambda number: build_card_rows(material, organisations=organisations, number=number)
