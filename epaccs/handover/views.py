"""Print a sheet, see which copies are about, and for anybody who holds one: whether it is still right."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.agreements.queries import get_agreement
from epaccs.clinicians.guard import asked_by_a_page, current_actor, visit
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.forms import Form, answer_form, showable
from epaccs.core.identifiers import parse_id
from epaccs.core.web import public, sent_form
from epaccs.handover.actions import lists, packs, sheets
from epaccs.handover.actions.lists import ListOrder
from epaccs.handover.actions.packs import PackOrder
from epaccs.handover.actions.sheets import PrintedSheet, build_order
from epaccs.handover.pdf import render_processing
from epaccs.handover.queries import lists as found_lists
from epaccs.handover.queries import packs as found_packs
from epaccs.handover.queries import sheets as queries
from epaccs.handover.queries.lists import ListOnPaper
from epaccs.handover.queries.sheets import Checked, Holder
from epaccs.handover.rules import can_be_code
from epaccs.handover.schema import CodeSchema, PackSchema, RenewalSchema, build_list_schema, build_print_schema
from epaccs.settings import Settings
from epaccs.stamps.queries import list_keys

bp = Blueprint("handover", __name__)


@bp.route("/record/<entry_id>/handover", methods=["GET", "POST"])
@needs(Permission.PRINT)
def show(entry_id: str) -> ResponseReturnValue:
    """What would be printed, for whom, and which copies are about; sent: the sheet itself."""
    actor, entry = current_actor(), parse_id(entry_id)
    contents = queries.read_contents(actor, entry, settings=_settings())
    schema = build_print_schema(is_restricted=contents.is_restricted, person_not_told=contents.person_not_told)
    form = Form(schema, sent_form())

    def do(fields: dict[str, Any]) -> ResponseReturnValue:
        order = build_order(fields)
        printed = sheets.print_sheet(actor, form.edit_id, entry_id=entry, order=order, settings=_settings())
        return _answer(printed, entry_id)

    def page(form: Form) -> str:
        sheets.note_shown(actor, entry)
        copies = queries.paper_copies(actor, entry)
        return render_template("handover/show.html", form=form, contents=contents, card=contents.card, copies=copies)

    return answer_form(form, do, page)


def _answer(printed: PrintedSheet, entry_id: str) -> ResponseReturnValue:
    """The sheet in the browser's own viewer, under a name that names nobody; nothing is left behind in a folder."""
    if printed.content is None:
        flash(f"Sheet {printed.number} was printed already. To print another one, send the form again.")
        return redirect(url_for("handover.show", entry_id=entry_id), 303)
    return _as_file(printed.content, f"handover-{printed.number}.pdf")


def _as_file(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/record/<entry_id>/handover/<sheet_id>/collected")
@needs(Permission.PRINT)
def collected(entry_id: str, sheet_id: str) -> ResponseReturnValue:
    """The paper was found and destroyed."""
    sheets.note_collected(current_actor(), parse_id(sheet_id), entry_id=parse_id(entry_id))
    flash("Noted: this paper is destroyed.")
    return redirect(url_for("handover.show", entry_id=entry_id), 303)


# A list of many


@bp.route("/handover/ward", methods=["GET", "POST"])
@needs(Permission.PRINT_LIST)
def ward() -> ResponseReturnValue:
    """The list of the reader's own team or home on paper."""
    return _show_list(current_actor().organisation_id)


@bp.route("/handover/ward/<place_id>", methods=["GET", "POST"])
@needs(Permission.PRINT_LIST)
def ward_of(place_id: str) -> ResponseReturnValue:
    """The list of a home on paper, for whoever goes there."""
    return _show_list(parse_id(place_id))


def _show_list(place: UUID) -> ResponseReturnValue:
    """For whom, and which lists are about; sent: the list itself."""
    actor = current_actor()
    contents = found_lists.read_list(actor, place, settings=_settings())
    former = found_lists.find_former(actor, place)
    form = Form(build_list_schema({str(one.id): one.called for one in former}), sent_form())
    if request.method == "POST" and (number := _number_printed(actor, form)):
        return _printed_already(number, place)

    def do(fields: dict[str, Any]) -> ResponseReturnValue:
        destroyed = tuple(UUID(one) for one in fields.get("destroyed") or ())
        order = ListOrder(fields["printed_for"], fields.get("kept_at") or "", destroyed)
        printed = lists.print_list(actor, form.edit_id, place_id=place, order=order, settings=_settings())
        if printed.content is None:
            return _printed_already(printed.number, place)
        return _as_file(printed.content, f"list-{printed.number}.pdf")

    def page(form: Form) -> str:
        return render_template("handover/ward.html", form=form, found=contents.found, former=former)

    return answer_form(form, do, page)


def _number_printed(actor: Actor, form: Form) -> str | None:
    """Of the list that the same form printed already; a form without a number is refused with what was typed in it."""
    try:
        return found_lists.find_printed(actor, form.edit_id)
    except RuleBroken:
        return None


def _printed_already(number: str, place: UUID) -> ResponseReturnValue:
    flash(f"List {number} was printed already. To print another one, send the form again.")
    return redirect(url_for("handover.ward_of", place_id=place), 303)


@bp.post("/handover/lists/<list_id>/destroyed")
@needs(Permission.PRINT_LIST)
def list_destroyed(list_id: str) -> ResponseReturnValue:
    """The paper of a list was found and destroyed."""
    place_id = lists.note_list_destroyed(current_actor(), parse_id(list_id))
    flash("Noted: this list is destroyed.")
    return redirect(url_for("handover.ward_of", place_id=place_id), 303)


# A pack: the sheets of everybody


@bp.route("/handover/ward/<place_id>/sheets", methods=["GET", "POST"])
@needs(Permission.PRINT_LIST)
def pack_of(place_id: str) -> ResponseReturnValue:
    """Ask for the sheet of everybody in a home or team, and which packs are about."""
    actor, place = current_actor(), parse_id(place_id)
    form = Form(PackSchema, sent_form())

    def do(fields: dict[str, Any]) -> ResponseReturnValue:
        order = PackOrder(fields["printed_for"], fields.get("kept_at") or "")
        packs.ask_for_pack(actor, form.edit_id, place_id=place, order=order, settings=_settings())
        return redirect(url_for("handover.pack", pack_id=form.edit_id), 303)

    def page(form: Form) -> str:
        found = found_packs.read_people(actor, place, settings=_settings())
        return render_template(
            "handover/ask_for_pack.html", form=form, found=found, former=found_packs.find_packs(actor, place)
        )

    return answer_form(form, do, page)


@bp.get("/handover/packs/<pack_id>")
@needs(Permission.PRINT_LIST)
def pack(pack_id: str) -> ResponseReturnValue:
    """How far a pack is, and when it is finished, the way to open it."""
    progress = found_packs.get_progress(current_actor(), parse_id(pack_id))
    return render_template("handover/pack.html", progress=progress, now=clock.now())


@bp.get("/handover/packs/<pack_id>/progress")
@needs(Permission.PRINT_LIST)
@asked_by_a_page
def pack_progress(pack_id: str) -> ResponseReturnValue:
    """How far it is, for the page that is open."""
    progress = found_packs.get_progress(current_actor(), parse_id(pack_id))
    is_waiting = progress.ended_at is None and bool(progress.waiting)
    return jsonify(words=progress.words, is_waiting=is_waiting, stands_still=progress.stands_still(clock.now()))


@bp.post("/handover/packs/<pack_id>/open")
@needs(Permission.PRINT_LIST)
def open_pack(pack_id: str) -> ResponseReturnValue:
    """The sheets as one file, each paper from now on; or back to the page while what changed is laid out anew."""
    found_id = parse_id(pack_id)
    try:
        handed = packs.hand_over(current_actor(), found_id)
    except RuleBroken as refused:
        said = str(refused)
    else:
        if handed.content is not None:
            return _as_file(handed.content, "handover-sheets.pdf")
        said = handed.words
    flash(said)
    return redirect(url_for("handover.pack", pack_id=found_id), 303)


@bp.post("/handover/packs/<pack_id>/stop")
@needs(Permission.PRINT_LIST)
def stop_pack(pack_id: str) -> ResponseReturnValue:
    """Nobody needs it any more."""
    place_id = packs.stop_pack(current_actor(), parse_id(pack_id))
    flash("Stopped: what was laid out is thrown away.")
    return redirect(url_for("handover.pack_of", place_id=place_id), 303)


@bp.post("/handover/packs/<pack_id>/destroyed")
@needs(Permission.PRINT_LIST)
def pack_destroyed(pack_id: str) -> ResponseReturnValue:
    """What was left of a pack was found and destroyed."""
    actor, found_id = current_actor(), parse_id(pack_id)
    place_id = found_packs.get_folder_place(actor, found_id)
    try:
        packs.note_pack_destroyed(actor, found_id, until=_sent_moment("until"))
    except RuleBroken as refused:
        flash(str(refused))
    else:
        flash("Noted: all sheets of this pack are destroyed.")
    return redirect(url_for("handover.pack_of", place_id=place_id), 303)


def _sent_moment(name: str) -> datetime:
    """What a button says of when its page was made.

    Raises:
        NotFound: no page has such a button.
    """
    try:
        moment = datetime.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise NotFound from None
    if moment.tzinfo is None:
        raise NotFound
    return moment


@bp.route("/handover/packs/<pack_id>/folder", methods=["GET", "POST"])
@needs(Permission.PRINT_LIST)
def folder(pack_id: str) -> ResponseReturnValue:
    """What brings the folder of a pack up to date; sent: a pack of what it lacks is asked for."""
    actor, found_id = current_actor(), parse_id(pack_id)
    form = Form(RenewalSchema, sent_form())

    def do(_: dict[str, Any]) -> ResponseReturnValue:
        packs.ask_for_renewal(actor, form.edit_id, renews=found_id, settings=_settings())
        return redirect(url_for("handover.pack", pack_id=form.edit_id), 303)

    def page(form: Form) -> str:
        found = found_packs.read_folder(actor, found_id, settings=_settings())
        return render_template("handover/folder.html", form=form, folder=found)

    return answer_form(form, do, page)


@bp.post("/handover/packs/<pack_id>/folder/destroyed")
@needs(Permission.PRINT_LIST)
def taken_out(pack_id: str) -> ResponseReturnValue:
    """Sheets were taken out of the folder and destroyed."""
    found_id = parse_id(pack_id)
    packs.note_taken_out(current_actor(), found_id, [parse_id(one) for one in request.form.getlist("sheet")])
    flash("Noted: what you took out is destroyed.")
    return redirect(url_for("handover.pack_of", place_id=found_packs.get_folder_place(current_actor(), found_id)), 303)


# Whether paper holds


@bp.route("/check", methods=["GET", "POST"])
@public
def check() -> ResponseReturnValue:
    """The box for a sheet number."""
    form = Form(CodeSchema, sent_form())
    return answer_form(form, lambda fields: _show_checked(fields["code"]), _show_box)


@bp.get("/check/<code>")
@public
def check_code(code: str) -> ResponseReturnValue:
    """Whether the sheet of this number still holds; where the code on the paper leads."""
    if not can_be_code(code):
        return _show_unknown(code)
    form = Form(CodeSchema, MultiDict({"code": code}))
    return answer_form(form, lambda fields: _show_checked(fields["code"]), _show_box)


def _show_box(form: Form) -> str:
    return render_template("handover/check.html", form=form)


def _show_checked(typed: str) -> ResponseReturnValue:
    signed_in = visit().signed_in
    actor = signed_in.actor if signed_in else None
    checked = sheets.check_sheet(typed, address=request.remote_addr or "", actor=actor)
    if checked is None:
        return _show_unknown(typed)
    if isinstance(checked, ListOnPaper):
        is_ours = actor is not None and found_lists.may_destroy(actor, checked)
        return render_template("handover/checked_list.html", checked=checked, checked_at=clock.now(), is_ours=is_ours)
    holder = queries.find_holder(actor, checked.entry_id) if actor else None
    return _fill_checked(checked, checked.number, holder)


def _show_unknown(typed: str) -> ResponseReturnValue:
    return _fill_checked(None, showable(typed[:20]), None), 404


def _fill_checked(checked: Checked | None, number: str, holder: Holder | None) -> str:
    keys = [key.to_json() for key in list_keys()]
    return render_template(
        "handover/checked.html", checked=checked, typed=number, holder=holder, checked_at=clock.now(), keys=keys
    )


@bp.post("/check/<code>/destroyed")
@needs(Permission.PRINT)
def found_destroyed(code: str) -> ResponseReturnValue:
    """The paper in somebody's hand is destroyed; then the next one of the pile."""
    if not can_be_code(code):
        raise NotFound
    sheets.note_found_destroyed(current_actor(), code)
    flash("Noted: this paper is destroyed.")
    return redirect(url_for("handover.check"), 303)


@bp.get("/admin/agreements/<agreement_id>/processing.pdf")
@needs(Permission.ADMINISTER)
def processing(agreement_id: str) -> ResponseReturnValue:
    """The record of processing of a sharing agreement, for whoever must show one."""
    actor = current_actor()
    found = get_agreement(actor, parse_id(agreement_id))
    rendered = render_processing(found, printed_by=actor.name, at=clock.now(), is_demo=_settings().is_demo)
    return _as_file(rendered.pdf, "record-of-processing.pdf")


def _settings() -> Settings:
    settings: Settings = current_app.config["EPACCS"]
    return settings
