"""The shape of an edit's body at the edge: plain JSON in, the same plain JSON out, or sentences that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError

from epaccs.clinicians.rules import ROLE_LABELS, Role
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.fields import format_date, format_datetime
from epaccs.core.forms import Choice, FormField, Telephone, TypedDate, TypedDateTime
from epaccs.versions.registry import Body, Rows
from epaccs.versions.rules import Value, present_items


def plain(schema: type[Schema], loaded: Mapping[str, Any]) -> Body:
    """What a form loaded, as the JSON that an edit carries; blank stays None, so that it takes the old value out."""
    dumped: Body = schema().dump(loaded)
    return dumped


def load_stored(schema: type[Schema] | None, value: Value) -> dict[str, Any]:
    """Stored JSON as the values that the fields show: dates as dates. None: a section without fields of its own."""
    if schema is None:
        return {}
    return {name: field.deserialize(value[name]) for name, field in schema().fields.items() if name in value}


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


def part_loader(schema: type[Schema]) -> Callable[[Body], Body]:
    """Check the answers that a body names; one that it does not name stays as it was.

    What must be there is asked of the value that comes of it (`check_answered`): a tablet sends only what was changed.
    """

    def load(body: Body) -> Body:
        try:
            return plain(schema, schema().load(body, partial=True))
        except ValidationError as error:
            raise RulesBroken(list(_rules(error.normalized_messages()))) from error

    return load


def check_answered(schema: type[Schema], value: Value) -> None:
    """Nothing is kept without what its form demands.

    Raises:
        RulesBroken: with the sentences that a form would show.
    """
    fields = (pair for pair in schema().fields.items() if pair[1].required and value.get(pair[0]) is None)
    missing = [RuleBroken(str(field.error_messages["required"]), field=name) for name, field in fields]
    if missing:
        raise RulesBroken(missing)


def item_loader(schema: type[Schema]) -> Callable[[Body], Body]:
    """Check one item of a list: its id and the fields that are named."""
    load_item = part_loader(schema)

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


def words_of(field: FormField, value: Any) -> str:
    """A stored value in the words of its declaration; a masked one says only that it is there."""
    if value is None:
        return "Not recorded"
    if field.metadata.get("masked"):
        return "Recorded, masked"
    match value:
        case bool():
            return "Yes" if value else "No"
        case list():
            return ", ".join(words_of(field, one) for one in value)
        case str() if isinstance(field, Choice) and value in field.values:
            return field.values[value]
        case str() if isinstance(field, TypedDate):
            return format_date(date.fromisoformat(value))
        case str() if isinstance(field, TypedDateTime):
            return format_datetime(datetime.fromisoformat(value))
        case _:
            return str(value)


def leads_to_door(field: FormField) -> bool:
    """Whether an answer is not shown while the address is restricted: a place, or a number, whose area code is one."""
    return bool(field.metadata.get("place")) or isinstance(field, Telephone)


def find_leading_to_door(*schemas: type[Schema] | None) -> frozenset[str]:
    """The names of such fields; None: a section without fields, or without a list."""
    fields = (pair for schema in schemas if schema for pair in schema().fields.items())
    return frozenset(name for name, field in fields if isinstance(field, FormField) and leads_to_door(field))


def stamp_words(stamp: Mapping[str, Any]) -> str:
    """Who entered a fact: name, role, organisation, when."""
    role = ROLE_LABELS[Role(stamp["role"])]
    when = format_datetime(datetime.fromisoformat(stamp["recorded_at"]))
    return f"{stamp['name']}, {role}, {stamp['organisation_name']}, {when}"


def describer(
    schema: type[Schema] | None, item_schema: type[Schema] | None = None, unnest: Callable[[Value], Value] | None = None
) -> Callable[[Value], Rows]:
    """How a section's values are laid out in words, by its declaration.

    Args:
        schema: the section's own fields; None: it is only a list.
        item_schema: the fields of one line of its list; None: it has none.
        unnest: brings a nested value into the shape of the fields; None: it has it already.
    """

    def describe(value: Value) -> Rows:
        flat = unnest(value) if unnest else value
        rows = _describe_fields(schema, flat)
        lines = [value["item"]] if "item" in value else list(present_items(value).values())
        for line in lines:
            rows += _describe_fields(item_schema, line)
        if "item_id" in value and "reason" in value:
            rows.append(("Removed", str(value["reason"])))
        return rows

    return describe


def _describe_fields(schema: type[Schema] | None, value: Value) -> Rows:
    if schema is None:
        return []
    return [
        (field.metadata["label"], words_of(field, value[name]))
        for name, field in schema().fields.items()
        if isinstance(field, FormField) and value.get(name) is not None
    ]


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
