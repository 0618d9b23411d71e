"""What a tablet wrote reaches the register exactly once, under its author, and never silently replaces a decision."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.versions.queries import find_recorded, history, material
from tests.factories import a_clinician, a_registered_person, an_organisation
from tests.sync.writing import WritingTablet, a_writing_tablet, outcomes_of, results_of

REVIEW = {"words": "Deteriorating quickly"}


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


@pytest.fixture
def crew(app: Flask) -> WritingTablet:
    return a_writing_tablet(app, a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE)))


def test_what_a_crew_wrote_without_signal_is_applied_under_its_author(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    answer = crew.push(written)

    assert outcomes_of(answer) == ["applied"]
    assert answer.get_json()["next_sequence"] == 2
    (line,) = history(entry, section="cpr")
    assert line.author["name"] == crew.actor.name


def test_the_same_edit_sent_again_hears_its_first_outcome_and_changes_nothing(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")
    first = results_of(crew.push(written))

    assert results_of(crew.push(written)) == first
    assert results_of(crew.send_sealed(crew.seal(written))) == first
    assert find_recorded(entry, "cpr").version == 1


def test_a_sealed_edit_needs_nobody_signed_in(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    answer = crew.send_sealed(crew.seal(written))

    assert outcomes_of(answer) == ["applied"]
    assert not material(entry).held
