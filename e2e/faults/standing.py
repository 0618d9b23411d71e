"""What must hold after every fault, said once: nothing is lost, doubled, decided by itself, or given away.

Source: docs/offline.md, "Faults".
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import func, select

from e2e.bad_line import BadLine
from e2e.conftest import Site
from e2e.faults.crew import Screenless
from epaccs.audit import log
from epaccs.core.db import db
from epaccs.sync.model.feed import FeedRow, FeedScope
from epaccs.sync.model.push import FailedEdit, PushedEdit
from epaccs.sync.rules.feed import show_sum, sum_of
from epaccs.versions.model import Edit, HeldEdit, SectionHead, SectionVersion

#: What only adds to a decision, and never stands in for one.
_ADDING = {"own_withdrawal", "original_seen", "review_asked", "wrong_person"}
_CRITICAL = {"cpr", "treatment_level", "legal", "allergies", "medicines", "capacity"}
#: The register's clock and the tablet's are one here; what lies between an answer and its note is scheduling.
_LEEWAY_SECONDS = 2.0


def assert_nothing_lost_or_doubled(
    site: Site,
    *tablets: Screenless,
    line: BadLine | None = None,
    has_come: bool = True,
    canaries: Collection[str] = (),
) -> None:
    """The standing assertions S1 to S7 of every tablet and of the register.

    Args:
        line: over which all of the tablets spoke; what they say of their last contact is compared with it.
        has_come: all that there is has been fetched, so what they hold is compared with the register's scope.
        canaries: words that belong to one person, and may lie nowhere in the clear.
    """
    db.session.rollback()
    for tablet in tablets:
        assert_no_edit_lost(tablet)
        if has_come:
            assert_holds_the_scope(tablet)
        assert_says_how_it_stands(tablet, line)
        assert_tells_nobody(tablet, canaries)
    assert_none_twice([one for tablet in tablets for one in tablet.made])
    assert_nothing_decided_by_itself([one for tablet in tablets for one in tablet.made])
    assert log.verify(site.served.settings.data_dir / "audit-anchor.log").broken is None, "S6: the audit is broken"
    written = site.served.log.read_text(errors="replace") if site.served.log.exists() else ""
    assert [word for word in canaries if word in written] == [], "S7: the server's log names somebody"
    db.session.rollback()


def assert_no_edit_lost(tablet: Screenless) -> None:
    """S1: what was written down waits on the tablet, or the register has it."""
    here, there = set(tablet.waiting), set(_known(tablet.made))
    missing = [one for one in tablet.made if one not in here | there]
    assert missing == [], "S1: these are neither on the tablet nor in the register"


def assert_none_twice(made: Iterable[str]) -> None:
    """S2: each made one version of its section, or none."""
    ids = [UUID(one) for one in made]
    counted = db.session.execute(
        select(SectionVersion.edit_id, func.count()).where(SectionVersion.edit_id.in_(ids)).group_by("edit_id")
    )
    assert [row.edit_id for row in counted if row[1] > 1] == [], "S2: these count twice"
    lines = db.session.scalars(select(SectionHead.value).where(SectionHead.section == "observations"))
    said = [item_id for value in lines for item_id in value.get("items", {}) if item_id in {str(one) for one in ids}]
    assert len(said) == len(set(said)), "S2: these were said twice"


def assert_nothing_decided_by_itself(made: Iterable[str]) -> None:
    """S3: what waits for a person changed nothing, and what changed something critical was made on what stood there."""
    ids = [UUID(one) for one in made]
    versions = {row.edit_id: row.version for row in db.session.scalars(select(SectionVersion)) if row.edit_id in ids}
    for edit in db.session.scalars(select(Edit).where(Edit.id.in_(ids), Edit.section.in_(_CRITICAL))):
        if edit.outcome == "held":
            assert edit.id not in versions, f"S3: {edit.id} waits for a person, and counts"
            _assert_shown_in_doubt(edit)
        elif edit.id in versions and edit.kind not in _ADDING and edit.after_id is None:
            assert versions[edit.id] == edit.base_version + 1, f"S3: {edit.id} was made on something else"


def _assert_shown_in_doubt(edit: Edit) -> None:
    held = db.session.get_one(HeldEdit, edit.id)
    head = db.session.get_one(SectionHead, (edit.entry_id, edit.section))
    assert head.disputed or held.standing != "open", f"S3: nobody sees that {edit.id} waits"


def assert_holds_the_scope(tablet: Screenless) -> None:
    """S4: the tablet has whom the register has in each scope, in the same versions, by the sum of both."""
    for place in tablet.state()["places"]:
        assert place["current"] is not None, f"S4: nothing of {place['scope']} has come"
        assert place["next"] is None, f"S4: {place['scope']} is not whole"
        held = place["current"]
        assert (held["sum"], held["people"]) == _sum_here(place["scope"]), f"S4: {place['scope']} differs"


def _sum_here(scope: str) -> tuple[str, int]:
    row = db.session.get(FeedScope, scope, populate_existing=True)
    rows = select(FeedRow.entry_id, FeedRow.version).where(FeedRow.scope == scope, FeedRow.op == "put")
    people = [(one.entry_id, one.version) for one in db.session.execute(rows)]
    found = show_sum(sum_of(people))
    assert found == show_sum(row.sum if row else 0), "S4: the register's own sum is wrong"
    return found, len(people)


def assert_says_how_it_stands(tablet: Screenless, line: BadLine | None) -> None:
    """S5: the last contact is one that took place, and what waits is what has no result."""
    state = tablet.state()
    known = _known(tablet.made)
    unknown = [one for one in tablet.made if one not in known]
    assert set(unknown) <= set(tablet.waiting), "S5: it says that less waits than does"
    assert state["lastContact"] <= (time.time() + _LEEWAY_SECONDS) * 1000, "S5: its last contact is still to come"
    if line is not None and state["lastContact"]:
        said = state["lastContact"] / 1000 - (time.time() - time.monotonic())
        answers = [one for one in line.passed if one.status == 200]
        took_place = [one for one in answers if one.at - _LEEWAY_SECONDS < said < one.until + _LEEWAY_SECONDS]
        assert took_place, "S5: there was no contact when it says there was"


def assert_tells_nobody(tablet: Screenless, canaries: Collection[str]) -> None:
    """S7: nothing of anybody lies in its database in the clear."""
    if canaries:
        disk = tablet.asks("disk")
        assert [word for word in canaries if word in disk] == [], "S7: somebody lies there in the clear"


def _known(made: Iterable[str]) -> list[str]:
    """Which of these the register has, with or without an outcome."""
    db.session.rollback()
    ids = [UUID(one) for one in made]
    pushed = db.session.scalars(select(PushedEdit.id).where(PushedEdit.id.in_(ids)))
    failed = db.session.scalars(select(FailedEdit.edit_id).where(FailedEdit.edit_id.in_(ids)))
    return [str(one) for one in (*pushed, *failed)]


def outcomes_of(tablet: Screenless) -> dict[str, str]:
    """What became first of each thing written down on a tablet."""
    db.session.rollback()
    ids = [UUID(one) for one in tablet.made]
    rows = db.session.execute(select(PushedEdit.id, PushedEdit.outcome).where(PushedEdit.id.in_(ids)))
    return {str(row.id): row.outcome for row in rows}
