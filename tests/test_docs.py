"""The documents say what is there: links lead somewhere, commands exist, printed parts are of today."""

from __future__ import annotations

import re
import struct
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from click import Command, Group

from epaccs.cli import main
from epaccs.settings import Settings
from tests.hazards import ROOT
from tests.test_scripts import load_script

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
print_docs = load_script("print_docs")

each_document = pytest.mark.parametrize(
    "document", [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in DOCUMENTS]
)

#: How words begin that are spelt otherwise in British English.
NOT_BRITISH = (
    "analyz", "authoriz", "behavior", "center", "color", "customiz", "favor", "fulfill", "gray", "initializ",
    "labor\\b", "minimiz", "neighbor", "normaliz", "organiz", "prioritiz", "realiz", "recogniz", "specializ",
    "summariz", "utiliz",
)  # fmt: skip
FOLDERS = ("bench", "docs", "e2e", "epaccs", "migrations", "print_templates", "requirements", "script", "tests")


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    words = re.sub(r"[^\w\- ]", "", heading.lower())
    return words.replace(" ", "-")


def anchors_of(path: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)}


# --- links, paths, spelling ---


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    text = without_code(document.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    lost = []
    for target in filter(None, (part for link in links for part in link)):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or (anchor and anchor not in anchors_of(path)):
            lost.append(target)

    assert lost == []


@each_document
def test_every_file_that_is_named_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+?)(?:::\w+)?`", text)

    assert [name for name in named if "NNNN" not in name and not (ROOT / name).exists()] == []


@each_document
def test_words_are_spelt_as_here(document: Path) -> None:
    text = without_code(document.read_text(encoding="utf-8"))

    assert re.findall(rf"\b(?:{'|'.join(NOT_BRITISH)})\w*", text, re.IGNORECASE) == []


# --- commands ---


@each_document
def test_every_script_that_is_named_can_be_run(document: Path) -> None:
    named = set(re.findall(r"\bscript/([a-z-]+)(?![\w.])", document.read_text(encoding="utf-8")))

    assert sorted(name for name in named if not (ROOT / "script" / name).stat().st_mode & 0o111) == []


def find_command(words: list[str]) -> tuple[Command, list[str]]:
    """The command that begins a line, and what follows it."""
    command: Command = main
    while isinstance(command, Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    return command, words


@each_document
def test_every_command_of_the_program_exists_with_its_options(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    spans = re.findall(r"`([^`\n]+)`", without_fences(text)) + re.findall(r"```\n(.*?)```", text, re.DOTALL)
    wrong = []
    for line in (line.strip() for span in spans for line in span.splitlines()):
        found = re.match(r"(?:\S*/)?epaccs ([a-z-].*)", line)
        if not found or "--help" in line:
            continue
        command, rest = find_command(found[1].split())
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        unknown = [word for word in rest if word.startswith("--") and word.strip("[]") not in known]
        if isinstance(command, Group) or unknown:
            wrong.append(line)

    assert wrong == []


def without_fences(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def test_a_group_and_a_command_that_is_not_there_are_told_apart() -> None:
    assert isinstance(find_command(["db"])[0], Group)
    assert isinstance(find_command(["db", "mend"])[0], Group)
    assert not isinstance(find_command(["db", "upgrade"])[0], Group)


# --- the first page ---


def test_whoever_the_readme_signs_in_is_in_the_demonstration() -> None:
    table = re.search(r"\| user name \|.*?\n\n", README, re.DOTALL)
    assert table
    rows = [row.split("|")[1] for row in table[0].strip().splitlines()[2:]]
    named = {name for first in rows for name in re.findall(r"`([a-z0-9-]+)`", first)}
    world = yaml.safe_load((ROOT / "epaccs" / "demo.yaml").read_text(encoding="utf-8"))
    known = {person["user_name"] for people in world.values() for person in people if "user_name" in person}

    assert len(named) > 12
    assert named <= known
    assert f"`{Settings.demo_password}`" in README


def test_the_map_of_folders_shows_every_folder() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folders = {name.split("/")[0] for name in listed.splitlines() if "/" in name and not name.startswith(".")}
    rooms = {path.parent.name for path in (ROOT / "epaccs").glob("*/__init__.py")}
    drawn = re.search(r"^epaccs/ .*?^```", README, re.DOTALL | re.MULTILINE)
    assert drawn

    assert sorted(name for name in folders | rooms if f"{name}/" not in drawn[0]) == []


def test_the_picture_of_the_card_is_a_telephones_screen_and_light() -> None:
    picture = (ROOT / "docs" / "card.png").read_bytes()

    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (360, 640)
    assert len(picture) < 150_000


def test_what_changed_is_told_newest_first_up_to_this_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = [tuple(map(int, found.split("."))) for found in re.findall(r"^## ([\d.]+)", changes, re.MULTILINE)]
    now = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert versions == sorted(versions, reverse=True)
    assert versions[0] == tuple(map(int, now.split(".")))


# --- printed parts ---


def test_what_is_printed_from_the_code_is_of_today() -> None:
    page = print_docs.PAGE.read_text(encoding="utf-8")

    assert print_docs.fill(page) == page, "run script/docs"
    assert set(re.findall(r"<!-- generated: ([\w-]+) -->", page)) == set(print_docs.GENERATED)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("| `key_safe_code` | Key safe code |", id="every field"),
        pytest.param("| paramedic | yes | yes | incident | no | no |", id="every role"),
        pytest.param("| see who has looked |", id="every permission"),
    ],
)
def test_the_printed_parts_show(words: str) -> None:
    assert words in print_docs.PAGE.read_text(encoding="utf-8")
