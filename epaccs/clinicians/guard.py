"""Who is signed in, as every view asks it; and what a view says to somebody who is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, g, make_response, redirect, request, session, url_for
from flask_login import LoginManager
from werkzeug.exceptions import HTTPException

from epaccs.clinicians import actions, queries
from epaccs.clinicians.rules import (
    ROLE_LABELS,
    Actor,
    Role,
    SessionEnd,
    SessionFacts,
    Step,
    build_actor,
    build_browser_name,
    end_of,
    has_proved_lately,
    is_secret_field,
    is_seen_again,
    next_step,
)
from epaccs.core import clock, sealing, web
from epaccs.core.errors import Forbidden, Unavailable
from epaccs.core.forms import HIDDEN_NAMES, Recovered
from epaccs.core.refusals import refusal_for_error, refusal_for_status
from epaccs.settings import IdentityProvider, Settings

View = TypeVar("View", bound=Callable[..., Any])

PROVE_ANEW = "It is a while since you proved who you are. Confirm that it is you, then sign."

DEVICE_COOKIE_SECONDS = 365 * 24 * 3600

_PAGE_OF_STEP = {
    Step.GIVE_CODE: "signing_in.give_code",
    Step.CHOOSE_ORGANISATION: "signing_in.choose_organisation",
    Step.SET_UP_SECOND_FACTOR: "account.second_factor",
}


class SignedInPerson:
    """The person behind a session, as Flask-Login hands them to views and templates."""

    is_active = True
    is_anonymous = False

    def __init__(self, facts: SessionFacts) -> None:
        self.facts = facts
        self.name = facts.name
        self.step = next_step(facts, today=clock.today())
        self.actor = build_actor(facts, facts.place) if facts.place and self.step is Step.NONE else None

    @property
    def is_authenticated(self) -> bool:
        """True once every step of signing in is taken: a password alone opens nothing."""
        return self.actor is not None

    def get_id(self) -> str:
        """The session, not the person: each browser is signed in by itself."""
        return str(self.facts.session_id)


@dataclass(frozen=True)
class Visit:
    """What the cookie of this request says: whose it is, and why it opens nothing any more."""

    owner: SessionFacts | None = None
    end: SessionEnd | None = None
    signed_in: SignedInPerson | None = None


def init_app(app: Flask) -> None:
    """Let Flask-Login ask our sessions, and tie the token of every form to the session it was made in."""
    manager = LoginManager(app)
    manager.session_protection = None  # our sessions are rows that can be ended; there is nothing of theirs to protect
    manager.request_loader(lambda _request: visit().signed_in)
    web.recover_forms(app, find_typed_fields)
    # Before the check of forged forms, which was registered first.
    app.before_request_funcs.setdefault(None, []).insert(0, _tie_form_token)


# The cookie


def cookie_name() -> str:
    """With TLS the browser itself refuses a cookie of this name from any other host."""
    return "__Host-epaccs-session" if _settings().secure_cookies else "epaccs-session"


def set_session_cookie(response: Response, token: str) -> None:
    """Only the browser sees it, and only until it is closed."""
    response.set_cookie(
        cookie_name(), token, httponly=True, samesite="Lax", secure=_settings().secure_cookies, path="/"
    )
    session.clear()  # a form made before belongs to nobody now


def set_device_cookie(response: Response, token: str) -> None:
    """Know this browser again, so that a stranger's guesses elsewhere do not keep its owner out."""
    response.set_cookie(
        _device_cookie_name(),
        token,
        max_age=DEVICE_COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=_settings().secure_cookies,
    )


def _device_cookie_name() -> str:
    return "__Host-epaccs-device" if _settings().secure_cookies else "epaccs-device"


def clear_session_cookie(response: Response) -> None:
    """Forget the session in this browser; the row was ended already."""
    response.delete_cookie(cookie_name(), httponly=True, samesite="Lax", secure=_settings().secure_cookies)
    session.clear()


def leave_nothing(response: Response) -> None:
    """Let the browser throw away every page it kept, so that the next user finds none of the former's (hazard H-64).

    Never "storage" nor "*": a tablet keeps there what was written without signal and not sent yet.
    """
    response.headers["Clear-Site-Data"] = '"cache"'


def _settings() -> Settings:
    settings: Settings = current_app.config["EPACCS"]
    return settings


def _tie_form_token() -> None:
    """A token planted from a neighbouring site opens no form: it must follow from the session's own cookie."""
    token = request.cookies.get(cookie_name())
    if token is None:
        return
    expected = sealing.digest(token, purpose="form")
    if session.get("csrf_token") != expected:
        session["csrf_token"] = expected


# Who is here


def visit() -> Visit:
    """Read once a request.

    Raises:
        Unavailable: the database cannot be read; asked again in the same request, nobody is signed in.
    """
    if "visit" not in g:
        g.visit = Visit()
        g.visit = _read_visit(request)
    found: Visit = g.visit
    return found


#: Told which version of the access table holds, each time that a session was read.
_table_followers: list[Callable[[int], None]] = []


def tell_of_table(follower: Callable[[int], None]) -> None:
    """Let the access table, a room above, follow the version that the database says; twice told runs once."""
    _table_followers[:] = [follower]


def _read_visit(asked: Request) -> Visit:
    token = asked.cookies.get(cookie_name())
    facts = queries.find_session(actions.token_digest(token), today=clock.today()) if token else None
    if facts is None:
        return Visit()
    for follower in _table_followers:
        follower(facts.access_table)
    now = clock.now()
    end = end_of(facts, now=now)
    if end is not None:
        return Visit(owner=facts, end=end)
    if is_seen_again(facts, now=now) and not _is_asked_by_a_page():
        _note_seen(facts)
    return Visit(owner=facts, signed_in=SignedInPerson(facts))


def asked_by_a_page(view: View) -> View:
    """For what an open page asks by itself: nobody is at the keyboard for it, so it keeps no session open."""
    view.is_asked_by_a_page = True  # type: ignore[attr-defined]
    return view


def _is_asked_by_a_page() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "is_asked_by_a_page", False)


def _note_seen(facts: SessionFacts) -> None:
    try:
        actions.note_seen(facts.session_id)
    except Unavailable:
        current_app.logger.warning("The last visit of a session could not be noted")


def current_actor() -> Actor:
    """The person at work; whoever is not signed in is sent to sign in, and what they typed is kept for them."""
    signed_in = visit().signed_in
    if signed_in is None or signed_in.actor is None:
        refuse()
    return signed_in.actor


def current_session() -> SessionFacts:
    """The session of somebody who has at least given their password."""
    signed_in = visit().signed_in
    if signed_in is None:
        refuse()
    return signed_in.facts


def find_shown_person(build_menu: Callable[[Actor], tuple[web.Link, ...]]) -> web.SignedIn | None:
    """Who is at the keyboard, for the head of each page; None: nobody, or a step of signing in is missing."""
    signed_in = visit().signed_in
    if signed_in is None or signed_in.actor is None:
        return None
    actor = signed_in.actor
    return web.SignedIn(actor.name, ROLE_LABELS[actor.role], actor.organisation_name, build_menu(actor))


def demo_password() -> str | None:
    """The password of the made-up people; None: the people are real, and so are their passwords."""
    settings = _settings()
    return settings.demo_password if settings.is_demo else None


def identity_provider() -> IdentityProvider | None:
    """Who else says who somebody is; None: nobody, people sign in here."""
    return _settings().identity_provider


def door() -> actions.Door:
    """Through what this request comes in."""
    settings = _settings()
    return actions.Door(
        address=request.remote_addr or "",
        browser=build_browser_name(request.user_agent.string),
        device_token=request.cookies.get(_device_cookie_name()),
        idle_minutes=settings.session_idle_minutes,
        absolute_hours=settings.session_absolute_hours,
    )


# What a view says to somebody who is not


def refuse() -> NoReturn:
    """Send to sign in, or to the step that is missing; programs get a problem document; typed text is kept."""
    abort(_refusal())


def _refusal() -> Response:
    if web.wants_problem():
        return make_response(web.answer_refusal(refusal_for_status(401)))
    kept = 1 if keep_typed_fields() else None
    signed_in = visit().signed_in
    page = "signing_in.sign_in" if signed_in is None else _PAGE_OF_STEP[signed_in.step]
    return make_response(redirect(url_for(page, next=form_path(), kept=kept), code=303))


def check_proved_lately() -> None:
    """Before somebody signs: they proved who they are a short while ago, or are asked again.

    What they typed waits, sealed for them, and stands in the form again afterwards (hazards H-20, H-64).
    """
    if has_proved_lately(current_session(), minutes=_settings().signing_minutes, now=clock.now()):
        return
    if web.wants_problem():
        abort(make_response(web.answer_refusal(refusal_for_error(Forbidden(PROVE_ANEW)))))
    kept = 1 if keep_typed_fields() else None
    abort(redirect(url_for("step_up.confirm", next=form_path(), kept=kept), code=303))


def form_path() -> str:
    """The page whose form was sent, to open it again: where the browser says it was, else where it asked."""
    if request.method in {"GET", "HEAD"}:
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc == request.host and _opens_by_itself(came_from.path):
        return came_from._replace(scheme="", netloc="", fragment="").geturl()
    return request.full_path.rstrip("?") if _opens_by_itself(request.path) else "/"


def _opens_by_itself(path: str) -> bool:
    try:
        current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return False
    return True


def keep_typed_fields() -> bool:
    """Seal what was typed for the owner of the session, who gets it back after signing in (hazard H-20)."""
    owner = visit().owner
    fields = {name: values for name, values in request.form.lists() if not is_secret_field(name)}
    if owner is None or not any(any(values) for name, values in fields.items() if name not in HIDDEN_NAMES):
        return False
    actions.seal_form(owner.clinician_id, path=form_path(), fields=fields)
    return True


def find_typed_fields() -> Recovered | None:
    """What this person had typed on this page when their session ended; asked for once, then it is gone."""
    signed_in = visit().signed_in
    if signed_in is None or signed_in.actor is None:
        return None
    if "typed_fields" not in g:
        g.typed_fields = actions.claim_sealed_form(signed_in.actor, form_path())
    return Recovered(g.typed_fields) if g.typed_fields else None


# Decorators


def needs_sign_in(view: View) -> View:
    """For whoever is signed in, in any role."""
    return _guarded(view, "SIGNED_IN", current_actor)


def needs_step(*steps: Step) -> Callable[[View], View]:
    """For whoever gave their password and stands at one of these steps; at another, they are sent there."""

    def check() -> None:
        signed_in = visit().signed_in
        if signed_in is not None and signed_in.step is Step.NONE and Step.NONE not in steps:
            abort(redirect("/", code=303))
        if signed_in is None or signed_in.step not in steps:
            refuse()

    return lambda view: _guarded(view, "SIGNING_IN", check)


def needs_role(role: Role) -> Callable[[View], View]:
    """For one role only."""

    def check() -> None:
        actor = current_actor()
        if actor.role is not role:
            actions.record_refusal(actor, permission=f"role {role}")
            raise Forbidden(f"Your role, {ROLE_LABELS[actor.role]}, may not do this. Ask the {ROLE_LABELS[role]}.")

    return lambda view: _guarded(view, f"ROLE {role}", check)


def _guarded(view: View, permission: str, check: Callable[[], object]) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        check()
        return view(*args, **kwargs)

    guarded.permission = permission  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]
