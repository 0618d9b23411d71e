"""People with a full record, and colleagues who open it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import Concerned, begin_relationship, give_reason
from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from tests.cpr_decisions.stories import a_body
from tests.factories import a_clinician, a_registered_person, an_edit, sign_in
from tests.pages import PageClient
from tests.record.people import ALLERGIES, CONTACTS, DIAGNOSIS, LEGAL, MEDICINES, PLACES, RISKS, TREATMENT

PLAN: dict[str, Any] = {
    "treatment_level": TREATMENT,
    "medicines": MEDICINES,
    "risks": RISKS,
    "preferred_places": PLACES,
    "diagnosis": DIAGNOSIS,
}
LISTS: dict[str, Any] = {"legal": LEGAL, "contacts": CONTACTS, "allergies": ALLERGIES}


def a_signer() -> Actor:
    """A GP of the person's own practice who may sign."""
    return a_clinician(Role.GP, may_sign=True)


def a_person_with_everything(gp: Actor, **identity: Any) -> UUID:
    """Registered by the GP, with every section of the plan and a signed decision, all through the one writer."""
    fields = {"family_name": "Okonkwo", "preferred_name": "Gracie", "address": "12 Canal Row\nNorthdale", **identity}
    entry_id = a_registered_person(gp, **fields)
    give_reason(
        gp, entry_id, reason=AccessReason.PERMISSION_GIVEN, identifiers_checked=["name", "born"], cannot_check=False
    )
    for section, value in PLAN.items():
        apply_edit(gp, an_edit(entry_id, section, value))
    for section, value in LISTS.items():
        if value.get("status"):
            apply_edit(gp, an_edit(entry_id, section, {"status": value["status"]}))
        for item in value["items"].values():
            apply_edit(gp, an_edit(entry_id, section, {"item_id": str(new_id()), "item": item}, kind="put_item"))
    apply_edit(gp, an_edit(entry_id, "cpr", a_body(), kind="sign"))
    return entry_id


def concern(entry_id: UUID, actor: Actor, *, reason: str = "referral") -> None:
    """The actor's organisation is concerned with the person."""
    with writing() as session:
        begin_relationship(session, Concerned(entry_id, actor.organisation_id, reason, None))


def organisation_of(actor: Actor) -> Organisation:
    """Where the actor works."""
    organisation = db.session.get(Organisation, actor.organisation_id)
    assert organisation is not None
    return organisation


def visit(app: Flask, actor: Actor) -> PageClient:
    """A browser of somebody who has signed in."""
    pages = PageClient(app)
    sign_in(pages.browser, actor)  # type: ignore[arg-type]
    return pages


def open_record(app: Flask, actor: Actor, entry_id: UUID) -> PageClient:
    """Give a reason, as a person does, and read the record."""
    return (
        visit(app, actor)
        .open(f"/record/{entry_id}")
        .fill(reason="permission_given", identifiers_checked=["name", "born"])
        .submit("Open the record")
    )


def events(entry_id: UUID, kind: EventKind) -> list[AuditEvent]:
    """What the audit says of one person, oldest first."""
    statement = select(AuditEvent).where(AuditEvent.entry_id == entry_id, AuditEvent.kind == str(kind))
    return list(db.session.scalars(statement.order_by(AuditEvent.at)))
