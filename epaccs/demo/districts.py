"""Who looks after whom: the colleagues of the demonstration, and generated districts where there are many people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, Final

from epaccs.clinicians.actions import NewOrganisation, hash_password
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.fields import normalise_telephone
from epaccs.demo.life import Colleagues
from epaccs.demo.names import choose_name, telephone_of, town_of
from epaccs.demo.staff import Colleague, add_colleagues, add_organisations, as_they_began
from epaccs.demo.stories import read_demonstration

AREA: Final = "northdale"
#: So many people belong to one generated practice, and so many practices to one district.
PRACTICE_SIZE: Final = 400
PRACTICES: Final = 10
HOMES: Final = range(2)
DISTRICT_SIZE: Final = PRACTICE_SIZE * PRACTICES


# --- The demonstration -----------------------------------------------------------------------------------------------


def demonstration_colleagues() -> Sequence[Colleagues]:
    """Who looks after the people of each practice in the area, with either kind of key worker."""
    return [
        _written(practice, gp, nurse, key_worker)
        for practice, gp in (("A99001", "gp"), ("A99002", "gp-2"))
        for nurse, key_worker in (("hospice-nurse", "Z99H1"), ("community-nurse", "Z99CT"))
    ]


def outlying_colleagues() -> Colleagues:
    """Who looks after the people of the practice outside the area: whoever works at night here does not see them."""
    return _written("A99003", "gp-3", "hospice-doctor-2", "Z99H2", town="Southmere", has_homes=False)


def _written(
    practice: str, gp: str, nurse: str, key_worker: str, *, town: str = "Northdale", has_homes: bool = True
) -> Colleagues:
    written = read_demonstration()
    organisations = {one["ods_code"]: one for one in written["organisations"]}
    homes = tuple(_home(organisations[ods_code]) for ods_code in ("Z99C1", "Z99C2")) if has_homes else ()
    return Colleagues(
        practice_ods=practice,
        gp=gp,
        gp_name=_names()[gp],
        key_worker_ods=key_worker,
        key_worker_name=_names()[nurse],
        key_worker_telephone=normalise_telephone(organisations[key_worker]["telephone_24h"]),
        key_worker_is_hospice=organisations[key_worker]["type"] == OrganisationType.HOSPICE,
        nurse=nurse,
        night="out-of-hours-gp",
        night_name=_names()["out-of-hours-gp"],
        crew="paramedic",
        town=town,
        homes=homes,
    )


def _home(organisation: Mapping[str, Any]) -> tuple[str, str, str]:
    *lines, postcode = organisation["address"].split(", ")
    return organisation["ods_code"], "\n".join(lines), postcode


# --- Generated districts ---------------------------------------------------------------------------------------------


def colleagues_of(number: int) -> Colleagues:
    """Who looks after the person of this number."""
    practice, is_hospice = number // PRACTICE_SIZE, number % 2 == 0
    district, kind = practice // PRACTICES, "H" if is_hospice else "N"
    doctor, nurse, town = _doctor(practice), _nurse(district, kind), town_of(practice)
    return Colleagues(
        practice_ods=_practice_ods(practice),
        gp=doctor.user_name,
        gp_name=doctor.name,
        key_worker_ods=_district_ods(district, kind),
        key_worker_name=nurse.name,
        key_worker_telephone=telephone_of(district),
        key_worker_is_hospice=is_hospice,
        nurse=nurse.user_name,
        night="out-of-hours-gp",
        night_name=_names()["out-of-hours-gp"],
        crew="paramedic",
        town=town,
        homes=tuple(
            (_home_ods(district, home), f"{town_of(district + home)} House\n{town}", "ND9 9ZZ") for home in HOMES
        ),
    )


def add_districts(districts: Iterable[int], password: str) -> None:
    """Add the organisations and people of each, one after another; who is there stays."""
    password_hash = hash_password(password)
    for district in districts:
        with as_they_began():
            add_organisations(organisations_of_district(district))
            add_colleagues(colleagues_of_district(district), password_hash=password_hash)


def organisations_of_district(district: int) -> Iterator[NewOrganisation]:
    """The practices, hospice, nursing team and care homes of a district."""
    number = telephone_of(district)
    for practice in _practices_of(district):
        name = f"{town_of(practice)} Surgery"
        yield NewOrganisation(_practice_ods(practice), name, OrganisationType.GP_PRACTICE, AREA, number)
    town = town_of(district * PRACTICES)
    hospice, nurses = _district_ods(district, "H"), _district_ods(district, "N")
    yield NewOrganisation(hospice, f"{town} Hospice", OrganisationType.HOSPICE, AREA, number, number)
    yield NewOrganisation(nurses, f"{town} Community Nursing", OrganisationType.COMMUNITY, AREA, number, number)
    for home in HOMES:
        name = f"{town_of(district + home)} House"
        yield NewOrganisation(_home_ods(district, home), name, OrganisationType.CARE_HOME, AREA, number, number)


def colleagues_of_district(district: int) -> Iterator[Colleague]:
    """A GP for each practice, and a nurse for the hospice and for the nursing team."""
    yield from map(_doctor, _practices_of(district))
    yield from (_nurse(district, kind) for kind in ("H", "N"))


def _practices_of(district: int) -> range:
    return range(district * PRACTICES, (district + 1) * PRACTICES)


def _practice_ods(practice: int) -> str:
    return f"A98{practice:05}"


def _district_ods(district: int, kind: str) -> str:
    return f"Z98{kind}{district:05}"


def _home_ods(district: int, home: int) -> str:
    return f"Z98C{district:05}{home}"


@cache
def _doctor(practice: int) -> Colleague:
    ods_code = _practice_ods(practice)
    name = f"Dr {choose_name(Random(ods_code))}"
    signs = "Northdale resuscitation committee"
    return Colleague(f"gp-{ods_code.lower()}", name, {ods_code: Role.GP}, f"98{practice:05}", signs)


@cache
def _nurse(district: int, kind: str) -> Colleague:
    ods_code = _district_ods(district, kind)
    role = Role.HOSPICE_NURSE if kind == "H" else Role.COMMUNITY_NURSE
    return Colleague(
        f"nurse-{ods_code.lower()}", choose_name(Random(ods_code)), {ods_code: role}, f"98{kind}{district:05}E"
    )


@cache
def _names() -> Mapping[str, str]:
    return {one["user_name"]: one["name"] for one in read_demonstration()["clinicians"]}
