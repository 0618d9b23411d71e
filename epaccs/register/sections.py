"""The register's own versioned sections: identity, consent, lifecycle; and the tables that follow them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.model import EntryScope
from epaccs.access.rules import Permission, Tier
from epaccs.clinicians.model import Organisation
from epaccs.core import names
from epaccs.core.errors import RuleBroken
from epaccs.core.nhs_number import check_synthetic
from epaccs.notices.actions import About, Desk, SessionDesk
from epaccs.notices.rules import NoticeKind
from epaccs.register import rules
from epaccs.register.model import RegisterEntry, SupersededNumber
from epaccs.register.rules import ConsentStatus, DeathStatus, LifecycleStatus
from epaccs.register.schema import (
    ConsentSchema,
    DeathSchema,
    IdentitySchema,
    RemovalSchema,
    ReviewSchema,
    flatten_consent,
    nest_consent,
)
from epaccs.versions.registry import Body, Context, Kind, Section, high
from epaccs.versions.rules import Value, without_blanks
from epaccs.versions.schema import describer, find_leading_to_door, loader

IDENTITY = "identity"
CONSENT = "consent"
LIFECYCLE = "lifecycle"


# Identity


def _amended(base: Value | None, body: Body, context: Context) -> Value:
    """A replaced NHS number is kept as superseded: old letters and old sheets still find the person.

    When the person was last said to be somewhere else is kept too: what hangs on the place is then asked anew.
    """
    before = base or {}
    value = without_blanks({**before, **body})
    old = before.get("nhs_number")
    if old and old != value.get("nhs_number"):
        superseded = [
            number for number in before.get("superseded_nhs_numbers", []) if number != value.get("nhs_number")
        ]
        value["superseded_nhs_numbers"] = [*superseded, old]
    if rules.has_moved(before, value):
        value[rules.MOVED_AT] = context.now.isoformat()
    return value


_takes_made_up_people_only: list[bool] = [False]


def take_made_up_people_only(only: bool) -> None:
    """Whether this is a demonstration, on which nobody who may be real is put (hazard H-22)."""
    _takes_made_up_people_only[:] = [only]


def check_may_be_here(nhs_number: str) -> None:
    """A demonstration takes no NHS number that could belong to a real person.

    Raises:
        RuleBroken: this is a demonstration, and the number lies outside the made-up range.

    Source: hazard H-22.
    """
    if _takes_made_up_people_only[0]:
        check_synthetic(nhs_number)


def _check_identity(value: Value, context: Context) -> None:
    rules.check_identity(value, today=context.today)
    if value.get("nhs_number"):
        check_may_be_here(value["nhs_number"])


def _project_identity(session: Session, entry_id: UUID, value: Value, context: Context) -> None:
    practice = _organisation(session, value["practice_ods"], field="practice_ods")
    home = value.get("care_home_ods")
    residence = _organisation(session, home, field="care_home_ods") if home else None
    scope = _scope(session, entry_id)
    scope.practice_id, scope.area = practice.id, practice.area
    scope.residence_id = residence.id if residence else None
    # The lifecycle begins before there is an identity: a new row takes over where it stands.
    lifecycle = context.values.get(LIFECYCLE, {})
    entry = session.get(RegisterEntry, entry_id) or RegisterEntry(
        entry_id=entry_id,
        status=lifecycle.get("status", str(LifecycleStatus.ON_REGISTER)),
        review_due_on=rules.find_review_due(lifecycle),
    )
    entry.nhs_number = value.get("nhs_number")
    entry.name_key = name_key(value)
    entry.born_on = date.fromisoformat(value["born_on"])
    entry.postcode = value.get("postcode", "")
    session.add(entry)
    for number in value.get("superseded_nhs_numbers", []):
        if session.get(SupersededNumber, (number, entry_id)) is None:
            session.add(SupersededNumber(nhs_number=number, entry_id=entry_id))
    session.flush()


def name_key(identity: Value) -> str:
    """The name as duplicates are compared: folded, family name first."""
    return f"{names.name_key(identity['family_name'])}|{names.name_key(identity['given_name'])}"[:200]


def _organisation(session: Session, ods_code: str, *, field: str) -> Organisation:
    """An organisation that shares the register.

    Raises:
        RuleBroken: nobody here has this code.
    """
    found = session.scalars(
        select(Organisation).where(Organisation.ods_code == ods_code.strip().upper(), Organisation.closed_on.is_(None))
    ).first()
    if found is None:
        raise RuleBroken("Enter the ODS code of an organisation that shares this register", field=field)
    return found


def _scope(session: Session, entry_id: UUID) -> EntryScope:
    scope = session.get(EntryScope, entry_id)
    if scope is None:
        scope = EntryScope(entry_id=entry_id, area="", is_shared=False, is_wide=True, is_open=False)
        session.add(scope)
    return scope


# Consent


def _nested(base: Value | None, body: Body, _context: Context) -> Value:
    return {**(base or {}), **nest_consent(body)}


def _flat_consent(value: Value) -> Value:
    """A stored consent, or a form's body that is flat already."""
    return flatten_consent(value) if isinstance(value.get("register"), dict) else value


def _check_consent(value: Value, context: Context) -> None:
    rules.check_consent(value, today=context.today)


def _project_consent(session: Session, entry_id: UUID, value: Value, context: Context) -> None:
    scope = _scope(session, entry_id)
    scope.is_shared = rules.is_shared(value, context.values.get(LIFECYCLE))
    scope.is_wide = rules.is_wide(value)
    if value["share"]["status"] in (ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN):
        scope.registrar_id = None
    session.flush()


# Lifecycle


def _by(context: Context) -> dict[str, Any]:
    return {
        "name": context.actor.name,
        "role": str(context.actor.role),
        "organisation_name": context.actor.organisation_name,
    }


def _registered(_base: Value | None, _body: Body, context: Context) -> Value:
    return {
        "status": str(LifecycleStatus.ON_REGISTER),
        "registered": {"by": _by(context), "at": context.now.isoformat()},
        "review_due_on": rules.review_due_on(context.today).isoformat(),
    }


def _declined(_base: Value | None, body: Body, context: Context) -> Value:
    return {"status": str(LifecycleStatus.DECLINED), "declined": {"on": body["declined_on"], "by": _by(context)}}


def _death(status: DeathStatus) -> Callable[[Value | None, Body, Context], Value]:
    def reduce(base: Value | None, body: Body, context: Context) -> Value:
        return rules.death_recorded(
            base,
            body,
            status=status,
            by=_by(context),
            born_on=date.fromisoformat(context.values[IDENTITY]["born_on"]),
            now=context.now,
        )

    return reduce


def _seen_alive(base: Value | None, _body: Body, context: Context) -> Value:
    return rules.seen_alive(base, by=_by(context), now=context.now)


def _death_reversed(base: Value | None, body: Body, context: Context) -> Value:
    return rules.death_reversed(base, reason=body["reason"], by=_by(context), now=context.now)


def _reviewed(base: Value | None, body: Body, context: Context) -> Value:
    return rules.reviewed(base, next_on=date.fromisoformat(body["next_on"]), by=_by(context), now=context.now)


def _removed(base: Value | None, body: Body, context: Context) -> Value:
    return rules.removed(base, reason=body["reason"], by={**_by(context), "note": body.get("note")}, now=context.now)


def _restored(base: Value | None, _body: Body, _context: Context) -> Value:
    return rules.restored(base)


def _merged(base: Value | None, body: Body, context: Context) -> Value:
    return rules.merged_into(base, survivor=body["survivor_id"], by=_by(context), now=context.now)


def _unmerged(base: Value | None, _body: Body, _context: Context) -> Value:
    return rules.unmerged(base)


def _project_lifecycle(session: Session, entry_id: UUID, value: Value, context: Context) -> None:
    scope = _scope(session, entry_id)
    scope.is_open = rules.is_open(value)
    if "registered" in value and LIFECYCLE not in context.values:
        scope.registrar_id = context.actor.organisation_id
    scope.is_shared = rules.is_shared(context.values.get(CONSENT), value)
    entry = session.get(RegisterEntry, entry_id)
    if entry is not None:
        entry.status = value["status"]
        entry.review_due_on = rules.find_review_due(value)
    session.flush()
    notice_death(SessionDesk(session), value, context)


def notice_death(desk: Desk, value: Value, context: Context) -> None:
    """Whoever answers for the person is asked to confirm a reported death, or to reverse it (hazard H-25)."""
    if rules.is_death_reported(value):
        desk.notify_accountable(
            About(context.entry_id, NoticeKind.DEATH_REPORTED, LIFECYCLE, context.edit_id, severity="high")
        )
    elif rules.is_death_reported(context.values.get(LIFECYCLE)):
        desk.end(entry_id=context.entry_id, kinds=[NoticeKind.DEATH_REPORTED], section=LIFECYCLE)


IDENTITY_SECTION = Section(
    IDENTITY,
    "Identity",
    Tier.T0_EXISTS,
    critical=True,
    kinds={
        "put": Kind(Permission.EDIT_PLAN, loader(IdentitySchema), _amended, severity=high, online_only=True),
        "register": Kind(Permission.REGISTER, loader(IdentitySchema), _amended, creates_entry=True),
    },
    check=_check_identity,
    project=_project_identity,
    describe=describer(IdentitySchema),
    leads_to_door=find_leading_to_door(IdentitySchema) | {"key_worker_ods"},
)

CONSENT_SECTION = Section(
    CONSENT,
    "Agreement to register and share",
    Tier.T0_EXISTS,
    critical=True,
    kinds={
        "put": Kind(Permission.EDIT_PLAN, loader(ConsentSchema), _nested, severity=high, online_only=True),
        "register": Kind(Permission.REGISTER, loader(ConsentSchema), _nested, creates_entry=True),
    },
    check=_check_consent,
    project=_project_consent,
    describe=describer(ConsentSchema, unnest=_flat_consent),
)

LIFECYCLE_SECTION = Section(
    LIFECYCLE,
    "On the register",
    Tier.T0_EXISTS,
    critical=True,
    kinds={
        "register": Kind(Permission.REGISTER, reduce=_registered, creates_entry=True),
        "decline": Kind(Permission.REGISTER, reduce=_declined, creates_entry=True),
        "report_death": Kind(Permission.REPORT_DEATH, loader(DeathSchema), _death(DeathStatus.REPORTED), severity=high),
        "confirm_death": Kind(
            Permission.RECORD_DEATH, loader(DeathSchema), _death(DeathStatus.CONFIRMED), severity=high
        ),
        "seen_alive": Kind(Permission.REPORT_DEATH, reduce=_seen_alive, independent=True),
        "reverse_death": Kind(Permission.RECORD_DEATH, reduce=_death_reversed, severity=high),
        "review": Kind(Permission.EDIT_PLAN, loader(ReviewSchema), _reviewed),
        "remove": Kind(Permission.REMOVE, loader(RemovalSchema), _removed, online_only=True),
        "restore": Kind(Permission.REMOVE, reduce=_restored, online_only=True),
        "merge": Kind(Permission.REMOVE, reduce=_merged, online_only=True),
        "unmerge": Kind(Permission.REMOVE, reduce=_unmerged, online_only=True),
    },
    project=_project_lifecycle,
)

REGISTER_SECTIONS = (IDENTITY_SECTION, CONSENT_SECTION, LIFECYCLE_SECTION)
