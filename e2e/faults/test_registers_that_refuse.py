"""Whatever the register refuses, forgets or has ended, what was written is kept, arrives once, and names its author."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from e2e.bad_line import REQUEST_LOST, BadLine, Fault, an_answer, bad_line, says
from e2e.conftest import Served, Site, a_site
from e2e.faults.conftest import NewTablet
from e2e.faults.crew import Crew, Screenless
from e2e.faults.standing import assert_nothing_lost_or_doubled, outcomes_of
from e2e.scenes import died, opened
from e2e.tablets import CANARY, Scene, a_scene
from epaccs.app import create_app
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.backup import backup, restore
from epaccs.core.db import db, writing
from epaccs.devices.actions.ending import take_out_by_operator
from epaccs.devices.actions.leases import end_leases_of
from epaccs.devices.rules import LeaseEnd
from epaccs.notices.model import Notice
from epaccs.notices.rules import NoticeKind
from epaccs.register import actions as register
from epaccs.sync.model.push import PushedEdit
from epaccs.versions.model import HeldEdit
from tests.factories import a_consent, an_edit

pytestmark = [pytest.mark.fault, pytest.mark.only_on("telephone-sqlite")]

PULL, SEALED = "/sync/v1/pull", "/sync/v1/sealed"
SIGNED_OUT = json.dumps({"type": "urn:epaccs:problem:signed-out"}).encode()


@pytest.mark.row(
    16, done="401 to everything, ten edits waiting", held="kept; sign-in asked; sent once, by their author"
)
def test_a_tablet_that_is_signed_out_keeps_what_it_has_and_sends_it_once(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    line.fails("/", says(401, SIGNED_OUT))
    edits = [tablet.saw_the_form(scene.entry_id, f"Place {number}") for number in range(10)]
    with writing() as session:
        end_leases_of(session, scene.paramedic.clinician_id, str(LeaseEnd.PASSWORD_CHANGED))

    tablet.round()
    assert tablet.waiting == edits
    line.is_good()
    assert tablet.round()["phase"] == "sign-in"

    assert set(outcomes_of(tablet).values()) <= {"applied", "held"}
    assert {edit.author_id for edit in db.session.scalars(select(PushedEdit))} >= {scene.paramedic.clinician_id}
    assert tablet.waiting == []
    assert_nothing_lost_or_doubled(site, tablet, line=line, has_come=False, canaries=[scene.name, CANARY])


@pytest.mark.row(17, done="403, the tablet is taken out of use, two edits waiting", held="erased; the edits are taken")
def test_a_tablet_that_is_taken_out_of_use_erases_itself_and_its_edits_are_taken(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    line.fails("/", REQUEST_LOST)
    edits = [tablet.saw_the_form(scene.entry_id, place) for place in ("On the fridge", "In the hall")]
    take_out_by_operator(UUID(tablet.device_id), is_lost=True)
    line.is_good()
    line.fails_once(SEALED, says(500))
    line.fails_once(SEALED, says(500))
    line.fails_once(SEALED, says(500))

    assert tablet.round()["phase"] == "erased"
    state = tablet.state()
    assert [state["counts"][one] for one in ("keyring", "rows", "index", "cursors")] == [0, 0, 0, 0]
    assert state["sealed"] == edits
    tablet.round()

    assert outcomes_of(tablet) == dict.fromkeys(edits, "held")
    assert_nothing_lost_or_doubled(site, tablet, line=line, has_come=False, canaries=[scene.name, CANARY])


@pytest.mark.row(18, done="413: a batch is too large, and one edit of it alone", held="halved; that one waits alone")
def test_a_batch_that_is_too_large_is_halved_and_one_that_is_too_large_waits_alone(
    site: Site, line: BadLine, new_tablet: NewTablet
) -> None:
    tablet = new_tablet((scene := a_scene(site, others=8)).paramedic)
    tablet.round()
    line.fails("/", REQUEST_LOST)
    large = tablet.saw_the_form(scene.entry_id, "In the hall " * 4_000)
    edits = [tablet.helped(one, "Comfortable") for one in tablet.others(scene)]
    line.is_good()
    line.fails("/sync", Fault(answers=lambda asked: an_answer(413) if len(asked) > 8_000 else None))

    before = len(line.passed)
    tablet.round()

    assert tablet.waiting == [large]
    assert outcomes_of(tablet) == dict.fromkeys(edits, "applied")
    assert len(line.passed) - before < 30
    before = len(line.passed)
    tablet.round()
    assert len(line.passed) - before <= 3
    assert_nothing_lost_or_doubled(site, tablet, line=line)


@pytest.mark.row(
    20, done="500 whenever one edit is in what is sent", held="the others go on, and copies come; it waits"
)
def test_an_edit_that_makes_the_register_fail_keeps_nothing_else_waiting(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    line.fails("/", REQUEST_LOST)
    poisoned = tablet.saw_the_form(scene.entry_id, "On the fridge")
    edits = [tablet.helped(one, "Comfortable") for one in tablet.others(scene)]
    line.is_good()
    line.fails("/", Fault(answers=lambda asked: an_answer(500) if poisoned.encode() in asked else None))

    for _ in range(3):
        tablet.round()

    assert tablet.waiting == [poisoned]
    assert outcomes_of(tablet) == dict.fromkeys(edits, "applied")
    assert_nothing_lost_or_doubled(site, tablet, line=line)
    line.is_good()
    tablet.round()
    assert outcomes_of(tablet)[poisoned] in {"applied", "held"}
    assert_nothing_lost_or_doubled(site, tablet, line=line)


@pytest.mark.row(
    42, done="sharing ended, removed, died, while a tablet writes", held="dropped or told; edits are taken"
)
@pytest.mark.parametrize("what", ["consent", "removed", "died"])
def test_somebody_who_leaves_while_a_tablet_writes_is_dropped_and_the_writing_is_taken(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless, what: str
) -> None:
    edit = tablet.saw_the_form(scene.entry_id, "On the fridge")
    opened(scene.gp, scene.entry_id)
    match what:
        case "consent":
            register.amend(scene.gp, an_edit(scene.entry_id, "consent", a_consent(share_status="withdrawn")))
        case "removed":
            removal = an_edit(scene.entry_id, "lifecycle", {"reason": "improved"}, kind="remove")
            register.amend(scene.gp, removal)
        case _:
            died(scene.gp, scene.entry_id)

    tablet.round()
    tablet.round()

    assert (str(scene.entry_id) in tablet.state()["people"]) == (what == "died")
    assert outcomes_of(tablet)[edit] in {"applied", "held"}
    assert_nothing_lost_or_doubled(site, tablet, line=line, canaries=[scene.name, CANARY])


@pytest.mark.row(
    50, done="a stolen disk: unlocked, locked, with edits waiting", held="no name, number or word in clear"
)
def test_a_stolen_disk_tells_nobody_anything(site: Site, line: BadLine, scene: Scene, tablet: Screenless) -> None:
    line.fails("/", REQUEST_LOST)
    tablet.saw_the_form(scene.entry_id, "Behind the clock")
    tablet.asks("lock")

    canaries = [scene.name, scene.name.upper(), CANARY, "Behind the clock", str(scene.entry_id)]
    assert_nothing_lost_or_doubled(site, tablet, line=line, has_come=False, canaries=canaries)


@pytest.mark.row(55, done="a tablet was copied, and both write", held="both noticed and taken out; both edits are held")
def test_two_tablets_of_one_id_are_noticed_and_nothing_of_either_is_lost(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless, crew: Crew
) -> None:
    twin = tablet.is_copied(crew, line.address)
    first = tablet.saw_the_form(scene.entry_id, "On the fridge")
    second = twin.saw_the_form(scene.entry_id, "In the hall")

    tablet.round()
    twin.round()

    assert outcomes_of(tablet) == {first: "applied"}
    assert outcomes_of(twin) == {second: "held"}
    whys = db.session.scalars(select(HeldEdit.why).where(HeldEdit.edit_id == UUID(second)))
    assert list(whys) == ["tablet_copied"]
    assert [one.round()["phase"] for one in (tablet, twin)] == ["erased", "erased"]
    assert_nothing_lost_or_doubled(site, tablet, twin, line=line, has_come=False, canaries=[scene.name, CANARY])


@pytest.mark.row(37, done="restored from yesterday's backup, the generation raised", held="offered again; nothing gone")
def test_a_register_restored_from_before_hears_again_what_it_has_forgotten(tmp_path: Path, crew: Crew) -> None:
    with a_site(f"sqlite:///{tmp_path / 'epaccs.sqlite3'}", tmp_path) as site, bad_line(site.served.port) as line:
        scene = a_scene(site, others=2)
        tablet = Screenless(crew, line.address, scene.paramedic).is_set_up()
        tablet.round()
        backup(tmp_path / "yesterday.tar")

        before = tablet.saw_the_form(scene.entry_id, "On the fridge")
        tablet.round()
        line.fails_once(PULL, REQUEST_LOST)
        unseen = tablet.saw_the_form(scene.entry_id, "In the hall")
        tablet.round()
        assert set(outcomes_of(tablet)) == {before, unseen}
        line.fails("/", REQUEST_LOST)
        unsent = tablet.helped(tablet.others(scene)[0], "Comfortable")
        held = len(tablet.state()["people"])

        restored = restore_beside(site, tmp_path)
        line.is_good()
        with restored.app.app_context():
            assert outcomes_of(tablet) == {}
            tablet.round()
            assert len(tablet.state()["people"]) == held, "the crew never has an empty tablet"
            tablet.round()
            tablet.round()

            assert set(outcomes_of(tablet)) == {before, unseen, unsent}
            assert set(outcomes_of(tablet).values()) <= {"applied", "held"}
            told = set(db.session.scalars(select(AuditEvent.kind)))
            assert str(EventKind.REGISTER_BEHIND) in told
            notices = set(db.session.scalars(select(Notice.kind).where(Notice.entry_id == scene.entry_id)))
            assert str(NoticeKind.TABLET_AHEAD) in notices
            assert_nothing_lost_or_doubled(restored, tablet, line=line, canaries=[scene.name, CANARY])
            restored.served.stop()
            db.session.remove()
            db.engine.dispose()


def restore_beside(site: Site, folder: Path) -> Site:
    """As the guide says: stop, restore into a new database, raise the generation, serve at the same address."""
    site.served.stop()
    url = f"sqlite:///{folder / 'restored.sqlite3'}"
    settings = replace(site.served.settings, database_url=url, restore_generation=2)
    app = create_app(settings)
    with app.app_context():
        restore(folder / "yesterday.tar")
        db.session.remove()
    served = Served(settings, site.served.port, folder / "restored.log")
    served.start()
    return replace(site, app=app, served=served)
