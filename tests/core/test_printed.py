"""A form for tablets is read there as the register reads it: the same answers, the same refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, ValidationError
from werkzeug.datastructures import MultiDict

from epaccs.core import clock
from epaccs.core.forms import (
    Choice,
    Choices,
    Form,
    FormField,
    FreeText,
    Hidden,
    ShortText,
    TypedDate,
    TypedDateTime,
    WholeNumber,
    YesNo,
)
from epaccs.core.printed import declare, declare_fields

#: Read by `tests/js/answers.test.js` as well.
SHARED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "js" / "answers.json").read_text(encoding="utf-8"))

FIELDS: dict[str, Callable[..., FormField]] = {
    "date": TypedDate,
    "moment": TypedDateTime,
    "text": ShortText,
    "textarea": FreeText,
    "number": WholeNumber,
    "yes_no": YesNo,
    "choices": Choices,
    "list": lambda label, values, **options: Choice(label, values, as_list=True, **options),
}


def a_field(case: dict[str, Any]) -> FormField:
    return FIELDS[case["kind"]]("Day of it", **case["options"])


@pytest.mark.parametrize("case", [pytest.param(one, id=one["name"]) for one in SHARED["cases"]])
def test_an_answer_is_read_and_refused_as_a_tablet_reads_and_refuses_it(case: dict[str, Any]) -> None:
    schema = Schema.from_dict({"it": a_field(case)})
    boxes = schema().fields["it"].input_names("it")  # type: ignore[attr-defined]
    blank = {} if case["kind"] in ("yes_no", "choices") else {box: [""] for box in boxes}
    form = Form(schema, MultiDict({**blank, **case["typed"]}))

    with clock.standing_at(datetime.fromisoformat(SHARED["now"])):
        try:
            value = schema().dump(form.load())["it"]
        except ValidationError as error:
            form.refuse(error)
            value = None

    assert value == case["value"]
    assert [[one.anchor, one.sentence] for one in form.errors] == ([case["refused"]] if case["refused"] else [])


@pytest.mark.parametrize("case", [pytest.param(one, id=one["name"]) for one in SHARED["cases"]])
def test_a_tablet_is_told_how_each_answer_is_read(case: dict[str, Any]) -> None:
    told = declare("it", a_field(case))

    assert told["kind"] == case["kind"]
    options = {key: one for key, one in case["options"].items() if key not in ("values", "required")}
    assert {**told, **options} == told
    assert ("ask" in told) is case["options"].get("required", False)


def test_what_is_not_asked_is_not_told() -> None:
    form = Schema.from_dict({"aim": Hidden("Aim"), "name": ShortText("Name?", called="name of it")})

    assert declare_fields(form(), lambda name: {"path": f"item.{name}"}) == [
        {"name": "name", "kind": "text", "called": "name of it", "limit": 200, "path": "item.name"}
    ]
