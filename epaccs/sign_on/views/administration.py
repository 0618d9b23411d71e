"""What administrators keep: what the other sign-in's words mean here, and whose sign-in is whose."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.queries import get_person
from epaccs.clinicians.rules import ROLE_LABELS
from epaccs.clinicians.views.administration import needs_administrator
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.sign_on import queries
from epaccs.sign_on.actions import launching, linking
from epaccs.sign_on.schema import LinkSchema, SystemSchema, build_role_claim

bp = Blueprint("sign_on", __name__, url_prefix="/admin")


@bp.route("/other-sign-in", methods=["GET", "POST"])
@needs_administrator
def roles() -> ResponseReturnValue:
    """Roles from the other sign-in: what stands in the table, and one line more."""
    actor = current_actor()

    def add(data: dict[str, Any]) -> ResponseReturnValue:
        linking.add_role_claim(actor, **data)
        flash("The line was added. It holds from the next sign-in.")
        return redirect(url_for("sign_on.roles"), code=303)

    def show(form: Form) -> str:
        lines = queries.role_claims_of(actor)
        return render_template("sign_on/roles.html", form=form, lines=lines, role_labels=ROLE_LABELS, actor=actor)

    return answer_form(Form(build_role_claim(actor.organisation_type), sent_form()), add, show)


@bp.post("/other-sign-in/<claim_id>/remove")
@needs_administrator
def remove_role(claim_id: str) -> ResponseReturnValue:
    """Take a line away."""
    linking.remove_role_claim(current_actor(), parse_id(claim_id))
    flash("The line was taken away.")
    return redirect(url_for("sign_on.roles"), code=303)


@bp.route("/people/<clinician_id>/other-sign-in", methods=["GET", "POST"])
@needs_administrator
def link(clinician_id: str) -> ResponseReturnValue:
    """Tie the sign-in of somebody who reads a code aloud to this account."""
    actor = current_actor()
    found = get_person(actor, parse_id(clinician_id))
    is_linked = queries.is_linked(actor, found.clinician_id)

    def tie(data: dict[str, Any]) -> ResponseReturnValue:
        linking.link(actor, found.clinician_id, data["code"])
        flash("The account is tied to that sign-in. They can sign in there now.")
        return redirect(url_for("administration.person", clinician_id=found.clinician_id), code=303)

    def show(form: Form) -> str:
        return render_template("sign_on/link.html", form=form, person=found, is_linked=is_linked)

    return answer_form(Form(LinkSchema, sent_form()), tie, show)


@bp.post("/people/<clinician_id>/other-sign-in/remove")
@needs_administrator
def unlink(clinician_id: str) -> ResponseReturnValue:
    """Untie the account from the sign-in elsewhere."""
    found = get_person(current_actor(), parse_id(clinician_id))
    linking.unlink(current_actor(), found.clinician_id)
    flash("The account is tied to no other sign-in now.")
    return redirect(url_for("administration.person", clinician_id=found.clinician_id), code=303)


# Other systems


@bp.route("/systems", methods=["GET", "POST"])
@needs_administrator
def systems() -> ResponseReturnValue:
    """Systems that open a card: those known, and one more."""
    actor = current_actor()

    def add(data: dict[str, Any]) -> ResponseReturnValue:
        launching.add_system(actor, **data)
        flash("The system was added.")
        return redirect(url_for("sign_on.systems"), code=303)

    def show(form: Form) -> str:
        return render_template("sign_on/systems.html", form=form, lines=queries.systems_of(actor))

    return answer_form(Form(SystemSchema, sent_form()), add, show)


@bp.post("/systems/<system_id>/remove")
@needs_administrator
def remove_system(system_id: str) -> ResponseReturnValue:
    """Take nothing more from a system."""
    launching.remove_system(current_actor(), parse_id(system_id))
    flash("The system was taken away.")
    return redirect(url_for("sign_on.systems"), code=303)
