"""What administrators do with agreements. No patient is ever named here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from epaccs.agreements import actions, queries
from epaccs.agreements.actions import NewAgreement
from epaccs.agreements.queries import AgreementDetail
from epaccs.agreements.rules import (
    END_REASON_LABELS,
    LEGAL_BASIS_LABELS,
    LEVEL_LABELS,
    PURPOSE_LABELS,
    SPECIAL_BASIS_LABELS,
    STANDING_LABELS,
    Level,
)
from epaccs.agreements.schema import EndSchema, SignSchema, build_new_agreement
from epaccs.clinicians.guard import current_actor, needs_role
from epaccs.clinicians.rules import Role, is_steward
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form

bp = Blueprint("agreements", __name__, url_prefix="/admin/agreements")

needs_administrator = needs_role(Role.ADMINISTRATOR)

_LABELS = {
    "levels": LEVEL_LABELS,
    "purposes": PURPOSE_LABELS,
    "legal_bases": LEGAL_BASIS_LABELS,
    "special_bases": SPECIAL_BASIS_LABELS,
    "standings": STANDING_LABELS,
    "end_reasons": END_REASON_LABELS,
}


@bp.get("")
@needs_administrator
def show() -> ResponseReturnValue:
    """Every agreement that concerns the organisation, and what needs somebody."""
    actor = current_actor()
    found = queries.agreements_for(actor)
    return render_template("agreements/list.html", agreements=found, own_id=actor.organisation_id, **_LABELS)


@bp.route("/new", methods=["GET", "POST"])
@needs_administrator
def new() -> ResponseReturnValue:
    """Write an agreement down."""
    actor = current_actor()
    schema = build_new_agreement(queries.organisations_to_agree_with(actor))
    form = Form(schema, sent_form())

    def make(data: dict[str, Any]) -> ResponseReturnValue:
        parties, controllers = (frozenset(map(parse_id, data.pop(name))) for name in ("parties", "controllers"))
        level = Level(int(data.pop("level")))
        agreement = NewAgreement(**data, level=level, parties=parties, controllers=controllers)
        agreement_id = actions.make_agreement(actor, form.edit_id, agreement)
        flash("The agreement was written down. Nothing flows by it before two organisations have signed.")
        return redirect(url_for("agreements.one", agreement_id=agreement_id), code=303)

    return answer_form(form, make, lambda form: render_template("agreements/new.html", form=form))


@bp.get("/<agreement_id>")
@needs_administrator
def one(agreement_id: str) -> ResponseReturnValue:
    """One agreement: its terms, who has signed, and what can be done."""
    actor = current_actor()
    found = queries.get_agreement(actor, parse_id(agreement_id))
    own = found.find_party(actor.organisation_id)
    return render_template("agreements/one.html", agreement=found, own=own, is_steward=is_steward(actor), **_LABELS)


@bp.route("/<agreement_id>/sign", methods=["GET", "POST"])
@needs_administrator
def sign(agreement_id: str) -> ResponseReturnValue:
    """Sign for one's own organisation, after everything that it lets flow was shown."""
    actor = current_actor()
    found = queries.get_agreement(actor, parse_id(agreement_id))

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        actions.sign(actor, found.id, signed_by=data["signed_by"])
        return _to(found, "Signed for your organisation. It holds from now on, with everybody who has signed.")

    return answer_form(
        Form(SignSchema, sent_form()),
        do,
        lambda form: render_template("agreements/sign.html", form=form, agreement=found, **_LABELS),
    )


@bp.route("/<agreement_id>/leave", methods=["GET", "POST"])
@needs_administrator
def leave(agreement_id: str) -> ResponseReturnValue:
    """One's own organisation leaves."""
    actor = current_actor()
    found = queries.get_agreement(actor, parse_id(agreement_id))

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        actions.leave(actor, found.id, **data)
        return _to(found, "Your organisation has left. Nothing flows by this agreement to or from you any more.")

    return answer_form(
        Form(EndSchema, sent_form()),
        do,
        lambda form: render_template("agreements/end.html", form=form, agreement=found, for_all=False),
    )


@bp.route("/<agreement_id>/end", methods=["GET", "POST"])
@needs_administrator
def end(agreement_id: str) -> ResponseReturnValue:
    """End it for everybody; for the board that runs the area."""
    actor = current_actor()
    found = queries.get_agreement(actor, parse_id(agreement_id))

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        actions.end(actor, found.id, **data)
        return _to(found, "The agreement has ended. Nothing flows by it any more.")

    return answer_form(
        Form(EndSchema, sent_form()),
        do,
        lambda form: render_template("agreements/end.html", form=form, agreement=found, for_all=True),
    )


@bp.get("/stopped")
@needs_administrator
def stopped() -> ResponseReturnValue:
    """What stopped in the last thirty days, and what will within thirty."""
    return render_template("agreements/stopped.html", stopping=queries.what_stops(current_actor()), **_LABELS)


def _to(found: AgreementDetail, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("agreements.one", agreement_id=found.id), code=303)
