"""What administrators do: people, roles, authorisations to sign, organisations. No patient is ever named here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.clinicians import actions, queries
from epaccs.clinicians.actions import (
    GivenCode,
    NewAuthorisation,
    NewClinician,
    NewOrganisation,
    NewRole,
    OrganisationChanges,
)
from epaccs.clinicians.guard import current_actor, needs_role
from epaccs.clinicians.rules import ROLE_LABELS, Role, is_steward
from epaccs.clinicians.schema import (
    ORGANISATION_NAMES,
    AuthorisationSchema,
    ClinicianSchema,
    NewOrganisationSchema,
    NothingSchema,
    OrganisationSchema,
    ResetSchema,
    build_new_clinician,
    build_new_role,
)
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form

bp = Blueprint("administration", __name__, url_prefix="/admin")

needs_administrator = needs_role(Role.ADMINISTRATOR)


def _to_person(clinician_id: Any, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("administration.person", clinician_id=clinician_id), code=303)


def _show_code(given: GivenCode) -> str:
    return render_template("clinicians/given_code.html", given=given)


# People


@bp.get("")
@needs_administrator
def show() -> ResponseReturnValue:
    """The administrator's first page: the organisation and its people."""
    actor, name = current_actor(), request.args.get("name", "").strip()[:80]
    return render_template(
        "clinicians/administration.html",
        organisation=queries.own_organisation(actor),
        people=queries.people_of(actor, name=name),
        name=name,
        most=queries.PEOPLE_SHOWN,
        is_steward=is_steward(actor),
        role_labels=ROLE_LABELS,
        ending=queries.ending_authorities(actor),
    )


@bp.route("/people/new", methods=["GET", "POST"])
@needs_administrator
def new_person() -> ResponseReturnValue:
    """Add a colleague."""
    organisation = queries.own_organisation(current_actor())

    def add(data: dict[str, Any]) -> ResponseReturnValue:
        new = NewClinician(**data)
        return _show_code(actions.add_clinician(current_actor(), organisation_id=organisation.id, new=new))

    def show_form(form: Form) -> str:
        return render_template("clinicians/new_person.html", form=form, organisation=organisation)

    return answer_form(Form(build_new_clinician(organisation.type), sent_form()), add, show_form)


@bp.route("/people/join", methods=["GET", "POST"])
@needs_administrator
def join_person() -> ResponseReturnValue:
    """Give a role to somebody who signs in already, for another organisation or for this one."""
    organisation = queries.own_organisation(current_actor())

    def join(data: dict[str, Any]) -> ResponseReturnValue:
        clinician_id = actions.give_role(current_actor(), data.pop("user_name"), NewRole(**data))
        return _to_person(clinician_id, "The role was given. It is there at their next sign-in.")

    def show_form(form: Form) -> str:
        return render_template("clinicians/join_person.html", form=form, organisation=organisation)

    initial = {"user_name": request.args.get("user_name", "")[:80]}
    return answer_form(Form(build_new_role(organisation.type), sent_form(), initial), join, show_form)


@bp.get("/people/<clinician_id>")
@needs_administrator
def person(clinician_id: str) -> ResponseReturnValue:
    """One colleague."""
    found = queries.get_person(current_actor(), parse_id(clinician_id))
    return render_template("clinicians/person.html", person=found, role_labels=ROLE_LABELS)


@bp.route("/people/<clinician_id>/name", methods=["GET", "POST"])
@needs_administrator
def change_person(clinician_id: str) -> ResponseReturnValue:
    """Put a name or a professional number right."""
    found = queries.get_person(current_actor(), parse_id(clinician_id))

    def change(data: dict[str, Any]) -> ResponseReturnValue:
        actions.change_clinician(current_actor(), found.clinician_id, **data)
        return _to_person(found.clinician_id, "Name and professional number were changed.")

    def show_form(form: Form) -> str:
        return render_template("clinicians/change_person.html", form=form, person=found)

    initial = {"name": found.name, "professional_number": found.professional_number}
    return answer_form(Form(ClinicianSchema, sent_form(), initial), change, show_form)


@bp.post("/roles/<membership_id>/end")
@needs_administrator
def end_role(membership_id: str) -> ResponseReturnValue:
    """End a role now."""
    clinician_id = actions.end_role(current_actor(), parse_id(membership_id))
    return _to_person(clinician_id, "The role was ended. It opens nothing from their next page on.")


@bp.route("/people/<clinician_id>/reset", methods=["GET", "POST"])
@needs_administrator
def reset(clinician_id: str) -> ResponseReturnValue:
    """Give a new one-time code."""
    found = queries.get_person(current_actor(), parse_id(clinician_id))

    def give(data: dict[str, Any]) -> ResponseReturnValue:
        removes = bool(data["removes_second_factor"])
        given = actions.reset_password(current_actor(), found.clinician_id, removes_second_factor=removes)
        return _show_code(given)

    def show_form(form: Form) -> str:
        return render_template("clinicians/reset.html", form=form, person=found)

    return answer_form(Form(ResetSchema, sent_form()), give, show_form)


@bp.post("/people/<clinician_id>/close")
@needs_administrator
def close_account(clinician_id: str) -> ResponseReturnValue:
    """Close an account."""
    actions.end_access(current_actor(), parse_id(clinician_id))
    return _to_person(clinician_id, "The account was closed, and every session of it ended.")


@bp.post("/people/<clinician_id>/reopen")
@needs_administrator
def reopen_account(clinician_id: str) -> ResponseReturnValue:
    """Open a closed account again."""
    actions.reopen_access(current_actor(), parse_id(clinician_id))
    return _to_person(clinician_id, "The account is open again, with the password it had.")


# Authorisations to sign


@bp.route("/people/<clinician_id>/authorise", methods=["GET", "POST"])
@needs_administrator
def authorise(clinician_id: str) -> ResponseReturnValue:
    """Note an authorisation to sign CPR decisions."""
    found = queries.get_person(current_actor(), parse_id(clinician_id))

    def note(data: dict[str, Any]) -> ResponseReturnValue:
        actions.authorise_signing(current_actor(), found.clinician_id, NewAuthorisation(**data))
        return _to_person(found.clinician_id, "The authorisation to sign was noted.")

    def show_form(form: Form) -> str:
        return render_template("clinicians/authorise.html", form=form, person=found)

    return answer_form(Form(AuthorisationSchema, sent_form()), note, show_form)


@bp.post("/authorisations/<authorisation_id>/revoke")
@needs_administrator
def revoke(authorisation_id: str) -> ResponseReturnValue:
    """Take an authorisation back."""
    clinician_id = actions.revoke_authorisation(current_actor(), parse_id(authorisation_id))
    return _to_person(clinician_id, "The authorisation was taken back. Decisions signed before stay signed.")


# Organisations


@bp.route("/organisation", methods=["GET", "POST"])
@needs_administrator
def organisation() -> ResponseReturnValue:
    """How one's own organisation is reached, and whether it demands a second factor."""
    own = queries.own_organisation(current_actor())
    return answer_form(
        Form(OrganisationSchema, sent_form(), vars(own)),
        lambda data: _change_organisation(OrganisationChanges(**data)),
        lambda form: render_template(
            "clinicians/organisation.html", form=form, organisation=own, labels=ORGANISATION_NAMES
        ),
    )


def _change_organisation(changes: OrganisationChanges) -> ResponseReturnValue:
    actor = current_actor()
    actions.change_organisation(actor, actor.organisation_id, changes)
    flash("The organisation was changed.")
    return redirect(url_for("administration.show"), code=303)


@bp.get("/organisations")
@needs_administrator
def organisations() -> ResponseReturnValue:
    """Every organisation of the area; for the board that runs it."""
    actor = current_actor()
    found = queries.organisations_of_area(actor)
    return render_template(
        "clinicians/organisations.html", organisations=found, own_id=actor.organisation_id, labels=ORGANISATION_NAMES
    )


@bp.route("/organisations/new", methods=["GET", "POST"])
@needs_administrator
def new_organisation() -> ResponseReturnValue:
    """Let an organisation into the register."""
    queries.organisations_of_area(current_actor())  # only the board sees this form

    def add(data: dict[str, Any]) -> ResponseReturnValue:
        organisation_id = actions.add_organisation(current_actor(), NewOrganisation(**data))
        flash("The organisation was added. Add its first administrator now.")
        return redirect(url_for("administration.first_administrator", organisation_id=organisation_id), code=303)

    def show_form(form: Form) -> str:
        return render_template("clinicians/new_organisation.html", form=form)

    return answer_form(Form(NewOrganisationSchema, sent_form()), add, show_form)


@bp.route("/organisations/<organisation_id>/administrator", methods=["GET", "POST"])
@needs_administrator
def first_administrator(organisation_id: str) -> ResponseReturnValue:
    """Add an administrator to an organisation of the area; they add everybody else."""
    place = queries.get_organisation_to_staff(current_actor(), parse_id(organisation_id), Role.ADMINISTRATOR)

    def add(data: dict[str, Any]) -> ResponseReturnValue:
        return _show_code(actions.add_clinician(current_actor(), organisation_id=place.id, new=NewClinician(**data)))

    def show_form(form: Form) -> str:
        return render_template("clinicians/new_person.html", form=form, organisation=place)

    schema = build_new_clinician(place.type, only=Role.ADMINISTRATOR)
    return answer_form(Form(schema, sent_form()), add, show_form)


@bp.route("/organisations/<organisation_id>/close", methods=["GET", "POST"])
@needs_administrator
def close_organisation(organisation_id: str) -> ResponseReturnValue:
    """Let an organisation out of the register, after a page that says what that means."""
    place = queries.get_organisation_to_staff(current_actor(), parse_id(organisation_id), Role.ADMINISTRATOR)

    def close(_data: dict[str, Any]) -> ResponseReturnValue:
        actions.close_organisation(current_actor(), place.id)
        flash("The organisation was closed. Nobody works there from now on.")
        return redirect(url_for("administration.organisations"), code=303)

    def show_form(form: Form) -> str:
        return render_template("clinicians/close_organisation.html", form=form, organisation=place)

    return answer_form(Form(NothingSchema, sent_form()), close, show_form)
