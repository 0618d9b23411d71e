"""One page a section: what is recorded, the form that changes it, its list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    RemovalReasonSchema,
    build_answers_schema,
    build_tonight_schema,
    field_name,
    read_versions,
    read_words,
)
from epaccs.clinicians.guard import current_actor
from epaccs.core.errors import NotFound
from epaccs.core.forms import Form, Tick, answer_form
from epaccs.core.identifiers import new_id, parse_id
from epaccs.core.passages import HINT
from epaccs.core.web import hold_frame, sent_form
from epaccs.scans.queries import Beside, find_beside
from epaccs.versions.queries import get_banner
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.rules import present_items
from epaccs.versions.schema import stamp_words, words_of

bp = Blueprint("care_plans", __name__, url_prefix="/record/<entry_id>")


class NothingSchema(Schema):
    """A form without questions."""


#: The name of the question at the foot of every form of the plan.
FROM_PAPER: Final = "copied_from_paper"
#: In the address of a section: it was opened from the list of what is to be compared with paper, and leads back there.
COPIES: Final = "copies"


@dataclass(frozen=True)
class Way:
    """How somebody came to a form, kept in its address: what they do there, and the scan that stands beside it.

    `then`: COPIES, or empty. `scan_id` None: no scan was chosen.
    """

    then: str
    scan_id: UUID | None

    @property
    def is_copying(self) -> bool:
        """Whether a scan is typed from, rather than compared with what a colleague typed."""
        return self.scan_id is not None and self.then != COPIES

    def to(self, endpoint: str, **values: Any) -> str:
        """An address on the same way."""
        kept = {"then": self.then or None, "scan": self.scan_id}
        return url_for(endpoint, **{**kept, **values})

    def back(self, entry_id: UUID) -> str:
        """Where it leads back to: what else there is to copy or to compare, or else the record."""
        if self.is_copying:
            return self.to("care_plans.copy", entry_id=entry_id)
        if self.then:
            return self.to("versions.copies", at=entry_id, then=None)
        return url_for("record.show", entry_id=entry_id)

    def with_scan(self, scan_id: UUID | None) -> str:
        """The same page, with this scan beside it."""
        return replace(self, scan_id=scan_id).to(str(request.endpoint), **(request.view_args or {}))


def current_way() -> Way:
    """As the address says."""
    scan = request.args.get("scan")
    return Way(COPIES if request.args.get("then") == COPIES else "", parse_id(scan) if scan else None)


def first_answers(answers: Mapping[str, Any], *, way: Way, beside: Beside) -> dict[str, Any]:
    """What a form holds when it is opened: with a scan to type from beside it, also that it is copied from paper.

    Source: hazard H-42.
    """
    return {**answers, FROM_PAPER: way.is_copying and beside.shown is not None}


def ask_of_paper(schema: type[Schema]) -> type[Schema]:
    """The questions of a form, and whether the answers were copied from paper."""
    tick = Tick(
        "I copied this from paper",
        called="statement that this was copied from paper",
        hint="It reads “not yet checked” until a colleague has compared it with the paper",
    )
    return type(schema.__name__, (schema,), {"__doc__": schema.__doc__, FROM_PAPER: tick})


#: The same for the questions that are declared, and so always the same.
with_paper = cache(ask_of_paper)


@bp.route("/plan/<section>", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def show(entry_id: str, section: str) -> ResponseReturnValue:
    """The section and, for those who may, its form."""
    actor, page, way = current_actor(), _page(entry_id, section), current_way()
    if page.declaration.items and page.declaration.items.is_own_form:
        return _show_local(page, way)
    if page.declaration.schema is None and request.method == "POST":
        raise NotFound
    schema, beside = page.declaration.schema or NothingSchema, _beside(page, way)
    initial = first_answers(page.initial(), way=way, beside=beside)
    asked_here = with_paper(schema)(exclude=page.hidden & set(page.declaration.fields()))
    form = Form(asked_here, sent_form(), initial, base_version=page.version, early=page.early)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        asked = replace(_request_of(page, form), is_from_paper=bool(fields.pop(FROM_PAPER)))
        return _answer(page, actions.save_section(actor, asked, fields=fields))

    return answer_form(form, save, lambda form: _render("care_plans/section.html", page, form=form, beside=beside))


@bp.route("/plan/<section>/items/<item_id>", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def item(entry_id: str, section: str, item_id: str) -> ResponseReturnValue:
    """One line of the list; `new`: one more."""
    actor, page, way = current_actor(), _page(entry_id, section), current_way()
    if page.declaration.items is None or page.declaration.items.is_own_form:
        raise NotFound
    kept, beside = {} if item_id == "new" else page.item_initial(item_id), _beside(page, way)
    initial = first_answers(kept, way=way, beside=beside)
    schema = with_paper(page.declaration.items.schema)(exclude=page.hidden & set(page.declaration.item_fields()))
    form = Form(schema, sent_form(), initial, base_version=page.version, early=page.early_of_item)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        line = str(form.edit_id) if item_id == "new" else item_id
        asked = replace(_request_of(page, form), is_from_paper=bool(fields.pop(FROM_PAPER)))
        return _answer(page, actions.save_item(actor, asked, item_id=line, fields=fields), is_of_list=True)

    def render(form: Form) -> str:
        return _render("care_plans/item.html", page, form=form, beside=beside, item_id=item_id)

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
        return _answer(page, done, is_of_list=True)

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


def _show_local(page: SectionPage, way: Way) -> ResponseReturnValue:
    """What the area asks, in one form; below it what was answered to questions that are asked no more."""
    actor, questions = current_actor(), queries.find_local_questions(page.entry_id)
    if not questions and request.method == "POST":
        raise NotFound
    typed, beside = present_items(page.typed), _beside(page, way)
    kept = {
        field_name(one.id): read_words(one, typed[str(one.id)]["answer"]) for one in questions if str(one.id) in typed
    }
    initial = first_answers(kept, way=way, beside=beside)
    schema = ask_of_paper(type(build_answers_schema(questions)))
    form = Form(schema, sent_form(), initial, base_version=page.version)

    def save(fields: dict[str, Any]) -> ResponseReturnValue:
        asked = replace(_request_of(page, form), is_from_paper=bool(fields.pop(FROM_PAPER)))
        done = actions.save_local_answers(actor, asked, questions=questions, fields=fields)
        told = next((one for one in done if one.is_held), None) or next(
            (one for one in done if one.outcome != "same"), None
        )
        return _answer(page, told or done[0])

    now = {str(one.id) for one in questions}
    former = {item_id: item for item_id, item in page.items.items() if item_id not in now}

    def render(form: Form) -> str:
        return _render("care_plans/local.html", page, form=form, beside=beside, questions=questions, former=former)

    return answer_form(form, save, render)


@bp.get("/copy")
@needs(Permission.EDIT_PLAN)
def copy(entry_id: str) -> ResponseReturnValue:
    """Type a plan from paper: which scan, then section by section with the scan beside the form."""
    actor, way = current_actor(), current_way()
    page = queries.get_copying_page(actor, parse_id(entry_id))
    beside = find_beside(actor, page.entry_id, way.scan_id)
    return render_template("care_plans/copy.html", page=page, beside=beside, way=way, about=get_banner(page.entry_id))


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


def _beside(page: SectionPage, way: Way) -> Beside:
    """For whoever may type or compare here."""
    return find_beside(current_actor(), page.entry_id, way.scan_id) if page.can_edit else Beside(page.entry_id)


def _request_of(page: SectionPage, form: Form) -> EditRequest:
    return EditRequest(form.edit_id, page.entry_id, page.declaration.name, "", {}, form.base_version)


def _answer(page: SectionPage, applied: Applied, *, is_of_list: bool = False) -> ResponseReturnValue:
    """Kept: back to the record, or on the way that led here. Held: to the page that shows both sides.

    Args:
        is_of_list: it was one line, and whoever copies or compares has the others before them.
    """
    if applied.is_held:
        return redirect(url_for("versions.held", edit_id=applied.edit_id), 303)
    flash(_WORDS[applied.outcome].format(section=page.declaration.label))
    way = current_way()
    if is_of_list and (way.then or way.is_copying):
        return redirect(way.to("care_plans.show", entry_id=page.entry_id, section=page.declaration.name), 303)
    return redirect(way.back(page.entry_id), 303)


_WORDS = {
    "applied": "{section}: saved.",
    "merged": "{section}: saved. Somebody else changed another part of it meanwhile; both are kept.",
    "same": "{section}: nothing was changed, so nothing was recorded.",
    "confirmed": "{section}: recorded as looked at and still right.",
    "held": "{section}: this was settled meanwhile.",
}


def _render(template: str, page: SectionPage, *, beside: Beside | None = None, **more: Any) -> str:
    beside = beside or Beside(page.entry_id)
    if beside.shown and not beside.shown.is_picture:
        hold_frame()
    return render_template(
        template,
        page=page,
        beside=beside,
        about=get_banner(page.entry_id),
        fresh_id=new_id(),
        words_of=words_of,
        stamp_words=stamp_words,
        passages_hint=HINT,
        way=current_way(),
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
