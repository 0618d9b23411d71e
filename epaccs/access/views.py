"""What a privacy officer decides about openings in an emergency; and the access table, changed by two people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from epaccs.access import actions, queries
from epaccs.access.guard import needs
from epaccs.access.rules import Permission, RoleRow, row_of, tell_access_table, version_in_force
from epaccs.access.schema import ReviewSchema, WhySchema, answers_of_row, build_row_schema, read_row
from epaccs.access.versions import SIGHT_LABELS, TIER_LABELS, TIERS, changes_between, check_may_propose, with_row
from epaccs.agreements.queries import shared_now
from epaccs.agreements.rules import LEGAL_BASIS_LABELS, LEVEL_LABELS, PURPOSE_LABELS, SPECIAL_BASIS_LABELS
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import ROLE_LABELS, Role, is_steward
from epaccs.core.errors import NotFound
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import public, sent_form

bp = Blueprint("access", __name__)


@bp.route("/privacy-office/<grant_id>", methods=["GET", "POST"])
@needs(Permission.REVIEW_ACCESS)
def review(grant_id: str) -> ResponseReturnValue:
    """Decide on one opening."""
    actor, number = current_actor(), parse_id(grant_id)
    opening = next((one for one in queries.openings_to_review(actor) if one.id == number), None)
    if opening is None:
        raise NotFound
    form = Form(ReviewSchema, sent_form())

    def decide(fields: dict[str, Any]) -> ResponseReturnValue:
        actions.review_access(actor, number, outcome=fields["outcome"], note=fields["note"] or "")
        flash("Recorded.")
        return redirect(url_for("oversight.privacy_office"), 303)

    def show(form: Form) -> str:
        return render_template("access/review.html", form=form, opening=opening, roles=ROLE_LABELS)

    return answer_form(form, decide, show)


# --- The access table ------------------------------------------------------------------------------------------------


@bp.get("/admin/access-table")
@needs(Permission.SEE_ACCESS_TABLE)
def table() -> str:
    """Who sees what now, what waits for a second person, and every version before."""
    actor = current_actor()
    return render_template(
        "access/table.html",
        rows={role: row_of(role) for role in Role},
        number=version_in_force(),
        changes=queries.table_changes(actor),
        may_propose=is_steward(actor),
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"roles": ROLE_LABELS, "tiers": TIERS, "tier_labels": TIER_LABELS, "sights": SIGHT_LABELS}


@bp.route("/admin/access-table/roles/<role>", methods=["GET", "POST"])
@needs(Permission.ADMINISTER)
def propose(role: str) -> ResponseReturnValue:
    """Ask for another line of the table."""
    actor = current_actor()
    if role not in set(Role):
        raise NotFound
    check_may_propose(actor)
    number, newest = queries.newest_table()
    row = newest[Role(role)]
    form = Form(build_row_schema(row), sent_form(), answers_of_row(row), base_version=number)

    def do(fields: dict[str, Any]) -> ResponseReturnValue:
        return _propose(with_row(newest, Role(role), read_row(row, fields)), form, fields)

    def show(form: Form) -> str:
        return render_template("access/propose.html", form=form, role=ROLE_LABELS[Role(role)], number=number)

    return answer_form(form, do, show)


@bp.route("/admin/access-table/versions/<number>", methods=["GET", "POST"])
@needs(Permission.ADMINISTER)
def go_back(number: str) -> ResponseReturnValue:
    """Ask that an earlier version holds again; 0: the table that the register comes with."""
    actor = current_actor()
    check_may_propose(actor)
    known = {0, *(one.number for one in queries.table_changes(actor) if one.number)}
    if not number.isdecimal() or int(number) not in known:
        raise NotFound
    newest_number, newest = queries.newest_table()
    wanted = queries.find_table(int(number))
    form = Form(WhySchema, sent_form(), base_version=newest_number)

    def do(fields: dict[str, Any]) -> ResponseReturnValue:
        return _propose(wanted, form, fields)

    def show(form: Form) -> str:
        return render_template(
            "access/go_back.html", form=form, number=int(number), changes=changes_between(newest, wanted)
        )

    return answer_form(form, do, show)


def _propose(table: Mapping[Role, RoleRow], form: Form, fields: dict[str, Any]) -> ResponseReturnValue:
    change_id = actions.propose_table(
        current_actor(),
        table,
        reason=fields["reason"],
        based_on=form.base_version,
        valid_from=fields["valid_from"],
    )
    flash("Proposed. Nothing changes until another person of the board approves it.")
    return redirect(url_for("access.table_change", change_id=change_id), 303)


@bp.route("/admin/access-table/changes/<change_id>", methods=["GET", "POST"])
@needs(Permission.SEE_ACCESS_TABLE)
def table_change(change_id: str) -> ResponseReturnValue:
    """What a change opens and closes, in words; a second person approves it, or it is turned down."""
    actor, found_id = current_actor(), parse_id(change_id)
    change = queries.get_table_change(actor, found_id)
    form = Form(Schema.from_dict({}), sent_form())

    def do(_fields: dict[str, Any]) -> ResponseReturnValue:
        if form.action == "approve":
            number = actions.approve_table(actor, found_id)
            flash(f"Approved. It is version {number} of the access table.")
        else:
            actions.turn_down_table(actor, found_id)
            flash("Turned down. The table stays as it is.")
        return redirect(url_for("access.table"), 303)

    def show(form: Form) -> str:
        return render_template("access/table_change.html", form=form, change=change)

    return answer_form(form, do, show)


# For everybody


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Who sees what, by which agreement, and how to say no: read from what the program runs on, at this moment."""
    queries.follow_newest_table()
    return render_template(
        "access/privacy.html",
        shared=shared_now(),
        roles=tell_access_table(),
        levels=LEVEL_LABELS,
        purposes=PURPOSE_LABELS,
        legal_bases=LEGAL_BASIS_LABELS,
        special_bases=SPECIAL_BASIS_LABELS,
    )
