"""From asking to the end: on pages, on both databases, with the clock moved on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.actions import Door, end_access, set_first_password, sign_in
from epaccs.clinicians.actions.signing_in import NO_ROLE, NOT_RIGHT
from epaccs.clinicians.model import Clinician, ClinicianSession, Membership, Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.devices.model import Lease
from epaccs.server import do_round
from epaccs.sponsorship import actions, queries
from epaccs.sponsorship.model import AccountRequest, SponsoredAccount
from epaccs.sponsorship.rules import AccountState, Ask
from tests.conftest import NOW
from tests.devices.leases import a_tablet
from tests.factories import a_clinician, a_membership, actor_for, an_organisation
from tests.factories import sign_in as give_cookie
from tests.pages import PageClient

PASSWORD = "a quiet night in the home"
DOOR = Door(address="192.0.2.7", browser="Firefox on Windows")
SENIOR = Ask("Grace Adu", Role.CARE_HOME_SENIOR, "grace@example.org", "01632 960170", None, "Residents at night")

SetNow = Callable[[datetime], None]


@pytest.fixture
def home(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.CARE_HOME, name="Hill House")


@pytest.fixture
def board(app: Flask) -> Actor:
    """The board of the area: it answers for whom nobody else was named."""
    return a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB, name="The board"))


def as_(app: Flask, actor: Actor) -> PageClient:
    browser = PageClient(app)
    give_cookie(browser.browser, actor)
    return browser


def ask(home: Organisation, **changes: Any) -> UUID:
    actions.ask_for_account(home.id, Ask(**{**vars(SENIOR), **changes}), address="192.0.2.7")
    newest = select(AccountRequest.id).order_by(AccountRequest.asked_at.desc()).limit(1)
    return db.session.scalars(newest).one()


def an_account(home: Organisation, sponsor: Actor) -> UUID:
    """Grace, who has signed in once."""
    given = actions.approve(sponsor, ask(home), months=12)
    set_first_password(given.user_name, given.code, PASSWORD, door=DOOR)
    return given.clinician_id


def the_round(app: Flask) -> None:
    do_round(app.config["EPACCS"].data_dir / "anchor.log")


@pytest.fixture(autouse=True)
def room_for_the_anchor(app: Flask) -> None:
    app.config["EPACCS"].data_dir.mkdir(parents=True, exist_ok=True)


def line_of(sponsor: Actor) -> queries.AccountLine:
    (line,) = queries.accounts_of(sponsor)
    return line


# The whole way


def test_somebody_of_a_care_home_asks_is_let_in_the_same_day_and_out_again_when_nobody_renews_it(
    app: Flask, home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    grace, sponsor = PageClient(app), as_(app, board)
    grace.open("/sign-in").follow("I have no account")
    grace.fill(
        organisation_id=str(home.id),
        name="Grace Adu",
        role="care-home-senior",
        telephone="01632 960170",
        reason="I am alone with forty residents at night",
    ).submit("Send the request")
    grace.see("Your request was sent", "Ring 111")

    sponsor.open("/sponsorship").see("Grace Adu", "care home senior at Hill House", "01632 960 170")
    sponsor.submit("Approve for 12 months the request of Grace Adu")
    code = sponsor.page.with_class("app-code")[0].text
    sponsor.see("grace.adu")

    grace.open("/sign-in/first").fill(
        user_name="grace.adu", one_time_code=code, new_password=PASSWORD, repeated_password=PASSWORD
    ).submit("Set password and sign in")
    assert grace.page.response.request.path != "/sign-in/first"
    sponsor.open("/sponsorship").see("Hill House", "The board", "21-Nov-2027", "Runs")

    for days in range(60, 365, 60):  # she works there all year
        frozen_clock(NOW + timedelta(days=days))
        sign_in("grace.adu", PASSWORD, door=DOOR)
        the_round(app)
    frozen_clock(NOW + timedelta(days=365 + 1))
    with pytest.raises(RuleBroken, match=NO_ROLE):
        sign_in("grace.adu", PASSWORD, door=DOOR)
    the_round(app)
    with pytest.raises(RuleBroken, match=NOT_RIGHT):
        sign_in("grace.adu", PASSWORD, door=DOOR)
    assert line_of(board).state is AccountState.ENDED
    assert line_of(board).end_reason == "expired"


def test_what_was_done_is_in_the_audit_without_a_name(app: Flask, home: Organisation, board: Actor) -> None:
    clinician_id = an_account(home, board)
    actions.refuse(board, ask(home), reason="Not known at the home")
    actions.end_account(board, clinician_id)

    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "sponsorship_changed")).all()
    told = {row.details["what"]: row for row in rows}
    assert set(told) == {"asked", "refused", "ended"}
    assert told["ended"].actor_id == board.clinician_id
    added = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "people_changed")).one()
    assert added.actor_id == board.clinician_id
    assert "sponsored_by_request" in added.details
    assert "Grace" not in str([row.details for row in (*rows, added)])


# Asking


def test_whoever_asks_learns_nothing_of_who_has_an_account(app: Flask, home: Organisation, board: Actor) -> None:
    answers = []
    for name in ("Grace Adu", "Nobody Known"):
        browser = PageClient(app)
        browser.open("/ask-for-access").fill(
            organisation_id=str(home.id),
            name=name,
            role="care-home-senior",
            telephone="01632 960170",
            reason="Nights",
        ).submit("Send the request")
        answers.append(browser.page.html)
        if name == "Grace Adu":
            actions.approve(board, db.session.scalars(select(AccountRequest.id)).one(), months=12)

    assert answers[0] == answers[1]


def test_one_address_asks_ten_times_an_hour_and_no_more(home: Organisation, frozen_clock: SetNow) -> None:
    for _ in range(10):
        ask(home)

    with pytest.raises(RuleBroken, match="Too many requests"):
        ask(home)

    frozen_clock(NOW + timedelta(hours=1, minutes=1))
    ask(home)
    assert db.session.scalar(select(func.count()).select_from(AccountRequest)) == 11


def test_a_closed_organisation_and_one_whose_people_do_not_ask_are_not_offered_nor_taken(app: Flask) -> None:
    closed = an_organisation(type=OrganisationType.CARE_HOME, closed_on=clock.today())
    practice = an_organisation()

    assert not {str(closed.id), str(practice.id)} & set(queries.organisations_to_ask())
    for organisation in (closed, practice):
        with pytest.raises(RuleBroken, match="Choose"):
            ask(organisation)
    with pytest.raises(RuleBroken, match="Choose"):
        actions.ask_for_account(new_id(), SENIOR, address="192.0.2.7")


def test_what_is_wrong_with_a_request_stands_beside_its_box_and_nothing_typed_is_lost(
    app: Flask, home: Organisation
) -> None:
    page = PageClient(app).open("/ask-for-access")
    page.fill(organisation_id=str(home.id), name="Grace Adu", role="social-worker", reason="Nights")
    page.fill(telephone="01632 960170").submit("Send the request", status=422)

    assert page.errors() == ["Choose another role: at a care home it can be care home nurse or care home senior"]
    assert page.value_of("name") == "Grace Adu"


def test_whoever_asks_gives_a_telephone_number_and_may_leave_the_email_out(app: Flask, home: Organisation) -> None:
    page = PageClient(app).open("/ask-for-access")
    page.submit("Send the request", status=422)
    assert page.errors() == [
        "Choose the organisation where you work",
        "Enter your name",
        "Choose your role",
        "Enter your work telephone number: you may be rung back on it",
        "Enter why you need access",
    ]

    page.fill(organisation_id=str(home.id), name="Grace Adu", role="care-home-senior", reason="Nights")
    page.fill(email="grace@example.org").submit("Send the request", status=422)
    assert page.errors() == ["Enter your work telephone number: you may be rung back on it"]
    page.fill(telephone="01632 960170", email="").submit("Send the request")

    page.see("Your request was sent")
    assert db.session.scalars(select(AccountRequest.telephone)).all() == ["01632 960 170"]


# Answering


def test_a_request_waits_with_its_own_administrator_its_sponsor_or_else_the_board(
    app: Flask, home: Organisation, board: Actor
) -> None:
    own, practice = a_clinician(Role.ADMINISTRATOR, home), a_clinician(Role.ADMINISTRATOR)
    elsewhere = a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB, area="southmere"))
    ask(home)

    def seen_by() -> list[bool]:
        return [len(queries.waiting_requests(one)) == 1 for one in (own, board, practice, elsewhere)]

    assert seen_by() == [True, True, False, False]
    actions.name_sponsor(board, home.id, practice.organisation_id)
    assert seen_by() == [True, False, True, False]
    actions.name_sponsor(board, home.id, elsewhere_in_area().organisation_id)
    assert seen_by() == [True, False, False, False]


def elsewhere_in_area() -> Actor:
    return a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.COMMUNITY))


def test_nobody_else_answers(app: Flask, home: Organisation, board: Actor) -> None:
    request_id, practice = ask(home), a_clinician(Role.ADMINISTRATOR)

    with pytest.raises(NotFound):
        actions.approve(practice, request_id, months=12)
    with pytest.raises(NotFound):
        actions.refuse(practice, request_id, reason="Not known")
    with pytest.raises(Forbidden):
        actions.approve(a_clinician(Role.CARE_HOME_NURSE, home), request_id, months=12)
    with pytest.raises(NotFound):
        actions.approve(board, new_id(), months=12)
    assert db.session.scalar(select(func.count()).select_from(SponsoredAccount)) == 0

    actions.approve(board, request_id, months=12)
    with pytest.raises(NotFound):  # pressed twice
        actions.approve(board, request_id, months=12)


def test_whoever_asked_twice_gets_one_account(home: Organisation, board: Actor) -> None:
    first, other = ask(home), ask(home, name="Grace Adu-Boateng")
    ask(home)

    actions.approve(board, first, months=12)

    assert [line.id for line in queries.waiting_requests(board)] == [other]


def test_a_refusal_has_a_reason_and_gives_no_account(app: Flask, home: Organisation, board: Actor) -> None:
    request_id = ask(home)
    page = as_(app, board).open(f"/sponsorship/requests/{request_id}/refuse")
    page.submit("Refuse", status=422)
    page.fill(reason="Nobody at the home knows her").submit("Refuse").see("Nobody waits")

    row = db.session.get_one(AccountRequest, request_id)
    assert (row.outcome, row.refusal) == ("refused", "Nobody at the home knows her")
    assert db.session.scalar(select(func.count()).select_from(SponsoredAccount)) == 0


def test_whoever_waits_for_more_than_a_day_is_marked_and_counted(
    app: Flask, home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    ask(home)
    as_(app, board).open("/sponsorship").see_nothing_of("waits for more than a day")

    frozen_clock(NOW + timedelta(days=1, hours=1))

    as_(app, board).open("/sponsorship").see("waits for more than a day")
    assert queries.count_waiting(board) == 1
    assert queries.count_waiting(a_clinician(Role.PRIVACY_OFFICER, home)) == 0


# Ending by itself


def test_an_account_that_nobody_uses_opens_nothing_after_ninety_days_even_if_no_worker_runs(
    home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    an_account(home, board)

    frozen_clock(NOW + timedelta(days=90))
    sign_in("grace.adu", PASSWORD, door=DOOR)  # the last day; no round notes it
    frozen_clock(NOW + timedelta(days=91))

    with pytest.raises(RuleBroken, match=NO_ROLE):
        sign_in("grace.adu", PASSWORD, door=DOOR)


def test_with_an_unused_account_its_sessions_and_leases_end(
    app: Flask, home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    clinician_id = an_account(home, board)
    open_session = db.session.scalars(select(ClinicianSession)).one()
    with writing():
        open_session.last_seen_at = open_session.created_at
        open_session.expires_at = NOW + timedelta(days=400)

    frozen_clock(NOW + timedelta(days=91))
    actions.follow_time()

    db.session.expire_all()
    assert db.session.get_one(ClinicianSession, open_session.id).end_reason == "access_ended"
    assert db.session.get_one(Clinician, clinician_id).ended_at is not None
    assert line_of(board).end_reason == "unused"
    assert actions.follow_time() == 0


def test_signing_in_keeps_an_account(app: Flask, home: Organisation, board: Actor, frozen_clock: SetNow) -> None:
    an_account(home, board)
    frozen_clock(NOW + timedelta(days=80))
    page = PageClient(app).open("/sign-in")
    page.fill(user_name="grace.adu", password=PASSWORD).submit("Sign in")
    page.see("You had not signed in for 80 days")
    assert line_of(board).state is AccountState.UNUSED

    the_round(app)
    frozen_clock(NOW + timedelta(days=160))

    sign_in("grace.adu", PASSWORD, door=DOOR)
    assert line_of(board).dates.last_used_on == (NOW + timedelta(days=80)).date()


def test_whoever_works_elsewhere_too_loses_only_this_role(home: Organisation, board: Actor) -> None:
    clinician_id = an_account(home, board)
    other = an_organisation(type=OrganisationType.CARE_HOME)
    grace = db.session.get_one(Clinician, clinician_id)
    a_membership(_as_actor(grace, home), other, Role.CARE_HOME_SENIOR)

    actions.end_account(board, clinician_id)

    db.session.expire_all()
    assert db.session.get_one(Clinician, clinician_id).ended_at is None
    sign_in("grace.adu", PASSWORD, door=DOOR)


def _as_actor(clinician: Clinician, organisation: Organisation) -> Actor:
    return actor_for(clinician, organisation, Role.CARE_HOME_SENIOR)


def test_with_an_ended_account_its_tablet_opens_nothing_from_its_next_contact_on(app: Flask, board: Actor) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE)
    request_id = ask(hospice, role=Role.HOSPICE_NURSE, professional_number="99A0001E")
    clinician_id = actions.approve(board, request_id, months=12).clinician_id
    nurse = actor_for(db.session.get_one(Clinician, clinician_id), hospice, Role.HOSPICE_NURSE)
    tablet = a_tablet(app, nurse)
    assert tablet.renew().status_code == 200

    actions.end_account(board, clinician_id)

    assert tablet.renew().status_code == 401
    assert set(db.session.scalars(select(Lease.end_reason))) == {"access_ended"}


# Answering again


def test_a_sponsor_renews_with_one_press_in_the_last_thirty_days(
    app: Flask, home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    clinician_id = an_account(home, board)
    with pytest.raises(RuleBroken, match="last 30 days"):
        actions.renew(board, clinician_id, months=12)
    for days in (80, 160, 240, 320):
        frozen_clock(NOW + timedelta(days=days))
        sign_in("grace.adu", PASSWORD, door=DOOR)
        the_round(app)

    frozen_clock(NOW + timedelta(days=340))
    page = PageClient(app).open("/sign-in")
    page.fill(user_name="grace.adu", password=PASSWORD).submit("Sign in")
    page.see("Your access ends on 21-Nov-2027. Ask The board to renew it")
    as_(app, board).open("/sponsorship").submit("Still works there: renew Grace Adu").see("The account was renewed")

    frozen_clock(NOW + timedelta(days=400))
    sign_in("grace.adu", PASSWORD, door=DOOR)
    the_round(app)
    assert line_of(board).state is AccountState.RUNS


def test_an_ended_account_opens_again_with_a_new_code_and_not_with_the_old_password(
    home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    clinician_id = an_account(home, board)
    frozen_clock(NOW + timedelta(days=120))
    actions.follow_time()

    given = actions.renew(board, clinician_id, months=12)

    assert given is not None
    with pytest.raises(RuleBroken, match=NOT_RIGHT):
        sign_in("grace.adu", PASSWORD, door=DOOR)
    set_first_password(given.user_name, given.code, "another quiet night", door=DOOR)
    assert line_of(board).state is AccountState.RUNS


def test_nobody_renews_ends_or_gives_a_code_for_whom_others_answer_or_for_themselves(
    home: Organisation, board: Actor
) -> None:
    clinician_id, practice = an_account(home, board), a_clinician(Role.ADMINISTRATOR)
    grace = db.session.get_one(Clinician, clinician_id)
    a_membership(_as_actor(grace, home), home, Role.ADMINISTRATOR)
    herself = Actor(**{**vars(_as_actor(grace, home)), "role": Role.ADMINISTRATOR})

    for actor, refusal in ((practice, NotFound), (herself, Forbidden)):
        with pytest.raises(refusal):
            actions.renew(actor, clinician_id, months=12)
        with pytest.raises(refusal):
            actions.end_account(actor, clinician_id)
        with pytest.raises(refusal):
            actions.give_new_code(actor, clinician_id)


def test_a_lost_code_is_given_again_and_the_old_one_opens_nothing(home: Organisation, board: Actor) -> None:
    first = actions.approve(board, ask(home), months=12)
    second = actions.give_new_code(board, first.clinician_id)

    with pytest.raises(RuleBroken, match="not right"):
        set_first_password(first.user_name, first.code, PASSWORD, door=DOOR)
    set_first_password(second.user_name, second.code, PASSWORD, door=DOOR)
    actions.end_account(board, first.clinician_id)
    with pytest.raises(RuleBroken, match="has ended"):
        actions.give_new_code(board, first.clinician_id)


def test_the_page_that_ends_an_account_says_what_that_means(app: Flask, home: Organisation, board: Actor) -> None:
    clinician_id = an_account(home, board)
    page = as_(app, board).open("/sponsorship").follow("End the account of Grace Adu")
    page.see("every browser and tablet of theirs is signed out").submit("End the account").see("The account was ended")

    membership = db.session.scalars(select(Membership).where(Membership.clinician_id == clinician_id)).one()
    assert membership.until_date is not None
    assert membership.until_date < clock.today()
    as_(app, board).open(f"/sponsorship/accounts/{new_id()}/end", status=404)


def test_an_account_that_its_own_administrator_closed_is_not_shown_as_running(home: Organisation, board: Actor) -> None:
    end_access(a_clinician(Role.ADMINISTRATOR, home), an_account(home, board))

    assert line_of(board).state is AccountState.ENDED


def test_requests_that_nobody_answered_are_forgotten_and_approved_ones_kept(
    home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    an_account(home, board)
    ask(home, name="Somebody Else")
    frozen_clock(NOW + timedelta(days=91))

    assert actions.forget_requests() == 1
    assert db.session.scalars(select(AccountRequest.outcome)).all() == ["approved"]


# Who answers for whom


def test_the_board_names_who_answers(app: Flask, home: Organisation, board: Actor) -> None:
    practice = a_clinician(Role.ADMINISTRATOR)
    page = as_(app, board).open("/sponsorship").follow("Which organisation answers for whom")
    page.see("Hill House", "The board").follow("Change the sponsor of Hill House")
    page.fill(sponsor_id=str(practice.organisation_id)).submit("Name the sponsor")

    page.see("The sponsor was named", practice.organisation_name)
    as_(app, practice).open("/sponsorship/sponsors", status=403)
    with pytest.raises(RuleBroken, match="Choose the organisation"):
        actions.name_sponsor(board, home.id, new_id())
    with pytest.raises(NotFound):
        actions.name_sponsor(board, practice.organisation_id, practice.organisation_id)


# Days


def test_an_account_given_in_the_first_hour_of_a_summer_day_was_not_used_yet(
    home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    frozen_clock(datetime(2027, 6, 30, 23, 30, tzinfo=UTC))

    given = actions.approve(board, ask(home), months=12)

    assert line_of(board).dates.last_used_on == clock.today() == date(2027, 7, 1)
    assert not line_of(board).was_used
    set_first_password(given.user_name, given.code, PASSWORD, door=DOOR)
    assert line_of(board).was_used


def test_a_sign_in_in_the_first_hour_of_a_summer_day_is_of_that_day(
    home: Organisation, board: Actor, frozen_clock: SetNow
) -> None:
    frozen_clock(datetime(2027, 6, 29, 12, 0, tzinfo=UTC))
    an_account(home, board)
    frozen_clock(datetime(2027, 6, 30, 23, 30, tzinfo=UTC))
    sign_in("grace.adu", PASSWORD, door=DOOR)

    actions.follow_time()

    assert line_of(board).dates.last_used_on == date(2027, 7, 1)


# The number in the menu

#: Around each day on which the state of an account changes, from today.
EXPIRES = (-1, 0, 1, 29, 30, 31, 200)
USED = (-91, -90, -89, -77, -76, -75, 0)


def test_the_menu_counts_as_the_list_says(home: Organisation, board: Actor) -> None:
    clinician_id, today = an_account(home, board), clock.today()
    days = [{"expires_on": e, "last_used_on": u} for e in EXPIRES for u in USED]

    for said in days:
        with writing() as session:
            row = session.get_one(SponsoredAccount, clinician_id)
            row.expires_on, row.last_used_on = (today + timedelta(days=one) for one in said.values())
        needs_sponsor = line_of(board).state in (AccountState.RENEW, AccountState.UNUSED)
        assert queries.count_waiting(board) == needs_sponsor, said


@pytest.mark.parametrize(
    "ended",
    [
        pytest.param((SponsoredAccount, {"ended_at": NOW}), id="the account"),
        pytest.param((Clinician, {"ended_at": NOW}), id="the person"),
        pytest.param((Membership, {"until_date": NOW.date() - timedelta(days=1)}), id="the role"),
    ],
)
def test_the_menu_counts_nobody_who_has_ended(home: Organisation, board: Actor, ended: Any) -> None:
    clinician_id = an_account(home, board)
    table, values = ended
    with writing() as session:
        session.get_one(SponsoredAccount, clinician_id).expires_on = clock.today()
    assert queries.count_waiting(board) == 1

    with writing() as session:
        session.execute(update(table).values(values).where(theirs(table, clinician_id)))

    assert queries.count_waiting(board) == 0
    assert line_of(board).state is AccountState.ENDED


def theirs(table: Any, clinician_id: UUID) -> Any:
    return (table.id if table is Clinician else table.clinician_id) == clinician_id


def test_one_account_is_found_by_itself_and_anothers_is_as_if_absent(
    home: Organisation, board: Actor, app: Flask
) -> None:
    clinician_id = an_account(home, board)

    assert queries.get_account(board, clinician_id) == line_of(board)
    with pytest.raises(NotFound):
        queries.get_account(a_clinician(Role.ADMINISTRATOR), clinician_id)
    as_(app, board).open(f"/sponsorship/accounts/{new_id()}/end", status=404)
