"""What is believed of an identity provider's words, one value at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from epaccs.clinicians.rules import Role
from epaccs.core.errors import RuleBroken
from epaccs.sign_on.rules import (
    Identity,
    RoleMeant,
    check_same_person,
    find_usable,
    find_vouched,
    normalise_number,
    read_identity,
)
from tests.conftest import NOW

SAID: dict[str, Any] = {"iss": "https://sign-in.example", "sub": "1"}


def read(*, number_claim: str = "number", **claims: Any) -> Identity:
    return read_identity({**SAID, **claims}, roles_claim="roles", number_claim=number_claim, now=NOW)


@pytest.mark.parametrize(
    ("said", "roles"),
    [
        pytest.param("GP", {"GP"}, id="one"),
        pytest.param(["GP", " GP ", "nurse"], {"GP", "nurse"}, id="several"),
        pytest.param(["GP", 7, None, "", "a\x00b", "x" * 201], {"GP"}, id="what is no text is no role"),
        pytest.param({"GP": True}, set(), id="another form"),
        pytest.param(None, set(), id="nothing"),
    ],
)
def test_roles_are_texts_and_nothing_else(said: object, roles: set[str]) -> None:
    assert read(roles=said).roles == roles


@pytest.mark.parametrize("subject", [None, "", " ", 7, "x" * 256, "a\nb"])
def test_whoever_has_no_number_there_is_nobody(subject: object) -> None:
    with pytest.raises(RuleBroken, match="did not say who you are"):
        read(sub=subject)


def test_a_name_is_shown_and_a_number_counts_only_where_the_site_says_that_it_is_verified() -> None:
    assert read().name == "Not said"
    assert read(number="700 0001").professional_number == "7000001"
    assert read(number="700 0001", number_claim="").professional_number is None
    assert read(number=7000001).professional_number is None


def test_a_number_is_the_same_however_it_is_spaced() -> None:
    assert normalise_number(" 12-a 3456b ") == "12A3456B"
    assert normalise_number(" - ") is None


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        pytest.param(int(NOW.timestamp()) - 60, NOW.replace(microsecond=0) - timedelta(minutes=1), id="a minute ago"),
        pytest.param(int(NOW.timestamp()) + 3600, NOW, id="a clock that is ahead gains nothing"),
        pytest.param(0, datetime(1970, 1, 1, tzinfo=UTC), id="long ago"),
        pytest.param(True, None, id="no number"),
        pytest.param("now", None, id="a word"),
        pytest.param(-1, None, id="before time"),
        pytest.param(2**40, None, id="after time"),
    ],
)
def test_when_somebody_proved_who_they_are(said: object, moment: datetime | None) -> None:
    assert read(auth_time=said).proved_at == moment


def test_only_the_words_that_the_organisation_wrote_down_are_a_second_factor() -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    identity = read(amr=["pwd", "mfa"], acr="high")

    vouched = find_vouched(identity, [meant(first, word="mfa"), meant(second, word="high"), meant(third, word=None)])

    assert vouched == {first, second}
    assert not find_vouched(read(), [meant(first, word="mfa")])


def meant(at: UUID, role: Role = Role.GP, word: str | None = None) -> RoleMeant:
    return RoleMeant(at, "Northdale Surgery", role, word)


def test_a_registered_role_needs_the_number_of_its_register() -> None:
    gp, clerk = meant(uuid4()), meant(uuid4(), Role.PRACTICE_ADMINISTRATOR)

    assert find_usable([gp, clerk], has_number=True) == [gp, clerk]
    assert find_usable([gp, clerk], has_number=False) == [clerk]
    with pytest.raises(RuleBroken, match="Ask the administrator of Northdale Surgery to add it"):
        find_usable([gp], has_number=False)
    with pytest.raises(RuleBroken, match="means no role in this register yet"):
        find_usable([], has_number=True)


def test_whoever_confirms_is_whoever_is_signed_in() -> None:
    one = uuid4()

    check_same_person(one, one)
    with pytest.raises(RuleBroken, match="as somebody else"):
        check_same_person(one, uuid4())
