"""The photo of a signed form follows its words: it is looked at like any scan, and they stay whatever becomes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.rules import CPRState
from epaccs.devices.actions import end_leases_of
from epaccs.devices.rules import LeaseEnd
from epaccs.scans.model import Scan, ScanContent
from epaccs.scans.queries import get_scans_page, open_scan
from epaccs.settings import Settings
from epaccs.sync.rules.push import MISSES_LIMIT
from epaccs.versions.actions import apply_edit, settle
from epaccs.versions.queries import find_recorded, get_dispute
from tests.factories import a_clinician, an_edit, an_organisation
from tests.record.visits import open_record
from tests.scans.files import a_pdf, a_picture, infected
from tests.sync.writing import WritingTablet, a_writing_tablet, outcomes_of, seal, to_text


@pytest.fixture
def settings(settings: Settings, clamd: str) -> Settings:
    """With the scanner of the tests."""
    return replace(settings, clamd=clamd)


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, an_organisation(area="northdale"), may_sign=True)


@pytest.fixture
def tablet(app: Flask, gp: Actor) -> WritingTablet:
    trust = an_organisation(type=OrganisationType.AMBULANCE, area="northdale")
    return a_writing_tablet(app, a_clinician(Role.PARAMEDIC, trust, name="Lee Hart"))


def saw(tablet: WritingTablet, entry_id: UUID, photo_id: UUID) -> dict[str, Any]:
    body = {"seen_on": "2026-11-20", "place": "Fridge door", "photo_id": str(photo_id)}
    return tablet.edit(entry_id, "cpr", body, kind="original_seen")


def a_photo(tablet: WritingTablet, edit: dict[str, Any], photo_id: UUID, content: bytes, **more: Any) -> dict[str, Any]:
    named = {"id": str(photo_id), "edit_id": edit["id"], "entry_id": edit["entry_id"], "author_id": edit["author_id"]}
    return tablet.signed({**named, "photo": to_text(content), **more})


def sends(tablet: WritingTablet, photo: Any) -> Any:
    body = {"device_id": tablet.tablet.id, "sealed": tablet.seal(photo)}
    return tablet.tablet.client.post("/sync/v1/photo", json=body)


def answer_of(tablet: WritingTablet, photo: Any) -> tuple[str, str]:
    answer = sends(tablet, photo)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()["outcome"], answer.get_json()["why"]


def kept() -> list[Scan]:
    db.session.rollback()
    return list(db.session.scalars(select(Scan)))


def places(entry_id: UUID) -> list[str]:
    """What is said of where the form was seen."""
    recorded = find_recorded(entry_id, "cpr")
    return [one.place for one in CPRState.from_value(recorded.value if recorded else None).sightings]


def test_a_photo_becomes_a_scan_of_the_person_beside_its_words(tablet: WritingTablet, gp: Actor, entry: UUID) -> None:
    photo_id, picture = new_id(), a_picture("JPEG")
    edit = saw(tablet, entry, photo_id)
    photo = a_photo(tablet, edit, photo_id, picture)

    # It came before its words: it is sent again.
    assert answer_of(tablet, photo) == ("later", "")
    assert outcomes_of(tablet.push(edit)) == ["applied"]
    assert [answer_of(tablet, photo) for _ in range(2)] == [("kept", ""), ("kept", "")]

    (scan,) = kept()
    assert (scan.id, scan.kind, scan.original_location, scan.original_seen_by) == (
        photo_id, "cpr_form", "Fridge door", "Lee Hart",
    )  # fmt: skip
    assert scan.virus_scan.startswith("ClamAV ")
    (shown,) = get_scans_page(gp, entry).scans
    assert shown.title == "Signed CPR form, photographed 20-Nov-2026"
    assert open_scan(gp, entry, photo_id).content == picture
    sealed = db.session.get_one(ScanContent, photo_id).sealed
    assert picture not in sealed


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(infected(a_picture("JPEG")), "something harmful", id="a virus"),
        pytest.param(a_pdf(), "no PDF, JPEG or PNG", id="no JPEG"),
        pytest.param(b"", "nothing in this file", id="empty"),
        pytest.param(a_picture("JPEG")[:200], "damaged", id="cut off"),
    ],
)
def test_a_photo_that_is_refused_leaves_the_words(tablet: WritingTablet, entry: UUID, content: bytes, why: str) -> None:
    photo_id = new_id()
    edit = saw(tablet, entry, photo_id)
    tablet.push(edit)

    outcome, said = answer_of(tablet, a_photo(tablet, edit, photo_id, content))

    assert (outcome, why in said) == ("refused", True), said
    assert kept() == []
    assert places(entry) == ["Fridge door"]


def test_a_photo_waits_while_the_scanner_is_silent(app: Flask, tablet: WritingTablet, entry: UUID) -> None:
    app.config["EPACCS"] = replace(app.config["EPACCS"], clamd="unix:///nowhere/clamd.socket")
    photo_id = new_id()
    edit = saw(tablet, entry, photo_id)
    tablet.push(edit)

    assert answer_of(tablet, a_photo(tablet, edit, photo_id, a_picture("JPEG"))) == ("later", "")
    assert places(entry) == ["Fridge door"]


def test_a_photo_of_somebody_whose_address_is_restricted_is_not_kept(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    photo_id = new_id()
    edit = saw(tablet, entry, photo_id)
    tablet.push(edit)
    identity = find_recorded(entry, "identity")
    assert identity is not None
    body = {**identity.value, "address_restricted": True}
    apply_edit(gp, an_edit(entry, "identity", body, base_version=identity.version))

    outcome, why = answer_of(tablet, a_photo(tablet, edit, photo_id, a_picture("JPEG")))

    assert (outcome, "restricted" in why) == ("refused", True)
    assert kept() == []


def test_only_the_author_of_the_words_adds_their_photo(
    app: Flask, tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    photo_id = new_id()
    edit = saw(tablet, entry, photo_id)
    tablet.push(edit)
    other = a_writing_tablet(app, gp)

    as_another = a_photo(other, {**edit, "author_id": str(gp.clinician_id)}, photo_id, a_picture("JPEG"))
    under_their_name = a_photo(other, edit, photo_id, a_picture("JPEG"))
    another_photo = a_photo(tablet, edit, new_id(), a_picture("JPEG"))
    unreadable = tablet.signed({"id": str(photo_id), "author_id": edit["author_id"], "photo": 7})

    assert "was not taken" in answer_of(other, as_another)[1]
    assert "not signed" in answer_of(other, under_their_name)[1]
    assert "was not taken" in answer_of(tablet, another_photo)[1]
    assert "not signed" in answer_of(tablet, unreadable)[1]
    assert kept() == []
    forged = select(AuditEvent).where(AuditEvent.kind == str(EventKind.TABLET_FORGED))
    assert len(list(db.session.scalars(forged))) == 2


@pytest.mark.parametrize("stands", [True, False], ids=["accepted", "not accepted"])
def test_a_photo_of_words_that_wait_is_kept_beside_them_and_shown_so_until_they_are_settled(
    app: Flask, tablet: WritingTablet, gp: Actor, entry: UUID, stands: bool
) -> None:
    photo_id, other_id = new_id(), new_id()
    edit = saw(tablet, entry, photo_id)
    photo = a_photo(tablet, edit, photo_id, a_picture("JPEG"))
    with writing() as session:
        end_leases_of(session, tablet.actor.clinician_id, LeaseEnd.PASSWORD_CHANGED)
    assert outcomes_of(tablet.send_sealed(tablet.seal(edit))) == ["held"]

    assert answer_of(tablet, a_photo(tablet, edit, other_id, a_picture("JPEG")))[0] == "refused"
    assert [answer_of(tablet, photo) for _ in range(2)] == [("kept", ""), ("kept", "")]

    (shown,) = get_scans_page(gp, entry).scans
    assert (shown.id, shown.original_location, shown.waits_as) == (photo_id, "Fridge door", UUID(edit["id"]))
    assert "waits for a clinician" in str(shown.apart_because)
    page = open_record(app, gp, entry)
    assert "waits for a clinician" in page.open(f"/record/{entry}/scans").page.text
    assert "A photo was taken" in page.open(f"/held/{edit['id']}").page.text
    dispute = get_dispute(gp, UUID(edit["id"]))

    settle(gp, dispute.request(new_id()), side=edit["id"] if stands else "keep", reason="Rang them", seen=[edit["id"]])

    assert places(entry) == (["Fridge door"] if stands else [])
    (shown,) = get_scans_page(gp, entry).scans
    assert shown.waits_as is None
    assert shown.words_because == (None if stands else "What was said with it was not accepted")
    assert shown.closed_because is None
    assert answer_of(tablet, photo)[0] == ("kept" if stands else "refused")


def test_another_picture_under_the_same_id_is_not_taken(tablet: WritingTablet, entry: UUID) -> None:
    photo_id = new_id()
    edit = saw(tablet, entry, photo_id)
    tablet.push(edit)
    answer_of(tablet, a_photo(tablet, edit, photo_id, a_picture("JPEG")))

    outcome, why = answer_of(tablet, a_photo(tablet, edit, photo_id, a_picture("JPEG", (90, 90))))

    assert (outcome, "kept with this form already" in why) == ("refused", True)
    assert len(kept()) == 1


def test_what_cannot_be_opened_closes_the_door_after_a_while(tablet: WritingTablet) -> None:
    client = tablet.tablet.client
    good = seal(tablet.tablet.answer["seal_key"], "1", {})
    unknown = {"device_id": str(new_id()), "sealed": good}
    spoilt = {"device_id": tablet.tablet.id, "sealed": "no box"}

    answers = [client.post("/sync/v1/photo", json=unknown).status_code for _ in range(MISSES_LIMIT - 1)]
    answers.append(client.post("/sync/v1/photo", json=spoilt).status_code)

    assert set(answers) == {404}
    assert client.post("/sync/v1/photo", json=spoilt).status_code == 429
