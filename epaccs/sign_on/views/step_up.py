"""Confirm that it is you, and go back to what you were doing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.clinicians import guard
from epaccs.clinicians.views.signing_in import asked_next, next_path
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Form, answer_form
from epaccs.core.web import sent_form
from epaccs.sign_on import queries
from epaccs.sign_on.actions import step_up
from epaccs.sign_on.schema import ConfirmByCodeSchema, ConfirmByPasswordSchema, NothingToConfirmSchema

bp = Blueprint("step_up", __name__)


@bp.route("/confirm-it-is-you", methods=["GET", "POST"])
@guard.needs_sign_in
def confirm() -> ResponseReturnValue:
    """Ask for what this person has: the password, else a code; passkey and provider stand beside it."""
    facts = guard.current_session()
    ways = queries.ways_to_prove(facts.clinician_id)
    schema = ConfirmByPasswordSchema if ways.password else ConfirmByCodeSchema
    form = Form(schema if ways.password or ways.code else NothingToConfirmSchema, sent_form(), asked_next())
    provider = guard.identity_provider() if ways.provider else None

    def take(data: dict[str, Any]) -> ResponseReturnValue:
        if "current_password" in data:
            step_up.confirm_by_password(facts, data["current_password"], door=guard.door())
        elif "code" in data:
            step_up.confirm_by_code(facts, data["code"], door=guard.door())
        else:
            raise RuleBroken("Confirm in one of the other ways on this page, or ask your administrator for a password")
        return redirect(next_path(data["next"] or "/"), code=303)

    def show(form: Form) -> str:
        there = next_path(request.form.get("next") or request.args.get("next", "/"))
        return render_template(
            "sign_on/confirm.html",
            form=form,
            ways=ways,
            provider=provider,
            next=there,
            provider_address=url_for("provider.leave", next=there, confirm=1),
            was_kept=request.args.get("kept") == "1",
        )

    return answer_form(form, take, show)
