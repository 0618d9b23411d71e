"""What a tablet sends when it brings the photo of a signed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from epaccs.core import base64url
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import parse_id
from epaccs.devices.schema import FromTabletSchema, IdField
from epaccs.sync.rules.photo import OfflinePhoto


class PhotoSchema(FromTabletSchema):
    """One sealed photo: a weak line carries one at a time."""

    device_id = IdField(required=True)
    sealed = fields.Raw(required=True)


def read_photo(sent: Mapping[str, Any]) -> OfflinePhoto | None:
    """The photo with what it belongs to; None: it cannot be read."""
    try:
        ids = {name: parse_id(sent.get(name)) for name in ("id", "edit_id", "entry_id", "author_id")}  # type: ignore[arg-type]
        return OfflinePhoto(**ids, content=base64url.decode(sent.get("photo")))
    except (NotFound, ValueError, TypeError):
        return None
