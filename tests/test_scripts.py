"""What the scripts promise: no page asks another host for anything, and no word stands here that must not."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "script" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


copy_front_end = load_script("copy_front_end")
check_words = load_script("check_words")


# --- what is copied for the pages ---


def test_fonts_of_another_host_are_taken_out_of_a_style_sheet_and_our_own_stay() -> None:
    css = (
        "@font-face{font-family:Far;src:url(https://fonts.example/far.woff2)}"
        "@font-face{font-family:Near;src:url(near.woff2)}a{color:red}"
    )

    own = copy_front_end.build_own_css(css)

    assert own == "@font-face{font-family:Near;src:url(near.woff2)}a{color:red}\n"


def test_pictures_of_a_style_sheet_are_found_beside_it() -> None:
    own = copy_front_end.build_own_css(
        "a{background:url(/assets/images/tick.svg)}b{background:url('/assets/cross.svg')}"
    )

    assert own == "a{background:url(assets/images/tick.svg)}b{background:url('assets/cross.svg')}\n"


@pytest.mark.parametrize(
    "address", ["https://pictures.example/a.svg", "'http://pictures.example/a.svg'", "//pictures.example/a.svg"]
)
def test_a_style_sheet_that_still_asks_another_host_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="another host"):
        copy_front_end.build_own_css(f"a{{background:url({address})}}")


def test_the_style_sheet_that_is_served_asks_no_other_host_and_has_all_its_pictures() -> None:
    folder = ROOT / "epaccs" / "static" / "vendor" / "nhsuk"
    css = (folder / "nhsuk-frontend.min.css").read_text()

    addresses = {address.strip("'\"") for address in re.findall(r"url\(([^)]*)\)", css)}

    assert addresses
    assert [
        address for address in addresses if not address.startswith("data:") and not (folder / address).is_file()
    ] == []


# --- words ---


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("https://" + "pypi" + ".org/simple", id="the address of a package index"),
        pytest.param(
            '"resolved": "https://registry.' + "npmjs" + '.org/a.tgz"', id="the address of a package in a lock"
        ),
        pytest.param("see /" + "root/notes", id="a folder of one machine"),
        pytest.param("written with " + "Chat" + "GPT", id="what it was written with"),
        pytest.param("TO" + "DO: think", id="something left undone"),
        pytest.param("DNACPR: " + "do not" + " treat", id="words that may cost a life"),
    ],
)
def test_a_word_that_must_not_stand_here_is_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"First line.\n{text}\n")

    assert [place.split(": ")[0] for place in check_words.find_refused_words(path)] == [f"{path}:2"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Her session ended at home/work.", id="ordinary words"),
        pytest.param("https://register.example/home/page", id="an address with a path"),
        pytest.param("User-Agent: Firefox", id="what a browser calls itself"),
        pytest.param("Treat as far as she wishes; do not resuscitate.", id="a clinician's sentence"),
    ],
)
def test_an_ordinary_sentence_passes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(text)

    assert check_words.find_refused_words(path) == []


def test_the_check_reads_every_file_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    found = {path.as_posix() for path in check_words.find_files()}

    assert {"CONTRIBUTING.md", "pyproject.toml", "requirements/run.txt", "script/lib.sh", "package-lock.json"} <= found
