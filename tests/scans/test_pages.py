"""Keep the scan of a paper, read it, say that it holds no more; on both databases."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import sealing, web
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.register import actions as register
from epaccs.scans import actions, queries
from epaccs.scans.model import Scan, ScanContent
from epaccs.scans.rules import FAULT_SENTENCES, Fault, ScanKind, Withdrawal
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.pages import PageClient
from tests.record.visits import concern, open_record, organisation_of
from tests.scans import files

TYPED: dict[str, Any] = {
    "kind": "adrt",
    "title": "Advance decision of 3 March 2024",
    "original_location": "Blue folder in the kitchen",
    "original_seen_by": "Dr A Patel",
    "original_seen_on": date(2026, 11, 20),
    "identifiers": ["name", "born"],
}


def send(pages: PageClient, entry_id: UUID, *, status: int = 200, **changes: Any) -> PageClient:
    answers = {**TYPED, "file": files.a_pdf(pages=2), **changes}
    pages.open(f"/record/{entry_id}/scans/new").fill(**{name: one for name, one in answers.items() if one is not None})
    return pages.submit("Keep the scan", status=status)


def kept() -> list[Scan]:
    return list(db.session.scalars(select(Scan).order_by(Scan.kept_at)))


def events(kind: EventKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.id)))


# --- Keeping ---------------------------------------------------------------------------------------------------------


def test_a_scan_is_kept_and_comes_back_as_it_was_sent(pages: PageClient, entry_id: UUID, gp: Actor) -> None:
    content = files.a_pdf(pages=2)

    send(pages, entry_id, file=content).see(
        "The scan is kept.",
        "Advance decision of 3 March 2024",
        "Blue folder in the kitchen",
        "Dr A Patel, 20-Nov-2026",
        "Name, Date of birth",
        f"PDF, 2 pages, {-(-len(content) // 1024)} kB",
        f"Kept by {gp.name}",
        "what holds now stands on the card",
    )
    (scan,) = kept()
    answer = pages.browser.get(f"/record/{entry_id}/scans/{scan.id}")

    assert answer.data == content
    assert scan.sha256 == hashlib.sha256(content).hexdigest()
    assert scan.virus_scan.startswith("ClamAV ")
    assert [one.details["scan_id"] for one in events(EventKind.SCAN_KEPT)] == [str(scan.id)]
    assert [one.entry_id for one in events(EventKind.SCAN_OPENED)] == [entry_id]


def test_a_scan_is_answered_as_a_file_to_be_saved_that_no_browser_keeps_or_runs(
    pages: PageClient, entry_id: UUID
) -> None:
    send(pages, entry_id)

    headers = pages.browser.get(f"/record/{entry_id}/scans/{kept()[0].id}").headers

    assert headers.get("Content-Disposition") == 'attachment; filename="adrt-2026-11-21.pdf"'
    assert headers.get("Content-Type") == "application/pdf"
    assert headers.get("Content-Security-Policy") == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert headers.get("X-Content-Type-Options") == "nosniff"
    assert headers.get("Cache-Control") == "no-store"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(files.a_picture("JPEG"), "JPEG picture, 1 kB", id="JPEG"),
        pytest.param(files.a_picture("PNG"), "PNG picture, 1 kB", id="PNG"),
    ],
)
def test_a_picture_of_a_paper_is_kept(pages: PageClient, entry_id: UUID, content: bytes, words: str) -> None:
    send(pages, entry_id, file=content, original_seen_by=None, original_seen_on=None).see(
        words, "Nobody said that they saw it"
    )


def test_the_person_stands_on_the_page_where_the_paper_is_compared_with_them(pages: PageClient, entry_id: UUID) -> None:
    pages.open(f"/record/{entry_id}/scans/new").see("OKONKWO, Grace", "06-Jan-1941", "agrees with the person above")

    send(pages, entry_id, identifiers=["name"], status=422)

    assert pages.errors() == [
        "Tick at least two things on the paper that agree with the person above. If they do not, it is not theirs"
    ]
    assert kept() == []


LARGE = files.a_picture("PNG") + bytes(1024 * 1024)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(b"", Fault.EMPTY, id="nothing"),
        pytest.param(LARGE, Fault.TOO_LARGE, id="too large"),
        pytest.param(LARGE * 10, Fault.TOO_LARGE, id="larger than any other form may be"),
        pytest.param(b"PK\x03\x04 a letter", Fault.WRONG_TYPE, id="a text document"),
        pytest.param(files.infected(files.a_pdf()), Fault.INFECTED, id="a virus"),
        pytest.param(files.a_locked_pdf(to_read="a password"), Fault.ENCRYPTED, id="a locked PDF"),
        pytest.param(files.a_pdf_with_javascript(), Fault.ACTIVE, id="a PDF with JavaScript"),
        pytest.param(files.a_picture_of(60_000, 60_000), Fault.TOO_MANY_PIXELS, id="a picture bomb"),
        pytest.param(files.a_pdf()[:-200], Fault.DAMAGED, id="a damaged PDF"),
    ],
)
def test_a_file_that_is_not_taken_says_what_to_do_and_loses_nothing_typed(
    pages: PageClient, entry_id: UUID, content: bytes, fault: Fault
) -> None:
    send(pages, entry_id, file=content, status=422).see("Nothing was kept. Choose the file again")

    assert pages.errors() == [FAULT_SENTENCES[fault].format(limit=1)]
    assert kept() == []
    assert db.session.scalar(select(func.count()).select_from(ScanContent)) == 0
    assert [one.details["why"] for one in events(EventKind.SCAN_REFUSED)] == [str(fault)]
    assert pages.value_of("title") == TYPED["title"]
    assert pages.value_of("original_location") == TYPED["original_location"]
    assert pages.value_of("kind") == "adrt"
    assert pages.value_of("identifiers") == ["name", "born"]
    assert pages.value_of("original_seen_on-day") == "20"


def test_a_form_without_a_file_asks_for_it(pages: PageClient, entry_id: UUID) -> None:
    send(pages, entry_id, file=None, status=422)

    assert pages.errors() == ["Choose the file of the scan"]
    assert kept() == []


def test_a_form_whose_file_came_as_text_asks_for_the_file(pages: PageClient, entry_id: UUID) -> None:
    pages.open(f"/record/{entry_id}/scans/new").fill(**TYPED, file="C:\\scan.pdf").submit("Keep the scan", status=422)

    assert pages.errors() == ["Choose the file of the scan"]


def test_a_body_that_is_larger_than_any_scan_is_refused_before_it_is_taken_in(
    pages: PageClient, entry_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "DRAIN_LIMIT_BYTES", 2 * 1024 * 1024)

    answer = pages.browser.post(f"/record/{entry_id}/scans/new", data={"title": "x" * 3 * 1024 * 1024})

    assert answer.status_code == 413
    assert "A page that takes a file says how large the file may be" in answer.text


def test_no_other_form_takes_as_much(pages: PageClient, entry_id: UUID) -> None:
    answer = pages.browser.post(f"/record/{entry_id}/plan/about_me", data={"what": "x" * (5 * 1024 * 1024)})

    assert answer.status_code == 413


def test_a_scanner_that_does_not_answer_keeps_nothing_and_says_so(
    app: Flask, pages: PageClient, entry_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "EPACCS", replace(app.config["EPACCS"], clamd="unix:///nowhere/clamd.socket"))

    send(pages, entry_id, status=422)

    assert pages.errors() == [FAULT_SENTENCES[Fault.SCANNER_SILENT]]
    assert kept() == []


def test_where_there_is_no_scanner_no_scan_can_be_kept(
    app: Flask, pages: PageClient, entry_id: UUID, gp: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(app.config["EPACCS"], clamd="")
    monkeypatch.setitem(app.config, "EPACCS", settings)

    pages.open(f"/record/{entry_id}/scans").see(FAULT_SENTENCES[Fault.NO_SCANNER]).see_nothing_of("scans/new")
    pages.open(f"/record/{entry_id}/scans/new").see("Scans are off").see_nothing_of('type="file"')

    with pytest.raises(RuleBroken, match="no virus scanner"):
        actions.keep_scan(gp, new_id(), entry_id=entry_id, fields=fields(), settings=settings)
    assert kept() == []


def test_the_same_form_again_keeps_one_scan_and_another_file_with_it_none(
    app: Flask, pages: PageClient, entry_id: UUID, gp: Actor
) -> None:
    form, settings, content = new_id(), app.config["EPACCS"], files.a_pdf()
    for _ in range(2):
        actions.keep_scan(gp, form, entry_id=entry_id, fields=fields(file=content), settings=settings)

    with pytest.raises(RuleBroken, match="A scan was kept with this form already"):
        actions.keep_scan(gp, form, entry_id=entry_id, fields=fields(file=files.a_picture()), settings=settings)

    assert [scan.id for scan in kept()] == [form]


def fields(**changes: Any) -> dict[str, Any]:
    loaded = {**TYPED, "kind": ScanKind.ADRT, "file": files.a_pdf(), **changes}
    return {"original_seen_by": None, "original_seen_on": None, **loaded}


# --- Beside a form ---------------------------------------------------------------------------------------------------


def test_beside_a_form_a_scan_loads_runs_and_sends_nothing_and_only_our_pages_show_it(
    pages: PageClient, entry_id: UUID
) -> None:
    content = files.a_pdf()
    send(pages, entry_id, file=content)

    answer = pages.browser.get(f"/record/{entry_id}/scans/{kept()[0].id}/beside")

    assert answer.data == content
    assert answer.headers.get("Content-Disposition") == 'inline; filename="adrt-2026-11-21.pdf"'
    assert answer.headers.get("Content-Type") == "application/pdf"
    assert answer.headers.get("Content-Security-Policy") == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    assert answer.headers.get("X-Content-Type-Options") == "nosniff"
    assert answer.headers.get("X-Frame-Options") == "SAMEORIGIN"
    assert answer.headers.get("Cache-Control") == "no-store"
    assert [one.entry_id for one in events(EventKind.SCAN_OPENED)] == [entry_id]


def test_a_scan_that_holds_no_more_is_answered_as_history_and_beside_no_form(
    pages: PageClient, entry_id: UUID, gp: Actor
) -> None:
    send(pages, entry_id)
    scan = kept()[0]
    actions.withdraw_scan(gp, scan.id, entry_id=entry_id, reason=Withdrawal.REPLACED, why="")

    assert queries.open_scan(gp, entry_id, scan.id).content
    with pytest.raises(RuleBroken, match="holds no more: a newer paper"):
        queries.open_scan_beside(gp, entry_id, scan.id)
    assert len(events(EventKind.SCAN_OPENED)) == 1


def test_beside_a_form_a_role_finds_the_scans_of_the_sections_that_it_sees(
    app: Flask, pages: PageClient, entry_id: UUID
) -> None:
    send(pages, entry_id, kind="letter", title="Letter of the hospice")
    send(pages, entry_id)
    letter, adrt = kept()
    in_casualty = a_clinician(Role.ED_CLINICIAN, an_organisation(type=OrganisationType.ACUTE))
    concern(entry_id, in_casualty)
    browser = open_record(app, in_casualty, entry_id)
    social_worker = a_clinician(Role.SOCIAL_WORKER, an_organisation(type=OrganisationType.LOCAL_AUTHORITY))
    concern(entry_id, social_worker)
    sees_none = open_record(app, social_worker, entry_id)

    beside = queries.find_beside(in_casualty, entry_id, letter.id)
    assert ([one.id for one in beside.offered], beside.chosen) == ([adrt.id], None)
    assert browser.browser.get(f"/record/{entry_id}/scans/{adrt.id}/beside").status_code == 200
    assert browser.browser.get(f"/record/{entry_id}/scans/{letter.id}/beside").status_code == 404

    assert queries.find_beside(social_worker, entry_id, adrt.id) == queries.Beside(entry_id)
    assert sees_none.browser.get(f"/record/{entry_id}/scans/{adrt.id}/beside").status_code == 404
    assert queries.find_beside(social_worker, new_id(), adrt.id).offered == ()


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_whoever_may_not_edit_reads_scans_and_keeps_none(app: Flask, pages: PageClient, entry_id: UUID) -> None:
    send(pages, entry_id)
    paramedic = a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE))
    browser = open_record(app, paramedic, entry_id)

    browser.open(f"/record/{entry_id}/scans").see("Advance decision of 3 March 2024").see_nothing_of(
        "Keep a scan", "Withdraw it"
    )

    assert browser.browser.get(f"/record/{entry_id}/scans/new").status_code == 403
    with pytest.raises(Forbidden):
        actions.keep_scan(paramedic, new_id(), entry_id=entry_id, fields=fields(), settings=app.config["EPACCS"])


def test_a_role_sees_the_scans_of_the_sections_that_it_sees(app: Flask, pages: PageClient, entry_id: UUID) -> None:
    send(pages, entry_id, kind="letter", title="Letter of the hospice")
    send(pages, entry_id)
    letter, adrt = kept()
    in_casualty = a_clinician(Role.ED_CLINICIAN, an_organisation(type=OrganisationType.ACUTE))
    concern(entry_id, in_casualty)
    browser = open_record(app, in_casualty, entry_id)

    browser.open(f"/record/{entry_id}/scans").see(
        "Advance decision of 3 March 2024", "There are other scans, which your role does not see"
    ).see_nothing_of("Letter of the hospice")

    assert browser.browser.get(f"/record/{entry_id}/scans/{adrt.id}").status_code == 200
    assert browser.browser.get(f"/record/{entry_id}/scans/{letter.id}").status_code == 404


def test_a_role_without_clinical_sight_sees_none(app: Flask, pages: PageClient, entry_id: UUID) -> None:
    send(pages, entry_id)
    social_worker = a_clinician(Role.SOCIAL_WORKER, an_organisation(type=OrganisationType.LOCAL_AUTHORITY))
    concern(entry_id, social_worker)
    browser = open_record(app, social_worker, entry_id)

    browser.see_nothing_of("Scans of papers")
    assert browser.browser.get(f"/record/{entry_id}/scans").status_code == 404


def test_a_scan_is_opened_only_with_the_record_that_it_belongs_to(
    app: Flask, pages: PageClient, entry_id: UUID, gp: Actor
) -> None:
    send(pages, entry_id)
    other = a_registered_person(gp)
    open_record(app, gp, other)

    with pytest.raises(NotFound):
        queries.open_scan(gp, other, kept()[0].id)
    with pytest.raises(NotFound):
        queries.open_scan(gp, entry_id, new_id())
    assert events(EventKind.SCAN_OPENED) == []


def test_whoever_gave_no_reason_opens_no_scan(app: Flask, pages: PageClient, entry_id: UUID, gp: Actor) -> None:
    send(pages, entry_id)
    stranger = a_clinician(Role.HOSPICE_NURSE)

    with pytest.raises(NotFound):
        queries.open_scan(stranger, entry_id, kept()[0].id)
    with pytest.raises(NotFound):
        queries.get_scans_page(stranger, entry_id)


def test_who_opened_a_scan_stands_among_those_who_looked(app: Flask, pages: PageClient, entry_id: UUID) -> None:
    send(pages, entry_id)
    pages.browser.get(f"/record/{entry_id}/scans/{kept()[0].id}")

    pages.open(f"/record/{entry_id}/who-has-looked").see("Opened the scan of a paper")


# --- A restricted address --------------------------------------------------------------------------------------------


def test_while_the_address_is_restricted_no_scan_is_shown_or_kept(
    app: Flask, pages: PageClient, entry_id: UUID, gp: Actor
) -> None:
    send(pages, entry_id)
    identity = find_recorded(entry_id, "identity")
    assert identity is not None
    apply_edit(gp, an_edit(entry_id, "identity", {**identity.value, "address_restricted": True}))

    pages.open(f"/record/{entry_id}/scans").see("no scan is shown or kept").see_nothing_of("Blue folder", "Keep a scan")
    pages.open(f"/record/{entry_id}/scans/new").see("The address is restricted").see_nothing_of('type="file"')

    with pytest.raises(RuleBroken, match="the address is restricted"):
        queries.open_scan(gp, entry_id, kept()[0].id)
    with pytest.raises(RuleBroken, match="The address is restricted"):
        actions.keep_scan(gp, new_id(), entry_id=entry_id, fields=fields(), settings=app.config["EPACCS"])


# --- Holding no more -------------------------------------------------------------------------------------------------


def test_a_scan_that_holds_no_more_says_so_and_stays(pages: PageClient, entry_id: UUID, gp: Actor) -> None:
    send(pages, entry_id)
    scan = kept()[0]

    pages.open(f"/record/{entry_id}/scans/{scan.id}/withdraw").see("OKONKWO, Grace", "It is never deleted")
    pages.fill(reason="replaced", why="A new one was signed.").submit("Withdraw the scan").see(
        "Holds no more: A newer paper or a better scan has taken its place",
        "A new one was signed.",
        f"Said by {gp.name}",
    )

    answer = pages.browser.get(f"/record/{entry_id}/scans/{scan.id}")
    assert answer.status_code == 200
    assert 'filename="holds-no-more-adrt-' in answer.headers["Content-Disposition"]
    assert [one.details["why"] for one in events(EventKind.SCAN_WITHDRAWN)] == ["replaced"]
    with pytest.raises(RuleBroken, match="withdrawn before"):
        actions.withdraw_scan(gp, scan.id, entry_id=entry_id, reason=Withdrawal.REPLACED, why="")


def test_why_a_scan_holds_no_more_must_be_said(pages: PageClient, entry_id: UUID) -> None:
    send(pages, entry_id)

    pages.open(f"/record/{entry_id}/scans/{kept()[0].id}/withdraw").submit("Withdraw the scan", status=422)

    assert pages.errors() == ["Choose an answer: Why does this scan hold no more?"]


def test_another_persons_paper_is_shown_to_nobody_once_somebody_noticed(
    pages: PageClient, entry_id: UUID, gp: Actor
) -> None:
    send(pages, entry_id)
    scan = kept()[0]
    actions.withdraw_scan(gp, scan.id, entry_id=entry_id, reason=Withdrawal.WRONG_PERSON, why="")

    pages.open(f"/record/{entry_id}/scans").see("another person's paper").see_nothing_of(f"scans/{scan.id}")

    with pytest.raises(RuleBroken, match="another person's paper"):
        queries.open_scan(gp, entry_id, scan.id)


def test_whoever_may_not_edit_withdraws_nothing(app: Flask, pages: PageClient, entry_id: UUID) -> None:
    send(pages, entry_id)
    paramedic = a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE))
    open_record(app, paramedic, entry_id)

    with pytest.raises(Forbidden):
        actions.withdraw_scan(paramedic, kept()[0].id, entry_id=entry_id, reason=Withdrawal.REPLACED, why="")


# --- What is kept ----------------------------------------------------------------------------------------------------


def test_a_stolen_database_shows_no_paper(pages: PageClient, entry_id: UUID) -> None:
    content = files.a_pdf()
    send(pages, entry_id, file=content)

    sealed = db.session.scalars(select(ScanContent.sealed)).one()

    assert content[:40] not in sealed
    assert content[-40:] not in sealed


@pytest.mark.parametrize("table", ["scan", "scan_content", "scan_withdrawal"])
def test_no_row_of_a_scan_is_changed_or_removed(pages: PageClient, entry_id: UUID, gp: Actor, table: str) -> None:
    send(pages, entry_id)
    actions.withdraw_scan(gp, kept()[0].id, entry_id=entry_id, reason=Withdrawal.REPLACED, why="")

    with pytest.raises(DatabaseError, match="append-only"), writing() as session:
        session.execute(text(f"DELETE FROM {table}"))


def test_a_scan_that_is_not_what_was_kept_is_not_shown(
    app: Flask, pages: PageClient, entry_id: UUID, gp: Actor
) -> None:
    """Sealed as it should be, for this scan, but of another paper."""
    scan_id, settings = new_id(), app.config["EPACCS"]
    examined = actions.examine(files.a_pdf(), settings=settings)
    other = sealing.seal(files.a_picture(), purpose=queries.PURPOSE, record_id=scan_id)
    with writing() as session, pytest.MonkeyPatch.context() as exchanged:
        exchanged.setattr(sealing, "seal", lambda *_, **__: other)
        actions.write_scan(gp, scan_id, entry_id=entry_id, fields=fields(), examined=examined)
        session.flush()

    with pytest.raises(RuleBroken, match="not what was kept"):
        queries.open_scan(gp, entry_id, scan_id)


def test_a_scan_sealed_under_another_secret_is_not_shown(pages: PageClient, entry_id: UUID, gp: Actor) -> None:
    send(pages, entry_id)
    sealing.use_secret("another secret, as if the right one were lost")

    with pytest.raises(RuleBroken, match="not what was kept"):
        queries.open_scan(gp, entry_id, kept()[0].id)


# --- Two records of one person ---------------------------------------------------------------------------------------


def test_the_scans_of_a_record_that_was_of_the_same_person_are_there_and_go_with_it(
    app: Flask, pages: PageClient, entry_id: UUID, gp: Actor
) -> None:
    second = a_clinician(Role.GP, organisation_of(gp))
    other = a_registered_person(gp, family_name="Elsewhere")
    for actor, one in ((gp, entry_id), (gp, other), (second, entry_id), (second, other)):
        give_reason(
            actor,
            one,
            reason=AccessReason.PERMISSION_GIVEN,
            identifiers_checked=["name", "born"],
            cannot_check=False,
        )
    actions.keep_scan(gp, new_id(), entry_id=other, fields=fields(title="In the other"), settings=app.config["EPACCS"])
    merge_id = register.propose_merge(gp, survivor_id=entry_id, other_id=other, reason="The same person")
    assert queries.get_scans_page(gp, entry_id).scans == ()

    register.confirm_merge(second, merge_id)
    assert [scan.title for scan in queries.get_scans_page(gp, entry_id).scans] == ["In the other"]
    assert queries.open_scan(gp, entry_id, kept()[0].id).content

    register.reverse_merge(gp, merge_id, reason="Two people after all")
    assert queries.get_scans_page(gp, entry_id).scans == ()
