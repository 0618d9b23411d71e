"""What every page shares: templates, headers, limits, the token against forged forms, and how a refusal is answered.

Nothing here asks the database anything, and little is done for each request: the emergency card pays for all of it.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from mimetypes import guess_type
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import IO, Any, TypeVar

from flask import Flask, Request, Response, abort, current_app, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_compress import Compress
from flask_wtf.csrf import CSRFError, CSRFProtect
from marshmallow import Schema, ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.security import safe_join

from epaccs.core import clock, fields
from epaccs.core.assets import STATIC_FOLDER, build_version, is_text, read_asset
from epaccs.core.banner import build_who
from epaccs.core.errors import EpaccsError, MustWait, RuleBroken, RulesBroken
from epaccs.core.form_display import build_component, build_error_summary
from epaccs.core.forms import Recovered, Sent, showable
from epaccs.core.identifiers import new_id
from epaccs.core.nhs_number import format_nhs_number
from epaccs.core.refusals import (
    FAILED,
    FORGED,
    SEND_AGAIN,
    Refusal,
    build_problem,
    refusal_for_error,
    refusal_for_status,
)
from epaccs.core.templating import NHS, PAGE_OPTIONS
from epaccs.settings import Settings

PRODUCT_NAME = "EPaCCS"

#: 200,000 characters of free text arrive as up to 2.4 megabytes when every one is an emoji; the rest is for others.
BODY_LIMIT_BYTES = 4 * 1024 * 1024
#: How much of a body that is too large is read and thrown away, so that the browser hears the answer.
DRAIN_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES

YEAR_SECONDS = 365 * 24 * 3600

PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

_log = logging.getLogger("epaccs.web")

#: The permission of a view that anybody may open, signed in or not.
PUBLIC = "PUBLIC"

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
compress = Compress()


@dataclass(frozen=True)
class Link:
    """One entry of the menu; `count` of waiting things, 0: none."""

    text: str
    href: str
    count: int = 0


@dataclass(frozen=True)
class SignedIn:
    """Who is at the keyboard, as every page shows it."""

    name: str
    role: str
    organisation: str
    links: tuple[Link, ...] = ()


def init_app(app: Flask, settings: Settings) -> None:
    """Prepare the application for the rooms' views."""
    _limit_requests(app, settings)
    _prepare_templates(app, settings)
    _serve_static(app)
    _answer_refusals(app)
    _finish_responses(app, settings)
    compress.init_app(app)
    csrf.init_app(app)
    if settings.trusted_proxies:
        # Not the host: a proxy that forgets to set that header would let the caller choose it. Proxies pass Host on.
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]


def public(view: View) -> View:
    """For anybody: every route names the permission it asks for, this one by saying that it asks for none."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    return view


def for_programs(view: View) -> View:
    """Only a program asks here: it is answered with a problem document, whatever it says that it accepts."""
    view.is_for_programs = True  # type: ignore[attr-defined]
    return view


def sent_json(schema: Schema) -> dict[str, Any]:
    """What a program sent as JSON, loaded by a schema.

    Raises:
        RulesBroken: with a sentence for every field that cannot be taken.
    """
    try:
        sent = request.get_json(force=False, silent=True)
    except RecursionError:
        sent = None
    if not isinstance(sent, dict):
        raise RuleBroken("Send one JSON object, with Content-Type: application/json")
    try:
        loaded: dict[str, Any] = schema.load(sent)
    except ValidationError as error:
        raise RulesBroken(list(_read_messages(error.normalized_messages()))) from error
    return loaded


def _read_messages(messages: Mapping[Any, Any], path: str = "") -> Iterator[RuleBroken]:
    for name, found in messages.items():
        place = f"{path}.{name}" if path else str(name)
        if isinstance(found, Mapping):
            yield from _read_messages(found, place)
        else:
            yield from (RuleBroken(str(one).rstrip("."), field=place[:80]) for one in found)


def takes_file(view: View) -> View:
    """This form may bring a file, so its body may be larger than that of any other."""
    view.takes_file = True  # type: ignore[attr-defined]
    return view


def show_signed_in(app: Flask, find: Callable[[], SignedIn | None]) -> None:
    """Tell the pages how to find out who is signed in; asked once for each page, and never by the plain refusals."""
    app.jinja_env.globals["signed_in"] = find


def recover_forms(app: Flask, find: Callable[[], Recovered | None]) -> None:
    """Tell the forms how to find what somebody had typed on this page when their session ended."""
    app.extensions["epaccs_recover_forms"] = find


def sent_form() -> Sent | None:
    """What a browser sent with this request, or had typed before its session ended; None: nothing, so show the form."""
    if request.method == "POST":
        return request.form
    find: Callable[[], Recovered | None] | None = current_app.extensions.get("epaccs_recover_forms")
    return find() if find else None


def sent_form_with_file() -> Sent | None:
    """The same for a form that may bring a file; a file is not brought back after a session ended."""
    if request.method == "POST":
        parts: list[MultiDict[str, Any]] = [request.files, request.form]
        return CombinedMultiDict(parts)
    return sent_form()


# --- Limits and cookies ----------------------------------------------------------------------------------------------


class _FileInMemory(BytesIO):
    """A file that was sent: never on a disk in the clear, and of one that is too large only enough to know it."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__()
        self._kept_bytes = limit_bytes + 1

    def write(self, chunk: Any, /) -> int:
        """Keep what still has room."""
        super().write(chunk[: max(0, self._kept_bytes - self.tell())])
        return len(chunk)


class _Request(Request):
    """A request whose file, if it brings one, stays in memory."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        settings: Settings = current_app.config["EPACCS"]
        return _FileInMemory(settings.scan_limit_bytes)


def _allow_file() -> None:
    """Before the token is looked for, which reads the whole body.

    A file that is too large is read to its end as well, so that its form can be shown again with what was typed.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "takes_file", False):
        request.max_content_length = DRAIN_LIMIT_BYTES


def _refuse_unmeasured() -> None:
    """A body says its length first: browsers and the proxy do, and two readers agree where such a request ends."""
    if "Transfer-Encoding" in request.headers:
        abort(411)


def _limit_requests(app: Flask, settings: Settings) -> None:
    app.request_class = _Request
    app.before_request(_refuse_unmeasured)
    app.before_request(_allow_file)
    app.config.update(
        EPACCS_TRUSTED_PROXIES=settings.trusted_proxies,
        MAX_CONTENT_LENGTH=BODY_LIMIT_BYTES,
        MAX_FORM_MEMORY_SIZE=BODY_LIMIT_BYTES,
        SESSION_COOKIE_NAME="__Host-epaccs-form" if settings.secure_cookies else "epaccs-form",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # The token lives as long as the session: a nurse called away for two hours can still send her form.
        WTF_CSRF_TIME_LIMIT=None,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_STREAMS=False,
    )


# --- Templates -------------------------------------------------------------------------------------------------------


def _prepare_templates(app: Flask, settings: Settings) -> None:
    app.jinja_options = {**app.jinja_options, **PAGE_OPTIONS}
    app.jinja_env.filters.update(
        clinical_date=clinical_date,
        clinical_datetime=clinical_datetime,
        clinical_due=fields.format_due,
        nhs_number=format_nhs_number,
        age=_age,
    )
    version = build_version()
    app.config["EPACCS_STATIC_VERSION"] = version
    app.jinja_env.globals.update(
        nhs=NHS,
        nhs_component=build_component,
        nhs_error_summary=build_error_summary,
        product_name=PRODUCT_NAME,
        is_demo=settings.is_demo,
        control_telephone=settings.control_telephone,
        emergency_opens_refused=settings.emergency_opens_refused,
        build_who=build_who,
        static_url=lambda name: f"/static/{version}/{name}",
        csp_nonce=csp_nonce,
        signed_in=lambda: None,
    )


def clinical_date(day: date | None) -> str:
    """06-Jan-1941; a date nobody gave says so."""
    return "Not recorded" if day is None else fields.format_date(day)


def clinical_datetime(moment: datetime | None) -> str:
    """20-Nov-2026 14:05 by British clocks; a moment nobody gave says so."""
    return "Not recorded" if moment is None else fields.format_datetime(moment)


def _age(born: date) -> int:
    return fields.age_in_years(born, clock.today())


def hold_frame() -> None:
    """This page shows another answer of ours in a frame; no page that does not say so can."""
    g.csp_holds_frame = True


def csp_nonce() -> str:
    """The mark that lets one inline script or style of this answer through; made only when a page asks for it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


# --- Static files ----------------------------------------------------------------------------------------------------


def _serve_static(app: Flask) -> None:
    app.add_url_rule("/static/<version>/<path:name>", endpoint="static", view_func=show_static)


@public
def show_static(version: str, name: str) -> Response:
    """A style sheet, script or picture; kept for a year under its own version, asked again under another.

    Another version is answered too: while servers change over, a page of one may ask the other.
    """
    path = STATIC_FOLDER / (safe_join("", name) or "")
    if not path.is_file():
        abort(404)
    mimetype = guess_type(path.name)[0] or "application/octet-stream"
    encoding = request.accept_encodings.best_match(["br", "gzip"]) if is_text(mimetype) else None
    response = Response(read_asset(path, encoding), mimetype=mimetype)
    if encoding:
        response.content_encoding = encoding
    is_current = version == current_app.config["EPACCS_STATIC_VERSION"]
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable" if is_current else "no-cache"
    return response


# --- Headers ---------------------------------------------------------------------------------------------------------


def _finish_responses(app: Flask, settings: Settings) -> None:
    headers = {
        # Safe by default: only an answer that says otherwise itself may be kept by a browser.
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        # For browsers that are too old to read the same of the content policy.
        "X-Frame-Options": "DENY",
        # Not "no-referrer": over TLS the token check compares the referring page with this site.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if not settings.is_demo:
        headers["Strict-Transport-Security"] = f"max-age={2 * YEAR_SECONDS}"

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", _content_policy())
        response.headers["X-Request-ID"] = request_id()
        return response


def _content_policy() -> str:
    return build_content_policy(g.get("csp_nonce"), holds_frame="csp_holds_frame" in g)


def build_content_policy(nonce: str | None, *, holds_frame: bool = False) -> str:
    """A page loads from this server only, and runs nothing written into it without this answer's nonce.

    Args:
        holds_frame: whether it shows another answer of this server in a frame; no page is ever shown in one itself.
    """
    frames = "frame-src 'self'; " if holds_frame else ""
    inline = f" 'nonce-{nonce}'" if nonce else ""
    return (
        f"default-src 'none'; script-src 'self'{inline}; style-src 'self'{inline}; img-src 'self' data:; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        f"{frames}frame-ancestors 'none'; base-uri 'none'"
    )


def request_id() -> str:
    """The number under which this request stands in the logs; a refusal shows it, so that a caller can quote it.

    The proxy's own number where a proxy is trusted.
    """
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "") if current_app.config["EPACCS_TRUSTED_PROXIES"] else ""
        g.request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
    return str(g.request_id)


# --- Refusals --------------------------------------------------------------------------------------------------------


def _answer_refusals(app: Flask) -> None:
    for error in (EpaccsError, OperationalError, InterfaceError):
        app.register_error_handler(error, _refuse_error)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(RequestEntityTooLarge, _refuse_too_large)
    app.register_error_handler(CSRFError, _refuse_forged)
    app.register_error_handler(InternalServerError, _refuse_failure)
    app.log_exception = _log_failure  # type: ignore[method-assign]  # Flask's own writes the exception's text


def answer_refusal(refusal: Refusal) -> ResponseReturnValue:
    """The same refusal as a page for a person and as a problem document for a program."""
    if wants_problem():
        response = jsonify(build_problem(refusal, request_id=request_id()))
        response.mimetype = "application/problem+json"
        return response, refusal.status
    if refusal.is_plain:
        return _render_plainly(refusal), refusal.status, {"Retry-After": "30"} if refusal.status == 503 else {}
    return render_template("errors/refusal.html", refusal=refusal), refusal.status


def _render_plainly(refusal: Refusal) -> str:
    """Without the context processors of Flask-Login and others, which would ask for the session or the database."""
    return current_app.jinja_env.get_template("errors/plain.html").render(
        refusal=refusal, request_id=request_id(), is_form=request.method == "POST"
    )


def wants_problem() -> bool:
    """Whether the caller is a program: it asks for JSON rather than for a page, or where no page is."""
    if getattr(current_app.view_functions.get(request.endpoint or ""), "is_for_programs", False):
        return True
    pages, problems = "text/html", ("application/problem+json", "application/json")
    return request.accept_mimetypes.best_match([pages, *problems], default=pages) != pages


def _refuse_error(error: Exception) -> ResponseReturnValue:
    refusal = refusal_for_error(error)
    if refusal.status >= 500:
        _log_failure((type(error), error, error.__traceback__))
    answer = current_app.make_response(answer_refusal(refusal))
    return say_when(answer, error) if isinstance(error, MustWait) else answer


def say_when(answer: Response, error: MustWait) -> Response:
    """Tell a program, too, when it is worth trying again. Source: RFC 9110, section 10.2.3."""
    answer.headers["Retry-After"] = str(error.seconds_left(clock.now()))
    return answer


def _refuse_http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    answer = current_app.make_response(answer_refusal(refusal_for_status(error.code)))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    if retry_after := getattr(error, "retry_after", None):
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def _refuse_too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Read the rest first: a server that hangs up on a browser still sending shows it no sentence."""
    left = min(request.content_length or 0, DRAIN_LIMIT_BYTES)
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 65536))):
        left -= len(chunk)
    return answer_refusal(refusal_for_status(413))


def _refuse_forged(error: CSRFError) -> ResponseReturnValue:
    """A form whose token does not fit the session.

    When the browser proves that it came from a page of ours, what was typed is offered to be sent again with a fresh
    token; a password is not put into a page.
    """
    is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin" or request.origin == request.host_url.rstrip("/")
    typed = [
        (showable(name), showable(value)) for name, value in request.form.items(multi=True) if name != "csrf_token"
    ]
    if wants_problem() or not is_ours or not typed or any("password" in name for name, _ in typed):
        return answer_refusal(FORGED)
    return render_template("errors/send_again.html", refusal=SEND_AGAIN, typed=typed), SEND_AGAIN.status


def _refuse_failure(error: InternalServerError) -> ResponseReturnValue:
    """Something nobody foresaw; a lost database says so even when it was lost while answering."""
    original = error.original_exception
    refusal = refusal_for_error(original) if isinstance(original, Exception) else FAILED
    return answer_refusal(refusal if refusal.status >= 500 else FAILED)


def _log_failure(exc_info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None]) -> None:
    """Class and places of an exception; never its text, which may hold a name or an NHS number."""
    kind, _, traceback = exc_info
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in extract_tb(traceback)[-8:]]
    _log.error(
        "A request failed", extra={"request_id": request_id(), "error": kind.__name__ if kind else "", "places": places}
    )
