"""Passkeys: one's own, and the page on which one is used."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.clinicians import guard
from epaccs.clinicians.rules import Step
from epaccs.clinicians.views.signing_in import go_on, next_path
from epaccs.core.errors import MustWait, RuleBroken
from epaccs.core.forms import showable
from epaccs.core.identifiers import parse_id
from epaccs.core.web import PRODUCT_NAME, public, say_when
from epaccs.sign_on import queries
from epaccs.sign_on.actions import passkeys

bp = Blueprint("passkeys", __name__)

NAME_LIMIT = 60


def _site() -> passkeys.Site:
    return passkeys.Site(current_app.config["EPACCS"].public_url, PRODUCT_NAME)


def _show(template: str, refused: RuleBroken | None, **more: Any) -> ResponseReturnValue:
    """The page, which says in its title too that something was refused."""
    status = 429 if isinstance(refused, MustWait) else 422 if refused else 200
    why = refused.message.rstrip(".") if refused else None
    page = make_response(render_template(template, why=why, refusal={"status": status}, **more), status)
    return say_when(page, refused) if isinstance(refused, MustWait) else page


@bp.route("/passkey", methods=["GET", "POST"])
@public
def use() -> ResponseReturnValue:
    """Sign in with one, give it after the password, or confirm with it that it is you."""
    signed_in = guard.visit().signed_in
    facts = signed_in.facts if signed_in else None
    there = next_path(request.values.get("next", "/")[:400])
    refused: RuleBroken | None = None
    if request.method == "POST":
        sent = {name: request.form.get(name, "") for name in ("token", "answer")}
        try:
            opened = passkeys.use(facts, **sent, site=_site(), door=guard.door())
            return go_on(opened, there) if opened else redirect(there, code=303)
        except RuleBroken as error:
            refused = error
    question = passkeys.begin_using(facts, site=_site())
    return _show("sign_on/passkey.html", refused, question=question, next=there, facts=facts)


@bp.get("/account/passkeys")
@guard.needs_sign_in
def show() -> ResponseReturnValue:
    """One's own passkeys."""
    lines = queries.passkeys_of(guard.current_session().clinician_id)
    return render_template("sign_on/passkeys.html", lines=lines)


@bp.route("/account/passkeys/add", methods=["GET", "POST"])
@guard.needs_step(Step.SET_UP_SECOND_FACTOR, Step.NONE)
def add() -> ResponseReturnValue:
    """One more; whoever finds a session left open cannot add their own."""
    facts, name = guard.current_session(), request.form.get("name", "").strip(" ")
    refused: RuleBroken | None = None
    if request.method == "GET":
        guard.check_proved_lately()
    else:
        try:
            return _add(name)
        except RuleBroken as error:
            refused = error
    question = passkeys.begin_adding(facts, site=_site())
    return _show("sign_on/add_passkey.html", refused, question=question, name=showable(name))


def _add(name: str) -> ResponseReturnValue:
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        raise RuleBroken(f"Give it a name of up to {NAME_LIMIT} characters by which you know the device again")
    sent = {part: request.form.get(part, "") for part in ("token", "answer")}
    codes = passkeys.add(guard.current_session(), name=name, **sent, site=_site())
    if codes:
        return render_template("clinicians/recovery_codes.html", codes=codes)
    flash("The passkey was added.")
    return redirect(url_for("passkeys.show"), code=303)


@bp.post("/account/passkeys/<passkey_id>/remove")
@guard.needs_sign_in
def remove(passkey_id: str) -> ResponseReturnValue:
    """Take one away."""
    guard.check_proved_lately()
    passkeys.remove(guard.current_session(), parse_id(passkey_id))
    flash("The passkey was removed. It opens nothing any more.")
    return redirect(url_for("passkeys.show"), code=303)
