"""What the board of the demonstration asks besides the standards: one question of each kind."""

from __future__ import annotations

from typing import Final

from epaccs.care_plans.actions import add_local_question
from epaccs.care_plans.queries import find_questions_of_area
from epaccs.care_plans.rules import LocalKind
from epaccs.demo.staff import World

BOARD: Final = "administrator-2"

#: Question, hint, kind, answers to choose from.
ASKED: Final[tuple[tuple[str, str | None, LocalKind, str | None], ...]] = (
    ("Which hub is called first?", "The hub of the person's valley", LocalKind.CHOICE, "North hub\nSouth hub"),
    ("Was the carer's card given?", None, LocalKind.YES_NO, None),
    ("Steps up to the door", None, LocalKind.NUMBER, None),
    ("Next visit of the village agent", None, LocalKind.DATE, None),
    ("How is the house found at night?", "What a driver sees first", LocalKind.WORDS, None),
)


def ask_locally(world: World) -> None:
    """Let the board ask, unless it did before."""
    board = world.actors[BOARD]
    if find_questions_of_area(board):
        return
    for question, hint, kind, answers in ASKED:
        add_local_question(board, question=question, hint=hint, kind=kind, answers=answers)
