"""One click in another system: this patient's card, for the user it names, after the reason that is always asked."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import View, current_actor, door
from epaccs.clinicians.rules import Actor, TooManyLaunches
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.nhs_number import parse_nhs_number
from epaccs.core.web import csrf, say_when
from epaccs.record.actions.search import search_people
from epaccs.sign_on.actions.launching import LaunchRefused, open_launch, refuse, take_launch

bp = Blueprint("launch", __name__)


def _by_a_known_system(view: View) -> View:
    """For a browser that another system sends: it brings no form token, and nothing is believed but what is signed."""
    view.permission = "LAUNCH"  # type: ignore[attr-defined]
    csrf.exempt(view)
    return view


def _show_refused(error: LaunchRefused | TooManyLaunches) -> ResponseReturnValue:
    if isinstance(error, LaunchRefused):
        return render_template("record/launch_refused.html", wait=None), 404
    page = render_template("record/launch_refused.html", wait=error.message, refusal={"status": 429})
    return say_when(make_response(page, 429), error)


@bp.post("/launch")
@_by_a_known_system
def take() -> ResponseReturnValue:
    """Take the message out of the body, so that no address and no log names the patient."""
    try:
        audience = current_app.config["EPACCS"].public_url
        ticket = take_launch(request.form.get("launch", ""), audience=audience, door=door())
    except (LaunchRefused, TooManyLaunches) as error:
        return _show_refused(error)
    return redirect(url_for("launch.show", ticket=ticket), code=303)


@bp.get("/launch/<ticket>")
@needs(Permission.VIEW_CARD)
def show(ticket: str) -> ResponseReturnValue:
    """For the user meant, who signs in first if they must: on to the card, which asks for the reason."""
    actor = current_actor()
    try:
        entry_id, search_id = _find(actor, open_launch(actor, ticket, door=door()))
    except (LaunchRefused, TooManyLaunches) as error:
        return _show_refused(error)
    return redirect(url_for("record.show", entry_id=entry_id, search=search_id), code=303)


def _find(actor: Actor, number: str) -> tuple[UUID, UUID]:
    """The one entry of this number, and the search that found it."""
    try:
        search = search_people(actor, who=parse_nhs_number(number), born="", where="")
    except (RuleBroken, RulesBroken) as error:
        raise refuse("patient", door=door(), actor=actor) from error
    found = [one.entry_id for one in search.findings.people] or list(search.findings.outside)
    if len(found) != 1:
        raise refuse("patient", door=door(), actor=actor)
    return found[0], search.id
