"""One page a section: what is recorded, the form that changes it, its list."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.care_plans import actions, queries
from epaccs.care_plans.queries import SectionPage
from epaccs.clinicians.guard import current_actor
from epaccs.core.errors import NotFound
from epaccs.core.forms import Form, ShortText, Tick, answer_form
from epaccs.core.identifiers import new_id, parse_id
from epaccs.core.passages import HINT
from epaccs.core.web import sent_form
from epaccs.versions.queries import get_banner
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.schema import stamp_words, words_of

bp = Blueprint("care_plans", __name__, url_prefix="/record/<entry_id>/plan/<section>")


class RemovalReasonSchema(Schema):
    """Why a line leaves the list."""

    reason = ShortText("Why is this removed?", called="reason", required=True, limit=500)


class NothingSchema(Schema):
    """A form without questions."""


#: The name of the question at the foot of every form of the plan.
FROM_PAPER: Final = "copied_from_paper"
#: In the address of a section: it was opened from the list of what is to be compared with paper, and leads back there.
COPIES: Final = "copies"


@cache
def with_paper(schema: type[Schema]) -> type[Schema]:
    """The questions of a section, and whether the answers were copied from paper."""
    tick = Tick(
        "I copied this from paper",
        called="statement that this was copied from paper",
        hint="It reads “not yet checked” until a colleague has compared it with the paper",
    )
    return type(schema.__name__, (schema,), {"__doc__": schema.__doc__, FROM_PAPER: tick})


@bp.route("", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def show(entry_id: str, section: str) -> ResponseReturnValue:
    """The section and, for those who may, its form."""
    actor, page = current_actor(), _page(entry_id, section)
    if page.declaration.schema is None and request.method == "POST":
        raise NotFound
    schema = page.declaration.schema or NothingSchema
    form = Form(with_paper(schema), sent_form(), page.initial(), base_version=page.version)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        asked = replace(_request_of(page, form), is_from_paper=bool(fields.pop(FROM_PAPER)))
        return _answer(page, actions.save_section(actor, asked, fields=fields))

    return answer_form(form, save, lambda form: _render("care_plans/section.html", page, form=form))


@bp.route("/items/<item_id>", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def item(entry_id: str, section: str, item_id: str) -> ResponseReturnValue:
    """One line of the list; `new`: one more."""
    actor, page = current_actor(), _page(entry_id, section)
    if page.declaration.items is None:
        raise NotFound
    initial = {} if item_id == "new" else page.item_initial(item_id)
    form = Form(with_paper(page.declaration.items.schema), sent_form(), initial, base_version=page.version)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        line = str(form.edit_id) if item_id == "new" else item_id
        asked = replace(_request_of(page, form), is_from_paper=bool(fields.pop(FROM_PAPER)))
        return _answer(page, actions.save_item(actor, asked, item_id=line, fields=fields))

    def render(form: Form) -> str:
        return _render("care_plans/item.html", page, form=form, item_id=item_id)

    return answer_form(form, save, render)


@bp.route("/items/<item_id>/remove", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def remove(entry_id: str, section: str, item_id: str) -> ResponseReturnValue:
    """Take a line out, with the reason."""
    actor, page = current_actor(), _page(entry_id, section)
    page.item_initial(item_id)
    form = Form(RemovalReasonSchema, sent_form(), base_version=page.version)

    def take(fields: dict[str, Any]) -> ResponseReturnValue:
        done = actions.remove_item(actor, _request_of(page, form), item_id=item_id, reason=fields["reason"])
        return _answer(page, done)

    def render(form: Form) -> str:
        return _render("care_plans/remove.html", page, form=form, item_id=item_id)

    return answer_form(form, take, render)


@bp.post("/confirm")
@needs(Permission.VIEW_RECORD)
def confirm(entry_id: str, section: str) -> ResponseReturnValue:
    """Looked at, still right; of what was copied from paper: compared with it."""
    actor, page = current_actor(), _page(entry_id, section)
    form = Form(NothingSchema, request.form)
    done = actions.confirm_section(
        actor, form.edit_id, entry_id=page.entry_id, name=section, base_version=form.base_version
    )
    return _answer(page, done)


def _page(entry_id: str, section: str) -> SectionPage:
    return queries.get_section_page(current_actor(), parse_id(entry_id), section)


def _request_of(page: SectionPage, form: Form) -> EditRequest:
    return EditRequest(form.edit_id, page.entry_id, page.declaration.name, "", {}, form.base_version)


def _answer(page: SectionPage, applied: Applied) -> ResponseReturnValue:
    """Kept: back to the record, or to the list that led here. Held: to the page that shows both sides."""
    if applied.is_held:
        return redirect(url_for("versions.held", edit_id=applied.edit_id), 303)
    flash(_WORDS[applied.outcome].format(section=page.declaration.label))
    if request.values.get("then") == COPIES:
        return redirect(url_for("versions.copies", at=page.entry_id), 303)
    return redirect(url_for("record.show", entry_id=page.entry_id), 303)


_WORDS = {
    "applied": "{section}: saved.",
    "merged": "{section}: saved. Somebody else changed another part of it meanwhile; both are kept.",
    "same": "{section}: nothing was changed, so nothing was recorded.",
    "confirmed": "{section}: recorded as looked at and still right.",
    "held": "{section}: this was settled meanwhile.",
}


def _render(template: str, page: SectionPage, **more: Any) -> str:
    return render_template(
        template,
        page=page,
        about=get_banner(page.entry_id),
        fresh_id=new_id(),
        words_of=words_of,
        stamp_words=stamp_words,
        passages_hint=HINT,
        then=COPIES if request.args.get("then") == COPIES else "",
        **more,
    )
