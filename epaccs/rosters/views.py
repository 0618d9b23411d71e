"""The rota of an organisation for its administrators, and one's own sessions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians import guard
from epaccs.clinicians.guard import current_actor
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form, sent_form_with_file, takes_file
from epaccs.rosters import actions, queries
from epaccs.rosters.rules import WrongLine
from epaccs.rosters.schema import (
    COLUMNS,
    FILE_LIMIT_LINES,
    LINES_TOLD,
    FileRefused,
    FileSchema,
    LoadSchema,
    SessionSchema,
)

bp = Blueprint("rosters", __name__)

#: Of what a load would change, so many sessions are named; the others are counted.
LINES_SHOWN = 300


@bp.get("/admin/rota")
@needs(Permission.ADMINISTER)
def show() -> ResponseReturnValue:
    """The coming fortnight, who is on now, and who has no session."""
    return render_template("rosters/show.html", rota=queries.show_rota(current_actor()))


# From a file


@bp.route("/admin/rota/file", methods=["GET", "POST"])
@takes_file
@needs(Permission.ADMINISTER)
def send() -> ResponseReturnValue:
    """Choose a file, and see what it would change; nothing is changed yet."""
    form = Form(FileSchema, sent_form_with_file())
    wrong: list[WrongLine] = []

    def look(data: dict[str, Any]) -> ResponseReturnValue:
        try:
            return _show_preview(queries.preview(current_actor(), data["file"]))
        except FileRefused as error:
            wrong.extend(error.lines)
            raise

    return answer_form(form, look, lambda form: _show_send(form, wrong))


def _show_send(form: Form, wrong: list[WrongLine]) -> str:
    return render_template(
        "rosters/send.html",
        form=form,
        wrong=wrong[:LINES_TOLD],
        more=max(0, len(wrong) - LINES_TOLD),
        columns=COLUMNS,
        limit=FILE_LIMIT_LINES,
    )


def _show_preview(preview: queries.Preview, refused: Form | None = None) -> str:
    """What would change, compared with the rota as it stands now; `refused`: the press that came too late."""
    form = Form(LoadSchema, None, {"content": preview.content}, base_version=preview.version)
    form.errors = refused.errors if refused else []
    return render_template("rosters/preview.html", form=form, preview=preview, plan=preview.plan, most=LINES_SHOWN)


@bp.post("/admin/rota/file/load")
@needs(Permission.ADMINISTER)
def load() -> ResponseReturnValue:
    """Load what was shown."""

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        loaded = actions.load(current_actor(), data["content"].encode(), seen_version=form.base_version)
        flash(f"The rota was loaded: {loaded.added:,} sessions added, {loaded.taken_off:,} taken off.")
        return redirect(url_for("rosters.show"), code=303)

    form = Form(LoadSchema, request.form)
    return answer_form(form, do, _show_again)


def _show_again(refused: Form) -> str:
    """What would change now; or, where a row cannot be taken any more, which."""
    try:
        content = str(refused.values["content"]).encode("utf-8", "replace")
        return _show_preview(queries.preview(current_actor(), content), refused)
    except FileRefused as error:
        form = Form(FileSchema)
        form.refuse(error)
        return _show_send(form, list(error.lines))


# By hand


@bp.route("/admin/rota/sessions/new", methods=["GET", "POST"])
@needs(Permission.ADMINISTER)
def add() -> ResponseReturnValue:
    """One session: a swap at the last hour."""

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        actions.add_session(current_actor(), **data)
        flash("The session is on the rota.")
        return redirect(url_for("rosters.show"), code=303)

    return answer_form(
        Form(SessionSchema, sent_form()), do, lambda form: render_template("rosters/add.html", form=form)
    )


@bp.post("/admin/rota/sessions/<session_id>/end")
@needs(Permission.ADMINISTER)
def end(session_id: str) -> ResponseReturnValue:
    """Somebody goes home early, or does not come."""
    actions.end_session(current_actor(), parse_id(session_id))
    flash("The session was ended. Whoever works instead needs one of their own.")
    return redirect(url_for("rosters.show"), code=303)


# One's own


@bp.get("/account/rota")
@guard.needs_sign_in
def own() -> ResponseReturnValue:
    """One's own sessions that are not over."""
    sessions = queries.own_sessions(guard.current_session().clinician_id)
    return render_template("rosters/own.html", sessions=sessions)
