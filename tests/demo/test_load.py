"""Loading made-up people, on both databases: whole, once, and going on where it was interrupted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from epaccs.access.model import EntryScope
from epaccs.audit import log
from epaccs.clinicians import actions
from epaccs.clinicians.actions import Door
from epaccs.clinicians.model import Clinician, Organisation
from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.demo import bulk, loader
from epaccs.demo.districts import PRACTICE_SIZE
from epaccs.demo.people import entry_id_of
from epaccs.demo.staff import find_world
from epaccs.record.actions.search import search_people
from epaccs.register.model import RegisterEntry
from epaccs.settings import Mode, Settings
from epaccs.versions.model import Entry
from tests.conftest import Run

# --- the demonstration -----------------------------------------------------------------------------------------------


def test_the_demonstration_is_loaded_once_and_its_people_sign_in(app: Flask, settings: Settings) -> None:
    seen: list[int] = []

    assert loader.load_demonstration(settings, progress=seen.append) == sum(seen) == loader.DEMONSTRATION_SIZE
    assert loader.load_demonstration(settings) == 0
    assert log.verify().holds
    opened = actions.sign_in("paramedic", settings.demo_password, door=Door("192.0.2.7"))
    assert opened.token


def test_a_loading_that_was_interrupted_goes_on_where_it_stopped(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Exception):
        """Somebody pulled the plug."""

    def pull_the_plug(_count: int) -> None:
        raise Interrupted

    monkeypatch.setattr(loader, "read_stories", lambda _now: iter(()))
    monkeypatch.setattr(loader, "DEMONSTRATION_SIZE", 30)
    monkeypatch.setattr(bulk, "BATCH", 12)
    with pytest.raises(Interrupted):
        loader.load_demonstration(settings, progress=pull_the_plug)

    left = loader.load_demonstration(settings, only_if_empty=True)

    assert (left, loader.count_people()) == (18, 30)


# --- any number of people --------------------------------------------------------------------------------------------


def test_more_people_of_a_seed_are_added_to_those_who_are_here(app: Flask, settings: Settings) -> None:
    assert loader.load_people(settings, 20) == 20
    assert loader.load_people(settings, 35) == 15
    assert loader.load_people(settings, 35) == 0

    assert set(db.session.scalars(select(Entry.id))) == {entry_id_of(1, number) for number in range(35)}


def test_people_of_two_seeds_never_share_a_number(app: Flask, settings: Settings) -> None:
    loader.load_people(settings, 30, seed=1)
    loader.load_people(settings, 30, seed=2)

    numbers = [number for number in db.session.scalars(select(RegisterEntry.nhs_number)) if number]
    assert loader.count_people() == 60
    assert len(set(numbers)) == len(numbers) > 50


def test_beyond_the_last_number_people_have_none(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "synthetic_numbers", lambda _seed: iter(("9993000019", "9993000027")))

    loader.load_people(settings, 5)

    numbers = sorted(str(number) for number in db.session.scalars(select(RegisterEntry.nhs_number)))
    assert numbers[:2] == ["9993000019", "9993000027"]
    assert numbers[2:] == ["None"] * 3


def test_whoever_was_loaded_is_found_by_whoever_serves_the_area(app: Flask, settings: Settings) -> None:
    loader.load_people(settings, 30)
    actor = find_world().actors["out-of-hours-gp"]
    shared = select(RegisterEntry.nhs_number).join(EntryScope, EntryScope.entry_id == RegisterEntry.entry_id)
    numbers = list(db.session.scalars(shared.where(EntryScope.is_shared, RegisterEntry.nhs_number.is_not(None))))

    found = [search_people(actor, who=number, born="", where="").findings.people for number in numbers]

    assert len(numbers) > 20
    assert [[person.nhs_number for person in people] for people in found] == [[number] for number in numbers]


def test_nobody_belongs_to_a_practice_of_a_thousand(app: Flask, settings: Settings) -> None:
    loader.load_people(settings, 10)

    practices = db.session.scalar(select(func.count()).where(Organisation.ods_code.startswith("A98")))
    assert practices == loader.DISTRICT_SIZE // PRACTICE_SIZE


def test_a_batch_that_cannot_be_written_leaves_nothing_of_it(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    monkeypatch.setattr(loader._FreeNumbers, "take", lambda _self, count: ["9993000019"] * count)

    with pytest.raises(Exception, match=r"(?i)unique"):
        loader.load_people(settings, 10)

    assert loader.count_people() == 0
    assert log.verify().holds


def test_live_people_are_never_touched(app: Flask, settings: Settings) -> None:
    live = replace(settings, mode=Mode.LIVE)

    for load in (loader.load_demonstration, lambda one: loader.load_people(one, 5)):
        with pytest.raises(RuleBroken, match="Nothing was loaded"):
            load(live)
    assert db.session.scalars(select(Clinician.id)).first() is None


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_says_how_many_it_loaded_and_counts_them(run: Run) -> None:
    loaded = run("demo", "load", "--patients", "12", "--json")
    counted = run("patients", "count", "--json")

    assert loaded.exit_code == 0, loaded.output
    assert json.loads(loaded.stdout)["loaded"] == 12
    assert sum(json.loads(counted.stdout)["entries"].values()) == 12


def test_the_command_says_so_when_nobody_is_missing(run: Run) -> None:
    run("demo", "load", "--patients", "3")

    assert run("demo", "load", "--patients", "3").stdout == "All of these people are here already.\n"


def test_the_command_leaves_a_register_alone_that_holds_others(run: Run) -> None:
    run("demo", "load", "--patients", "3")

    quiet = run("demo", "load", "--if-empty")

    assert (quiet.exit_code, quiet.output) == (0, "")
    assert "3 on register" in run("patients", "count").stdout


def test_the_command_refuses_where_people_are_real(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPACCS_MODE", "live")
    monkeypatch.setenv("EPACCS_PUBLIC_URL", "https://epaccs.example")
    monkeypatch.setenv("EPACCS_TRUSTED_PROXIES", "1")

    refused = run("demo", "load")

    assert refused.exit_code == 1
    assert "only where EPACCS_MODE is demo" in refused.output


def test_the_command_takes_no_number_of_people_below_one(run: Run) -> None:
    assert run("demo", "load", "--patients", "0").exit_code == 2
