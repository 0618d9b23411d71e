"""Each route names the permission it asks for; what is refused leaves a trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from epaccs.access import actions
from epaccs.access.rules import Permission, can_ever, facts_of_role, refusal
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import Actor
from epaccs.core.errors import Forbidden, NotFound
from epaccs.core.identifiers import parse_id

View = TypeVar("View", bound=Callable[..., Any])


def needs(permission: Permission) -> Callable[[View], View]:
    """Ask for a signed-in person whose role could ever hold the permission.

    Whether it holds for this one patient is asked by the action or query, which knows the patient. A refusal by
    either is written to the audit, with the entry it concerned.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            try:
                _check_role(actor, permission)
                return view(*args, **kwargs)
            except (Forbidden, NotFound):
                actions.record_refusal(actor, permission=str(permission), entry_id=_entry_id(kwargs))
                raise

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def _check_role(actor: Actor, permission: Permission) -> None:
    if not can_ever(permission, facts_of_role(actor.role, may_sign=actor.may_sign)):
        raise Forbidden(refusal(permission, actor.role))


def _entry_id(kwargs: dict[str, Any]) -> UUID | None:
    try:
        return parse_id(kwargs["entry_id"]) if "entry_id" in kwargs else None
    except NotFound:
        return None
