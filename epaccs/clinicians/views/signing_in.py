"""Sign in, step by step, and out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.clinicians import actions, guard, queries
from epaccs.clinicians.rules import SessionEnd, Step, check_repeated, is_local_path
from epaccs.clinicians.schema import FirstPasswordSchema, GiveCodeSchema, SignInSchema, build_choice_of_organisation
from epaccs.core import clock
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import public, sent_form

bp = Blueprint("signing_in", __name__)

#: Why somebody finds themselves at this page, when they had been signed in.
WHY_SIGNED_OUT = {
    SessionEnd.ENDED_BY_PERSON: "You ended this session from another browser.",
    SessionEnd.PASSWORD_CHANGED: "Your password was changed in another browser.",
    SessionEnd.PROVIDER: "You signed out of the other sign-in by which you came.",
    SessionEnd.RESET: "Your administrator gave you a new one-time code. Set a password with it.",
    SessionEnd.ACCESS_ENDED: "Your account was closed. Ask the administrator of your organisation.",
    SessionEnd.IDLE: "You were signed out because this browser was not used for a while.",
    SessionEnd.TOO_LONG: "You were signed out because your shift should be over by now.",
}


def next_path(address: str) -> str:
    """Where to go on; an address outside the register leads to the first page."""
    return address if is_local_path(address) else "/"


def go_on(opened: actions.OpenedSession, address: str) -> Response:
    """To the page that was asked for, with the new cookie; a step that is missing comes before it by itself."""
    response = make_response(redirect(next_path(address), code=303))
    guard.set_session_cookie(response, opened.token)
    if opened.device_token:
        guard.set_device_cookie(response, opened.device_token)
    for teller in _tellers:
        if words := teller(opened.session_id):
            flash(words)
    return response


#: Says of a session that has just begun what its owner should know first; None: nothing.
Teller = Callable[[UUID], str | None]
_tellers: list[Teller] = []


def tell_at_sign_in(teller: Teller) -> None:
    """Let a room above say something to whoever signs in; twice registered says it once."""
    if teller not in _tellers:
        _tellers.append(teller)


def asked_next() -> dict[str, str]:
    """What the address says about where to go on."""
    return {"next": next_path(request.args.get("next", "/"))}


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Give a user name and password."""
    form = Form(SignInSchema, sent_form(), asked_next())
    return answer_form(form, _sign_in, _show_sign_in)


def _sign_in(data: dict[str, Any]) -> ResponseReturnValue:
    before = guard.visit().signed_in
    opened = actions.sign_in(data["user_name"], data["password"], door=guard.door())
    if before is not None:
        actions.sign_out(before.facts)
    return go_on(opened, data["next"] or "/")


def _show_sign_in(form: Form) -> str:
    end = guard.visit().end
    return render_template(
        "clinicians/sign_in.html",
        form=form,
        was_kept=request.args.get("kept") == "1",
        why=WHY_SIGNED_OUT.get(end) if end else None,
        demo_password=guard.demo_password(),
        provider=guard.identity_provider(),
    )


@bp.route("/sign-in/first", methods=["GET", "POST"])
@public
def first_password() -> ResponseReturnValue:
    """Set a password with the code from the administrator."""
    return answer_form(Form(FirstPasswordSchema, sent_form()), _set_first_password, _show_first_password)


def _set_first_password(data: dict[str, Any]) -> ResponseReturnValue:
    check_repeated(data["new_password"], data["repeated_password"])
    opened = actions.set_first_password(
        data["user_name"], data["one_time_code"], data["new_password"], door=guard.door()
    )
    return go_on(opened, "/")


def _show_first_password(form: Form) -> str:
    return render_template("clinicians/first_password.html", form=form)


@bp.route("/sign-in/code", methods=["GET", "POST"])
@guard.needs_step(Step.GIVE_CODE)
def give_code() -> ResponseReturnValue:
    """Give the code of the second factor."""
    return answer_form(Form(GiveCodeSchema, sent_form(), asked_next()), _give_code, _show_give_code)


def _give_code(data: dict[str, Any]) -> ResponseReturnValue:
    opened = actions.give_code(guard.current_session(), data["code"], door=guard.door())
    return go_on(opened, data["next"] or "/")


def _show_give_code(form: Form) -> str:
    return render_template("clinicians/give_code.html", form=form)


@bp.route("/choose-organisation", methods=["GET", "POST"])
@guard.needs_step(Step.CHOOSE_ORGANISATION, Step.SET_UP_SECOND_FACTOR, Step.NONE)
def choose_organisation() -> ResponseReturnValue:
    """Choose for which organisation one works now."""
    facts = guard.current_session()
    places = queries.open_places(facts.clinician_id, today=clock.today())
    if not places:
        return render_template("clinicians/no_organisation.html")
    chosen = str(facts.place.membership_id) if facts.place is not None and facts.place in places else None
    form = Form(build_choice_of_organisation(places), sent_form(), {**asked_next(), "membership_id": chosen})
    return answer_form(form, _choose_organisation, _show_choose_organisation)


def _choose_organisation(data: dict[str, Any]) -> ResponseReturnValue:
    opened = actions.choose_organisation(guard.current_session(), parse_id(data["membership_id"]))
    return go_on(opened, data["next"] or "/")


def _show_choose_organisation(form: Form) -> str:
    return render_template("clinicians/choose_organisation.html", form=form)


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session; pressed twice, or when it was ended already, it is the same."""
    signed_in = guard.visit().signed_in
    page = "signing_in.sign_in"
    if signed_in is not None:
        actions.sign_out(signed_in.facts)
        page = "provider.signed_out" if signed_in.facts.came_by_provider else page
    response = make_response(redirect(url_for(page), code=303))
    guard.clear_session_cookie(response)
    guard.leave_nothing(response)
    return response
