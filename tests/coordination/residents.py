"""A care home and the people who live there; a call says only what matters to its test."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType
from tests.factories import a_registered_person, an_organisation


def a_home(name: str = "Hill House", **fields: Any) -> Organisation:
    return an_organisation(type=OrganisationType.CARE_HOME, name=name, **fields)


def a_resident(gp: Actor, home: Organisation, *, room: str = "Room 4", **fields: Any) -> UUID:
    """Somebody of the GP's practice who lives in the home."""
    address = f"{room}\n{home.name}\n2 Moor Lane" if room else f"{home.name}\n2 Moor Lane"
    fields = {"address": address, "care_home_ods": home.ods_code, **fields}
    return a_registered_person(gp, **fields)
