"""Put a person on the register; keep who they are; death, removal, merging."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from epaccs.access.guard import needs
from epaccs.access.rules import Permission, can_ever, facts_of_role
from epaccs.clinicians.guard import current_actor
from epaccs.clinicians.rules import Actor, OrganisationType
from epaccs.core.errors import NotFound
from epaccs.core.forms import Form, Recovered, Sent, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.register import actions, queries
from epaccs.register.actions import DuplicateFound
from epaccs.register.queries import LifecyclePage
from epaccs.register.schema import (
    ConsentSchema,
    DeathSchema,
    DeclineSchema,
    EmptySchema,
    IdentitySchema,
    MergeSchema,
    ReasonSchema,
    RegisterSchema,
    RemovalSchema,
    ReviewSchema,
    flatten_consent,
)
from epaccs.register.sections import CONSENT, IDENTITY
from epaccs.versions.queries import get_banner
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.schema import load_stored, plain

bp = Blueprint("register", __name__)


# Registering


@bp.route("/register/new", methods=["GET", "POST"])
@needs(Permission.PREPARE_REGISTRATION)
def new() -> ResponseReturnValue:
    """Put a person on the register with the minimum set, or prepare that for a clinician."""
    actor = current_actor()
    form = _registration_form(actor)
    if form.was_sent and form.action == "draft":
        actions.prepare_registration(actor, form.edit_id, sent=request.form)
        flash("Kept for a clinician of your organisation to complete. Nobody is on the register by it.")
        return redirect(url_for("register.prepared"), 303)

    def register(fields: dict[str, Any]) -> ResponseReturnValue:
        entry_id = actions.register_patient(
            actor,
            form.edit_id,
            identity=_part(IdentitySchema, fields),
            consent=_part(ConsentSchema, fields),
            first_sections={"diagnosis": {"primary": fields["primary_diagnosis"]}},
        )
        flash("Put on the register. The practice and the key worker are told.")
        return redirect(url_for("care_plans.tonight", entry_id=entry_id), 303)

    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    return _answer_with_duplicate(
        form, register, "register/new.html", may_register=can_ever(Permission.REGISTER, facts)
    )


def _registration_form(actor: Actor) -> Form:
    """What was sent, else what a colleague prepared, else the practice alone."""
    sent: Sent | None = sent_form()
    if sent is None and "draft" in request.args:
        prepared = queries.get_prepared(actor, parse_id(request.args["draft"]))
        sent = Recovered(prepared.fields, says="This was prepared. Nobody is on the register by it:")
    return Form(RegisterSchema, sent, _practice_of(actor.organisation_type, actor.organisation_ods))


@bp.get("/register/prepared")
@needs(Permission.PREPARE_REGISTRATION)
def prepared() -> ResponseReturnValue:
    """Registrations that wait for a clinician of my organisation."""
    return render_template("register/prepared.html", waiting=queries.prepared_registrations(current_actor()))


@bp.post("/register/prepared/<draft_id>/discard")
@needs(Permission.PREPARE_REGISTRATION)
def discard_prepared(draft_id: str) -> ResponseReturnValue:
    """Throw one away."""
    actions.discard_prepared(current_actor(), parse_id(draft_id))
    return redirect(url_for("register.prepared"), 303)


@bp.route("/register/declined", methods=["GET", "POST"])
@needs(Permission.REGISTER)
def declined() -> ResponseReturnValue:
    """Note that a person does not want to be on the register."""
    actor = current_actor()
    form = Form(DeclineSchema, sent_form(), _practice_of(actor.organisation_type, actor.organisation_ods))

    def note(fields: dict[str, Any]) -> ResponseReturnValue:
        identity = _part(IdentitySchema, fields)
        declined_on = fields["declined_on"].isoformat()
        actions.record_declined(actor, form.edit_id, identity=identity, declined_on=declined_on)
        flash("Noted for the practice only. Nothing is shared.")
        return redirect(url_for("register.new"), 303)

    return _answer_with_duplicate(form, note, "register/declined.html")


def _practice_of(organisation_type: OrganisationType, ods_code: str) -> dict[str, Any]:
    return {"practice_ods": ods_code} if organisation_type is OrganisationType.GP_PRACTICE else {}


def _part(schema: type[Schema], fields: Mapping[str, Any]) -> dict[str, Any]:
    return plain(schema, {name: fields.get(name) for name in schema().fields})


def _answer_with_duplicate(
    form: Form, do: Callable[[dict[str, Any]], ResponseReturnValue], template: str, **context: Any
) -> ResponseReturnValue:
    """Answer a form whose person may be on the register already; the page then leads those who may know to them."""
    found: list[UUID | None] = []

    def attempt(fields: dict[str, Any]) -> ResponseReturnValue:
        try:
            return do(fields)
        except DuplicateFound as error:
            found.append(error.entry_id)
            raise

    def show(form: Form) -> str:
        return render_template(
            template,
            form=form,
            duplicate_id=found[0] if found else None,
            practices=queries.organisation_choices(OrganisationType.GP_PRACTICE),
            care_homes=queries.organisation_choices(OrganisationType.CARE_HOME),
            **context,
        )

    return answer_form(form, attempt, show)


# Keeping who they are


@bp.route("/record/<entry_id>/identity", methods=["GET", "POST"])
@needs(Permission.EDIT_PLAN)
def identity(entry_id: str) -> ResponseReturnValue:
    """Change name, address, NHS number, practice, key worker."""
    actor, entry = current_actor(), parse_id(entry_id)
    recorded = queries.get_section(actor, entry, IDENTITY, Permission.EDIT_PLAN)
    question = queries.find_question(actor, entry)
    stored = {**load_stored(IdentitySchema, recorded.value if recorded else {}), **question.initial}
    version, sent = recorded.version if recorded else 0, sent_form()
    form = Form(question.beside(IdentitySchema, sent), sent, stored, base_version=version)

    def amend(fields: dict[str, Any]) -> ResponseReturnValue:
        body = _part(IdentitySchema, fields)
        request = EditRequest(form.edit_id, entry, IDENTITY, "put", body, form.base_version)
        applied, answered = actions.amend_and_answer(actor, request, lambda edit_id: question.answer(edit_id, fields))
        return _after_edit(entry, applied, "Identity", answered)

    return _answer_with_duplicate(form, amend, "register/identity.html", about=get_banner(entry), question=question)


@bp.route("/record/<entry_id>/consent", methods=["GET", "POST"])
@needs(Permission.EDIT_PLAN)
def consent(entry_id: str) -> ResponseReturnValue:
    """Record, change or withdraw the two agreements."""
    actor, entry = current_actor(), parse_id(entry_id)
    recorded = queries.get_section(actor, entry, CONSENT, Permission.EDIT_PLAN)
    stored = load_stored(ConsentSchema, flatten_consent(recorded.value) if recorded else {})
    form = Form(ConsentSchema, sent_form(), stored, base_version=recorded.version if recorded else 0)

    def amend(fields: dict[str, Any]) -> ResponseReturnValue:
        body = plain(ConsentSchema, fields)
        applied = actions.amend(actor, EditRequest(form.edit_id, entry, CONSENT, "put", body, form.base_version))
        return _after_edit(entry, applied, "Agreement")

    return answer_form(
        form, amend, lambda form: render_template("register/consent.html", form=form, about=get_banner(entry))
    )


def _after_edit(entry_id: UUID, applied: Applied, label: str, answered: Applied | None = None) -> ResponseReturnValue:
    if applied.is_held:
        return redirect(url_for("versions.held", edit_id=applied.edit_id), 303)
    flash(f"{label}: saved." if applied.outcome != "same" or answered else f"{label}: nothing was changed.")
    if answered is not None and answered.is_held:
        return redirect(url_for("versions.held", edit_id=answered.edit_id), 303)
    return redirect(url_for("record.show", entry_id=entry_id), 303)


# Review


@bp.route("/record/<entry_id>/review", methods=["GET", "POST"])
@needs(Permission.EDIT_PLAN)
def review(entry_id: str) -> ResponseReturnValue:
    """The whole record was gone through; when next."""
    page = queries.get_lifecycle_page(current_actor(), parse_id(entry_id))
    form = Form(ReviewSchema, sent_form(), base_version=page.version)

    def record(fields: dict[str, Any]) -> ResponseReturnValue:
        return _lifecycle(page, form, "review", plain(ReviewSchema, fields), "Recorded as reviewed.")

    def show(form: Form) -> str:
        return render_template("register/review.html", form=form, page=page, about=page.about)

    return answer_form(form, record, show)


# Death


@bp.route("/record/<entry_id>/death", methods=["GET", "POST"])
@needs(Permission.REPORT_DEATH)
def death(entry_id: str) -> ResponseReturnValue:
    """Report a death; those whose role may, confirm it."""
    page = queries.get_lifecycle_page(current_actor(), parse_id(entry_id))
    form = Form(DeathSchema, sent_form(), load_stored(DeathSchema, page.death_fields), base_version=page.version)
    kind = "confirm_death" if page.can_confirm_death else "report_death"

    def record(fields: dict[str, Any]) -> ResponseReturnValue:
        return _lifecycle(page, form, kind, plain(DeathSchema, fields), "Death recorded.")

    def show(form: Form) -> str:
        return render_template("register/death.html", form=form, page=page, about=page.about, back=_way_back(page))

    return answer_form(form, record, show)


@bp.route("/record/<entry_id>/death/reverse", methods=["GET", "POST"])
@needs(Permission.RECORD_DEATH)
def reverse_death(entry_id: str) -> ResponseReturnValue:
    """The death was recorded in error."""
    page = queries.get_lifecycle_page(current_actor(), parse_id(entry_id))
    form = Form(ReasonSchema, sent_form(), base_version=page.version)

    def reverse(fields: dict[str, Any]) -> ResponseReturnValue:
        words = "The death was taken back. Everything stands as before."
        return _lifecycle(page, form, "reverse_death", {"reason": fields["reason"]}, words)

    def show(form: Form) -> str:
        return render_template("register/reverse_death.html", form=form, page=page, about=page.about)

    return answer_form(form, reverse, show)


@bp.post("/record/<entry_id>/seen-alive")
@needs(Permission.REPORT_DEATH)
def seen_alive(entry_id: str) -> ResponseReturnValue:
    """Any clinician may say so."""
    page = queries.get_lifecycle_page(current_actor(), parse_id(entry_id))
    return _lifecycle(page, Form(EmptySchema, request.form), "seen_alive", {}, "Recorded: seen alive.")


# Removal


@bp.route("/record/<entry_id>/remove", methods=["GET", "POST"])
@needs(Permission.REMOVE)
def remove(entry_id: str) -> ResponseReturnValue:
    """Take an entry off the register, with the reason; nothing is erased."""
    page = queries.get_lifecycle_page(current_actor(), parse_id(entry_id))
    form = Form(RemovalSchema, sent_form(), base_version=page.version)

    def take_off(fields: dict[str, Any]) -> ResponseReturnValue:
        return _lifecycle(page, form, "remove", plain(RemovalSchema, fields), "Removed. Sharing has ended.")

    def show(form: Form) -> str:
        return render_template("register/remove.html", form=form, page=page, about=page.about)

    return answer_form(form, take_off, show)


@bp.post("/record/<entry_id>/restore")
@needs(Permission.REMOVE)
def restore(entry_id: str) -> ResponseReturnValue:
    """Removed by mistake: back on the register."""
    page = queries.get_lifecycle_page(current_actor(), parse_id(entry_id))
    return _lifecycle(page, Form(EmptySchema, request.form), "restore", {}, "Back on the register.")


def _lifecycle(page: LifecyclePage, form: Form, kind: str, body: dict[str, Any], words: str) -> ResponseReturnValue:
    applied = actions.change_lifecycle(
        current_actor(), form.edit_id, entry_id=page.entry_id, kind=kind, body=body, base_version=form.base_version
    )
    if applied.is_held:
        return redirect(url_for("versions.held", edit_id=applied.edit_id), 303)
    flash(words)
    return redirect(_way_back(page), 303)


def _way_back(page: LifecyclePage) -> str:
    """The record; for whoever opens none, the first page."""
    return url_for("record.show", entry_id=page.entry_id) if page.sees_card else url_for("home.first_page")


# Merging


@bp.route("/record/<entry_id>/merge", methods=["GET", "POST"])
@needs(Permission.REMOVE)
def merge(entry_id: str) -> ResponseReturnValue:
    """Say that another entry is the same person; a second clinician agrees or not."""
    actor, survivor = current_actor(), parse_id(entry_id)
    page = queries.get_merge_page(actor, survivor)
    form = Form(MergeSchema, sent_form())

    def propose(fields: dict[str, Any]) -> ResponseReturnValue:
        other = queries.get_entry_by_number(actor, fields["other_nhs_number"])
        actions.propose_merge(actor, survivor_id=survivor, other_id=other, reason=fields["reason"])
        flash("Proposed. A second clinician must agree.")
        return redirect(url_for("register.merge", entry_id=survivor), 303)

    def show(form: Form) -> str:
        return render_template("register/merge.html", form=form, page=page, about=get_banner(survivor))

    return answer_form(form, propose, show)


@bp.get("/record/<entry_id>/merges")
@needs(Permission.REMOVE)
def merge_of_entry(entry_id: str) -> ResponseReturnValue:
    """Where a notice about a merge leads."""
    return redirect(url_for("register.merge", entry_id=parse_id(entry_id)), 303)


@bp.post("/merge/<merge_id>/<step>")
@needs(Permission.REMOVE)
def settle_merge(merge_id: str, step: str) -> ResponseReturnValue:
    """Agree, turn down, or take back."""
    actor, number = current_actor(), parse_id(merge_id)
    found = queries.find_merge(number)
    if found is None:
        raise NotFound
    match step:
        case "confirm":
            actions.confirm_merge(actor, number)
            flash("Merged. What differs waits to be settled.")
        case "refuse":
            actions.refuse_merge(actor, number)
            flash("Turned down: two people.")
        case "reverse":
            actions.reverse_merge(actor, number, reason=request.form.get("reason", "Two people after all"))
            flash("Taken back: two records again.")
        case _:
            raise NotFound
    return redirect(url_for("register.merge", entry_id=found.survivor_id), 303)
