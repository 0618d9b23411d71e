"""What an area asks: the form by which a question is added, and the form that its questions make together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from marshmallow import Schema

from epaccs.care_plans.rules import LOCAL_KINDS, LocalKind, Question
from epaccs.core.errors import RuleBroken
from epaccs.core.fields import parse_date
from epaccs.core.forms import Choice, FormField, FreeText, ShortText, TypedDate, WholeNumber, YesNo
from epaccs.versions.schema import words_of

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
    LocalKind.WORDS: lambda one, options: FreeText(one.question, rows=2, **options),
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
