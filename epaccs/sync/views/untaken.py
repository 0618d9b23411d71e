"""What came from tablets and was not taken: for its author, and for whoever answers for the person."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.core.identifiers import parse_id
from epaccs.sync.queries.untaken import untaken_of_author, untaken_of_person
from epaccs.versions.queries import get_banner

bp = Blueprint("untaken", __name__)


@bp.get("/from-tablets")
@needs(Permission.USE_TABLET)
def mine() -> ResponseReturnValue:
    """What I wrote without signal and the register did not take."""
    return render_template("sync/untaken.html", edits=untaken_of_author(current_actor()))


@bp.get("/record/<entry_id>/from-tablets")
@needs(Permission.VIEW_RECORD)
def of_person(entry_id: str) -> ResponseReturnValue:
    """What was written about one person without signal and was not taken, with its words."""
    found_id = parse_id(entry_id)
    edits = untaken_of_person(current_actor(), found_id)
    return render_template("sync/untaken_of_person.html", edits=edits, about=get_banner(found_id))
