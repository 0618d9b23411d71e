"""What is done with tablets, each deed in one transaction with its line in the audit."""

from epaccs.devices.actions.contact import note_contact, note_delivered, note_done, note_refused_contact
from epaccs.devices.actions.enrolling import Holder, NewTablet, enrol
from epaccs.devices.actions.leases import GivenLease, end_leases_of, note_lease_ended, renew_by_lease, renew_by_session

__all__ = [
    "GivenLease",
    "Holder",
    "NewTablet",
    "end_leases_of",
    "enrol",
    "note_contact",
    "note_delivered",
    "note_done",
    "note_lease_ended",
    "note_refused_contact",
    "renew_by_lease",
    "renew_by_session",
]
