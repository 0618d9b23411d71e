"""The house keeps the shape the documents draw: who imports whom, which files a feature has, what a rule may know."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "epaccs"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

#: The files of a feature; each may be a folder where one file would be too long.
SIX = {"rules", "model", "queries", "actions", "schema", "views"}
NOT_FEATURES = {"core", "demo", "static", "templates"}
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base"}

#: Rules know these, each other and nothing else of the house; these are held to the same.
PURE = {
    "epaccs.audit.events",
    "epaccs.core.banner",
    "epaccs.core.errors",
    "epaccs.core.fields",
    "epaccs.core.names",
    "epaccs.core.nhs_number",
    "epaccs.core.passages",
    "epaccs.record.sight",
    "epaccs.record.summary",
}
#: Arithmetic that is too slow in plain Python.
PURE_LIBRARIES = {"rapidfuzz"}
READS_A_CLOCK = {"now", "today", "utcnow", "time", "monotonic", "perf_counter"}


def find_modules() -> list[Path]:
    return sorted(path for path in PROGRAM.rglob("*.py") if "static" not in path.parts)


def find_features() -> list[Path]:
    return sorted(path.parent for path in PROGRAM.glob("*/__init__.py") if path.parent.name not in NOT_FEATURES)


def is_rules(path: Path) -> bool:
    return "rules" in path.relative_to(PROGRAM).with_suffix("").parts


def find_pure_modules() -> list[Path]:
    named = [ROOT / f"{name.replace('.', '/')}.py" for name in sorted(PURE)]
    return [path for path in find_modules() if is_rules(path)] + [path for path in named if path.exists()]


def find_imports(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, with full name; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written whole"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed_in_rules(name: str) -> bool:
    if name.partition(".")[0] in sys.stdlib_module_names | PURE_LIBRARIES:
        return True
    return any(name == pure or name.startswith(f"{pure}.") for pure in PURE) or bool(
        re.match(r"epaccs\.\w+\.rules(\.|$)", name)
    )


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- who imports whom ---


@pytest.mark.parametrize("contract", [pytest.param(contract["id"], id=contract["name"]) for contract in CONTRACTS])
def test_imports_keep_the_contract(contract: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    result = lint_imports(limit_to_contracts=(contract,), no_cache=True)

    assert result == 0, "run lint-imports to see the chain of imports"


WRONG_IMPORTS = [
    pytest.param(
        "layers", "register/queries", "from HOUSE.record import summary", id="the register imports the record"
    ),
    pytest.param(
        "layers", "care_plans/rules", "import HOUSE.cpr_decisions.rules", id="care plans import CPR decisions"
    ),
    pytest.param("layers", "utilities/__init__", "", id="a package with no place in the house"),
    pytest.param("views-no-model", "register/views", "from HOUSE.register import model", id="a view imports a model"),
    pytest.param("views-no-model", "register/views", "import sqlalchemy", id="a view imports SQLAlchemy"),
    pytest.param(
        "flask-in-views-only", "register/actions/sign", "import flask", id="a folder of actions imports Flask"
    ),
    pytest.param(
        "inside-a-feature", "register/model", "from HOUSE.register import actions", id="a model imports an action"
    ),
    pytest.param("inside-a-feature", "register/rules", "from HOUSE.register import queries", id="rules import queries"),
]


@pytest.mark.parametrize(("contract", "module", "line"), WRONG_IMPORTS)
def test_a_wrong_import_breaks_the_contract(contract: str, module: str, line: str, tmp_path: Path) -> None:
    house = "a_house_built_wrong"
    for path in PROGRAM.iterdir():
        if path.suffix == ".py" or (path / "__init__.py").exists():
            write(tmp_path / house / f"{path.stem}.py")
    for room in ("register", "record", "care_plans", "cpr_decisions"):
        (tmp_path / house / f"{room}.py").unlink()
        for name in ("__init__", "rules", "model", "queries", "views"):
            write(tmp_path / house / room / f"{name}.py")
    write(tmp_path / house / "record" / "summary.py")
    write(tmp_path / house / "register" / "actions" / "__init__.py")
    settings = (ROOT / "pyproject.toml").read_text().replace("epaccs", house)
    (tmp_path / "pyproject.toml").write_text(settings)
    assert run_contract(contract, tmp_path) == 0

    write(tmp_path / house / f"{module}.py", line.replace("HOUSE", house))

    assert run_contract(contract, tmp_path) == 1


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_contract(contract: str, folder: Path) -> int:
    """The exit status of Import Linter in a process of its own, so that two houses do not meet."""
    code = (
        "import sys; from importlinter.cli import lint_imports; sys.path.insert(0, '.'); "
        f"sys.exit(lint_imports(limit_to_contracts=({contract!r},), no_cache=True))"
    )
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, check=False).returncode


# --- which files there are ---


def test_every_folder_of_the_program_is_a_package_so_that_the_contracts_see_it() -> None:
    folders = {path.parent for path in find_modules()}

    assert [short(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [short(path) for path in find_modules() if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_a_feature_has_the_six_files_and_contributing_explains_each_other_one() -> None:
    explained = set(re.findall(r"`(\w+/\w+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    others = {
        f"{feature.name}/{path.stem}"
        for feature in find_features()
        for path in feature.iterdir()
        if (path.suffix == ".py" or path.is_dir()) and not path.stem.startswith("__") and path.stem not in SIX
    }

    assert sorted(others - explained) == []


# --- what a rule may know ---


@pytest.mark.parametrize("path", [pytest.param(path, id=short(path)) for path in find_pure_modules()])
def test_rules_know_only_the_standard_library_and_rules_below(path: Path) -> None:
    imported = set(find_imports(ast.parse(path.read_text())))

    assert sorted(name for name in imported if not is_allowed_in_rules(name)) == []


@pytest.mark.parametrize("path", [pytest.param(path, id=short(path)) for path in find_pure_modules()])
def test_rules_are_given_the_time_and_read_no_clock(path: Path) -> None:
    calls = [
        f"line {node.lineno}: {node.func.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS_A_CLOCK
    ]

    assert calls == []


def test_there_are_rules_to_look_at() -> None:
    assert len(find_pure_modules()) > 5


# --- which packages it stands on ---

#: Used without an import of ours.
LOADED_BY_OTHERS = {
    "brotli": "Flask-Compress",
    "gunicorn": "epaccs serve",
    "nhsuk-frontend-jinja": "Jinja's loader of templates, by name",
    "psycopg": "SQLAlchemy, by the address of the database",
    "tzdata": "zoneinfo, where the machine itself knows no British clocks",
}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def find_names(lines: list[str]) -> set[str]:
    return {re.match(r"[\w-]+", line)[0].lower() for line in lines}


def find_imported_packages(modules: list[Path]) -> set[str]:
    owners = packages_distributions()
    roots = {name.partition(".")[0] for path in modules for name in find_imports(ast.parse(path.read_text()))}
    outside = roots - sys.stdlib_module_names - {"bench", "e2e", "epaccs", "tests"}
    return {owners[root][0].lower().replace("_", "-").replace(".", "-") for root in outside}


def test_every_package_that_the_program_imports_is_named_so_that_a_server_has_it() -> None:
    assert sorted(find_imported_packages(find_modules()) - find_names(PROJECT["dependencies"])) == []


def test_no_package_is_named_that_the_program_does_not_use() -> None:
    named = find_names(PROJECT["dependencies"]) - set(LOADED_BY_OTHERS)

    assert sorted(named - find_imported_packages(find_modules())) == []


def test_every_package_that_tests_and_measurements_import_is_named() -> None:
    modules = [path for folder in ("tests", "e2e", "bench") for path in (ROOT / folder).rglob("*.py")]
    named = find_names(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"])

    assert sorted(find_imported_packages(modules) - named) == []


# --- decision records ---


def find_records() -> list[Path]:
    return sorted((ROOT / "docs" / "adr").glob("*.md"))


def test_decision_records_are_numbered_from_one_with_no_twin_and_no_gap() -> None:
    numbers = [path.name[:4] for path in find_records()]

    assert numbers
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(r"^Date: \d{4}-\d{2}-\d{2}$", id="when"),
        pytest.param(r"^Status: (accepted|superseded by \d{4})$", id="whether it holds"),
        pytest.param(r"^## How we shall know it was wrong$", id="how we shall know it was wrong"),
    ],
)
def test_a_decision_record_says(line: str) -> None:
    assert [path.name for path in find_records() if not re.search(line, path.read_text(), re.MULTILINE)] == []
