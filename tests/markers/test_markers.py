"""Printing a marker, ending one, following its code: on both databases, through the real writer."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pdfplumber
import pytest
from flask import Flask
from pdfua import validate
from sqlalchemy import select

from epaccs.access.model import AccessGrant
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.handover.rules import MISSES_LIMIT, MISSES_WINDOW
from epaccs.markers import queries
from epaccs.markers.actions import end_marker, follow_marker, print_marker
from epaccs.markers.model import HomeMarker, MarkerMiss
from epaccs.markers.rules import EndReason, TooManyMisses, digest_of, format_code, parse_code
from epaccs.settings import Settings
from tests.factories import a_clinician, a_consent, a_registered_person, an_organisation
from tests.handover.codes import codes_of
from tests.handover.test_printing import remove
from tests.markers.homes import dies, hang_one, the_marker

UNKNOWN = "2222222222"

SetClock = Callable[[datetime], None]


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True, name="Dr A Patel")


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_registered_person(gp, family_name="Okonkwo", given_name="Grace")


@pytest.fixture
def crew(app: Flask) -> Actor:
    return a_clinician(Role.PARAMEDIC)


def events(kind: EventKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.at)))


def words_of(content: bytes | None) -> str:
    """Everything on its one page, without white space: it does not matter where a line ends."""
    assert content is not None
    with pdfplumber.open(io.BytesIO(content)) as document:
        assert len(document.pages) == 1
        return squeeze(document.pages[0].extract_text() or "")


def squeeze(text: str) -> str:
    return "".join(text.split())


# --- Printing --------------------------------------------------------------------------------------------------------


def test_a_printed_marker_is_kept_with_who_printed_it_and_where_it_hangs(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    marker_id = new_id()

    printed = print_marker(gp, marker_id, entry_id=entry_id, place="Fridge door", settings=settings)

    kept = the_marker(marker_id)
    assert parse_code(printed.number) == kept.code
    assert (kept.entry_id, kept.printed_by, kept.place) == (entry_id, gp.clinician_id, "Fridge door")
    assert (kept.ended_at, kept.ended_by, kept.end_reason) == (None, None, None)
    [event] = events(EventKind.MARKER_PRINTED)
    assert (event.entry_id, event.actor_id, event.details) == (entry_id, gp.clinician_id, {"marker_id": str(marker_id)})


def test_nothing_stands_on_a_marker_but_its_code_and_for_whom_it_is(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    printed = print_marker(gp, new_id(), entry_id=entry_id, place="Fridge door", settings=settings)

    number, typed = printed.number, settings.public_url.removeprefix("https://")
    face = f"For ambulance and health staff: scan this, or open {typed}/m and enter {number}"
    demonstration = "DEMONSTRATION: not for use " if settings.is_demo else ""
    assert words_of(printed.content) == squeeze(
        f"Marker {number} Print it at full size, not smaller. Cut along the dashed lines. "
        "• Before it hangs: scan it, and see that it leads where it should. Nothing on it says whose it is. "
        "• If it is lost or thrown away, tell the staff who printed it. "
        f"Card for a door {demonstration}{face} Strip for a wristband or a key ring {demonstration}{face}"
    )


def test_the_two_square_codes_hold_the_address_and_the_digest(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    printed = print_marker(gp, new_id(), entry_id=entry_id, place="", settings=settings)

    assert printed.content is not None
    digest = digest_of(parse_code(printed.number), entry_id)
    assert codes_of(printed.content) == [f"{settings.public_url}/m/{printed.number}#{digest}"] * 2
    assert str(entry_id) not in printed.content.decode("latin-1")


def test_a_marker_is_read_by_screen_readers(gp: Actor, entry_id: UUID, settings: Settings, tmp_path: Path) -> None:
    printed = print_marker(gp, new_id(), entry_id=entry_id, place="", settings=settings)

    assert printed.content is not None
    (tmp_path / "marker.pdf").write_bytes(printed.content)
    assert validate(tmp_path / "marker.pdf").findings == ()


def test_the_same_form_again_prints_nothing_new(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    marker_id = new_id()
    first = print_marker(gp, marker_id, entry_id=entry_id, place="Fridge door", settings=settings)

    again = print_marker(gp, marker_id, entry_id=entry_id, place="Elsewhere", settings=settings)

    assert (again.number, again.content) == (first.number, None)
    assert the_marker(marker_id).place == "Fridge door"
    assert len(events(EventKind.MARKER_PRINTED)) == 1


def test_the_form_of_somebody_else_is_as_if_absent(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    marker_id, other = new_id(), a_registered_person(gp)
    print_marker(gp, marker_id, entry_id=entry_id, place="", settings=settings)

    with pytest.raises(NotFound):
        print_marker(gp, marker_id, entry_id=other, place="", settings=settings)


def test_each_marker_has_a_code_of_its_own(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    assert hang_one(gp, entry_id, settings).code != hang_one(gp, entry_id, settings).code


def test_of_a_restricted_person_the_register_keeps_no_place(gp: Actor, settings: Settings) -> None:
    hidden = a_registered_person(gp, address="9 Hidden Lane", address_restricted=True)

    assert hang_one(gp, hidden, settings, place="Fridge at 9 Hidden Lane").place == ""


def test_nobody_who_may_not_print_prints_one(entry_id: UUID, crew: Actor, settings: Settings) -> None:
    with pytest.raises(Forbidden):
        print_marker(crew, new_id(), entry_id=entry_id, place="", settings=settings)
    with pytest.raises(NotFound):
        print_marker(a_clinician(Role.GP), new_id(), entry_id=entry_id, place="", settings=settings)

    assert db.session.scalars(select(HomeMarker)).all() == []


def test_none_is_printed_of_the_dead_or_of_whoever_left(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    gone = a_registered_person(gp)
    remove(gp, gone)
    dies(gp, entry_id)

    with pytest.raises(RuleBroken, match="not on the register any more"):
        print_marker(gp, new_id(), entry_id=gone, place="", settings=settings)
    with pytest.raises(RuleBroken, match="has died"):
        print_marker(gp, new_id(), entry_id=entry_id, place="", settings=settings)
    assert db.session.scalars(select(HomeMarker)).all() == []


# --- Ending one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_marker_that_is_no_longer_in_use_leads_nowhere(
    reason: EndReason, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    marker = hang_one(gp, entry_id, settings)
    assert follow_marker(gp, marker.code) == entry_id

    end_marker(gp, marker.id, entry_id=entry_id, reason=reason)

    assert follow_marker(gp, marker.code) is None
    ended = the_marker(marker.id)
    assert (ended.end_reason, ended.ended_by) == (str(reason), gp.clinician_id)
    [event] = events(EventKind.MARKER_ENDED)
    assert (event.entry_id, event.details) == (entry_id, {"marker_id": str(marker.id), "reason": str(reason)})


def test_another_marker_of_the_same_person_goes_on(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    lost, other = hang_one(gp, entry_id, settings), hang_one(gp, entry_id, settings)

    end_marker(gp, lost.id, entry_id=entry_id, reason=EndReason.LOST)

    assert follow_marker(gp, other.code) == entry_id


def test_said_twice_the_first_stands(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    marker = hang_one(gp, entry_id, settings)
    end_marker(gp, marker.id, entry_id=entry_id, reason=EndReason.LOST)

    end_marker(gp, marker.id, entry_id=entry_id, reason=EndReason.DESTROYED)

    assert the_marker(marker.id).end_reason == "lost"
    assert len(events(EventKind.MARKER_ENDED)) == 1


def test_a_marker_is_ended_only_on_the_record_of_its_person_by_whoever_may_print(
    gp: Actor, entry_id: UUID, crew: Actor, settings: Settings
) -> None:
    marker, other = hang_one(gp, entry_id, settings), a_registered_person(gp)

    with pytest.raises(NotFound):
        end_marker(gp, marker.id, entry_id=other, reason=EndReason.LOST)
    with pytest.raises(NotFound):
        end_marker(gp, new_id(), entry_id=entry_id, reason=EndReason.LOST)
    with pytest.raises(Forbidden):
        end_marker(crew, marker.id, entry_id=entry_id, reason=EndReason.LOST)

    assert the_marker(marker.id).ended_at is None


# --- Following one ---------------------------------------------------------------------------------------------------


def test_a_crew_of_the_area_is_led_to_the_record_and_given_no_reason(
    gp: Actor, entry_id: UUID, crew: Actor, settings: Settings
) -> None:
    marker = hang_one(gp, entry_id, settings)

    assert follow_marker(crew, marker.code) == entry_id

    assert db.session.scalars(select(AccessGrant).where(AccessGrant.clinician_id == crew.clinician_id)).all() == []
    [event] = events(EventKind.MARKER_FOLLOWED)
    assert (event.entry_id, event.actor_id) == (entry_id, crew.clinician_id)
    assert event.details == {"marker_id": str(marker.id), "leads": True}


def test_a_marker_leads_nobody_who_could_not_open_the_record_by_search(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    marker = hang_one(gp, entry_id, settings)
    elsewhere = a_clinician(
        Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE, area="southdale", shares=False)
    )
    steward = a_clinician(Role.ADMINISTRATOR)

    for stranger in (elsewhere, a_clinician(Role.GP), a_clinician(Role.PRACTICE_ADMINISTRATOR), steward):
        assert follow_marker(stranger, marker.code) is None

    assert [one.details["leads"] for one in events(EventKind.MARKER_FOLLOWED)] == [False] * 4


def test_a_marker_of_whoever_refused_sharing_leads_only_the_practice(
    gp: Actor, crew: Actor, settings: Settings
) -> None:
    alone = a_registered_person(gp, consent=a_consent(share_status="refused"))
    marker = hang_one(gp, alone, settings)

    assert follow_marker(crew, marker.code) is None
    assert follow_marker(gp, marker.code) == alone


def test_a_marker_of_whoever_left_or_died_leads_nowhere_and_a_reported_death_changes_nothing(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    leaves, reported = a_registered_person(gp), a_registered_person(gp)
    of_leaver, of_dead, of_reported = (hang_one(gp, one, settings) for one in (leaves, entry_id, reported))
    assert follow_marker(gp, of_leaver.code) == leaves
    assert follow_marker(gp, of_dead.code) == entry_id

    remove(gp, leaves)
    dies(gp, entry_id)
    dies(gp, reported, kind="report_death")

    assert follow_marker(gp, of_leaver.code) is None
    assert follow_marker(gp, of_dead.code) is None
    assert follow_marker(gp, of_reported.code) == reported


def test_a_code_that_no_marker_bears_leads_nowhere_and_is_written_down(crew: Actor) -> None:
    assert follow_marker(crew, UNKNOWN) is None

    [event] = events(EventKind.MARKER_FOLLOWED)
    assert (event.entry_id, event.actor_id, event.details) == (None, crew.clinician_id, {"leads": False})


def test_whoever_guesses_codes_is_stopped_and_so_is_whoever_tries_the_code_of_somebody_elses(
    gp: Actor, entry_id: UUID, crew: Actor, settings: Settings
) -> None:
    guesser, marker = a_clinician(Role.GP), hang_one(gp, entry_id, settings)
    for number in range(MISSES_LIMIT):
        assert follow_marker(guesser, UNKNOWN if number % 2 else marker.code) is None

    for code in (UNKNOWN, marker.code):
        with pytest.raises(TooManyMisses) as refused:
            follow_marker(guesser, code)
    assert refused.value.until > clock.now()

    # and a colleague goes on, however often they follow what leads somewhere
    for _ in range(MISSES_LIMIT + 1):
        assert follow_marker(crew, marker.code) == entry_id


def test_after_a_while_misses_count_no_more_and_old_ones_are_forgotten(crew: Actor, frozen_clock: SetClock) -> None:
    for _ in range(MISSES_LIMIT):
        follow_marker(crew, UNKNOWN)
    frozen_clock(clock.now() + MISSES_WINDOW + timedelta(seconds=1))
    assert follow_marker(crew, UNKNOWN) is None

    frozen_clock(clock.now() + timedelta(days=2))
    follow_marker(crew, UNKNOWN)

    assert len(db.session.scalars(select(MarkerMiss)).all()) == 1


# --- Which ones are about --------------------------------------------------------------------------------------------


def test_the_markers_of_a_person_are_listed_newest_first_with_where_they_hang(
    gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    first = hang_one(gp, entry_id, settings, place="Key ring")
    end_marker(gp, first.id, entry_id=entry_id, reason=EndReason.LOST)
    second = hang_one(gp, entry_id, settings, place="Fridge door")

    found = queries.get_page(gp, entry_id)

    assert [(one.number, one.place, one.printed_by, one.ended_as) for one in found.markers] == [
        (format_code(second.code), "Fridge door", "Dr A Patel", ""),
        (format_code(first.code), "Key ring", "Dr A Patel", "Lost"),
    ]
    assert found.refused == ""
