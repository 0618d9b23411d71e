"""Forms as they are printed for tablets: the questions as on a page, and as data how a tablet reads the answers.

One declaration makes the form of the page, its refusals and this: a tablet has no list of questions of its own. What
can be known without the register is refused there in the same sentences; the register judges everything again.

Source: docs/offline.md, "Forms"; hazard H-60.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema

from epaccs.core.fields import EARLIEST_DATE
from epaccs.core.forms import Form, FormField, WholeNumber, YesNo, start_small


@dataclass(frozen=True)
class PrintedForm:
    """One form for tablets.

    Args:
        section: of the edit that comes of it.
        kind: of the edit.
        title: as its page is called.
        form: blank, to be printed.
        declared: how its answers are read, as JSON.
        lead: what is said above the questions.
    """

    section: str
    kind: str
    title: str
    form: Form
    declared: Mapping[str, Any] = field(default_factory=dict)
    lead: str = ""


def declare_fields(schema: Schema, tell: Callable[[str], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How a tablet reads each answer of a form.

    Args:
        schema: the form.
        tell: what else it is told of a field, such as where its answer stands in the body.
    """
    asked = {name: one for name, one in schema.fields.items() if isinstance(one, FormField) and one.kind != "hidden"}
    return [{**declare(name, one), **tell(name)} for name, one in asked.items()]


def declare(name: str, asked: FormField) -> dict[str, Any]:
    """How a tablet reads one answer: what is as it mostly is, is left out.

    The question and the answers that are offered stand in what is printed, and are read there.
    """
    label, earliest = asked.metadata["label"], asked.metadata.get("earliest")
    said = {
        **{key: asked.metadata.get(key) for key in ("limit", "future", "passages", "lowest", "highest")},
        "called": None if asked.called == start_small(label.rstrip("?")) else asked.called,
        "ask": str(asked.error_messages["required"]) if asked.required else None,
        "earliest": earliest.isoformat() if earliest not in (None, EARLIEST_DATE) else None,
    }
    told = {key: value for key, value in said.items() if value not in (None, False)}
    return {"name": name, "kind": _kind_of(asked), **told}


def _kind_of(asked: FormField) -> str:
    """A choice of one answer is a box to tick."""
    if isinstance(asked, WholeNumber):
        return "number"
    if isinstance(asked, YesNo):
        return "yes_no"
    return "tick" if set(asked.metadata.get("values") or ()) == {"yes"} else asked.kind
