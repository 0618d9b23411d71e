"""Somebody moves while a CPR decision is in force: one form asks where the signed form is, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access import rules as access
from epaccs.access.actions import give_reason
from epaccs.access.rules import ACCESS_TABLE, AccessReason, Fact
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.queries import build_line, get_cpr_page
from epaccs.cpr_decisions.rules import LEFT_BEHIND, EditKind, Words
from epaccs.notices.model import Notice
from epaccs.notices.rules import NoticeKind
from epaccs.register import actions as register
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.rules import Outcome
from tests.cpr_decisions.test_actions import a_decision, do, large_line, state, version
from tests.cpr_decisions.test_pages import page_for
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.pages import PageClient

DRAWER = "Hall drawer, yellow folder"
NOBODY_SAID = "Nobody has said since where the form is"
ELSEWHERE = "3 Dock Street\nNorthdale"


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    """Somebody with a decision in force."""
    entry = a_registered_person(gp, address="14 Canal Row\nNorthdale")
    do(gp, entry, EditKind.SIGN, a_decision())
    return entry


@pytest.fixture
def form(app: Flask, gp: Actor, entry: UUID) -> PageClient:
    """The page on which the address is changed."""
    return page_for(app, gp, entry).open(f"/record/{entry}/identity")


def identity(entry: UUID) -> dict[str, Any]:
    recorded = find_recorded(entry, "identity")
    assert recorded is not None
    return recorded.value


def amend(actor: Actor, entry: UUID, **changes: Any) -> Outcome:
    """A change of the identity by any way that has no question on it."""
    kept = {name: one for name, one in identity(entry).items() if name not in ("moved_at", "superseded_nhs_numbers")}
    return register.amend(actor, an_edit(entry, "identity", {**kept, **changes})).outcome


def says(entry: UUID) -> str:
    built = build_line(material(entry), words=Words(), now=clock.now())
    return " ".join((*built.second, *built.extra))


def notices(entry: UUID) -> list[tuple[UUID, bool]]:
    """Who was asked where the form is, and whether that is over."""
    rows = db.session.execute(
        select(Notice.organisation_id, Notice.ended_at)
        .where(Notice.entry_id == entry, Notice.kind == str(NoticeKind.FORM_UNPLACED))
        .execution_options(populate_existing=True)
    )
    return [(row.organisation_id, row.ended_at is not None) for row in rows]


# --- Left open -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["", "not_known"], ids=["left open", "not known yet"])
def test_a_move_is_saved_without_an_answer_and_every_outlet_says_so(
    app: Flask, gp: Actor, entry: UUID, form: PageClient, answer: str
) -> None:
    form.see("Where is the signed CPR form now?", f"Until now: {DRAWER}")

    form.fill(address=ELSEWHERE, **({"original_now": answer} if answer else {})).submit("Save")

    assert identity(entry)["address"] == ELSEWHERE
    form.see(NOBODY_SAID, f"Last known: {DRAWER}")
    form.open(f"/record/{entry}/cpr").see(NOBODY_SAID)
    assert notices(entry) == [(gp.organisation_id, False)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"address": ELSEWHERE}, id="another address"),
        pytest.param({"postcode": "LS2 9JT"}, id="another postcode"),
        pytest.param({"care_home_ods": "HOME1"}, id="into a care home"),
    ],
)
def test_wherever_a_move_comes_from_the_line_says_that_nobody_has_said(
    gp: Actor, entry: UUID, changes: dict[str, Any]
) -> None:
    an_organisation(type=OrganisationType.CARE_HOME, ods_code="HOME1")
    assert NOBODY_SAID not in says(entry)

    amend(gp, entry, **changes)

    assert NOBODY_SAID in says(entry)
    assert len(notices(entry)) == 1


def test_out_of_a_care_home_is_a_move_too(gp: Actor) -> None:
    an_organisation(type=OrganisationType.CARE_HOME, ods_code="HOME1")
    entry = a_registered_person(gp, care_home_ods="HOME1")
    do(gp, entry, EditKind.SIGN, a_decision())

    amend(gp, entry, care_home_ods=None)

    assert NOBODY_SAID in says(entry)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"family_name": "Birtwistle"}, id="another name"),
        pytest.param({"telephone": "01632 960777"}, id="another telephone number"),
        pytest.param({"address_restricted": True}, id="the address is restricted"),
        pytest.param({"address": "14  CANAL ROW\nNorthdale "}, id="the same words, spaced otherwise"),
    ],
)
def test_what_is_no_move_asks_nothing(gp: Actor, entry: UUID, changes: dict[str, Any]) -> None:
    amend(gp, entry, **changes)

    assert NOBODY_SAID not in says(entry)
    assert notices(entry) == []


def test_a_move_before_the_signature_asks_nothing(gp: Actor) -> None:
    entry = a_registered_person(gp)
    amend(gp, entry, address=ELSEWHERE)

    do(gp, entry, EditKind.SIGN, a_decision())

    assert NOBODY_SAID not in says(entry)
    assert notices(entry) == []


def test_another_change_after_a_move_asks_nobody_again(app: Flask, gp: Actor, entry: UUID) -> None:
    amend(gp, entry, address=ELSEWHERE)

    amend(gp, entry, telephone="01632 960777")

    assert NOBODY_SAID in says(entry)
    assert len(notices(entry)) == 1


def test_the_usual_practice_and_the_key_worker_are_both_asked(gp: Actor) -> None:
    nurses = an_organisation(type=OrganisationType.COMMUNITY)
    entry = a_registered_person(gp, key_worker_name="Jackie Marsh", key_worker_ods=nurses.ods_code)
    do(gp, entry, EditKind.SIGN, a_decision())

    amend(gp, entry, address=ELSEWHERE)

    assert dict(notices(entry)) == {gp.organisation_id: False, nurses.id: False}


# --- Answered --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        pytest.param({"original_now": "same"}, DRAWER, id="still in the same place, in one press"),
        pytest.param(
            {"original_now": "moved", "original_location": "Bedside table"}, "Bedside table", id="it went along"
        ),
        pytest.param({"original_now": "left"}, f"{DRAWER}{LEFT_BEHIND}", id="left behind"),
    ],
)
def test_the_answer_becomes_an_edit_of_the_decision(
    gp: Actor, entry: UUID, form: PageClient, answers: dict[str, str], place: str
) -> None:
    before = version(entry)

    form.fill(address=ELSEWHERE, **answers).submit("Save")

    decision = state(entry).in_force
    assert decision is not None
    assert decision.original_location == place
    assert version(entry) == before + 1
    assert identity(entry)["address"] == ELSEWHERE
    form.see(f"Signed form: {place}.").see_nothing_of(NOBODY_SAID)
    assert all(is_over for _organisation, is_over in notices(entry))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param(EditKind.PARTICULARS_AMENDED, {"original_location": "Bedside table"}, id="amended"),
        pytest.param(EditKind.PARTICULARS_AMENDED, {"original_checked": True}, id="there still"),
        pytest.param(EditKind.ORIGINAL_SEEN, {"place": "Bedside", "seen_on": "2026-11-21"}, id="seen"),
        pytest.param(EditKind.SIGN, None, id="a new decision"),
    ],
)
def test_an_answer_later_ends_the_warning_and_what_was_asked(
    gp: Actor, entry: UUID, kind: EditKind, body: dict[str, Any] | None
) -> None:
    amend(gp, entry, address=ELSEWHERE)

    do(gp, entry, kind, body or a_decision("for_cpr"))

    assert NOBODY_SAID not in says(entry)
    assert notices(entry) == [(gp.organisation_id, True)]


def test_the_page_of_the_particulars_brings_the_old_place_back_and_that_answers_nothing(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    amend(gp, entry, address=ELSEWHERE)
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr/particulars-amended")
    assert page.value_of("original_location") == DRAWER

    page.fill(aware=["person", "family", "carer"]).submit("Save")
    assert NOBODY_SAID in says(entry)

    page.open(f"/record/{entry}/cpr/particulars-amended").fill(original_checked="yes").submit("Save")
    assert NOBODY_SAID not in says(entry)


# --- One form, kept or refused as one --------------------------------------------------------------------------------


def test_half_an_answer_is_refused_and_nothing_typed_is_lost(entry: UUID, form: PageClient) -> None:
    form.fill(address=ELSEWHERE, original_now="moved").submit("Save", status=422)

    assert form.errors() == ["Enter where the signed form is now"]
    assert form.value_of("address") == ELSEWHERE
    assert form.value_of("original_now") == "moved"
    assert identity(entry)["address"] != ELSEWHERE
    assert notices(entry) == []

    form.fill(original_location="Bedside table").submit("Save")

    assert identity(entry)["address"] == ELSEWHERE
    assert "Bedside table" in says(entry)


def test_a_refused_address_keeps_the_answer_too(entry: UUID, form: PageClient) -> None:
    before = version(entry)

    form.fill(address=ELSEWHERE, practice_ods="NOBODY", original_now="moved", original_location="Bedside table")
    form.submit("Save", status=422)

    assert form.value_of("original_location") == "Bedside table"
    assert version(entry) == before
    assert DRAWER in says(entry)


def test_a_decision_that_changed_meanwhile_holds_the_answer_and_keeps_the_move(
    gp: Actor, entry: UUID, form: PageClient
) -> None:
    do(gp, entry, EditKind.PARTICULARS_AMENDED, {"original_location": "Desk"})

    form.fill(address=ELSEWHERE, original_now="moved", original_location="Bedside table").submit("Save")

    assert identity(entry)["address"] == ELSEWHERE
    assert form.page.endpoint == "versions.held"
    form.see("Bedside table")
    assert NOBODY_SAID in says(entry)


def test_an_address_that_changed_meanwhile_holds_the_move_and_keeps_the_answer(
    gp: Actor, entry: UUID, form: PageClient
) -> None:
    amend(gp, entry, telephone="01632 960777")

    form.fill(address=ELSEWHERE, original_now="moved", original_location="Bedside table").submit("Save")

    assert form.page.endpoint == "versions.held"
    assert identity(entry)["address"] != ELSEWHERE
    assert "Signed form: Bedside table." in says(entry)


def test_an_answer_about_a_decision_that_was_cancelled_meanwhile_waits_and_puts_nothing_in_doubt(
    gp: Actor, entry: UUID, form: PageClient
) -> None:
    decision = state(entry).in_force
    assert decision is not None
    body = {"decision_id": decision.id, "decided_at": clock.now().isoformat(), "reason": "recovered"}
    do(gp, entry, EditKind.REVOKE, body)

    form.fill(address=ELSEWHERE, original_now="moved", original_location="Bedside table").submit("Save")

    assert form.page.endpoint == "versions.held"
    assert identity(entry)["address"] == ELSEWHERE
    assert large_line(gp, entry) == "No CPR decision in force"


def test_the_same_form_sent_twice_has_one_effect(gp: Actor, entry: UUID) -> None:
    page = get_cpr_page(gp, entry, words=Words())
    kept = {name: one for name, one in identity(entry).items() if name != "moved_at"}
    request = an_edit(entry, "identity", {**kept, "address": ELSEWHERE}, id=new_id())
    body = {"original_location": "Bedside table", "original_checked": True}

    def answer(edit_id: UUID) -> Any:
        return register.apply_edit(
            gp, an_edit(entry, "cpr", body, kind="particulars_amended", id=edit_id, base_version=page.version)
        )

    first = register.amend_and_answer(gp, request, answer)
    again = register.amend_and_answer(gp, request, answer)

    assert [one.replayed for one in first if one] == [False, False]
    assert [one.replayed for one in again if one] == [True, True]
    assert version(entry) == page.version + 1


def test_a_form_that_does_not_say_what_it_was_made_on_is_refused(entry: UUID, form: PageClient) -> None:
    form.typed["original_version"] = "the newest"

    form.fill(address=ELSEWHERE, original_now="same").submit("Save", status=422)

    assert "which version of the CPR decision" in form.errors()[0]


# --- Who is asked ----------------------------------------------------------------------------------------------------


def test_without_a_decision_in_force_nothing_is_asked(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp)
    form = page_for(app, gp, entry).open(f"/record/{entry}/identity")
    form.see_nothing_of("signed CPR form")

    form.fill(address=ELSEWHERE).submit("Save")

    assert identity(entry)["address"] == ELSEWHERE
    assert notices(entry) == []


@pytest.fixture
def nobody_drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The organisations have agreed that GPs change addresses and no decisions."""
    row = ACCESS_TABLE[Role.GP]
    fewer = row.facts - {Fact.DRAFTS_CPR, Fact.SIGNS_WITH_AUTHORISATION}
    monkeypatch.setitem(access.ACCESS_TABLE, Role.GP, replace(row, facts=fewer))  # type: ignore[attr-defined]


def test_whoever_may_not_amend_the_decision_is_told_whom_it_goes_to(
    app: Flask, gp: Actor, entry: UUID, nobody_drafts: None
) -> None:
    form = page_for(app, gp, entry).open(f"/record/{entry}/identity")
    practice = db.session.get(Organisation, gp.organisation_id)
    assert practice is not None
    form.see("Your role cannot record where it is", f"this asks: {practice.name}")
    form.see_nothing_of("Where is the signed CPR form now?")

    form.fill(address=ELSEWHERE).submit("Save")

    assert NOBODY_SAID in says(entry)
    assert notices(entry) == [(gp.organisation_id, False)]


def test_a_restricted_place_is_not_told_but_that_nobody_has_said_it_is(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp, address_restricted=True)
    do(gp, entry, EditKind.SIGN, a_decision())
    form = page_for(app, gp, entry).open(f"/record/{entry}/identity")
    form.see_nothing_of(DRAWER)

    form.fill(address=ELSEWHERE).submit("Save")

    form.open(f"/record/{entry}").see(NOBODY_SAID, "not shown, the address is restricted").see_nothing_of(DRAWER)


def test_after_a_merge_the_survivor_asks_of_its_own_move_alone(gp: Actor, entry: UUID) -> None:
    other = a_registered_person(gp, family_name="Twice")
    do(gp, other, EditKind.SIGN, a_decision())
    amend(gp, other, address=ELSEWHERE)
    colleague = a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id), may_sign=True)
    merge = register.propose_merge(gp, survivor_id=entry, other_id=other, reason="Same person")
    for one in (entry, other):
        give_reason(
            colleague,
            one,
            reason=AccessReason.PERMISSION_GIVEN,
            identifiers_checked=("name", "born"),
            cannot_check=False,
        )

    register.confirm_merge(colleague, merge)

    assert NOBODY_SAID not in says(entry)
    assert state(entry).in_force is not None
