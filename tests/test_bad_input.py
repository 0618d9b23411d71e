"""What bad input gets: a clear sentence, no change, and nothing typed is lost; on both databases."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from werkzeug.datastructures import MultiDict

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.versions.model import Edit, Entry
from epaccs.versions.queries import find_recorded
from tests.factories import a_clinician, a_consent, a_registered_person, an_identity, sign_in
from tests.pages import PageClient

REASON = {"reason": "permission_given", "identifiers_checked": ["name", "born"]}
HOSTILE = [
    pytest.param("<script>alert(1)</script><img src=x onerror=alert(1)>", id="markup"),
    pytest.param("{{ 7*7 }} {% raw %} ${7*7} #{7*7}", id="template syntax"),
    pytest.param("' OR 1=1; DROP TABLE entry; --", id="quotes and SQL"),
    pytest.param("שלום \u200fالسلام\u200e עולם", id="right to left"),
    pytest.param("🧑‍⚕️ café Nguyễn O'Neill 漢字", id="emoji and accents"),
]


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def browser(app: Flask, gp: Actor) -> PageClient:
    page = PageClient(app)
    sign_in(page.browser, gp)
    return page


def registration(gp: Actor, **changes: object) -> dict[str, object]:
    """Everything the form of registration asks for, as typed."""
    practice = db.session.get(Organisation, gp.organisation_id)
    assert practice is not None
    identity = {name: typed for name, typed in an_identity(practice).items() if name != "address_restricted"}
    return {
        **identity,
        "born_on": date(1941, 1, 6),
        "primary_diagnosis": "Heart failure",
        "register_status": "given",
        "register_decided_by": "The person",
        "register_decided_on": date(2026, 11, 1),
        "share_status": "given",
        "share_decided_by": "The person",
        "share_decided_on": date(2026, 11, 1),
        **changes,
    }


def check_stands(browser: PageClient, typed: dict[str, object]) -> None:
    """Everything that was typed still stands in its box."""
    for name, answer in typed.items():
        if isinstance(answer, date):
            boxes = [browser.value_of(f"{name}-{box}") for box in ("day", "month", "year")]
            assert boxes == [str(answer.day), str(answer.month), str(answer.year)], name
        else:
            assert browser.value_of(name) == answer, name


def people() -> int:
    return db.session.scalar(select(func.count()).select_from(Entry)) or 0


def opened(browser: PageClient, entry: UUID) -> PageClient:
    """The record, after the reason was given where it is still asked for."""
    browser.open(f"/record/{entry}")
    return browser.fill(**REASON).submit("Open the record") if browser.page.heading == "Open this record" else browser


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("999 000 0019", id="wrong check digit"),
        pytest.param("999 ABC 0018", id="letters"),
        pytest.param("999000001", id="nine digits"),
        pytest.param("99900000180", id="eleven digits"),
    ],
)
def test_a_wrong_nhs_number_is_refused_and_everything_typed_stays(browser: PageClient, gp: Actor, number: str) -> None:
    browser.open("/register/new").fill(**registration(gp, nhs_number=number)).submit("Put on the register", status=422)

    assert len(browser.errors()) == 1
    assert browser.value_of("nhs_number") == number
    assert browser.value_of("given_name") == "Grace"
    assert people() == 0


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("9990000018", id="plain"),
        pytest.param("  999-000-0018 ", id="dashes and spaces"),
        pytest.param("９９９０００００１８", id="full-width digits"),
    ],
)
def test_an_nhs_number_is_read_however_it_is_spaced(browser: PageClient, gp: Actor, number: str) -> None:
    browser.open("/register/new").fill(**registration(gp, nhs_number=number)).submit("Put on the register")

    browser.see("999 000 0018")


@pytest.mark.parametrize(
    ("day", "month", "year", "sentence"),
    [
        pytest.param("31", "02", "1940", "must be a real date", id="31-02-1940"),
        pytest.param("30", "02", "40", "four digits", id="30/02/40"),
        pytest.param("1", "1", "2090", "today or in the past", id="the future"),
        pytest.param("1", "1", "1850", "on or after", id="1850"),
        pytest.param("x", "1", "1940", "as a number", id="a letter for a day"),
        pytest.param("", "", "", "Enter the date of birth", id="nothing"),
    ],
)
def test_a_date_that_cannot_be_is_refused(
    browser: PageClient, gp: Actor, day: str, month: str, year: str, sentence: str
) -> None:
    answers = {**registration(gp)}
    answers.pop("born_on")
    browser.open("/register/new").fill(**answers)
    browser.typed.update({"born_on-day": day, "born_on-month": month, "born_on-year": year})

    browser.submit("Put on the register", status=422)

    assert [sentence in one for one in browser.errors()] == [True]
    assert [browser.value_of(f"born_on-{box}") for box in ("day", "month", "year")] == [day, month, year]
    check_stands(browser, answers)
    assert people() == 0


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_kept_as_text_and_shown_as_text(browser: PageClient, gp: Actor, words: str) -> None:
    entry = a_registered_person(gp)
    opened(browser, entry).open(f"/record/{entry}/plan/treatment_level")

    browser.fill(level="treat_at_home", guidance=words).submit("Save")

    browser.see(words)
    recorded = find_recorded(entry, "treatment_level")
    assert recorded is not None
    assert recorded.value["guidance"] == words


def test_two_hundred_thousand_characters_are_kept_whole_and_more_is_refused(browser: PageClient, gp: Actor) -> None:
    entry = a_registered_person(gp)
    words = "wish " * 39_999 + "wish."
    opened(browser, entry).open(f"/record/{entry}/plan/treatment_level")
    browser.fill(level="treat_at_home", guidance=words).submit("Save")
    recorded = find_recorded(entry, "treatment_level")
    assert recorded is not None
    assert recorded.value["guidance"] == words

    browser.open(f"/record/{entry}/plan/treatment_level").fill(guidance=words + "more").submit("Save", status=422)

    assert any("200,000" in one for one in browser.errors())
    assert find_recorded(entry, "treatment_level") == recorded


@pytest.mark.parametrize(
    ("family_name", "shown"),
    [
        pytest.param("O'Neill", "O'NEILL, Grace", id="an apostrophe"),
        pytest.param("Nguyễn", "NGUYỄN, Grace", id="accents"),
        pytest.param("Y", "Y, Grace", id="one letter"),
        pytest.param("de la Cruz", "DE LA CRUZ, Grace", id="several words"),
        pytest.param("李", "李, Grace", id="another script"),
        pytest.param("<b>Bold</b>", "<B>BOLD</B>, Grace", id="markup"),
        pytest.param("{{ name }} {% raw %}", "{{ NAME }} {% RAW %}, Grace", id="template syntax"),
        pytest.param("Rose 🌹", "ROSE 🌹, Grace", id="an emoji"),
    ],
)
def test_a_name_is_kept_as_typed_and_found_again(browser: PageClient, gp: Actor, family_name: str, shown: str) -> None:
    typed = registration(gp, family_name=family_name)
    browser.open("/register/new").fill(**typed).submit("Put on the register")

    browser.open("/").see(shown)
    browser.open("/search").fill(who=family_name, born="1941-01-06").submit("Find").see(shown)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("Okonkwo\u200f", "an invisible mark of direction", id="right-to-left mark"),
        pytest.param("O\u202ekonkwo", "a hidden mark that changes the order of letters", id="right-to-left override"),
        pytest.param("Okonkwo\x00", "a null character", id="null byte"),
        pytest.param("---", "at least one letter", id="no letter"),
        pytest.param("x" * 201, "it can hold 200 characters", id="too long"),
    ],
)
def test_a_name_that_would_not_read_in_one_way_is_refused(
    browser: PageClient, gp: Actor, name: str, sentence: str
) -> None:
    typed = registration(gp, family_name=name)

    browser.open("/register/new").fill(**typed).submit("Put on the register", status=422)

    assert [sentence in one for one in browser.errors()] == [True]
    check_stands(browser, {**typed, "family_name": name.replace("\x00", "\ufffd")})
    assert people() == 0


def test_what_a_browser_sends_for_half_a_character_is_refused(browser: PageClient, gp: Actor) -> None:
    entry = a_registered_person(gp)
    opened(browser, entry).open(f"/record/{entry}/plan/treatment_level")

    browser.fill(level="treat_at_home", guidance="a\ufffdb").submit("Save", status=422)

    assert any("something that could not be read, which cannot be kept" in one for one in browser.errors())
    assert find_recorded(entry, "treatment_level") is None


def test_bytes_that_are_no_characters_are_kept_as_the_signs_they_arrived_as(browser: PageClient, gp: Actor) -> None:
    entry = a_registered_person(gp)
    body = urlencode(list(_raw_form(browser, entry, guidance=["half"]).items(multi=True)))
    half_a_pair = body.replace("guidance=half", "guidance=a%ED%A0%80b")

    browser.browser.post(
        f"/record/{entry}/plan/treatment_level", data=half_a_pair, content_type="application/x-www-form-urlencoded"
    )

    opened(browser, entry).see("a%ED%A0%80b")


def test_a_form_larger_than_the_whole_is_refused_with_what_to_do(browser: PageClient, gp: Actor) -> None:
    entry = a_registered_person(gp)
    form = _raw_form(browser, entry, guidance=["x" * 5_000_000])

    answer = browser.browser.post(f"/record/{entry}/plan/treatment_level", data=form)

    assert answer.status_code == 413
    assert "A field takes up to 200,000 characters" in answer.text
    assert find_recorded(entry, "treatment_level") is None


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("a\x00b", id="null byte"),
        pytest.param("a\u202eb", id="mark that turns the order around"),
        pytest.param("a\x07b", id="bell"),
    ],
)
def test_a_character_that_cannot_be_kept_is_named(browser: PageClient, gp: Actor, sent: str) -> None:
    entry = a_registered_person(gp)
    opened(browser, entry).open(f"/record/{entry}/plan/treatment_level")

    browser.fill(level="treat_at_home", guidance=sent).submit("Save", status=422)

    assert any("cannot be kept" in one for one in browser.errors())
    assert find_recorded(entry, "treatment_level") is None


def _raw_form(browser: PageClient, entry: UUID, **changes: list[str]) -> MultiDict[str, str]:
    """The treatment level's form as a browser would send it, with names given any number of times."""
    opened(browser, entry).open(f"/record/{entry}/plan/treatment_level")
    fields: dict[str, list[str]] = {
        name: [str(browser.value_of(name))] for name in ("csrf_token", "edit_id", "base_version", "guidance")
    }
    for name in ("agreed_with", "contradiction_reason", "decided_on-day", "decided_on-month", "decided_on-year"):
        fields[name] = [""]
    fields |= {"level": ["treat_at_home"], "action": ["save"], **changes}
    return MultiDict([(name, one) for name, values in fields.items() for one in values])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"guidance": ["one", "two"]}, "sent twice", id="a field twice"),
        pytest.param({"guidance": []}, "did not arrive", id="a field missing"),
        pytest.param({"is_admin": ["yes"]}, "does not know", id="a field nobody asked for"),
        pytest.param({"edit_id": ["not an id"]}, "without its number", id="no number of the edit"),
        pytest.param({"base_version": ["minus one"]}, "which version", id="no version"),
        pytest.param({"base_version": ["99"]}, "does not hold", id="a version that is not there"),
    ],
)
def test_a_form_that_did_not_arrive_whole_changes_nothing(
    browser: PageClient, gp: Actor, changes: dict[str, list[str]], sentence: str
) -> None:
    entry = a_registered_person(gp)
    form = _raw_form(browser, entry, **changes)

    answer = browser.browser.post(f"/record/{entry}/plan/treatment_level", data=form)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert find_recorded(entry, "treatment_level") is None


def test_a_form_sent_twice_has_one_effect(browser: PageClient, gp: Actor) -> None:
    entry = a_registered_person(gp)
    form = _raw_form(browser, entry)

    answers = [browser.browser.post(f"/record/{entry}/plan/treatment_level", data=form).status_code for _ in range(2)]

    assert answers == [303, 303]
    recorded = find_recorded(entry, "treatment_level")
    assert recorded is not None
    assert recorded.version == 1


def test_the_same_form_with_other_words_is_not_taken_for_a_repeat(browser: PageClient, gp: Actor) -> None:
    entry = a_registered_person(gp)
    form = _raw_form(browser, entry)
    browser.browser.post(f"/record/{entry}/plan/treatment_level", data=form)
    changed = form.copy()
    changed["level"] = "comfort_only"

    answer = browser.browser.post(f"/record/{entry}/plan/treatment_level", data=changed)

    assert answer.status_code == 422
    assert "sent before with other words" in answer.text


def test_a_stale_form_is_held_and_leads_to_both_sides(browser: PageClient, gp: Actor) -> None:
    entry = a_registered_person(gp)
    first, second = _raw_form(browser, entry), _raw_form(browser, entry, level=["comfort_only"])
    browser.browser.post(f"/record/{entry}/plan/treatment_level", data=first)

    browser.browser.post(f"/record/{entry}/plan/treatment_level", data=second)

    recorded = find_recorded(entry, "treatment_level")
    assert recorded is not None
    assert (recorded.value["level"], recorded.disputed) == ("treat_at_home", True)
    browser.open("/held").see("Treatment level")


@pytest.mark.parametrize("path", ["", "/cpr", "/history", "/plan/legal", "/handover", "/identity", "/held/x"])
def test_another_practices_patient_is_as_if_absent(app: Flask, gp: Actor, path: str) -> None:
    """The person shares nothing, so that not even an emergency opens it from outside."""
    entry = a_registered_person(gp, consent=a_consent(share_status="refused"))
    page = PageClient(app)
    sign_in(page.browser, a_clinician(Role.GP))

    known, unknown = (page.browser.get(f"/record/{one}{path}") for one in (entry, new_id()))

    assert (known.status_code, unknown.status_code) == (404, 404)
    assert "Testperson" not in known.text


@pytest.mark.parametrize(
    "path",
    [
        "/plan/treatment_level",
        "/cpr/sign",
        "/consent",
        "/remove",
        "/death",
        "/looks-wrong",
        "/wrong",
        "/used",
        "/happened",
        "/call",
        "/key-safe",
        "/open",
    ],
)
def test_a_change_of_another_practices_patient_is_as_if_absent_and_leaves_a_trace(
    app: Flask, gp: Actor, path: str
) -> None:
    entry = a_registered_person(gp, consent=a_consent(share_status="refused"))
    stranger = a_clinician(Role.GP)
    page = PageClient(app)
    sign_in(page.browser, stranger)
    token = page.open("/search").value_of("csrf_token")
    edits = db.session.scalar(select(func.count()).select_from(Edit))

    sent = {"csrf_token": token, "edit_id": str(new_id()), "base_version": "0", "reason": "permission_given"}
    known, unknown = (page.browser.post(f"/record/{one}{path}", data=sent) for one in (entry, new_id()))

    assert (known.status_code, unknown.status_code) == (404, 404)
    assert "Testperson" not in known.text
    assert db.session.scalar(select(func.count()).select_from(Edit)) == edits
    refusals = select(AuditEvent).where(AuditEvent.kind == str(EventKind.REFUSED), AuditEvent.entry_id == entry)
    assert [one.actor_id for one in db.session.scalars(refusals)] == [stranger.clinician_id]


@pytest.mark.parametrize(
    "path", ["/record/1", "/record/%00", "/record/../../etc/passwd", "/held/'", "/record/999 000 0018"]
)
def test_an_address_that_is_none_is_not_found(browser: PageClient, path: str) -> None:
    assert browser.browser.get(path).status_code == 404


def test_what_was_typed_when_the_session_ended_is_there_for_the_same_person_only(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp)
    mine = PageClient(app)
    sign_in(mine.browser, gp)
    form = _raw_form(mine, entry, guidance=["Only the two of us know"])
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE clinician_session SET ended_at = created_at"))

    answer = mine.browser.post(f"/record/{entry}/plan/treatment_level", data=form)
    other = PageClient(app)
    sign_in(other.browser, a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id)))

    assert answer.status_code in (303, 401, 422)
    assert find_recorded(entry, "treatment_level") is None
    opened(other, entry).open(f"/record/{entry}/plan/treatment_level").see_nothing_of("Only the two of us know")
    sign_in(mine.browser, gp)
    opened(mine, entry).open(f"/record/{entry}/plan/treatment_level").see("Only the two of us know")
