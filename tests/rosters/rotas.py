"""Rotas of made-up people, as their administrators load them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from epaccs.clinicians.model import Clinician
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.fields import LONDON
from epaccs.rosters import actions, queries
from epaccs.rosters.rules import Person, Span

ADA = Person(UUID(int=1), "Ada Example", "ada.example", "99A0001E")
BEN = Person(UUID(int=2), "Ben Example", "ben.example", None)


def at(text: str) -> datetime:
    """A moment as British clocks showed it."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def span(from_at: str, until_at: str) -> Span:
    return Span(at(from_at), at(until_at))


def a_file(*rows: str, heading: str = "user_name,from,until", end: str = "\n") -> bytes:
    return end.join([heading, *rows]).encode()


def user_name_of(actor: Actor) -> str:
    return db.session.get_one(Clinician, actor.clinician_id).user_name


def a_row(actor: Actor, from_at: str, until_at: str) -> str:
    return f"{user_name_of(actor)},{from_at},{until_at}"


def load(admin: Actor, *rows: str) -> actions.Loaded:
    """Look at a file and load it."""
    shown = queries.preview(admin, a_file(*rows))
    return actions.load(admin, shown.content.encode(), seen_version=shown.version)


def on_rota(admin: Actor) -> Sequence[tuple[UUID, Span]]:
    return [(one.clinician_id, one.span) for one in queries.find_kept(admin.organisation_id)]
