"""What was written and looked at without signal, brought by a tablet with its lease, or sealed by anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Final, TypeVar
from uuid import UUID

from flask import Blueprint, Response, abort, current_app, jsonify, request

from epaccs.access.queries import follow_newest_table
from epaccs.core import clock
from epaccs.core.errors import NotFound
from epaccs.core.fields import format_moment
from epaccs.core.web import csrf, for_programs, sent_json
from epaccs.devices import keys
from epaccs.devices.actions import note_contact
from epaccs.devices.guard import current_tablet, lease_only
from epaccs.devices.queries import FoundDevice, find_device
from epaccs.sync.actions.audit import take_looks
from epaccs.sync.actions.photo import UNSIGNED, take_photo
from epaccs.sync.actions.push import UNOPENED, check_misses, note_misses, take_edits
from epaccs.sync.rules.audit import LOOKS_LIMIT
from epaccs.sync.rules.push import EDITS_LIMIT, PushOutcome, Result
from epaccs.sync.schema.audit import AuditSchema
from epaccs.sync.schema.photo import PhotoSchema
from epaccs.sync.schema.push import PushSchema, SealedSchema
from epaccs.sync.seals import NotOpened, open_seal

bp = Blueprint("sync_push", __name__)

View = TypeVar("View", bound=Callable[..., Any])

#: The permission of a view that believes nothing but what is sealed to the register and signed inside.
SEALED: Final = "SEALED"
#: A day's writing of a whole crew is far smaller; whoever has more sends it in parts.
_LIMIT_BYTES: Final = 2 * 1024 * 1024


def sealed_only(view: View) -> View:
    """For whoever brings something sealed: nobody is signed in, so there is no form and no token of one."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        follow_newest_table()
        return view(*args, **kwargs)

    guarded.permission = SEALED  # type: ignore[attr-defined]
    csrf.exempt(guarded)
    return for_programs(guarded)  # type: ignore[return-value]


@bp.post("/sync/v1/push")
@lease_only
def push() -> Response:
    """Each edit with its first outcome, whether it came before or not."""
    device = _get_device(current_tablet().device_id)
    sent = _sent(PushSchema())
    _check_size(sent["edits"], EDITS_LIMIT)
    pushed = take_edits(device, sent["edits"], now_device=sent["now_device"], generation=_generation())
    note_contact(device.id, now_device=sent["now_device"])
    return _answer([one.to_json() for one in pushed.results], next_sequence=pushed.next_sequence)


@bp.post("/sync/v1/audit")
@lease_only
def audit() -> Response:
    """Up to which number the tablet may forget its looks."""
    device = _get_device(current_tablet().device_id)
    sent = _sent(AuditSchema())
    _check_size(sent["entries"], LOOKS_LIMIT)
    upto = take_looks(device, sent["entries"], now_device=sent["now_device"])
    note_contact(device.id, now_device=sent["now_device"])
    return jsonify({"upto": upto, "server_time": format_moment(clock.now())})


@bp.post("/sync/v1/sealed")
@sealed_only
def sealed() -> Response:
    """The same for what was sealed: edits have results, looks are counted up to a number."""
    address = _check_address()
    sent = _sent(SealedSchema())
    _check_size(sent["sealed"], EDITS_LIMIT)
    device = find_device(sent["device_id"])
    if device is None:
        note_misses(address, 1)
        raise NotFound
    opened = [_open(one) for one in sent["sealed"]]
    edits = [one for one in opened if one is not None and "act" not in one]
    looks = [one for one in opened if one is not None and "act" in one]
    pushed = take_edits(device, edits, now_device=sent["now_device"], generation=_generation())
    unopened = [_unopened(one) for one, content in zip(sent["sealed"], opened, strict=True) if content is None]
    note_misses(address, len(unopened) + pushed.unsigned)
    results = [one.to_json() for one in (*pushed.results, *unopened)]
    upto = take_looks(device, looks, now_device=sent["now_device"]) if looks else 0
    return _answer(results, next_sequence=pushed.next_sequence, upto=upto)


@bp.post("/sync/v1/photo")
@sealed_only
def photo() -> Response:
    """What becomes of the sealed photo of a signed form."""
    address = _check_address()
    sent = _sent(PhotoSchema())
    device, content = find_device(sent["device_id"]), _open(sent["sealed"])
    if device is None or content is None:
        note_misses(address, 1)
        raise NotFound
    outcome, why = take_photo(device, content, settings=current_app.config["EPACCS"])
    note_misses(address, int(why == UNSIGNED))
    return jsonify({"outcome": str(outcome), "why": why, "server_time": format_moment(clock.now())})


def _check_address() -> str:
    """Where a seal comes from; an address that sent too much that nobody could open is refused for a while."""
    address = request.remote_addr or ""
    check_misses(address)
    return address


def _get_device(device_id: UUID) -> FoundDevice:
    device = find_device(device_id)
    if device is None:
        raise NotFound
    return device


def _sent(schema: Any) -> dict[str, Any]:
    request.max_content_length = _LIMIT_BYTES
    return sent_json(schema)


def _check_size(batch: Sequence[Any], limit: int) -> None:
    if len(batch) > limit:
        abort(413)


def _open(one: Any) -> dict[str, Any] | None:
    key = keys.seal_key()
    try:
        return open_seal(one, kid=key.kid, private=key.private)
    except NotOpened:
        return None


def _unopened(one: Any) -> Result:
    edit_id = one.get("id") if isinstance(one, dict) else ""
    return Result(str(edit_id)[:80], str(PushOutcome.REFUSED), errors=({"message": UNOPENED, "field": None},))


def _generation() -> int:
    generation: int = current_app.config["EPACCS"].restore_generation
    return generation


def _answer(results: list[dict[str, Any]], **more: Any) -> Response:
    return jsonify({"results": results, **more, "server_time": format_moment(clock.now())})
