"""What tablets are told when agreements begin, end, or go another way: at the next contact, and the sums agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import Concerned, begin_relationship
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.sync.model.feed import KeptPage
from epaccs.versions.actions import apply_edit
from tests.factories import a_clinician, a_registered_person, agree, an_edit, an_organisation, end_agreement
from tests.sync.tablets import SyncTablet, a_sync_tablet

AREA = "area:northdale"


@dataclass
class TwoPractices:
    """A crew whose trust shares with one practice of its area for good, and with another by one agreement."""

    app: Flask
    trust: Organisation
    practice: Organisation
    gp: Actor
    always: UUID
    sometimes: UUID

    def crew(self) -> SyncTablet:
        return a_sync_tablet(self.app, a_clinician(Role.PARAMEDIC, self.trust))

    def agree(self, **fields: Any) -> UUID:
        return agree(self.practice, self.trust, **fields)


@pytest.fixture
def there(app: Flask) -> TwoPractices:
    trust, practice = an_organisation(type=OrganisationType.AMBULANCE), an_organisation(shares=False)
    gp = a_clinician(Role.GP, practice)
    return TwoPractices(app, trust, practice, gp, a_registered_person(), a_registered_person(gp))


def held(tablet: SyncTablet, scope: str = AREA) -> set[str]:
    return set(tablet.scopes[scope].people)


def test_a_tablet_that_begins_is_told_nothing_of_whom_no_agreement_covers(there: TwoPractices) -> None:
    crew = there.crew()

    lines = crew.pull()

    assert held(crew) == {str(there.always)}
    assert str(there.sometimes) not in str(lines)
    crew.assert_agrees()


def test_an_agreement_that_begins_brings_its_people_at_the_next_contact(there: TwoPractices) -> None:
    crew = there.crew()
    crew.pull()

    there.agree()
    crew.pull()

    assert held(crew) == {str(there.always), str(there.sometimes)}
    crew.assert_agrees()


def test_an_agreement_that_ends_takes_its_people_at_the_next_contact_and_nobody_else(there: TwoPractices) -> None:
    agreement = there.agree()
    crew = there.crew()
    crew.pull()

    end_agreement(agreement)
    lines = crew.pull()

    assert [(line["op"], line.get("id"), line.get("why")) for line in lines[:-1]] == [
        ("drop", str(there.sometimes), "no-agreement")
    ]
    assert held(crew) == {str(there.always)}
    crew.assert_agrees()
    assert [line["op"] for line in crew.pull()] == ["page"]


def test_an_agreement_that_runs_out_needs_nobody_to_do_anything(there: TwoPractices, frozen_clock: Any) -> None:
    frozen_clock(clock.now().replace(hour=20))
    there.agree(valid_until=date(2026, 11, 21))
    crew = there.crew()
    crew.pull()
    assert str(there.sometimes) in held(crew)

    frozen_clock(clock.now().replace(hour=23, minute=59))
    crew.pull()
    assert str(there.sometimes) in held(crew)
    frozen_clock(clock.now() + timedelta(minutes=2))
    crew.pull()

    assert held(crew) == {str(there.always)}
    crew.assert_agrees()


def test_whoever_is_not_covered_comes_with_no_change_either(there: TwoPractices) -> None:
    crew = there.crew()
    crew.pull()

    apply_edit(there.gp, an_edit(there.sometimes, "treatment_level", {"level": "treat_at_home"}))
    lines = crew.pull()

    assert "put" not in [line["op"] for line in lines]
    crew.assert_agrees()


def test_what_a_tablet_holds_of_its_own_caseload_is_what_the_agreement_covers(there: TwoPractices) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE, shares=False)
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    with writing() as session:
        begin_relationship(session, Concerned(there.sometimes, hospice.id, "referred", None))
    scope, tablet = f"relationship:{hospice.id}", a_sync_tablet(there.app, nurse)
    tablet.pull()
    assert held(tablet, scope) == set()

    card_only = agree(there.practice, hospice, level=1)
    tablet.pull()
    assert "plan" not in tablet.scopes[scope].cards[str(there.sometimes)]
    tablet.assert_agrees()

    whole = agree(there.practice, hospice, level=3)
    tablet.pull()
    assert tablet.scopes[scope].cards[str(there.sometimes)]["plan"]["sections"]

    end_agreement(whole)
    tablet.pull()
    assert "plan" not in tablet.scopes[scope].cards[str(there.sometimes)]
    end_agreement(card_only)
    tablet.pull()
    assert held(tablet, scope) == set()
    tablet.assert_agrees()


def test_a_kept_page_is_never_served_to_whom_the_agreement_covers_less(
    there: TwoPractices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epaccs.sync.actions.pull.PAGE_ROWS", 2)
    there.agree()
    there.crew().pull(limit=2)
    assert db.session.scalars(select(KeptPage)).first() is not None
    other = an_organisation(type=OrganisationType.AMBULANCE)

    crew = a_sync_tablet(there.app, a_clinician(Role.PARAMEDIC, other))
    crew.pull(limit=2)

    assert held(crew) == {str(there.always)}
    crew.assert_agrees()


def test_a_practice_always_holds_its_own_people(there: TwoPractices) -> None:
    tablet = a_sync_tablet(there.app, there.gp)

    tablet.pull()

    assert held(tablet, f"practice:{there.practice.id}") == {str(there.sometimes)}
    tablet.assert_agrees()
