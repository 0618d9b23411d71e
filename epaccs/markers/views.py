"""Print a marker, say that one is lost; for whoever reads one: the way to the record, if it is theirs to open."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor, visit
from epaccs.clinicians.rules import Actor
from epaccs.core.errors import NotFound
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import public, sent_form
from epaccs.markers import actions, queries
from epaccs.markers.actions import PrintedMarker
from epaccs.markers.rules import END_REASON_LABELS, NO_CODE, EndReason, can_be_code, format_code, parse_code
from epaccs.markers.schema import CodeSchema, build_print_schema
from epaccs.settings import Settings
from epaccs.versions.queries import get_banner

bp = Blueprint("markers", __name__)


@bp.route("/record/<entry_id>/marker", methods=["GET", "POST"])
@needs(Permission.PRINT)
def show(entry_id: str) -> ResponseReturnValue:
    """What a marker is, and which ones of a person are about; sent: the marker itself."""
    actor, entry = current_actor(), parse_id(entry_id)
    found = queries.get_page(actor, entry)
    form = Form(build_print_schema(is_restricted=found.is_restricted), sent_form())

    def do(fields: dict[str, Any]) -> ResponseReturnValue:
        place = fields.get("place") or ""
        printed = actions.print_marker(actor, form.edit_id, entry_id=entry, place=place, settings=_settings())
        return _answer(printed, entry_id)

    def page(form: Form) -> str:
        actions.note_shown(actor, entry)
        return render_template(
            "markers/show.html", form=form, found=found, about=get_banner(entry), reasons=END_REASON_LABELS
        )

    return answer_form(form, do, page)


def _answer(printed: PrintedMarker, entry_id: str) -> ResponseReturnValue:
    """The marker in the browser's own viewer, under a name that names nobody."""
    if printed.content is None:
        flash(f"Marker {printed.number} was printed already. To print another one, send the form again.")
        return redirect(url_for("markers.show", entry_id=entry_id), 303)
    response = Response(printed.content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="marker-{printed.number}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/record/<entry_id>/marker/<marker_id>/ended")
@needs(Permission.PRINT)
def ended(entry_id: str, marker_id: str) -> ResponseReturnValue:
    """A marker is lost, destroyed or replaced."""
    reason = _sent_reason()
    actions.end_marker(current_actor(), parse_id(marker_id), entry_id=parse_id(entry_id), reason=reason)
    flash("Noted: this marker leads nowhere any more.")
    return redirect(url_for("markers.show", entry_id=entry_id), 303)


def _sent_reason() -> EndReason:
    """What the button says.

    Raises:
        NotFound: there is no such button.
    """
    try:
        return EndReason(request.form.get("reason", ""))
    except ValueError:
        raise NotFound from None


# Where a code leads


@bp.route("/m", methods=["GET", "POST"])
@public
def box() -> ResponseReturnValue:
    """The box for the code of a marker, for whoever is signed in."""
    actor = _find_actor()
    if actor is None and request.method == "POST":
        return answer_stranger(request.form.get("code", ""))
    if actor is None:
        return _ask_to_sign_in(url_for("markers.box"))
    form = Form(CodeSchema, sent_form())
    return answer_form(form, lambda fields: _follow(actor, parse_code(fields["code"])), _show_box)


@bp.get("/m/<code>")
@public
def follow(code: str) -> ResponseReturnValue:
    """Where the square code of a marker leads: to the record, or for a stranger to nothing, whatever the code."""
    actor = _find_actor()
    if actor is None:
        return answer_stranger(code)
    if not can_be_code(code):
        return _show_nothing()
    form = Form(CodeSchema, MultiDict({"code": code}))
    return answer_form(form, lambda fields: _follow(actor, parse_code(fields["code"])), _show_box)


def _find_actor() -> Actor | None:
    """Who is signed in, every step of it taken."""
    signed_in = visit().signed_in
    return signed_in.actor if signed_in else None


def answer_stranger(code: str) -> ResponseReturnValue:
    """One answer for every code, of one length, before anything is looked up (hazard H-74)."""
    said = format_code(parse_code(code) if can_be_code(code) else NO_CODE)
    return _ask_to_sign_in(url_for("markers.follow", code=said))


def _ask_to_sign_in(address: str) -> ResponseReturnValue:
    return render_template("markers/stranger.html", address=address)


def _follow(actor: Actor, code: str) -> ResponseReturnValue:
    entry_id = actions.follow_marker(actor, code)
    if entry_id is None:
        return _show_nothing()
    return redirect(url_for("record.show", entry_id=entry_id), 303)


def _show_nothing() -> ResponseReturnValue:
    return render_template("markers/nothing.html"), 404


def _show_box(form: Form) -> str:
    return render_template("markers/box.html", form=form)


def _settings() -> Settings:
    settings: Settings = current_app.config["EPACCS"]
    return settings
