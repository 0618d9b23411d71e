"""How a declared field is put to the NHS macros: which macro, with which options; the macros do the marking up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from epaccs.core.forms import FormError, ShownField
from epaccs.core.passages import SHORT_HINT

_BOX_LABELS = {"day": "Day", "month": "Month", "year": "Year", "time": "Time (24-hour)"}
_BOX_WIDTHS = {"day": 2, "month": 2, "year": 4, "time": 4}

#: Passed on from a declaration to an input as they are.
_INPUT_OPTIONS = ("type", "width", "autocomplete", "inputmode", "spellcheck", "prefix", "suffix")


def build_component(field: ShownField) -> tuple[str, dict[str, Any]]:
    """The name of the NHS macro and its options for one field."""
    match field.kind:
        case "textarea":
            return "textarea", _textarea(field)
        case "date" | "moment":
            return "dateInput", _boxes(field)
        case "choice":
            return "radios", {**_group(field), "items": _ticks(field, {field.value})}
        case "choices":
            return "checkboxes", {**_group(field), "items": _ticks(field, set(field.value))}
        case "tick":
            return "checkboxes", {**_bare(field), "idPrefix": field.name, "items": _ticks(field, {field.value})}
        case "list":
            return "select", _select(field)
        case "file":
            return "fileUpload", {**_labelled(field), "attributes": {"accept": field.option("accept")}}
        case _:
            return "input", _input(field)


def build_error_summary(errors: Sequence[FormError]) -> dict[str, Any]:
    """What is wrong, in the order of the form; what has a box leads to it."""
    return {
        "titleText": "There is a problem",
        "errorList": [
            {"text": error.sentence, **({"href": f"#{error.anchor}"} if error.anchor else {})} for error in errors
        ],
        "attributes": {"tabindex": "-1"},
    }


def _bare(field: ShownField) -> dict[str, Any]:
    """Name, hint and refusal: what every macro takes."""
    return {
        "name": field.name,
        "hint": {"text": field.hint} if field.hint else None,
        "errorMessage": {"text": field.error} if field.error else None,
    }


def _labelled(field: ShownField) -> dict[str, Any]:
    return {**_bare(field), "id": field.name, "label": {"text": field.label, "classes": "app-label"}}


def _group(field: ShownField) -> dict[str, Any]:
    """Several boxes under one question."""
    return {
        **_bare(field),
        "idPrefix": field.name,
        "fieldset": {"legend": {"text": field.label, "classes": "app-label"}},
        "inline": bool(field.option("inline")),
    }


def _input(field: ShownField) -> dict[str, Any]:
    options = {name: field.option(name) for name in _INPUT_OPTIONS if field.option(name) is not None}
    if field.kind == "password":
        options["type"] = "password"
    return {**_labelled(field), "value": field.value, **options}


def _textarea(field: ShownField) -> dict[str, Any]:
    # The browser takes away the first line end of a text area: one more, so that a text beginning with one keeps it.
    value = f"\n{field.value}" if field.value.startswith(("\n", "\r")) else field.value
    options = {**_labelled(field), "value": value, "rows": field.option("rows"), "autocomplete": "off"}
    if not field.option("passages"):
        return options
    hint = f"{field.hint}. {SHORT_HINT}" if field.hint else SHORT_HINT
    return {**options, "hint": {"text": hint}, "attributes": {"data-module": "passage"}}


def _select(field: ShownField) -> dict[str, Any]:
    values = {"": "Choose one", **field.option("values")}
    return {
        **_labelled(field),
        "items": [{"value": code, "text": words, "selected": code == field.value} for code, words in values.items()],
    }


def _ticks(field: ShownField, chosen: set[str]) -> list[dict[str, Any]]:
    hints = field.option("hints")
    return [
        {
            "value": code,
            "text": words,
            "checked": code in chosen,
            "hint": {"text": hints[code]} if code in hints else None,
        }
        for code, words in field.option("values").items()
    ]


def _boxes(field: ShownField) -> dict[str, Any]:
    ids = {box: f"{field.name}-{box}" for box in field.value}
    wrong = _wrong_boxes(field, ids)
    return {
        **_group(field),
        "id": field.name,
        "items": [
            {
                "id": one,
                "name": one,
                "label": _BOX_LABELS[box],
                "value": field.value[box],
                "width": _BOX_WIDTHS[box],
                # A month may be typed by its name, and a time has a colon: no keyboard of digits only.
                "inputmode": "numeric" if box in ("day", "year") else "text",
                "autocomplete": "off",
                "error": one in wrong,
            }
            for box, one in ids.items()
        ],
    }


def _wrong_boxes(field: ShownField, ids: Mapping[str, str]) -> set[str]:
    """A refusal leads to one box; marked is all it is about: every empty box of the day, or the whole day."""
    wrong = set(field.wrong_boxes)
    of_the_day = [box for box in ids if box != "time"]
    if wrong.isdisjoint(ids[box] for box in of_the_day):
        return wrong
    empty = {ids[box] for box in of_the_day if not str(field.value[box]).strip()}
    if empty:
        return wrong | empty
    day = str(field.value["day"]).strip()
    is_no_number = not (day.isascii() and day.isdecimal())
    return wrong if ids["day"] not in wrong or is_no_number else {ids[box] for box in of_the_day} | wrong
