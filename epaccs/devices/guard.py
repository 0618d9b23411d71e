"""Which tablet asks, by its lease; and what is said to one whose lease opens nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from math import isfinite
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

from flask import abort, current_app, g, make_response, request

from epaccs.access.guard import needs
from epaccs.access.queries import follow_table
from epaccs.access.rules import Permission
from epaccs.core import clock, web
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import parse_id
from epaccs.core.refusals import Refusal
from epaccs.devices import actions, keys, queries
from epaccs.devices.rules import (
    TABLET_IS_OUT,
    LeaseEnd,
    LeaseFacts,
    Tablet,
    caps_of,
    end_of_lease,
    grant,
    still_granted,
)
from epaccs.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])

#: The permission of a view that a tablet asks with its lease, whatever session its browser has.
TABLET: Final = "TABLET"

_KEPT = "What was written on this tablet is kept on it."
_SIGN_IN: Final = "Sign in on this tablet again."
_WORDS: Final[dict[LeaseEnd, str]] = {
    LeaseEnd.RAN_OUT: "The time for which this tablet may be used without signing in is over.",
    LeaseEnd.NOT_YET: "This lease begins later than now.",
    LeaseEnd.USER_REMOVED: "You have a newer key on this tablet, or were taken off it.",
    LeaseEnd.ACCESS_ENDED: "Your account was closed.",
    LeaseEnd.ROLE_ENDED: "The role in which you signed in on this tablet has ended.",
    LeaseEnd.PASSWORD_CHANGED: "Your password was changed.",
    LeaseEnd.RESET: "Your password was reset.",
}
_REVOKED: Final = Refusal(
    403,
    "tablet-revoked",
    "This tablet was taken out of use",
    ("It erases what it holds. What was written on it and not sent yet is still taken.",),
)


def lease_only(view: View) -> View:
    """For a tablet with a lease. A lease is no cookie, so no other site can lend it: no form token is asked for."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _read_tablet()
        return view(*args, **kwargs)

    guarded.permission = TABLET  # type: ignore[attr-defined]
    web.csrf.exempt(guarded)
    return web.for_programs(guarded)  # type: ignore[return-value]


def lease_or_session(permission: Permission) -> Callable[[View], View]:
    """For a tablet with a lease; without one, for somebody signed in who brings their form token."""

    def decorate(view: View) -> View:
        in_session = needs(permission)(view)

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if "Authorization" in request.headers:
                _read_tablet()
                return view(*args, **kwargs)
            web.csrf.protect()
            return in_session(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        web.csrf.exempt(guarded)
        return web.for_programs(guarded)  # type: ignore[return-value]

    return decorate


def lease_of_any_age(view: View) -> View:
    """For a tablet that says farewell: its lease was signed here, whatever became of it since."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        leased = queries.find_lease(_read_lease_id(of_any_age=True))
        if leased is None:
            _refuse(None)
        g.lease = leased.facts
        return view(*args, **kwargs)

    guarded.permission = TABLET  # type: ignore[attr-defined]
    web.csrf.exempt(guarded)
    return web.for_programs(guarded)  # type: ignore[return-value]


def current_tablet() -> Tablet:
    """The tablet that asks and its user; only behind `lease_only`."""
    tablet: Tablet = g.tablet
    return tablet


def current_lease() -> LeaseFacts | None:
    """The lease that was shown; None: somebody signed in asks."""
    found: LeaseFacts | None = g.get("lease")
    return found


def current_lease_facts() -> LeaseFacts:
    """The lease that was shown; only behind a guard that asked for one."""
    facts: LeaseFacts = g.lease
    return facts


def _read_tablet() -> None:
    """Believe a lease only as far as the register itself says so now (hazard H-45)."""
    lease_id = _read_lease_id()
    leased = queries.find_lease(lease_id)
    if leased is None:
        _refuse(None)
    follow_table(leased.access_table)
    facts = leased.facts
    end = end_of_lease(facts, now=clock.now(), today=clock.today())
    if end in TABLET_IS_OUT:
        actions.note_refused_contact(facts)
        abort(make_response(web.answer_refusal(_REVOKED)))
    if end is not None:
        actions.note_lease_ended(facts, end)
        _refuse(end)
    actor = replace(leased.worker.actor, session_id=facts.lease_id)
    policy = queries.current_policy(actor.organisation_id, actor.role, facts.device_class)
    scopes = still_granted(facts.scopes, grant(policy, actor, leased.worker.area))
    caps = caps_of(policy, actor, leased.worker.area)
    g.lease = facts
    g.tablet = Tablet(facts.device_id, actor, facts.lease_id, scopes, str(facts.device_class), policy, caps)


def _read_lease_id(*, of_any_age: bool = False) -> UUID:
    """The id in a lease that this register signed for itself, and whose time is now."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        _refuse(None)
    try:
        claims = keys.read_lease(text.strip())
        lease_id = parse_id(claims["jti"])
        begins, ends = float(claims["nbf"]), float(claims["exp"])
    except (keys.AlteredLease, NotFound, KeyError, TypeError, ValueError):
        _refuse(None)
    settings: Settings = current_app.config["EPACCS"]
    now = clock.now().timestamp()
    if claims.get("iss") != settings.public_url or not isfinite(begins + ends):
        _refuse(None)
    if now < begins and not of_any_age:
        _refuse(LeaseEnd.NOT_YET)
    if now >= ends and not of_any_age:
        _refuse(LeaseEnd.RAN_OUT)
    return lease_id


def _refuse(end: LeaseEnd | None) -> NoReturn:
    """Ask for a sign-in. Whoever left is told so by a kind of its own, so that their own keys can go."""
    words = _WORDS[end] if end else "This tablet has no lease, or one that was changed."
    kind = "tablet-user-ended" if end in {LeaseEnd.ACCESS_ENDED, LeaseEnd.ROLE_ENDED} else "signed-out"
    response = make_response(web.answer_refusal(Refusal(401, kind, "Sign in first", (words, _SIGN_IN, _KEPT))))
    response.headers["WWW-Authenticate"] = "Bearer"
    abort(response)
