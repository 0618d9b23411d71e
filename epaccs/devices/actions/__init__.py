"""What is done with tablets, each deed in one transaction with its line in the audit."""

from epaccs.devices.actions.contact import note_contact, note_delivered, note_done, note_erased, note_refused_contact
from epaccs.devices.actions.ending import (
    TakenOut,
    ask_to_start_again,
    decide_request,
    take_out,
    take_out_by_operator,
)
from epaccs.devices.actions.enrolling import NewTablet, enrol
from epaccs.devices.actions.leases import (
    GivenLease,
    Holder,
    end_leases_of,
    forget_leases,
    note_lease_ended,
    renew_by_lease,
    renew_by_session,
)
from epaccs.devices.actions.policies import change_policy

__all__ = [
    "GivenLease",
    "Holder",
    "NewTablet",
    "TakenOut",
    "ask_to_start_again",
    "change_policy",
    "decide_request",
    "end_leases_of",
    "enrol",
    "forget_leases",
    "note_contact",
    "note_delivered",
    "note_done",
    "note_erased",
    "note_lease_ended",
    "note_refused_contact",
    "renew_by_lease",
    "renew_by_session",
    "take_out",
    "take_out_by_operator",
]
