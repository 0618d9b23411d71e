"""Reading the card aloud to a caller: who rings, the script, and the end of the call."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.core import clock
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.record.actions import calls, reading
from epaccs.record.queries.calls import Call, get_call, get_reading, is_still_read
from epaccs.record.queries.summaries import read_to_callers
from epaccs.record.rules.looking import how_long
from epaccs.record.rules.spoken import Heard, build_script
from epaccs.record.rules.view import build_view
from epaccs.record.schema.calling import CallSchema
from epaccs.record.views.card import make_card
from epaccs.versions.queries import get_banner

bp = Blueprint("calls", __name__, url_prefix="/record/<entry_id>/call")

OVER = "That call is over, or began more than half an hour ago. Begin anew: the record may have changed."


@bp.route("", methods=["GET", "POST"])
@needs(Permission.VIEW_CARD)
def begin(entry_id: str) -> ResponseReturnValue:
    """Who rings and how that is known; what they hear follows from it."""
    actor, found_id = current_actor(), parse_id(entry_id)
    get_reading(actor, found_id)
    form = Form(CallSchema, sent_form())

    def start(loaded: dict[str, Any]) -> ResponseReturnValue:
        call_id = calls.begin_call(
            actor,
            found_id,
            caller=loaded["caller"],
            known_by=loaded["known_by"],
            identifiers=loaded["identifiers"] or [],
            cannot_identify=bool(loaded["cannot_identify"]),
        )
        return redirect(url_for("calls.script", entry_id=found_id, call_id=call_id), code=303)

    return answer_form(
        form, start, lambda form: render_template("record/call.html", about=get_banner(found_id), form=form)
    )


@bp.get("/<call_id>")
@needs(Permission.VIEW_CARD)
def script(entry_id: str, call_id: str) -> ResponseReturnValue:
    """What is said to this caller, as the register holds it now."""
    actor, found_id = current_actor(), parse_id(entry_id)
    standing = get_reading(actor, found_id)
    call = get_call(actor, found_id, parse_id(call_id))
    if not is_still_read(call):
        flash(OVER)
        return redirect(url_for("calls.begin", entry_id=found_id), code=303)
    opened = read_to_callers(standing)
    if call.heard is Heard.CARD:
        reading.note_card_viewed(actor, standing, opened.summary)
    card = make_card(opened, now=clock.now())
    view = build_view(card)
    return render_template(
        "record/script.html",
        about=get_banner(found_id),
        call=call,
        is_read=call.heard is Heard.CARD,
        strip=view.strip,
        script=build_script(card, view, call.heard),
    )


@bp.post("/<call_id>/end")
@needs(Permission.VIEW_CARD)
def end(entry_id: str, call_id: str) -> ResponseReturnValue:
    """The call is over."""
    found_id = parse_id(entry_id)
    repeated = request.form.get("repeated") == "yes"
    actor, call_number = current_actor(), parse_id(call_id)
    seconds = calls.end_call(actor, found_id, call_number, repeated=repeated)
    flash(_said(get_call(actor, found_id, call_number), seconds, repeated=repeated))
    return redirect(url_for("record.show", entry_id=found_id), code=303)


def _said(call: Call, seconds: int | None, *, repeated: bool) -> str:
    if seconds is None:
        return "That call had ended before."
    took = f"The call took {how_long(seconds)}, and is written down."
    if call.heard is Heard.CARD and not repeated:
        return f"{took} The line about CPR was not repeated to you: ring the caller back if you can."
    return took
