"""Tablets for administrators, and what a tablet asks when it is enrolled and renews its lease."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission, audience_name
from epaccs.clinicians.guard import current_actor, current_session
from epaccs.clinicians.rules import ROLE_LABELS
from epaccs.core import base64url, clock
from epaccs.core.errors import NotFound
from epaccs.core.fields import format_moment, start_large
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import for_programs, sent_form, sent_json
from epaccs.devices import actions, keys, queries
from epaccs.devices.actions import GivenLease, Holder, NewTablet
from epaccs.devices.guard import current_lease, current_lease_facts, current_tablet, lease_of_any_age, lease_or_session
from epaccs.devices.rules import (
    ALONE,
    CLASS_LABELS,
    FRESHNESS_LABELS,
    SCOPE_LABELS,
    TIER_LABELS,
    build_claims,
    caps_of,
    policy_for_tablet,
    tiers_in,
)
from epaccs.devices.schema import (
    EnrolSchema,
    LeaseSchema,
    NothingSchema,
    build_policy_schema,
    build_take_out_schema,
    policy_from_form,
    policy_to_form,
)
from epaccs.settings import Settings
from epaccs.stamps.actions import find_signer
from epaccs.stamps.queries import list_keys

bp = Blueprint("devices", __name__)


# --- What a tablet asks ----------------------------------------------------------------------------------------------


@bp.post("/sync/v1/enrol")
@for_programs
@needs(Permission.USE_TABLET)
def enrol() -> Response:
    """Enrol this tablet, or another user of it."""
    sent = sent_json(EnrolSchema())
    now_device = sent.pop("now_device")
    given = actions.enrol(_holder(), NewTablet(**sent, before_id=_read_mark()))
    actions.note_contact(given.facts.device_id, state={"program": sent["program"]}, now_device=now_device)
    return _answer(given, before=_before(given.facts.device_id))


def _before(device_id: UUID) -> dict[str, Any] | None:
    """What was on this browser before: whoever wrote there after the last contact must write it again (hazard H-57)."""
    before = queries.find_before(device_id)
    if before is None:
        return None
    return {"label": before.label, "last_contact_at": format_moment(before.last_contact_at), "waiting": before.waiting}


@bp.post("/sync/v1/lease")
@lease_or_session(Permission.USE_TABLET)
def lease() -> Response:
    """Another lease, for the holder of one or for somebody signed in."""
    sent, held = sent_json(LeaseSchema()), current_lease()
    if held is None:
        given = actions.renew_by_session(_holder(), sent["device_id"])
    elif held.device_id != sent["device_id"]:
        raise NotFound
    else:
        given = actions.renew_by_lease(held, current_tablet().actor)
    actions.note_contact(given.facts.device_id, state={"program": sent["program"]}, now_device=sent["now_device"])
    return _answer(given)


@bp.post("/sync/v1/erased")
@lease_of_any_age
def erased() -> Response:
    """A tablet that was told to erase what it holds has done so."""
    return jsonify({"settled": actions.note_erased(current_lease_facts().device_id)})


def _holder() -> Holder:
    facts = current_session()
    if facts.place is None:
        raise NotFound
    return Holder(current_actor(), facts.place.membership_id, facts.expires_at)


def _answer(given: GivenLease, **more: Any) -> Response:
    """All that a tablet needs to hold its user's people, and nothing of any of them."""
    find_signer()
    settings: Settings = current_app.config["EPACCS"]
    facts, actor = given.facts, given.worker.actor
    answer: dict[str, Any] = {
        "device_id": str(facts.device_id),
        "lease": keys.sign_lease(build_claims(facts, given.policy, issuer=settings.public_url)),
        "lease_key": keys.lease_key().public_jwk(use="sig"),
        "seal_key": keys.seal_key().public_jwk(use="enc"),
        "policy": policy_for_tablet(given.policy, facts.scopes, caps_of(given.policy, actor, given.worker.area)),
        "scope_keys": _scope_keys(given, settings),
        "stamp_keys": [key.to_json() for key in list_keys()],
        "user": {
            "id": str(actor.clinician_id),
            "name": actor.name,
            "role": str(actor.role),
            "role_label": ROLE_LABELS[actor.role],
            "organisation": actor.organisation_name,
        },
        "control_telephone": settings.control_telephone,
        "server_time": format_moment(clock.now()),
        **more,
    }
    return _marked(jsonify(answer), facts.device_id)


_MARK = "epaccs-tablet"


def _marked(answer: Response, device_id: UUID) -> Response:
    """Leave the browser a word which tablet it is: an empty store beside it was taken away (hazard H-57).

    A browser that takes away what pages keep leaves what a server set. It names nobody and opens nothing.
    """
    is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    answer.set_cookie(_MARK, str(device_id), max_age=timedelta(days=400), secure=is_secure, samesite="Strict")
    return answer


def _read_mark() -> UUID | None:
    """Which tablet this browser was; None: none, or nothing that can be read."""
    try:
        return parse_id(request.cookies.get(_MARK, ""))
    except NotFound:
        return None


def _scope_keys(given: GivenLease, settings: Settings) -> list[dict[str, str]]:
    scopes, role, device_id = given.facts.scopes, given.worker.actor.role, given.facts.device_id
    epochs = queries.key_epochs(sorted(scopes), restore_generation=settings.restore_generation)
    return [
        {
            "scope": name,
            "tier": tier,
            "epoch": epochs[name],
            "key": base64url.encode(
                keys.scope_key(device_id, name, tier, audience_name(tiers_in(role, name)), epochs[name])
            ),
        }
        for name, tier in sorted(scopes.items())
    ]


# --- What an administrator sees --------------------------------------------------------------------------------------


@bp.get("/devices")
@needs(Permission.MANAGE_TABLETS)
def show() -> str:
    """Every tablet of the organisation, and what waits for a second administrator."""
    actor = current_actor()
    return render_template(
        "devices/show.html",
        organisation=actor.organisation_name,
        tablets=queries.tablets_of(actor),
        requests=queries.requests_of(actor),
        most=queries.TABLETS_SHOWN,
        freshness_labels=FRESHNESS_LABELS,
        now=clock.now(),
    )


@bp.route("/devices/take-out", methods=["GET", "POST"])
@needs(Permission.MANAGE_TABLETS)
def take_out() -> ResponseReturnValue:
    """Report tablets lost or revoke them, after a page that says what will happen."""
    actor, asked = current_actor(), [parse_id(one) for one in request.args.getlist("device")]
    tablets = [one for one in queries.tablets_of(actor, ids=asked or None) if one.is_in_use]

    def do(data: dict[str, Any]) -> ResponseReturnValue:
        chosen = [UUID(one) for one in data["device_ids"]]
        flash(_say(actions.take_out(actor, chosen, is_lost=data["why"] == "lost")))
        return redirect(url_for("devices.show"), 303)

    def show_form(form: Form) -> str:
        return render_template("devices/take_out.html", form=form, tablets=tablets, alone=ALONE)

    labels = {str(one.id): f"{one.label}, {one.class_words}" for one in tablets}
    initial = {"device_ids": list(labels) if asked else []}
    return answer_form(Form(build_take_out_schema(labels), sent_form(), initial), do, show_form)


def _say(taken: actions.TakenOut) -> str:
    if taken.request_id is not None:
        return f"Another administrator must agree to take {taken.count} tablets out of use. Nothing has happened yet."
    if taken.count == 1:
        return "The tablet was taken out of use. It erases what it holds at its next contact."
    return f"{taken.count} tablets were taken out of use. Each erases what it holds at its next contact."


@bp.route("/devices/requests/<request_id>", methods=["GET", "POST"])
@needs(Permission.MANAGE_TABLETS)
def decide(request_id: str) -> ResponseReturnValue:
    """A second administrator agrees that many tablets are taken out of use, or nobody wants it any more."""
    actor, number = current_actor(), parse_id(request_id)
    waiting = next((one for one in queries.requests_of(actor) if one.id == number), None)
    if waiting is None:
        raise NotFound

    form = Form(NothingSchema, sent_form())

    def do(_data: dict[str, Any]) -> ResponseReturnValue:
        agrees = form.action == "agree"
        taken = actions.decide_request(actor, number, agrees=agrees)
        flash(_say(taken) if agrees else "The tablets stay in use.")
        return redirect(url_for("devices.show"), 303)

    return answer_form(form, do, lambda form: render_template("devices/decide.html", form=form, waiting=waiting))


@bp.post("/devices/<device_id>/start-again")
@needs(Permission.MANAGE_TABLETS)
def start_again(device_id: str) -> ResponseReturnValue:
    """Tell a tablet to fetch everything again."""
    actions.ask_to_start_again(current_actor(), parse_id(device_id))
    flash("The tablet fetches everything again at its next contact. Until then it keeps what it holds.")
    return redirect(url_for("devices.show"), 303)


@bp.get("/devices/policy")
@needs(Permission.MANAGE_TABLETS)
def policy() -> str:
    """What may lie on tablets, for each role and class of device."""
    actor = current_actor()
    return render_template(
        "devices/policies.html",
        organisation=actor.organisation_name,
        lines=queries.policies_of(actor),
        **_words(),
    )


@bp.route("/devices/policy/<role>/<device_class>", methods=["GET", "POST"])
@needs(Permission.MANAGE_TABLETS)
def change_policy(role: str, device_class: str) -> ResponseReturnValue:
    """Make another version of one policy."""
    actor = current_actor()
    line = next(
        (one for one in queries.policies_of(actor) if (str(one.role), str(one.device_class)) == (role, device_class)),
        None,
    )
    if line is None:
        raise NotFound

    initial = policy_to_form(line.policy, line.role)
    form = Form(build_policy_schema(line.role), sent_form(), initial, base_version=line.policy.version)

    def change(data: dict[str, Any]) -> ResponseReturnValue:
        actions.change_policy(
            actor,
            line.role,
            line.device_class,
            policy_from_form(data, line.role),
            reason=data["reason"],
            base_version=form.base_version,
        )
        flash("The policy was changed. Each tablet follows it from its next contact on.")
        return redirect(url_for("devices.policy"), 303)

    def show_form(form: Form) -> str:
        history = queries.policy_history(actor, line.role, line.device_class)
        return render_template("devices/policy.html", form=form, line=line, history=history, **_words())

    return answer_form(form, change, show_form)


def _words() -> dict[str, Any]:
    return {
        "roles": {role: start_large(words) for role, words in ROLE_LABELS.items()},
        "classes": CLASS_LABELS,
        "scopes": SCOPE_LABELS,
        "tiers": {tier: start_large(words) for tier, words in TIER_LABELS.items()},
    }
