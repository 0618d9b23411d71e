"""What several sections, or an area, ask on one page: the least that helps tonight, and an area's own questions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans.rules import LOCAL_KINDS, LocalKind, Question
from epaccs.care_plans.sections import PUT, PUT_ITEM, REMOVE_ITEM, SECTIONS, SectionDeclaration, tier_of
from epaccs.care_plans.sections.declaration import PlanText
from epaccs.core.errors import RuleBroken
from epaccs.core.fields import parse_date
from epaccs.core.forms import Choice, Form, FormField, FreeText, Hidden, ShortText, TypedDate, WholeNumber, YesNo
from epaccs.core.printed import PrintedForm, declare_fields
from epaccs.versions.schema import words_of

# --- The least that helps tonight ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One question of one section; `in_list`: of a new line of its list."""

    section: str
    name: str
    in_list: bool = False

    @property
    def field(self) -> FormField:
        """As its section declares it."""
        declaration = SECTIONS[self.section]
        return (declaration.item_fields() if self.in_list else declaration.fields())[self.name]

    @property
    def box(self) -> str:
        """Its name on the page, where several sections have a question of the same name."""
        return f"{self.section}_{self.name}"


#: What a crew needs in a night and registering does not ask; the register has no CPR decision until one is signed.
#: Source: SCCI1580 v4.0 items 17, 30, 34; emergency plan, clinical recommendations.
TONIGHT: Final = (
    Asked("contacts", "kind", in_list=True),
    Asked("contacts", "name", in_list=True),
    Asked("contacts", "relationship", in_list=True),
    Asked("contacts", "telephone", in_list=True),
    Asked("contacts", "is_24h", in_list=True),
    Asked("treatment_level", "level"),
    Asked("allergies", "status"),
    Asked("allergies", "agent", in_list=True),
    Asked("allergies", "reaction", in_list=True),
    Asked("diagnosis", "gold_standards"),
)

#: The name of the hidden box that says which version of each section the page showed.
VERSIONS: Final = "versions"


def build_tonight_schema(asked: Collection[Asked]) -> type[Schema]:
    """A form of these questions, each of which may be left blank; what its section demands is asked when it is kept."""
    fields: dict[str, Any] = {one.box: _optional(one.field) for one in asked}
    return Schema.from_dict({**fields, VERSIONS: Hidden("Versions")}, name="TonightSchema")


def _optional(declared: FormField) -> FormField:
    field = copy(declared)
    field.required, field.allow_none, field.load_default = False, True, None
    return field


def write_versions(versions: Mapping[str, int]) -> str:
    """Which version of each section the page shows, as it is sent back."""
    return " ".join(f"{section}:{version}" for section, version in sorted(versions.items()))


def read_versions(typed: str | None, *, sections: Collection[str]) -> dict[str, int]:
    """The versions that the person saw while typing.

    Raises:
        RuleBroken: it was sent without them, or for other sections.
    """
    pairs = [pair.partition(":") for pair in (typed or "").split()]
    versions = {
        name: int(number) for name, _, number in pairs if number.isascii() and number.isdigit() and len(number) <= 9
    }
    if set(versions) != set(sections):
        raise RuleBroken("This form does not say on which versions it was made. Open the page again, then change it")
    return versions


# --- What an area asks besides the standards -------------------------------------------------------------------------

LARGEST_NUMBER = 999_999


class LocalQuestionSchema(Schema):
    """A question that everybody of the area is asked from now on."""

    question = ShortText("Question", hint="As a clinician reads it, for example: Which church do they go to?",
                         limit=200, required=True)  # fmt: skip
    hint = ShortText("What helps to answer it", called="hint", limit=300)
    kind = Choice("How is it answered?", LOCAL_KINDS, enum=LocalKind, required=True, called="kind of answer")
    answers = FreeText("Answers to choose from", hint="Only for a choice: one a line, two to twenty", rows=5)


class LocalAnswersSchema(Schema):
    """The questions of an area; its fields are made of them."""


_FIELDS: Mapping[LocalKind, Callable[[Question, Mapping[str, Any]], FormField]] = {
    LocalKind.WORDS: lambda one, options: PlanText(one.question, rows=2, **options),
    LocalKind.CHOICE: lambda one, options: Choice(one.question, {words: words for words in one.answers}, **options),
    LocalKind.YES_NO: lambda one, options: YesNo(one.question, **options),
    LocalKind.DATE: lambda one, options: TypedDate(one.question, future=True, **options),
    LocalKind.NUMBER: lambda one, options: WholeNumber(one.question, lowest=0, highest=LARGEST_NUMBER, **options),
}


def build_answers_schema(questions: Sequence[Question]) -> Schema:
    """The form in which the questions are answered; each box is named by the question's id."""
    fields = {field_name(one.id): _FIELDS[one.kind](one, {"hint": one.hint}) for one in questions}
    made: Schema = LocalAnswersSchema.from_dict(dict(fields))()
    return made


def field_name(question_id: UUID) -> str:
    """The name of a question's box."""
    return f"local_{question_id.hex}"


def answer_words(question: Question, loaded: Any) -> str | None:
    """What was answered, as a person reads it; None: nothing was."""
    if loaded is None:
        return None
    field = _FIELDS[question.kind](question, {})
    return words_of(field, field.serialize("it", {"it": loaded}))


def read_words(question: Question, words: str) -> Any:
    """An answer that stands in the record, as its box shows it; None: the box cannot show it."""
    match question.kind:
        case LocalKind.CHOICE:
            return words if words in question.answers else None
        case LocalKind.YES_NO:
            return {"Yes": True, "No": False}.get(words)
        case LocalKind.NUMBER:
            return int(words) if words.isascii() and words.isdigit() else None
        case LocalKind.DATE:
            return _read_date(words)
        case LocalKind.WORDS:
            return words


def _read_date(words: str) -> date | None:
    try:
        return parse_date(words, field_label="date")
    except RuleBroken:
        return None


# --- Without signal --------------------------------------------------------------------------------------------------


class RemovalReasonSchema(Schema):
    """Why a line leaves the list."""

    reason = ShortText("Why is this removed?", called="reason", required=True, limit=500)


@dataclass(frozen=True)
class OfflineSection:
    """A section as a tablet writes to it: its forms, and what it is told of the section.

    `told`: its words, who may change it, and, where its questions are asked on the register alone, that they are.
    """

    name: str
    told: Mapping[str, Any]
    forms: tuple[PrintedForm, ...]


def build_offline_sections() -> list[OfflineSection]:
    """Every section of the plan as it is printed for tablets, from its declaration: a field more is a field more there.

    What is asked about one area has no form: a tablet does not know whose area asks what.

    Source: docs/offline.md, "Forms"; hazard H-67.
    """
    return [_build_offline_section(one) for one in SECTIONS.values()]


def _build_offline_section(declaration: SectionDeclaration) -> OfflineSection:
    told = {
        "label": declaration.label,
        "lead": declaration.lead,
        "one": declaration.items.one if declaration.items else "",
        "may": "contacts" if declaration.permission is Permission.EDIT_CONTACTS else "plan",
        "tier": str(declaration.tier),
        "hasOwn": declaration.schema is not None,
    }
    if declaration.items and declaration.items.is_own_form:
        return OfflineSection(declaration.name, {**told, "isOnline": True}, ())
    forms = [_print(declaration, PUT, declaration.schema)] if declaration.schema else []
    if declaration.items:
        forms += [_print(declaration, PUT_ITEM, declaration.items.schema)]
        forms += [_print(declaration, REMOVE_ITEM, RemovalReasonSchema)]
    return OfflineSection(declaration.name, told, tuple(forms))


def _print(declaration: SectionDeclaration, kind: str, schema: type[Schema]) -> PrintedForm:
    """One form. What is kept under a mask is not asked: nobody without signal can see what stands there."""
    fields = {name: one for name, one in schema().fields.items() if not one.metadata.get("masked")}
    form = Form(Schema.from_dict(dict(fields)))
    declared = {"fields": declare_fields(form.schema, lambda name: _tell_tier(declaration, fields[name]))}
    return PrintedForm(declaration.name, kind, declaration.label, form, declared)


def _tell_tier(declaration: SectionDeclaration, field: Any) -> dict[str, str]:
    """Who is asked, where it is not everybody who holds plans: a question that they do not see is not put to them."""
    tier = tier_of(declaration, field) if isinstance(field, FormField) else Tier.T1_EMERGENCY
    return {} if tier in (Tier.T1_EMERGENCY, Tier.T2_COORDINATION) else {"tier": str(tier)}
