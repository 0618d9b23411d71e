"""Scans of one person's papers: the list, the form that keeps one, the file, and that one holds no more."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.core.forms import Form, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form, sent_form_with_file, takes_file
from epaccs.scans import actions, queries
from epaccs.scans.rules import FAULT_SENTENCES, Fault
from epaccs.scans.schema import WithdrawalSchema, build_scan_schema
from epaccs.settings import Settings
from epaccs.versions.queries import get_banner

bp = Blueprint("scans", __name__, url_prefix="/record/<entry_id>/scans")


@bp.get("")
@needs(Permission.VIEW_RECORD)
def show(entry_id: str) -> ResponseReturnValue:
    """Every scan of this person."""
    page = queries.get_scans_page(current_actor(), parse_id(entry_id))
    return render_template("scans/show.html", page=page, about=get_banner(page.entry_id), off=_why_off())


@bp.route("/new", methods=["GET", "POST"])
@takes_file
@needs(Permission.EDIT_PLAN)
def new(entry_id: str) -> ResponseReturnValue:
    """The form that keeps one."""
    actor, settings = current_actor(), _settings()
    page = queries.get_scans_page(actor, parse_id(entry_id))
    form = Form(build_scan_schema(settings.scan_limit_megabytes), sent_form_with_file())

    def keep(fields: dict[str, Any]) -> ResponseReturnValue:
        actions.keep_scan(actor, form.edit_id, entry_id=page.entry_id, fields=fields, settings=settings)
        flash("The scan is kept.")
        return redirect(url_for("scans.show", entry_id=page.entry_id), 303)

    def render(form: Form) -> str:
        about = get_banner(page.entry_id)
        return render_template("scans/new.html", page=page, about=about, form=form, off=_why_off())

    return answer_form(form, keep, render)


@bp.get("/<scan_id>")
@needs(Permission.VIEW_RECORD)
def download(entry_id: str, scan_id: str) -> ResponseReturnValue:
    """The file as it was sent, to be saved: no browser opens it within the register, and none keeps it."""
    file = queries.open_scan(current_actor(), parse_id(entry_id), parse_id(scan_id))
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return response


@bp.get("/<scan_id>/beside")
@needs(Permission.VIEW_RECORD)
def show_beside(entry_id: str, scan_id: str) -> ResponseReturnValue:
    """The file as it was sent, within a page of the register: it loads, runs and sends nothing, and none keeps it.

    No sandbox, and styles are let through: without these, browsers show no PDF. What is answered is a PDF or a picture
    and never taken for a page.
    """
    file = queries.open_scan_beside(current_actor(), parse_id(entry_id), parse_id(scan_id))
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Content-Disposition"] = f'inline; filename="{file.name}"'
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@bp.route("/<scan_id>/withdraw", methods=["GET", "POST"])
@needs(Permission.EDIT_PLAN)
def withdraw(entry_id: str, scan_id: str) -> ResponseReturnValue:
    """Say that it holds no more."""
    actor, entry, scan_key = current_actor(), parse_id(entry_id), parse_id(scan_id)
    scan = queries.get_shown_scan(actor, entry, scan_key)
    form = Form(WithdrawalSchema, sent_form())

    def take(fields: dict[str, Any]) -> ResponseReturnValue:
        why = fields["why"] or ""
        actions.withdraw_scan(actor, scan_key, entry_id=entry, reason=fields["reason"], why=why)
        flash("Noted: this scan holds no more. It stays in the list.")
        return redirect(url_for("scans.show", entry_id=entry), 303)

    def render(form: Form) -> str:
        return render_template("scans/withdraw.html", scan=scan, about=get_banner(entry), form=form)

    return answer_form(form, take, render)


def _why_off() -> str | None:
    """Why no scan can be kept at this site; None: it can."""
    return None if _settings().clamd else FAULT_SENTENCES[Fault.NO_SCANNER]


def _settings() -> Settings:
    settings: Settings = current_app.config["EPACCS"]
    return settings
