"""What the audit says of a record, in the plain words that its person and a privacy officer read.

Source: "who has looked", NHS shared-summary access controls; Caldicott principle 8 (no surprises); hazard H-18.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from epaccs.access.rules import REASON_LABELS
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import ROLE_LABELS, OrganisationType
from epaccs.record.rules.spoken import ENDINGS, Caller, Heard

#: Everything by which somebody came to know what the record says.
DEEDS: Final[Mapping[EventKind, str]] = {
    EventKind.CARD_VIEWED: "saw the emergency card and the record",
    EventKind.RECORD_VIEWED: "saw the record as it was on an earlier day",
    EventKind.HISTORY_VIEWED: "saw the history of changes",
    EventKind.ROUND_VIEWED: "saw the line about CPR on the list of a care home or a team",
    EventKind.FORM_VIEWED: "opened a form to change the record",
    EventKind.MASKED_REVEALED: "saw the code of the key safe",
    EventKind.CALL_BEGUN: "took a call about the record",
    EventKind.CALL_ENDED: "ended that call",
    EventKind.PRINTED: "printed a sheet",
    EventKind.SCAN_OPENED: "opened the scan of a paper",
    EventKind.WHO_LOOKED_VIEWED: "saw who has looked",
    EventKind.EMERGENCY_ACCESS: "opened the record in an emergency",
    EventKind.OFFLINE_CARD_VIEWED: "saw the emergency card on a tablet without signal",
    EventKind.OFFLINE_RECORD_VIEWED: "saw the record on a tablet without signal",
}

#: Behind an emergency where the area lets one open what was refused.
OBJECTED: Final = ", though the person had said no to sharing"

#: What a caller got to hear, behind the call.
_HEARD: Final[Mapping[str, str]] = {
    str(Heard.CARD): " and read the emergency card to {caller}",
    str(Heard.FAMILY): " from a relative, a friend or the person, and read nothing",
    str(Heard.NOTHING): " from somebody who was not certain, and read nothing",
}
_CALLERS: Final[Mapping[str, str]] = {str(Caller.CREW): "a crew", str(Caller.CLINICIAN): "a clinician or a care home"}
_ENDINGS: Final = {str(ending): words for ending, words in ENDINGS.items()}

_REASONS: Final = {str(reason): words for reason, words in REASON_LABELS.items()}
_ROLES: Final = {str(role): label for role, label in ROLE_LABELS.items()}

#: How an organisation is called where its name would lead to the door.
KINDS_OF_ORGANISATION: Final[Mapping[OrganisationType, str]] = {
    OrganisationType.GP_PRACTICE: "a GP practice",
    OrganisationType.OUT_OF_HOURS: "an out-of-hours service",
    OrganisationType.AMBULANCE: "an ambulance service",
    OrganisationType.COMMUNITY: "a community service",
    OrganisationType.HOSPICE: "a hospice",
    OrganisationType.CARE_HOME: "a care home",
    OrganisationType.ACUTE: "a hospital",
    OrganisationType.LOCAL_AUTHORITY: "a council",
    OrganisationType.NAVIGATION_CENTRE: "a care navigation centre",
    OrganisationType.ICB: "an integrated care board",
}


@dataclass(frozen=True)
class Seen:
    """One row of the audit as it is found. None: nobody was signed in, or they are not known here."""

    at: datetime
    kind: str
    role: str | None
    name: str | None
    organisation_name: str | None
    organisation_type: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """Who looked, from where, when, what they did, and why; `reason` empty: none was asked for this.

    `at`: when the register wrote it down. `read_at`: when it was, on a tablet without signal; None: at that moment.
    """

    at: datetime
    who: str
    organisation: str
    deed: str
    reason: str
    read_at: datetime | None = None


def build_look(seen: Seen, *, restricted: bool) -> Look:
    """One look in plain words; where its name would lead to the door, an organisation is called by its kind."""
    read_at = seen.details.get("read_at")
    organisation = seen.organisation_name or "an organisation that is not known here"
    if restricted and seen.organisation_type:
        organisation = KINDS_OF_ORGANISATION[OrganisationType(seen.organisation_type)]
    return Look(
        at=seen.at,
        who=", ".join(part for part in (seen.name or "Someone", _ROLES.get(seen.role or "", "")) if part),
        organisation=organisation,
        deed=DEEDS[EventKind(seen.kind)] + _particulars(seen),
        reason=_REASONS.get(str(seen.details.get("reason")), ""),
        read_at=datetime.fromisoformat(read_at) if read_at else None,
    )


def _particulars(seen: Seen) -> str:
    details = seen.details
    if seen.kind == EventKind.CALL_BEGUN:
        return _HEARD[details["heard"]].format(caller=_CALLERS.get(details["caller"], ""))
    if seen.kind == EventKind.CALL_ENDED:
        return f" after {how_long(details['seconds'])}: {_ENDINGS[details['ending']]}"
    return OBJECTED if details.get("objected") else ""


def how_long(seconds: int) -> str:
    """How long a call took, in words."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
