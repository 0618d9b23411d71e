"""A card and a plan of nobody, with one of everything: what the tablet's script takes its markup from.

Filled into the same macros as a person's, so that there is one markup. Every text is a full stop; the script replaces
each, or takes the element away.

Source: docs/offline.md, the view; hazard H-49.
"""

from __future__ import annotations

from typing import Any, Final

from epaccs.core.banner import Who
from epaccs.cpr_decisions.rules.lines import Shape
from epaccs.record.rules.card import UNBROKEN
from epaccs.record.rules.plan_view import Blank, Blanks, FactLine, Group, PlanView, Section
from epaccs.record.rules.view import CallLine, CPRBlock, Part, Runs, Strip, View

_LINE: Final[Runs] = (".",)
_BOX: Final = (_LINE,)
_CALL: Final = CallLine(".", ".", ".", ".", ".")
_FACT: Final = FactLine(".", ".", doubt=_LINE, source=".")
_BLANKS: Final = Blanks(".", ".", (Blank(".", ".", "."),))

VIEW: Final = View(
    strip=Strip(".", "."),
    who=Who(".", (".", "."), ((".", "."),), (".", "."), (".",)),
    alarms=(".",),
    cpr=CPRBlock(str(Shape.CLOCK), _LINE, True, (".",), _BOX, ((".", (".",)),), _BOX),
    disagreements=(_BOX,),
    parts=(
        Part(
            ".",
            when=".",
            copied=_LINE,
            missing=".",
            hidden=_LINE,
            calls=(_CALL,),
            lines=_BOX,
            doubts=_BOX,
            code=".",
            dispute=_BOX,
        ),
    ),
    bar=(_CALL,),
)

PLAN: Final = PlanView(
    sections=(
        Section(
            ".",
            ".",
            dispute=_BOX,
            disagreements=(_BOX,),
            missing=".",
            facts=(_FACT,),
            groups=(Group(".", facts=(_FACT,), source="."),),
            notes=(".",),
            source=".",
            copied=_LINE,
            confirmed=".",
        ),
    ),
    blank=_BLANKS,
    asked_later=_BLANKS,
)


def build_blank() -> dict[str, Any]:
    """All that the tablet's templates are made of; `unbroken`: in which no line may end."""
    return {
        "view": VIEW,
        "plan": PLAN,
        "runs": {
            "strong": (("strong", "."),),
            "flag": (("flag", "."),),
            "link": (("link", ".", "."),),
            "tel": (("tel", ".", "."),),
        },
        "shapes": [str(shape) for shape in Shape],
        "unbroken": UNBROKEN.pattern,
    }
