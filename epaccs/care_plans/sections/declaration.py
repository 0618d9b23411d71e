"""What a declaration of a section says; the form, the page, the sheet and the access tests all read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans.rules import Stage
from epaccs.core.forms import FormField, FreeText
from epaccs.versions.registry import Body, Context, Kind, Section, add_item, replace_fields, routine, take_item
from epaccs.versions.rules import ITEMS, Severity, Value
from epaccs.versions.schema import describer, find_leading_to_door, item_loader, load_removal, loader

PUT = "put"
PUT_ITEM = "put_item"
REMOVE_ITEM = "remove_item"


def _no_rules(_value: Value, _context: Context) -> None: ...


def newest_first(day: str) -> Callable[[Value], int]:
    """The rank of lines that each have a day, the last one first; `day` names the field."""
    return lambda item: -date.fromisoformat(item[day]).toordinal()


class PlanText(FreeText):
    """Free text of the plan, in which a passage can be marked as from or about somebody else and not for the person."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, passages=True, **options)


@dataclass(frozen=True)
class Items:
    """A section's list, such as contacts.

    Args:
        schema: the fields of one line.
        one: what one line is called: "contact".
        title: the words that name a line in a list.
        rank: which lines come first: the lowest number; alike: as they were entered.
        telling_of: the fields of one line that tell where somebody lives although they mostly do not.
        is_own_form: its lines are answered together in a form of their own, not added one by one.
    """

    schema: type[Schema]
    one: str
    title: Callable[[Value], str]
    rank: Callable[[Value], int] = lambda _item: 0
    telling_of: Callable[[Value], frozenset[str]] = lambda _item: frozenset()
    is_own_form: bool = False


@dataclass(frozen=True)
class SectionDeclaration:
    """One section of the plan.

    Args:
        name: as in addresses and edits.
        label: as on page and paper.
        lead: one sentence that says what belongs here.
        tier: who sees it, unless a field says otherwise in its metadata.
        critical: a stale change is held for a person.
        schema: the fields of the section itself; None: it is only a list.
        items: its list; None: it has none.
        permission: who may change it.
        check: its own rules on the whole value.
        severity: how soon a held change needs a person.
        needs: part of what a role without clinical sight sees (contacts, access to the home), but for its fields that
            are `clinical`.
        stage: from when its questions are asked, unless a field says otherwise in its metadata (see `stage_of`).
        source: standard and section.
    """

    name: str
    label: str
    lead: str
    tier: Tier
    critical: bool
    source: str
    schema: type[Schema] | None = None
    items: Items | None = None
    permission: Permission = Permission.EDIT_PLAN
    check: Callable[[Value, Context], None] = _no_rules
    severity: Callable[[Body, Value | None], Severity] = routine
    needs: bool = False
    stage: Stage = Stage.MONTHS
    empty: str = field(default="Not recorded")

    def fields(self) -> Mapping[str, FormField]:
        """The section's own fields, in order."""
        return _fields_of(self.schema)

    def item_fields(self) -> Mapping[str, FormField]:
        """The fields of one line of its list, in order."""
        return _fields_of(self.items.schema if self.items else None)

    def said(self, value: Value, say: Callable[[str], str]) -> Value:
        """The section's value with each text, in which passages can be marked, in the words of `say`."""
        shown = _said(self.fields(), value, say)
        if ITEMS in value:
            shown[ITEMS] = {key: _said(self.item_fields(), item, say) for key, item in value[ITEMS].items()}
        return shown

    def as_section(self) -> Section:
        """As the writer needs it."""
        kinds: dict[str, Kind] = {}
        if self.schema is not None:
            kinds[PUT] = Kind(self.permission, loader(self.schema), replace_fields, severity=self.severity)
        if self.items is not None:
            load = item_loader(self.items.schema)
            kinds[PUT_ITEM] = Kind(self.permission, load, add_item, severity=self.severity)
            kinds[REMOVE_ITEM] = Kind(self.permission, load_removal, take_item, severity=self.severity)
        schemas = self.schema, self.items.schema if self.items else None
        return Section(
            self.name,
            self.label,
            self.tier,
            self.critical,
            kinds,
            check=self.check,
            describe=describer(*schemas),
            leads_to_door=find_leading_to_door(*schemas),
        )


def _said(fields: Mapping[str, FormField], value: Value, say: Callable[[str], str]) -> Value:
    return {
        name: say(answer)
        if isinstance(answer, str) and name in fields and fields[name].metadata.get("passages")
        else answer
        for name, answer in value.items()
    }


def _fields_of(schema: type[Schema] | None) -> Mapping[str, FormField]:
    if schema is None:
        return {}
    return {name: field for name, field in schema().fields.items() if isinstance(field, FormField)}


def tier_of(declaration: SectionDeclaration, field: FormField) -> Tier:
    """The tier of one field: its own, else its section's."""
    tier: Any = field.metadata.get("tier", declaration.tier)
    return Tier(tier)


def stage_of(declaration: SectionDeclaration, field: FormField) -> Stage:
    """From which stage a question is asked: its own, else its section's; what the card shows, from the first.

    The second stage is where a question belongs of which nobody said anything: the first asks no more than the minimum
    set, and grows only where somebody decides that it does. No declaration can take a line of the card out of it.

    Source: hazard H-43.
    """
    if field.metadata.get("card"):
        return Stage.YEAR
    return Stage(field.metadata.get("stage", declaration.stage))
