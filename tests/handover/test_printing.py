"""Printing a sheet, calling it back, checking it: on both databases, through the real writer."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pdfplumber
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import base64url, clock
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, Stale
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.rules.lines import Situation
from epaccs.handover import pdf
from epaccs.handover.actions import sheets
from epaccs.handover.actions.sheets import Order, check_sheet, note_collected, print_sheet
from epaccs.handover.model import HandoverSheet, WrongCode
from epaccs.handover.queries import sheets as queries
from epaccs.handover.rules import (
    LAYOUT_LABELS,
    MISSES_LIMIT,
    Destination,
    Layout,
    SheetStatus,
    TooManyMisses,
    format_code,
    parse_code,
)
from epaccs.notices.model import Notice
from epaccs.notices.rules import NoticeKind
from epaccs.register.actions import amend, change_lifecycle
from epaccs.settings import Settings
from epaccs.stamps.actions import find_signer, withdraw_key
from epaccs.stamps.rules import Facts
from epaccs.stamps.signer import SIGNED_FOR
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.cpr_decisions.test_actions import a_decision
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit
from tests.handover.codes import codes_of

ORDER = Order("L Hart, community nurse", Destination.PROFESSIONAL, "Kitchen drawer")


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True, name="Dr A Patel")


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_registered_person(gp, family_name="Okonkwo", given_name="Grace")


def print_one(actor: Actor, entry_id: UUID, settings: Settings, *, order: Order = ORDER) -> HandoverSheet:
    """A printed sheet, as the register keeps it."""
    sheet_id = new_id()
    print_sheet(actor, sheet_id, entry_id=entry_id, order=order, settings=settings)
    return the_sheet(sheet_id)


def the_sheet(sheet_id: UUID) -> HandoverSheet:
    return db.session.get_one(HandoverSheet, sheet_id, populate_existing=True)


def change(actor: Actor, entry_id: UUID, section: str, body: dict[str, Any], kind: str = "put") -> None:
    apply_edit(actor, an_edit(entry_id, section, body, kind=kind))


def events(kind: EventKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.at)))


def text_of(content: bytes | None) -> str:
    assert content is not None
    with pdfplumber.open(io.BytesIO(content)) as document:
        return " ".join(" ".join(page.extract_text() for page in document.pages).split())


# --- Printing --------------------------------------------------------------------------------------------------------


def test_a_printed_sheet_is_kept_with_its_hash_its_versions_and_who_has_it(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    sheet_id = new_id()

    printed = print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)

    kept = the_sheet(sheet_id)
    assert kept.status == SheetStatus.CURRENT
    assert printed.content is not None
    assert kept.content_hash == hashlib.sha256(printed.content).hexdigest()
    assert parse_code(printed.number) == kept.code
    assert kept.versions == {"identity": 1, "consent": 1, "diagnosis": 1}
    assert (kept.printed_for, kept.place) == ("L Hart, community nurse", "Kitchen drawer")
    assert kept.printed_by["name"] == "Dr A Patel"
    assert "OKONKWO, Grace" in text_of(printed.content)
    assert printed.number in text_of(printed.content)


def test_printing_is_audited_once_with_codes_and_no_name(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet = print_one(gp, entry_id, settings)

    [printed] = events(EventKind.PRINTED)
    assert (printed.entry_id, printed.actor_id, printed.details["sheet_id"]) == (
        entry_id,
        gp.clinician_id,
        str(sheet.id),
    )
    assert "Hart" not in str(printed.details)
    assert "kwo" not in str(printed.details)


def test_the_number_is_in_the_database_before_the_sheet_is_laid_out(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    lay_out = pdf.render

    def look_first(sheet: Any) -> Any:
        with db.engine.connect() as other:
            rows = other.execute(select(HandoverSheet.status).where(HandoverSheet.code == sheet.code))
            seen.extend(rows.scalars())
        return lay_out(sheet)

    monkeypatch.setattr(pdf, "render", look_first)
    print_one(gp, entry_id, settings)

    assert seen == [SheetStatus.RESERVED]


def test_a_sheet_that_cannot_be_laid_out_was_never_printed(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_sheet: Any) -> Any:
        raise pdf.CannotBePrinted

    sheet_id = new_id()
    monkeypatch.setattr(pdf, "render", fail)
    with pytest.raises(pdf.CannotBePrinted):
        print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)

    kept = the_sheet(sheet_id)
    assert (kept.status, kept.printed_at, kept.content_hash) == (SheetStatus.RESERVED, None, None)
    assert events(EventKind.PRINTED) == []
    assert queries.paper_copies(gp, entry_id) == []
    checked = check_sheet(kept.code, address="10.0.0.1")
    assert checked is not None
    assert checked.status is SheetStatus.RESERVED


def test_after_a_failure_the_same_form_prints_under_the_same_number(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet_id = new_id()
    with monkeypatch.context() as broken:
        broken.setattr(pdf, "render", lambda _sheet: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)
    reserved = the_sheet(sheet_id).code

    printed = print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)

    assert parse_code(printed.number) == reserved


def test_the_same_form_again_prints_nothing_new(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet_id = new_id()
    first = print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)

    again = print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)

    assert (again.number, again.content) == (first.number, None)
    assert len(events(EventKind.PRINTED)) == 1


def test_a_change_while_the_sheet_is_laid_out_is_on_the_sheet(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out, changes = pdf.render, iter(["treat_at_home"])

    def change_first(sheet: Any) -> Any:
        for level in changes:
            change(gp, entry_id, "treatment_level", {"level": level})
        return lay_out(sheet)

    monkeypatch.setattr(pdf, "render", change_first)
    printed = print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings)

    assert "Treatment level: not recorded" not in text_of(printed.content)
    assert len(events(EventKind.PRINTED)) == 1


def test_a_record_that_changes_all_the_time_is_not_printed_out_of_date(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out = pdf.render
    levels = iter(["treat_at_home", "comfort_only"] * 5)

    def change_always(sheet: Any) -> Any:
        change(gp, entry_id, "treatment_level", {"level": next(levels)})
        return lay_out(sheet)

    monkeypatch.setattr(pdf, "render", change_always)
    with pytest.raises(Stale):
        print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings)

    assert events(EventKind.PRINTED) == []


def test_two_sheets_have_two_numbers(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    codes = {print_one(gp, entry_id, settings).code for _ in range(2)}

    assert len(codes) == 2


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_a_paramedic_reads_the_card_and_prints_nothing(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)
    give_reason(
        paramedic, entry_id, reason=AccessReason.CANNOT_ASK, identifiers_checked=("name", "born"), cannot_check=False
    )

    with pytest.raises(Forbidden, match="may not print a sheet"):
        print_sheet(paramedic, new_id(), entry_id=entry_id, order=ORDER, settings=settings)

    assert db.session.scalars(select(HandoverSheet)).all() == []


def test_whoever_gave_no_reason_prints_nothing(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    colleague = a_clinician(Role.OUT_OF_HOURS_GP)

    with pytest.raises(Forbidden):
        print_sheet(colleague, new_id(), entry_id=entry_id, order=ORDER, settings=settings)


def test_a_person_out_of_reach_is_as_if_absent(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    stranger = a_clinician(Role.GP)

    with pytest.raises(NotFound):
        print_sheet(stranger, new_id(), entry_id=entry_id, order=ORDER, settings=settings)
    with pytest.raises(NotFound):
        queries.paper_copies(stranger, entry_id)
    with pytest.raises(NotFound):
        print_sheet(gp, new_id(), entry_id=new_id(), order=ORDER, settings=settings)


def test_in_an_emergency_a_sheet_can_be_printed(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    doctor = a_clinician(Role.OUT_OF_HOURS_GP)
    give_reason(doctor, entry_id, reason=AccessReason.EMERGENCY, identifiers_checked=(), cannot_check=True)

    assert print_one(doctor, entry_id, settings).status == SheetStatus.CURRENT


def test_a_form_of_somebody_else_prints_nothing(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet = print_one(gp, entry_id, settings)
    other = a_registered_person(gp)

    with pytest.raises(NotFound):
        print_sheet(gp, sheet.id, entry_id=other, order=ORDER, settings=settings)


def test_of_a_removed_person_no_sheet_is_printed(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    remove(gp, entry_id)

    with pytest.raises((RuleBroken, NotFound)):
        print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings)


def end(gp: Actor, entry_id: UUID, *, kind: str, body: dict[str, Any]) -> None:
    """Something that happens to the entry as a whole."""
    recorded = find_recorded(entry_id, "lifecycle")
    assert recorded is not None
    change_lifecycle(gp, new_id(), entry_id=entry_id, kind=kind, body=body, base_version=recorded.version)


def remove(gp: Actor, entry_id: UUID) -> None:
    end(gp, entry_id, kind="remove", body={"reason": "moved_away"})


def test_a_sheet_of_a_record_that_is_not_shared_says_that_others_do_not_find_it(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    said = "Not shared: other services do not find this record."
    printed = print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings)
    assert said not in text_of(printed.content)
    amend(gp, an_edit(entry_id, "consent", a_consent(share_status="withdrawn")))

    printed = print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings)

    assert said in text_of(printed.content)


# --- What the person has not been told -------------------------------------------------------------------------------


@pytest.fixture
def not_told(gp: Actor, entry_id: UUID) -> UUID:
    """Somebody who has not been told of the decision about them."""
    change(gp, entry_id, "cpr", a_decision(aware=["family"], person_not_told="Too unwell to hear it"), kind="sign")
    return entry_id


def test_a_sheet_does_not_go_home_before_the_person_is_told(gp: Actor, not_told: UUID, settings: Settings) -> None:
    with pytest.raises(RuleBroken, match="Tell them first"):
        print_one(gp, not_told, settings, order=replace(ORDER, destination=Destination.HOME))

    assert db.session.scalars(select(HandoverSheet)).all() == []


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(ORDER, id="to a colleague"),
        pytest.param(
            replace(ORDER, destination=Destination.HOME, not_told_because="Told this evening", was_read=True),
            id="home, with a reason",
        ),
    ],
)
def test_a_sheet_goes_where_nobody_learns_from_it(order: Order, gp: Actor, not_told: UUID, settings: Settings) -> None:
    sheet = print_one(gp, not_told, settings, order=order)

    assert (sheet.status, sheet.not_told_because) == (SheetStatus.CURRENT, order.not_told_because)


# --- A restricted address --------------------------------------------------------------------------------------------


def test_of_a_restricted_person_neither_sheet_nor_list_tells_place_or_organisation(
    gp: Actor, settings: Settings
) -> None:
    entry_id = a_registered_person(gp, address_restricted=True)
    sheet_id = new_id()

    printed = print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)

    text = text_of(printed.content)
    assert gp.organisation_name not in text
    assert "Kitchen drawer" not in text
    [copy] = queries.paper_copies(gp, entry_id)
    assert (copy.place, copy.printed_by) == ("", "Dr A Patel, GP")
    assert the_sheet(sheet_id).place == ""


def test_when_an_address_becomes_restricted_paper_that_tells_it_is_withdrawn(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    before = print_one(gp, entry_id, settings)

    restrict(gp, entry_id)
    after = print_one(gp, entry_id, settings)
    restrict(gp, entry_id, telephone="01632 960777")

    assert the_sheet(before.id).status == SheetStatus.WITHDRAWN
    assert the_sheet(after.id).status == SheetStatus.CURRENT
    assert {copy.place for copy in queries.paper_copies(gp, entry_id)} == {""}


def restrict(gp: Actor, entry_id: UUID, **fields: Any) -> None:
    recorded = find_recorded(entry_id, "identity")
    assert recorded is not None
    change(gp, entry_id, "identity", {**recorded.value, "address_restricted": True, **fields}, kind="put")


# --- Calling paper back ----------------------------------------------------------------------------------------------


def sign(gp: Actor, entry_id: UUID) -> None:
    change(gp, entry_id, "cpr", a_decision(), kind="sign")


def flag_wrong_person(gp: Actor, entry_id: UUID) -> None:
    change(gp, entry_id, "cpr", {"words": "Another person's form"}, kind="wrong_person_flag")


def put_in_dispute(gp: Actor, entry_id: UUID) -> None:
    """Two decisions made on the same version: the second is held."""
    sign(gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "cpr", a_decision("for_cpr"), kind="sign", base_version=0))


def report_death(gp: Actor, entry_id: UUID) -> None:
    end(gp, entry_id, kind="report_death", body={"died_on": "2026-11-20", "told_by": "Son"})


def review(gp: Actor, entry_id: UUID) -> None:
    end(gp, entry_id, kind="review", body={"next_on": "2027-02-01"})


def change_treatment_level(gp: Actor, entry_id: UUID) -> None:
    change(gp, entry_id, "treatment_level", {"level": "treat_at_home"})


@pytest.mark.parametrize(
    ("happens", "status"),
    [
        pytest.param(sign, "replaced", id="a decision is signed"),
        pytest.param(flag_wrong_person, "replaced", id="somebody says: wrong person"),
        pytest.param(put_in_dispute, "replaced", id="two signers disagree"),
        pytest.param(report_death, "replaced", id="a death is reported"),
        pytest.param(remove, "withdrawn", id="the person leaves the register"),
        pytest.param(change_treatment_level, "current", id="the treatment level changes"),
        pytest.param(review, "current", id="the record is reviewed"),
    ],
)
def test_a_change_calls_back_the_sheets_it_makes_wrong(
    happens: Callable[[Actor, UUID], None], status: str, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    sheet = print_one(gp, entry_id, settings)
    other = print_one(gp, a_registered_person(gp), settings)

    happens(gp, entry_id)

    kept = the_sheet(sheet.id)
    assert kept.status == status
    assert (kept.ended_at is None) is (status == "current")
    assert the_sheet(other.id).status == SheetStatus.CURRENT


def test_a_held_rival_replaces_a_sheet_of_the_decision_it_disputes(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    sign(gp, entry_id)
    sheet = print_one(gp, entry_id, settings)

    apply_edit(gp, an_edit(entry_id, "cpr", a_decision("for_cpr"), kind="sign", base_version=0))

    assert the_sheet(sheet.id).status == SheetStatus.REPLACED


def test_a_sheet_is_replaced_in_the_transaction_of_the_change(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet = print_one(gp, entry_id, settings)

    def sign_and_fail() -> None:
        with writing():
            sign(gp, entry_id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        sign_and_fail()

    assert the_sheet(sheet.id).status == SheetStatus.CURRENT


def test_the_newest_sheet_says_what_the_replaced_one_does_not(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    print_one(gp, entry_id, settings)
    sign(gp, entry_id)

    printed = print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings)

    assert text_of(printed.content).count("Not for CPR") >= 2
    assert [copy.status for copy in queries.paper_copies(gp, entry_id)] == ["current", "replaced"]
    assert [copy.is_to_collect for copy in queries.paper_copies(gp, entry_id)] == [False, True]


def test_whoever_printed_is_told_until_the_last_wrong_paper_is_destroyed(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    wrong = [print_one(gp, entry_id, settings) for _ in range(2)]
    sign(gp, entry_id)
    print_one(gp, entry_id, settings)
    [told] = open_notices(entry_id)
    assert told.organisation_id == gp.organisation_id

    note_collected(gp, wrong[0].id, entry_id=entry_id)
    assert len(open_notices(entry_id)) == 1
    note_collected(gp, wrong[1].id, entry_id=entry_id)

    assert open_notices(entry_id) == []


def open_notices(entry_id: UUID) -> list[Notice]:
    """What asks somebody to find paper."""
    statement = select(Notice).where(
        Notice.entry_id == entry_id,
        Notice.kind == str(NoticeKind.PAPER_OUT_OF_DATE),
        Notice.ended_at.is_(None),
    )
    return list(db.session.scalars(statement))


def test_a_change_that_leaves_paper_right_tells_nobody(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    print_one(gp, entry_id, settings)

    change_treatment_level(gp, entry_id)

    assert open_notices(entry_id) == []


def test_a_destroyed_copy_is_noted_once(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet = print_one(gp, entry_id, settings)

    for _ in range(2):
        note_collected(gp, sheet.id, entry_id=entry_id)

    [copy] = queries.paper_copies(gp, entry_id)
    assert copy.collected_at is not None
    assert not copy.is_to_collect
    assert len(events(EventKind.PAPER_COLLECTED)) == 1


def test_a_copy_of_another_person_is_not_noted_here(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet = print_one(gp, a_registered_person(gp), settings)

    for sheet_id in (sheet.id, new_id()):
        with pytest.raises(NotFound):
            note_collected(gp, sheet_id, entry_id=entry_id)

    assert the_sheet(sheet.id).collected_at is None


# --- Its stamp -------------------------------------------------------------------------------------------------------


def test_the_square_code_of_each_page_holds_the_signed_facts_of_the_sheet(gp: Actor, settings: Settings) -> None:
    entry_id = a_registered_person(gp, family_name="Okonkwo", given_name="Grace", nhs_number="9990000018")
    change(gp, entry_id, "cpr", a_decision(), kind="sign")

    printed = print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings)

    [sheet] = db.session.scalars(select(HandoverSheet))
    assert printed.content is not None
    codes = codes_of(printed.content)
    assert len(codes) > 1
    [code] = set(codes)
    address, _, stamp = code.partition("#")
    assert address == f"http://localhost:5000/check/{printed.number}"
    signed = base64url.decode(stamp)
    said, signature = signed[:-64], signed[-64:]
    assert sheet.valid_as_at is not None
    facts = Facts(
        code=sheet.code,
        at=sheet.valid_as_at,
        line=Situation.NOT_FOR_CPR,
        versions={"cpr": 1},
        change_number=sheet.change_number or 0,
        initials="GO",
        birth_year=1941,
        last_four="0018",
    )
    assert said == facts.to_bytes(find_signer().key_id)
    Ed25519PublicKey.from_public_bytes(find_signer().public).verify(signature, SIGNED_FOR + said)


def test_a_sheet_made_again_because_the_record_changed_is_stamped_with_what_stands_on_it(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out: list[str] = []
    real = pdf.render

    def render(sheet: Any) -> pdf.Rendered:
        if not laid_out:
            change(gp, entry_id, "cpr", a_decision(), kind="sign")
        laid_out.append(sheet.stamp)
        return real(sheet)

    monkeypatch.setattr(pdf, "render", render)
    sheet = print_one(gp, entry_id, settings)

    assert len(set(laid_out)) == 2
    assert sheet.stamp_key == find_signer().key_id


def test_a_sheet_whose_key_is_withdrawn_while_it_is_laid_out_is_made_again_with_another(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen, real = find_signer().key_id, pdf.render
    keys: list[str] = []

    def render(sheet: Any) -> pdf.Rendered:
        keys.append(base64url.decode(sheet.stamp)[1:5].hex())
        if len(keys) == 1:
            withdraw_key(stolen, because="Stolen")
        return real(sheet)

    monkeypatch.setattr(pdf, "render", render)
    sheet = print_one(gp, entry_id, settings)

    assert keys == [stolen, find_signer().key_id]
    assert sheet.stamp_key == keys[-1] != stolen


def test_the_sheets_that_a_withdrawn_key_signed_are_named(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    first, second = (print_one(gp, entry_id, settings) for _ in range(2))
    key_id = find_signer().key_id
    assert queries.find_signed_with(key_id) == [format_code(first.code), format_code(second.code)]
    change(gp, entry_id, "cpr", a_decision(), kind="sign")
    assert queries.find_signed_with(key_id) == []


# --- Checking a number -----------------------------------------------------------------------------------------------


def test_checking_a_current_sheet_says_so_and_is_audited(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet = print_one(gp, entry_id, settings)

    checked = check_sheet(sheet.code.lower(), address="10.0.0.1")

    assert checked is not None
    assert (checked.status, checked.valid_as_at, checked.changed_since) == (
        SheetStatus.CURRENT,
        sheet.valid_as_at,
        False,
    )
    [event] = events(EventKind.PAPER_CHECKED)
    assert (event.entry_id, event.actor_id, event.details["sheet_id"]) == (entry_id, None, str(sheet.id))


def test_checking_says_that_something_else_changed_since(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    sheet = print_one(gp, entry_id, settings)
    change(gp, entry_id, "treatment_level", {"level": "treat_at_home"})

    checked = check_sheet(sheet.code, address="10.0.0.1")

    assert checked is not None
    assert (checked.status, checked.changed_since) == (SheetStatus.CURRENT, True)


def test_a_number_that_no_sheet_has_is_no_sheet_and_leaves_no_audit(app: Flask) -> None:
    assert check_sheet("7K4P-93XQ", address="10.0.0.1") is None
    assert events(EventKind.PAPER_CHECKED) == []


def test_a_stranger_who_guesses_is_stopped_and_a_ward_that_checks_its_pile_is_not(
    gp: Actor, entry_id: UUID, settings: Settings, frozen_clock: Callable[[datetime], None]
) -> None:
    sheet = print_one(gp, entry_id, settings)
    for _ in range(3 * MISSES_LIMIT):
        assert check_sheet(sheet.code, address="10.0.0.1")
    for _ in range(MISSES_LIMIT):
        assert check_sheet("7K4P-93XQ", address="10.0.0.2") is None

    with pytest.raises(TooManyMisses, match="Try again after 21-Nov-2026 03:1"):
        check_sheet(sheet.code, address="10.0.0.2")

    assert check_sheet(sheet.code, address="10.0.0.1")
    frozen_clock(datetime(2026, 11, 21, 3, 12, tzinfo=UTC))
    assert check_sheet(sheet.code, address="10.0.0.2")


def test_wrong_numbers_are_forgotten_after_a_day(app: Flask, frozen_clock: Callable[[datetime], None]) -> None:
    check_sheet("7K4P-93XQ", address="10.0.0.1")
    frozen_clock(clock.now() + timedelta(days=2))

    check_sheet("7K4P-93XQ", address="10.0.0.2")

    assert [row.address for row in db.session.scalars(select(WrongCode))] == ["10.0.0.2"]


# --- The person's own copy -------------------------------------------------------------------------------------------

HOME = replace(ORDER, destination=Destination.HOME, was_read=True)
every_layout = pytest.mark.parametrize("layout", list(Layout))


@every_layout
def test_the_register_of_copies_and_the_audit_say_how_a_copy_is_laid_out(
    layout: Layout, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    sheet = print_one(gp, entry_id, settings, order=replace(HOME, layout=layout))

    words = "" if layout is Layout.USUAL else LAYOUT_LABELS[layout]
    assert (sheet.status, sheet.layout) == (SheetStatus.CURRENT, layout)
    assert [copy.layout for copy in queries.paper_copies(gp, entry_id)] == [words]
    assert [one.name.endswith(f", {words}") for one in queries.find_sheets_of(entry_id)] == [bool(words)]
    assert [event.details["layout"] for event in events(EventKind.PRINTED)] == [layout]


@pytest.mark.parametrize("layout", [Layout.LARGE_PRINT, Layout.EASY_READ])
def test_a_copy_for_staff_is_never_laid_out_for_the_person(
    layout: Layout, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    with pytest.raises(RuleBroken, match="only for a copy that goes to the person"):
        print_one(gp, entry_id, settings, order=replace(ORDER, layout=layout))

    assert db.session.scalars(select(HandoverSheet)).all() == []


@every_layout
def test_no_layout_tells_the_person_what_nobody_told_them(
    layout: Layout, gp: Actor, not_told: UUID, settings: Settings
) -> None:
    with pytest.raises(RuleBroken, match="Tell them first"):
        print_one(gp, not_told, settings, order=replace(HOME, layout=layout))

    told = replace(HOME, layout=layout, not_told_because="Told this evening")
    assert print_one(gp, not_told, settings, order=told).status == SheetStatus.CURRENT


def test_after_a_death_no_copy_speaks_to_the_person(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    report_death(gp, entry_id)

    with pytest.raises(RuleBroken, match="A death is recorded"):
        print_one(gp, entry_id, settings, order=replace(HOME, layout=Layout.EASY_READ))

    large = print_one(gp, entry_id, settings, order=replace(HOME, layout=Layout.LARGE_PRINT))
    assert large.status == SheetStatus.CURRENT


def report_death(gp: Actor, entry_id: UUID) -> None:
    died_on = clock.today().isoformat()
    end(gp, entry_id, kind="report_death", body={"died_on": died_on, "told_by": "Ada Obi"})


@pytest.mark.parametrize(
    ("change_it", "match"),
    [
        pytest.param(report_death, "A death is recorded", id="a death"),
        pytest.param(
            lambda gp, entry_id: change(
                gp, entry_id, "cpr", a_decision(aware=["family"], person_not_told="Too unwell to hear it"), kind="sign"
            ),
            "Tell them first",
            id="a decision that the person was not told of",
        ),
    ],
)
def test_what_changes_while_a_copy_is_laid_out_is_asked_again_before_it_goes_home(
    change_it: Callable[[Actor, UUID], None],
    match: str,
    gp: Actor,
    entry_id: UUID,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lay_out, changes = pdf.render, iter([change_it])

    def change_first(sheet: Any) -> Any:
        for one in changes:
            one(gp, entry_id)
        return lay_out(sheet)

    monkeypatch.setattr(pdf, "render", change_first)
    with pytest.raises(RuleBroken, match=match):
        print_one(gp, entry_id, settings, order=replace(HOME, layout=Layout.EASY_READ))

    assert events(EventKind.PRINTED) == []


def test_a_form_that_is_sent_again_after_a_failure_prints_what_it_says_now(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet_id = new_id()
    with monkeypatch.context() as broken:
        broken.setattr(pdf, "render", lambda _sheet: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            print_sheet(gp, sheet_id, entry_id=entry_id, order=ORDER, settings=settings)

    again = replace(HOME, layout=Layout.EASY_READ, printed_for="Grace Okonkwo")
    printed = print_sheet(gp, sheet_id, entry_id=entry_id, order=again, settings=settings)

    kept = the_sheet(sheet_id)
    assert (kept.destination, kept.layout, kept.printed_for) == ("home", "easy_read", "Grace Okonkwo")
    assert "Your plan in easy words" in text_of(printed.content)


def test_a_form_that_is_sent_again_meanwhile_changes_nothing_of_what_is_being_printed(
    gp: Actor, entry_id: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper that comes out first is the one that the register keeps."""
    sheet_id, lay_out, sent_again = new_id(), pdf.render, iter([True])
    home = replace(HOME, layout=Layout.EASY_READ)

    def send_again_first(sheet: Any) -> Any:
        for _ in sent_again:
            contents = queries.read_contents(gp, entry_id, settings=settings)
            sheets._reserve(gp, sheet_id, contents, ORDER, entry_id=entry_id)
            change(gp, entry_id, "treatment_level", {"level": "treat_at_home"})
        return lay_out(sheet)

    monkeypatch.setattr(pdf, "render", send_again_first)
    printed = print_sheet(gp, sheet_id, entry_id=entry_id, order=home, settings=settings)

    kept = the_sheet(sheet_id)
    assert (kept.destination, kept.layout, kept.printed_for) == ("home", "easy_read", home.printed_for)
    assert "Your plan in easy words" in text_of(printed.content)
    assert [one.details["layout"] for one in events(EventKind.PRINTED)] == ["easy_read"]


def test_an_easy_read_copy_is_called_back_and_checked_like_any_other(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    sheet = print_one(gp, entry_id, settings, order=replace(HOME, layout=Layout.EASY_READ))
    before = check_sheet(sheet.code, address="10.0.0.1")

    change(gp, entry_id, "cpr", a_decision(), kind="sign")
    after = check_sheet(sheet.code, address="10.0.0.1")

    assert before is not None
    assert after is not None
    assert (before.status, after.status) == (SheetStatus.CURRENT, SheetStatus.REPLACED)


@every_layout
def test_a_copy_for_the_person_does_not_say_that_somebody_spoke_of_them_in_confidence(
    layout: Layout, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    marked = {"most_important": "My garden. [[Her son cannot go on.]] My cat.", "feared": "[[He fears her anger.]]"}
    change(gp, entry_id, "about_me", marked)

    home = text_of(print_sheet(
        gp, new_id(), entry_id=entry_id, order=replace(HOME, layout=layout), settings=settings
    ).content)  # fmt: skip
    staff = text_of(print_sheet(gp, new_id(), entry_id=entry_id, order=ORDER, settings=settings).content)

    assert [words for words in ("cannot go on", "anger", "withheld", "[", "fear") if words in home] == []
    assert "My garden. My cat." in home
    assert staff.count("[A passage is withheld]") == 3
