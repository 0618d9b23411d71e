"""One screen for each incident, the same for every organisation concerned."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import Role
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.incidents import actions, queries
from epaccs.incidents.schema import PersonSchema, StatementSchema, build_concerned, build_opening

bp = Blueprint("incidents", __name__, url_prefix="/incidents")


def _to(incident_id: UUID, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("incidents.incident", incident_id=incident_id), code=303)


@bp.get("")
@needs(Permission.HANDLE_INCIDENTS)
def show() -> ResponseReturnValue:
    """Every incident that concerns the organisation."""
    return render_template("incidents/show.html", incidents=queries.find_incidents(current_actor()))


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.HANDLE_INCIDENTS)
def new() -> ResponseReturnValue:
    """Write down what happened."""
    form = Form(build_opening(queries.other_organisations(current_actor())), sent_form())
    return answer_form(form, _open, lambda form: render_template("incidents/new.html", form=form))


def _open(data: dict[str, Any]) -> ResponseReturnValue:
    others = tuple(parse_id(one) for one in data.pop("organisations") or ())
    incident_id = actions.open_incident(current_actor(), actions.NewIncident(**data, organisations=others))
    return _to(incident_id, "The incident was opened. Every organisation concerned sees it now.")


@bp.route("/<incident_id>", methods=["GET", "POST"])
@needs(Permission.HANDLE_INCIDENTS)
def incident(incident_id: str) -> ResponseReturnValue:
    """The same facts for everybody concerned, and room for one line more."""
    actor, number = current_actor(), parse_id(incident_id)
    actions.note_seen(actor, number)

    def say(data: dict[str, Any]) -> ResponseReturnValue:
        actions.add_statement(actor, number, **data)
        return _to(number, "Your statement was added.")

    def show_form(form: Form) -> str:
        page = queries.get_incident(actor, number)
        adds_people = actor.role is Role.PRIVACY_OFFICER
        return render_template("incidents/incident.html", form=form, incident=page, adds_people=adds_people)

    return answer_form(Form(StatementSchema, sent_form()), say, show_form)


@bp.route("/<incident_id>/organisations", methods=["GET", "POST"])
@needs(Permission.HANDLE_INCIDENTS)
def organisations(incident_id: str) -> ResponseReturnValue:
    """Name more organisations."""
    actor, number = current_actor(), parse_id(incident_id)
    form = Form(build_concerned(queries.others_not_concerned(actor, number)), sent_form())

    def add(data: dict[str, Any]) -> ResponseReturnValue:
        actions.add_organisations(actor, number, [parse_id(one) for one in data["organisations"]])
        return _to(number, "The organisations were added. They see everything from the beginning.")

    return answer_form(
        form, add, lambda form: render_template("incidents/organisations.html", form=form, incident_id=number)
    )


@bp.route("/<incident_id>/people", methods=["GET", "POST"])
@needs(Permission.HANDLE_INCIDENTS)
def people(incident_id: str) -> ResponseReturnValue:
    """Say who is concerned."""
    actor, number = current_actor(), parse_id(incident_id)
    queries.get_incident(actor, number)

    def add(data: dict[str, Any]) -> ResponseReturnValue:
        actions.add_person(actor, number, data["nhs_number"])
        return _to(number, "The person was added.")

    return answer_form(
        Form(PersonSchema, sent_form()),
        add,
        lambda form: render_template("incidents/people.html", form=form, incident_id=number),
    )


@bp.post("/<incident_id>/agree")
@needs(Permission.HANDLE_INCIDENTS)
def agree(incident_id: str) -> ResponseReturnValue:
    """Agree to close it."""
    number = parse_id(incident_id)
    is_closed = actions.agree_to_close(current_actor(), number)
    words = "It is closed: every organisation concerned has agreed."
    return _to(number, words if is_closed else "Noted. It closes when every organisation concerned has agreed.")
