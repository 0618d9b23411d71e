"""The CPR decision as a section of the record: who may make which edit, what follows it, and what contradicts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.rules import Fact, Permission, Tier, facts_of_role
from epaccs.clinicians.rules import ROLE_LABELS, Role
from epaccs.core.errors import Contradicts, RuleBroken
from epaccs.core.fields import format_date, format_datetime, local_date
from epaccs.cpr_decisions import rules
from epaccs.cpr_decisions.model import CPRDecision
from epaccs.cpr_decisions.notices import leave_notice_of_move, leave_notices
from epaccs.cpr_decisions.rules import (
    KINDS,
    SYSTEM,
    AdvanceDecision,
    Around,
    Author,
    ConsulteeKind,
    CPRState,
    Death,
    EditKind,
    Proxy,
    Who,
)
from epaccs.cpr_decisions.schema import LABELS
from epaccs.notices.actions import Desk, SessionDesk
from epaccs.register.rules import find_moved_at
from epaccs.versions.registry import Body, Context, EditRequest, Kind, Rows, Section
from epaccs.versions.rules import Severity, Value, present_items

CPR = "cpr"

#: What the access table asks of the author; the rules ask again for authorship and authority to sign.
_PERMISSIONS: dict[Who, Permission] = {
    Who.SIGNER: Permission.SIGN_CPR,
    Who.DRAFTER: Permission.DRAFT_CPR,
    Who.CLINICAL: Permission.OBSERVE,
    Who.CLINICAL_OR_CALL_HANDLER: Permission.REPORT_OWN_WITHDRAWAL,
    Who.ANYONE: Permission.REQUEST_CPR_REVIEW,
    Who.AUTHOR_OR_SIGNER: Permission.OBSERVE,
    Who.SYSTEM: Permission.RECORD_DEATH,
}

_ROUTINE = frozenset({EditKind.PARTICULARS_AMENDED, EditKind.ORIGINAL_SEEN})


def permission_of(kind: EditKind) -> Permission:
    """What the access table asks of whoever makes this kind of edit."""
    if kind is EditKind.OWN_WITHDRAWAL:
        return Permission.RECORD_OWN_WITHDRAWAL
    return _PERMISSIONS[KINDS[kind].who]


# What the rules must know


def author_of(context: Context, kind: EditKind) -> Author:
    """The author as the rules see them; the register itself for what follows a death."""
    if KINDS[kind].who is Who.SYSTEM:
        return SYSTEM
    actor = context.actor
    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    return Author(
        clinician_id=str(actor.clinician_id),
        name=actor.name,
        role=ROLE_LABELS[actor.role],
        professional_number=actor.professional_number or "",
        organisation_id=str(actor.organisation_id),
        organisation_name=actor.organisation_name,
        may_sign=Fact.SIGNS_WITH_AUTHORISATION in facts and _covers(context, context.today),
        may_draft=Fact.DRAFTS_CPR in facts,
        is_clinical=Fact.RECORDS_OWN_WITHDRAWAL in facts,
        is_call_handler=actor.role is Role.CALL_HANDLER,
    )


def _covers(context: Context, day: date) -> bool:
    return any(start <= day <= end for start, end in context.signing_days)


def around_of(values: Mapping[str, Value], *, now: datetime, today: date) -> Around:
    """The rest of one person's record as the rules of CPR decisions see it."""
    items = list(present_items(values.get("legal")).values())
    death = values.get("lifecycle", {}).get("death") or {}
    born_on = values.get("identity", {}).get("born_on")
    return Around(
        today=today,
        now=now,
        born_on=date.fromisoformat(born_on) if born_on else None,
        died=Death(death["status"]) if death else Death.NO,
        treatment_level=values.get("treatment_level", {}).get("level"),
        adrts=tuple(_advance_decision(item) for item in items if item["kind"] == "adrt"),
        proxies=tuple(
            _proxy(item) for item in items if item["kind"] in ("lpa", "deputy") and not item.get("withdrawn_on")
        ),
        icd=values.get("risks", {}).get("icd"),
        moved_at=find_moved_at(values.get("identity")),
    )


#: What an advance decision must be before it can refuse life-sustaining treatment. Source: MCA 2005 s24 and s25.
_CHECKLIST = {
    "is_written": "written",
    "is_signed": "signed",
    "is_witnessed": "witnessed",
    "states_even_if_life_at_risk": "says that it applies even if life is at risk",
    "made_at_18_or_over": "made at 18 or over",
    "had_capacity": "made with capacity",
}


def _advance_decision(item: Value) -> AdvanceDecision:
    made_on = item.get("made_on")
    return AdvanceDecision(
        refuses_cpr=bool(item.get("refuses_cpr")),
        document_seen=bool(item.get("document_seen_by")),
        withdrawn=bool(item.get("withdrawn_on")),
        made_on=date.fromisoformat(made_on) if made_on else None,
        missing=tuple(words for name, words in _CHECKLIST.items() if item.get(name) is not True),
        location=item.get("document_location", ""),
    )


def _proxy(item: Value) -> Proxy:
    is_deputy = item["kind"] == "deputy"
    return Proxy(
        name=item.get("name", ""),
        kind=ConsulteeKind.DEPUTY if is_deputy else ConsulteeKind.ATTORNEY,
        has_authority_for_life_sustaining=not is_deputy and item.get("authority_life_sustaining") == "yes",
    )


# Edits


def _reduce(kind: EditKind) -> Callable[[Value | None, Body, Context], Value]:
    def reduce(base: Value | None, body: Body, context: Context) -> Value:
        state = CPRState.from_value(base)
        if base is not None and rules.says_nothing_new(state, kind, body):
            return base
        author = author_of(context, kind)
        _check_authorised_then(kind, body, context)
        after = rules.apply(
            state,
            kind,
            body,
            edit_id=str(context.edit_id),
            author=author,
            recorded_at=context.now,
            around=around_of(context.values, now=context.now, today=context.today),
        )
        return after.to_value()

    return reduce


def _check_authorised_then(kind: EditKind, body: Body, context: Context) -> None:
    """Authority to sign is asked for today and for the day the decision was made.

    Raises:
        RuleBroken: the author was not authorised on that day.

    Source: docs/domain.md, CPR decisions, who may sign; hazard H-15.
    """
    decided_at = body.get("decided_at")
    if KINDS[kind].who is not Who.SIGNER or not decided_at:
        return
    day = local_date(datetime.fromisoformat(decided_at))
    if day <= context.today and not _covers(context, day):
        raise RuleBroken(
            f"You were not authorised to sign on {format_date(day)}. Propose the decision instead", field="decided_at"
        )


def _severity(kind: EditKind) -> Callable[[Body, Value | None], Severity]:
    return lambda _body, _current: Severity.ROUTINE if kind in _ROUTINE else Severity.HIGH


def check_treatment_level(values: Mapping[str, Value], section: str, body: Body, context: Context) -> None:
    """A treatment level that rules out what follows CPR asks for both to be changed, or for a reason.

    Raises:
        Contradicts: "CPR recommended" is in force, and no reason is given.

    Source: hazard H-16.
    """
    if section != "treatment_level" or body.get("contradiction_reason"):
        return
    around = around_of(values, now=context.now, today=context.today)
    if rules.treatment_level_disagrees(CPRState.from_value(values.get(CPR)), around):
        raise Contradicts(
            "CPR is recommended, and this level rules out what follows it. Change both, or say why they stand together",
            field="contradiction_reason",
        )


def project(session: Session, entry_id: UUID, value: Value, context: Context) -> None:
    """The decisions as rows, and notices to whoever must act."""
    for row in build_decision_rows(entry_id, value):
        session.merge(CPRDecision(**row))
        session.flush()
    notice_change(SessionDesk(session), value, context)


def build_decision_rows(entry_id: UUID, value: Value) -> list[dict[str, Any]]:
    """Each decision as a row.

    Whatever left force comes first: the constraint allows one in force at every moment.
    """
    decisions = sorted(CPRState.from_value(value).decisions, key=lambda one: one.status == "in_force")
    return [
        {
            "id": decision.id,
            "entry_id": entry_id,
            "recommendation": str(decision.recommendation),
            "status": str(decision.status),
            "decided_at": decision.decided_at,
            "signed_at": decision.signed_at,
            "signer_id": UUID(decision.signer.clinician_id) if decision.signer.clinician_id else None,
            "review_on": decision.review_on,
        }
        for decision in decisions
    ]


def notice_change(desk: Desk, value: Value, context: Context) -> None:
    """Leave the notices that this change of the section calls for."""
    before, after = CPRState.from_value(context.values.get(CPR)), CPRState.from_value(value)
    leave_notices(desk, before, after, context, around_of(context.values, now=context.now, today=context.today))


def notice_move(desk: Desk, request: EditRequest, values: Mapping[str, Value], *, at: datetime) -> None:
    """Leave the notice that a change of the identity calls for, if it says that the person is somewhere else.

    Args:
        values: every section after the change.
        at: when the identity was changed.
    """
    if find_moved_at(values.get("identity")) != at:
        return
    state, around = CPRState.from_value(values.get(CPR)), around_of(values, now=at, today=local_date(at))
    leave_notice_of_move(desk, entry_id=request.entry_id, edit_id=request.id, state=state, around=around)


# Words, where two sides are laid side by side


def describe(value: Value) -> Rows:
    """The decision in force of a state, or what an edit's body says, as rows of words."""
    if "decisions" in value or "proposals" in value:
        decision = CPRState.from_value(value).in_force
        value = decision.to_value() if decision else {"recommendation": "none_in_force"}
    said = dict(_flat(value))
    return [(label, _words(said[name])) for name, label in LABELS.items() if name in said]


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, part in value.items():
        if isinstance(part, Mapping) and name != "signer":
            yield from _flat(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", part


def _words(part: Any) -> str:
    match part:
        case bool():
            return "Yes" if part else "No"
        case list():
            return "; ".join(_words(one) for one in part)
        case Mapping():
            return ", ".join(
                _words(one) for name, one in part.items() if name not in ("clinician_id", "organisation_id")
            )
        case str():
            return LABELS.get(f"={part}", _moment_words(part))
        case _:
            return str(part)


def _moment_words(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) == 10:
        return format_date(moment.date())
    return format_datetime(moment.astimezone(UTC))


CPR_SECTION = Section(
    CPR,
    "CPR decision",
    Tier.T1_EMERGENCY,
    critical=True,
    kinds={
        str(kind): Kind(
            permission_of(kind),
            reduce=_reduce(kind),
            independent=rule.append_only,
            severity=_severity(kind),
            online_only=rule.who is Who.SYSTEM,
        )
        for kind, rule in KINDS.items()
    },
    project=project,
    describe=describe,
    is_signed=True,
)
