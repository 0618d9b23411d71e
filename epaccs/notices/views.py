"""What waits for me and my organisation."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission, can, facts_of_role
from epaccs.agreements.queries import warnings_for
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import Role
from epaccs.core.identifiers import parse_id
from epaccs.notices import actions, queries

bp = Blueprint("notices", __name__)


@bp.get("/notices")
@needs(Permission.SEE_NOTICES)
def show() -> ResponseReturnValue:
    """Everything that waits, most urgent first; showing it counts as delivered."""
    actor = current_actor()
    lines = queries.notices_for(actor)
    actions.mark_seen(actor, [line.id for line in lines])
    may_use_tablet = can(Permission.USE_TABLET, facts_of_role(actor.role, may_sign=actor.may_sign))
    agreements = warnings_for(actor) if actor.role is Role.ADMINISTRATOR else []
    return render_template("notices/show.html", lines=lines, may_use_tablet=may_use_tablet, agreements=agreements)


@bp.post("/notices/<notice_id>/acknowledge")
@needs(Permission.SEE_NOTICES)
def acknowledge(notice_id: str) -> ResponseReturnValue:
    """I take care of it."""
    actions.acknowledge(current_actor(), parse_id(notice_id))
    return redirect(url_for("notices.show"), 303)
