"""Opening a record: why it is asked, what is shown to whom, what is left behind; on both databases."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from epaccs.access.model import AccessGrant
from epaccs.access.rules import AUDIENCES, Permission, audience_name, can_ever, facts_of_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import canonical_json, db
from epaccs.core.errors import Unavailable
from epaccs.core.identifiers import new_id
from epaccs.record.actions import cards
from epaccs.record.actions.search import search_people
from epaccs.record.declared import sights
from epaccs.record.model import SearchTiming, StoredCard
from epaccs.record.queries.summaries import find_organisations
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import material
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.pages import PageClient
from tests.record.visits import a_person_with_everything, a_signer, concern, events, open_record, organisation_of, visit

NOBODY = "01939b6e-0000-7000-8000-00000000dead"


# --- The way in ------------------------------------------------------------------------------------------------------


def test_the_reason_is_asked_before_anything_clinical_and_none_is_ticked(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)

    pages = visit(app, gp).open(f"/record/{entry_id}")

    pages.see("OKONKWO, Grace (Mrs)", "06-Jan-1941 (85y)", "NHS No. 999")
    pages.see_nothing_of("Not for CPR", "Canal Row", "Codeine")
    assert [box for box in pages.page.all("input") if box.get("checked") is not None] == []
    assert len(pages.page.ids.keys() & {"reason", "reason-2", "reason-3"}) == 3
    pages.see("Emergency: open now", "I cannot check who this is")
    assert events(entry_id, EventKind.CARD_VIEWED) == []


def test_a_reason_opens_the_record_for_the_session_and_the_look_is_recorded_with_it(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)

    pages = open_record(app, gp, entry_id)
    pages.open("/search").open(f"/record/{entry_id}")

    pages.see("Not for CPR", "The whole record", "Entered by")
    first, second = events(entry_id, EventKind.CARD_VIEWED)
    assert first.details["reason"] == second.details["reason"] == "permission_given"
    assert (first.details["audience"], first.actor_id) == ("T0+T1+T2+T3", gp.clinician_id)
    assert first.details["number"] > 0


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        pytest.param(
            {"identifiers_checked": ["name", "born"]}, "Choose why you are opening this record", id="no reason"
        ),
        pytest.param({"reason": "cannot_ask"}, "Tick two things you compared, or tick", id="no identifier"),
        pytest.param(
            {"reason": "cannot_ask", "identifiers_checked": ["name"]}, "Tick two things you compared", id="only one"
        ),
    ],
)  # fmt: skip
def test_without_a_reason_or_two_identifiers_nothing_opens(app: Flask, fill: dict[str, Any], sentence: str) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = visit(app, gp).open(f"/record/{entry_id}")

    pages.fill(**fill).submit("Open the record", status=422)

    assert sentence in " ".join(pages.errors())
    assert events(entry_id, EventKind.CARD_VIEWED) == []
    pages.open(f"/record/{entry_id}").see("Open this record")


def test_cannot_check_opens_and_stays_on_the_card(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)

    pages = visit(app, gp).open(f"/record/{entry_id}")
    pages.fill(reason="best_interests", cannot_check=True).submit("Open the record")

    pages.see("Identity not checked: compare before you act")


def test_an_emergency_is_one_tap_on_the_reason_page_and_says_so_on_the_card(app: Flask) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)
    entry_id = a_person_with_everything(a_signer())

    pages = visit(app, paramedic).open(f"/record/{entry_id}").submit("Emergency: open now")

    pages.see("Not for CPR", "Emergency access: a privacy officer reviews it", "Identity not checked")
    assert len(events(entry_id, EventKind.EMERGENCY_ACCESS)) == 1


def test_whoever_is_not_concerned_opens_in_an_emergency_only(app: Flask) -> None:
    stranger = a_clinician(Role.HOSPICE_NURSE)
    entry_id = a_person_with_everything(a_signer())
    pages = visit(app, stranger).open(f"/record/{entry_id}")

    pages.see("This person is not in your care").see_nothing_of("What did you compare")
    pages.submit("Emergency: open now")

    pages.see("Not for CPR")
    grant = db.session.scalars(select(AccessGrant).where(AccessGrant.clinician_id == stranger.clinician_id)).one()
    assert not grant.in_scope


def test_a_record_that_is_not_shared_is_as_if_absent_for_everybody_but_the_practice(app: Flask) -> None:
    gp = a_signer()
    consent = {f"{name}_{part}": answer for name in ("register", "share") for part, answer in
               {"status": "given", "decided_by": "Grace", "decided_on": "2026-11-01"}.items()}  # fmt: skip
    entry_id = a_registered_person(gp, consent={**consent, "share_status": "refused"})

    visit(app, gp).open(f"/record/{entry_id}").see("Open this record")
    stranger = visit(app, a_clinician(Role.PARAMEDIC))
    hidden = stranger.open(f"/record/{entry_id}", status=404).page.text
    absent = stranger.open(f"/record/{NOBODY}", status=404).page.text

    assert hidden == absent
    assert "This does not mean that there is no CPR decision." in hidden


@pytest.mark.parametrize("end", ["", "/history", "/who-has-looked"])
@pytest.mark.parametrize("entry_id", [NOBODY, "999", "not-an-id"], ids=["nobody's", "a number", "words"])
def test_an_id_that_is_nobodys_is_not_found(app: Flask, entry_id: str, end: str) -> None:
    visit(app, a_clinician(Role.GP)).open(f"/record/{entry_id}{end}", status=404)


@pytest.mark.parametrize(
    "role", [role for role in Role if not can_ever(Permission.VIEW_CARD, facts_of_role(role, may_sign=False))]
)
def test_roles_that_open_no_records_are_turned_away_and_it_is_recorded(app: Flask, role: Role) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    actor = a_clinician(role, organisation_of(gp)) if role is Role.PRACTICE_ADMINISTRATOR else a_clinician(role)

    pages = visit(app, actor).open(f"/record/{entry_id}", status=403)

    pages.see_nothing_of("Grace")
    assert [one.actor_id for one in events(entry_id, EventKind.REFUSED)] == [actor.clinician_id]


# --- A look that cannot be recorded does not happen ------------------------------------------------------------------


def test_a_look_that_cannot_be_recorded_shows_nothing_and_says_what_to_do(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, gp, entry_id)

    def full_disk(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(log, "_append", full_disk)
    pages.open(f"/record/{entry_id}", status=503)

    pages.see_nothing_of("Not for CPR", "Okonkwo", "OKONKWO")
    pages.see("Look for the signed form with the person.", "does not mean that there is no CPR decision")


# --- The stored card -------------------------------------------------------------------------------------------------


def test_every_audience_has_a_card_that_says_what_the_record_says(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    rows = {row.audience: row for row in db.session.scalars(select(StoredCard).where(StoredCard.entry_id == entry_id))}

    recorded = material(entry_id)
    assert set(rows) == {audience_name(tiers) for tiers in AUDIENCES}
    for tiers in AUDIENCES:
        row = rows[audience_name(tiers)]
        fresh = build_summary(
            recorded, tiers, sights=sights(), organisations=find_organisations(recorded), number=row.number
        )
        assert RecordSummary.from_value(row.value) == fresh
        assert row.checksum == cards.checksum(row.value)


def test_a_change_makes_a_newer_card_in_its_own_transaction(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    before = a_card_of(entry_id)

    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    after = a_card_of(entry_id)
    monkeypatch.setattr(cards, "find_organisations", lambda _recorded: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}))

    assert before.number < after.number
    assert after.value["treatment"]["code"] == "treat_at_home"
    assert canonical_json(a_card_of(entry_id).value) == canonical_json(after.value)
    assert material(entry_id).sections["treatment_level"].value["level"] == "treat_at_home"


def a_card_of(entry_id: UUID) -> StoredCard:
    db.session.expire_all()
    row = db.session.get(StoredCard, (entry_id, "T0+T1"))
    assert row is not None
    db.session.expunge(row)
    return row


@pytest.mark.parametrize(
    "lose",
    [
        pytest.param(delete(StoredCard), id="never stored"),
        pytest.param(
            update(StoredCard).values(shape="before", value={"entry_id": NOBODY, "audience": "T0+T1"}),
            id="made by the declarations of an earlier release",
        ),
    ],
)
def test_a_card_that_cannot_be_relied_on_is_built_from_the_record(app: Flask, lose: Any) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, gp, entry_id)

    db.session.execute(lose)
    db.session.commit()
    pages.open(f"/record/{entry_id}")

    pages.see("Not for CPR", "Hospital for comfort only.")
    pages.see_nothing_of("your role cannot see this")


# --- Who sees what ---------------------------------------------------------------------------------------------------

EVERYTHING = {"card", "practical", "plan"}
MATRIX = {
    Role.GP: EVERYTHING,
    Role.OUT_OF_HOURS_GP: EVERYTHING,
    Role.OUT_OF_HOURS_NURSE: EVERYTHING,
    Role.CALL_HANDLER: {"card", "practical"},
    Role.PARAMEDIC: EVERYTHING,  # with a reason, for twelve hours
    Role.COMMUNITY_NURSE: EVERYTHING,
    Role.HOSPICE_NURSE: EVERYTHING,
    Role.HOSPICE_DOCTOR: EVERYTHING,
    Role.CARE_HOME_NURSE: EVERYTHING,
    Role.HOSPITAL_DOCTOR: EVERYTHING,
    Role.ED_CLINICIAN: {"card", "practical"},
    Role.CARE_HOME_SENIOR: {"card", "practical"},
    Role.SOCIAL_WORKER: {"practical"},
    Role.COORDINATOR: EVERYTHING,
}

#: What stands on the page when a reader sees a kind of fact, one of each section.
FACTS = {
    "card": ["Not for CPR", "Hospital for comfort only", "Codeine", "ADRT, document seen", "ICD active", "Home oxygen",
             "Fridge door", "Heart failure", "St Anne's", "Does it refuse CPR?"],
    "practical": ["OKONKWO", "12 Canal Row", "Hospice nurses", "01632 960 101", "Left of the front door",
                  "Large dog, friendly", "Do NOT call Emeka Okonkwo"],
    "plan": ["Grace and her son", "Diabetes"],
}  # fmt: skip


def an_actor_concerned_with(entry_id: UUID, role: Role, gp: Actor, home: Any) -> Actor:
    """Somebody in this role who has the person in their care."""
    if role is Role.GP:
        return gp
    at_home = role in (Role.CARE_HOME_NURSE, Role.CARE_HOME_SENIOR)
    actor = a_clinician(role, home) if at_home else a_clinician(role)
    concern(entry_id, actor)
    return actor


def test_the_matrix_names_every_role_that_opens_records() -> None:
    openers = {role for role in Role if can_ever(Permission.VIEW_CARD, facts_of_role(role, may_sign=False))}

    assert openers == set(MATRIX)


@pytest.mark.parametrize("role", MATRIX)
def test_each_role_sees_its_sections_and_no_word_of_the_others(app: Flask, role: Role) -> None:
    gp, home = a_signer(), an_organisation(type=OrganisationType.CARE_HOME)
    entry_id = a_person_with_everything(gp, care_home_ods=home.ods_code)
    actor = an_actor_concerned_with(entry_id, role, gp, home)

    pages = open_record(app, actor, entry_id)

    for kind, facts in FACTS.items():
        if kind in MATRIX[role]:
            pages.see(*facts)
        else:
            pages.see_nothing_of(*facts)
    hidden = pages.page.text.count("our role cannot see this: ring")
    assert hidden == (0 if "card" in MATRIX[role] else 5), "CPR, treatment level, ADRT, alerts, allergies"


@pytest.mark.parametrize("role", MATRIX)
def test_each_role_is_offered_only_what_it_may_do(app: Flask, role: Role) -> None:
    gp, home = a_signer(), an_organisation(type=OrganisationType.CARE_HOME)
    entry_id = a_person_with_everything(gp, care_home_ods=home.ods_code)
    actor = an_actor_concerned_with(entry_id, role, gp, home)

    page = open_record(app, actor, entry_id).page

    facts = facts_of_role(role, may_sign=False)
    links = {link.get("href", "").removeprefix(f"/record/{entry_id}/") for link in page.all("a")}
    assert ("handover" in links) is can_ever(Permission.PRINT, facts)
    assert ("plan/treatment_level" in links) is can_ever(Permission.EDIT_PLAN, facts)
    assert ("plan/contacts" in links) is can_ever(Permission.EDIT_CONTACTS, facts)
    assert {"history", "who-has-looked"} <= links
    assert ("cpr" in links) is ("card" in MATRIX[role])
    assert ("wrong-person" in page.html) is can_ever(Permission.RECORD_OWN_WITHDRAWAL, facts)


def test_a_call_handler_is_told_to_read_aloud(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    open_record(app, a_clinician(Role.CALL_HANDLER), entry_id).see("Read aloud as it stands, once you know the caller")


def test_a_restricted_address_is_nowhere_on_the_page(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp, address_restricted=True, care_home_ods=None, usual_gp_name="Dr Smithson")

    pages = open_record(app, a_clinician(Role.PARAMEDIC), entry_id)

    pages.see("Address restricted: ring", "Not for CPR")
    pages.see_nothing_of(
        "Canal Row", "LS1 4AP", "01632 960 101", "07700 900 321", "Smithson", gp.organisation_name, "Fridge door",
        "front door", "St Anne", "hall drawer", "Elm Street", "Back door", "Bureau",
    )  # fmt: skip


# --- One tap ---------------------------------------------------------------------------------------------------------


def test_the_code_of_the_key_safe_is_asked_for_and_the_look_is_recorded(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())
    paramedic = a_clinician(Role.PARAMEDIC)
    pages = open_record(app, paramedic, entry_id).see_nothing_of("4711")

    pages.submit("Show key safe code (the look is recorded)")

    pages.see("4711", "Left of the front door")
    (event,) = events(entry_id, EventKind.MASKED_REVEALED)
    assert event.actor_id == paramedic.clinician_id
    assert "4711" not in canonical_json(event.details)


def test_the_code_in_the_form_of_its_section_is_a_look_too(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, gp, entry_id)

    pages.open(f"/record/{entry_id}/plan/contacts")
    assert events(entry_id, EventKind.MASKED_REVEALED) == []

    pages.open(f"/record/{entry_id}/plan/risks")
    assert pages.value_of("key_safe_code") == "4711"
    (event,) = events(entry_id, EventKind.MASKED_REVEALED)
    assert (event.actor_id, event.details["field"]) == (gp.clinician_id, "key_safe_code")


def test_the_code_of_the_key_safe_is_not_for_a_restricted_address_nor_for_whoever_gave_no_reason(app: Flask) -> None:
    gp = a_signer()
    restricted = a_person_with_everything(gp, address_restricted=True)
    pages = open_record(app, gp, restricted)
    token = pages.page.with_class("app-actions")[0].find(".//input[@name='csrf_token']").get("value")  # type: ignore[union-attr]

    answer = pages.browser.post(f"/record/{restricted}/key-safe", data={"csrf_token": token})  # type: ignore[union-attr]

    assert answer.status_code == 404
    assert events(restricted, EventKind.MASKED_REVEALED) == []
    assert len(events(restricted, EventKind.REFUSED)) == 1


def test_wrong_person_is_one_tap_and_puts_the_decision_in_doubt_at_once(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, a_clinician(Role.PARAMEDIC), entry_id)

    pages.submit("Wrong person's CPR decision (puts it in doubt at once)")

    pages.see("The CPR decision is now shown as in doubt, to everybody.", "CPR decision in doubt", "Wrong person?")
    open_record(app, gp, entry_id).see("CPR decision in doubt", "start CPR and get senior advice")


def test_two_taps_on_wrong_person_are_one_flag(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())
    paramedic = a_clinician(Role.PARAMEDIC)
    pages = open_record(app, paramedic, entry_id)
    form = next(form for form in pages.page.forms() if str(form.get("action")).endswith("/wrong-person"))
    fields = {str(box.get("name")): str(box.get("value")) for box in form.iter("input")}

    for _ in range(2):
        answer = pages.browser.post(str(form.get("action")), data=fields)  # type: ignore[union-attr]
        assert answer.status_code == 303

    assert len(material(entry_id).sections["cpr"].value["wrong_person_flags"]) == 1


# --- Closed entries --------------------------------------------------------------------------------------------------


def test_a_removed_entry_shows_nothing_clinical_and_no_proof_of_absence(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    apply_edit(gp, an_edit(entry_id, "lifecycle", {"reason": "moved_away"}, kind="remove"))

    pages = open_record(app, gp, entry_id)

    pages.see("This person is not on the register", "The person moved away.")
    pages.see("This does not mean that there is no CPR decision")
    pages.see_nothing_of("Not for CPR", "Codeine", "Hospital for comfort")


# --- Weight and form -------------------------------------------------------------------------------------------------


def test_the_page_is_light_enough_for_a_poor_line(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)

    pages = open_record(app, gp, entry_id)

    assert len(gzip.compress(pages.page.html.encode())) <= 14_000
    assert weight_of_first_visit(pages) <= 100_000


def weight_of_first_visit(pages: PageClient) -> int:
    """Everything the page names, as a browser that has never been here fetches it."""
    browser = pages.browser
    assert browser is not None
    addresses = [pages.page.url]
    addresses += [str(one.get("href")) for one in pages.page.all("link")]
    addresses += [str(one.get("src")) for one in pages.page.all("script", "img") if one.get("src")]
    answers = [browser.get(address, headers={"Accept-Encoding": "br"}) for address in addresses]
    assert all(answer.status_code == 200 for answer in answers)
    return sum(len(answer.data) for answer in answers)


HOSTILE = '<script>alert(1)</script> {{ 7 * 7 }} {% raw %} O\'Neill & "Sons" 😀 阮'


def test_anything_typed_is_shown_as_text_on_every_page_of_the_record(
    app: Flask, frozen_clock: Callable[[datetime], None]
) -> None:
    gp = a_signer()
    entry_id = a_registered_person(
        gp,
        family_name=HOSTILE,
        preferred_name=HOSTILE,
        address=HOSTILE,
        main_carer_name=HOSTILE,
        key_worker_name=HOSTILE,
    )
    pages = open_record(app, gp, entry_id)
    for section, body in {
        "treatment_level": {"level": "treat_at_home", "guidance": HOSTILE, "agreed_with": HOSTILE},
        "risks": {"infection": HOSTILE, "animals": HOSTILE, "other": HOSTILE, "access_note": HOSTILE},
        "diagnosis": {"primary": HOSTILE, "other": HOSTILE},
        "preferred_places": {"care_first": "home", "care_note": HOSTILE, "note": HOSTILE},
    }.items():
        apply_edit(gp, an_edit(entry_id, section, body))
    item = {"kind": "personal", "name": HOSTILE, "relationship": HOSTILE, "telephone": "01632 960101"}
    apply_edit(gp, an_edit(entry_id, "contacts", {"item_id": str(new_id()), "item": item}, kind="put_item"))

    frozen_clock(datetime(2026, 11, 21, 3, 5, tzinfo=UTC))
    for end in ("", "/history", "/history?at-day=21&at-month=11&at-year=2026&at-time=03:02", "/who-has-looked"):
        pages.open(f"/record/{entry_id}{end}")
        pages.see_nothing_of("<script>alert(1)")
        assert HOSTILE.upper() in pages.page.text
        assert HOSTILE in pages.page.text or end == "/who-has-looked"


# --- A page that stays open ------------------------------------------------------------------------------------------


def test_an_open_page_learns_that_the_record_was_changed_and_nothing_of_what(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, gp, entry_id)
    strip = pages.page.with_class("app-strip")[0]

    before = pages.browser.get(str(strip.get("data-ask")))  # type: ignore[union-attr]
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    after = pages.browser.get(str(strip.get("data-ask")))  # type: ignore[union-attr]

    assert before.json == {"number": int(str(strip.get("data-number")))}
    assert list(after.json) == ["number"]  # type: ignore[arg-type]
    assert after.json["number"] > before.json["number"]  # type: ignore[index]
    assert before.headers["Cache-Control"] == "no-store"


def test_whoever_may_not_see_the_card_is_not_told_whether_it_changed(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())
    stranger = visit(app, a_clinician(Role.HOSPICE_NURSE))

    answer = stranger.browser.get(f"/record/{entry_id}/number")  # type: ignore[union-attr]

    assert answer.status_code == 404


def test_a_page_left_open_keeps_no_session_open(app: Flask, frozen_clock: Callable[[datetime], None]) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    for minute in range(10, 60, 10):
        frozen_clock(datetime(2026, 11, 21, 3, minute, tzinfo=UTC))
        assert pages.browser.get(f"/record/{entry_id}/number").status_code == 200  # type: ignore[union-attr]

    frozen_clock(datetime(2026, 11, 21, 4, 5, tzinfo=UTC))
    pages.open(f"/record/{entry_id}")

    pages.see("You were signed out because this browser was not used for a while.")


def test_a_merged_entry_leads_to_the_one_that_carries_on(app: Flask) -> None:
    gp = a_signer()
    entry_id, survivor = a_person_with_everything(gp), a_registered_person(gp)
    apply_edit(gp, an_edit(entry_id, "lifecycle", {"survivor_id": str(survivor)}, kind="merge"))

    pages = open_record(app, gp, entry_id)

    pages.see("This entry was merged into another").see_nothing_of("Not for CPR", "Codeine")
    assert pages.follow("Open the record").page.url == f"/record/{survivor}"


def test_the_way_from_the_search_to_the_card_is_timed_through_the_reason_page(app: Flask) -> None:
    doctor = a_clinician(Role.OUT_OF_HOURS_GP)
    entry_id = a_person_with_everything(a_signer(), family_name="Birtwistle")
    search = search_people(doctor, who="Birtwistle Grace", born="1941-01-06", where="", typed_seconds=3.0)

    pages = visit(app, doctor).open(f"/record/{entry_id}?search={search.id}")
    pages.fill(reason="cannot_ask", identifiers_checked=["name", "born"]).submit("Open the record")

    timing = db.session.get(SearchTiming, search.id)
    assert timing is not None
    assert timing.shown_at is not None
    pages.open(f"/record/{entry_id}?search=nobodys").see("Not for CPR")


# --- After death -----------------------------------------------------------------------------------------------------


def test_a_death_says_who_told_of_it_and_who_confirmed_it_where_and_why_there(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    handler = a_clinician(Role.OUT_OF_HOURS_NURSE, name="Lee Hart")
    concern(entry_id, handler)
    died = {"died_on": "2026-11-20"}
    apply_edit(handler, an_edit(entry_id, "lifecycle", died, kind="report_death"))

    pages = open_record(app, gp, entry_id)
    pages.see("Death reported for 20-Nov-2026 by Lee Hart", "Not confirmed")

    where = {"place": "hospice", "place_name": "St Anne's", "variance_reason": "Could not be kept comfortable at home"}
    apply_edit(gp, an_edit(entry_id, "lifecycle", {**died, **where}, kind="confirm_death"))
    pages.open(f"/record/{entry_id}")
    pages.see("Death confirmed 20-Nov-2026", "Place of death Hospice, St Anne's")
    pages.see("Why not where they wished Could not be kept comfortable at home", "Put on the register")
