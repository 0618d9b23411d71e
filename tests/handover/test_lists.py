"""A list on paper: each line is a sheet of its own, on both databases, through the real writer."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pdfplumber
import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason, Tier
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.coordination.actions import begin_round
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, Stale
from epaccs.core.fields import format_date, local_date
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.rules import EditKind
from epaccs.handover import pdf
from epaccs.handover.actions.lists import ListOrder, note_list_destroyed, print_list
from epaccs.handover.actions.sheets import PrintedSheet, check_sheet, note_collected
from epaccs.handover.model import HandoverList, HandoverSheet
from epaccs.handover.queries import lists
from epaccs.handover.queries import sheets as sheet_queries
from epaccs.handover.queries.lists import ListOnPaper
from epaccs.handover.rules import SheetStatus, check_may_be_listed, format_code
from epaccs.notices.model import Notice
from epaccs.notices.rules import NoticeKind
from epaccs.record.queries.summaries import find_summaries
from epaccs.settings import Settings
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.coordination.residents import a_home, a_resident
from tests.cpr_decisions.test_actions import a_decision, do
from tests.factories import a_clinician, an_edit, sign_in
from tests.handover.codes import codes_of
from tests.handover.test_printing import remove, text_of
from tests.pages import PageClient

ORDER = ListOrder("night shift", "Office, handover folder")


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True, name="Dr A Patel")


@pytest.fixture
def home(app: Flask) -> Organisation:
    return a_home()


@pytest.fixture
def partner(gp: Actor) -> Actor:
    """A colleague who did not put the residents on the register, so is asked for a reason."""
    return a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id), may_sign=True)


def listed(actor: Actor, home: Organisation, settings: Settings, *, order: ListOrder = ORDER) -> PrintedSheet:
    begin_round(actor, home.id, reason=AccessReason.PERMISSION_GIVEN)
    return print_list(actor, new_id(), place_id=home.id, order=order, settings=settings)


def the_list(printed: PrintedSheet) -> HandoverList:
    db.session.rollback()
    return db.session.scalars(select(HandoverList).where(HandoverList.code == printed.number.replace("-", ""))).one()


def lines_of(printed: PrintedSheet) -> dict[UUID, HandoverSheet]:
    rows = db.session.scalars(select(HandoverSheet).where(HandoverSheet.list_id == the_list(printed).id))
    return {row.entry_id: row for row in rows}


def audited(kind: EventKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.id)))


def check(code: str) -> Any:
    return check_sheet(code, address="127.0.0.1")


# --- What stands on it -----------------------------------------------------------------------------------------------


def test_a_list_says_who_each_is_beside_the_line_about_cpr(gp: Actor, home: Organisation, settings: Settings) -> None:
    decided = a_resident(gp, home, room="Room 1", family_name="Okonkwo")
    a_resident(gp, home, room="Room 2", family_name="Bell")
    do(gp, decided, EditKind.SIGN, a_decision())

    printed = listed(gp, home, settings)

    words = text_of(printed.content)
    for expected in ("Round of Hill House", "OKONKWO, Grace", "Room 1", "06-Jan-1941", "Not for CPR", "BELL, Grace"):
        assert expected in words
    assert "No CPR decision recorded here" in words
    assert "For staff only" in words
    assert "night shift" in words
    for line in lines_of(printed).values():
        assert format_code(line.code) in words
    assert set(codes_of(printed.content or b"")) == {f"{settings.public_url}/check/{printed.number}"}


def test_a_list_names_the_moment_instead_of_an_age(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    do(gp, resident, EditKind.SIGN, a_decision())

    words = text_of(listed(gp, home, settings).content)

    assert "minutes ago" not in words
    assert "Valid as at" in words


def test_what_is_from_somebody_else_is_on_no_list(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    secret = "[[Her son drinks]] No drip."
    apply_edit(gp, an_edit(resident, "treatment_level", {"level": "comfort_only", "guidance": secret}))
    tiers = frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION})

    def guidance(*, for_paper: bool) -> str:
        treatment = find_summaries([resident], tiers, for_paper=for_paper)[resident].treatment
        return treatment.guidance if treatment else ""

    assert "drinks" in guidance(for_paper=False)
    assert guidance(for_paper=True) == "[A passage is withheld] No drip."
    assert "drinks" not in text_of(listed(gp, home, settings).content)


def test_a_long_list_with_long_words_is_laid_out_whole_and_tagged(
    gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_name = "Wolfeschlegelsteinhausenberg" * 3
    for number in range(3):
        a_resident(gp, home, room=f"Room {number}", family_name=long_name, given_name="Zoë <b>{{ 7 * 7 }}")
    begin_round(gp, home.id, reason=AccessReason.PERMISSION_GIVEN)
    read = lists.read_list

    def read_many(*asked: Any, **how: Any) -> Any:
        contents = read(*asked, **how)
        return replace(contents, found=replace(contents.found, residents=contents.found.residents * 20))

    monkeypatch.setattr(lists, "read_list", read_many)
    printed = print_list(gp, new_id(), place_id=home.id, order=ORDER, settings=settings)

    assert printed.content is not None
    with pdfplumber.open(io.BytesIO(printed.content)) as document:
        pages = [page.extract_text() for page in document.pages]
    together = "".join(pages).replace("\n", "").replace(" ", "")
    assert together.count("<b>{{7*7}}") == 60
    assert len(pages) > 5
    for words in (printed.number, "For staff only", "Where and who", "Check before relying"):
        assert all(words in page.replace("\n", " ") for page in pages)
    with pikepdf.open(io.BytesIO(printed.content)) as document:
        assert document.Root.MarkInfo.Marked


# --- Who may stand on it ---------------------------------------------------------------------------------------------


def test_no_list_is_printed_of_part_of_a_home(
    gp: Actor, partner: Actor, home: Organisation, settings: Settings
) -> None:
    a_resident(gp, home)
    begin_round(partner, home.id, reason=AccessReason.PERMISSION_GIVEN)
    later = a_resident(gp, home)

    with pytest.raises(RuleBroken, match="Say first why you open these records"):
        print_list(partner, new_id(), place_id=home.id, order=ORDER, settings=settings)

    assert db.session.scalars(select(HandoverList)).all() == []
    assert later in lines_of(listed(partner, home, settings))


def test_nobody_and_too_many_are_no_list(gp: Actor, home: Organisation, settings: Settings) -> None:
    with pytest.raises(RuleBroken, match="Nobody is on this list"):
        listed(gp, home, settings)

    a_resident(gp, home)
    found = lists.read_list(gp, home.id, settings=settings).found
    check_may_be_listed(found)
    with pytest.raises(RuleBroken, match="201 people are in your care here: more than a list holds"):
        check_may_be_listed(replace(found, too_many=201))


def test_only_whoever_goes_on_rounds_prints_a_list(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)

    for role, its in ((Role.PARAMEDIC, None), (Role.CARE_HOME_SENIOR, home)):
        with pytest.raises(Forbidden, match="may not print the list of a care home or a team"):
            print_list(a_clinician(role, its), new_id(), place_id=home.id, order=ORDER, settings=settings)
    with pytest.raises(NotFound):
        print_list(gp, new_id(), place_id=new_id(), order=ORDER, settings=settings)


# --- What is kept of it ----------------------------------------------------------------------------------------------


def test_each_line_is_kept_and_audited_as_a_sheet_of_its_person(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    people = {a_resident(gp, home, room="Room 1"), a_resident(gp, home, room="Room 2")}

    printed = listed(gp, home, settings)

    lines = lines_of(printed)
    assert set(lines) == people
    assert {line.status for line in lines.values()} == {SheetStatus.CURRENT}
    assert len({line.code for line in lines.values()} | {the_list(printed).code}) == 3
    assert {event.entry_id for event in audited(EventKind.PRINTED)} == people
    assert {event.details["list_id"] for event in audited(EventKind.PRINTED)} == {str(the_list(printed).id)}
    for entry_id in people:
        [copy] = sheet_queries.paper_copies(gp, entry_id)
        assert (copy.list_number, copy.printed_for) == (printed.number, "night shift")
        [held] = sheet_queries.find_sheets_of(entry_id)
        assert held.name == f"Line {copy.number} of list {printed.number}"


def test_the_same_form_prints_one_list(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    form = new_id()

    first = print_list(gp, form, place_id=home.id, order=ORDER, settings=settings)
    again = print_list(gp, form, place_id=home.id, order=ORDER, settings=settings)

    assert (again.number, again.content) == (first.number, None)
    assert len(audited(EventKind.PRINTED)) == 1
    with pytest.raises(NotFound):
        print_list(gp, form, place_id=gp.organisation_id, order=ORDER, settings=settings)


def test_the_same_form_sent_twice_at_once_prints_one_list(
    gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_resident(gp, home)
    form, render = new_id(), pdf.render_list
    others: list[PrintedSheet] = []

    def print_in_between(paper: Any) -> pdf.Rendered:
        monkeypatch.setattr(pdf, "render_list", render)
        others.append(print_list(gp, form, place_id=home.id, order=ORDER, settings=settings))
        return render(paper)

    monkeypatch.setattr(pdf, "render_list", print_in_between)

    second = print_list(gp, form, place_id=home.id, order=ORDER, settings=settings)

    assert (second.number, second.content) == (others[0].number, None)
    assert len(audited(EventKind.PRINTED)) == 1
    assert the_list(second).content_hash == hashlib.sha256(others[0].content or b"").hexdigest()


def test_a_failure_leaves_numbers_that_no_paper_has(
    gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_resident(gp, home)
    form = new_id()
    with monkeypatch.context() as broken:
        broken.setattr(pdf, "render_list", lambda _paper: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            print_list(gp, form, place_id=home.id, order=ORDER, settings=settings)
    [paper] = db.session.scalars(select(HandoverList)).all()
    assert (paper.printed_at, check(paper.code)) == (None, None)
    [line] = db.session.scalars(select(HandoverSheet)).all()
    assert line.status == SheetStatus.RESERVED

    printed = print_list(gp, form, place_id=home.id, order=ORDER, settings=settings)

    assert printed.number == format_code(paper.code)
    assert [one.code for one in lines_of(printed).values()] == [line.code]


def test_a_change_while_it_is_laid_out_makes_the_list_again(
    gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = a_resident(gp, home)
    render = pdf.render_list
    changes = iter([lambda: do(gp, resident, EditKind.SIGN, a_decision())])

    def change_first(paper: Any) -> pdf.Rendered:
        rendered = render(paper)
        next(changes, lambda: None)()
        return rendered

    monkeypatch.setattr(pdf, "render_list", change_first)

    printed = listed(gp, home, settings)

    assert "Not for CPR" in text_of(printed.content)
    assert lines_of(printed)[resident].versions["cpr"] == 1


def test_a_list_whose_records_change_again_and_again_is_not_printed(
    gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = a_resident(gp, home)
    render = pdf.render_list

    def change_always(paper: Any) -> pdf.Rendered:
        apply_edit(gp, an_edit(resident, "risks", {"animals": str(new_id())}, base_version=_version(resident)))
        return render(paper)

    monkeypatch.setattr(pdf, "render_list", change_always)
    with pytest.raises(Stale):
        listed(gp, home, settings)

    assert audited(EventKind.PRINTED) == []


def _version(entry_id: UUID) -> int:
    recorded = find_recorded(entry_id, "risks")
    return recorded.version if recorded else 0


def test_a_line_of_a_restricted_person_is_kept_without_a_place(gp: Actor, settings: Settings) -> None:
    hidden = a_resident(gp, a_home(), address_restricted=True)

    printed = print_list(gp, new_id(), place_id=gp.organisation_id, order=ORDER, settings=settings)

    line = lines_of(printed)[hidden]
    assert (line.place, line.tells_address) == ("", False)
    words = text_of(printed.content)
    assert "In the care of this team" in words
    assert "restricted" in words
    for telling in ("Moor Lane", "Hill House", gp.organisation_name):
        assert telling not in words


def test_a_list_without_a_restricted_person_names_the_team(gp: Actor, settings: Settings) -> None:
    a_resident(gp, a_home())

    printed = print_list(gp, new_id(), place_id=gp.organisation_id, order=ORDER, settings=settings)

    assert f"In the care of {gp.organisation_name}" in text_of(printed.content)


# --- Whether it still holds ------------------------------------------------------------------------------------------


def test_a_change_calls_back_the_line_and_not_its_neighbour(gp: Actor, home: Organisation, settings: Settings) -> None:
    changed, same = a_resident(gp, home, room="Room 1"), a_resident(gp, home, room="Room 2")
    printed = listed(gp, home, settings)
    found = check(printed.number)
    assert isinstance(found, ListOnPaper)
    assert (found.lines, found.wrong) == (2, 0)

    do(gp, changed, EditKind.SIGN, a_decision())

    found = check(printed.number)
    assert (found.lines, found.wrong) == (2, 1)
    lines = lines_of(printed)
    assert check(lines[changed].code).status is SheetStatus.REPLACED
    assert check(lines[same].code).status is SheetStatus.CURRENT
    told = select(Notice.entry_id).where(Notice.kind == str(NoticeKind.PAPER_OUT_OF_DATE))
    assert set(db.session.scalars(told)) == {changed}


def test_whoever_leaves_the_register_makes_their_line_wrong(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    printed = listed(gp, home, settings)

    remove(gp, resident)

    assert check(printed.number).wrong == 1
    assert lines_of(printed)[resident].status == SheetStatus.WITHDRAWN


def test_a_destroyed_line_takes_the_whole_list_with_it(gp: Actor, home: Organisation, settings: Settings) -> None:
    changed, other = a_resident(gp, home, room="Room 1"), a_resident(gp, home, room="Room 2")
    printed = listed(gp, home, settings)
    do(gp, changed, EditKind.SIGN, a_decision())

    note_collected(gp, lines_of(printed)[changed].id, entry_id=changed)

    assert all(line.collected_at for line in lines_of(printed).values())
    assert {event.entry_id for event in audited(EventKind.PAPER_COLLECTED)} == {changed, other}
    assert not sheet_queries.has_paper_to_collect(changed)
    assert lists.find_former(gp, home.id) == []


def test_somebody_elsewhere_destroys_no_list_of_others(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    line = lines_of(listed(gp, home, settings))[resident]
    night = a_clinician(Role.OUT_OF_HOURS_GP)
    given = {"identifiers_checked": ["name", "born"], "cannot_check": False}
    give_reason(night, resident, reason=AccessReason.PERMISSION_GIVEN, **given)
    assert [copy.is_ours for copy in sheet_queries.paper_copies(night, resident)] == [False]

    with pytest.raises(RuleBroken, match="Whoever printed this list says that it is destroyed"):
        note_collected(night, line.id, entry_id=resident)

    assert [copy.is_ours for copy in sheet_queries.paper_copies(gp, resident)] == [True]
    note_collected(gp, line.id, entry_id=resident)
    assert lists.find_former(gp, home.id) == []


def test_the_lists_before_are_destroyed_only_where_somebody_says_so(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    a_resident(gp, home)
    first = listed(gp, home, settings)
    second = listed(gp, home, settings)
    assert [one.number for one in lists.find_former(gp, home.id)] == [second.number, first.number]

    third = listed(gp, home, settings, order=replace(ORDER, destroyed=(the_list(first).id,)))

    assert [one.number for one in lists.find_former(gp, home.id)] == [third.number, second.number]
    assert lists.find_former(a_clinician(Role.GP), home.id) == []


def test_a_list_is_destroyed_by_the_team_that_printed_it(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    paper = the_list(listed(gp, home, settings))

    for stranger, list_id in ((a_clinician(Role.GP), paper.id), (gp, new_id())):
        with pytest.raises(NotFound):
            note_list_destroyed(stranger, list_id)
    assert len(lists.find_former(gp, home.id)) == 1

    assert note_list_destroyed(gp, paper.id) == home.id
    assert lists.find_former(gp, home.id) == []


# --- The pages -------------------------------------------------------------------------------------------------------


def test_from_the_round_to_the_paper_and_back(app: Flask, gp: Actor, partner: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home, family_name="Okonkwo")
    pages = PageClient(app)
    sign_in(pages.browser, partner)
    pages.open(f"/handover/ward/{home.id}").see("Not everybody is on it yet").see_nothing_of("Okonkwo")
    pages.follow("Say why you open these records").fill(reason="permission_given").submit("Show the list")
    pages.follow("Print this list").see("Print a list: Round of Hill House", "1 resident", "No printed list is out")
    pages.submit("Print the list", status=422)
    assert pages.errors() == ["Enter the name or shift of whoever gets it"]

    fields = {name: pages.value_of(name) for name in ("csrf_token", "edit_id")}
    answers = {**fields, "printed_for": "night shift", "kept_at": "Office", "action": "save"}
    response = pages.browser.post(f"/handover/ward/{home.id}", data=answers)

    [paper] = db.session.scalars(select(HandoverList)).all()
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Disposition"] == f'inline; filename="list-{format_code(paper.code)}.pdf"'
    again = pages.browser.post(f"/handover/ward/{home.id}", data={**answers, "destroyed": str(paper.id)})
    assert again.status_code == 303
    unnumbered = pages.browser.post(f"/handover/ward/{home.id}", data={**answers, "edit_id": ""})
    assert unnumbered.status_code == 422
    assert "This form came without its number" in unnumbered.text
    pages.open(f"/handover/ward/{home.id}").see(format_code(paper.code), "No line about CPR changed", "Office")
    pages.see("Which older lists are destroyed?", f"List {format_code(paper.code)}, valid as at")
    pages.see_nothing_of("Okonkwo")
    pages.submit(f"Mark as destroyed list {format_code(paper.code)}").see(
        "Noted: this list is destroyed.", "No printed list is out"
    )
    assert sheet_queries.paper_copies(gp, resident)[0].collected_at


def test_what_is_typed_stands_as_text_on_paper_and_is_shown_again_where_it_is_refused(
    app: Flask, gp: Actor, home: Organisation
) -> None:
    a_resident(gp, home)
    begin_round(gp, home.id, reason=AccessReason.PERMISSION_GIVEN)
    pages = PageClient(app)
    sign_in(pages.browser, gp)
    pages.open(f"/rounds/{home.id}").fill(reason="permission_given").submit("Show the list")
    pages.open(f"/handover/ward/{home.id}")
    fields = {name: pages.value_of(name) for name in ("csrf_token", "edit_id")}
    typed = {**fields, "action": "save", "kept_at": "<b>{{ 7 * 7 }}</b>"}

    for refused in ("x" * 121, "night\0shift"):
        response = pages.browser.post(f"/handover/ward/{home.id}", data={**typed, "printed_for": refused})
        assert response.status_code == 422
        assert "&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;" in response.text
    assert db.session.scalars(select(HandoverList)).all() == []

    response = pages.browser.post(f"/handover/ward/{home.id}", data={**typed, "printed_for": "<i>nights</i>"})

    assert response.status_code == 200
    assert "<i>nights</i>" in text_of(response.data)


def test_the_list_of_the_own_team_needs_no_id(app: Flask, gp: Actor, home: Organisation) -> None:
    a_resident(gp, home)
    pages = PageClient(app)
    sign_in(pages.browser, gp)

    pages.open("/handover/ward").see("Print a list: In the care of", "1 more person is not shown")


def test_anybody_may_ask_whether_a_list_holds_and_learns_nothing_of_anybody(
    app: Flask, gp: Actor, home: Organisation, settings: Settings
) -> None:
    resident = a_resident(gp, home, family_name="Okonkwo")
    number = listed(gp, home, settings).number
    stranger = PageClient(app)

    stranger.open(f"/check/{number}").see("No CPR line of this list has changed", "only the record says")
    do(gp, resident, EditKind.SIGN, a_decision())
    stranger.open(f"/check/{number}").see("Some lines of this list may be wrong", "1 of its 1 line may be wrong since")
    stranger.see("whether it is that one. Whoever came into care since is not on it.")
    stranger.see_nothing_of("Okonkwo", "Hill House", "Not for CPR", "night shift")


def test_a_list_is_ticked_off_by_its_number_where_it_was_printed(
    app: Flask, gp: Actor, home: Organisation, settings: Settings
) -> None:
    resident = a_resident(gp, home)
    printed = listed(gp, home, settings)
    organisation = db.session.get(Organisation, gp.organisation_id)
    for other in (a_clinician(Role.GP), a_clinician(Role.ADMINISTRATOR, organisation)):
        pages = PageClient(app)
        sign_in(pages.browser, other)
        pages.open(f"/check/{printed.number}").see_nothing_of("I have destroyed")
    pages = PageClient(app)
    sign_in(pages.browser, a_clinician(Role.GP, organisation))

    pages.open(f"/check/{printed.number}").submit(f"I have destroyed this list {printed.number}")

    assert lines_of(printed)[resident].collected_at is not None
    pages.open(f"/check/{printed.number}").see("destroy it now").see_nothing_of("I have destroyed")


def test_the_number_of_a_line_speaks_of_that_line_alone(
    app: Flask, gp: Actor, home: Organisation, settings: Settings
) -> None:
    resident = a_resident(gp, home, family_name="Okonkwo")
    number = format_code(lines_of(listed(gp, home, settings))[resident].code)
    stranger = PageClient(app)

    stranger.open(f"/check/{number}").see("This one line of a list is the current one", "This is about one line only.")
    do(gp, resident, EditKind.SIGN, a_decision())
    stranger.open(f"/check/{number}").see("This line of a list was replaced: do not rely on it", "Print the list again")
    stranger.see_nothing_of("Okonkwo", "Hill House")

    left = a_resident(gp, home)
    number = format_code(lines_of(listed(gp, home, settings))[left].code)
    remove(gp, left)
    stranger.open(f"/check/{number}").see("This line of a list can no longer be checked here", "never the signed form")


def test_a_long_title_pushes_the_table_down(gp: Actor, settings: Settings) -> None:
    home = a_home("Saint Aloysius and the Holy Innocents Nursing and Residential Home " * 3)
    a_resident(gp, home, room="Room 1")

    content = listed(gp, home, settings).content

    with pdfplumber.open(io.BytesIO(content or b"")) as document:
        words = document.pages[0].extract_words()
        head = max(word["bottom"] for word in words if word["text"] == "visitors")
        table = min(word["top"] for word in words if word["text"] == "Where")
        assert head < table


def test_a_list_printed_days_ago_says_so(app: Flask, gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    with clock.standing_at(clock.now() - timedelta(days=3)):
        number = listed(gp, home, settings).number
        then = clock.today()

    assert local_date(check(number).valid_as_at) == then
    PageClient(app).open(f"/check/{number}").see(format_date(then))
