"""The list of a team, care homes, and the round of one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission, can_ever, facts_of_role
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import Actor
from epaccs.coordination import actions, queries
from epaccs.coordination.schema import RoundSchema
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.record.rules.card import Site

bp = Blueprint("coordination", __name__)


@bp.get("/rounds")
@needs(Permission.SEE_ROUND)
def homes() -> ResponseReturnValue:
    """The list of the reader's team, and the homes in which somebody lives whom the reader may see."""
    actor = current_actor()
    team = queries.get_place(actor, actor.organisation_id)
    return render_template(
        "coordination/homes.html",
        homes=queries.homes_of(actor),
        team=team if team.is_team else None,
        may_print=_may_print(actor),
    )


@bp.route("/rounds/<organisation_id>", methods=["GET", "POST"])
@needs(Permission.SEE_ROUND)
def show(organisation_id: str) -> ResponseReturnValue:
    """The list of one home or team: first the reason, then the list."""
    actor, place_id = current_actor(), parse_id(organisation_id)
    form = Form(RoundSchema, sent_form())

    def begin(loaded: dict[str, Any]) -> ResponseReturnValue:
        actions.begin_round(actor, place_id, reason=loaded["reason"])
        return redirect(url_for("coordination.show", organisation_id=place_id), 303)

    def answer(form: Form) -> str:
        return render_template(
            "coordination/round.html",
            form=form,
            round=actions.read_round(actor, place_id, site=_site()),
            may_print=_may_print(actor),
        )

    return answer_form(form, begin, answer)


def _may_print(actor: Actor) -> bool:
    return can_ever(Permission.PRINT_LIST, facts_of_role(actor.role, may_sign=actor.may_sign))


def _site() -> Site:
    settings = current_app.config["EPACCS"]
    return Site(settings.control_telephone, settings.confirmation_hours)
