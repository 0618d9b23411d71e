"""Tablets of the tests: what they ask, and what they hold afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.register import actions as register
from epaccs.sync.model.feed import FeedRow
from epaccs.versions.queries import find_recorded


def change(actor: Actor, entry_id: UUID, kind: str, body: dict[str, Any]) -> None:
    """Change the lifecycle of somebody."""
    recorded = find_recorded(entry_id, "lifecycle")
    register.change_lifecycle(
        actor, new_id(), entry_id=entry_id, kind=kind, body=body, base_version=recorded.version if recorded else 0
    )


def put_versions(scope: str) -> dict[UUID, int]:
    """Everybody in a scope with their version."""
    rows = db.session.execute(
        select(FeedRow.entry_id, FeedRow.version).where(FeedRow.scope == scope, FeedRow.op == "put")
    )
    return {row.entry_id: row.version for row in rows}
