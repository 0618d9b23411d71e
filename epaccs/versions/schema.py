"""The shape of an edit's body at the edge: plain JSON in, the same plain JSON out, or sentences that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.versions.registry import Body


def plain(schema: type[Schema], loaded: Mapping[str, Any]) -> Body:
    """What a form loaded, as the JSON that an edit carries; blank stays None, so that it takes the old value out."""
    dumped: Body = schema().dump(loaded)
    return dumped


def loader(schema: type[Schema]) -> Callable[[Body], Body]:
    """Check a body by its schema, whoever sends it.

    The loader raises RulesBroken with the sentences that a form would show.
    """

    def load(body: Body) -> Body:
        try:
            return plain(schema, schema().load(body))
        except ValidationError as error:
            raise RulesBroken(list(_rules(error.normalized_messages()))) from error

    return load


def item_loader(schema: type[Schema]) -> Callable[[Body], Body]:
    """Check one item of a list: its id and its fields."""
    load_item = loader(schema)

    def load(body: Body) -> Body:
        return {"item_id": _item_id(body), "item": load_item(body.get("item", {}))}

    return load


def load_removal(body: Body) -> Body:
    """Which item goes, and why.

    Raises:
        RuleBroken: no reason was given.
    """
    reason = str(body.get("reason", "")).strip()
    if not reason:
        raise RuleBroken("Say why this is removed", field="reason")
    return {"item_id": _item_id(body), "reason": reason}


def _item_id(body: Body) -> str:
    try:
        return str(UUID(str(body["item_id"])))
    except (KeyError, ValueError):
        raise RuleBroken("Open the page again: it does not say which line is meant") from None


def _rules(messages: Mapping[str, Any], prefix: str = "") -> Iterator[RuleBroken]:
    for name, found in messages.items():
        field = None if name == "_schema" else f"{prefix}{name}"
        if isinstance(found, Mapping):
            yield from _rules(found, f"{name}-")
        else:
            yield RuleBroken(str(found[0]), field=field)
