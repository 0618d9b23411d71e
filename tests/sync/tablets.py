"""Tablets of the tests: what they ask, and what they hold afterwards."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import brotli
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.register import actions as register
from epaccs.sync.model.feed import FeedRow
from epaccs.sync.rules.feed import show_sum, sum_of
from epaccs.versions.queries import find_recorded
from tests.devices.leases import ATablet, a_tablet


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


@dataclass
class Held:
    """One scope as a tablet holds it: where it stands, and everybody with their version."""

    cursor: dict[str, Any]
    people: dict[str, int] = field(default_factory=dict)
    cards: dict[str, Any] = field(default_factory=dict)
    sum: str = ""
    count: int = 0


@dataclass
class SyncTablet:
    """A tablet that keeps to the protocol: whole pages only, a second copy after a reset, dropped when told so."""

    tablet: ATablet
    scopes: dict[str, Held] = field(default_factory=dict)
    beside: dict[str, Held] = field(default_factory=dict)
    commands: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for one in self.tablet.answer["scope_keys"]:
            self.scopes[one["scope"]] = Held(a_cursor(one["scope"], one["tier"]))

    def ask(self, **body: Any) -> TestResponse:
        """What the register answers."""
        cursors = [(self.beside.get(name) or held).cursor for name, held in self.scopes.items()]
        headers = {"Authorization": f"Bearer {self.tablet.lease}", "Accept-Encoding": "gzip, br"}
        return self.tablet.client.post("/sync/v1/pull", json={"cursors": cursors, **body}, headers=headers)

    def pull(self, **body: Any) -> list[dict[str, Any]]:
        """Ask until there is no more; every line that came."""
        lines: list[dict[str, Any]] = []
        for _ in range(200):
            page = read_lines(self.ask(**body))
            self.apply(page)
            lines += page
            if not page[-1]["more"]:
                return lines
        raise AssertionError("there is always more")

    def apply(self, lines: list[dict[str, Any]]) -> None:
        """One page, as one transaction of the tablet's database."""
        closing = lines[-1]
        assert closing["op"] == "page"
        assert closing["count"] == len(lines) - 1
        for line in lines[:-1]:
            self._take(line)
        for cursor in closing["cursors"]:
            name = cursor["scope"]
            held = self.beside.get(name) or self.scopes[name]
            held.cursor = {part: cursor[part] for part in ("scope", "tier", "epoch", "number")}
            held.sum, held.count = cursor["sum"], cursor["people"]
        if not closing["more"]:
            self.scopes |= self.beside
            self.beside = {}

    def _take(self, line: dict[str, Any]) -> None:
        if line["op"] == "command":
            self.commands.append(line)
            return
        name = line["scope"]
        if line["op"] == "reset":
            self.beside[name] = Held(a_cursor(name, ""))
            return
        held = self.beside.get(name) or self.scopes[name]
        if line["op"] == "put":
            held.people[line["id"]], held.cards[line["id"]] = line["version"], line
        else:
            held.people.pop(line["id"], None)
            held.cards.pop(line["id"], None)

    def assert_agrees(self) -> None:
        """What the tablet counts and sums is what the register said."""
        for name, held in self.scopes.items():
            assert held.count == len(held.people), name
            assert held.sum == show_sum(sum_of((UUID(one), version) for one, version in held.people.items())), name


def a_cursor(scope: str, tier: str = "card", epoch: str | None = None, number: int = 0) -> dict[str, Any]:
    return {"scope": scope, "tier": tier or "card", "epoch": epoch, "number": number}


def read_lines(answer: TestResponse) -> list[dict[str, Any]]:
    """The lines of an answer, whatever it was compressed with."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    content = answer.data
    match answer.headers.get("Content-Encoding"):
        case "br":
            content = brotli.decompress(content)
        case "gzip":
            content = gzip.decompress(content)
    return [json.loads(line) for line in content.decode().splitlines()]


def a_sync_tablet(app: Flask, actor: Actor) -> SyncTablet:
    return SyncTablet(a_tablet(app, actor))
