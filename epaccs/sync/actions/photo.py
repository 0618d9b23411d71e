"""The photo of a signed form follows the words that it belongs to; whatever becomes of it, the words stay.

Source: docs/offline.md, "photo"; hazard H-60.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules import CPRState, EditKind, Sighting, SightingBody, read_body
from epaccs.devices.queries import FoundDevice
from epaccs.scans.actions import PhotoOfForm, keep_photo
from epaccs.scans.rules import Fault, FileRefused
from epaccs.settings import Settings
from epaccs.sync.actions.push import tell_of
from epaccs.sync.model.push import PushedEdit
from epaccs.sync.queries.push import find_author
from epaccs.sync.rules.photo import OfflinePhoto, PhotoOutcome
from epaccs.sync.schema.photo import read_photo
from epaccs.versions.queries import find_recorded, material

UNSIGNED: Final = "This photo was not signed by its author on this tablet. Photograph the form again."
_NO_WORDS: Final = "The entry that it belongs to was not taken. Show a clinician the form itself"

Answer = tuple[PhotoOutcome, str]


def take_photo(device: FoundDevice, sent: Mapping[str, Any], *, settings: Settings) -> Answer:
    """Keep a photo once its words are here, also beside words that wait; the outcome, and why it is not taken.

    Raises:
        Unavailable: the database cannot be written.
    """
    photo = read_photo(sent)
    author = find_author(device, photo.author_id, sent) if photo else None
    if photo is None or author is None:
        tell_of(device, EventKind.TABLET_FORGED)
        return PhotoOutcome.REFUSED, UNSIGNED
    if db.session.get(PushedEdit, photo.edit_id) is None:
        return PhotoOutcome.LATER, ""
    sighting = _find_sighting(photo)
    form = PhotoOfForm(photo.content, sighting.place, sighting.seen_on) if sighting else _find_waiting(photo)
    if form is None:
        return PhotoOutcome.REFUSED, _NO_WORDS
    return _keep(author.actor, photo, form, settings)


def _find_sighting(photo: OfflinePhoto) -> Sighting | None:
    """What this author said of the form, naming this photo; None: nothing of it is on the record."""
    recorded = find_recorded(photo.entry_id, "cpr")
    said = (str(photo.edit_id), str(photo.id), str(photo.author_id))
    sightings = CPRState.from_value(recorded.value if recorded else None).sightings
    return next((one for one in sightings if (one.id, one.photo_id, one.by.clinician_id) == said), None)


def _find_waiting(photo: OfflinePhoto) -> PhotoOfForm | None:
    """The photo beside what its author said of the form, while that waits for a clinician; None: nothing such waits.

    Whoever settles it sees the photo too (hazard H-60).
    """
    held = (one for one in material(photo.entry_id).held_in("cpr") if one.edit_id == photo.edit_id)
    said = next((one for one in held if one.author["clinician_id"] == str(photo.author_id)), None)
    body = read_body(SightingBody, said.body) if said and said.kind == EditKind.ORIGINAL_SEEN else None
    if body is None or body.seen_on is None or body.photo_id != str(photo.id):
        return None
    return PhotoOfForm(photo.content, body.place, body.seen_on)


def _keep(actor: Actor, photo: OfflinePhoto, form: PhotoOfForm, settings: Settings) -> Answer:
    try:
        keep_photo(
            actor,
            photo.id,
            entry_id=photo.entry_id,
            photo=form,
            settings=settings,
        )
    except FileRefused as error:
        later = error.fault is Fault.SCANNER_SILENT
        return (PhotoOutcome.LATER, "") if later else (PhotoOutcome.REFUSED, error.message)
    except RuleBroken as error:
        return PhotoOutcome.REFUSED, error.message
    return PhotoOutcome.KEPT, ""
