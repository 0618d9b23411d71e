"""Every declared field, by its kind: what it takes is kept whole, what it cannot take is refused with a sentence."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.access.rules import Tier
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration, tier_of
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.fields import TEXT_LIMIT
from epaccs.core.forms import HIDDEN_NAMES, FormField, FreeText
from epaccs.versions.schema import loader
from tests.care_plans.answers import answer_to, every_field, refused_answers, whole_item, whole_section

FIELDS = [
    pytest.param(declaration, name, field, in_list, id=f"{declaration.name}{'/' if in_list else '.'}{name}")
    for declaration, name, field, in_list in every_field()
]
each_field = pytest.mark.parametrize(("declaration", "name", "field", "in_list"), FIELDS)
free_texts = [(one.values[0], one.values[1], one.values[3]) for one in FIELDS if isinstance(one.values[2], FreeText)]


def load(declaration: SectionDeclaration, *, in_list: bool, **changes: Any) -> dict[str, Any]:
    """A whole section or line with one answer changed, as the one writer reads it."""
    whole = whole_item(declaration) if in_list else whole_section(declaration)
    schema = declaration.items.schema if in_list and declaration.items else declaration.schema
    assert schema is not None
    return loader(schema)({**whole, **changes})


@each_field
def test_what_it_takes_is_kept_as_it_is(
    declaration: SectionDeclaration, name: str, field: FormField, in_list: bool
) -> None:
    answer = answer_to(declaration.name, name, field)

    assert load(declaration, in_list=in_list)[name] == answer


@each_field
def test_what_it_cannot_take_is_refused_with_a_sentence(
    declaration: SectionDeclaration, name: str, field: FormField, in_list: bool
) -> None:
    for answer in refused_answers(field):
        with pytest.raises((RuleBroken, RulesBroken)) as refused:
            load(declaration, in_list=in_list, **{name: answer})
        told = refused.value.errors if isinstance(refused.value, RulesBroken) else (refused.value,)
        assert [one.field.split("-")[0] for one in told if one.field] == [name]
        assert all(one.message[0].isupper() and len(one.message) > 15 for one in told)


@each_field
def test_it_says_what_a_reader_of_the_declaration_wants(
    declaration: SectionDeclaration, name: str, field: FormField, in_list: bool
) -> None:
    assert field.metadata["label"]
    assert field.metadata.get("source") or declaration.source
    assert tier_of(declaration, field) in (Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE)


@given(where=st.sampled_from(free_texts), text=st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn"))))
def test_nothing_that_is_written_is_cut_or_changed(where: tuple[Any, str, bool], text: str) -> None:
    declaration, name, in_list = where
    text = f"a{text}z"

    assert load(declaration, in_list=in_list, **{name: text})[name] == normalize("NFC", text)


@pytest.mark.parametrize(("declaration", "name", "in_list"), free_texts)
def test_a_long_text_is_taken_whole_up_to_the_limit_that_is_stated(
    declaration: SectionDeclaration, name: str, in_list: bool
) -> None:
    text = "x" * TEXT_LIMIT

    assert load(declaration, in_list=in_list, **{name: text})[name] == normalize("NFC", text)
    with pytest.raises((RuleBroken, RulesBroken), match=f"{TEXT_LIMIT:,}"):
        load(declaration, in_list=in_list, **{name: text + "x"})


def test_no_two_questions_of_a_form_are_alike() -> None:
    alike = [
        f"{declaration.name}: {label}"
        for declaration in SECTIONS.values()
        for fields in (declaration.fields(), declaration.item_fields())
        for label in {field.metadata["label"] for field in fields.values()}
        if [field.metadata["label"] for field in fields.values()].count(label) > 1
    ]

    assert alike == ["preferred_places: Which place"]


def test_no_question_has_the_name_of_what_every_form_sends() -> None:
    assert [name for _, name, _, _ in every_field() if name in HIDDEN_NAMES] == []
