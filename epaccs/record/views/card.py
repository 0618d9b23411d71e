"""The record of one person: the way in, the card with the whole record below it, and what one tap can do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from epaccs.access.actions import give_reason
from epaccs.access.guard import needs
from epaccs.access.queries import Standing
from epaccs.access.rules import AccessReason, Permission
from epaccs.agreements.rules import Level
from epaccs.clinicians.guard import asked_by_a_page, current_actor
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import new_id, parse_id
from epaccs.observations.rules import TAPS
from epaccs.record.actions import reading
from epaccs.record.queries import summaries
from epaccs.record.queries.summaries import Opened, find_what_reader_may
from epaccs.record.rules.blank import build_blank
from epaccs.record.rules.card import UNBROKEN, Card, Site, build_card
from epaccs.record.rules.plan_view import PlanView, build_plan_view
from epaccs.record.rules.view import Runs, View, build_view
from epaccs.record.schema.opening import OpeningSchema

bp = Blueprint("record", __name__)
bp.add_app_template_global(build_blank, "tablet_blank")


@bp.app_template_filter("unbroken")
def unbroken(words: str) -> Markup:
    """Words in which no line ends inside a date, a time or a telephone number."""
    if UNBROKEN.search(words) is None:
        return escape(words)
    return Markup(_escaped(words))  # noqa: S704 - escaped above


def _escaped(words: str) -> str:
    # As plain text: marked as safe, it would escape what is put in.
    escaped = str(escape(words))
    return UNBROKEN.sub(_kept_whole, escaped)


def _kept_whole(found: re.Match[str]) -> str:
    return f'<span class="app-unbroken">{found[0]}</span>'


#: What stands around each kind of run; where a link leads, or what is dialled, is put in after it.
_AROUND: Final[Mapping[str, tuple[str, str]]] = {
    "strong": ("<strong>", "</strong>"),
    "flag": ('<strong class="app-flag" dir="auto">', "</strong>"),
    "link": ('<a href="#', "</a>"),
    "tel": ('<a class="app-unbroken" href="tel:', "</a>"),
}


@bp.app_template_filter("runs")
def runs(line: Runs) -> Markup:
    """A line of a view: its texts, and what stands out of them."""
    pieces = [_escaped(run) if isinstance(run, str) else _outstanding(*run) for run in line]
    return Markup("".join(pieces))  # noqa: S704 - each piece is escaped


def _outstanding(kind: str, words: str, leads_to: str = "") -> str:
    opened, closed = _AROUND[kind]
    way = f'{escape(leads_to)}">' if leads_to else ""
    return f"{opened}{way}{_escaped(words)}{closed}"


@bp.get("/record/<entry_id>")
@needs(Permission.VIEW_CARD)
def show(entry_id: str) -> ResponseReturnValue:
    """The card, then the whole record; whoever gave no reason yet in this session is asked for it first."""
    actor = current_actor()
    standing = summaries.get_way_in(actor, parse_id(entry_id))
    if not standing.can(Permission.VIEW_CARD):
        return _ask_why(standing, Form(OpeningSchema))
    opened = summaries.read_record(standing, reader=actor)
    reading.note_card_viewed(actor, standing, opened.summary, search_id=_search_id())
    return _show(actor, opened)


def _show(actor: Actor, opened: Opened) -> str:
    card = make_card(opened, now=clock.now())
    if not opened.summary.lifecycle.is_open:
        return render_template("record/closed.html", card=card)
    may = find_what_reader_may(actor, opened)
    taps = {"wrong_person": new_id(), **{str(what): new_id() for what in TAPS}}
    return render_template(
        "record/show.html", card=card, opened=opened, edit_ids=taps, may=may, **in_words(card, opened)
    )


def in_words(card: Card, opened: Opened) -> dict[str, View | PlanView]:
    """The card and the whole record, as a template fills them in."""
    return {"view": build_view(card), "plan": build_plan_view(opened.sections)}


def make_card(opened: Opened, *, now: datetime) -> Card:
    """The card as it reads at a moment, with what this site has settled."""
    settings = current_app.config["EPACCS"]
    site = Site(control_telephone=settings.control_telephone, confirmation_hours=settings.confirmation_hours)
    return build_card(opened.summary, now=now, copy_left_at=now, site=site, has_namesake=opened.has_namesake)


def _search_id() -> UUID | None:
    """The search that led here; anything else in its place is nobody's search."""
    try:
        return parse_id(request.values.get("search", ""))
    except NotFound:
        return None


@bp.get("/record/<entry_id>/number")
@needs(Permission.VIEW_CARD)
@asked_by_a_page
def number(entry_id: str) -> ResponseReturnValue:
    """The number of the last change, for a page that is open; it tells nothing of what was changed."""
    return jsonify(number=summaries.get_number(current_actor(), parse_id(entry_id)))


# The way in


@bp.post("/record/<entry_id>/open")
@needs(Permission.GIVE_REASON)
def open_record(entry_id: str) -> ResponseReturnValue:
    """Give the reason; an emergency needs nothing else, and opens with one tap."""
    actor, found_id = current_actor(), parse_id(entry_id)
    form = Form(OpeningSchema, request.form)

    def give(loaded: dict[str, Any]) -> ResponseReturnValue:
        emergency = form.action == "emergency"
        reason = AccessReason.EMERGENCY if emergency else loaded["reason"]
        if reason is None:
            raise RuleBroken("Choose why you are opening this record, or open it in an emergency", field="reason")
        checked = loaded["identifiers_checked"] or []
        cannot_check = bool(loaded["cannot_check"]) or (emergency and len(checked) < 2)
        give_reason(actor, found_id, reason=reason, identifiers_checked=checked, cannot_check=cannot_check)
        return redirect(url_for("record.show", entry_id=found_id, search=_search_id()), code=303)

    return answer_form(form, give, lambda refused: _ask_why(summaries.get_way_in(actor, found_id), refused))


def _ask_why(standing: Standing, form: Form) -> str:
    summary = summaries.get_who(standing)
    return render_template(
        "record/open.html",
        form=form,
        summary=summary,
        age=summary.identity.age(clock.today()),
        action=url_for("record.open_record", entry_id=standing.entry_id, search=_search_id()),
        may_give=standing.can(Permission.GIVE_REASON),
        may_break_glass=standing.can(Permission.BREAK_GLASS),
        is_covered=standing.level is not Level.NONE,
        is_objected=standing.is_objected,
    )


# One tap


@bp.post("/record/<entry_id>/key-safe")
@needs(Permission.VIEW_CARD)
def key_safe(entry_id: str) -> ResponseReturnValue:
    """The code, on a page of its own; the look is recorded."""
    actor, found_id = current_actor(), parse_id(entry_id)
    code = reading.reveal_key_safe(actor, found_id)
    summary = summaries.get_summary(actor, found_id, permission=Permission.VIEW_CARD)
    age = summary.identity.age(clock.today())
    return render_template("record/key_safe.html", code=code, summary=summary, age=age)


@bp.post("/record/<entry_id>/wrong-person")
@needs(Permission.RECORD_OWN_WITHDRAWAL)
def wrong_person(entry_id: str) -> ResponseReturnValue:
    """The CPR decision is another person's: in doubt at once."""
    edit_id, decision_id = parse_id(request.form.get("edit_id", "")), request.form.get("decision_id", "")
    reading.say_wrong_person(current_actor(), parse_id(entry_id), edit_id=edit_id, decision_id=decision_id)
    flash("The CPR decision is now shown as in doubt, to everybody. A signer is asked to settle it.")
    return redirect(url_for("record.show", entry_id=entry_id), code=303)
