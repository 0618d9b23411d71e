"""Who was told of changes to a record, and whether they saw it."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.core.identifiers import parse_id
from epaccs.record.queries.told import get_deliveries
from epaccs.versions.queries import get_banner

bp = Blueprint("told", __name__)


@bp.get("/record/<entry_id>/told")
@needs(Permission.VIEW_RECORD)
def show(entry_id: str) -> ResponseReturnValue:
    """Everything that was sent about a person, newest first."""
    found_id = parse_id(entry_id)
    deliveries = get_deliveries(current_actor(), found_id)
    return render_template("record/told.html", deliveries=deliveries, about=get_banner(found_id))
