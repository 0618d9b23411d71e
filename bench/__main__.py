"""Measure, and print one table: `python -m bench [--full] [--tablet] [--json FILE] [--only NAME]`.

The measurements are the modules of this folder that have a function `measure`; a module with `connect` adds its floor
to the program before the first request. One that says `APART` is measured only when it is named.
"""

from __future__ import annotations

import json
import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click
from rich.console import Console
from rich.table import Table

import bench
from bench import Row
from bench.context import Context


def find_measurements(only: tuple[str, ...]) -> list[ModuleType]:
    """The modules that measure something, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name != "__main__")
    modules = [import_module(f"bench.{name}") for name in names if not only or name in only]
    return [one for one in modules if hasattr(one, "measure") and (only or not getattr(one, "APART", False))]


def build_table(rows: list[Row]) -> Table:
    """Each figure beside its floor and its peer."""
    table = Table()
    for heading in ("what", "value", "unit", "floor", "peer", "x floor", "must be", "holds"):
        table.add_column(heading, justify="left" if heading in {"what", "unit", "must be", "holds"} else "right")
    for row in rows:
        figures = [_figure(row.value), row.unit, _figure(row.floor), _figure(row.peer), _figure(row.ratio)]
        table.add_row(row.name, *figures, row.must or "-", {True: "yes", False: "NO", None: "-"}[row.holds])
    return table


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"


@click.command()
@click.option("--full", is_flag=True, help="Measure with 1,000,000 people too.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows here.")
@click.option("--tablet", is_flag=True, help="Measure the tablet alone, in a browser, beside PouchDB.")
@click.option("--only", multiple=True, help="Only this measurement; may be given several times.")
def main(full: bool, json_file: Path | None, tablet: bool, only: tuple[str, ...]) -> None:
    """Measure the program beside a floor in the same run."""
    server = os.environ.get("EPACCS_TEST_POSTGRESQL_URL")
    if not server:
        raise click.ClickException("EPACCS_TEST_POSTGRESQL_URL is not set: measure with script/bench")
    measurements = find_measurements((*only, "tablet") if tablet else only)
    connections = [module.connect for module in measurements if hasattr(module, "connect")]
    progress = Console(stderr=True)
    rows: list[Row] = []
    with Context(full=full, postgresql_url=server, console=progress, connections=connections) as context:
        for module in measurements:
            progress.print(f"Measuring {module.__name__.removeprefix('bench.')}")
            rows.extend(module.measure(context))
    Console(width=200 if not sys.stdout.isatty() else None).print(build_table(rows))
    if json_file is not None:
        json_file.write_text(json.dumps([row.to_json() for row in rows], indent=2) + "\n")
    sys.exit(1 if any(row.holds is False for row in rows) else 0)


if __name__ == "__main__":
    main()
