"""Change one section of a plan: its fields, one line of its list, or nothing but "still right"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from epaccs.care_plans.queries import get_declaration
from epaccs.care_plans.schema import TONIGHT, Asked
from epaccs.care_plans.sections import PUT, PUT_ITEM, REMOVE_ITEM
from epaccs.clinicians.rules import Actor
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken, RulesBroken
from epaccs.register.actions import part_of
from epaccs.versions.actions import CONFIRM, apply_edit
from epaccs.versions.queries import version_value
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.schema import plain


def save_section(
    actor: Actor, edit_id: UUID, *, entry_id: UUID, name: str, fields: Mapping[str, Any], base_version: int
) -> Applied:
    """Keep the section's fields as the form gave them; one nurse can add one fact and save.

    Raises:
        NotFound, Forbidden, RuleBroken, RulesBroken: as `apply_edit`.
    """
    schema = get_declaration(name).schema
    if schema is None:
        raise NotFound
    return apply_edit(actor, EditRequest(edit_id, entry_id, name, PUT, plain(schema, fields), base_version))


def save_item(actor: Actor, request: EditRequest, *, item_id: str, fields: Mapping[str, Any]) -> Applied:
    """Keep one line of the section's list.

    Args:
        request: of which entry, section and version; its body is made here.
    """
    items = get_declaration(request.section).items
    if items is None:
        raise NotFound
    body = {"item_id": item_id, "item": plain(items.schema, fields)}
    return apply_edit(actor, _with(request, PUT_ITEM, body))


def remove_item(actor: Actor, request: EditRequest, *, item_id: str, reason: str) -> Applied:
    """Take one line out of the list, with the reason; it stays in the history."""
    return apply_edit(actor, _with(request, REMOVE_ITEM, {"item_id": item_id, "reason": reason}))


def confirm_section(actor: Actor, edit_id: UUID, *, entry_id: UUID, name: str, base_version: int) -> Applied:
    """Say that the section was looked at and is still right; the facts keep their own authors."""
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
                applied += [apply_edit(actor, one) for one in _edits_of(request, said)]
            except (RuleBroken, RulesBroken) as error:
                refused += _with_boxes(error, section)
        if refused:
            raise RulesBroken(refused)
    return applied


def _edits_of(request: EditRequest, said: Mapping[Asked, Any]) -> Iterator[EditRequest]:
    """What one section is asked to change: its own fields, if they are not as they were seen, then one line more."""
    own = {one.name: answer for one, answer in said.items() if not one.in_list}
    line = {one.name: answer for one, answer in said.items() if one.in_list and answer is not None}
    seen = version_value(request.entry_id, request.section, request.base_version) or {}
    before = {name: seen[name] for name in get_declaration(request.section).fields() if name in seen}
    after = {**before, **{name: answer for name, answer in own.items() if answer is not None or name in before}}
    if after != before:
        yield replace(request, body=after)
    if line:
        line_id, after_id = part_of(request.id, "line"), request.id if after != before else None
        body = {"item_id": str(line_id), "item": line}
        yield replace(request, id=line_id, kind=PUT_ITEM, body=body, after_id=after_id)


def _with_boxes(error: RuleBroken | RulesBroken, section: str) -> Sequence[RuleBroken]:
    """The same refusals beside the boxes of the page; what concerns no question of it stands above the form."""
    errors = error.errors if isinstance(error, RulesBroken) else [error]
    boxes = {one.name: one.box for one in TONIGHT if one.section == section}
    return [RuleBroken(one.message, field=boxes.get(one.field or "")) for one in errors]


def _with(request: EditRequest, kind: str, body: dict[str, Any]) -> EditRequest:
    return EditRequest(request.id, request.entry_id, request.section, kind, body, request.base_version)
