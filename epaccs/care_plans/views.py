"""One page a section: what is recorded, the form that changes it, its list."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.care_plans import actions, queries
from epaccs.care_plans.queries import SectionPage
from epaccs.care_plans.rules import LOCAL_KINDS
from epaccs.care_plans.schema import (
    VERSIONS,
    LocalQuestionSchema,
    build_answers_schema,
    build_tonight_schema,
    field_name,
    read_versions,
    read_words,
)
from epaccs.clinicians.guard import current_actor
from epaccs.core.errors import NotFound
from epaccs.core.forms import Form, ShortText, Tick, answer_form
from epaccs.core.identifiers import new_id, parse_id
from epaccs.core.passages import HINT
from epaccs.core.web import sent_form
from epaccs.versions.queries import get_banner
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.rules import present_items
from epaccs.versions.schema import stamp_words, words_of

bp = Blueprint("care_plans", __name__, url_prefix="/record/<entry_id>")


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


@bp.route("/plan/<section>", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def show(entry_id: str, section: str) -> ResponseReturnValue:
    """The section and, for those who may, its form."""
    actor, page = current_actor(), _page(entry_id, section)
    if page.declaration.items and page.declaration.items.is_own_form:
        return _show_local(page)
    if page.declaration.schema is None and request.method == "POST":
        raise NotFound
    schema = page.declaration.schema or NothingSchema
    form = Form(with_paper(schema), sent_form(), page.initial(), base_version=page.version, early=page.early)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        asked = replace(_request_of(page, form), is_from_paper=bool(fields.pop(FROM_PAPER)))
        return _answer(page, actions.save_section(actor, asked, fields=fields))

    return answer_form(form, save, lambda form: _render("care_plans/section.html", page, form=form))


@bp.route("/plan/<section>/items/<item_id>", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def item(entry_id: str, section: str, item_id: str) -> ResponseReturnValue:
    """One line of the list; `new`: one more."""
    actor, page = current_actor(), _page(entry_id, section)
    if page.declaration.items is None or page.declaration.items.is_own_form:
        raise NotFound
    initial = {} if item_id == "new" else page.item_initial(item_id)
    schema = with_paper(page.declaration.items.schema)
    form = Form(schema, sent_form(), initial, base_version=page.version, early=page.early_of_item)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        line = str(form.edit_id) if item_id == "new" else item_id
        asked = replace(_request_of(page, form), is_from_paper=bool(fields.pop(FROM_PAPER)))
        return _answer(page, actions.save_item(actor, asked, item_id=line, fields=fields))

    def render(form: Form) -> str:
        return _render("care_plans/item.html", page, form=form, item_id=item_id)

    return answer_form(form, save, render)


@bp.route("/plan/<section>/items/<item_id>/remove", methods=["GET", "POST"])
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


@bp.post("/plan/<section>/confirm")
@needs(Permission.VIEW_RECORD)
def confirm(entry_id: str, section: str) -> ResponseReturnValue:
    """Looked at, still right; of what was copied from paper: compared with it."""
    actor, page = current_actor(), _page(entry_id, section)
    form = Form(NothingSchema, request.form)
    done = actions.confirm_section(
        actor, form.edit_id, entry_id=page.entry_id, name=section, base_version=form.base_version
    )
    return _answer(page, done)


def _show_local(page: SectionPage) -> ResponseReturnValue:
    """What the area asks, in one form; below it what was answered to questions that are asked no more."""
    actor, questions = current_actor(), queries.find_local_questions(page.entry_id)
    if not questions and request.method == "POST":
        raise NotFound
    typed = present_items(page.typed)
    initial = {
        field_name(one.id): read_words(one, typed[str(one.id)]["answer"]) for one in questions if str(one.id) in typed
    }
    form = Form(build_answers_schema(questions), sent_form(), initial, base_version=page.version)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        kept = actions.save_local_answers(actor, _request_of(page, form), questions=questions, fields=fields)
        told = next((one for one in kept if one.is_held), None) or next(
            (one for one in kept if one.outcome != "same"), None
        )
        return _answer(page, told or kept[0])

    asked = {str(one.id) for one in questions}
    former = {item_id: item for item_id, item in page.items.items() if item_id not in asked}
    return answer_form(
        form, save, lambda form: _render("care_plans/local.html", page, form=form, questions=questions, former=former)
    )


@bp.route("/tonight", methods=["GET", "POST"])
@needs(Permission.EDIT_CONTACTS)
def tonight(entry_id: str) -> ResponseReturnValue:
    """The least that helps tonight: a few questions of several sections, kept together."""
    actor = current_actor()
    page = queries.get_tonight_page(actor, parse_id(entry_id))
    form = Form(build_tonight_schema(page.asked), sent_form(), page.initial())

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        versions = read_versions(fields[VERSIONS], sections=page.versions)
        answers = {one: fields[one.box] for one in page.asked}
        done = actions.save_tonight(actor, form.edit_id, entry_id=page.entry_id, answers=answers, versions=versions)
        return _answer_all(page.entry_id, done)

    def render(form: Form) -> str:
        return render_template("care_plans/tonight.html", page=page, form=form, about=get_banner(page.entry_id))

    return answer_form(form, save, render)


def _answer_all(entry_id: UUID, done: list[Applied]) -> ResponseReturnValue:
    """Kept: back to the record. One held: to the page that shows both sides."""
    held = next((one for one in done if one.is_held), None)
    if held:
        if not all(one.is_held for one in done):
            flash("What you entered beside this is saved.")
        return redirect(url_for("versions.held", edit_id=held.edit_id), 303)
    flash("Saved: the card shows it now." if done else "Nothing was entered, so nothing was recorded.")
    return redirect(url_for("record.show", entry_id=entry_id), 303)


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


# --- What an area asks besides the standards -------------------------------------------------------------------------

local = Blueprint("local_questions", __name__, url_prefix="/admin/questions")


@local.route("", methods=["GET", "POST"])
@needs(Permission.ADMINISTER)
def questions() -> ResponseReturnValue:
    """What the board's area asks, and one question more."""
    actor = current_actor()
    found = queries.find_questions_of_area(actor)

    def add(fields: dict[str, Any]) -> ResponseReturnValue:
        actions.add_local_question(actor, **fields)
        flash("It is asked from now on, about everybody of the area.")
        return redirect(url_for("local_questions.questions"), 303)

    def show(form: Form) -> str:
        return render_template("care_plans/questions.html", form=form, found=found, kinds=LOCAL_KINDS)

    return answer_form(Form(LocalQuestionSchema, sent_form()), add, show)


@local.post("/<question_id>/end")
@needs(Permission.ADMINISTER)
def end_question(question_id: str) -> ResponseReturnValue:
    """Ask it no more."""
    actions.end_local_question(current_actor(), parse_id(question_id))
    flash("It is asked no more. What was answered stays in the records.")
    return redirect(url_for("local_questions.questions"), 303)
