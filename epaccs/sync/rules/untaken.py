"""What came from tablets and was not taken, laid out so that its author can enter it again.

Source: docs/offline.md, "Refused or held"; hazard H-50.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

#: What stands in the place of what leads to the door of somebody whose address is restricted.
HIDDEN: Final = "Not shown: the address is restricted"


def rows_of(body: Any, *, hidden: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Everything that was written, as it was sent: the name of each field and its words.

    It may be nothing that a form would send, so no form is asked how it reads.

    Args:
        body: of the edit.
        hidden: fields whose words are not shown.
    """
    return list(_leaves(body, "", hidden))


def _leaves(part: Any, name: str, hidden: frozenset[str]) -> Iterator[tuple[str, str]]:
    match part:
        case Mapping():
            for key, one in part.items():
                label = str(key).replace("_", " ").capitalize()
                yield from [(label, HIDDEN)] if key in hidden and one else _leaves(one, label, hidden)
        case list():
            for one in part:
                yield from _leaves(one, name, hidden)
        case None | "":
            pass
        case bool():
            yield name or "Answer", "Yes" if part else "No"
        case _:
            yield name or "Words", str(part)
