"""Ask for an account on a public page; answer, renew and end as a sponsor."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.actions import GivenCode
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import ROLE_LABELS, is_steward
from epaccs.clinicians.schema import NothingSchema
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import public, sent_form
from epaccs.settings import Settings
from epaccs.sponsorship import actions, queries, rules
from epaccs.sponsorship.schema import RefusalSchema, build_ask, build_sponsor

bp = Blueprint("sponsorship", __name__)


def _months() -> int:
    settings: Settings = current_app.config["EPACCS"]
    return settings.sponsored_months


def _to_list(words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("sponsorship.show"), code=303)


def _show_code(given: GivenCode) -> str:
    return render_template("sponsorship/given_code.html", given=given)


# Asking


@bp.route("/ask-for-access", methods=["GET", "POST"])
@public
def ask() -> ResponseReturnValue:
    """Somebody who has no account says who they are; the answer is the same whoever they are."""
    form = Form(build_ask(queries.organisations_to_ask()), sent_form())
    return answer_form(form, _ask, lambda form: render_template("sponsorship/ask.html", form=form))


def _ask(data: dict[str, Any]) -> ResponseReturnValue:
    organisation_id = parse_id(data.pop("organisation_id"))
    actions.ask_for_account(organisation_id, rules.Ask(**data), address=request.remote_addr or "")
    return redirect(url_for("sponsorship.asked"), code=303)


@bp.get("/ask-for-access/sent")
@public
def asked() -> ResponseReturnValue:
    """What happens next."""
    return render_template("sponsorship/asked.html")


# Answering


@bp.get("/sponsorship")
@needs(Permission.ADMINISTER)
def show() -> ResponseReturnValue:
    """Who waits, and who has access through whom, until when."""
    actor = current_actor()
    return render_template(
        "sponsorship/show.html",
        waiting=queries.waiting_requests(actor),
        accounts=queries.accounts_of(actor),
        states=rules.AccountState,
        role_labels=ROLE_LABELS,
        own_id=actor.clinician_id,
        is_steward=is_steward(actor),
        months=_months(),
    )


@bp.post("/sponsorship/requests/<request_id>/approve")
@needs(Permission.ADMINISTER)
def approve(request_id: str) -> ResponseReturnValue:
    """One press: the account is there."""
    return _show_code(actions.approve(current_actor(), parse_id(request_id), months=_months()))


@bp.route("/sponsorship/requests/<request_id>/refuse", methods=["GET", "POST"])
@needs(Permission.ADMINISTER)
def refuse(request_id: str) -> ResponseReturnValue:
    """Give no account, with the reason."""
    asked = queries.get_request(current_actor(), parse_id(request_id))

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        actions.refuse(current_actor(), asked.id, reason=data["reason"])
        return _to_list("The request was refused. Tell the person yourself: the register sends no letters.")

    def show_form(form: Form) -> str:
        return render_template("sponsorship/refuse.html", form=form, asked=asked, role_labels=ROLE_LABELS)

    return answer_form(Form(RefusalSchema, sent_form()), do, show_form)


@bp.post("/sponsorship/accounts/<clinician_id>/renew")
@needs(Permission.ADMINISTER)
def renew(clinician_id: str) -> ResponseReturnValue:
    """One press: they still work there."""
    given = actions.renew(current_actor(), parse_id(clinician_id), months=_months())
    return _show_code(given) if given else _to_list("The account was renewed.")


@bp.post("/sponsorship/accounts/<clinician_id>/code")
@needs(Permission.ADMINISTER)
def give_code(clinician_id: str) -> ResponseReturnValue:
    """A new one-time code."""
    return _show_code(actions.give_new_code(current_actor(), parse_id(clinician_id)))


@bp.route("/sponsorship/accounts/<clinician_id>/end", methods=["GET", "POST"])
@needs(Permission.ADMINISTER)
def end(clinician_id: str) -> ResponseReturnValue:
    """Somebody has left."""
    account = queries.get_account(current_actor(), parse_id(clinician_id))

    def do(_data: dict[str, Any]) -> ResponseReturnValue:
        actions.end_account(current_actor(), account.clinician_id)
        return _to_list("The account was ended. Every browser and tablet of theirs is signed out.")

    def show_form(form: Form) -> str:
        return render_template("sponsorship/end.html", form=form, account=account, role_labels=ROLE_LABELS)

    return answer_form(Form(NothingSchema, sent_form()), do, show_form)


# Who answers for whom


@bp.get("/sponsorship/sponsors")
@needs(Permission.ADMINISTER)
def sponsors() -> ResponseReturnValue:
    """Which organisation answers for the people of which; for the board that runs the area."""
    return render_template("sponsorship/sponsors.html", lines=queries.sponsors_of_area(current_actor()))


@bp.route("/sponsorship/sponsors/<organisation_id>", methods=["GET", "POST"])
@needs(Permission.ADMINISTER)
def sponsor(organisation_id: str) -> ResponseReturnValue:
    """Name the sponsor of one organisation."""
    line = queries.get_sponsored(current_actor(), parse_id(organisation_id))
    schema = build_sponsor(queries.possible_sponsors(current_actor(), line.organisation_id))

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        actions.name_sponsor(current_actor(), line.organisation_id, parse_id(data["sponsor_id"]))
        flash("The sponsor was named. Requests that wait, wait there now.")
        return redirect(url_for("sponsorship.sponsors"), code=303)

    def show_form(form: Form) -> str:
        return render_template("sponsorship/sponsor.html", form=form, line=line)

    return answer_form(Form(schema, sent_form(), {"sponsor_id": line.sponsor_id}), do, show_form)
