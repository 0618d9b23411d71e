"""Looking at a rota, loading it, and changing it by hand, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.rosters import actions, queries
from epaccs.rosters.model import RotaSession
from epaccs.rosters.schema import FileRefused
from tests.conftest import NOW
from tests.factories import a_clinician, a_membership, an_organisation
from tests.rosters.rotas import a_file, a_row, at, load, on_rota, span, user_name_of

SetNow = Callable[[datetime], None]

MONDAY = ("2026-11-23 08:00", "2026-11-23 20:00")
TUESDAY = ("2026-11-24 08:00", "2026-11-24 20:00")
#: It is three in the morning on 21 November.
TONIGHT = ("2026-11-20 20:00", "2026-11-21 08:00")


@pytest.fixture
def place(app: Flask) -> Organisation:
    return an_organisation()


@pytest.fixture
def admin(place: Organisation) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, place)


@pytest.fixture
def ada(place: Organisation) -> Actor:
    return a_clinician(Role.GP, place, name="Ada Example")


@pytest.fixture
def ben(place: Organisation) -> Actor:
    return a_clinician(Role.GP, place, name="Ben Example")


def told() -> list[dict[str, object]]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "rota_changed").order_by(AuditEvent.at))
    return [row.details for row in rows]


def rows_kept() -> int:
    return db.session.scalar(select(func.count()).select_from(RotaSession)) or 0


# From a file


def test_a_preview_says_what_would_change_and_changes_nothing(admin: Actor, ada: Actor, ben: Actor) -> None:
    load(admin, a_row(ada, *MONDAY), a_row(ben, *MONDAY))
    before = on_rota(admin)

    shown = queries.preview(admin, a_file(a_row(ada, *MONDAY), a_row(ben, *TUESDAY)))

    assert [line.person.name for line in shown.plan.new] == ["Ben Example"]
    assert [(line.name, line.span) for line in shown.gone] == [("Ben Example", span(*MONDAY))]
    assert (shown.plan.same, shown.version) == (1, 1)
    assert on_rota(admin) == before
    assert len(told()) == 1


def test_a_load_puts_the_file_in_the_place_of_what_has_not_begun(admin: Actor, ada: Actor, ben: Actor) -> None:
    load(admin, a_row(ada, *TONIGHT), a_row(ada, *MONDAY), a_row(ada, *TUESDAY))

    loaded = load(admin, a_row(ben, *TONIGHT), a_row(ben, *MONDAY))

    assert (loaded.added, loaded.taken_off) == (2, 1)
    assert set(on_rota(admin)) == {
        (ada.clinician_id, span(*TONIGHT)),  # has begun
        (ben.clinician_id, span(*TONIGHT)),
        (ben.clinician_id, span(*MONDAY)),
        (ada.clinician_id, span(*TUESDAY)),  # no day of the file
    }
    assert rows_kept() == 5, "what was taken off is kept, and says who took it off"
    assert told()[-1] == {
        "what": "loaded",
        "version": 2,
        "added": 2,
        "taken_off": 1,
        "first_day": "2026-11-20",
        "last_day": "2026-11-23",
    }


def test_a_file_with_one_wrong_row_changes_nothing(admin: Actor, ada: Actor, place: Organisation) -> None:
    load(admin, a_row(ada, *MONDAY))
    gone = a_clinician(Role.GP, place)
    with writing() as session:
        session.get_one(Clinician, gone.clinician_id).ended_at = clock.now()
    elsewhere = a_clinician(Role.GP)
    content = a_file(a_row(ada, *TUESDAY), a_row(gone, *MONDAY), a_row(elsewhere, *MONDAY))

    with pytest.raises(FileRefused) as shown:
        queries.preview(admin, content)
    with pytest.raises(FileRefused):
        actions.load(admin, content, seen_version=1)

    assert [line.number for line in shown.value.lines] == [3, 4]
    assert "account here has ended" in shown.value.lines[0].sentence
    assert "nobody of your organisation" in shown.value.lines[1].sentence
    assert on_rota(admin) == [(ada.clinician_id, span(*MONDAY))]
    assert len(told()) == 1


def test_a_row_that_overlaps_what_stays_is_wrong(admin: Actor, ada: Actor) -> None:
    load(admin, a_row(ada, *TONIGHT))

    with pytest.raises(FileRefused) as refused:
        queries.preview(admin, a_file(a_row(ada, "2026-11-21 07:00", "2026-11-21 12:00")))

    assert "has begun" in refused.value.lines[0].sentence
    assert load(admin, a_row(ada, "2026-11-21 08:00", "2026-11-21 12:00")).added == 1


def test_whoever_left_the_organisation_stands_on_no_new_rota(admin: Actor, place: Organisation) -> None:
    left = a_clinician(Role.GP)
    role = a_membership(left, place, Role.GP, until_date=clock.today())
    load(admin, a_row(left, *MONDAY))
    with writing() as session:
        session.merge(role).until_date = clock.today() - timedelta(days=1)

    with pytest.raises(FileRefused) as refused:
        queries.preview(admin, a_file(a_row(left, *MONDAY)))

    assert "their account here has ended" in refused.value.lines[0].sentence


def test_of_two_loads_the_second_is_told_that_the_rota_changed(admin: Actor, ada: Actor, ben: Actor) -> None:
    first = queries.preview(admin, a_file(a_row(ada, *MONDAY)))
    second = queries.preview(admin, a_file(a_row(ben, *MONDAY)))

    actions.load(admin, first.content.encode(), seen_version=first.version)
    with pytest.raises(RuleBroken, match="changed since this was shown"):
        actions.load(admin, second.content.encode(), seen_version=second.version)

    assert on_rota(admin) == [(ada.clinician_id, span(*MONDAY))]
    again = queries.preview(admin, second.content.encode())
    assert actions.load(admin, again.content.encode(), seen_version=again.version).taken_off == 1


def test_a_session_by_hand_between_look_and_load_is_noticed_too(admin: Actor, ada: Actor, ben: Actor) -> None:
    shown = queries.preview(admin, a_file(a_row(ada, *MONDAY)))
    add(admin, ben, *MONDAY)

    with pytest.raises(RuleBroken, match="changed since this was shown"):
        actions.load(admin, shown.content.encode(), seen_version=shown.version)


def test_a_rota_is_of_one_organisation_and_its_administrator_alone(admin: Actor, ada: Actor) -> None:
    load(admin, a_row(ada, *MONDAY))
    other = a_clinician(Role.ADMINISTRATOR)
    session_id = queries.find_kept(admin.organisation_id)[0].id

    assert on_rota(other) == []
    with pytest.raises(NotFound):
        actions.end_session(other, session_id)
    with pytest.raises(FileRefused):
        queries.preview(other, a_file(a_row(ada, *TUESDAY)))
    for refused in (
        lambda: queries.show_rota(ada),
        lambda: queries.preview(ada, a_file(a_row(ada, *TUESDAY))),
        lambda: actions.load(ada, a_file(a_row(ada, *TUESDAY)), seen_version=1),
        lambda: add(ada, ada, *TUESDAY),
        lambda: actions.end_session(ada, session_id),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert len(on_rota(admin)) == 1


# By hand


def add(admin: Actor, actor: Actor, from_at: str, until_at: str) -> None:
    actions.add_session(admin, user_name=user_name_of(actor), from_at=at(from_at), until_at=at(until_at))


def test_a_swap_is_one_session_ended_and_another_added(admin: Actor, ada: Actor, ben: Actor) -> None:
    load(admin, a_row(ada, *TONIGHT), a_row(ada, *MONDAY))
    running, coming = queries.find_kept(admin.organisation_id)

    actions.end_session(admin, running.id)
    actions.end_session(admin, coming.id)
    add(admin, ben, *TONIGHT)

    (ended, added) = queries.find_kept(admin.organisation_id)
    assert (ended.clinician_id, ended.span.from_at) == (ada.clinician_id, running.span.from_at)
    assert NOW < ended.span.until_at < NOW + timedelta(seconds=1)
    assert (added.clinician_id, added.span) == (ben.clinician_id, span(*TONIGHT))
    assert [one["what"] for one in told()] == ["loaded", "ended", "ended", "added"]


def test_what_is_over_is_ended_by_nobody(admin: Actor, ada: Actor, frozen_clock: SetNow) -> None:
    load(admin, a_row(ada, *MONDAY))
    (session,) = queries.find_kept(admin.organisation_id)
    frozen_clock(at("2026-11-23 20:00"))

    with pytest.raises(RuleBroken, match="is over"):
        actions.end_session(admin, session.id)
    with pytest.raises(NotFound):
        actions.end_session(admin, new_id())
    assert on_rota(admin) == [(ada.clinician_id, span(*MONDAY))]


@pytest.mark.parametrize(
    ("times", "refused", "field"),
    [
        pytest.param(("2026-11-23 19:00", "2026-11-23 22:00"), "this overlaps", "from_at", id="overlaps"),
        pytest.param(("2026-11-20 08:00", "2026-11-20 20:00"), "not over", "until_at", id="over"),
        pytest.param(("2026-11-25 08:00", "2026-11-26 09:00"), "24 hours", "until_at", id="too long"),
        pytest.param(("2026-11-25 08:00", "2026-11-25 08:00"), "end after", "until_at", id="no time"),
        pytest.param(("2027-10-30 20:00", "2027-10-31 01:30"), "twice", "until_at-time", id="an hour shown twice"),
    ],
)
def test_a_session_by_hand_that_cannot_be_is_refused(
    admin: Actor, ada: Actor, times: tuple[str, str], refused: str, field: str
) -> None:
    load(admin, a_row(ada, *MONDAY))

    with pytest.raises(RuleBroken, match=refused) as error:
        add(admin, ada, *times)
    assert error.value.field == field
    assert on_rota(admin) == [(ada.clinician_id, span(*MONDAY))]

    add(admin, ada, "2026-11-23 20:00", "2026-11-23 22:00")
    assert len(on_rota(admin)) == 2


# Reading it


def test_the_page_has_a_fortnight_who_is_on_and_who_has_no_session(
    admin: Actor, ada: Actor, ben: Actor, place: Organisation
) -> None:
    gone = a_clinician(Role.GP, place)
    with writing() as session:
        session.get_one(Clinician, gone.clinician_id).ended_at = clock.now()
    load(admin, a_row(ada, *TONIGHT), a_row(ada, *MONDAY), a_row(ada, "2026-12-05 08:00", "2026-12-05 20:00"))

    page = queries.show_rota(admin)

    assert [day.on.day for day in page.days] == [21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 1, 2, 3, 4]
    assert [len(day.sessions) for day in page.days] == [0, 0, 1, *[0] * 11]
    assert [line.name for line in page.on_now] == ["Ada Example"]
    assert [name for name, _ in page.without] == [admin.name, "Ben Example"]
    assert (page.hidden, page.version) == (0, 1)


def test_more_sessions_than_a_page_holds_are_counted(admin: Actor, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    load(admin, a_row(ada, *MONDAY), a_row(ada, *TUESDAY))
    monkeypatch.setattr(queries, "SESSIONS_SHOWN", 1)

    assert queries.show_rota(admin).hidden == 1


def test_somebody_sees_their_own_sessions_wherever_they_work(admin: Actor, ada: Actor, ben: Actor) -> None:
    load(admin, a_row(ada, *TONIGHT), a_row(ada, *MONDAY), a_row(ben, *MONDAY))

    assert [(one.span, one.has_begun) for one in queries.own_sessions(ada.clinician_id)] == [
        (span(*TONIGHT), True),
        (span(*MONDAY), False),
    ]


def test_what_is_long_over_is_forgotten(admin: Actor, ada: Actor, frozen_clock: SetNow) -> None:
    load(admin, a_row(ada, *MONDAY))
    frozen_clock(at("2027-11-24 19:00"))
    assert actions.forget_sessions() == 0

    frozen_clock(at("2027-11-24 21:00"))
    assert actions.forget_sessions() == 1
    assert rows_kept() == 0
