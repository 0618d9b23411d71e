"""Change one section of a plan: its fields, one line of its list, or nothing but "still right"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from epaccs.care_plans.queries import find_unseen, get_declaration
from epaccs.care_plans.sections import PUT, PUT_ITEM, REMOVE_ITEM
from epaccs.clinicians.rules import Actor
from epaccs.core.errors import NotFound
from epaccs.core.passages import keep_withheld
from epaccs.versions.actions import CONFIRM, apply_edit
from epaccs.versions.registry import Applied, EditRequest
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


def _with(request: EditRequest, kind: str, body: dict[str, Any]) -> EditRequest:
    return replace(request, kind=kind, body=body)
