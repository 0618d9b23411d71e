"""Read tablets, their users, what a lease opens now, and the policy that holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.access.rules import Permission, can_ever, check_role, facts_of_role
from epaccs.clinicians.model import Clinician, Membership
from epaccs.clinicians.queries import Worker, find_worker
from epaccs.clinicians.rules import ACCESS_TABLE, ROLE_LABELS, Actor, Role, roles_at
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.fields import age_of_copy
from epaccs.core.two_names import number_in_force
from epaccs.devices.model import Device, DeviceCommand, DeviceUser, Lease, OfflinePolicy, RevocationRequest
from epaccs.devices.rules import (
    CLASS_LABELS,
    Deed,
    DeviceClass,
    DeviceStatus,
    Freshness,
    LeaseFacts,
    Policy,
    clock_words,
    default_policy,
    freshness_of,
    held_words,
    is_nearly_full,
    missing_words,
    policy_from_rules,
    size_words,
    unlocking_words,
)

#: How far a tablet's clock may be off by itself, as for every time that it gives.
CLOCK_TOLERANCE = timedelta(minutes=10)

# Epochs of scopes, which the feed knows

Epochs = Callable[[Sequence[str]], Mapping[str, str]]
_epochs: list[Epochs] = []


def use_epochs(find: Epochs) -> None:
    """Let the feed, a room above, say which epoch each scope is in: "1.1.ab12"."""
    _epochs[:] = [find]


def key_epochs(scopes: Sequence[str], *, restore_generation: int) -> dict[str, str]:
    """The part of each scope's epoch that its key follows from: the generations, and not the shape of the answers."""
    known = _epochs[0](scopes) if _epochs and scopes else {}
    first = f"{restore_generation}.1"
    return {name: ".".join(known.get(name, first).split(".")[:2]) for name in scopes}


# How far tablets follow the feed, which the feed knows


@dataclass(frozen=True)
class Follows:
    """How one tablet follows one scope. `disagrees_since` None: it has what the register sent."""

    scope: str
    left_out: int
    disagrees_since: datetime | None


_follows: list[Callable[[Sequence[UUID]], Mapping[UUID, Sequence[Follows]]]] = []


def use_follows(find: Callable[[Sequence[UUID]], Mapping[UUID, Sequence[Follows]]]) -> None:
    """Let the feed, a room above, say what it last told each tablet."""
    _follows[:] = [find]


# One tablet


@dataclass(frozen=True)
class FoundDevice:
    """One tablet, in use or not."""

    id: UUID
    organisation_id: UUID
    label: str
    device_class: DeviceClass
    status: DeviceStatus
    clock_offset_ms: int | None = None  #: its clock less the register's; None: it was not measured


def find_device(device_id: UUID) -> FoundDevice | None:
    """One tablet, also one that is out of use; None: there is none of that id."""
    row = db.session.get(Device, device_id)
    if row is None:
        return None
    return FoundDevice(
        row.id,
        row.organisation_id,
        row.label,
        DeviceClass(row.device_class),
        DeviceStatus(row.status),
        row.clock_offset_ms,
    )


@dataclass(frozen=True)
class Before:
    """A tablet as the register last knew it. `waiting`: changes that it said were not sent; None: it said nothing."""

    label: str
    last_contact_at: datetime
    waiting: int | None


def find_before(device_id: UUID) -> Before | None:
    """What this browser was before it took everything away; None: it was no tablet."""
    replaces_id = select(Device.replaces_id).where(Device.id == device_id).scalar_subquery()
    row = db.session.scalars(select(Device).where(Device.id == replaces_id)).first()
    return Before(row.label, row.last_contact_at, row.outbox_length) if row else None


@dataclass(frozen=True)
class Signer:
    """A key that somebody signs or signed with on a tablet, and the role in which it was made known."""

    public_key: dict[str, Any]
    membership_id: UUID


def find_signers(device_id: UUID, clinician_id: UUID) -> list[Signer]:
    """Every key that a person ever had on a tablet, the newest first: what an old one signed is still theirs."""
    rows = db.session.scalars(
        select(DeviceUser)
        .where(DeviceUser.device_id == device_id, DeviceUser.clinician_id == clinician_id)
        .order_by(DeviceUser.added_at.desc())
    )
    return [Signer(row.public_key, row.membership_id) for row in rows]


def has_lease(device_id: UUID, clinician_id: UUID) -> bool:
    """Whether a person's time on a tablet has not ended."""
    found = db.session.scalars(
        select(Lease.id).where(
            Lease.device_id == device_id,
            Lease.clinician_id == clinician_id,
            Lease.ended_at.is_(None),
            Lease.expires_at > clock.now(),
        )
    ).first()
    return found is not None


@dataclass(frozen=True)
class LeftToWrite:
    """What one lease let its holder write without signal; `was_in_force` at the moment that is asked about."""

    sections: tuple[str, ...]
    was_in_force: bool


def find_left_to_write(device: FoundDevice, clinician_id: UUID, written_at: datetime) -> list[LeftToWrite]:
    """What each lease of a person on a tablet let them write without signal.

    In force are those of that time; else the last before, which may have been extended in an emergency.

    Args:
        device: the tablet.
        clinician_id: who wrote.
        written_at: by the register's clock, as far as the tablet's was known.
    """
    rows = db.session.execute(
        select(Lease.organisation_id, Lease.role, Lease.policy_version, Lease.issued_at, Lease.expires_at)
        .where(Lease.device_id == device.id, Lease.clinician_id == clinician_id)
        .order_by(Lease.issued_at.desc())
    ).all()
    before = [row for row in rows if row.issued_at <= written_at + CLOCK_TOLERANCE]
    in_force = [row for row in before if row.expires_at > written_at - CLOCK_TOLERANCE] or before[:1]
    return [LeftToWrite(_offline_sections_of(row, device.device_class), row in in_force) for row in rows]


def _offline_sections_of(lease: Any, device_class: DeviceClass) -> tuple[str, ...]:
    kept = db.session.scalars(
        select(OfflinePolicy.rules).where(
            OfflinePolicy.organisation_id == lease.organisation_id,
            OfflinePolicy.role == lease.role,
            OfflinePolicy.device_class == str(device_class),
            OfflinePolicy.version == lease.policy_version,
        )
    ).first()
    if kept is None:
        return default_policy(Role(lease.role), device_class).offline_sections
    return policy_from_rules(kept, version=lease.policy_version).offline_sections


@dataclass(frozen=True)
class PendingCommand:
    """What a tablet has still to do."""

    id: UUID
    deed: Deed
    scope: str | None


def pending_commands(device_id: UUID) -> list[PendingCommand]:
    """What a tablet has not said that it did, oldest first."""
    rows = db.session.scalars(
        select(DeviceCommand)
        .where(DeviceCommand.device_id == device_id, DeviceCommand.done_at.is_(None))
        .order_by(DeviceCommand.issued_at, DeviceCommand.id)
    )
    return [PendingCommand(row.id, Deed(row.deed), row.scope) for row in rows]


# What a lease opens


@dataclass(frozen=True)
class LeasedTablet:
    """One lease, and whoever holds it as they stand today."""

    facts: LeaseFacts
    worker: Worker
    access_table: int  #: the version of the access table that holds now


def find_lease(lease_id: UUID) -> LeasedTablet | None:
    """A lease as it was given and all that decides what it opens now; None: none of that id was given."""
    row = db.session.execute(
        select(
            Lease,
            Device,
            DeviceUser.ended_at.label("user_ended_at"),
            number_in_force(ACCESS_TABLE).label("access_table"),
        )
        .join(Device, Device.id == Lease.device_id)
        .join(DeviceUser, DeviceUser.id == Lease.device_user_id)
        .where(Lease.id == lease_id),
        {"now": clock.now()},
    ).first()
    worker = None if row is None else find_worker(row.Lease.membership_id, today=clock.today())
    if row is None or worker is None:
        return None
    facts = lease_facts(row.Lease, row.Device, worker, user_ended_at=row.user_ended_at)
    return LeasedTablet(facts, worker, row.access_table)


def lease_facts(lease: Lease, device: Device, worker: Worker, *, user_ended_at: datetime | None) -> LeaseFacts:
    """The rows of a lease as its rules read them."""
    return LeaseFacts(
        lease_id=lease.id,
        device_id=device.id,
        device_class=DeviceClass(device.device_class),
        device_status=DeviceStatus(device.status),
        device_organisation_id=device.organisation_id,
        clinician_id=lease.clinician_id,
        membership_id=lease.membership_id,
        role=lease.role,
        organisation_id=lease.organisation_id,
        issued_at=lease.issued_at,
        expires_at=lease.expires_at,
        renew_until=lease.renew_until,
        ended_at=lease.ended_at,
        end_reason=lease.end_reason,
        user_ended_at=user_ended_at,
        person_ended_at=worker.person_ended_at,
        place=worker.place,
        scopes=dict(lease.scopes),
        may_sign=can_ever(Permission.SIGN_CPR, facts_of_role(worker.actor.role, may_sign=worker.actor.may_sign)),
    )


# Policy


def current_policy(organisation_id: UUID, role: Role, device_class: DeviceClass) -> Policy:
    """The policy that holds: the organisation's latest, else the default."""
    row = db.session.scalars(
        select(OfflinePolicy)
        .where(
            OfflinePolicy.organisation_id == organisation_id,
            OfflinePolicy.role == str(role),
            OfflinePolicy.device_class == str(device_class),
        )
        .order_by(OfflinePolicy.version.desc())
        .limit(1)
    ).first()
    return default_policy(role, device_class) if row is None else policy_from_rules(row.rules, version=row.version)


def passphrase_length_for(actor: Actor) -> int:
    """The fewest characters that somebody's passphrase has on whatever device they set up: known before it is one."""
    policies = (current_policy(actor.organisation_id, actor.role, one) for one in DeviceClass)
    return max(policy.passphrase_length for policy in policies)


# What an administrator sees


@dataclass(frozen=True)
class TabletLine:
    """One tablet in the list. What it has not reported yet is None or "Not reported"."""

    id: UUID
    label: str
    class_words: str
    status: DeviceStatus
    users: tuple[str, ...]
    enrolled_at: datetime
    ended_at: datetime | None
    erased_at: datetime | None
    was_told: bool  #: to erase what it holds, at a contact since it was taken out of use
    waits_to_start_again: bool
    last_contact_at: datetime
    age_words: str
    freshness: Freshness
    outbox_length: int | None
    audit_length: int | None
    storage_words: str
    is_persisted: bool | None
    program: str
    clock_words: str
    left_out: int  #: people of its scopes for whom there is no room on it
    disagrees_since: datetime | None  #: None: it has what the register sent
    missing_words: str  #: whole plans that made way on it; "": none did
    is_nearly_full: bool
    set_up_again_as: str = (
        ""  #: the name under which its browser was set up again after it took everything away; "": it was not
    )
    set_up_again_at: datetime | None = None

    @property
    def is_in_use(self) -> bool:
        """Whether it may still be taken out of use."""
        return self.status is DeviceStatus.ENROLLED


TABLETS_SHOWN = 500


def tablets_of(actor: Actor, *, ids: Sequence[UUID] | None = None) -> list[TabletLine]:
    """The tablets of the administrator's organisation: those in use first, the longest without contact first.

    Args:
        actor: the administrator.
        ids: only these; None: all, as far as a page holds them.

    Raises:
        Forbidden: this person manages no tablets.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    found = select(Device).where(Device.organisation_id == actor.organisation_id)
    if ids is not None:
        found = found.where(Device.id.in_(ids))
    return _lines(found)


def all_tablets() -> list[TabletLine]:
    """Every tablet of every organisation, for whoever runs the server."""
    return _lines(select(Device))


def _lines(found: Any) -> list[TabletLine]:
    in_order = found.order_by(Device.status != str(DeviceStatus.ENROLLED), Device.last_contact_at, Device.label)
    rows = db.session.scalars(in_order.limit(TABLETS_SHOWN)).all()
    users, commands = _users_of([row.id for row in rows]), _commands_of([row.id for row in rows])
    follows = _follows[0]([row.id for row in rows]) if _follows else {}
    policies: dict[tuple[UUID, Role, DeviceClass], Policy] = {}
    again = _set_up_again([row.id for row in rows])
    return [
        replace(
            _line(row, users.get(row.id, []), commands.get(row.id, []), policies, follows.get(row.id, ())),
            **again.get(row.id, {}),
        )
        for row in rows
    ]


def _set_up_again(ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Of each tablet whose browser took everything away: what it is called now, and since when."""
    rows = db.session.scalars(select(Device).where(Device.replaces_id.in_(ids)).order_by(Device.enrolled_at))
    return {
        row.replaces_id: {"set_up_again_as": row.label, "set_up_again_at": row.enrolled_at}
        for row in rows
        if row.replaces_id
    }


@dataclass(frozen=True)
class _User:
    words: str
    organisation_id: UUID
    role: Role


def _users_of(ids: Sequence[UUID]) -> dict[UUID, list[_User]]:
    rows = db.session.execute(
        select(
            DeviceUser.device_id,
            DeviceUser.unlocked_with,
            Clinician.name,
            Membership.role,
            Membership.organisation_id,
        )
        .join(Clinician, Clinician.id == DeviceUser.clinician_id)
        .join(Membership, Membership.id == DeviceUser.membership_id)
        .where(DeviceUser.device_id.in_(ids), DeviceUser.ended_at.is_(None))
        .order_by(Clinician.name)
    )
    users: dict[UUID, list[_User]] = {}
    for row in rows:
        words = f"{row.name}, {ROLE_LABELS[Role(row.role)]} ({unlocking_words(row.unlocked_with)})"
        users.setdefault(row.device_id, []).append(_User(words, row.organisation_id, Role(row.role)))
    return users


def _commands_of(ids: Sequence[UUID]) -> dict[UUID, list[DeviceCommand]]:
    commands: dict[UUID, list[DeviceCommand]] = {}
    for row in db.session.scalars(select(DeviceCommand).where(DeviceCommand.device_id.in_(ids))):
        commands.setdefault(row.device_id, []).append(row)
    return commands


def _line(
    row: Device,
    users: list[_User],
    commands: list[DeviceCommand],
    policies: dict[tuple[UUID, Role, DeviceClass], Policy],
    follows: Sequence[Follows],
) -> TabletLine:
    device_class, age = DeviceClass(row.device_class), clock.now() - row.last_contact_at
    for user in users:
        key = (user.organisation_id, user.role, device_class)
        if key not in policies:
            policies[key] = current_policy(*key)
    theirs = [policies[user.organisation_id, user.role, device_class] for user in users]
    return TabletLine(
        id=row.id,
        label=row.label,
        class_words=CLASS_LABELS[device_class],
        status=DeviceStatus(row.status),
        users=tuple(user.words for user in users),
        enrolled_at=row.enrolled_at,
        ended_at=row.ended_at,
        erased_at=row.erased_at,
        was_told=any(one.deed == Deed.ERASE and one.delivered_at for one in commands),
        waits_to_start_again=any(one.deed == Deed.RESYNC and not one.done_at for one in commands),
        last_contact_at=row.last_contact_at,
        age_words=age_of_copy(row.last_contact_at, clock.now()),
        freshness=freshness_of(age, theirs),
        outbox_length=row.outbox_length,
        audit_length=row.audit_length,
        storage_words=size_words(row.storage_bytes),
        is_persisted=row.is_persisted,
        program=row.program,
        clock_words=clock_words(row.clock_offset_ms),
        left_out=sum(one.left_out for one in follows),
        disagrees_since=min((one.disagrees_since for one in follows if one.disagrees_since), default=None),
        missing_words=missing_words(row.plans_missing),
        is_nearly_full=is_nearly_full(row.reserve_bytes),
    )


@dataclass(frozen=True)
class WaitingRequest:
    """Many tablets that somebody wants taken out of use, until a second administrator agrees."""

    id: UUID
    labels: tuple[str, ...]
    is_lost: bool
    requested_by_name: str
    requested_at: datetime
    is_own: bool


def requests_of(actor: Actor) -> list[WaitingRequest]:
    """What waits for a second administrator at the organisation, oldest first.

    Raises:
        Forbidden: this person manages no tablets.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    rows = db.session.scalars(
        select(RevocationRequest)
        .where(RevocationRequest.organisation_id == actor.organisation_id, RevocationRequest.decided_at.is_(None))
        .order_by(RevocationRequest.requested_at)
    ).all()
    ids = [UUID(one) for row in rows for one in row.device_ids]
    labels = {
        str(row.id): row.label for row in db.session.execute(select(Device.id, Device.label).where(Device.id.in_(ids)))
    }
    return [
        WaitingRequest(
            id=row.id,
            labels=tuple(sorted(labels[one] for one in row.device_ids)),
            is_lost=row.is_lost,
            requested_by_name=row.requested_by_name,
            requested_at=row.requested_at,
            is_own=row.requested_by == actor.clinician_id,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class PolicyLine:
    """What one role may have on one class of device. `made_at` None: the default, which nobody here has changed."""

    role: Role
    device_class: DeviceClass
    policy: Policy
    made_at: datetime | None
    made_by_name: str | None
    reason: str | None


def policies_of(actor: Actor) -> list[PolicyLine]:
    """The policy of each role of the organisation that could carry somebody on a device, for each class.

    Raises:
        Forbidden: this person manages no tablets.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    latest = {(Role(row.role), DeviceClass(row.device_class)): row for row in _versions(actor)}
    return [
        _policy_line(role, device_class, latest.get((role, device_class)))
        for role in roles_at(actor.organisation_type)
        if held_words(role)
        for device_class in DeviceClass
    ]


def policy_history(actor: Actor, role: Role, device_class: DeviceClass) -> list[PolicyLine]:
    """Every version that the organisation made, the newest first.

    Raises:
        Forbidden: this person manages no tablets.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    found = [row for row in _versions(actor) if (row.role, row.device_class) == (role, device_class)]
    return [_policy_line(role, device_class, row) for row in reversed(found)]


def _versions(actor: Actor) -> Sequence[OfflinePolicy]:
    ours = OfflinePolicy.organisation_id == actor.organisation_id
    return db.session.scalars(select(OfflinePolicy).where(ours).order_by(OfflinePolicy.version)).all()


def _policy_line(role: Role, device_class: DeviceClass, row: OfflinePolicy | None) -> PolicyLine:
    if row is None:
        return PolicyLine(role, device_class, default_policy(role, device_class), None, None, None)
    policy = policy_from_rules(row.rules, version=row.version)
    return PolicyLine(role, device_class, policy, row.made_at, row.made_by_name, row.reason)
