"""What leads to the door of somebody whose address is restricted, inside nested values.

Source: PDS restricted record; hazard H-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Keys of nested values that tell which practice somebody belongs to, and those that tell where something is kept.
_TELLING_KEYS: Final = frozenset({"organisation_name", "organisation_ods", "told_from"})
_PLACE_KEYS: Final = frozenset({"original_location", "place"})

#: Stands where a place was, so that "not shown" does not look like "not recorded".
NOT_SHOWN: Final = "not shown, the address is restricted"


def is_restricted(identity: Mapping[str, Any] | None) -> bool:
    """Nothing that leads to the door is shown to anybody: address, telephone, practice, where things are kept."""
    return bool((identity or {}).get("address_restricted"))


def without_telling_keys(part: Any) -> Any:
    """The same nested value without the names of organisations and the places where things are kept."""
    if isinstance(part, Mapping):
        return {
            key: NOT_SHOWN if key in _PLACE_KEYS and one else without_telling_keys(one)
            for key, one in part.items()
            if key not in _TELLING_KEYS
        }
    if isinstance(part, list | tuple):
        return [without_telling_keys(one) for one in part]
    return part
