"""People and bodies for tests of the CPR rules, and a `Story` that tells edits one after another."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from epaccs.cpr_decisions.rules import (
    SYSTEM,
    Around,
    Author,
    CPRLine,
    CPRState,
    EditKind,
    HeldRival,
    apply,
    line,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
AROUND = Around(today=TODAY, now=NOW, born_on=date(1941, 1, 6))

GP = Author(
    clinician_id="gp",
    name="Dr A Patel",
    role="GP",
    professional_number="1234567",
    organisation_id="elm",
    organisation_name="Elm Street",
    may_sign=True,
    may_draft=True,
    is_clinical=True,
)
HOSPICE_DOCTOR = replace(GP, clinician_id="hospice-doctor", name="Dr R Siddiqui", role="hospice doctor")
NURSE = Author(
    clinician_id="nurse",
    name="S Cole",
    role="hospice nurse",
    professional_number="98I1234E",
    organisation_name="St Anne's",
    may_draft=True,
    is_clinical=True,
)
PARAMEDIC = Author(
    clinician_id="paramedic",
    name="L Hart",
    role="paramedic",
    professional_number="PA12345",
    organisation_name="Ambulance",
    is_clinical=True,
)
CALL_HANDLER = Author(clinician_id="call-handler", name="J May", role="call handler", is_call_handler=True)
COORDINATOR = Author(clinician_id="coordinator", name="T Fox", role="coordinator")

AUTHORS = {
    "signer": GP,
    "drafter": NURSE,
    "clinical": PARAMEDIC,
    "call handler": CALL_HANDLER,
    "nobody in particular": COORDINATOR,
    "the register": SYSTEM,
}

ABSENT = object()

NOT_FOR_CPR: dict[str, Any] = {
    "recommendation": "not_for_cpr",
    "decided_at": "2026-11-20T14:05:00+00:00",
    "reason": "would_not_work",
    "capacity": {"has_capacity": True, "assessed_at": "2026-11-20T14:00:00+00:00"},
    "involvement": {"person_involved": True},
    "aware": ["person", "family"],
    "review_on": "2027-05-20",
    "original_location": "hall drawer, yellow folder",
}
FOR_CPR: dict[str, Any] = {**NOT_FOR_CPR, "recommendation": "for_cpr", "reason": "benefit_expected"}
WITHOUT_CAPACITY: dict[str, Any] = {
    "capacity": {"has_capacity": False, "assessed_at": "2026-11-20T14:00:00+00:00"},
    "involvement": ABSENT,
    "consultation": {"people": [{"name": "Ann Wood", "kind": "close", "relationship": "daughter", "consulted": True}]},
}


def a_body(base: dict[str, Any] = NOT_FOR_CPR, **changes: Any) -> dict[str, Any]:
    """A complete decision with some parts changed; a part may be named by its path: capacity__has_capacity."""
    body = copy.deepcopy(base)
    for path, value in changes.items():
        *parents, last = path.split("__")
        part = body
        for parent in parents:
            part = part.setdefault(parent, {})
        if value is ABSENT:
            part.pop(last, None)
        else:
            part[last] = value
    return body


def a_withdrawal(**changes: Any) -> dict[str, Any]:
    return a_body(
        {"said_at": "2026-11-21T02:10:00+00:00", "had_capacity": "yes", "words": "I want a chance"}, **changes
    )


def a_rival(**changes: Any) -> HeldRival:
    rival = HeldRival(
        edit_id="held",
        kind="sign",
        body=FOR_CPR,
        author_name="Dr B Lund",
        author_role="out-of-hours GP",
        organisation_name="Night Doctors",
        received_at=NOW,
        decided_at=NOW - timedelta(hours=1),
    )
    return replace(rival, **changes)


@dataclass
class Story:
    """A section and what happens to it, one edit after the other, a minute apart.

    Every edit gets an id: its kind and its number, such as "sign-1".
    """

    around: Around = AROUND
    state: CPRState = field(default_factory=CPRState)
    count: int = 0

    def do(self, kind: EditKind | str, body: dict[str, Any] | None = None, *, by: Author = GP) -> str:
        edit_id = f"{kind}-{self.count + 1}"
        at = NOW + timedelta(minutes=self.count)
        self.state = apply(
            self.state,
            EditKind(kind),
            body or {},
            edit_id=edit_id,
            author=by,
            recorded_at=at,
            around=replace(self.around, now=at),
        )
        self.count += 1
        return edit_id

    def sign(self, base: dict[str, Any] = NOT_FOR_CPR, *, by: Author = GP, **changes: Any) -> str:
        return self.do("sign", a_body(base, **changes), by=by)

    def propose(self, base: dict[str, Any] = NOT_FOR_CPR, *, by: Author = NURSE, **changes: Any) -> str:
        return self.do("propose", a_body(base, **changes), by=by)

    def report(self, recommendation: str = "not_for_cpr", *, by: Author = PARAMEDIC, **changes: Any) -> str:
        told = {"recommendation": recommendation, "told_by": "ward sister", "told_from": "City Hospital"}
        return self.do("report", a_body(told, **changes), by=by)

    def withdraw(self, *, by: Author = PARAMEDIC, **changes: Any) -> str:
        return self.do("own_withdrawal", a_withdrawal(**changes), by=by)

    def revoke(self, *, by: Author = GP, **changes: Any) -> str:
        body = {"decided_at": "2026-11-21T03:00:00+00:00", "reason": "wishes_changed"}
        return self.do("revoke", a_body(body, **changes), by=by)

    def void(self, decision_id: str, *, by: Author = GP, **changes: Any) -> str:
        return self.do("void", a_body({"decision_id": decision_id, "reason": "wrong_person"}, **changes), by=by)

    def review(self, *, by: Author = GP, **changes: Any) -> str:
        body = {"reviewed_at": "2026-11-21T03:00:00+00:00", "review_on": "2027-11-20"}
        return self.do("reviewed_and_continues", a_body(body, **changes), by=by)

    def statuses(self) -> dict[str, str]:
        return {decision.id: str(decision.status) for decision in self.state.decisions}

    def line(self, *, held: tuple[HeldRival, ...] = (), age: timedelta = timedelta(0), **given: Any) -> CPRLine:
        now = NOW + timedelta(minutes=self.count)
        return line(self.state, held=held, around=self.around, copy_left_at=now - age, now=now, **given)
