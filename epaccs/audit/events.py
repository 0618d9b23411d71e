"""Every kind of deed the audit knows, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventKind(StrEnum):
    """A deed; the words after it are what the person and the privacy officer read."""

    PASSWORD_ACCEPTED = "password_accepted"  # noqa: S105 - the name of a deed
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a deed
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    CONFIRMED_AGAIN = "confirmed_again"
    LAUNCH_TAKEN = "launch_taken"
    LAUNCH_REFUSED = "launch_refused"
    ORGANISATION_CHOSEN = "organisation_chosen"
    PEOPLE_CHANGED = "people_changed"
    SPONSORSHIP_CHANGED = "sponsorship_changed"
    ROTA_CHANGED = "rota_changed"
    INCIDENT_CHANGED = "incident_changed"
    SETTINGS_CHANGED = "settings_changed"
    SEARCHED = "searched"
    ACCESS_REASON_GIVEN = "access_reason_given"
    EMERGENCY_ACCESS = "emergency_access"
    CARD_VIEWED = "card_viewed"
    RECORD_VIEWED = "record_viewed"
    HISTORY_VIEWED = "history_viewed"
    WHO_LOOKED_VIEWED = "who_looked_viewed"
    MASKED_REVEALED = "masked_revealed"
    CALL_BEGUN = "call_begun"
    CALL_ENDED = "call_ended"
    FORM_VIEWED = "form_viewed"
    LIST_VIEWED = "list_viewed"
    ROUND_VIEWED = "round_viewed"
    AUDIT_VIEWED = "audit_viewed"
    ACCESS_REVIEWED = "access_reviewed"
    UNUSUAL_ACCESS_FOUND = "unusual_access_found"
    UNUSUAL_ACCESS_DECIDED = "unusual_access_decided"
    OVERSIGHT_CHANGED = "oversight_changed"
    CANDIDATES_LISTED = "candidates_listed"
    CANDIDATE_VIEWED = "candidate_viewed"
    CANDIDATE_CONSIDERED = "candidate_considered"
    REGISTERED = "registered"
    DUPLICATE_STOPPED = "duplicate_stopped"
    EDITED = "edited"
    EDIT_HELD = "edit_held"
    EDIT_REPLAYED = "edit_replayed"
    DISPUTE_SETTLED = "dispute_settled"
    MERGED = "merged"
    REMOVED = "removed"
    NOTICE_ACKNOWLEDGED = "notice_acknowledged"
    RELATIONSHIP_CHANGED = "relationship_changed"
    PRINTED = "printed"
    PAPER_CHECKED = "paper_checked"
    PAPER_COLLECTED = "paper_collected"
    MARKER_PRINTED = "marker_printed"
    MARKER_ENDED = "marker_ended"
    MARKER_FOLLOWED = "marker_followed"
    STAMP_KEY_CHANGED = "stamp_key_changed"
    SCAN_KEPT = "scan_kept"
    SCAN_REFUSED = "scan_refused"
    SCAN_OPENED = "scan_opened"
    SCAN_WITHDRAWN = "scan_withdrawn"
    TABLET_ENROLLED = "tablet_enrolled"
    TABLET_LEASE_GIVEN = "tablet_lease_given"
    TABLET_LEASE_ENDED = "tablet_lease_ended"
    TABLET_REFUSED = "tablet_refused"
    TABLET_LOST = "tablet_lost"
    TABLET_REVOKED = "tablet_revoked"
    TABLET_COMMANDED = "tablet_commanded"
    TABLET_ERASED = "tablet_erased"
    TABLET_POLICY_CHANGED = "tablet_policy_changed"
    TABLET_REVOCATION_ASKED = "tablet_revocation_asked"
    TABLET_REVOCATION_DECIDED = "tablet_revocation_decided"
    TABLET_FILLED = "tablet_filled"
    TABLET_COPIED = "tablet_copied"
    TABLET_GAP = "tablet_gap"
    TABLET_DISAGREES = "tablet_disagrees"
    TABLET_FORGED = "tablet_forged"
    TABLET_LOOKS_MISSING = "tablet_looks_missing"
    TABLET_LOOKS_BROKEN = "tablet_looks_broken"
    EDIT_REFUSED = "edit_refused"
    EDIT_OTHER_WORDS = "edit_other_words"
    EDIT_FAILED = "edit_failed"
    OFFLINE_CARD_VIEWED = "offline_card_viewed"
    OFFLINE_RECORD_VIEWED = "offline_record_viewed"
    OFFLINE_SEARCHED = "offline_searched"
    OFFLINE_DEED = "offline_deed"
    REGISTER_BEHIND = "register_behind"
    SHARING_AGREED = "sharing_agreed"
    SHARING_SIGNED = "sharing_signed"
    SHARING_ENDED = "sharing_ended"
    REFUSED = "refused"
    COMMAND_RUN = "command_run"
    AUDIT_VERIFIED = "audit_verified"
    RESTORED = "restored"


@dataclass(frozen=True)
class Event:
    """One deed of one actor.

    `details` holds codes, ids and counts only, never a name, an NHS number or clinical text.
    `actor_id` None: nobody was signed in, or the program itself acted.
    """

    kind: EventKind
    actor_id: UUID | None = None
    organisation_id: UUID | None = None
    role: str | None = None
    entry_id: UUID | None = None
    details: dict[str, Any] = field(default_factory=dict)
