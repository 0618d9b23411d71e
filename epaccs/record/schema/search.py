"""The three boxes of the search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from epaccs.core.forms import FormField, ShortText
from epaccs.record.rules.search import BORN_LIMIT, WHERE_LIMIT, WHO_LIMIT, read_typed_seconds


class TypedSeconds(FormField):
    """How long somebody typed, as the page itself counted; what cannot be read is not known, and refuses nothing."""

    kind = "hidden"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float | None:
        return read_typed_seconds(str(value))


class SearchSchema(Schema):
    """Who is looked for."""

    who = ShortText(
        "NHS number or name",
        called="NHS number or name",
        hint="999 000 0018, or the name as you hear it",
        limit=WHO_LIMIT,
        width=30,
        autocomplete="off",
        spellcheck=False,
    )
    born = ShortText(
        "Date of birth or age",
        hint="06-Jan-1941, 1941, 85, 80-89 or 80s",
        limit=BORN_LIMIT,
        width=20,
        autocomplete="off",
        spellcheck=False,
    )
    where = ShortText("Street or postcode", limit=WHERE_LIMIT, width=30, autocomplete="off", spellcheck=False)
    typed_ms = TypedSeconds("Time taken to type")
