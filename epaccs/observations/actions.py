"""Say what was seen: the same edit whether a page or a tablet sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from epaccs.clinicians.rules import Actor
from epaccs.observations.rules import OBSERVATIONS, What
from epaccs.observations.schema import SCHEMAS
from epaccs.versions.actions import apply_edit
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.schema import plain


def observe(actor: Actor, edit_id: UUID, *, entry_id: UUID, what: What, said: Mapping[str, Any]) -> Applied:
    """Add one line; it never waits for anybody, and replaces nothing.

    Args:
        edit_id: of the button or form, so that two taps are one line.
        said: as the schema of this kind loaded it; what is left out is blank.

    Raises:
        NotFound, Forbidden, RulesBroken: as `apply_edit`.
        RuleBroken: what is to be settled was settled already.

    Source: hazard H-52.
    """
    body = {"item": plain(SCHEMAS[what], said)}
    return apply_edit(actor, EditRequest(edit_id, entry_id, OBSERVATIONS, str(what), body, base_version=0))
