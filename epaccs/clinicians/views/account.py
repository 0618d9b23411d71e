"""One's own account: password, second factor, browsers signed in."""

from __future__ import annotations

from typing import Any

import pyotp
import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from epaccs.clinicians import actions, guard, queries
from epaccs.clinicians.rules import ROLE_LABELS, Step, check_repeated, is_fresh
from epaccs.clinicians.schema import (
    BeginSecondFactorSchema,
    ConfirmSecondFactorSchema,
    NothingSchema,
    PasswordSchema,
    UseSecondFactorSchema,
)
from epaccs.core import clock
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import PRODUCT_NAME, sent_form

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
@guard.needs_sign_in
def show() -> ResponseReturnValue:
    """What stands at one's own account."""
    facts = guard.current_session()
    return render_template(
        "clinicians/account.html", facts=facts, account=queries.own_account(facts), role_labels=ROLE_LABELS
    )


@bp.route("/password", methods=["GET", "POST"])
@guard.needs_sign_in
def password() -> ResponseReturnValue:
    """Change one's own password."""
    return answer_form(Form(PasswordSchema, sent_form()), _change_password, _show_password)


def _change_password(data: dict[str, Any]) -> ResponseReturnValue:
    check_repeated(data["new_password"], data["repeated_password"])
    actions.change_password(
        guard.current_session(),
        current_password=data["current_password"],
        new_password=data["new_password"],
        door=guard.door(),
    )
    flash("Your password was changed. Every other browser must sign in again.")
    return redirect(url_for("account.show"), code=303)


def _show_password(form: Form) -> str:
    return render_template("clinicians/password.html", form=form)


@bp.post("/sessions/<session_id>/end")
@guard.needs_sign_in
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign another browser out."""
    actions.end_own_session(guard.current_session(), parse_id(session_id))
    flash("That browser is signed out.")
    return redirect(url_for("account.show"), code=303)


# The second factor


@bp.get("/second-factor")
@guard.needs_step(Step.SET_UP_SECOND_FACTOR, Step.NONE)
def second_factor() -> ResponseReturnValue:
    """Set up, renew or remove the second factor; each is a form of its own."""
    facts = guard.current_session()
    if queries.own_account(facts).second_factor_since:
        return _show_use(Form(UseSecondFactorSchema))
    if actions.find_pending_secret(facts):
        return _show_confirm(Form(ConfirmSecondFactorSchema))
    return _show_begin(_begin_form())


def _begin_form() -> Form:
    fresh = is_fresh(guard.current_session(), now=clock.now())
    return Form(NothingSchema if fresh else BeginSecondFactorSchema, sent_form())


def _show_begin(form: Form) -> str:
    return render_template("clinicians/second_factor_begin.html", form=form, facts=guard.current_session())


@bp.post("/second-factor/begin")
@guard.needs_step(Step.SET_UP_SECOND_FACTOR, Step.NONE)
def begin_second_factor() -> ResponseReturnValue:
    """Make a new secret; the password is asked for, unless it was given a moment ago."""
    return answer_form(_begin_form(), _begin, _show_begin)


def _begin(data: dict[str, Any]) -> ResponseReturnValue:
    facts = guard.current_session()
    if "current_password" in data:
        actions.check_own_password(facts, data["current_password"], door=guard.door())
    actions.begin_second_factor(facts)
    return redirect(url_for("account.second_factor"), code=303)


@bp.post("/second-factor/confirm")
@guard.needs_step(Step.SET_UP_SECOND_FACTOR, Step.NONE)
def confirm_second_factor() -> ResponseReturnValue:
    """Give the first code of the new authenticator."""
    return answer_form(Form(ConfirmSecondFactorSchema, sent_form()), _confirm, _show_confirm)


def _confirm(data: dict[str, Any]) -> ResponseReturnValue:
    return _show_recovery_codes(actions.confirm_second_factor(guard.current_session(), data["code"]))


def _show_confirm(form: Form) -> str:
    facts = guard.current_session()
    secret = actions.find_pending_secret(facts)
    if secret is None:
        return _show_begin(_begin_form())
    address = pyotp.TOTP(secret).provisioning_uri(name=facts.user_name, issuer_name=PRODUCT_NAME)
    return render_template(
        "clinicians/second_factor_confirm.html", form=form, picture=_picture(address), secret=_in_fours(secret)
    )


def _picture(address: str) -> Markup:
    svg = segno.make(address, error="m").svg_inline(
        scale=5, border=4, light="#fff", title="QR code for the authenticator"
    )
    return Markup(svg)  # noqa: S704 - made by segno from our own address


def _in_fours(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _show_recovery_codes(codes: list[str]) -> str:
    return render_template("clinicians/recovery_codes.html", codes=codes)


@bp.post("/second-factor/change")
@guard.needs_sign_in
def change_second_factor() -> ResponseReturnValue:
    """Renew the recovery codes, or remove the second factor: which, says the button."""
    return answer_form(Form(UseSecondFactorSchema, sent_form()), _change, _show_use)


def _change(data: dict[str, Any]) -> ResponseReturnValue:
    facts, door = guard.current_session(), guard.door()
    match request.form.get("action"):
        case "renew":
            return _show_recovery_codes(actions.renew_recovery_codes(facts, data["code"], door=door))
        case "remove":
            actions.remove_second_factor(facts, data["code"], door=door)
            flash("Your second factor was removed.")
            return redirect(url_for("account.show"), code=303)
        case _:
            raise RuleBroken("Press one of the buttons of this form")


def _show_use(form: Form) -> str:
    facts = guard.current_session()
    return render_template("clinicians/second_factor_use.html", form=form, account=queries.own_account(facts))
