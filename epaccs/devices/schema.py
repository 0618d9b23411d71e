"""What a tablet sends when it is enrolled and when it renews its lease."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from epaccs.core import forms
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import parse_id
from epaccs.devices.rules import CLASS_LABELS, DeviceClass

#: A count that no tablet reaches; the column holds it.
_MOST = 2**31 - 1


class IdField(fields.Field[Any]):
    """An id as text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return parse_id(value)
        except NotFound:
            raise ValidationError("Give an id") from None


class _FromTablet(Schema):
    class Meta:
        """What a newer program of the tablet says besides is passed over."""

        unknown = EXCLUDE

    program = forms.ShortText("Version of the program", limit=40, required=True)
    now_device = forms.TypedDateTime("Time on the tablet", future=True, required=True)


class EnrolSchema(_FromTablet):
    """A new tablet, or with its id another user of it."""

    device_id = IdField(load_default=None, allow_none=True)
    label = forms.ShortText("Name of the tablet", limit=60, required=False)
    device_class = forms.Choice(
        "Kind of device", {str(one): words for one, words in CLASS_LABELS.items()}, enum=DeviceClass
    )
    user_key = fields.Dict(keys=fields.String(), required=True, error_messages={"required": "Send the public key"})


class LeaseSchema(_FromTablet):
    """Which tablet asks for a lease."""

    device_id = IdField(required=True)


class StateSchema(Schema):
    """What a tablet says of itself when it pulls."""

    class Meta:
        """What a newer program of the tablet says besides is passed over."""

        unknown = EXCLUDE

    program = forms.ShortText("Version of the program", limit=40)
    outbox = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, _MOST))
    audit = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, _MOST))
    storage_bytes = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 2**62))
    is_persisted = fields.Boolean(allow_none=True)
    sums = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[^\x00-\x1f\ud800-\udfff]{1,80}\Z")),
        values=fields.String(validate=validate.Regexp(r"[0-9a-f]{1,16}\Z")),
        validate=validate.Length(max=16),
    )
