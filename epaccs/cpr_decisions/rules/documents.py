"""The state diagram and the table of lines for docs/domain.md, made from the tables that the code runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from epaccs.cpr_decisions.rules.lines import LOOKS, Look, Situation
from epaccs.cpr_decisions.rules.states import DecisionStatus, EditKind, ProposalStatus
from epaccs.cpr_decisions.rules.transitions import DECISION_TRANSITIONS, KINDS, PROPOSAL_TRANSITIONS
from epaccs.cpr_decisions.rules.words import Words


def render_state_diagram() -> str:
    """Both state diagrams as Mermaid, and who may make which kind of edit, as Markdown."""
    return "\n\n".join(
        [
            "### CPR decision",
            _diagram(DECISION_TRANSITIONS),
            "A decision begun by voiding is a copy: of the one that the voided decision had replaced, or of the one\n"
            "that a mistaken cancelling had ended. What a voided signature had answered waits again.",
            "### Proposal or report",
            _diagram(PROPOSAL_TRANSITIONS),
            "### Who may do what",
            _kinds_table(),
        ]
    )


def _diagram(
    transitions: Mapping[tuple[DecisionStatus | None, EditKind], DecisionStatus]
    | Mapping[tuple[ProposalStatus | None, EditKind], ProposalStatus],
) -> str:
    arrows: dict[tuple[str, str], list[str]] = {}
    for (begin, kind), end in transitions.items():
        arrows.setdefault((_node(begin), _node(end)), []).append(kind)
    lines = [f"    {begin} --> {end}: {', '.join(kinds)}" for (begin, end), kinds in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _node(status: StrEnum | None) -> str:
    return "[*]" if status is None else str(status)


def _kinds_table() -> str:
    rows = [
        (f"`{kind}`", rule.says, rule.who, _yes(rule.append_only), _yes(rule.after_death))
        for kind, rule in KINDS.items()
    ]
    return _table(("edit", "means", "made by", "only adds: never held", "also after a confirmed death"), rows)


def _yes(answer: bool) -> str:
    return "yes" if answer else ""


@dataclass(frozen=True)
class _Row:
    """One line of the table: the situation, or what time adds to one."""

    look: Look
    large: str
    second: tuple[str, ...]


def render_table_of_lines() -> str:
    """Every line with its words, shape and colour, as Markdown; names in brackets are filled in."""
    words = Words()
    rows = [
        (
            row.look.when,
            f"**{_bracketed(row.large)}**",
            _bracketed(" ".join(row.second)),
            f"{row.look.shape}, {row.look.colour}".replace("_", " "),
        )
        for row in _rows(words)
    ]
    overdue = _bracketed(words.review_overdue.replace("{site}", ""))
    rows.append(("review date passed", "the line above, unchanged", f"+ {overdue}", "+ clock, amber"))
    unplaced = _bracketed(words.signed_form_unplaced)
    rows.append(
        ("moved since the place of the form was last said", "the line above, unchanged", f"+ {unplaced}", "unchanged")
    )
    return _table(("situation", "large line", "second line", "shape and colour"), rows)


def _rows(words: Words) -> list[_Row]:
    return [_Row(LOOKS[situation], *sentences) for situation, sentences in _sentences(words).items()]


def _sentences(words: Words) -> Mapping[Situation, tuple[str, tuple[str, ...]]]:
    signed = (words.signed, words.reviewed, words.copy_age)
    return {
        Situation.NOT_FOR_CPR: (words.not_for_cpr, (*signed, words.about_cpr_only, words.use_judgement)),
        Situation.FOR_CPR: (words.for_cpr, signed),
        Situation.AWAITING: (words.awaiting, (words.confirmation_overdue, words.to_be_confirmed)),
        Situation.REPORTED: (words.reported_not_seen, (words.told,)),
        Situation.IN_DOUBT: (words.in_doubt, (words.doubt_advice, words.last_confirmed)),
        Situation.REVOKED: (words.revoked, (words.cancelled, words.refusal_withdrawn)),
        Situation.NONE_RECORDED: (words.none_recorded, (words.elsewhere,)),
        Situation.ADVANCE_DECISION: (words.advance_decision, (words.advance_decision_at,)),
        Situation.ENDED_BY_DEATH: (words.ended_by_death, (words.signed, words.seen_alive)),
        Situation.COPY_PAST_AGE: (words.last_known, (words.look_for_form, words.newer_may_exist)),
        Situation.HIDDEN: (words.hidden, ()),
    }


def _bracketed(sentence: str) -> str:
    return sentence.replace("{", "[").replace("}", "]")


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


#: The sections of docs/domain.md that are printed from here, by the name of their marker.
GENERATED: Final = {"cpr-states": render_state_diagram, "cpr-lines": render_table_of_lines}
