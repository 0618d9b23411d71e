"""What a declaration of a section says; the form, the page, the sheet and the access tests all read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier, most_tiers
from epaccs.care_plans.rules import Stage, keep_unseen
from epaccs.core.forms import FormField, FreeText
from epaccs.core.passages import WITHHELD, keep_withheld
from epaccs.versions.registry import (
    FIRST_SCHEMA,
    Body,
    Context,
    Kind,
    Section,
    Upcast,
    add_item,
    replace_fields,
    routine,
    take_item,
)
from epaccs.versions.rules import ITEMS, Severity, Value
from epaccs.versions.schema import (
    check_answered,
    describer,
    find_leading_to_door,
    item_loader,
    load_removal,
    part_loader,
)

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
        shape: number of the shape of its edits, with `upcasts` from each former one to the next (see `Section`).
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
    shape: int = FIRST_SCHEMA
    upcasts: Mapping[int, Upcast] = field(default_factory=dict)

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
            kinds[PUT] = Kind(self.permission, part_loader(self.schema), self._put, severity=self.severity)
        if self.items is not None:
            load = item_loader(self.items.schema)
            kinds[PUT_ITEM] = Kind(self.permission, load, self._put_item, severity=self.severity)
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
            schema=self.shape,
            upcasts=self.upcasts,
            hidden_from=self.hidden_from,
        )

    def hidden_from(self, tiers: frozenset[Tier]) -> frozenset[str]:
        """The fields, its own and those of one line, that an audience does not see."""
        return self._hidden(self.fields(), tiers) | self._hidden(self.item_fields(), tiers)

    def _hidden(self, fields: Mapping[str, FormField], tiers: frozenset[Tier]) -> frozenset[str]:
        return frozenset(name for name, one in fields.items() if not self._is_seen(one, tiers))

    def _is_seen(self, field: FormField, tiers: frozenset[Tier]) -> bool:
        is_practical = self.needs and not field.metadata.get("clinical")
        return tier_of(self, field) in tiers or (is_practical and Tier.NEEDS in tiers)

    def seen(self, value: Value, tiers: frozenset[Tier]) -> Value:
        """The section's value without what an audience does not see."""
        hidden, hidden_of_item = self._hidden(self.fields(), tiers), self._hidden(self.item_fields(), tiers)
        shown = {name: answer for name, answer in value.items() if name not in hidden}
        if ITEMS in value:
            shown[ITEMS] = {
                key: {name: answer for name, answer in item.items() if name not in hidden_of_item}
                for key, item in value[ITEMS].items()
            }
        return shown

    def _put(self, base: Value | None, body: Body, context: Context) -> Value:
        """The section with the answers that were named; the others stay, and so does what its author could not see."""
        value = replace_fields(
            base, _with_unseen(self.fields(), base or {}, body, self._unseen(self.fields(), context)), context
        )
        if self.schema is not None:
            check_answered(self.schema, value)
        return value

    def _put_item(self, base: Value | None, body: Body, context: Context) -> Value:
        """The section with one line of its list added, or with the answers about it that were named."""
        line, fields = body["item_id"], self.item_fields()
        before = (base or {}).get(ITEMS, {}).get(line, {})
        item = _with_unseen(fields, before, body["item"], self._unseen(fields, context))
        value = add_item(base, {**body, "item": item}, context)
        if self.items is not None:
            check_answered(self.items.schema, value[ITEMS][line])
        return value

    def _unseen(self, fields: Mapping[str, FormField], context: Context) -> frozenset[str]:
        """The fields that the author of a change does not see."""
        return self._hidden(fields, most_tiers(context.actor.role))


def _with_unseen(fields: Mapping[str, FormField], before: Value, said: Value, hidden: frozenset[str]) -> Value:
    """What was said, with what its author could not see as it was: hidden answers, and passages that were withheld.

    A passage is back in its place where only the words stand that it is withheld.

    Raises:
        RulesBroken: somebody answered what they do not see, or changed an answer of which a passage was withheld from
            them.

    Source: hazards H-41 and H-65: nobody destroys what they could not see, whichever way they write.
    """
    kept = keep_unseen(before, said, hidden)
    taking = {name: text for name, text in before.items() if name in fields and fields[name].metadata.get("passages")}
    shown = {name: text for name, text in kept.items() if isinstance(text, str) and WITHHELD in text}
    return {**kept, **keep_withheld(taking, shown)}


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
