"""What docs/domain.md says of CPR decisions is what the code does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from epaccs.cpr_decisions.rules import (
    DECISION_TRANSITIONS,
    GENERATED,
    KINDS,
    LOOKS,
    PROPOSAL_TRANSITIONS,
    SYSTEM,
    AdvanceDecision,
    CPRLine,
    Situation,
    hidden_line,
    render_state_diagram,
    render_table_of_lines,
)
from tests.cpr_decisions.stories import AROUND, FOR_CPR, NOT_FOR_CPR, Story

DOMAIN = Path(__file__).parents[2] / "docs" / "domain.md"


def printed_in_docs(name: str) -> str:
    found = re.search(
        rf"<!-- generated: {re.escape(name)} -->\n(.*?)\n<!-- end -->", DOMAIN.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found, f"docs/domain.md has no place for {name}"
    return found[1].strip()


@pytest.mark.parametrize("name", GENERATED)
def test_the_document_says_what_the_code_runs_on(name: str) -> None:
    assert printed_in_docs(name) == GENERATED[name](), (
        f"Put the text that GENERATED[{name!r}] renders between its markers in docs/domain.md"
    )


def test_the_diagrams_show_every_way_and_no_other() -> None:
    arrows = {
        (begin, kind, end)
        for begin, end, kinds in re.findall(r"^    (\S+) --> (\S+): (.+)$", render_state_diagram(), re.MULTILINE)
        for kind in kinds.split(", ")
    }

    assert arrows == {
        (str(begin or "[*]"), str(kind), str(end))
        for table in (DECISION_TRANSITIONS, PROPOSAL_TRANSITIONS)
        for (begin, kind), end in table.items()
    }


def test_the_table_of_edits_names_every_kind_with_whoever_may_make_it() -> None:
    table = render_state_diagram()

    for kind, rule in KINDS.items():
        assert f"| `{kind}` | {rule.says} | {rule.who} |" in table


TODAY = {"decided_at": "2026-11-21T02:00:00+00:00"}
ADRT = AdvanceDecision(refuses_cpr=True, document_seen=True, location="desk")


def line_of(situation: Situation) -> CPRLine:  # noqa: C901 - one case a situation
    """A line of this situation, as full as it gets."""
    story = Story()
    match situation:
        case Situation.HIDDEN:
            return hidden_line()
        case Situation.AWAITING:
            story.propose()
            return story.line(confirmation_hours=0)
        case Situation.COPY_PAST_AGE:
            story.sign()
            return story.line(age=timedelta(days=3), copy_age_limit=timedelta(hours=1))
        case Situation.NOT_FOR_CPR | Situation.FOR_CPR:
            story.sign(FOR_CPR if situation is Situation.FOR_CPR else NOT_FOR_CPR, **TODAY)
            story.review()
        case Situation.REPORTED:
            story.report()
        case Situation.IN_DOUBT:
            story.sign()
            story.do("wrong_person_flag")
        case Situation.REVOKED:
            story.sign(reason="person_refuses")
            story.withdraw()
        case Situation.ENDED_BY_DEATH:
            story.sign(**TODAY)
            story.do("ended_by_death", by=SYSTEM)
        case Situation.ADVANCE_DECISION:
            story.around = replace(AROUND, adrts=(ADRT,))
        case Situation.NONE_RECORDED:
            pass
    return story.line()


def rows() -> dict[str, tuple[str, str, str]]:
    """The printed table: when it holds -> large line, second line, shape and colour."""
    table = [row.strip("| ").split(" | ") for row in render_table_of_lines().splitlines()[2:]]
    return {when: (large.strip("*"), second, looks) for when, large, second, looks in table}


def pattern(sentence: str) -> str:
    """A printed sentence as a pattern, anything standing for the names in brackets."""
    return re.sub(r"\\\[\w+\\\]", ".+", re.escape(sentence))


@pytest.mark.parametrize("situation", Situation)
def test_the_table_prints_the_words_that_are_shown(situation: Situation) -> None:
    shown = line_of(situation)
    look = LOOKS[situation]
    large, second, looks = rows()[look.when]

    assert shown.situation is situation
    assert re.fullmatch(pattern(large), shown.large)
    assert looks == f"{look.shape}, {look.colour}".replace("_", " ")
    for sentence in re.findall(r"[^.]+\.", second):
        assert re.search(pattern(sentence.strip()), " ".join(shown.second)), sentence
