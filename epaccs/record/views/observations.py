"""What those who were there say afterwards: one tap, or a page of two questions; and what came of what looked wrong."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.audit.events import EventKind
from epaccs.clinicians.guard import current_actor
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.observations.actions import observe
from epaccs.observations.rules import DIED, What
from epaccs.observations.schema import FindingSchema, HappenedSchema, WrongSchema
from epaccs.record.actions.reading import note_viewed
from epaccs.record.queries.observations import check_may_say, get_observations, get_wrong
from epaccs.record.rules.plan_view import build_group
from epaccs.versions.queries import get_banner

bp = Blueprint("observations", __name__, url_prefix="/record/<entry_id>")

ASKED = "The practice and the key worker are asked to look. Until they have, the card says so."


@bp.post("/used")
@needs(Permission.OBSERVE)
def used(entry_id: str) -> ResponseReturnValue:
    """The plan was used."""
    return _tap(entry_id, What.USED, "Noted: used.")


@bp.post("/not-relevant")
@needs(Permission.OBSERVE)
def not_relevant(entry_id: str) -> ResponseReturnValue:
    """The plan had nothing to do with this call."""
    return _tap(entry_id, What.NOT_RELEVANT, "Noted: not relevant to this call.")


@bp.post("/looks-wrong")
@needs(Permission.VIEW_CARD)
def looks_wrong(entry_id: str) -> ResponseReturnValue:
    """Something here looks wrong."""
    return _tap(entry_id, What.WRONG, f"Noted. {ASKED}")


def _tap(entry_id: str, what: What, says: str) -> ResponseReturnValue:
    edit_id = parse_id(request.form.get("edit_id", ""))
    said = {"seen_number": _number(request.form.get("seen_number", ""))}
    observe(current_actor(), edit_id, entry_id=parse_id(entry_id), what=what, said=said)
    return _back(entry_id, says)


def _number(text: str) -> int | None:
    """The change after which the card was made; a tap is not lost because a page said it badly."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 9 and int(text) else None


def _back(entry_id: str, says: str) -> ResponseReturnValue:
    flash(says)
    return redirect(url_for("record.show", entry_id=entry_id), code=303)


@bp.route("/wrong", methods=["GET", "POST"])
@needs(Permission.VIEW_CARD)
def wrong(entry_id: str) -> ResponseReturnValue:
    """Which part looks wrong, and why."""
    found_id = _may_say(entry_id, What.WRONG)
    form = Form(WrongSchema, sent_form(), _seen())

    def say(loaded: dict[str, Any]) -> ResponseReturnValue:
        if not loaded.get("part") and not (loaded.get("words") or "").strip():
            raise RuleBroken("Say which part looks wrong, or what is wrong", field="words")
        observe(current_actor(), form.edit_id, entry_id=found_id, what=What.WRONG, said=loaded)
        return _back(entry_id, f"Noted. {ASKED}")

    return answer_form(form, say, lambda form: _page("record/wrong.html", found_id, form=form))


@bp.route("/happened", methods=["GET", "POST"])
@needs(Permission.OBSERVE)
def happened(entry_id: str) -> ResponseReturnValue:
    """How the visit or call ended; whoever says that the person died is led to where a death is reported."""
    found_id = _may_say(entry_id, What.HAPPENED)
    form = Form(HappenedSchema, sent_form(), _seen())

    def say(loaded: dict[str, Any]) -> ResponseReturnValue:
        observe(current_actor(), form.edit_id, entry_id=found_id, what=What.HAPPENED, said=loaded)
        if loaded["outcome"] != DIED:
            return _back(entry_id, "Noted: what happened.")
        flash("Noted: what happened. It reports no death yet: that is done here.")
        return redirect(url_for("register.death", entry_id=found_id), code=303)

    return answer_form(form, say, lambda form: _page("record/happened.html", found_id, form=form))


def _may_say(entry_id: str, what: What) -> UUID:
    found_id = parse_id(entry_id)
    check_may_say(current_actor(), found_id, what)
    return found_id


def _seen() -> dict[str, Any]:
    return {"seen_number": _number(request.args.get("seen", ""))}


def _page(template: str, entry_id: UUID, **more: Any) -> str:
    return render_template(template, about=get_banner(entry_id), **more)


# What was said, and what came of it


@bp.get("/observations")
@needs(Permission.VIEW_RECORD)
def show(entry_id: str) -> ResponseReturnValue:
    """Everything that was said, newest first."""
    actor, found_id = current_actor(), parse_id(entry_id)
    page = get_observations(actor, found_id)
    note_viewed(actor, found_id, EventKind.RECORD_VIEWED)
    lines = [(one.id, build_group(one)) for one in page.lines]
    return _page("record/observations.html", found_id, page=page, lines=lines)


@bp.route("/observations/<line_id>/settle", methods=["GET", "POST"])
@needs(Permission.EDIT_PLAN)
def settle(entry_id: str, line_id: str) -> ResponseReturnValue:
    """What came of looking into what was said to be wrong."""
    actor, found_id, about = current_actor(), parse_id(entry_id), parse_id(line_id)
    wrong = build_group(get_wrong(actor, found_id, about))
    form = Form(FindingSchema, sent_form())

    def say(loaded: dict[str, Any]) -> ResponseReturnValue:
        observe(actor, form.edit_id, entry_id=found_id, what=What.SETTLED, said={**loaded, "about": str(about)})
        flash("Settled. The card says no more that this was found wrong.")
        return redirect(url_for("observations.show", entry_id=found_id), code=303)

    return answer_form(form, say, lambda form: _page("record/settle.html", found_id, form=form, wrong=wrong))
