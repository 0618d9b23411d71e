"""The people I care for whose record says two things that cannot both be true."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.record.queries.disagreements import people_with_disagreements
from epaccs.record.queries.people import has_list

bp = Blueprint("disagreements", __name__)


@bp.get("/disagreements")
@needs(Permission.EDIT_CONTACTS)
def show() -> ResponseReturnValue:
    """What would mislead a crew first; the answers themselves are read in the record."""
    actor = current_actor()
    return render_template(
        "record/disagreements.html", people=people_with_disagreements(actor), has_list=has_list(actor)
    )
