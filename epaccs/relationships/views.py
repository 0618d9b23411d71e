"""Who looks after a person: the list, the referral, the answer, the end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from epaccs.access.actions import record_list_viewed
from epaccs.access.guard import needs
from epaccs.access.queries import Standing, get_standing
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.schema import NothingSchema
from epaccs.core import clock
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.record.queries.summaries import get_who
from epaccs.relationships import actions, queries
from epaccs.relationships.rules import Teams
from epaccs.relationships.schema import EndingSchema, TakingOnSchema, build_referral

bp = Blueprint("relationships", __name__)


@bp.get("/record/<entry_id>/teams")
@needs(Permission.ANSWER_FOR_TEAM)
def show(entry_id: str) -> ResponseReturnValue:
    """Who looks after them now, who did, and what the reader's own team may say."""
    found_id = parse_id(entry_id)
    standing, teams = queries.get_teams(current_actor(), found_id)
    return _show(standing, teams, Form(_answer(teams)))


def _answer(teams: Teams) -> type[Schema]:
    """A visit or a stay may have a last day; a usual practice or key worker has none."""
    return TakingOnSchema if teams.was_referred else NothingSchema


def _show(standing: Standing, teams: Teams, form: Form) -> str:
    actor = current_actor()
    record_list_viewed(actor, list_name="teams", count=len(teams.own) + len(teams.others))
    return render_template(
        "relationships/show.html",
        form=form,
        teams=teams,
        own_id=actor.organisation_id,
        may_refer=standing.can(Permission.REFER),
        **_frame(standing),
    )


def _frame(standing: Standing) -> dict[str, Any]:
    summary = get_who(standing)
    return {"summary": summary, "age": summary.identity.age(clock.today())}


def _back(entry_id: UUID, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("relationships.show", entry_id=entry_id), code=303)


@bp.post("/record/<entry_id>/teams/take-on")
@needs(Permission.ANSWER_FOR_TEAM)
def take_on(entry_id: str) -> ResponseReturnValue:
    """Yes, the reader's team looks after them."""
    actor, found_id = current_actor(), parse_id(entry_id)
    standing, teams = queries.get_teams(actor, found_id)

    def take(loaded: dict[str, Any]) -> ResponseReturnValue:
        actions.take_on(actor, found_id, until_on=loaded.get("until_on"))
        return _back(found_id, "Your team looks after this person now.")

    return answer_form(Form(_answer(teams), request.form), take, lambda refused: _show(standing, teams, refused))


@bp.route("/record/<entry_id>/teams/refer", methods=["GET", "POST"])
@needs(Permission.REFER)
def refer(entry_id: str) -> ResponseReturnValue:
    """Ask another team to look after them."""
    actor, found_id = current_actor(), parse_id(entry_id)
    standing = get_standing(actor, found_id, Permission.REFER)
    receivers = queries.find_receivers(actor, found_id)

    def ask(loaded: dict[str, Any]) -> ResponseReturnValue:
        actions.refer(actor, found_id, organisation_id=parse_id(loaded["organisation_id"]))
        return _back(found_id, f"{receivers[loaded['organisation_id']]} sees the record now, and is asked to answer.")

    def page(form: Form) -> str:
        return render_template("relationships/refer.html", form=form, receivers=receivers, **_frame(standing))

    return answer_form(Form(build_referral(receivers), sent_form()), ask, page)


@bp.route("/record/<entry_id>/teams/end", methods=["GET", "POST"])
@needs(Permission.ANSWER_FOR_TEAM)
def end(entry_id: str) -> ResponseReturnValue:
    """End the care of the reader's team."""
    actor, found_id = current_actor(), parse_id(entry_id)
    standing, teams = queries.get_teams(actor, found_id)

    def stop(loaded: dict[str, Any]) -> ResponseReturnValue:
        actions.end_care(actor, found_id, why=loaded["why"])
        flash("Your team's care has ended. You see this record no more, unless your practice or area does.")
        return redirect(url_for("home.first_page"), code=303)

    return answer_form(
        Form(EndingSchema, sent_form()),
        stop,
        lambda form: render_template("relationships/end.html", form=form, teams=teams, **_frame(standing)),
    )


@bp.post("/record/<entry_id>/teams/<team_id>/take-back")
@needs(Permission.REFER)
def take_back(entry_id: str, team_id: str) -> ResponseReturnValue:
    """The referral was a mistake, or is needed no more."""
    found_id = parse_id(entry_id)
    actions.take_back(current_actor(), found_id, parse_id(team_id))
    return _back(found_id, "The referral was taken back. They see the record no more.")
