"""What a privacy officer looks at: openings in an emergency, and tablets whose books do not fit together."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from epaccs.access import actions, queries
from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.access.schema import OUTCOMES, ReviewSchema
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import ROLE_LABELS
from epaccs.core.errors import NotFound
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form

bp = Blueprint("access", __name__)


@bp.get("/privacy-office")
@needs(Permission.REVIEW_ACCESS)
def privacy_office() -> ResponseReturnValue:
    """What needs looking at."""
    openings, alarms = queries.openings_to_review(current_actor()), queries.tablet_alarms(current_actor())
    actions.record_list_viewed(current_actor(), list_name="privacy_office", count=len(openings))
    return render_template(
        "access/privacy_office.html", openings=openings, alarms=alarms, roles=ROLE_LABELS, outcomes=OUTCOMES
    )


@bp.route("/privacy-office/<grant_id>", methods=["GET", "POST"])
@needs(Permission.REVIEW_ACCESS)
def review(grant_id: str) -> ResponseReturnValue:
    """Decide on one opening."""
    actor, number = current_actor(), parse_id(grant_id)
    opening = next((one for one in queries.openings_to_review(actor) if one.id == number), None)
    if opening is None:
        raise NotFound
    form = Form(ReviewSchema, sent_form())

    def decide(fields: dict[str, Any]) -> ResponseReturnValue:
        actions.review_access(actor, number, outcome=fields["outcome"], note=fields["note"] or "")
        flash("Recorded.")
        return redirect(url_for("access.privacy_office"), 303)

    def show(form: Form) -> str:
        return render_template("access/review.html", form=form, opening=opening, roles=ROLE_LABELS)

    return answer_form(form, decide, show)
