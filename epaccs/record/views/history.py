"""What changed, what the register showed at a moment, and who has looked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.audit.events import EventKind
from epaccs.clinicians.guard import current_actor
from epaccs.core import clock
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.record.actions.reading import note_viewed
from epaccs.record.queries.history import History, Looks, get_history, get_looks
from epaccs.record.queries.holders import Holders, get_holders
from epaccs.record.queries.summaries import get_record_at
from epaccs.record.schema.opening import MomentSchema
from epaccs.record.views.card import in_words, make_card

bp = Blueprint("record_history", __name__)


@bp.get("/record/<entry_id>/history")
@needs(Permission.VIEW_RECORD)
def show(entry_id: str) -> ResponseReturnValue:
    """Each change; and, when a moment is asked for, what the register showed then."""
    found_id = parse_id(entry_id)
    form = Form(MomentSchema, request.args or None)
    return answer_form(form, lambda loaded: _as_it_was(found_id, loaded), lambda form: _history(found_id, form))


def _history(entry_id: UUID, form: Form) -> str:
    actor = current_actor()
    found = get_history(actor, entry_id)
    note_viewed(actor, entry_id, EventKind.HISTORY_VIEWED)
    return _about("record/history.html", found, form=form)


def _as_it_was(entry_id: UUID, loaded: dict[str, Any]) -> str:
    actor, moment = current_actor(), loaded["at"]
    opened = get_record_at(actor, entry_id, moment)
    note_viewed(actor, entry_id, EventKind.RECORD_VIEWED, as_at=moment)
    words = in_words(make_card(opened, now=moment), opened)
    return render_template("record/as_it_was.html", opened=opened, moment=moment, **words)


@bp.get("/record/<entry_id>/who-has-looked")
@needs(Permission.VIEW_WHO_HAS_LOOKED)
def who_has_looked(entry_id: str) -> ResponseReturnValue:
    """Every look, in plain words; this one too."""
    actor, found_id = current_actor(), parse_id(entry_id)
    found = get_looks(actor, found_id, before=_before())
    note_viewed(actor, found_id, EventKind.WHO_LOOKED_VIEWED)
    return _about("record/who_has_looked.html", found)


@bp.get("/record/<entry_id>/who-has-it")
@needs(Permission.VIEW_WHO_HAS_LOOKED)
def who_has_it(entry_id: str) -> ResponseReturnValue:
    """Which tablets and sheets hold the present version, and who was told of changes."""
    actor, found_id = current_actor(), parse_id(entry_id)
    found = get_holders(actor, found_id)
    note_viewed(actor, found_id, EventKind.LIST_VIEWED, list="holders", count=len(found.copies))
    return _about("record/who_has_it.html", found)


def _before() -> datetime | None:
    """Where an earlier page of looks ended; anything else in its place means from now."""
    try:
        moment = datetime.fromisoformat(request.args.get("before", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _about(template: str, found: History | Looks | Holders, **more: Any) -> str:
    age = found.who.identity.age(clock.today())
    return render_template(template, found=found, summary=found.who, age=age, **more)
