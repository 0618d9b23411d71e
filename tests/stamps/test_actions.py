"""Keys that sign sheets: made, changed, withdrawn; on both databases."""

from __future__ import annotations

from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.core import base64url, sealing
from epaccs.core.db import db
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.settings import Settings
from epaccs.stamps import actions
from epaccs.stamps.model import StampKey
from epaccs.stamps.queries import list_keys


def standings() -> list[tuple[str, bool, bool]]:
    """Each key, whether it signs, whether it is withdrawn; in the order in which they were made."""
    rows = db.session.scalars(select(StampKey).order_by(StampKey.made_at, StampKey.id))
    return [(row.key_id, row.signs, row.withdrawn_at is not None) for row in rows]


def changes() -> list[tuple[str, str]]:
    statement = select(AuditEvent.details).where(AuditEvent.kind == str(EventKind.STAMP_KEY_CHANGED))
    return [
        (one["what"], one["key_id"]) for one in db.session.scalars(statement.order_by(AuditEvent.at, AuditEvent.id))
    ]


def test_the_first_sheet_makes_a_key_and_the_next_ones_use_it(app: Flask) -> None:
    first, second = actions.find_signer(), actions.find_signer()

    assert first.key_id == second.key_id
    assert standings() == [(first.key_id, True, False)]
    assert changes() == [("made", first.key_id)]


def test_the_private_half_is_nowhere_in_the_database_as_it_is(app: Flask) -> None:
    signer = actions.find_signer()

    [key] = db.session.scalars(select(StampKey))
    private = signer.private.private_bytes_raw()
    for kept in (key.sealed_private_key, key.public_key, key.key_id.encode()):
        assert private not in kept
    assert sealing.unseal(key.sealed_private_key, purpose="sheet stamp key", record_id=key.id) == private


def test_a_changed_key_signs_no_more_and_is_believed_as_before(app: Flask) -> None:
    former = actions.find_signer()
    new = actions.change_key()

    assert actions.find_signer().key_id == new.key_id != former.key_id
    assert standings() == [(former.key_id, False, False), (new.key_id, True, False)]
    assert {one.key_id: one.to_json()["withdrawn"] for one in list_keys()} == {
        former.key_id: False,
        new.key_id: False,
    }
    assert base64url.decode(list_keys()[0].public) in {new.public, former.public}


def test_a_withdrawn_key_is_believed_no_more_and_another_signs(app: Flask) -> None:
    stolen = actions.find_signer()

    actions.withdraw_key(stolen.key_id, because=" The server was broken into ")

    now = actions.find_signer()
    assert standings() == [(stolen.key_id, False, True), (now.key_id, True, False)]
    [told] = [one for one in list_keys() if one.key_id == stolen.key_id]
    assert (told.to_json()["withdrawn"], told.withdrawn_because) == (True, "The server was broken into")
    assert changes() == [("made", stolen.key_id), ("withdrawn", stolen.key_id), ("made", now.key_id)]


def test_a_former_key_that_is_withdrawn_leaves_the_one_that_signs(app: Flask) -> None:
    former, now = actions.find_signer(), actions.change_key()

    actions.withdraw_key(former.key_id, because="Found on a stick")

    assert standings() == [(former.key_id, False, True), (now.key_id, True, False)]


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

    assert standings() == [(before.key_id, False, False), (after.key_id, True, False)]


def test_of_two_first_sheets_at_once_both_are_signed_with_one_key(app: Flask) -> None:
    found: list[str] = []

    def prints() -> None:
        with app.app_context():
            found.append(actions.find_signer().key_id)
            db.session.remove()

    both = [Thread(target=prints) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    believed = {key_id for key_id, _, _ in standings()}
    assert len(found) == 2
    assert set(found) <= believed
    assert [signs for _, signs, _ in standings()].count(True) == 1
