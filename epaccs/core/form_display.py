"""How a declared field is put to the NHS macros: which macro, with which options; the macros do the marking up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from epaccs.core.forms import FormError, ShownField

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
    return {**_labelled(field), "value": value, "rows": field.option("rows"), "autocomplete": "off"}


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
                "error": one in field.wrong_boxes,
            }
            for box, one in ids.items()
        ],
    }
