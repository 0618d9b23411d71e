"""What of a record is there at all for one audience: values are taken out before anything is built from them.

Whoever builds a page, a sheet or a card from what is left cannot show what was hidden, because they never had it. Pure.

Source: access table (role x tier); restricted address, PDS; hazards H-05, H-11 and H-41.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from epaccs.access.rules import Tier, sees_passages, words_for
from epaccs.care_plans.rules import Stage
from epaccs.core import passages, restriction
from epaccs.core.fields import format_date, format_datetime
from epaccs.core.nhs_number import format_nhs_number
from epaccs.core.restriction import without_telling_keys
from epaccs.versions.rules import ITEMS, REMOVED, Held, Material, Recorded, Value, present_items

#: Stands where a masked value is kept, such as the code of a key safe; the value itself is asked for, and audited.
MASKED: Final = "masked"


@dataclass(frozen=True)
class FieldSight:
    """What decides whether one field is shown, and in which words.

    Args:
        label: the question, as on page and paper.
        tier: who sees it.
        needs: practical, so that a role without clinical sight sees it too (contacts, access to the home).
        tells_place: hidden from everybody while the address is restricted.
        is_masked: asked for separately; each look is recorded.
        has_passages: a passage of it can be marked as from or about somebody else, and not for the person.
        values: the words for each code; empty: it is text, a date or a number.
        codes: the SNOMED CT concept of each answer that has one.
        on_card: asked of everybody, so that a missing answer is named where the rest is read.
        ages: after how many days the answer is to be checked again; 0: it does not grow old.
        ages_as: what is then to be checked, in words.
        stage: from which it is asked.
        kind: of the answer: "date", "moment" and "nhs_number" are shown in clinical form, "organisation" by its name.
    """

    label: str
    tier: Tier
    needs: bool = False
    tells_place: bool = False
    is_masked: bool = False
    has_passages: bool = False
    on_card: bool = False
    ages: int = 0
    ages_as: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    stage: Stage = Stage.YEAR
    kind: str = "text"

    def words(self, answer: Any) -> str:
        """The answer as a person reads it; empty: not recorded."""
        if answer is None or answer == "":
            return ""
        if self.is_masked:
            return "Recorded"
        if isinstance(answer, bool):
            return "Yes" if answer else "No"
        if isinstance(answer, list):
            return ", ".join(self.words(one) for one in answer)
        match self.kind:
            case "date":
                return format_date(date.fromisoformat(answer))
            case "moment":
                return format_datetime(datetime.fromisoformat(answer))
            case "nhs_number":
                return format_nhs_number(answer)
            case _:
                return self.values.get(str(answer), str(answer))


Fields = Mapping[str, FieldSight]


@dataclass(frozen=True)
class SectionSight:
    """One section as its readers meet it; `item_fields` are those of one line of its list, `title` names the line.

    `telling_of`: the fields of one line that tell where somebody lives although they mostly do not, such as the name of
    a team. `rank`: which lines come first. `is_whole`: its value is not made of declared fields and is seen as a whole
    or not at all (CPR, lifecycle). `is_log`: its lines are only added, each by somebody of its own; it is no part of
    the plan, so it stands on no paper, and the record shows the newest. `titled`: the fields that the title says.
    """

    name: str
    label: str
    tier: Tier
    empty: str = "Not recorded"
    fields: Fields = field(default_factory=dict)
    item_fields: Fields = field(default_factory=dict)
    title: Callable[[Value], str] = lambda item: str(item.get("name", ""))
    rank: Callable[[Value], int] = lambda _item: 0
    telling_of: Callable[[Value], frozenset[str]] = lambda _item: frozenset()
    is_whole: bool = False
    is_log: bool = False
    titled: frozenset[str] = frozenset()
    _seen: dict[tuple[bool, frozenset[Tier]], Fields] = field(default_factory=dict, compare=False, repr=False)
    _stages: dict[frozenset[Tier], Stage] = field(default_factory=dict, compare=False, repr=False)

    def fields_for(self, tiers: frozenset[Tier], *, of_item: bool = False) -> Fields:
        """The fields that an audience sees; found out once for each audience."""
        key = of_item, tiers
        if key not in self._seen:
            fields = self.item_fields if of_item else self.fields
            self._seen[key] = {name: one for name, one in fields.items() if can_see(one, tiers)}
        return self._seen[key]

    def asked_from(self, tiers: frozenset[Tier]) -> Stage:
        """The stage from which anything here is asked, of what this audience sees; what is seen whole: the first."""
        if tiers not in self._stages:
            seen = [*self.fields_for(tiers).values(), *self.fields_for(tiers, of_item=True).values()]
            self._stages[tiers] = min((one.stage for one in seen), default=Stage.YEAR)
        return self._stages[tiers]

    def is_seen_by(self, tiers: frozenset[Tier]) -> bool:
        """Whether the section is there at all for this audience."""
        if self.is_whole:
            return self.tier in tiers
        return bool(self.fields_for(tiers) or self.fields_for(tiers, of_item=True))


Sights = Mapping[str, SectionSight]


def can_see(field_sight: FieldSight, tiers: frozenset[Tier]) -> bool:
    """Whether an audience sees a field."""
    return field_sight.tier in tiers or (field_sight.needs and Tier.NEEDS in tiers)


def is_restricted(material: Material) -> bool:
    """Nothing that leads to the door is shown to anybody: address, telephone, practice, where things are kept."""
    return restriction.is_restricted(material.value("identity"))


def visible(material: Material, tiers: frozenset[Tier], sights: Sights, *, restricted: bool = False) -> Material:
    """The material with everything taken out that this audience may not see; a section nobody declared goes whole.

    Args:
        restricted: the address is restricted now, whatever the material says of an earlier day.
    """
    restricted = restricted or is_restricted(material)
    sections = {
        name: _visible_section(recorded, sights[name], tiers, restricted=restricted)
        for name, recorded in material.sections.items()
        if name in sights and sights[name].is_seen_by(tiers)
    }
    held = tuple(
        _visible_held(one, sights[one.section], tiers, restricted=restricted)
        for one in material.held
        if one.section in sights and sights[one.section].is_seen_by(tiers)
    )
    return replace(material, sections=sections, held=held)


def _visible_section(recorded: Recorded, sight: SectionSight, tiers: frozenset[Tier], *, restricted: bool) -> Recorded:
    value = visible_value(recorded.value, sight, tiers, restricted=restricted)
    stamps = {key: stamp for key, stamp in recorded.provenance.items() if _is_there(key, value)}
    confirmed_by = recorded.confirmed_by
    if restricted:
        stamps = {key: without_telling_keys(stamp) for key, stamp in stamps.items()}
        confirmed_by = without_telling_keys(confirmed_by)
    return Recorded(
        section=recorded.section,
        version=recorded.version,
        value=value,
        provenance=stamps,
        recorded_at=recorded.recorded_at,
        disputed=recorded.disputed,
        confirmed_at=recorded.confirmed_at,
        confirmed_by=confirmed_by,
    )


def _is_there(key: str, value: Value) -> bool:
    """Whether the field or item that a stamp belongs to is still there."""
    if key.startswith(f"{ITEMS}/"):
        return key.removeprefix(f"{ITEMS}/") in value.get(ITEMS, {})
    return key in value


def _visible_held(held: Held, sight: SectionSight, tiers: frozenset[Tier], *, restricted: bool) -> Held:
    author = without_telling_keys(held.author) if restricted else held.author
    return replace(held, body=visible_body(held.body, sight, tiers, restricted=restricted), author=author)


def visible_body(body: Value, sight: SectionSight, tiers: frozenset[Tier], *, restricted: bool) -> Value:
    """What an edit asked for, as far as this audience may see it: fields, or one item of a list."""
    if sight.is_whole:
        return without_telling_keys(body) if restricted else body
    shown = visible_value(body, sight, tiers, restricted=restricted)
    if "item" in body:
        shown["item"] = _visible_item(body["item"], sight, tiers, restricted=restricted)
    return {**shown, **{key: body[key] for key in ("item_id", "reason") if key in body}}


def typed_value(value: Value, sight: SectionSight, tiers: frozenset[Tier]) -> Value:
    """The value of a section as a form holds it, as far as this audience may see it: passages with their marks, if they
    are for it, and nothing that is asked for separately.

    Source: hazards H-41 and H-67.
    """
    say = str if sees_passages(tiers) else passages.withheld
    shown = _typed_fields(value, sight.fields_for(tiers), say)
    if items := present_items(value):
        of_item = sight.fields_for(tiers, of_item=True)
        shown[ITEMS] = {key: _typed_fields(item, of_item, say) for key, item in items.items()}
    return shown


def _typed_fields(value: Value, fields: Fields, say: Callable[[str], str]) -> Value:
    return {
        name: say(value[name]) if sight.has_passages else value[name]
        for name, sight in fields.items()
        if value.get(name) not in (None, "") and not sight.is_masked
    }


def visible_value(value: Value, sight: SectionSight, tiers: frozenset[Tier], *, restricted: bool) -> Value:
    """The value of a section, as far as this audience may see it; blank answers go too."""
    if sight.is_whole:
        return without_telling_keys(value) if restricted else value
    shown = _visible_fields(value, sight.fields_for(tiers), words_for(tiers), restricted=restricted)
    if sight.item_fields and value.get(ITEMS):
        shown[ITEMS] = {
            key: _visible_item(item, sight, tiers, restricted=restricted) for key, item in value[ITEMS].items()
        }
    return shown


def _visible_item(item: Value, sight: SectionSight, tiers: frozenset[Tier], *, restricted: bool) -> Value:
    shown = _visible_fields(item, sight.fields_for(tiers, of_item=True), words_for(tiers), restricted=restricted)
    telling = sight.telling_of(item) if restricted else frozenset()
    removed = {REMOVED: item[REMOVED]} if REMOVED in item else {}
    return {name: answer for name, answer in shown.items() if name not in telling} | removed


def _visible_fields(value: Value, fields: Fields, say: Callable[[str], str], *, restricted: bool) -> Value:
    return {
        name: MASKED if sight.is_masked else say(value[name]) if sight.has_passages else value[name]
        for name, sight in fields.items()
        if value.get(name) not in (None, "") and not (restricted and sight.tells_place)
    }


def without_passages(material: Material, sights: Sights, *, for_person: bool = False) -> Material:
    """The same without what is from or about somebody else: for paper, which the person reads, and for other programs.

    Args:
        for_person: it goes to the person: nothing tells that there was a passage. Else its place says so.

    Source: hazard H-41.
    """
    say = passages.left_out if for_person else passages.withheld
    sections = {
        name: replace(recorded, value=_without_passages(recorded.value, sights.get(name), say))
        for name, recorded in material.sections.items()
    }
    held = tuple(replace(one, body=_without_passages(one.body, sights.get(one.section), say)) for one in material.held)
    return replace(material, sections=sections, held=held)


def _without_passages(value: Value, sight: SectionSight | None, say: Callable[[str], str]) -> Value:
    """A section's value, or the body of an edit of it."""
    if sight is None or sight.is_whole:
        return value
    said = _withheld_fields(value, sight.fields, say)
    if ITEMS in value:
        said[ITEMS] = {key: _withheld_fields(item, sight.item_fields, say) for key, item in value[ITEMS].items()}
    if "item" in value:
        said["item"] = _withheld_fields(value["item"], sight.item_fields, say)
    return said


def _withheld_fields(value: Value, fields: Fields, say: Callable[[str], str]) -> Value:
    return {
        name: say(answer) if name in fields and fields[name].has_passages and isinstance(answer, str) else answer
        for name, answer in value.items()
    }


def describe(sight: SectionSight, body: Value) -> str:
    """What an edit asks for, in the words of the form; empty: nothing of it can be put into words here."""
    if sight.is_whole:
        return ""
    lines = _describe_fields(sight.fields, body)
    if "item" in body:
        lines += _describe_fields(sight.item_fields, body["item"])
    elif "item_id" in body:
        lines.append(f"Removed: {body.get('reason', '')}")
    return "; ".join(lines)


def _describe_fields(field_sights: Fields, value: Value) -> list[str]:
    return [
        f"{field_sights[name].label.rstrip('?')}: {field_sights[name].words(answer)}"
        for name, answer in value.items()
        if name in field_sights and answer not in (None, "")
    ]
