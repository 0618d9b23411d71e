"""What those who run the program look at: is it alive, is it ready, how fast is it; and logs that name nobody.

A log line is a fixed sentence with ids and numbers. Addresses are logged as the name of their route, never as typed.
"""

from __future__ import annotations

import hmac
import logging
import os
import sys
import time
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest, multiprocess
from sqlalchemy import text

from epaccs.core import migration
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.web import public, request_id
from epaccs.settings import Settings

bp = Blueprint("operations", __name__)

SECONDS = Histogram(
    "epaccs_request_seconds",
    "Time from the first byte of a request to its answer, by route and kind of answer.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

_UNLOGGED = frozenset({"static", "operations.healthz", "operations.readyz", "operations.metrics"})
#: Ids, classes and places; never the text of an exception.
_CARRIED = ("request_id", "error", "places")
_log = structlog.get_logger("epaccs")


def init_app(app: Flask, settings: Settings) -> None:
    """Measure and log every request."""
    configure_logs(settings.log_level)
    app.register_blueprint(bp)
    app.before_request(_start)
    app.after_request(_finish)


def configure_logs(level: str) -> None:
    """One JSON object a line on standard error, with the time in UTC; other libraries' lines go the same way."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            # What a line of the standard library carries beside its sentence, by name: nothing else can slip in.
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(allow=_CARRIED)],
        )
    )
    root = logging.getLogger("epaccs")
    root.handlers[:] = [handler]
    root.setLevel(level)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.endpoint or "unknown"
    SECONDS.labels(route, request.method, str(response.status_code)).observe(seconds)
    if route not in _UNLOGGED:
        _log.info(
            "request answered",
            route=route,
            method=request.method,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
            request_id=request_id(),
        )
    return response


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers; asks nothing of the database."""
    return Response("alive\n", mimetype="text/plain")


@bp.get("/readyz")
@public
def readyz() -> Response:
    """The database answers, and its schema is the one this program needs."""
    reason = _why_not_ready()
    return Response(f"{reason or 'ready'}\n", status=503 if reason else 200, mimetype="text/plain")


def _why_not_ready() -> str | None:
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            revision = migration.current_revision(connection)
    except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is the same sentence
        _log.warning("readiness: the database did not answer")
        return "the database does not answer"
    return None if revision == migration.head_revision() else "the database needs: epaccs db upgrade"


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Counts and times for Prometheus; to this machine, or to whoever has the token of the setting.

    Raises:
        NotFound: the caller is neither.
    """
    if not _may_read_metrics():
        raise NotFound
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics() -> bool:
    settings: Settings = current_app.config["EPACCS"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.metrics_token:
        return hmac.compare_digest(given.encode(), settings.metrics_token.encode())
    return request.remote_addr in ("127.0.0.1", "::1")
