"""Passages of free text that are from or about somebody else, and not for the person: how they are marked and read.

The marks stay in the text, so that they can be typed, corrected and taken away without a program of their own:

    Grace is settled. [[Her son says that he cannot go on, and does not want her to know.]] Visit twice a week.

Nobody is ever given the text as it is kept, but to change it: every reader gets it as `labelled` or as `withheld`.

Source: PRSB P&EoLC v1.1, third-party information; hazard H-41.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from epaccs.core.errors import RuleBroken, RulesBroken

OPEN: Final = "[["
CLOSE: Final = "]]"

#: What stands where a passage was, so that nothing looks complete that is not.
WITHHELD: Final = "[A passage is withheld]"
#: What stands before a passage, for those who may read it.
LABEL: Final = "From or about somebody else, not for the person:"

#: Over the questions of a form in which such a passage can be marked.
HINT: Final = (
    "In free text, put what is from or about somebody else, and not for the person, between [[ and ]]. It never goes "
    "on paper, and whoever sees only the emergency card reads that a passage is withheld. To release it, take both "
    "marks away."
)
#: Under each question whose answer can hold one.
SHORT_HINT: Final = "From or about somebody else: [[ between these marks ]]"

_MARK: Final = re.compile(r"\[\[|\]\]")
_PASSAGE: Final = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
#: A passage with the blanks before it and the stop behind it, so that neither is left doubled where it stood.
_WITH_ITS_SPACE: Final = re.compile(r"[ \t]*\[\[.*?\]\]([.,;]?)", re.DOTALL)


def has_mark(text: str) -> bool:
    """Whether either mark stands in it."""
    return OPEN in text or CLOSE in text


def check_passages(text: str, *, field_label: str) -> None:
    """Each passage has a beginning, words and an end, and none lies within another: else nobody knows what is meant.

    Raises:
        RuleBroken: with what to put right.

    Source: hazard H-41.
    """
    inside, begins_at = False, 0
    for mark in _MARK.finditer(text):
        if mark[0] == OPEN and inside:
            raise RuleBroken(f"Close each passage of the {field_label} with ]] before the next [[")
        if mark[0] == CLOSE and not inside:
            raise RuleBroken(f"Put [[ before the passage of the {field_label} that ends with ]]")
        if mark[0] == CLOSE and not text[begins_at : mark.start()].strip():
            raise RuleBroken(f"Put the words between [[ and ]] in the {field_label}, or take both marks away")
        inside, begins_at = not inside, mark.end()
    if inside:
        raise RuleBroken(f"Close the passage of the {field_label} with ]] where it ends")


def check_has_no_mark(text: str, *, field_label: str) -> None:
    """Where a passage cannot be kept from anybody, none is marked: its author would rely on it.

    Raises:
        RuleBroken: a mark stands there.

    Source: hazard H-41.
    """
    if has_mark(text):
        raise RuleBroken(
            f"Leave [[ and ]] out of the {field_label}: a passage can be marked only in the free text of the plan"
        )


def withheld(text: str) -> str:
    """The text without its passages; if the marks do not fit together, everything after the first one is withheld."""
    if OPEN not in text:
        return text
    if not _fits_together(text):
        return text[: text.index(OPEN)] + WITHHELD
    return _PASSAGE.sub(WITHHELD, text)


def left_out(text: str) -> str:
    """The text as the person reads it: without its passages, and without a word that there was one.

    A gap that is named tells them that somebody spoke of them in confidence. If the marks do not fit together,
    everything after the first one is left out.

    Source: hazard H-41.
    """
    if OPEN not in text:
        return text
    if not _fits_together(text):
        return text[: text.index(OPEN)].rstrip()
    rest = _WITH_ITS_SPACE.sub(_stop_after, text).strip()
    return rest if any(letter.isalnum() for letter in rest) else ""


def _stop_after(found: re.Match[str]) -> str:
    before = found.string[: found.start()].rstrip()
    return "" if not before or before[-1] in ".!?:;" else found[1]


def labelled(text: str) -> str:
    """The text with each passage called what it is."""
    if OPEN not in text:
        return text
    if not _fits_together(text):
        begins_at = text.index(OPEN)
        return f"{text[:begins_at]}[{LABEL} {text[begins_at:]}]"
    return _PASSAGE.sub(lambda found: f"[{LABEL} {found[1].strip()}]", text)


def _fits_together(text: str) -> bool:
    try:
        check_passages(text, field_label="")
    except RuleBroken:
        return False
    return True


def keep_withheld(before: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody sent who could not read the passages, with the passages back in their places.

    Args:
        before: the answers as they are kept.
        sent: the answers as they were sent back, by the same names.

    Raises:
        RulesBroken: an answer of which a passage was withheld from them was changed; each names its field.

    Source: hazard H-41: nobody destroys a passage that they could not see.
    """
    kept, errors = dict(sent), []
    for name, text in before.items():
        if name not in sent or not isinstance(text, str) or OPEN not in text:
            continue
        if sent[name] != withheld(text):
            errors.append(RuleBroken("Leave this answer as it was: a passage of it is withheld from you", field=name))
        kept[name] = text
    if errors:
        raise RulesBroken(errors)
    return kept
