"""Serve the program with gunicorn, with one worker for what must happen each minute; both stop cleanly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication
from prometheus_client import values
from sqlalchemy import select

from epaccs.audit import log as audit_log
from epaccs.clinicians import actions as clinicians
from epaccs.clinicians.model import Clinician
from epaccs.core import migration
from epaccs.core.db import db
from epaccs.core.errors import Unavailable
from epaccs.core.garbage import look_seldom
from epaccs.devices.actions import forget_leases
from epaccs.handover.actions.packs import forget_packs
from epaccs.identification.actions import forget_candidates
from epaccs.oversight.actions.looking import look_at_new
from epaccs.rosters import actions as rosters
from epaccs.settings import Settings, SettingsError
from epaccs.sign_on.actions.housekeeping import forget_expired as forget_ceremonies
from epaccs.sponsorship import actions as sponsorship
from epaccs.sync.actions.feed import follow_time

ROUND_SECONDS = 60
#: How soon the worker sees that the server it belongs to was killed.
_LOOK_SECONDS = 1
_log = structlog.get_logger("epaccs")


def check_may_serve(settings: Settings) -> None:
    """Refuse to serve on another schema, or real people beside made-up staff.

    Raises:
        SettingsError: with the sentence that says what to do.
    """
    with db.engine.connect() as connection:
        if migration.current_revision(connection) != migration.head_revision():
            raise SettingsError("The database has another schema than this program needs. Run: epaccs db upgrade")
        if settings.is_demo:
            return
        if connection.execute(select(Clinician.id).where(Clinician.is_demonstration).limit(1)).first():
            raise SettingsError("EPACCS_MODE is live, but there are demonstration people. Use a database of its own")


class _Server(BaseApplication):
    """Gunicorn with our application already made: each process inherits it."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app, self._options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, option in self._options.items():
            self.cfg.set(name, option)

    def load(self) -> Flask:
        return self._app


def serve_forever(app: Flask, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop; requests in flight finish within half a minute."""
    settings: Settings = app.config["EPACCS"]
    with app.app_context():
        db.engine.dispose()  # a connection made before the fork would be shared by its children
    metrics = settings.data_dir / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    # It was chosen at the import, before the folder was known.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
    # In a group of its own: Ctrl-C on a terminal reaches this process, which then ends that one.
    command = [sys.executable, "-m", "epaccs", "worker", "--with", str(os.getpid())]
    rounds = subprocess.Popen(command, process_group=0)  # noqa: S603 - our own program, and a number
    look_seldom()  # the workers inherit it
    try:
        _Server(app, _options(host, port, workers)).run()
    finally:
        rounds.terminate()
        rounds.wait(timeout=30)


def _options(host: str, port: int, workers: int) -> dict[str, Any]:
    return {
        "bind": f"{host}:{port}",
        "workers": workers,
        "worker_class": "sync",
        "graceful_timeout": 30,
        "timeout": 60,
        "max_requests": 20_000,
        "max_requests_jitter": 2_000,
        "loglevel": "warning",
        "child_exit": _forget_metrics,
    }


def _forget_metrics(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def do_rounds(app: Flask, stop: threading.Event, *, once: bool = False) -> None:
    """Each minute until told to stop: the audit's checkpoint, what has run out, unusual access."""
    settings: Settings = app.config["EPACCS"]
    while True:
        do_round(settings.data_dir / "audit-anchor.log")
        if once or stop.wait(ROUND_SECONDS):
            return


def end_with(server: int, stop: threading.Event) -> None:
    """Stop when the server has gone that started this process, however it ended: nobody else ends an orphan.

    Args:
        server: its process; a child of a killed one belongs to another from then on.
    """

    def look() -> None:
        while os.getppid() == server and not stop.wait(_LOOK_SECONDS):
            pass
        stop.set()

    threading.Thread(target=look, daemon=True).start()


def do_round(anchor: Path) -> None:
    """One round; a database that is away now is asked again in the next."""
    try:
        audit_log.checkpoint(anchor)
        clinicians.end_lapsed_sessions()
        clinicians.forget_expired()
        forget_ceremonies()
        forget_candidates()
        forget_leases()
        forget_packs()
        sponsorship.follow_time()
        sponsorship.forget_requests()
        rosters.forget_sessions()
        follow_time()
        look_at_new()
    except Unavailable:
        _log.warning("a round of the worker could not reach the database")
    finally:
        db.session.remove()
