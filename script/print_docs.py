"""Print into docs/domain.md what it says of the code, from what it runs on: states, lines, access, tablets, fields.

With --check nothing is written, and the exit status is 1 when the page says something else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from marshmallow import Schema

from epaccs.access.rules import render_access_tables
from epaccs.care_plans.rules import STAGES, Stage
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration
from epaccs.core.forms import FormField
from epaccs.cpr_decisions.rules import GENERATED as CPR
from epaccs.devices.rules import render_policies
from epaccs.record.declared import sights
from epaccs.record.rules.disagreements import CONTRADICTIONS
from epaccs.record.sight import FieldSight
from epaccs.register.schema import ConsentSchema, IdentitySchema

PAGE = Path(__file__).parents[1] / "docs" / "domain.md"
HEAD = (
    "| field | question | answers | seen with | asked from | source | shown | grows old |\n"
    "|---|---|---|---|---|---|---|---|"
)


def render_fields() -> str:
    """Every declared field of the record: question, answers, tier, source, and where it is shown."""
    parts = [_render_register("identity", "Who the person is: on every page and sheet about them.", IdentitySchema)]
    parts += [_render_section(declaration) for declaration in SECTIONS.values()]
    parts.append(_render_register("consent", "The two agreements: what was decided is in the record.", ConsentSchema))
    return "\n\n".join(parts)


def _render_register(name: str, lead: str, schema: type[Schema]) -> str:
    seen = sights()[name]
    rows = _rows(_fields_of(schema), seen.fields, default=seen.tier, shown="")
    return "\n".join([f"#### {seen.label} (`{name}`)", "", f"{lead} A stale change is held.", "", HEAD, *rows])


def _render_section(declaration: SectionDeclaration) -> str:
    seen = sights()[declaration.name]
    held = "A stale change is held." if declaration.critical else "Stale changes of different things are merged."
    first = min(one.stage for one in [*seen.fields.values(), *seen.item_fields.values()])
    asked = f"Asked from {STAGES[first]}."
    lines = [f"#### {declaration.label} (`{declaration.name}`)", "", f"{declaration.lead} {held} {asked}"]
    lines += [f"Source: {declaration.source}.", "", HEAD]
    lines += _rows(declaration.fields(), seen.fields, default=declaration.tier)
    if declaration.items:
        items = declaration.item_fields()
        lines += _rows(items, seen.item_fields, default=declaration.tier, of=f"{declaration.items.one}: ")
    return "\n".join(lines)


def _fields_of(schema: type[Schema]) -> Mapping[str, FormField]:
    return {name: field for name, field in schema().fields.items() if isinstance(field, FormField)}


def _rows(
    fields: Mapping[str, FormField],
    seen: Mapping[str, FieldSight],
    *,
    default: str,
    of: str = "",
    shown: str = "record, paper",
) -> Iterator[str]:
    """One row a field.

    Args:
        seen: how each is seen.
        default: the tier of a field that is not seen by itself.
        of: the line of a list that the fields belong to.
        shown: where a field is shown that declares nothing about it.
    """
    for name, field in fields.items():
        sight = seen.get(name)
        tier = sight.tier if sight else default
        source = field.metadata.get("source", "")
        question, stage = of + field.metadata["label"], (sight.stage if sight else Stage.YEAR).upper()
        where, ages = _shown(field, sight, shown), _ages(field)
        cells = (f"`{name}`", question, _answers(field), tier, stage, source, where, ages)
        yield "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _answers(field: FormField) -> str:
    values = field.metadata.get("values", {})
    return "; ".join(values.values()) if values else field.kind.replace("_", " ")


def _shown(field: FormField, sight: FieldSight | None, default: str) -> str:
    where = "card, record, paper" if field.metadata.get("card") else default
    if sight and sight.is_masked:
        where = "masked: asked for by itself, never on paper"
    needs = "also to roles that see practical needs only" if sight and sight.needs else ""
    place = "not while the address is restricted" if sight and sight.tells_place else ""
    return "; ".join(part for part in (where, needs, place) if part)


def _ages(field: FormField) -> str:
    """After how many days it asks to be checked again, counted from where."""
    if not (days := field.metadata.get("ages")):
        return ""
    return f"after {days} days from {'the date itself' if field.kind == 'date' else 'when it was entered or confirmed'}"


def render_contradictions() -> str:
    """Every pair of answers that is compared, and what becomes of it."""
    lines = ["| pair | reads | what | where |", "|---|---|---|---|"]
    for one in CONTRADICTIONS:
        reads = "; ".join(f"{section}: {', '.join(names) or 'all'}" for section, names in one.reads.items())
        what = (one.find.__doc__ or "").strip().partition("\n")[0]
        where = "refused, and shown if it stands here already" if one.is_refused else "shown"
        crew = (
            "; on the card by the line about CPR"
            if one.is_on_line
            else "; on card and sheet"
            if one.is_for_crew
            else ""
        )
        lines.append(f"| `{one.key}` | {reads} | {what} | {where}{crew} |")
    return "\n".join(lines)


GENERATED: Mapping[str, Callable[[], str]] = {
    **CPR,
    "access": render_access_tables,
    "tablets": render_policies,
    "fields": render_fields,
    "contradictions": render_contradictions,
}


def fill(page: str) -> str:
    """The page with everything between its markers printed anew."""
    return re.sub(
        r"(<!-- generated: ([\w-]+) -->\n).*?(\n<!-- end -->)",
        lambda found: f"{found[1]}\n{GENERATED[found[2]]().strip()}\n{found[3]}",
        page,
        flags=re.DOTALL,
    )


def main() -> int:
    """0: the page says what the code runs on, now or already."""
    page = PAGE.read_text(encoding="utf-8")
    printed = fill(page)
    if "--check" in sys.argv[1:]:
        return int(printed != page)
    PAGE.write_text(printed, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
