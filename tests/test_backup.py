"""A copy of the register comes back whole, or not at all; on both databases."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.backup import DUMP, MANIFEST, BackupFailed, backup, contents_of, restore
from epaccs.core import sealing
from epaccs.core.db import db
from epaccs.scans import queries
from epaccs.scans.model import Scan, ScanContent
from epaccs.sync.model.feed import FeedScope
from tests.factories import a_clinician, a_registered_person
from tests.scans.papers import keep_a_paper


@pytest.fixture
def copy(app: Flask, tmp_path: Path) -> Path:
    gp = a_clinician()
    entry_id = a_registered_person(gp)
    give_reason(
        gp, entry_id, reason=AccessReason.PERMISSION_GIVEN, identifiers_checked=["name", "born"], cannot_check=False
    )
    keep_a_paper(gp, entry_id)
    target = tmp_path / "copy.epaccs"
    backup(target)
    return target


def test_a_restored_copy_has_the_same_rows_schema_and_audit(app: Flask, copy: Path, empty_register: Flask) -> None:
    with db.engine.connect() as connection:
        before = contents_of(connection)

    with empty_register.app_context():
        restore(copy)
        with db.engine.connect() as connection:
            after = contents_of(connection)
        verified = log.verify()
        generations = set(db.session.scalars(select(FeedScope.generation)))
        scan = db.session.scalars(select(Scan)).one()
        content = sealing.unseal(
            db.session.get_one(ScanContent, scan.id).sealed, purpose=queries.PURPOSE, record_id=scan.id
        )
        db.session.remove()
        db.engine.dispose()

    assert after["revision"] == before["revision"]
    assert after["rows"] == {**before["rows"], "audit_event": before["rows"]["audit_event"] + 1}
    assert verified.holds
    assert generations == {2}, "tablets start again after a restore"
    assert queries.is_what_was_sent(content, scan.sha256)


def test_a_copy_is_readable_by_its_owner_only(copy: Path) -> None:
    assert copy.stat().st_mode & 0o077 == 0


def test_a_register_with_people_is_never_overwritten(app: Flask, copy: Path) -> None:
    with pytest.raises(BackupFailed, match="not empty"):
        restore(copy)


def _changed(copy: Path, target: Path, name: str, content: bytes) -> Path:
    with tarfile.open(copy) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            body = content if member.name == name else old.extractfile(member).read()  # type: ignore[union-attr]
            member.size = len(body)
            new.addfile(member, io.BytesIO(body))
    return target


def test_a_changed_dump_is_refused(copy: Path, empty_register: Flask, tmp_path: Path) -> None:
    changed = _changed(copy, tmp_path / "changed", DUMP, b"nothing")

    with empty_register.app_context(), pytest.raises(BackupFailed, match="changed since it was made"):
        restore(changed)


def test_a_copy_that_does_not_agree_with_its_manifest_is_refused(
    copy: Path, empty_register: Flask, tmp_path: Path
) -> None:
    with tarfile.open(copy) as archive:
        manifest = json.loads(archive.extractfile(MANIFEST).read())  # type: ignore[union-attr]
    manifest["rows"]["entry"] += 1
    changed = _changed(copy, tmp_path / "changed", MANIFEST, json.dumps(manifest).encode())

    with empty_register.app_context():
        with pytest.raises(BackupFailed, match="does not agree with its manifest: rows"):
            restore(changed)
        db.session.remove()
        db.engine.dispose()


def test_a_file_of_another_kind_is_refused(app: Flask, tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear colleague")

    with pytest.raises(BackupFailed, match="no copy made by this program"):
        restore(other)
