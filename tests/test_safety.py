"""Each hazard of docs/safety.md has a control that exists and a test that fails without it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from string import ascii_lowercase

import pytest

from tests.disabled_controls import DISABLED, found_something_wrong
from tests.disabled_scripts import REWRITTEN
from tests.hazards import (
    PARTS,
    ROOT,
    SEVERITIES,
    Control,
    Hazard,
    find_named,
    read_controls,
    read_log,
    run,
    run_script_test,
    turned_off,
)

HAZARDS = read_log()
CONTROLS = [one for one in read_controls() if not one.is_script]
SCRIPTS = [one for one in read_controls() if one.is_script]
PROGRAM = ("epaccs", "tests", "e2e", "bench", "script", "print_templates", "migrations", "docs")

each_hazard = pytest.mark.parametrize("hazard", [pytest.param(one, id=f"{one.id} {one.title}") for one in HAZARDS])
each_script = pytest.mark.parametrize("control", [pytest.param(one, id=f"{one.id} {one.name}") for one in SCRIPTS])
each_control = pytest.mark.parametrize("control", [pytest.param(one, id=f"{one.id} {one.name}") for one in CONTROLS])


def test_hazards_are_numbered_from_one_with_no_twin_and_no_gap() -> None:
    assert [hazard.id for hazard in HAZARDS] == [f"H-{number:02}" for number in range(1, len(HAZARDS) + 1)]
    assert len(HAZARDS) >= 26


@each_hazard
def test_a_hazard_says_what_why_how_bad_and_what_is_left(hazard: Hazard) -> None:
    assert tuple(hazard.parts) == PARTS
    assert hazard.parts["Severity"] in SEVERITIES


@each_hazard
def test_a_hazard_has_controls_that_are_lettered_in_order(hazard: Hazard) -> None:
    letters = [control.id.removeprefix(hazard.id) for control in hazard.controls]

    assert letters
    assert letters == list(ascii_lowercase[: len(letters)])


def test_every_line_of_a_table_of_controls_was_read() -> None:
    lines = re.findall(r"^\| H-\d\d", (ROOT / "docs" / "safety.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert len(lines) == len(CONTROLS) + len(SCRIPTS)


@each_control
def test_a_control_is_a_part_of_the_program(control: Control) -> None:
    assert find_named(control.name) is not None
    assert control.name.startswith("epaccs.")


def test_every_test_that_the_log_names_is_collected() -> None:
    tests = sorted({control.test for control in CONTROLS})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *tests]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_every_control_can_be_turned_off_and_nothing_else() -> None:
    assert sorted(DISABLED) == sorted(control.id for control in CONTROLS)


@each_control
def test_without_the_control_its_test_fails(control: Control) -> None:
    disabled = DISABLED[control.id]

    with turned_off(disabled.instead_of or control.name, disabled.wrong):
        found = run(control.test)

    assert found.error is not None, f"{control.test} passes without {control.name} ({found.count} ran)"
    assert found_something_wrong(found.error), f"it broke instead of finding something: {found.error!r}"
    assert found.failed_while == "call"


# --- The tablet's program --------------------------------------------------------------------------------------------


def test_every_control_of_the_tablets_program_can_be_rewritten_and_nothing_else() -> None:
    assert sorted(REWRITTEN) == sorted(control.id for control in SCRIPTS)


@each_script
def test_a_control_of_the_tablets_program_is_a_part_of_it(control: Control) -> None:
    file, _, name = control.name.partition(":")

    assert re.search(rf"\b{name}\b", (ROOT / file).read_text(encoding="utf-8"))


@each_script
def test_with_a_control_of_the_tablets_program_its_test_passes(control: Control, tmp_path: Path) -> None:
    assert run_script_test(control, tmp_path, None) == (1, "")


@each_script
def test_without_a_control_of_the_tablets_program_its_test_fails(control: Control, tmp_path: Path) -> None:
    count, failed = run_script_test(control, tmp_path, REWRITTEN[control.id])

    assert count == 1
    assert "ERR_ASSERTION" in failed, f"{control.test} does not notice that {control.name} is wrong: {failed}"


# --- The numbers in the code -----------------------------------------------------------------------------------------


def mentions() -> list[tuple[str, str, str]]:
    """File, number, and the words in brackets behind it, of every hazard that is named anywhere."""
    found = []
    for folder in PROGRAM:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".md", ".html", ".js", ".css", ".toml", ".yaml", ""} and path.is_file():
                text = " ".join(path.read_text(encoding="utf-8", errors="replace").split())
                name = path.relative_to(ROOT).as_posix()
                found += [(name, *one) for one in re.findall(r"\b(H-\d\d)\b(?: \(([^)]+)\))?", text)]
    return found


def test_every_number_in_the_code_is_in_the_log_under_the_words_that_stand_behind_it() -> None:
    names = {hazard.id: hazard.short_names for hazard in HAZARDS}
    wrong = [
        (path, number, words)
        for path, number, words in mentions()
        if number not in names or (words and words.casefold() not in names[number])
    ]

    assert wrong == []
