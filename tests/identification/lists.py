"""Lists of people to consider, as a practice would send them."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.identification import actions
from epaccs.identification.actions import ListTaken
from epaccs.identification.model import Candidate
from epaccs.identification.rules import Outcome
from epaccs.identification.schema import COLUMNS

ADA, BEN, CYD, DEE = "9990000301", "9990000328", "9990000336", "9990000344"

Row = dict[str, Any]


def a_row(nhs_number: str = ADA, **cells: Any) -> Row:
    """One person with heart failure, unless told otherwise."""
    return {
        "nhs_number": nhs_number,
        "family_name": "Hargreaves",
        "given_name": "Winifred",
        "born_on": "1938-05-02",
        "conditions": "heart failure",
        "signs": "",
        "frailty_scale": "",
        **cells,
    }


def a_file(*rows: Row) -> bytes:
    """A CSV file with these people."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(COLUMNS))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def send(actor: Actor, *rows: Row, is_whole: bool = True) -> ListTaken:
    """Send a list of these people."""
    return actions.take_list(actor, new_id(), content=a_file(*rows), is_whole=is_whole)


def the_candidate(nhs_number: str = ADA) -> Candidate:
    """The row of one person."""
    return db.session.query(Candidate).filter_by(nhs_number=nhs_number).one()


def decide(
    actor: Actor,
    outcome: Outcome,
    *,
    nhs_number: str = ADA,
    reason: str = "Said at the meeting",
    on: date | None = None,
) -> None:
    """Decide about one person as they stand now."""
    candidate = the_candidate(nhs_number)
    actions.decide(
        actor,
        new_id(),
        candidate_id=candidate.id,
        decision=(outcome, reason, on),
        base_version=candidate.decisions,
    )
