"""Change one section of a plan: its fields, one line of its list, or nothing but "still right"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.care_plans.model import LocalQuestion
from epaccs.care_plans.queries import area_of, find_unseen, get_declaration
from epaccs.care_plans.rules import LocalKind, Question, check_local_question, read_local_answers
from epaccs.care_plans.schema import TONIGHT, Asked, answer_words, field_name
from epaccs.care_plans.sections import PUT, PUT_ITEM, REMOVE_ITEM
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.core.passages import keep_withheld
from epaccs.register.actions import part_of
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import version_value
from epaccs.versions.registry import CONFIRM, Applied, EditRequest
from epaccs.versions.rules import ITEMS
from epaccs.versions.schema import plain


def save_section(actor: Actor, request: EditRequest, *, fields: Mapping[str, Any]) -> Applied:
    """Keep the section's fields as the form gave them; one nurse can add one fact and save.

    Args:
        request: of which entry, section and version, and whether it was copied from paper; its body is made here.

    Raises:
        NotFound, Forbidden, RuleBroken, RulesBroken: as `apply_edit`; or an answer was changed of which a passage was
            withheld from the author.
    """
    schema = get_declaration(request.section).schema
    if schema is None:
        raise NotFound
    unseen = find_unseen(actor, request.entry_id, request.section, request.base_version)
    return apply_edit(actor, _with(request, PUT, keep_withheld(unseen, plain(schema, fields))))


def save_item(actor: Actor, request: EditRequest, *, item_id: str, fields: Mapping[str, Any]) -> Applied:
    """Keep one line of the section's list.

    Args:
        request: as for `save_section`.
    """
    items = get_declaration(request.section).items
    if items is None:
        raise NotFound
    unseen = find_unseen(actor, request.entry_id, request.section, request.base_version)
    item = keep_withheld(unseen.get(ITEMS, {}).get(item_id, {}), plain(items.schema, fields))
    body = {"item_id": item_id, "item": item}
    return apply_edit(actor, _with(request, PUT_ITEM, body))


def remove_item(actor: Actor, request: EditRequest, *, item_id: str, reason: str) -> Applied:
    """Take one line out of the list, with the reason; it stays in the history."""
    return apply_edit(actor, _with(request, REMOVE_ITEM, {"item_id": item_id, "reason": reason}))


def confirm_section(actor: Actor, edit_id: UUID, *, entry_id: UUID, name: str, base_version: int) -> Applied:
    """Say that the section was looked at and is still right; the facts keep their own authors.

    Of what was copied from paper it says that it was compared with the paper.

    Raises:
        RuleBroken: the author copied it themselves, or nothing is recorded.
    """
    return apply_edit(actor, EditRequest(edit_id, entry_id, name, CONFIRM, {}, base_version))


def save_tonight(
    actor: Actor, edit_id: UUID, *, entry_id: UUID, answers: Mapping[Asked, Any], versions: Mapping[str, int]
) -> list[Applied]:
    """Keep what was answered on the page of the least that helps tonight: one edit for each section, all or none.

    A section of which nothing was changed is left alone. A change of a critical section that somebody else changed
    meanwhile is held for a person, as from its own page.

    Args:
        edit_id: of the form; the edits of the sections follow from it.
        answers: as the form loaded them; None: blank.
        versions: of each section, what the author saw.

    Raises:
        NotFound, Forbidden: as `apply_edit`.
        RuleBroken, RulesBroken: what every section refuses, by the boxes of the page; nothing was kept.

    Source: SCCI1580 v4.0 s6; hazards H-02, H-13.
    """
    applied: list[Applied] = []
    refused: list[RuleBroken] = []
    with writing():
        for section in dict.fromkeys(one.section for one in TONIGHT):
            said = {one: answers[one] for one in answers if one.section == section}
            request = EditRequest(part_of(edit_id, section), entry_id, section, PUT, {}, versions.get(section, 0))
            try:
                applied += [apply_edit(actor, one) for one in _edits_of(request, said, line_id=edit_id)]
            except (RuleBroken, RulesBroken) as error:
                refused += _with_boxes(error, section)
        if refused:
            raise RulesBroken(refused)
    return applied


def _edits_of(request: EditRequest, said: Mapping[Asked, Any], *, line_id: UUID) -> Iterator[EditRequest]:
    """What one section is asked to change: its own fields, if they are not as they were seen, then one line more.

    Args:
        line_id: of the line. Lists stand in the order of these ids, so it is one that tells when the form was made.
    """
    own = {one.name: answer for one, answer in said.items() if not one.in_list}
    line = {one.name: answer for one, answer in said.items() if one.in_list and answer is not None}
    seen = version_value(request.entry_id, request.section, request.base_version) or {}
    before = {name: seen[name] for name in get_declaration(request.section).fields() if name in seen}
    after = {**before, **{name: answer for name, answer in own.items() if answer is not None or name in before}}
    if after != before:
        yield replace(request, body=after)
    if line:
        after_id = request.id if after != before else None
        body = {"item_id": str(line_id), "item": line}
        yield replace(request, id=part_of(request.id, "line"), kind=PUT_ITEM, body=body, after_id=after_id)


def _with_boxes(error: RuleBroken | RulesBroken, section: str) -> Sequence[RuleBroken]:
    """The same refusals beside the boxes of the page; what concerns no question of it stands above the form."""
    errors = error.errors if isinstance(error, RulesBroken) else [error]
    boxes = {one.name: one.box for one in TONIGHT if one.section == section}
    return [RuleBroken(one.message, field=boxes.get(one.field or "")) for one in errors]


def _with(request: EditRequest, kind: str, body: dict[str, Any]) -> EditRequest:
    return replace(request, kind=kind, body=body)


# --- What an area asks besides the standards -------------------------------------------------------------------------


def save_local_answers(
    actor: Actor, request: EditRequest, *, questions: Sequence[Question], fields: Mapping[str, Any]
) -> list[Applied]:
    """Keep the answers to the area's questions, each with the words in which it was asked; a blank takes it out.

    Args:
        request: of which entry, section and version; a body is made here for each answer.
        fields: the loaded form, by `field_name`.

    Raises:
        NotFound, Forbidden, RuleBroken, RulesBroken: as `apply_edit`; then nothing is kept.
    """
    with writing():
        return [
            apply_edit(actor, _answer(request, one, answer_words(one, fields[field_name(one.id)]))) for one in questions
        ]


def _answer(request: EditRequest, question: Question, words: str | None) -> EditRequest:
    edit_id, item_id = uuid5(request.id, question.id.hex), str(question.id)
    body: dict[str, Any] = {"item_id": item_id, "reason": "The answer was cleared"}
    if words is not None:
        body = {"item_id": item_id, "item": {"question": question.question, "answer": words}}
    kind = REMOVE_ITEM if words is None else PUT_ITEM
    return replace(request, id=edit_id, kind=kind, body=body)


def add_local_question(actor: Actor, *, question: str, hint: str | None, kind: LocalKind, answers: str | None) -> UUID:
    """Ask something from now on about everybody of the board's area; it never stands on the emergency card.

    Raises:
        Forbidden: this person is not the board's administrator.
        RuleBroken: it is asked already, or its answers cannot be.
    """
    offered = read_local_answers(kind, answers)
    with writing() as session:
        area = area_of(actor)
        asked = session.scalars(
            select(LocalQuestion.question).where(LocalQuestion.area == area, LocalQuestion.ended_at.is_(None))
        )
        check_local_question(question, asked.all())
        question_id = new_id()
        session.add(
            LocalQuestion(
                id=question_id,
                area=area,
                question=question,
                hint=hint,
                kind=str(kind),
                answers=list(offered),
                added_at=clock.now(),
                added_by=actor.clinician_id,
            )
        )
        log.record(event(actor, EventKind.SETTINGS_CHANGED, what="local_question_added", question_id=question_id))
    return question_id


def end_local_question(actor: Actor, question_id: UUID) -> None:
    """Ask it no more; what was answered stays in the records.

    Raises:
        Forbidden: this person is not the board's administrator.
        NotFound: their area asks no such question.
    """
    area = area_of(actor)
    with writing() as session:
        found = session.get(LocalQuestion, question_id, with_for_update=True, populate_existing=True)
        if found is None or found.area != area:
            raise NotFound
        if found.ended_at is None:
            found.ended_at = clock.now()
            log.record(event(actor, EventKind.SETTINGS_CHANGED, what="local_question_ended", question_id=question_id))
