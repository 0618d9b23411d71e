"""An answer to every question of the plan, and answers that no question of its kind takes; read from the fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from epaccs.care_plans.sections import SECTIONS, SectionDeclaration
from epaccs.clinicians.rules import Actor
from epaccs.core.forms import (
    Choice,
    Choices,
    ConceptCode,
    EmailAddress,
    FormField,
    FreeText,
    ShortText,
    Telephone,
    TypedDate,
    TypedDateTime,
    WholeNumber,
    YesNo,
)
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from tests.factories import an_edit

#: Where one answer decides what another may be.
TOGETHER: dict[str, dict[str, Any]] = {
    "allergies": {"status": "known"},
    "contacts": {"do_not_contact": False},
    "legal": {"called_valid": False, "kind": "adrt"},
    "medicines": {"syringe_driver": True},
}

_BY_KIND: list[tuple[type[FormField], Callable[[str, Any], Any]]] = [
    (YesNo, lambda _name, _field: True),
    (Choices, lambda _name, field: [next(iter(field.values))]),
    (Choice, lambda _name, field: next(iter(field.values))),
    (TypedDateTime, lambda _name, _field: "2026-11-20T14:05:00+00:00"),
    (TypedDate, lambda _name, _field: "2026-11-01"),
    (WholeNumber, lambda _name, field: field.metadata["lowest"]),
    (Telephone, lambda _name, _field: "01632 960 123"),
    (ConceptCode, lambda _name, _field: "386806002"),
    (EmailAddress, lambda _name, _field: "grace@example.org"),
    (ShortText, lambda name, field: f"{name} told"[: field.metadata["limit"]].strip()),
    (FreeText, lambda name, _field: f"{name} told at length"),
]

_NEVER: list[tuple[type[FormField], tuple[Any, ...]]] = [
    (Choices, (["no such answer"], [["nested"]])),
    (Choice, ("no such answer", 7)),
    (TypedDateTime, ("2026-11-20T14:05:00", "yesterday", "2026-02-31T10:00:00Z")),
    (TypedDate, ("31-02-1940", "30/02/40", "1850-01-01", "soon")),
    (WholeNumber, (-1, 1_000_000, "many", "1.5", "\uff11")),
    (Telephone, ("not a number", "0" * 40, "x" * 1000)),
    (ConceptCode, ("386806003", "ABC", "12", "\uff13\uff18\uff16\uff18\uff10\uff16\uff10\uff10\uff12")),
    (EmailAddress, ("grace", "grace@", "a b@example.org", "grace@example.org\x00")),
    (ShortText, ("x" * 100_000, "null\x00byte", 7)),
    (FreeText, ("x" * 1_000_000, "null\x00byte", 7)),
]


def answer_to(section: str, name: str, field: FormField) -> Any:
    """An answer that the field takes, different for each text."""
    if name in TOGETHER.get(section, {}):
        return TOGETHER[section][name]
    for kind, build in _BY_KIND:
        if isinstance(field, kind):
            return build(f"{section} {name}", field)
    raise LookupError(f"no answer is known for a {type(field).__name__}")


def refused_answers(field: FormField) -> tuple[Any, ...]:
    """What no field of this kind takes."""
    for kind, answers in _NEVER:
        if isinstance(field, kind):
            return answers
    raise LookupError(f"no refusal is known for a {type(field).__name__}")


def whole_section(declaration: SectionDeclaration) -> dict[str, Any]:
    """Every question of the section itself answered."""
    return {name: answer_to(declaration.name, name, field) for name, field in declaration.fields().items()}


def whole_item(declaration: SectionDeclaration) -> dict[str, Any]:
    """Every question about one line of its list answered."""
    return {name: answer_to(declaration.name, name, field) for name, field in declaration.item_fields().items()}


def answer_everything(actor: Actor, entry_id: UUID) -> None:
    """Answer every question of the plan, in the section itself and of one line of each list."""
    for declaration in SECTIONS.values():
        if declaration.schema:
            apply_edit(actor, an_edit(entry_id, declaration.name, whole_section(declaration)))
        if declaration.items:
            body = {"item_id": str(new_id()), "item": whole_item(declaration)}
            apply_edit(actor, an_edit(entry_id, declaration.name, body, kind="put_item"))


def every_field() -> Iterator[tuple[SectionDeclaration, str, FormField, bool]]:
    """Every declared field of the plan, and whether it belongs to a line of a list."""
    for declaration in SECTIONS.values():
        yield from ((declaration, name, field, False) for name, field in declaration.fields().items())
        yield from ((declaration, name, field, True) for name, field in declaration.item_fields().items())
