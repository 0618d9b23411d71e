"""Refusals, in the words a person reads; the edge turns them into pages, problem documents and status codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil


class EpaccsError(Exception):
    """Anything the program says no to."""


class RuleBroken(EpaccsError):
    """A rule refuses what was asked; the message says what to do instead.

    Args:
        message: the sentence a person reads, without "please" or a code.
        field: the name of the field it stands beside; None: it concerns the whole form.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class MustWait(RuleBroken):
    """This was tried too often; `until` (UTC) is when it is worth trying again."""

    def __init__(self, message: str, *, until: datetime, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.until = until

    def seconds_left(self, now: datetime) -> int:
        """How long to wait, in whole seconds, at least one."""
        return max(1, ceil((self.until - now).total_seconds()))


class Contradicts(RuleBroken):
    """Another section of the record says otherwise: a form asks to change both or for a reason; others are held.

    `field` names the answer that, with a reason in it, lets both stand.
    """


class RulesBroken(EpaccsError):
    """Several rules refuse at once, so that a form can show every one of them."""

    def __init__(self, errors: Sequence[RuleBroken]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = list(errors)


class NotFound(EpaccsError):
    """There is nothing here for this reader: absent and hidden look the same (hazard H-17)."""


class Forbidden(EpaccsError):
    """This person may not do this; the message says who can."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Stale(EpaccsError):
    """The form was made before somebody else's change, and what it says cannot be kept as it is."""


class Unavailable(EpaccsError):
    """The database cannot be read or written now; nothing was changed."""
