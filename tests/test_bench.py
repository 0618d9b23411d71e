"""What is measured with is made right: the same people for a seed, nobody's numbers, and everybody can be found."""

from __future__ import annotations

from itertools import islice

from flask import Flask

from bench import Row
from bench.context import AREA, load_people
from bench.people import make_people, synthetic_numbers
from bench.search import make_queries
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.nhs_number import is_nhs_number, is_synthetic
from epaccs.record.actions.search import search_people
from tests.factories import a_clinician, an_organisation


def test_a_seed_makes_the_same_people_however_many_are_asked_for() -> None:
    assert list(make_people(20)) == list(islice(make_people(6000), 20))
    assert list(make_people(20, seed=2)) != list(make_people(20))


def test_numbers_are_valid_nobodys_and_never_twice() -> None:
    numbers = list(islice(synthetic_numbers(), 5000))

    assert all(is_nhs_number(number) and is_synthetic(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_names_are_shared_by_many_and_by_few() -> None:
    names = [person.identity["family_name"] for person in make_people(5000)]

    assert names.count("Smith") > 25
    assert sum(names.count(name) == 1 for name in set(names)) > 500


def test_whoever_was_loaded_in_bulk_is_found_by_a_mistyped_question(app: Flask) -> None:
    people = list(make_people(400))
    with db.engine.connect() as connection:
        assert list(load_people(connection, people)) == [400]
    organisation = an_organisation(type=OrganisationType.OUT_OF_HOURS, area=AREA)
    actor = a_clinician(Role.OUT_OF_HOURS_GP, organisation)

    for query in make_queries(400)[:25]:
        found = search_people(actor, who=query.who, born=query.born, where=query.where).findings
        assert query.meant in [person.entry_id for person in found.people[:3]], query


def test_a_row_says_how_many_floors_high_it_is() -> None:
    row = Row("search", 12.0, "ms", floor=4.0, must="at most 15 ms", holds=True)

    assert row.to_json() == {
        "name": "search",
        "value": 12.0,
        "unit": "ms",
        "floor": 4.0,
        "peer": None,
        "ratio": 3.0,
        "must": "at most 15 ms",
        "holds": True,
    }
    assert Row("search", 12.0, "ms").ratio is None
