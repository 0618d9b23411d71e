"""Who can see a record now, and what an agreement would let through."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from epaccs.access.actions import record_list_viewed
from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.agreements.queries import get_agreement
from epaccs.agreements.rules import LEVEL_LABELS
from epaccs.clinicians.guard import current_actor
from epaccs.core import clock
from epaccs.core.identifiers import parse_id
from epaccs.record.declared import sights
from epaccs.record.queries.sharing import get_sharing
from epaccs.record.rules.sharing import REASON_LABELS, preview

bp = Blueprint("sharing", __name__)


@bp.get("/record/<entry_id>/who-can-see")
@needs(Permission.VIEW_WHO_HAS_LOOKED)
def show(entry_id: str) -> ResponseReturnValue:
    """Every organisation that has a reason to look, and how far an agreement lets it."""
    actor = current_actor()
    found = get_sharing(actor, parse_id(entry_id))
    record_list_viewed(actor, list_name="who_can_see", count=len(found.lookers))
    return render_template(
        "record/who_can_see.html",
        found=found,
        summary=found.who,
        age=found.who.identity.age(clock.today()),
        levels=LEVEL_LABELS,
        reasons=REASON_LABELS,
    )


@bp.get("/admin/agreements/<agreement_id>/preview")
@needs(Permission.ADMINISTER)
def preview_agreement(agreement_id: str) -> ResponseReturnValue:
    """What exactly an agreement would let through of a made-up person, before anybody signs it."""
    agreement = get_agreement(current_actor(), parse_id(agreement_id))
    sections = preview(sights(), agreement.level)
    return render_template("agreements/preview.html", agreement=agreement, sections=sections, levels=LEVEL_LABELS)
