"""What is new, for a tablet that asks."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, current_app, request

from epaccs.core import clock
from epaccs.core.fields import format_moment
from epaccs.core.web import sent_json
from epaccs.devices.actions import note_contact, note_delivered, note_done
from epaccs.devices.guard import current_tablet, lease_only
from epaccs.devices.queries import pending_commands
from epaccs.sync.actions.page import compress
from epaccs.sync.actions.pull import pull
from epaccs.sync.rules.page import close_page, join_lines, write_line
from epaccs.sync.schema.feed import PullSchema, build_ask

bp = Blueprint("sync", __name__)

NDJSON: Final = "application/x-ndjson"
#: Soon again when there is more; a tablet adds chance to it, so that they do not all come at once.
_SOON: Final = 1
#: The oldest program of a tablet that understands these answers.
LEAST_PROGRAM: Final = "2026.11.0"


@bp.post("/sync/v1/pull")
@lease_only
def show_news() -> Response:
    """The lines of everything new, closed by one that counts them; the tablet's own commands stand in front."""
    sent, tablet = sent_json(PullSchema()), current_tablet()
    ask = build_ask(sent)
    if sent["done"]:
        note_done(tablet.device_id, sent["done"])
    commands = pending_commands(tablet.device_id)
    answer = pull(tablet, ask, current_app.config["EPACCS"], sums=sent["state"].get("sums"))
    reader = tablet.actor.clinician_id
    note_contact(tablet.device_id, state=sent["state"], now_device=sent.get("now_device"), clinician_id=reader)
    note_delivered([one.id for one in commands])
    lines = [
        *(write_line({"op": "command", "id": str(one.id), "do": one.deed, "scope": one.scope}) for one in commands),
        *answer.lines,
    ]
    closed = close_page(
        lines,
        cursors=answer.cursors,
        more=answer.is_more,
        server_time=format_moment(clock.now()),
        next_poll_seconds=_SOON if answer.is_more else tablet.policy.poll_seconds,
        least_program=LEAST_PROGRAM,
    )
    return _send(join_lines(closed))


def _send(content: bytes) -> Response:
    encoding = request.accept_encodings.best_match(["br", "gzip"])
    response = Response(compress(content, encoding), mimetype=NDJSON)
    if encoding:
        response.content_encoding = encoding
    response.vary.add("Accept-Encoding")
    return response
