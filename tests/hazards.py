"""The hazard log as the tests read it: which control stands against which hazard, and which test proves the control."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LOG = ROOT / "docs" / "safety.md"

SEVERITIES = ("Catastrophic", "Major", "Considerable", "Significant", "Minor")
#: What every hazard of the log says of itself, in this order.
PARTS = ("Harm", "Cause", "Severity", "What is left")

_PART = re.compile(r"^\*\*([\w ]+)\.\*\* (.+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_CONTROL = re.compile(r"^\| (H-\d\d[a-z]) \| `([\w.]+)` \| (.+) \| `([\w/.]+::\w+)` \|$", re.MULTILINE)


@dataclass(frozen=True)
class Control:
    """One line of the log: a function that stands against the hazard, and the test that fails without it."""

    id: str
    name: str
    does: str
    test: str


@dataclass(frozen=True)
class Hazard:
    """One section of the log."""

    id: str
    title: str
    parts: dict[str, str]
    controls: tuple[Control, ...]

    @property
    def short_names(self) -> set[str]:
        """The words in brackets by which code may name it."""
        return {name.strip().casefold() for name in self.title.split(";")}


def read_log(text: str | None = None) -> tuple[Hazard, ...]:
    """Every hazard, in the order of the log."""
    sections = re.split(r"^## (?=H-\d\d )", text or LOG.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return tuple(_read_hazard(section) for section in sections)


def _read_hazard(section: str) -> Hazard:
    heading, _, body = section.partition("\n")
    number, _, title = heading.partition(" ")
    return Hazard(number, title, dict(_PART.findall(body)), tuple(Control(*found) for found in _CONTROL.findall(body)))


def read_controls() -> list[Control]:
    """Every control, in the order of the log."""
    return [control for hazard in read_log() for control in hazard.controls]


# --- Turning a control off -------------------------------------------------------------------------------------------


def find_function(name: str) -> FunctionType:
    """The function of a dotted name; of a property what reads it, of a decorated one what stands inside."""
    found = find_named(name)
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(found)
    assert isinstance(found, FunctionType), f"{name} is no function"
    return found


def find_named(name: str) -> Any:
    """Whatever has this dotted name, in a module or in a class of one."""
    module, _, rest = name.rpartition(".")
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError:
        found = find_named(module)
    return inspect.getattr_static(found, rest)


@contextmanager
def turned_off(name: str, wrong: Callable[..., Any]) -> Iterator[None]:
    """Let a function do the wrong thing.

    Its code is exchanged in place, so that whoever holds the function (a registry, a table of kinds) has the wrong one.
    The wrong function therefore runs among the names of the right one's module, and imports what else it needs.
    """
    function = find_function(name)
    right = function.__code__
    function.__code__ = wrong.__code__
    try:
        yield
    finally:
        function.__code__ = right


@dataclass(eq=False)
class Verdict:
    """What became of the tests that were run: how many, and by which error the first failed, in which of its parts."""

    count: int = 0
    failed_while: str = ""
    error: BaseException | None = None

    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """Called by pytest for each part of each test."""
        self.count += call.when == "call"
        if call.excinfo is not None and self.error is None:
            self.failed_while, self.error = call.when, call.excinfo.value


def run(test: str) -> Verdict:
    """Run one test of the suite inside this process, on SQLite, until it fails."""
    verdict = Verdict()
    options = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-k", "not postgresql"]
    # It would look through everything this process holds, five times at the end of each run.
    options += ["-p", "no:unraisableexception"]
    pytest.main([*options, str(ROOT / test)], plugins=[verdict])
    return verdict


if __name__ == "__main__":  # for script/prove-controls: the tests of one hazard, or of all that begin alike
    print(*dict.fromkeys(one.test for one in read_controls() if one.id.startswith(sys.argv[1])), sep="\n")
