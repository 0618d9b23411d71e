"""People to consider for the register: the practice's list, one person of it, and how a list is sent."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form, sent_form_with_file, takes_file
from epaccs.identification import actions, queries
from epaccs.identification.rules import CONDITIONS, GROUP_LABELS, SIGNS, Group, Outcome, State
from epaccs.identification.schema import (
    COLUMNS,
    LIST_LIMIT_ROWS,
    ROWS_TOLD,
    BadRow,
    DecisionSchema,
    ListRefused,
    ListSchema,
    build_template,
)

bp = Blueprint("identification", __name__)


@bp.get("/consider")
@needs(Permission.SEE_CANDIDATES)
def show() -> ResponseReturnValue:
    """The practice's people, by where they stand and by group of illnesses."""
    state, group, number = (request.args.get(name, "") for name in ("state", "group", "page"))
    worklist = queries.get_worklist(
        current_actor(),
        state=State(state) if state in list(State) else State.TO_CONSIDER,
        group=Group(group) if group in list(Group) else None,
        page=int(number) if number.isascii() and number.isdigit() and 0 < int(number) < 10_000 else 1,
    )
    return render_template("identification/show.html", list=worklist)


# Sending a list


@bp.route("/consider/list", methods=["GET", "POST"])
@takes_file
@needs(Permission.SEE_CANDIDATES)
def send() -> ResponseReturnValue:
    """Send a list; it is taken whole, or every bad row is told."""
    form = Form(ListSchema, sent_form_with_file())
    bad: list[BadRow] = []

    def take(fields: dict[str, Any]) -> ResponseReturnValue:
        try:
            taken = actions.take_list(
                current_actor(), form.edit_id, content=fields["file"], is_whole=bool(fields["is_whole"])
            )
        except ListRefused as error:
            bad.extend(error.rows)
            raise
        flash(
            f"{taken.people:,} people are on the list. {taken.to_consider:,} to consider, {taken.on_register:,} on "
            f"the register already, {taken.considered_before:,} considered before, {taken.no_longer_listed:,} "
            "no longer on it."
        )
        return redirect(url_for("identification.show"), 303)

    return answer_form(form, take, lambda form: _render_send(form, bad))


def _render_send(form: Form, bad: list[BadRow]) -> str:
    return render_template(
        "identification/send.html",
        form=form,
        bad=bad[:ROWS_TOLD],
        more=max(0, len(bad) - ROWS_TOLD),
        columns=COLUMNS,
        conditions=[(str(one), meaning.words, GROUP_LABELS[meaning.group]) for one, meaning in CONDITIONS.items()],
        signs=[(str(one), words) for one, words in SIGNS.items()],
        limit=LIST_LIMIT_ROWS,
    )


@bp.get("/consider/list.csv")
@needs(Permission.SEE_CANDIDATES)
def template() -> Response:
    """A file with the columns, to be filled in."""
    disposition = {"Content-Disposition": "attachment; filename=people-to-consider.csv"}
    return Response(build_template(), mimetype="text/csv", headers=disposition)


# One person


@bp.route("/consider/<candidate_id>", methods=["GET", "POST"])
@needs(Permission.SEE_CANDIDATES)
def person(candidate_id: str) -> ResponseReturnValue:
    """Why somebody is named, what was decided, and what to decide now."""
    actor = current_actor()
    page = queries.get_person_page(actor, parse_id(candidate_id))
    form = Form(DecisionSchema, sent_form(), base_version=page.person.version)

    def decide(fields: dict[str, Any]) -> ResponseReturnValue:
        decision = fields["outcome"], fields["reason"], fields["look_again_on"]
        actions.decide(
            actor, form.edit_id, candidate_id=page.person.id, decision=decision, base_version=form.base_version
        )
        flash("Kept, with your name.")
        return redirect(url_for("identification.show"), 303)

    return answer_form(form, decide, lambda form: render_template("identification/person.html", form=form, page=page))


@bp.post("/consider/<candidate_id>/again")
@needs(Permission.DECIDE_CANDIDATE)
def again(candidate_id: str) -> ResponseReturnValue:
    """What was decided is taken back: to be considered again."""
    form, candidate = Form(DecisionSchema, request.form), parse_id(candidate_id)
    decision = Outcome.REOPENED, "", None
    actions.decide(
        current_actor(), form.edit_id, candidate_id=candidate, decision=decision, base_version=form.base_version
    )
    flash("To be considered again.")
    return redirect(url_for("identification.person", candidate_id=candidate), 303)


@bp.post("/consider/<candidate_id>/register")
@needs(Permission.SEE_CANDIDATES)
def register(candidate_id: str) -> ResponseReturnValue:
    """On to the form that puts somebody on the register, with who they are filled in."""
    draft_id = actions.begin_registration(current_actor(), parse_id(candidate_id))
    return redirect(url_for("register.new", draft=draft_id), 303)
