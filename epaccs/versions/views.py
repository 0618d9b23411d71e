"""Edits that wait for a person's decision, and the page that settles them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import check_proved_lately, current_actor
from epaccs.core.forms import Choice, Form, FreeText, Hidden, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.versions import actions, queries
from epaccs.versions.queries import DisputePage

bp = Blueprint("versions", __name__)


def _settle_schema(page: DisputePage) -> Schema:
    """The sides of this dispute as answers, and the reason."""
    sides = {"keep": "What was last confirmed stands"}
    sides |= {str(side.edit_id): f"The change by {side.author_words} stands" for side in page.sides if side.can_accept}
    fields: dict[str, Any] = {
        "side": Choice("Which side stands?", sides, required=True, ask="Choose which side stands"),
        "reason": FreeText(
            "Why does it stand?", hint="Whom you asked, what you read", required=True, ask="Say why this side stands"
        ),
        "seen": Hidden("Edits seen", required=True, limit=4000),
    }
    return Schema.from_dict(fields)()


@bp.get("/held")
@needs(Permission.SETTLE_DISPUTE)
def held_list() -> ResponseReturnValue:
    """Every dispute among the people in my reach, most urgent first."""
    return render_template("versions/list.html", disputes=queries.disputes_for(current_actor()))


@bp.get("/copies")
@needs(Permission.EDIT_PLAN)
def copies() -> ResponseReturnValue:
    """What others copied from paper, to be compared with it: one person at a time."""
    at, scan = (parse_id(said) if (said := request.args.get(name)) else None for name in ("at", "scan"))
    found = queries.copies_for(current_actor(), at=at)
    is_still_of = found.now is not None and found.now.person.entry_id == at
    return render_template("versions/copies.html", found=found, scan=scan if is_still_of else None)


@bp.get("/held/of/<entry_id>")
@needs(Permission.VIEW_RECORD)
def held_of_entry(entry_id: str) -> ResponseReturnValue:
    """The first dispute of one person; none left: their record."""
    edit_id = queries.find_first_held(current_actor(), parse_id(entry_id))
    if edit_id is None:
        return redirect(url_for("record.show", entry_id=entry_id), 303)
    return redirect(url_for("versions.held", edit_id=edit_id), 303)


@bp.route("/held/<edit_id>", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def held(edit_id: str) -> ResponseReturnValue:
    """Both sides, who, when; and for those who may, which stands."""
    actor = current_actor()
    page = queries.get_dispute(actor, parse_id(edit_id))
    seen = " ".join(str(side.edit_id) for side in page.sides)
    form = Form(_settle_schema(page), sent_form(), {"seen": seen}, base_version=page.version)
    if form.was_sent:
        check_settler(page)

    def settle(fields: dict[str, Any]) -> ResponseReturnValue:
        applied = actions.settle(
            actor, page.request(form.edit_id), side=fields["side"], reason=fields["reason"], seen=fields["seen"].split()
        )
        if applied.is_held:
            flash("Another change came while you were deciding. Look at every side again.")
            return redirect(url_for("versions.held", edit_id=edit_id), 303)
        flash("Settled. Everybody who holds a copy is told.")
        return redirect(url_for("record.show", entry_id=page.entry_id), 303)

    return answer_form(form, settle, lambda form: _render(page, form, parse_id(edit_id)))


def check_settler(page: DisputePage) -> None:
    """Whoever says which signature stands carries it with their own name, and says anew who they are (hazard H-64).

    Nothing typed is lost: the side and the reason stand in the form again.
    """
    if page.is_signed and page.can_settle:
        check_proved_lately()


def _render(page: DisputePage, form: Form, edit_id: UUID) -> str:
    return render_template(
        "versions/held.html", page=page, form=form, edit_id=edit_id, about=queries.get_banner(page.entry_id)
    )
