"""Who may be referred to, what refuses a referral, and who may end care."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from epaccs.agreements.rules import Level
from epaccs.clinicians.rules import OrganisationType
from epaccs.core.errors import RuleBroken
from epaccs.relationships.rules import (
    EndReason,
    Receiver,
    Team,
    Teams,
    check_may_end,
    check_may_refer,
    label_of,
    label_of_end,
    may_be_referred_to,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OWN, HOSPICE = UUID(int=1), UUID(int=2)


def a_team(organisation_id: UUID = OWN, **fields: Any) -> Team:
    known = {
        "id": UUID(int=9),
        "name": "Hill Hospice",
        "telephone": "01632 960002",
        "reason": "referral",
        "from_at": NOW,
        "until_at": None,
        "confirmed_at": NOW,
        "end_reason": None,
        "asked_by": None,
    }
    return Team(organisation_id=organisation_id, **{**known, **fields})


def teams(*own: Team, is_usual_practice: bool = False) -> Teams:
    return Teams(own, (), (), is_usual_practice, is_anonymous=False)


def test_teams_with_a_caseload_and_practices_are_referred_to_and_services_of_an_area_are_not() -> None:
    found = {kind for kind in OrganisationType if may_be_referred_to(kind)}

    assert found >= {OrganisationType.HOSPICE, OrganisationType.COMMUNITY, OrganisationType.GP_PRACTICE}
    assert not found & {OrganisationType.AMBULANCE, OrganisationType.CARE_HOME, OrganisationType.ICB}


RECEIVER = Receiver(HOSPICE, "Hill Hospice", Level.WHOLE)


def refer(**changes: Any) -> None:
    receiver = changes.pop("receiver", RECEIVER)
    check_may_refer(receiver, **{"own_id": OWN, "is_shared": True, "current": (), **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"receiver": None}, "Choose a team that shares this register", id="nobody known"),
        pytest.param({"own_id": HOSPICE}, "Choose another team than your own", id="own team"),
        pytest.param({"is_shared": False}, "has not agreed to sharing", id="not shared"),
        pytest.param({"receiver": replace(RECEIVER, level=Level.NONE)}, "No sharing agreement", id="no agreement"),
        pytest.param({"current": [a_team(HOSPICE)]}, "was referred to already", id="asked already"),
    ],
)
def test_a_referral_that_would_show_nothing_or_nothing_new_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RuleBroken, match=words):
        refer(**changes)


def test_any_other_referral_is_taken() -> None:
    refer()
    refer(current=[a_team(HOSPICE, reason="registered_here"), a_team(OWN)])


def test_a_team_ends_its_care_and_a_usual_practice_only_what_it_never_took_on() -> None:
    waiting = a_team(reason="registered_practice", confirmed_at=None)
    check_may_end(teams(a_team()), EndReason.FINISHED, others_answer=False)
    check_may_end(teams(waiting, is_usual_practice=True), EndReason.NOT_OURS, others_answer=True)

    for own, why, answer, words in (
        (teams(), EndReason.FINISHED, True, "not down as looking after"),
        (teams(a_team(), is_usual_practice=True), EndReason.NOT_OURS, True, "You are the usual practice"),
        (teams(waiting, is_usual_practice=True), EndReason.FINISHED, True, "You are the usual practice"),
        (teams(waiting, is_usual_practice=True), EndReason.NOT_OURS, False, "Nobody else answers"),
    ):
        with pytest.raises(RuleBroken, match=words):
            check_may_end(own, why, others_answer=answer)


def test_what_a_team_may_say_follows_from_what_it_is_down_for() -> None:
    waiting = a_team(confirmed_at=None)

    assert teams(waiting).to_confirm == (waiting,)
    assert teams(waiting).may_end
    assert teams(waiting, is_usual_practice=True).may_end
    assert not teams(a_team(), is_usual_practice=True).may_end
    assert not teams().may_end


def test_a_relationship_stands_until_its_moment() -> None:
    assert a_team().is_current(NOW)
    assert a_team(until_at=NOW + timedelta(seconds=1)).is_current(NOW)
    assert not a_team(until_at=NOW).is_current(NOW)


def test_every_reason_has_words_also_one_of_an_older_register() -> None:
    assert a_team().label == "Referred"
    assert label_of("community_matron") == "Community matron"
    assert a_team().ended == "It ran out"
    assert label_of_end("finished") == "Our care has finished"
    assert label_of_end("succeeded") == "Another took their place"
    assert label_of_end("something_else") == "Ended"
