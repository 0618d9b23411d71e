"""The privacy office: what needs a look, what is set, and what a tablet showed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access import queries as access
from epaccs.access.actions import record_list_viewed
from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.access.schema import OUTCOMES
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import ROLE_LABELS
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.oversight.actions import deciding, tuning
from epaccs.oversight.actions.asking import ask_tablet
from epaccs.oversight.queries import alerts, shown
from epaccs.oversight.schema import (
    ParticularsSchema,
    VerdictOnPersonSchema,
    VerdictSchema,
    WatchSchema,
    build_shown_schema,
    build_thresholds_schema,
    names_by_rule,
)

bp = Blueprint("oversight", __name__)


@bp.get("/privacy-office")
@needs(Permission.REVIEW_ACCESS)
def privacy_office() -> ResponseReturnValue:
    """What needs looking at."""
    actor = current_actor()
    openings, tablets = access.openings_to_review(actor), access.tablet_alarms(actor)
    unusual = alerts.find_alerts(actor)
    record_list_viewed(actor, list_name="privacy_office", count=len(openings) + len(unusual))
    return render_template(
        "oversight/privacy_office.html",
        openings=openings,
        unusual=unusual,
        alarms=tablets,
        progress=alerts.find_progress(),
        roles=ROLE_LABELS,
        outcomes=OUTCOMES,
    )


@bp.route("/privacy-office/unusual/<alert_id>", methods=["GET", "POST"])
@needs(Permission.REVIEW_ACCESS)
def decide(alert_id: str) -> ResponseReturnValue:
    """Decide on one alert."""
    actor, number = current_actor(), parse_id(alert_id)
    alert = alerts.get_alert(actor, number)
    form = Form(VerdictOnPersonSchema if alert.can_be_silenced else VerdictSchema, sent_form())

    def keep(fields: dict[str, Any]) -> ResponseReturnValue:
        silent_until = fields.get("silent_until")
        deciding.decide(actor, number, verdict=fields["verdict"], note=fields["note"] or "", silent_until=silent_until)
        flash("Recorded.")
        return redirect(url_for("oversight.privacy_office"), 303)

    return answer_form(form, keep, lambda form: render_template("oversight/decide.html", form=form, alert=alert))


# What is set


@bp.route("/privacy-office/rules", methods=["GET", "POST"])
@needs(Permission.REVIEW_ACCESS)
def thresholds() -> ResponseReturnValue:
    """By which thresholds accesses are unusual here."""
    actor = current_actor()
    rules, versions = alerts.find_rules(actor)
    form = Form(build_thresholds_schema(), sent_form(), initial=rules.thresholds)

    def keep(fields: dict[str, Any]) -> ResponseReturnValue:
        reason, until_on = fields.pop("reason"), fields.pop("until_on")
        tuning.set_thresholds(actor, thresholds=fields, reason=reason, until_on=until_on)
        flash("Saved. It counts from the next round on.")
        return redirect(url_for("oversight.thresholds"), 303)

    def show(form: Form) -> str:
        return render_template("oversight/thresholds.html", form=form, versions=versions, groups=names_by_rule())

    return answer_form(form, keep, show)


@bp.get("/privacy-office/known")
@needs(Permission.REVIEW_ACCESS)
def known() -> ResponseReturnValue:
    """Whose looks at whom are not told, until when and why."""
    actor = current_actor()
    pairs = alerts.find_pairs(actor)
    record_list_viewed(actor, list_name="known_pairs", count=len(pairs))
    return render_template("oversight/known.html", pairs=pairs)


@bp.post("/privacy-office/known/<pair_id>/end")
@needs(Permission.REVIEW_ACCESS)
def end_pair(pair_id: str) -> ResponseReturnValue:
    """Such looks are told again."""
    tuning.end_pair(current_actor(), parse_id(pair_id))
    flash("Ended. Such looks are told again.")
    return redirect(url_for("oversight.known"), 303)


@bp.route("/privacy-office/news", methods=["GET", "POST"])
@needs(Permission.REVIEW_ACCESS)
def news() -> ResponseReturnValue:
    """People in the news: every look at them is told."""
    actor = current_actor()
    form = Form(WatchSchema, sent_form())

    def keep(fields: dict[str, Any]) -> ResponseReturnValue:
        tuning.watch_person(actor, **fields)
        flash("Written down. Every look from now on is told.")
        return redirect(url_for("oversight.news"), 303)

    def show(form: Form) -> str:
        watched = alerts.find_watched(actor)
        record_list_viewed(actor, list_name="people_in_the_news", count=len(watched))
        return render_template("oversight/news.html", form=form, watched=watched)

    return answer_form(form, keep, show)


@bp.post("/privacy-office/news/<watched_id>/end")
@needs(Permission.REVIEW_ACCESS)
def end_watch(watched_id: str) -> ResponseReturnValue:
    """Looks at this person are not told for the news any more."""
    tuning.end_watch(current_actor(), parse_id(watched_id))
    flash("Taken off the list.")
    return redirect(url_for("oversight.news"), 303)


@bp.get("/privacy-office/staff")
@needs(Permission.REVIEW_ACCESS)
def staff() -> ResponseReturnValue:
    """What of the people at work can be compared with whom they look at."""
    actor = current_actor()
    workers = alerts.find_people_at_work(actor)
    return render_template("oversight/staff.html", workers=workers, own_id=actor.clinician_id)


@bp.route("/privacy-office/staff/<clinician_id>", methods=["GET", "POST"])
@needs(Permission.REVIEW_ACCESS)
def particulars(clinician_id: str) -> ResponseReturnValue:
    """What one of them told of themselves."""
    actor = current_actor()
    worker = alerts.get_worker(actor, parse_id(clinician_id))
    form = Form(ParticularsSchema, sent_form())

    def keep(fields: dict[str, Any]) -> ResponseReturnValue:
        tuning.note_particulars(actor, worker.id, **fields)
        flash("Kept, to be compared and not read.")
        return redirect(url_for("oversight.staff"), 303)

    return answer_form(form, keep, lambda form: render_template("oversight/particulars.html", form=form, worker=worker))


# What a tablet showed


@bp.get("/privacy-office/tablets")
@needs(Permission.REVIEW_ACCESS)
def tablets() -> ResponseReturnValue:
    """What a tablet without signal showed at a moment."""
    actor = current_actor()
    form = Form(build_shown_schema(shown.find_tablets(actor)), request.args or None)

    def ask(fields: dict[str, Any]) -> str:
        found = ask_tablet(actor, parse_id(fields["device_id"]), at=fields["at"])
        return render_template("oversight/tablets.html", form=form, found=found)

    return answer_form(form, ask, lambda form: render_template("oversight/tablets.html", form=form, found=None))
