"""How the parts of the section become JSON and come back, with nothing lost on the way."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, Final, Self, get_args, get_origin, get_type_hints


class WrongPart(ValueError):
    """A part is not of the kind it should be; `path` names it, as in "capacity.assessed_at"."""

    def __init__(self, path: str = "") -> None:
        super().__init__(f"This part cannot be read: {path}")
        self.path = path

    def within(self, name: str | int) -> WrongPart:
        """The same, told from the part that holds it."""
        return WrongPart(f"{name}.{self.path}" if self.path else str(name))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A part of the section as it is kept.

    What is empty is not written, so that equal parts are equal values. `extra` holds what this version of the program
    does not know; it travels along unchanged.
    """

    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_value(cls, value: Mapping[str, Any] | None) -> Self:
        """Read a part.

        Raises:
            WrongPart: something in it is of the wrong kind.
        """
        if not value:
            return cls()
        readers = _readers(cls)  # type: ignore[arg-type]  # a class can always be hashed
        parts: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, part in value.items():
            read = readers.get(name)
            if read is None:
                extra[name] = part
            elif part is not None:
                try:
                    parts[name] = read(part)
                except WrongPart as wrong:
                    raise wrong.within(name) from None
        blank, needed = _blank(cls)  # type: ignore[arg-type]  # a class can always be hashed
        if not needed <= parts.keys():
            return cls(**parts, extra=extra)  # which says what is missing
        # Not `cls(**parts)`: a frozen class sets each of its parts by a call, some hundreds of them for one card.
        one = object.__new__(cls)
        vars(one).update(blank, **parts, extra=extra)
        return one

    def to_value(self) -> dict[str, Any]:
        """The part as JSON holds it."""
        value: dict[str, Any] = {}
        for name, part in vars(self).items():
            # Most parts of most people are empty: they are passed over before anything is made of them.
            if not part and part in _EMPTY:
                continue
            written = part if type(part) is str else _write(part)
            if written != {} and name != "extra":
                value[name] = written
        return {**value, **self.extra}


_EMPTY: Final[tuple[Any, ...]] = (None, "", (), {})


def _find_kinds(cls: type[Kept]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {part.name: hints[part.name] for part in fields(cls) if part.name != "extra"}


#: The kind of each part of a class; found once, because reading annotations is slow.
_kinds: Callable[[Any], dict[str, Any]] = cache(_find_kinds)


@cache
def _blank(cls: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Each part of a class as it is where nothing is kept, and those that are always kept."""
    parts = [part for part in fields(cls) if part.name != "extra"]
    needed = frozenset(part.name for part in parts if part.default is MISSING)
    return {part.name: part.default for part in parts if part.name not in needed}, needed


_Reader = Callable[[Any], Any]


@cache
def _readers(cls: Any) -> dict[str, _Reader]:
    """How each part of a class is read, found out once: the emergency card reads a few hundred of them."""
    return {name: _reader_of(kind) for name, kind in _kinds(cls).items()}


def _reader_of(kind: Any) -> _Reader:
    if isinstance(kind, types.UnionType):
        kind = next(option for option in get_args(kind) if option is not types.NoneType)
    if get_origin(kind) is tuple:
        return partial(_read_several, _reader_of(get_args(kind)[0]))
    if issubclass(kind, Kept):
        return partial(_read_nested, kind)
    return partial(_read_plain if kind in (str, bool) else _read_single, kind)


def _read_plain(kind: type, part: Any) -> Any:
    if not isinstance(part, kind):
        raise WrongPart
    return part


def _read_several(read: _Reader, part: Any) -> tuple[Any, ...]:
    if not isinstance(part, list | tuple):
        raise WrongPart
    return tuple(_read_one(read, item, number) for number, item in enumerate(part))


def _read_one(read: _Reader, item: Any, number: int) -> Any:
    try:
        return read(item)
    except WrongPart as wrong:
        raise wrong.within(number) from None


def _read_nested(kind: type[Kept], part: Any) -> Kept:
    if not isinstance(part, Mapping):
        raise WrongPart
    return kind.from_value(part)


def _read_single(kind: type, part: Any) -> Any:
    try:
        if kind is datetime:
            moment = part if isinstance(part, datetime) else datetime.fromisoformat(part)
            if moment.tzinfo is None:
                raise WrongPart
            return moment.astimezone(UTC)
        if kind is date:
            is_day = isinstance(part, date) and not isinstance(part, datetime)
            return part if is_day else date.fromisoformat(part)
        return kind(part)
    except (TypeError, ValueError):
        raise WrongPart from None


def _write(part: Any) -> Any:
    if type(part) in (str, bool, int):
        return part
    if isinstance(part, Kept):
        return part.to_value()
    if isinstance(part, tuple):
        return [_write(item) for item in part]
    if isinstance(part, date):
        return part.isoformat()
    return str(part) if isinstance(part, StrEnum) else part
