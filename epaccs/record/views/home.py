"""The first page of whoever is signed in: find a person, what waits, my people."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission, can_ever, facts_of_role
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.queries import find_own_last_day
from epaccs.identification.queries import count_to_consider
from epaccs.notices import actions as notices
from epaccs.notices import queries as notice_queries
from epaccs.record.queries import people

bp = Blueprint("home", __name__)


@bp.get("/")
@needs(Permission.SEE_NOTICES)
def first_page() -> ResponseReturnValue:
    """Most urgent first, and one way on for each role."""
    actor = current_actor()
    lines = notice_queries.notices_for(actor, limit=20)
    notices.mark_seen(actor, [line.id for line in lines])
    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    may = {permission.name: can_ever(permission, facts) for permission in Permission}
    number = request.args.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and 0 < int(number) < 10_000 else 1
    mine, to_consider = people.people_of(actor, page=page), count_to_consider(actor)
    last_day = find_own_last_day(actor)
    return render_template("home.html", lines=lines, may=may, mine=mine, to_consider=to_consider, last_day=last_day)
