"""Out to the identity provider, back from it, and out of it again."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.clinicians import actions as clinician_actions
from epaccs.clinicians import guard
from epaccs.clinicians.views.signing_in import go_on, next_path
from epaccs.core.errors import MustWait, RuleBroken
from epaccs.core.web import csrf, for_programs, public, say_when
from epaccs.settings import IdentityProvider, Settings
from epaccs.sign_on.actions import signing_in
from epaccs.sign_on.actions.linking import NotLinked, note_refused
from epaccs.sign_on.provider import ProviderRefused, ProviderUnreachable

bp = Blueprint("provider", __name__, url_prefix="/sign-in/provider")

UNREACHABLE: Final = "The other sign-in does not answer. Sign in with your user name and password, or try again later."
NOT_TAKEN: Final = (
    "The answer of the other sign-in was not accepted: it was used before, took too long, or was not made for this "
    "browser. Begin again."
)
STILL_IN: Final = (
    "You may still be signed in at the other sign-in: it does not answer, or has no page for signing out. "
    "Sign out there yourself, or close the browser."
)
NONE_HERE: Final = "There is no other sign-in here. Sign in with your user name and password."


def _cookie_name() -> str:
    return "__Host-epaccs-provider" if _settings().secure_cookies else "epaccs-provider"


def _settings() -> Settings:
    settings: Settings = current_app.config["EPACCS"]
    return settings


def _redirect_uri() -> str:
    return _settings().public_url + url_for("provider.back")


def _show_refused(sentence: str, *, status: int) -> ResponseReturnValue:
    return render_template("sign_on/refused.html", sentence=sentence, refusal={"status": status}), status


@bp.get("")
@public
def leave() -> ResponseReturnValue:
    """Send the browser to the provider."""
    provider, signed_in = guard.identity_provider(), guard.visit().signed_in
    if provider is None:
        return _show_refused(NONE_HERE, status=200)
    confirms = signed_in.facts.clinician_id if signed_in and request.args.get("confirm") == "1" else None
    try:
        departure = signing_in.depart(
            provider,
            redirect_uri=_redirect_uri(),
            next_path=next_path(request.args.get("next", "/")),
            absolute_hours=_settings().session_absolute_hours,
            confirms=confirms,
        )
    except (ProviderUnreachable, ProviderRefused):
        return _show_refused(UNREACHABLE, status=503)
    response = make_response(redirect(departure.address, code=303))
    secure = _settings().secure_cookies
    response.set_cookie(_cookie_name(), departure.token, max_age=600, httponly=True, samesite="Lax", secure=secure)
    return response


@bp.get("/back")
@public
def back() -> ResponseReturnValue:
    """Take whoever comes back, or say why not and what to do."""
    provider = guard.identity_provider()
    if provider is None:
        return _show_refused(NONE_HERE, status=200)
    answer = make_response(_take(provider))
    answer.delete_cookie(_cookie_name(), httponly=True, samesite="Lax", secure=_settings().secure_cookies)
    return answer


def _take(provider: IdentityProvider) -> ResponseReturnValue:
    try:
        with signing_in.counted("provider", guard.door()):
            arrival = signing_in.arrive(
                provider, redirect_uri=_redirect_uri(), token=request.cookies.get(_cookie_name()), said=request.args
            )
            return _admit(arrival)
    except MustWait as error:
        return say_when(make_response(_show_refused(error.message, status=429)), error)
    except ProviderUnreachable:
        return _show_refused(UNREACHABLE, status=503)
    except ProviderRefused as refused:
        note_refused(refused.why)
        return _show_refused(NOT_TAKEN, status=422)
    except NotLinked as unknown:
        return _show_not_linked(unknown), 422
    except RuleBroken as error:
        return _show_refused(f"{error.message}.", status=422)


def _show_not_linked(unknown: NotLinked) -> str:
    facts = {"code": unknown.code, "organisations": unknown.organisations}
    return render_template("sign_on/not_linked.html", **facts, refusal={"status": 422})


def _admit(arrival: signing_in.Arrival) -> Response:
    before = guard.visit().signed_in
    if arrival.confirms is not None:
        if before is None or before.facts.clinician_id != arrival.confirms:
            raise ProviderRefused("other_session")
        signing_in.confirm(before.facts, arrival)
        return make_response(redirect(arrival.next_path, code=303))
    opened = signing_in.admit(arrival.identity, door=guard.door())
    if before is not None:
        clinician_actions.sign_out(before.facts)
    return go_on(opened, arrival.next_path)


@bp.get("/signed-out")
@public
def signed_out() -> ResponseReturnValue:
    """Signed out here; the browser goes on by itself to sign out there."""
    provider = guard.identity_provider()
    if provider is None:
        return _show_refused(NONE_HERE, status=200)
    page = make_response(render_template("sign_on/signed_out.html", provider=provider))
    page.headers["Refresh"] = f"2; url={url_for('provider.end')}"
    return page


@bp.get("/end")
@public
def end() -> ResponseReturnValue:
    """Send the browser to sign out at the provider, or say that this is still to do."""
    provider = guard.identity_provider()
    if provider is None:
        return _show_refused(NONE_HERE, status=200)
    address = signing_in.find_end_address(
        provider, redirect_uri=_redirect_uri(), back_to=_settings().public_url + url_for("signing_in.sign_in")
    )
    return redirect(address, code=303) if address else _show_refused(STILL_IN, status=503)


def from_the_provider(view: guard.View) -> guard.View:
    """For the provider itself: it brings no cookie, and nothing is believed but what it signed."""
    view.permission = "PROVIDER"  # type: ignore[attr-defined]
    csrf.exempt(view)
    return for_programs(view)


@bp.post("/ended")
@from_the_provider
def ended() -> ResponseReturnValue:
    """The provider says that somebody signed out there. Source: OpenID Connect Back-Channel Logout 1.0."""
    provider = guard.identity_provider()
    try:
        if provider is None:
            raise ProviderRefused("no_provider")
        with signing_in.counted("provider end", guard.door()):
            signing_in.follow_end(provider, redirect_uri=_redirect_uri(), token=request.form.get("logout_token", ""))
    except (ProviderRefused, ProviderUnreachable) as error:
        raise RuleBroken("This logout token is not accepted", field="logout_token") from error
    return "", 200
