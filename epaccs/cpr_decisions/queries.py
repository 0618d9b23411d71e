"""The CPR decision of one person as its page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.access.actions import event
from epaccs.access.queries import Standing, find_standing, get_standing
from epaccs.access.rules import Permission, Tier
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.core import clock, restriction
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.fields import format_datetime
from epaccs.core.restriction import NOT_SHOWN, without_telling_keys
from epaccs.cpr_decisions import rules
from epaccs.cpr_decisions.actions import answer_move
from epaccs.cpr_decisions.rules import CPRLine, CPRState, Decision, EditKind, HeldRival, Located, Words
from epaccs.cpr_decisions.schema import FORMS, build_move_schema
from epaccs.cpr_decisions.section import CPR, around_of, permission_of
from epaccs.notices.actions import accountable_organisations
from epaccs.register.queries import Question
from epaccs.versions.queries import DraftLine, drafts_of_team, history, material, without_organisations
from epaccs.versions.rules import Held, Material


@dataclass(frozen=True)
class HistoryRow:
    """One edit in the history of the decision."""

    kind: str
    says: str
    author: str
    received_at: datetime
    outcome: str


@dataclass(frozen=True)
class Waiting:
    """An open part of the section. `words`: what was written with it; empty: nothing."""

    id: str
    title: str
    at: datetime
    words: str = ""


@dataclass(frozen=True)
class CPRPage:
    """Everything the page of the decision shows, and what this reader may do."""

    entry_id: UUID
    version: int
    state: CPRState
    line: CPRLine
    held: tuple[Held, ...]
    rows: list[HistoryRow]
    may: dict[str, bool]
    drafts: list[DraftLine]

    def draft(self, draft_id: str) -> DraftLine:
        """A draft of the reader's team.

        Raises:
            NotFound: there is none.
        """
        for one in self.drafts:
            if str(one.id) == draft_id:
                return one
        raise NotFound

    def waiting(self, *, but: str = "") -> dict[str, str]:
        """What a signature may answer: each open part by its id, in words.

        Args:
            but: the proposal that the signature itself completes.
        """
        return {one.id: one.title for one in self._waiting() if one.id != but}

    def find_waiting(self, part_id: str) -> Waiting | None:
        """One open part; None: none has this id, or it is settled."""
        return next((one for one in self._waiting() if one.id == part_id), None)

    def _waiting(self) -> Iterator[Waiting]:
        for one in self.state.open_proposals:
            yield Waiting(one.id, f"Proposal or report by {one.by.named}", one.recorded_at)
        for said in self.state.open_withdrawals:
            title = f"Refusal withdrawn, said {format_datetime(said.said_at)}, recorded by {said.by.named}"
            yield Waiting(said.id, title, said.recorded_at, said.words)
        for flag in self.state.open_flags:
            yield Waiting(flag.id, f"Wrong person, says {flag.by.named}", flag.recorded_at, flag.words)
        for asked in self.state.open_requests:
            by = f"{asked.said_by} ({asked.relationship})" if asked.relationship else asked.said_by
            title = f"Review asked for by {asked.by.named}" + (f", told by {by}" if by else "")
            yield Waiting(asked.id, title, asked.recorded_at, asked.words)

    @property
    def current(self) -> Decision | None:
        """The decision in force; None: there is none."""
        return self.state.in_force

    @property
    def located(self) -> Located | None:
        """Where the signed form was last said to be; None: no decision is in force."""
        return rules.find_located(self.state)

    @property
    def first_held(self) -> UUID | None:
        """The oldest edit that waits; None: nothing waits."""
        return self.held[0].edit_id if self.held else None


def get_cpr_page(actor: Actor, entry_id: UUID, *, words: Words) -> CPRPage:
    """The decision with its history, for a reader who may see it.

    Raises:
        NotFound: no such entry, or none whose decision this reader may see.
        Forbidden: no reason for access was given yet.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    if Tier.T1_EMERGENCY not in standing.tiers:
        raise NotFound
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, section=CPR))
    now = _as_shown(material(entry_id))
    recorded, state = now.sections.get(CPR), CPRState.from_value(now.value(CPR))
    return CPRPage(
        entry_id=entry_id,
        version=recorded.version if recorded else 0,
        state=state,
        line=build_line(now, words=words, now=clock.now()),
        held=now.held_in(CPR),
        rows=_rows(entry_id, state, restricted=restriction.is_restricted(now.value("identity")), words=words),
        may=_may(standing),
        drafts=drafts_of_team(actor, entry_id, CPR) if standing.can(Permission.DRAFT_CPR) else [],
    )


def _as_shown(recorded: Material) -> Material:
    """What is recorded, without what leads to the door where the address is restricted (hazard H-11)."""
    if not restriction.is_restricted(recorded.value("identity")):
        return recorded
    sections = dict(recorded.sections)
    if CPR in sections:
        sections[CPR] = replace(sections[CPR], value=without_telling_keys(sections[CPR].value))
    return replace(without_organisations(recorded), sections=sections)


def build_line(recorded: Material, *, words: Words, now: datetime) -> CPRLine:
    """The line as every outlet shows it."""
    recorded = _as_shown(recorded)
    values = {name: one.value for name, one in recorded.sections.items()}
    return rules.line(
        CPRState.from_value(recorded.value(CPR)),
        held=[_as_rival(one) for one in recorded.held_in(CPR)],
        around=around_of(values, now=now, today=clock.today()),
        copy_left_at=now,
        now=now,
        copy_age_limit=timedelta(days=1),
        words=words,
    )


def _as_rival(held: Held) -> HeldRival:
    author = held.author
    return HeldRival(
        edit_id=str(held.edit_id),
        kind=held.kind,
        body=held.body,
        author_name=author["name"],
        author_role=ROLE_LABELS[Role(author["role"])],
        organisation_name=author["organisation_name"],
        received_at=held.held_at,
        decided_at=held.decided_at,
    )


def find_question_of_move(actor: Actor, entry_id: UUID) -> Question:
    """What to ask of the signed form on the page that changes the address; nothing of whoever may not see a decision.

    Source: hazard H-44.
    """
    standing = find_standing(actor, entry_id)
    if standing is None or Tier.T1_EMERGENCY not in standing.tiers:
        return Question()
    now = material(entry_id)
    state, recorded = CPRState.from_value(now.value(CPR)), now.sections.get(CPR)
    located = rules.find_located(state)
    if not standing.can(permission_of(EditKind.PARTICULARS_AMENDED)):
        return Question(told=_whom_it_goes_to(entry_id) if located else "")
    known = located.where if located and not restriction.is_restricted(now.value("identity")) else ""
    return Question(
        schema=build_move_schema(known),
        initial={"original_version": str(recorded.version if recorded else 0)},
        is_asked=located is not None,
        answer=lambda edit_id, answers: answer_move(actor, edit_id, entry_id=entry_id, answers=answers),
    )


def _whom_it_goes_to(entry_id: UUID) -> str:
    told = accountable_organisations(db.session(), entry_id)
    names = db.session.scalars(select(Organisation.name).where(Organisation.id.in_(told)).order_by(Organisation.name))
    return (
        "A CPR decision is in force, and its signed form may stay behind. Your role cannot record where it is. If the "
        f"address changes, this asks: {', '.join(names)}."
    )


def _rows(entry_id: UUID, state: CPRState, *, restricted: bool, words: Words) -> list[HistoryRow]:
    """Each edit, newest first; of a decision and a proposal with what it recommends."""
    known = {str(kind): rule.says for kind, rule in rules.KINDS.items()}
    recommended = {one.id: one.recommendation for one in state.proposals}
    recommended |= {one.id: one.recommendation for one in state.decisions}
    said = {part_id: f", {words.said(one)}" for part_id, one in recommended.items() if one}
    return [
        HistoryRow(
            line.kind,
            known.get(line.kind, "a disagreement is settled") + said.get(str(line.edit_id), ""),
            line.author["name"] if restricted else f"{line.author['name']}, {line.author['organisation_name']}",
            line.received_at,
            line.outcome,
        )
        for line in history(entry_id, section=CPR)
    ]


def _may(standing: Standing) -> dict[str, bool]:
    return {kind.name: standing.can(permission_of(kind)) for kind in FORMS}


def _ids_of(state: CPRState) -> set[str]:
    waiting = (*state.withdrawals, *state.wrong_person_flags, *state.review_requests)
    return {*(one.id for one in state.decisions), *(one.id for one in state.proposals), *(one.id for one in waiting)}


def find_initial(page: CPRPage, kind: EditKind, target: str) -> dict[str, Any]:
    """What a form starts with: the proposal that is completed, or the place and the people of the decision in force.

    Raises:
        NotFound: the part of the section that is meant is not there.
    """
    initial = _find_initial(page, kind, target)
    return {name: answer for name, answer in initial.items() if answer != NOT_SHOWN}


def _find_initial(page: CPRPage, kind: EditKind, target: str) -> dict[str, Any]:
    form = FORMS[kind]
    if form.aims_at and kind is not EditKind.VOID and target not in _ids_of(page.state):
        raise NotFound
    if kind is EditKind.CONFIRM_PROPOSAL:
        proposal = next((one for one in page.state.proposals if one.id == target), None)
        value = {**proposal.to_value(), "proposal_id": target} if proposal else {}
        value.pop("original_location", None)  # where the signed form is, only its signer can say
        return value
    if kind is EditKind.PARTICULARS_AMENDED and page.current:
        value = page.current.to_value()
        return {name: value[name] for name in ("original_location", "aware", "person_not_told") if name in value}
    return {form.aims_at: target} if form.aims_at else {}
