"""Tie the provider's number of a person to one account: by a verified professional number, or by who knows both.

Never by a name or an e-mail address: two people share the one, and the other is given to somebody else (hazard H-64).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.actions.events import event_by
from epaccs.clinicians.actions.passwords import code_digest, make_code
from epaccs.clinicians.model import Clinician
from epaccs.clinicians.queries import employment_of
from epaccs.clinicians.rules import (
    Actor,
    OrganisationType,
    Role,
    check_administers,
    check_looks_after,
    check_not_self,
    check_role_at,
)
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.sign_on import queries
from epaccs.sign_on.model import IdentityLink, LinkRequest, RoleClaim
from epaccs.sign_on.rules import LINK_CODE_MINUTES, NO_MEANING, Identity, RoleMeant


class NotLinked(RuleBroken):
    """The provider knows the person and the register does not know yet whose account that is."""

    def __init__(self, code: str, organisations: tuple[str, ...]) -> None:
        super().__init__("Your other sign-in is not tied to an account here yet")
        self.code = code
        self.organisations = organisations


def find_or_ask(identity: Identity, meant: list[RoleMeant]) -> UUID:
    """Whose account it is; asked once, at the first sign-in.

    Raises:
        NotLinked: an administrator is to say; the code names this sign-in to them.
        RuleBroken: no organisation here knows what the provider says of the person's work.
    """
    linked = queries.find_linked(identity.issuer, identity.subject) or _link_by_number(identity)
    if linked is not None:
        return linked
    if not meant:
        note_refused("no_meaning")
        raise RuleBroken(NO_MEANING)
    note_refused("not_linked")
    organisations = tuple(dict.fromkeys(one.organisation_name for one in meant))
    raise NotLinked(_ask(identity), organisations)


def note_refused(why: str, *, clinician_id: UUID | None = None) -> None:
    """Write down that a sign-in by the provider was not taken; None: nobody knows whose it was."""
    details = {"step": "provider", "why": why[:40], "account_known": clinician_id is not None}
    record(Event(EventKind.SIGN_IN_REFUSED, actor_id=clinician_id, details=details))


def _link_by_number(identity: Identity) -> UUID | None:
    """Whoever alone has the verified number here, and is tied to nobody there yet."""
    if identity.professional_number is None:
        return None
    found = queries.find_by_number(identity.professional_number)
    if len(found) != 1:
        return None
    with writing() as session:
        clinician = session.get_one(Clinician, found[0], with_for_update=True, populate_existing=True)
        if clinician.ended_at is not None or _is_tied(session, clinician.id, identity.issuer):
            return None
        _link(session, clinician.id, identity.issuer, identity.subject, linked_by=None)
        details = {"what": "sign_in_linked", "by": "professional_number", "clinician": str(clinician.id)}
        record(Event(EventKind.PEOPLE_CHANGED, actor_id=clinician.id, details=details))
    return found[0]


def _is_tied(session: Session, clinician_id: UUID, issuer: str) -> bool:
    tied = select(IdentityLink.id).where(IdentityLink.clinician_id == clinician_id, IdentityLink.issuer == issuer)
    return session.scalars(tied).first() is not None


def _link(session: Session, clinician_id: UUID, issuer: str, subject: str, *, linked_by: UUID | None) -> None:
    session.add(
        IdentityLink(
            id=new_id(),
            clinician_id=clinician_id,
            issuer=issuer,
            subject=subject,
            linked_by=linked_by,
            linked_at=clock.now(),
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise RuleBroken("That sign-in is tied to an account already", field="code") from error


def _ask(identity: Identity) -> str:
    """A new code in place of any before; it names the sign-in to an administrator and opens nothing."""
    code = make_code()
    same = LinkRequest.issuer == identity.issuer, LinkRequest.subject == identity.subject
    with writing() as session:
        session.execute(delete(LinkRequest).where(*same))
        session.add(
            LinkRequest(
                id=new_id(),
                issuer=identity.issuer,
                subject=identity.subject,
                code_digest=code_digest(code),
                expires_at=clock.now() + timedelta(minutes=LINK_CODE_MINUTES),
            )
        )
    return code


def link(actor: Actor, clinician_id: UUID, code: str) -> None:
    """The administrator ties the sign-in of a person who read them its code to that person's account.

    Raises:
        NotFound, Forbidden: the account is not one that this administrator's organisation looks after, or their own.
        RuleBroken: no sign-in waits with this code, or the account is tied already.
    """
    with writing() as session:
        _lock_account(session, actor, clinician_id)
        waiting = select(LinkRequest).where(LinkRequest.code_digest == code_digest(code))
        row = session.scalars(waiting.with_for_update()).first()
        if row is None or row.expires_at <= clock.now():
            raise RuleBroken("No sign-in waits with this code. Ask the person to sign in there again", field="code")
        if _is_tied(session, clinician_id, row.issuer):
            raise RuleBroken("This account is tied to a sign-in already. Untie that first", field="code")
        _link(session, clinician_id, row.issuer, row.subject, linked_by=actor.clinician_id)
        session.delete(row)
        record(_about(actor, "sign_in_linked", clinician=str(clinician_id), by="administrator"))


def unlink(actor: Actor, clinician_id: UUID) -> None:
    """The account is tied to no sign-in elsewhere any more; the password and sessions stay as they are.

    Raises:
        NotFound, Forbidden: as for `link`.
    """
    with writing() as session:
        _lock_account(session, actor, clinician_id)
        session.execute(delete(IdentityLink).where(IdentityLink.clinician_id == clinician_id))
        record(_about(actor, "sign_in_unlinked", clinician=str(clinician_id)))


def _lock_account(session: Session, actor: Actor, clinician_id: UUID) -> None:
    if session.get(Clinician, clinician_id, with_for_update=True) is None:
        raise NotFound
    check_not_self(actor, clinician_id)
    check_looks_after(actor, employment_of(clinician_id, today=clock.today()))


def _about(actor: Actor, what: str, **ids: object) -> Event:
    return event_by(actor, what=what, organisation_id=actor.organisation_id, **ids)


# The table of an organisation


def add_role_claim(actor: Actor, *, value: str, role: Role, second_factor: str | None) -> None:
    """Say what one value of the provider's claim means at the administrator's own organisation.

    Raises:
        Forbidden: this person is no administrator.
        RuleBroken: the table says so already, or the role is not held at such an organisation.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    check_role_at(role, OrganisationType(actor.organisation_type))
    with writing() as session:
        session.add(
            RoleClaim(
                id=new_id(),
                organisation_id=actor.organisation_id,
                value=value,
                role=str(role),
                second_factor=second_factor,
                made_by=actor.clinician_id,
                made_at=clock.now(),
            )
        )
        try:
            session.flush()
        except IntegrityError as error:
            raise RuleBroken("The table gives this role for this value already", field="value") from error
        record(_about(actor, "role_claim_added", role=str(role), second_factor=second_factor is not None))


def remove_role_claim(actor: Actor, claim_id: UUID) -> None:
    """Take a line away; whoever holds the role by it loses it at their next sign-in, or within a week.

    Raises:
        NotFound: there is no such line at this administrator's organisation.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    with writing() as session:
        row = session.get(RoleClaim, claim_id, with_for_update=True)
        if row is None or row.organisation_id != actor.organisation_id:
            raise NotFound
        session.delete(row)
        record(_about(actor, "role_claim_removed", role=row.role))
