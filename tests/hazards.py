"""The hazard log as the tests read it: which control stands against which hazard, and which test proves the control."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from tests.conftest import make_sqlite_template

ROOT = Path(__file__).parents[1]
LOG = ROOT / "docs" / "safety.md"

SEVERITIES = ("Catastrophic", "Major", "Considerable", "Significant", "Minor")
#: Its work is kept for all tests of a process, so a wrong one must not meet what the right one made.
MAKES_THE_SCHEMA = "epaccs.core.migration.upgrade"
#: What every hazard of the log says of itself, in this order.
PARTS = ("Harm", "Cause", "Severity", "What is left")

_PART = re.compile(r"^\*\*([\w ]+)\.\*\* (.+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_CONTROL = re.compile(r"^\| (H-\d\d[a-z]) \| `([\w.]+)` \| (.+) \| `([\w/.]+::\w+)` \|$", re.MULTILINE)
#: A control of the tablet's program: `file.js:function`, proved by `file.test.js::the sentence`.
_SCRIPT_CONTROL = re.compile(
    r"^\| (H-\d\d[a-z]) \| `(epaccs/static/[\w/-]+\.js:\w+)` \| (.+) \| `(tests/js/[\w-]+\.test\.js::[^`]+)` \|$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Control:
    """One line of the log: a function that stands against the hazard, and the test that fails without it."""

    id: str
    name: str
    does: str
    test: str

    @property
    def is_script(self) -> bool:
        """It is a part of the tablet's program."""
        return ".js:" in self.name


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
    found = [*_CONTROL.findall(body), *_SCRIPT_CONTROL.findall(body)]
    return Hazard(number, title, dict(_PART.findall(body)), tuple(Control(*one) for one in sorted(found)))


def read_controls() -> list[Control]:
    """Every control, in the order of the log."""
    return [control for hazard in read_log() for control in hazard.controls]


# --- Turning a control of the tablet's program off -------------------------------------------------------------------


@dataclass(frozen=True)
class Rewritten:
    """A right piece of a script, which stands in it once, and the wrong one in its place."""

    right: str
    wrong: str


def run_script_test(control: Control, folder: Path, rewritten: Rewritten | None) -> tuple[int, str]:
    """Run the one test of a control on a copy of the program: how many ran, and what the failed one says, if one did.

    Args:
        folder: empty; the copy is made there.
        rewritten: what is wrong in the copy; None: nothing.
    """
    node = shutil.which("node")
    assert node is not None, "Node.js is not found: run this with script/test"
    for part in ("epaccs/static", "tests/js"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "package.json", folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    if rewritten is not None:
        script = folder / control.name.partition(":")[0]
        text = script.read_text(encoding="utf-8")
        assert text.count(rewritten.right) == 1, f"{rewritten.right!r} does not stand in {script.name} once"
        script.write_text(text.replace(rewritten.right, rewritten.wrong), encoding="utf-8")
    file, _, sentence = control.test.partition("::")
    wanted = f"--test-name-pattern=^{re.escape(sentence)}$"
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", wanted, file],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ran = re.findall(r"^(?:not )?ok \d+ - (.+)$", done.stdout.replace("\\#", "#"), re.MULTILINE)
    said = [line for line in done.stdout.splitlines() if "# SKIP" not in line]
    failed = "\n".join(said) if done.returncode else ""
    return sum(one == sentence for one in ran), failed


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
    forget_schema = make_sqlite_template.cache_clear if name == MAKES_THE_SCHEMA else lambda: None
    forget_schema()
    try:
        yield
    finally:
        function.__code__ = right
        forget_schema()


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
    of_scripts, hazard = "--scripts" in sys.argv, sys.argv[-1]
    found = (one for one in read_controls() if one.id.startswith(hazard) and one.is_script is of_scripts)
    print(*dict.fromkeys(one.test for one in found), sep="\n")
