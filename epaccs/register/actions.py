"""Put people on the register, keep who they are, record death and removal, merge two entries of one person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from epaccs.access.actions import Concerned, begin_relationship, event, give_reason, name_only_one
from epaccs.access.queries import get_standing
from epaccs.access.rules import AccessReason, Permission, check_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.notices.actions import About, end, notify, notify_accountable
from epaccs.notices.rules import NoticeKind
from epaccs.register import queries, rules
from epaccs.register.model import Merge, RegistrationDraft
from epaccs.register.schema import ConsentSchema, IdentitySchema, nest_consent
from epaccs.register.sections import CONSENT, IDENTITY, LIFECYCLE
from epaccs.versions import registry
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.registry import RESOLVE, Applied, EditRequest
from epaccs.versions.rules import CARRY, ITEMS, Outcome, Recorded, find_unchecked, present_items
from epaccs.versions.schema import loader

#: Whom the identity names by code, and as what they are concerned with the person.
NAMED = (("practice_ods", "registered_practice"), ("key_worker_ods", "key_worker"))

_load_identity = loader(IdentitySchema)
_load_consent = loader(ConsentSchema)
_NOT_CARRIED = frozenset({IDENTITY, CONSENT, LIFECYCLE})


class DuplicateFound(RuleBroken):
    """The person is on the register already; `entry_id` None: the asker may not know where."""

    def __init__(self, entry_id: UUID | None) -> None:
        sentence = (
            "This person is on the register already. Open their record instead"
            if entry_id
            else "This person cannot be registered here. Ring the person's GP practice"
        )
        super().__init__(sentence, field="nhs_number")
        self.entry_id = entry_id


def part_of(edit_id: UUID, part: str) -> UUID:
    """The id of one part of a form that makes several edits: the same form again makes the same ids."""
    return uuid5(edit_id, part)


def register_patient(
    actor: Actor,
    edit_id: UUID,
    *,
    identity: dict[str, Any],
    consent: dict[str, Any],
    first_sections: Mapping[str, Mapping[str, Any]],
) -> UUID:
    """Put a person on the register with what the standard demands, all or nothing.

    Args:
        edit_id: of the form; it becomes the entry's id, so that a form sent twice registers once.
        identity: fields of IdentitySchema, as JSON.
        consent: fields of ConsentSchema, as JSON.
        first_sections: sections of the plan that come with the registration, such as the diagnosis.

    Raises:
        Forbidden: the role does not register.
        RuleBroken, RulesBroken: what to correct. DuplicateFound: they are on the register already.

    Source: SCCI1580 v4.0, the 13 mandatory items; hazard H-01.
    """
    identity, consent = _load_identity(identity), _load_consent(consent)
    rules.check_may_register(nest_consent(consent))
    try:
        with writing() as session:
            _check_not_here(session, actor, identity, but=edit_id)
            _apply_new(actor, edit_id, LIFECYCLE, "register", {})
            _apply_new(actor, edit_id, CONSENT, "register", consent)
            _apply_new(actor, edit_id, IDENTITY, "register", identity)
            _relate(session, actor, edit_id, identity)
            _open_for_author(actor, edit_id)
            notify_accountable(session, About(edit_id, NoticeKind.REGISTERED), but=actor.organisation_id)
            for section, body in first_sections.items():
                _apply_new(actor, edit_id, section, "put", body)
            session.execute(delete(RegistrationDraft).where(RegistrationDraft.id == edit_id))
            log.record(event(actor, EventKind.REGISTERED, entry_id=edit_id))
    except IntegrityError as error:
        if "nhs_number" not in str(error.orig):
            raise
        raise DuplicateFound(None) from error
    return edit_id


def prepare_registration(actor: Actor, draft_id: UUID, *, sent: Any) -> None:
    """Keep a registration as typed, for a clinician of the same organisation to complete; nobody is registered by it.

    Args:
        draft_id: of the form; the entry will have it.
        sent: what the browser sent: names with their values.

    Raises:
        Forbidden: the role prepares none. NotFound: the number belongs to another organisation's work.
    """
    fields = {name: sent.getlist(name) for name in sent if name not in ("csrf_token", "action")}
    with writing() as session:
        check_role(Permission.PREPARE_REGISTRATION, actor.role)
        draft = session.get(RegistrationDraft, draft_id) or RegistrationDraft(
            id=draft_id, organisation_id=actor.organisation_id
        )
        if draft.organisation_id != actor.organisation_id:
            raise NotFound
        draft.clinician_id, draft.author_name = actor.clinician_id, actor.name
        draft.fields, draft.saved_at = fields, clock.now()
        session.add(draft)
        log.record(event(actor, EventKind.EDITED, section="registration", edit_kind="draft"))


def discard_prepared(actor: Actor, draft_id: UUID) -> None:
    """Throw a prepared registration of the own organisation away."""
    queries.get_prepared(actor, draft_id)
    with writing() as session:
        session.execute(delete(RegistrationDraft).where(RegistrationDraft.id == draft_id))
        log.record(event(actor, EventKind.EDITED, section="registration", edit_kind="discard"))


def _check_not_here(session: Session, actor: Actor, identity: Mapping[str, Any], *, but: UUID) -> None:
    found = queries.find_same_person(session, dict(identity), but=but)
    if found is None:
        return
    known = queries.may_know_of(actor, found)
    raise DuplicateFound(found if known else None)


def _apply_new(actor: Actor, entry_id: UUID, section: str, kind: str, body: Mapping[str, Any]) -> Applied:
    request = EditRequest(part_of(entry_id, section), entry_id, section, kind, dict(body), base_version=0)
    return apply_edit(actor, request)


def _relate(session: Session, actor: Actor, entry_id: UUID, identity: Mapping[str, Any]) -> None:
    """The practice, the registering organisation and the key worker's organisation are concerned from now on."""
    registered_here = Concerned(
        entry_id, actor.organisation_id, "registered_here", actor.clinician_id, is_confirmed=True
    )
    begin_relationship(session, registered_here)
    for named in _find_named(session, actor, entry_id, identity, recorded_by=None):
        begin_relationship(session, named)


def _find_named(
    session: Session, actor: Actor, entry_id: UUID, identity: Mapping[str, Any], *, recorded_by: UUID | None
) -> Iterator[Concerned]:
    """The practice and the key worker's organisation; whoever writes their own down says so for it."""
    for field, reason in NAMED:
        organisation = _find_organisation(session, identity.get(field))
        if organisation is not None:
            own = organisation.id == actor.organisation_id
            yield Concerned(entry_id, organisation.id, reason, recorded_by, is_confirmed=own)


def _find_organisation(session: Session, ods_code: str | None) -> Organisation | None:
    if not ods_code:
        return None
    return session.query(Organisation).filter_by(ods_code=ods_code.strip().upper()).first()


def _open_for_author(actor: Actor, entry_id: UUID) -> None:
    """Whoever registers a person is with them or their papers: the reason for access is given by that."""
    give_reason(
        actor,
        entry_id,
        reason=AccessReason.PERMISSION_GIVEN,
        identifiers_checked=("name", "born", "nhs_number"),
        cannot_check=False,
    )


def record_declined(actor: Actor, edit_id: UUID, *, identity: dict[str, Any], declined_on: str) -> UUID:
    """Note for the person's own practice that they do not want to be on the register; nothing is shared.

    Source: SCCI1580 v4.0 item 1, refusal; hazard H-11.
    """
    identity = _load_identity(identity)
    with writing() as session:
        _check_not_here(session, actor, identity, but=edit_id)
        _apply_new(actor, edit_id, LIFECYCLE, "decline", {"declined_on": declined_on})
        _apply_new(actor, edit_id, IDENTITY, "register", identity)
        log.record(event(actor, EventKind.REGISTERED, entry_id=edit_id, declined=True))
    return edit_id


def amend(actor: Actor, request: EditRequest) -> Applied:
    """Change identity or consent; a number that belongs to somebody else is refused.

    Raises:
        DuplicateFound: the new number is on another open entry.
    """
    try:
        with writing() as session:
            if request.section == IDENTITY:
                _check_not_here(session, actor, _load_identity(request.body), but=request.entry_id)
            applied = apply_edit(actor, request)
            if applied.outcome is Outcome.APPLIED and request.section == IDENTITY:
                _relate_again(session, actor, request)
    except IntegrityError as error:
        if "nhs_number" not in str(error.orig):
            raise
        raise DuplicateFound(None) from error
    return applied


def amend_and_answer(
    actor: Actor, request: EditRequest, answer: Callable[[UUID], Applied | None]
) -> tuple[Applied, Applied | None]:
    """Change the identity and keep what a room above asked beside it: one form, both kept or neither.

    Args:
        answer: keeps the answer by the id of its edit; None: the question was left open.

    Raises:
        DuplicateFound, RuleBroken: as `amend` and the room above say.
    """
    with writing():
        applied = amend(actor, request)
        return applied, answer(part_of(request.id, "asked"))


def _relate_again(session: Session, actor: Actor, request: EditRequest) -> None:
    """A new practice or key worker is told and concerned; the old ones stay so until the new one says yes (H-68)."""
    entry_id = request.entry_id
    for named in _find_named(session, actor, entry_id, request.body, recorded_by=actor.clinician_id):
        found = name_only_one(session, named)
        if found.begins:
            details = {"what": "named", "reason": named.reason, "organisation_id": str(named.organisation_id)}
            log.record(event(actor, EventKind.RELATIONSHIP_CHANGED, entry_id=entry_id, **details))
        if found.is_settled:
            for former in (*found.others, named.organisation_id):
                end(session, entry_id=entry_id, kinds=[NoticeKind.CARE_TO_CONFIRM], organisation_id=former)
        elif found.begins and found.others:
            notify(session, About(entry_id, NoticeKind.CARE_TO_CONFIRM), organisation_ids=[named.organisation_id])


def change_lifecycle(
    actor: Actor, edit_id: UUID, *, entry_id: UUID, kind: str, body: Mapping[str, Any], base_version: int
) -> Applied:
    """Report, confirm or reverse a death, say "seen alive", remove or restore.

    Raises:
        NotFound, Forbidden, RuleBroken: as the edit's kind says.
    """
    with writing():
        applied = apply_edit(actor, EditRequest(edit_id, entry_id, LIFECYCLE, kind, dict(body), base_version))
        if kind == "remove" and applied.outcome is Outcome.APPLIED:
            log.record(event(actor, EventKind.REMOVED, entry_id=entry_id, reason=body["reason"]))
    return applied


# Merging two entries of one person


def propose_merge(actor: Actor, *, survivor_id: UUID, other_id: UUID, reason: str) -> UUID:
    """One clinician says that two entries are one person; nothing changes until a second agrees.

    Raises:
        RuleBroken: no reason, or the same entry twice.
    """
    if survivor_id == other_id:
        raise RuleBroken("Choose two different records")
    if not reason.strip():
        raise RuleBroken("Say how you know that they are one person", field="reason")
    with writing() as session:
        for entry_id in (survivor_id, other_id):
            get_standing(actor, entry_id, Permission.REMOVE)
        merge = Merge(
            survivor_id=survivor_id,
            other_id=other_id,
            reason=reason.strip(),
            proposed_by=actor.clinician_id,
            proposed_by_name=actor.name,
            proposed_at=clock.now(),
            carried=[],
        )
        session.add(merge)
        session.flush()
        notify_accountable(session, About(survivor_id, NoticeKind.MERGE_PROPOSED))
        log.record(event(actor, EventKind.MERGED, entry_id=survivor_id, step="proposed", other=other_id))
        return merge.id


def confirm_merge(actor: Actor, merge_id: UUID) -> None:
    """A second clinician agrees: the other entry closes, and what only it knew is carried to the survivor.

    Differing critical sections are held on the survivor, so that a person settles them; nothing is chosen.

    Raises:
        Forbidden: the proposer cannot agree with themselves.

    Source: hazards H-01 and H-13.
    """
    with writing() as session:
        merge = _get_merge(session, merge_id)
        if merge.proposed_by == actor.clinician_id:
            raise Forbidden("A second person must agree to a merge: ask a colleague whose role may.")
        if merge.confirmed_at is not None or merge.refused_at is not None:
            raise RuleBroken("This merge is settled already")
        for entry_id in sorted((merge.survivor_id, merge.other_id)):
            get_standing(actor, entry_id, Permission.REMOVE)
        merge.confirmed_by, merge.confirmed_at = actor.clinician_id, clock.now()
        merge.carried = [str(edit_id) for edit_id in _carry(actor, merge)]
        _merge_lifecycle(actor, merge, "merge", {"survivor_id": str(merge.survivor_id)})
        end(session, entry_id=merge.survivor_id, kinds=[NoticeKind.MERGE_PROPOSED])
        log.record(event(actor, EventKind.MERGED, entry_id=merge.survivor_id, step="confirmed", other=merge.other_id))


def refuse_merge(actor: Actor, merge_id: UUID) -> None:
    """They are two people: the proposal ends, nothing changes."""
    with writing() as session:
        merge = _get_merge(session, merge_id)
        get_standing(actor, merge.survivor_id, Permission.REMOVE)
        if merge.confirmed_at is not None:
            raise RuleBroken("This merge was confirmed. Take it back instead")
        merge.refused_at = clock.now()
        end(session, entry_id=merge.survivor_id, kinds=[NoticeKind.MERGE_PROPOSED])
        log.record(event(actor, EventKind.MERGED, entry_id=merge.survivor_id, step="refused", other=merge.other_id))


def reverse_merge(actor: Actor, merge_id: UUID, *, reason: str) -> None:
    """Two people after all: the other entry opens again as it was; what was carried and still waits is turned down.

    Raises:
        RuleBroken: no reason, or the merge does not stand.
    """
    if not reason.strip():
        raise RuleBroken("Say why they are two people", field="reason")
    with writing() as session:
        merge = _get_merge(session, merge_id)
        if merge.confirmed_at is None or merge.reversed_at is not None:
            raise RuleBroken("There is no merge here to take back")
        get_standing(actor, merge.survivor_id, Permission.REMOVE)
        merge.reversed_at = clock.now()
        _merge_lifecycle(actor, merge, "unmerge", {"reason": reason.strip()})
        _turn_down_carried(actor, merge)
        log.record(event(actor, EventKind.MERGED, entry_id=merge.survivor_id, step="reversed", other=merge.other_id))


def _get_merge(session: Session, merge_id: UUID) -> Merge:
    merge = session.get(Merge, merge_id, with_for_update=True, populate_existing=True)
    if merge is None:
        raise NotFound
    return merge


def _merge_lifecycle(actor: Actor, merge: Merge, kind: str, body: Mapping[str, Any]) -> None:
    recorded = find_recorded(merge.other_id, LIFECYCLE)
    version = recorded.version if recorded else 0
    edit_id = part_of(merge.id, kind)
    apply_edit(actor, EditRequest(edit_id, merge.other_id, LIFECYCLE, kind, dict(body), version))


def _carry(actor: Actor, merge: Merge) -> list[UUID]:
    """Offer every section of the other entry to the survivor, through the one way in."""
    survivor, other = material(merge.survivor_id), material(merge.other_id)
    carried = []
    for name, recorded in other.sections.items():
        kinds = registry.get_section(name).kinds
        if name in _NOT_CARRIED:
            continue
        if "put" in kinds:
            scalars = {key: part for key, part in recorded.value.items() if key != ITEMS}
            if scalars != {key: part for key, part in (survivor.value(name) or {}).items() if key != ITEMS}:
                carried.append(_carry_one(actor, merge, recorded, "put", scalars, base_version=0))
        if CARRY in kinds and present_items(recorded.value):
            lines = {ITEMS: present_items(recorded.value)}
            carried.append(_carry_one(actor, merge, recorded, CARRY, lines, base_version=0))
        if "put_item" in kinds:
            version = survivor.sections[name].version if name in survivor.sections else 0
            for item_id, item in present_items(recorded.value).items():
                body = {"item_id": item_id, "item": item}
                applied_id = _carry_one(actor, merge, recorded, "put_item", body, base_version=version)
                carried.append(applied_id)
                current = find_recorded(merge.survivor_id, name)
                version = current.version if current else 0
    return carried


def _carry_one(
    actor: Actor, merge: Merge, recorded: Recorded, kind: str, body: Mapping[str, Any], *, base_version: int
) -> UUID:
    """What nobody compared with the paper is not compared with it by being carried (hazard H-42)."""
    section, is_from_paper = recorded.section, bool(find_unchecked(recorded.value, recorded.provenance))
    edit_id = part_of(merge.id, f"{section}:{kind}:{body.get('item_id', '')}")
    request = EditRequest(edit_id, merge.survivor_id, section, kind, dict(body), base_version)
    apply_edit(actor, replace(request, is_from_paper=is_from_paper))
    return edit_id


def _turn_down_carried(actor: Actor, merge: Merge) -> None:
    """Held edits that came only from the merge are settled: the survivor's own value stands."""
    waiting: dict[str, list[str]] = {}
    carried = set(merge.carried)
    for held in material(merge.survivor_id).held:
        waiting.setdefault(held.section, []).append(str(held.edit_id))
    for section, edit_ids in waiting.items():
        if set(edit_ids) <= carried:
            recorded = find_recorded(merge.survivor_id, section)
            body = {"choice": "keep", "edit_ids": edit_ids, "reason": "The two records are two people"}
            request = EditRequest(
                part_of(merge.id, f"turn-down:{section}"),
                merge.survivor_id,
                section,
                RESOLVE,
                body,
                recorded.version if recorded else 0,
            )
            apply_edit(actor, request)
