"""How the parts of the section become JSON and come back, with nothing lost on the way."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Self, get_args, get_origin, get_type_hints


class WrongPart(ValueError):
    """A part is not of the kind it should be; `path` names it, as in "capacity.assessed_at"."""

    def __init__(self, path: str) -> None:
        super().__init__(f"This part cannot be read: {path}")
        self.path = path


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A part of the section as it is kept.

    What is empty is not written, so that equal parts are equal values. `extra` holds what this version of the program
    does not know; it travels along unchanged.
    """

    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_value(cls, value: Mapping[str, Any] | None, path: str = "") -> Self:
        """Read a part.

        Raises:
            WrongPart: something in it is of the wrong kind.
        """
        known = _kinds(cls)
        given = value or {}
        parts = {
            name: _read(kind, given[name], _join(path, name))
            for name, kind in known.items()
            if given.get(name) is not None
        }
        return cls(**parts, extra={name: part for name, part in given.items() if name not in known})

    def to_value(self) -> dict[str, Any]:
        """The part as JSON holds it."""
        parts = {name: _write(getattr(self, name)) for name in _kinds(type(self))}
        return {**{name: part for name, part in parts.items() if part not in (None, "", [], {})}, **self.extra}


def _find_kinds(cls: type[Kept]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {part.name: hints[part.name] for part in fields(cls) if part.name != "extra"}


#: The kind of each part of a class; found once, because reading annotations is slow.
_kinds: Callable[[Any], dict[str, Any]] = cache(_find_kinds)


def _join(path: str, name: str | int) -> str:
    return f"{path}.{name}" if path else str(name)


def _read(kind: Any, part: Any, path: str) -> Any:
    if isinstance(kind, types.UnionType):
        kind = next(option for option in get_args(kind) if option is not types.NoneType)
    if get_origin(kind) is tuple:
        if not isinstance(part, list | tuple):
            raise WrongPart(path)
        return tuple(_read(get_args(kind)[0], item, _join(path, number)) for number, item in enumerate(part))
    if issubclass(kind, Kept):
        if not isinstance(part, Mapping):
            raise WrongPart(path)
        return kind.from_value(part, path)
    return _read_single(kind, part, path)


def _read_single(kind: type, part: Any, path: str) -> Any:
    try:
        if kind is datetime:
            moment = part if isinstance(part, datetime) else datetime.fromisoformat(part)
            if moment.tzinfo is None:
                raise WrongPart(path)
            return moment.astimezone(UTC)
        if kind is date:
            is_day = isinstance(part, date) and not isinstance(part, datetime)
            return part if is_day else date.fromisoformat(part)
        if issubclass(kind, StrEnum):
            return kind(part)
    except (TypeError, ValueError):
        raise WrongPart(path) from None
    if not isinstance(part, kind):
        raise WrongPart(path)
    return part


def _write(part: Any) -> Any:
    if isinstance(part, Kept):
        return part.to_value()
    if isinstance(part, tuple):
        return [_write(item) for item in part]
    if isinstance(part, date):
        return part.isoformat()
    return str(part) if isinstance(part, StrEnum) else part
