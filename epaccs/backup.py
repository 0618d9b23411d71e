"""Copy the whole register into one file and bring it back, and prove that nothing was lost on the way (hazard H-24).

The file is a tar archive: the database's own dump (SQLite's backup, or pg_dump), and a manifest with the schema, the
number of rows of each table and the heads of the audit chains, all taken from the same moment. A restored copy must
agree with the manifest, and leaves a row in the audit that names the heads on both sides.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, make_url, select, text
from sqlalchemy.engine import URL

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.audit.model import AuditChain
from epaccs.core import clock, migration
from epaccs.core.db import db
from epaccs.sync.actions.feed import rebuild_scopes

MANIFEST = "manifest.json"
DUMP = "database.dump"


class BackupFailed(Exception):
    """The copy was not made or not brought back; the message says what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a copy must agree with."""

    dialect: str
    revision: str | None
    rows: dict[str, int]
    heads: list[Any]
    taken_at: str
    dump_sha256: str


def backup(target: Path) -> Manifest:
    """Write the register as it is at one moment to a file that only its owner can read.

    Raises:
        BackupFailed: the dump could not be made; no file is left behind.
    """
    url = make_url(db.engine.url.render_as_string(hide_password=False))
    with tempfile.TemporaryDirectory(dir=target.resolve().parent) as folder:
        dump = Path(folder) / DUMP
        contents = _dump_sqlite(url, dump) if url.get_backend_name() == "sqlite" else _dump_postgresql(url, dump)
        manifest = Manifest(
            dialect=url.get_backend_name(),
            taken_at=clock.now().isoformat(),
            dump_sha256=_sha256(dump),
            **contents,
        )
        unfinished = Path(folder) / "unfinished"
        unfinished.touch(mode=0o600)
        with tarfile.open(unfinished, "w") as archive:
            manifest_file = Path(folder) / MANIFEST
            manifest_file.write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
            archive.add(manifest_file, MANIFEST)
            archive.add(dump, DUMP)
        unfinished.replace(target)
    return manifest


def restore(source: Path) -> Manifest:
    """Bring a copy back into an empty database, and check that it agrees with its manifest.

    The feeds of the tablets are built anew, without pages that were kept. Afterwards the setting
    EPACCS_RESTORE_GENERATION must be raised by one, so that every tablet starts again and says what it knows.

    Raises:
        BackupFailed: the file is damaged, the database is not empty, or the restored copy does not agree.
    """
    with tempfile.TemporaryDirectory(dir=source.resolve().parent) as folder:
        manifest, dump = _unpack(source, Path(folder))
        url = make_url(db.engine.url.render_as_string(hide_password=False))
        if url.get_backend_name() != manifest.dialect:
            raise BackupFailed(
                f"The copy is of a {manifest.dialect} database. Set EPACCS_DATABASE_URL to one of that kind"
            )
        _check_empty()
        db.session.remove()
        db.engine.dispose()
        _load_sqlite(url, dump) if manifest.dialect == "sqlite" else _load_postgresql(url, dump)
    with db.engine.connect() as connection:
        found = contents_of(connection)
    _check_agrees(manifest, found)
    rebuild_scopes()
    log.record(Event(EventKind.RESTORED, details={"heads_in_copy": manifest.heads, "heads_here": found["heads"]}))
    return manifest


def contents_of(connection: Connection) -> dict[str, Any]:
    """Schema, rows of each table, and heads of the audit chains, as one connection sees them."""
    tables = sorted(name for name in inspect(connection).get_table_names() if name != "alembic_version")
    heads = connection.execute(
        select(AuditChain.chain, AuditChain.sequence, AuditChain.hash).order_by(AuditChain.chain)
    )
    return {
        "revision": migration.current_revision(connection),
        "rows": {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in tables},  # noqa: S608 - names from the schema itself
        "heads": [list(row) for row in heads],
    }


def _check_agrees(manifest: Manifest, found: dict[str, Any]) -> None:
    for name in ("revision", "rows", "heads"):
        if found[name] != getattr(manifest, name):
            raise BackupFailed(f"The restored copy does not agree with its manifest: {name}. Do not use it")


def _check_empty() -> None:
    with db.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        rows = contents_of(connection)["rows"] if "audit_chain" in names else {}
    seeded = {"audit_chain", "change_counter"}
    if any(count for name, count in rows.items() if name not in seeded):
        raise BackupFailed("The database is not empty. Restore into a new one, and change over when it is right")


def _unpack(source: Path, folder: Path) -> tuple[Manifest, Path]:
    try:
        with tarfile.open(source) as archive:
            for name in (MANIFEST, DUMP):
                _copy_out(archive, name, folder / name)
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (tarfile.TarError, KeyError, ValueError, TypeError, OSError) as error:
        raise BackupFailed("The file is no copy made by this program, or it is damaged. Take another") from error
    if _sha256(folder / DUMP) != manifest.dump_sha256:
        raise BackupFailed("The file was changed since it was made. Take another")
    return manifest, folder / DUMP


def _copy_out(archive: tarfile.TarFile, name: str, target: Path) -> None:
    """The content alone: no path, owner or link that a forged copy may name."""
    content = archive.extractfile(name)
    if content is None:
        raise BackupFailed("The file is no copy made by this program, or it is damaged. Take another")
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)


def _sha256(path: Path) -> str:
    with path.open("rb") as lines:
        return hashlib.file_digest(lines, "sha256").hexdigest()


# SQLite


def _dump_sqlite(url: URL, target: Path) -> dict[str, Any]:
    with sqlite3.connect(str(url.database)) as live, sqlite3.connect(target) as copy:
        live.backup(copy)
    live.close()
    copy.close()
    engine = create_engine(f"sqlite:///{target}")
    try:
        with engine.connect() as connection:
            contents = contents_of(connection)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    return contents


def _load_sqlite(url: URL, dump: Path) -> None:
    database = Path(str(url.database))
    for left_over in (database, database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")):
        left_over.unlink(missing_ok=True)
    shutil.copyfile(dump, database)


# PostgreSQL


def _dump_postgresql(url: URL, target: Path) -> dict[str, Any]:
    """The dump and the counts come from one snapshot, however busy the register is."""
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        _run("pg_dump", url, ["--format=custom", f"--snapshot={snapshot}", f"--file={target}"])
        return contents_of(connection)


def _load_postgresql(url: URL, dump: Path) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    db.engine.dispose()
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={url.database}", str(dump)]
    _run("pg_restore", url, arguments, names_database=True)


def _run(program: str, url: URL, arguments: list[str], *, names_database: bool = False) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(f"{program} is not installed. Install PostgreSQL's client programs of the server's version")
    target = [] if names_database else [str(url.database)]
    done = subprocess.run(  # noqa: S603 - our own arguments
        [found, *arguments, *target], env=_environment_for(url), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BackupFailed(f"{program} failed: {last}")


def _environment_for(url: URL) -> dict[str, str]:
    """Where the database is and its password, in the environment of one program: never on a command line."""
    environment = dict(os.environ)
    for name, part in (
        ("PGHOST", url.host),
        ("PGPORT", url.port),
        ("PGUSER", url.username),
        ("PGPASSWORD", url.password),
    ):
        if part is not None:
            environment[name] = str(part)
    return environment
