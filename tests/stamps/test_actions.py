"""Keys that sign sheets: made, changed, withdrawn; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.core import clock, sealing
from epaccs.core.db import db
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.settings import Settings
from epaccs.stamps import actions
from epaccs.stamps.model import StampKey
from epaccs.stamps.queries import list_keys
from epaccs.stamps.rules import ANNOUNCED_FOR


def standings() -> dict[str, list[str]]:
    """Which keys stand where; those that are withdrawn apart, in the order in which they were made."""
    found: dict[str, list[str]] = {}
    for row in db.session.scalars(select(StampKey).order_by(StampKey.made_at, StampKey.id)):
        found.setdefault("withdrawn" if row.withdrawn_at else row.standing, []).append(row.key_id)
    return found


def changes() -> list[tuple[str, str]]:
    statement = select(AuditEvent.details).where(AuditEvent.kind == str(EventKind.STAMP_KEY_CHANGED))
    return [
        (one["what"], one["key_id"]) for one in db.session.scalars(statement.order_by(AuditEvent.at, AuditEvent.id))
    ]


def test_the_first_sheet_makes_a_key_announces_the_next_and_later_ones_use_it(app: Flask) -> None:
    first, second = actions.find_signer(), actions.find_signer()

    assert first.key_id == second.key_id
    assert standings()["signs"] == [first.key_id]
    [announced] = standings()["announced"]
    assert sorted(changes()) == sorted([("signs", first.key_id), ("announced", announced)])


def test_the_private_half_is_nowhere_in_the_database_as_it_is(app: Flask) -> None:
    signer = actions.find_signer()

    [key] = db.session.scalars(select(StampKey).where(StampKey.key_id == signer.key_id))
    private = signer.private.private_bytes_raw()
    for kept in (key.sealed_private_key, key.public_key, key.key_id.encode()):
        assert private not in kept
    assert sealing.unseal(key.sealed_private_key, purpose="sheet stamp key", record_id=key.id) == private


def test_a_changed_key_is_one_that_tablets_were_told_of_and_the_former_one_is_believed(
    app: Flask, frozen_clock: Callable[[datetime], None]
) -> None:
    former = actions.find_signer()
    told = {one.key_id for one in list_keys()}
    frozen_clock(clock.now() + ANNOUNCED_FOR)

    new = actions.change_key()

    assert new in told
    assert actions.find_signer().key_id == new != former.key_id
    [announced] = standings()["announced"]
    assert standings() == {"former": [former.key_id], "signs": [new], "announced": [announced]}
    assert {one.key_id: one.to_json()["withdrawn"] for one in list_keys()} == {
        former.key_id: False,
        new: False,
        announced: False,
    }


def test_a_key_that_tablets_may_not_know_yet_does_not_sign(
    app: Flask, frozen_clock: Callable[[datetime], None]
) -> None:
    with pytest.raises(RuleBroken, match="Tablets must be told of the next key first"):
        actions.change_key()
    signer = actions.find_signer()
    frozen_clock(clock.now() + ANNOUNCED_FOR - timedelta(seconds=1))

    with pytest.raises(RuleBroken, match="It can sign from 28-Nov-2026 03:00 on"):
        actions.change_key()

    assert actions.find_signer().key_id == signer.key_id


def test_a_withdrawn_key_is_believed_no_more_nor_is_the_one_that_lay_beside_it(app: Flask) -> None:
    stolen = actions.find_signer()
    [beside] = standings()["announced"]

    actions.withdraw_key(stolen.key_id, because=" The server was broken into ")

    now = actions.find_signer()
    assert set(standings().get("withdrawn", ())) == {stolen.key_id, beside}
    assert standings()["signs"] == [now.key_id]
    assert len(standings()["announced"]) == 1
    told = {one.key_id: one for one in list_keys()}
    assert told[stolen.key_id].to_json()["withdrawn"]
    assert told[beside].withdrawn_because == "The server was broken into"
    assert [what for what, key_id in changes() if key_id == stolen.key_id] == ["signs", "withdrawn"]


def test_a_key_that_does_not_sign_is_withdrawn_and_the_one_that_signs_goes_on(
    app: Flask, frozen_clock: Callable[[datetime], None]
) -> None:
    former = actions.find_signer()
    frozen_clock(clock.now() + ANNOUNCED_FOR)
    now = actions.change_key()
    [announced] = standings()["announced"]

    actions.withdraw_key(former.key_id, because="Found on a stick")
    actions.withdraw_key(announced, because="Found on a stick")

    assert actions.find_signer().key_id == now
    assert set(standings()["withdrawn"]) == {former.key_id, announced}
    assert standings()["signs"] == [now]
    assert len(standings()["announced"]) == 1


@pytest.mark.parametrize(
    ("why", "refusal"),
    [
        pytest.param("no reason", "Say why the key is withdrawn", id="no reason"),
        pytest.param("twice", "This key was withdrawn before, and stays so", id="twice"),
    ],
)
def test_what_cannot_be_withdrawn_is_refused_and_changes_nothing(why: str, refusal: str, app: Flask) -> None:
    signer = actions.find_signer()
    if why == "twice":
        actions.withdraw_key(signer.key_id, because="Stolen")
    before = standings()

    with pytest.raises(RuleBroken, match=refusal):
        actions.withdraw_key(signer.key_id, because="  " if why == "no reason" else "Stolen again")
    with pytest.raises(NotFound):
        actions.withdraw_key("00000000", because="Stolen")

    assert standings() == before


def test_after_a_change_of_the_sites_secret_sheets_are_signed_with_a_new_key(app: Flask, settings: Settings) -> None:
    before = actions.find_signer()
    sealing.use_secret("another secret of forty characters or more")
    try:
        after = actions.find_signer()
        assert actions.find_signer().key_id == after.key_id != before.key_id
    finally:
        sealing.use_secret(settings.secret_key)

    assert before.key_id in standings()["former"]
    assert standings()["signs"] == [after.key_id]


def test_two_first_sheets_at_once_are_signed_with_one_key(app: Flask) -> None:
    found: list[str] = []
    together = Barrier(2)

    def prints() -> None:
        with app.app_context():
            together.wait()
            found.append(actions.find_signer().key_id)
            db.session.remove()

    both = [Thread(target=prints) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert found == standings()["signs"] * 2
    assert len(standings()["announced"]) == 1
    assert "former" not in standings()
