"""One click in another system: this patient's card, for the user it names, after the reason that is always asked."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import View, current_actor
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.nhs_number import parse_nhs_number
from epaccs.core.web import csrf
from epaccs.record.actions.search import search_people
from epaccs.sign_on.actions.launching import LaunchRefused, open_launch, refuse, take_launch

bp = Blueprint("launch", __name__)


def _by_a_known_system(view: View) -> View:
    """For a browser that another system sends: it brings no form token, and nothing is believed but what is signed."""
    view.permission = "LAUNCH"  # type: ignore[attr-defined]
    csrf.exempt(view)
    return view


def _show_refused() -> ResponseReturnValue:
    return render_template("record/launch_refused.html"), 404


@bp.post("/launch")
@_by_a_known_system
def take() -> ResponseReturnValue:
    """Take the message out of the body, so that no address and no log names the patient."""
    try:
        ticket = take_launch(request.form.get("launch", ""), audience=current_app.config["EPACCS"].public_url)
    except LaunchRefused:
        return _show_refused()
    return redirect(url_for("launch.show", ticket=ticket), code=303)


@bp.get("/launch/<ticket>")
@needs(Permission.VIEW_CARD)
def show(ticket: str) -> ResponseReturnValue:
    """For the user meant, who signs in first if they must: on to the card, which asks for the reason."""
    actor = current_actor()
    try:
        number = parse_nhs_number(open_launch(actor, ticket))
        search = search_people(actor, who=number, born="", where="")
        found = [one.entry_id for one in search.findings.people] or list(search.findings.outside)
        if len(found) != 1:
            raise refuse("patient", actor=actor)
    except (RuleBroken, RulesBroken):
        refuse("patient", actor=actor)
        return _show_refused()
    except LaunchRefused:
        return _show_refused()
    return redirect(url_for("record.show", entry_id=found[0], search=search.id), code=303)
