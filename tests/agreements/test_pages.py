"""Administrators write agreements down, sign, leave and end them; nobody else does, and the audit says who did."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pdfplumber
import pytest
from flask import Flask
from pdfua import Severity, validate
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from tests.factories import a_clinician, agree, an_organisation, end_agreement, sign_in
from tests.pages import PageClient


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation(name="Elm Street Surgery", shares=False)


@pytest.fixture
def hospice(app: Flask) -> Organisation:
    return an_organisation(name="St Anne's Hospice", type=OrganisationType.HOSPICE, shares=False)


def at_work(app: Flask, organisation: Organisation, role: Role = Role.ADMINISTRATOR) -> PageClient:
    pages = PageClient(app)
    sign_in(pages.browser, a_clinician(role, organisation))
    return pages


def the_board(app: Flask) -> PageClient:
    return at_work(app, an_organisation(name="The board", type=OrganisationType.ICB, shares=False))


def write_down(pages: PageClient, *parties: Organisation, **changes: object) -> PageClient:
    ids = [str(one.id) for one in parties]
    answers = {
        "name": "Palliative care",
        "parties": ids,
        "controllers": ids[:1],
        "level": "2",
        "purpose": "direct_care",
        "legal_basis": "public_task",
        "special_basis": "health_care",
        "contact": "The practice manager, 01632 960001",
        "valid_from": clock.today(),
        "valid_until": clock.today() + timedelta(days=365),
    }
    chosen = {name: answer for name, answer in {**answers, **changes}.items() if answer is not None}
    return pages.open("/admin/agreements/new").fill(**chosen)


def test_an_agreement_is_written_down_signed_by_both_and_flows(
    app: Flask, practice: Organisation, hospice: Organisation
) -> None:
    here, there = at_work(app, practice), at_work(app, hospice)

    write_down(here, practice, hospice).submit("Add the agreement").see("Not signed by two yet", "Elm Street Surgery")
    here.follow("Sign for your organisation")
    here.fill(signed_by="Dr Ada Example, partner", is_authorised=True).submit("Sign").see("Dr Ada Example, partner")
    there.open("/admin/agreements").see("Your organisation has not signed").follow("Palliative care")
    there.follow("Sign for your organisation").see("The emergency card and the plan")
    there.fill(signed_by="Sister Jane Example, director", is_authorised=True).submit("Sign").see("Current")

    kinds = db.session.scalars(select(AuditEvent.kind).where(AuditEvent.kind.startswith("sharing"))).all()
    assert sorted(kinds) == ["sharing_agreed", "sharing_signed", "sharing_signed"]


def test_what_cannot_hold_is_refused_with_everything_kept(
    app: Flask, practice: Organisation, hospice: Organisation
) -> None:
    pages = at_work(app, practice)

    write_down(pages, hospice, valid_until=clock.today() + timedelta(days=4000)).submit("Add the agreement", status=422)

    assert pages.errors() == ["Tick your own organisation too: you make agreements for it"]
    assert pages.value_of("name") == "Palliative care"


def test_what_is_left_out_of_an_agreement_is_asked_for_in_whole_sentences(
    app: Flask, practice: Organisation, hospice: Organisation
) -> None:
    pages = write_down(at_work(app, practice), practice, hospice, purpose=None, contact="")

    pages.submit("Add the agreement", status=422)

    assert pages.errors() == ["Choose the purpose", "Enter whom people ask, and where they say no"]


def test_a_form_sent_twice_is_one_agreement(app: Flask, practice: Organisation, hospice: Organisation) -> None:
    pages = at_work(app, practice)
    write_down(pages, practice, hospice)
    form = {name: pages.value_of(name) for name in ("csrf_token", "edit_id")}
    del form
    pages.submit("Add the agreement")
    pages.open("/admin/agreements")

    assert pages.page.html.count("Palliative care") == 1


def test_nobody_signs_for_another_or_without_saying_that_they_may(
    app: Flask, practice: Organisation, hospice: Organisation
) -> None:
    pages = write_down(at_work(app, practice), practice, hospice).submit("Add the agreement")
    address = pages.page.url

    pages.open(f"{address}/sign").submit("Sign", status=422)
    at_work(app, an_organisation(shares=False)).open(address, status=404).open(f"{address}/sign", status=404)


def test_an_organisation_leaves_by_itself_and_the_board_ends_it_for_all(
    app: Flask, practice: Organisation, hospice: Organisation
) -> None:
    agreement = agree(practice, hospice, an_organisation(shares=False), name="Palliative care")
    here = at_work(app, hospice).open(f"/admin/agreements/{agreement}")

    here.open(f"/admin/agreements/{agreement}/end").fill(reason="breach").submit("End it for everybody", status=403)
    here.open(f"/admin/agreements/{agreement}").follow("Let your organisation leave")
    here.fill(reason="other").submit("Leave it", status=422)
    here.fill(reason="left").submit("Leave it").see("Left on")
    here.open("/admin/agreements/stopped").see("St Anne's Hospice", "Elm Street Surgery")

    board = the_board(app).open(f"/admin/agreements/{agreement}").follow("End it for everybody")
    board.fill(reason="replaced", note="A new one holds").submit("End it for everybody").see("Ended early", "A new one")
    board.open(f"/admin/agreements/{agreement}/end").fill(reason="left").submit("End it for everybody", status=422)


def test_what_will_stop_is_told_thirty_days_ahead_as_far_as_nothing_else_gives_it(
    app: Flask, practice: Organisation, hospice: Organisation
) -> None:
    soon = clock.today() + timedelta(days=20)
    agree(practice, hospice, name="Ends soon", valid_until=soon)
    pages = at_work(app, hospice)

    pages.open("/admin/agreements").see("20 days left").follow("What stopped, and what will")
    pages.see("Stops on", "Elm Street Surgery", "Nobody: only in an emergency")
    pages.open("/notices").see("Ends soon", "20 days")

    agree(practice, hospice, name="Takes its place")
    pages.open("/admin/agreements/stopped").see("Nothing: other agreements give the same")


def test_what_stopped_stays_told_for_thirty_days(app: Flask, practice: Organisation, hospice: Organisation) -> None:
    end_agreement(agree(practice, hospice, name="Over"))

    at_work(app, practice).open("/admin/agreements/stopped").see("Over", "Stopped on", "St Anne's Hospice")


def test_another_organisations_agreements_are_not_there(
    app: Flask, practice: Organisation, hospice: Organisation
) -> None:
    agreement = agree(practice, hospice, name="Between the two")
    stranger = at_work(app, an_organisation(shares=False))

    stranger.open("/admin/agreements").see_nothing_of("Between the two")
    for end in ("", "/sign", "/leave", "/end"):
        stranger.open(f"/admin/agreements/{agreement}{end}", status=404)
    the_board(app).open("/admin/agreements").see("Between the two")


def test_the_record_of_processing_is_a_pdf_that_screen_readers_read(
    app: Flask, practice: Organisation, hospice: Organisation, tmp_path: Path
) -> None:
    agreement = agree(practice, hospice, name="Palliative care", level=2)
    pages = at_work(app, practice)

    answer = pages.browser.get(f"/admin/agreements/{agreement}/processing.pdf")

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    with pdfplumber.open(io.BytesIO(answer.data)) as document:
        words = " ".join(" ".join(page.extract_text() for page in document.pages).split())
    for expected in ("Record of processing: Palliative care", "St Anne's Hospice", "Dr Ada Example", "article 6(1)(e)"):
        assert expected in words
    path = tmp_path / "processing.pdf"
    path.write_bytes(answer.data)
    assert [one.message for one in validate(path).findings if one.severity is not Severity.INFO] == []


@pytest.mark.parametrize("role", [Role.GP, Role.PRIVACY_OFFICER, Role.PRACTICE_ADMINISTRATOR])
def test_nobody_but_an_administrator_sees_the_pages(app: Flask, practice: Organisation, role: Role) -> None:
    at_work(app, practice, role).open("/admin/agreements", status=403).open("/admin/agreements/new", status=403)


@pytest.mark.parametrize("table", ["sharing_agreement", "sharing_party", "sharing_signature"])
def test_nothing_of_an_agreement_is_overwritten(practice: Organisation, hospice: Organisation, table: str) -> None:
    agree(practice, hospice)

    with pytest.raises(DBAPIError, match="append-only"), writing() as session:
        session.execute(text(f"DELETE FROM {table}"))
