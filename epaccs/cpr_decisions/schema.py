"""The forms of CPR decisions, one for each kind of edit; field names are the paths of the body, joined by _."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marshmallow import Schema

from epaccs.core.forms import (
    Choice,
    Choices,
    Form,
    FormField,
    FreeText,
    Hidden,
    ShortText,
    Tick,
    TypedDate,
    TypedDateTime,
    YesNo,
)
from epaccs.core.printed import PrintedForm, declare_fields
from epaccs.cpr_decisions.rules import (
    DECISION_NEEDS,
    IMCA,
    NEEDS_WITHOUT_PROXY,
    REVIEW_NEEDS,
    Aware,
    ConsulteeKind,
    EditKind,
    HadCapacity,
    Need,
    NotConsultedBecause,
    NotInvolvedBecause,
    Reason,
    Recommendation,
    RevokeReason,
    VoidReason,
    Whereabouts,
    WithdrawalOutcome,
    needs_of_consultee,
)

RECOMMENDATIONS: dict[str, str] = {
    Recommendation.NOT_FOR_CPR: "Not for CPR",
    Recommendation.FOR_CPR: "CPR recommended",
}
REASONS: dict[str, str] = {
    Reason.WOULD_NOT_WORK: "CPR would not work",
    Reason.BURDEN_OUTWEIGHS_BENEFIT: "The burden of CPR would outweigh its benefit",
    Reason.PERSON_REFUSES: "The person, with capacity, refuses CPR",
    Reason.ADVANCE_DECISION: "A valid and applicable advance decision refuses CPR",
    Reason.ATTORNEY_REFUSES: "An attorney with authority refuses CPR",
    Reason.COURT_ORDER: "A court has ordered it",
    Reason.PERSON_WANTS_CPR: "The person wants CPR",
    Reason.BENEFIT_EXPECTED: "CPR is expected to be of benefit",
}
AWARE: dict[str, str] = {
    Aware.PERSON: "The person",
    Aware.FAMILY: "Family",
    Aware.CARER: "Carer",
}
CAPACITY_WHEN_SAID: dict[str, str] = {
    HadCapacity.YES: "Yes",
    HadCapacity.NO: "No",
    HadCapacity.NOT_KNOWN: "Not known",
}
NOT_INVOLVED: dict[str, str] = {
    NotInvolvedBecause.DECLINED: "The person declined to be involved",
    NotInvolvedBecause.HARM: "It would cause physical or psychological harm",
}
NOT_CONSULTED: dict[str, str] = {
    NotConsultedBecause.NOT_PRACTICABLE: "It was not practicable",
    NotConsultedBecause.NOT_APPROPRIATE: "It was not appropriate",
}
CONSULTEES: dict[str, str] = {
    ConsulteeKind.CLOSE: "Close to the person",
    ConsulteeKind.ATTORNEY: "Attorney for health and welfare",
    ConsulteeKind.DEPUTY: "Deputy of the court",
}
ADVOCATE: dict[str, str] = {
    IMCA.INSTRUCTED: "An advocate (IMCA) was instructed",
    IMCA.URGENT: "Urgent: there was no time",
}
REVOKE_REASONS: dict[str, str] = {
    RevokeReason.WISHES_CHANGED: "The person's wishes have changed",
    RevokeReason.RECOVERED: "The person has recovered",
    RevokeReason.REFUSAL_WITHDRAWN: "The person withdrew their refusal",
}
VOID_REASONS: dict[str, str] = {
    VoidReason.WRONG_PERSON: "It is about another person",
    VoidReason.MISTAKE: "It was entered by mistake",
}
OUTCOMES: dict[str, str] = {
    WithdrawalOutcome.CONFIRMED: "The withdrawal is confirmed: the decision ends",
    WithdrawalOutcome.STANDS: "The decision stands",
}

#: How many people who were consulted have boxes on the form.
CONSULTEE_BOXES = 3


class _Facts(Schema):
    """What a decision says; what of it is needed, the rules say. A draft may leave gaps, a proposal may not."""

    recommendation = Choice("What is recommended?", RECOMMENDATIONS, source="SCCI1580 item 44")
    decided_at = TypedDateTime(
        "When was it decided?", called="date and time of the decision", source="SCCI1580 item 45"
    )
    reason = Choice("Why?", REASONS, source="regional CPR forms, reasons")
    reason_detail = FreeText("More about the reason", called="account of the reason", rows=3)
    refused_by_name = ShortText("If an attorney refuses, their name", called="name of the attorney who refuses")
    capacity_has_capacity = YesNo(
        "Does the person have capacity for this decision?", source="Mental Capacity Act 2005 s2"
    )
    capacity_assessed_at = TypedDateTime("When was capacity assessed?", called="date and time of the assessment")
    capacity_detail = FreeText("How was it assessed?", called="account of the assessment", rows=2)
    involvement_person_involved = YesNo("With capacity: was the person involved?", source="Tracey 2014")
    involvement_not_involved_because = Choice(
        "If not, why?", NOT_INVOLVED, hint="Distress alone is no reason", source="Tracey 2014"
    )
    involvement_detail = FreeText(
        "Describe the harm, or what was said", called="account of the harm or of what was said", rows=2
    )


class _Otherwise(Schema):
    """Who decides with the signer when nobody close can; then who knows, when it is reviewed, where the form is."""

    consultation_nobody_close = Tick("There is nobody close to the person to consult", source="Winspear 2015")
    consultation_imca = Choice("If nobody can be consulted", ADVOCATE, source="Mental Capacity Act 2005 s37")
    consultation_imca_name = ShortText("Name of the advocate")
    aware = Choices("Who knows of the decision?", AWARE, source="SCCI1580 item 48")
    person_not_told = FreeText(
        "If the person has not been told, why?",
        called="reason why the person has not been told",
        rows=2,
        source="SCCI1580 item 48, person not aware",
    )
    review_on = TypedDate("Review date", future=True, source="SCCI1580 item 46")
    no_review_reason = ShortText("If no review is needed, why?", called="reason why no review is needed", limit=500)
    original_location = ShortText(
        "Where is the signed original now?", called="place of the original", limit=300, source="SCCI1580 item 47"
    )
    contradiction_reason = FreeText(
        "If another section says otherwise, why do you sign nevertheless?", called="reason for the disagreement", rows=2
    )


def _consultee_fields() -> dict[str, FormField]:
    fields: dict[str, FormField] = {}
    for number in range(CONSULTEE_BOXES):
        prefix, who = f"consultation_people_{number}_", f"person {number + 1} who was asked"
        fields[f"{prefix}name"] = ShortText(f"Name of person {number + 1}", called=f"name of {who}")
        fields[f"{prefix}kind"] = Choice(f"Who is person {number + 1}?", CONSULTEES, called=f"part of {who}")
        fields[f"{prefix}relationship"] = ShortText(
            f"Relationship of person {number + 1}", called=f"relationship of {who}"
        )
        fields[f"{prefix}consulted"] = YesNo(f"Was person {number + 1} consulted?")
        fields[f"{prefix}because"] = Choice(f"If person {number + 1} was not, why?", NOT_CONSULTED)
        fields[f"{prefix}detail"] = ShortText(
            f"What person {number + 1} said, or why they were not asked", called=f"account of {who}", limit=2000
        )
    return fields


_Consulted = Schema.from_dict(_consultee_fields())  # type: ignore[arg-type]


class DecisionSchema(_Otherwise, _Consulted, _Facts):  # type: ignore[misc, valid-type]
    """A decision to sign, or to propose; the fields of the last base come first, as on the page."""


class ConfirmSchema(DecisionSchema):
    """A proposal, completed and signed. Where the signed form is, only its signer can say."""

    proposal_id = Hidden("Proposal", required=True)
    original_location = ShortText(
        "Where is the signed original now?",
        called="place of the signed original",
        required=True,
        limit=300,
        source="SCCI1580 item 47",
    )


class ReportSchema(Schema):
    """A decision made elsewhere, as it was told."""

    recommendation = Choice(
        "What were you told?",
        RECOMMENDATIONS,
        required=True,
        ask="Choose what you were told",
        source="SCCI1580 item 44",
    )
    told_by = ShortText("Who told you?", called="name of who told you", required=True)
    told_from = ShortText("From where?", called="place", hint="Hospital, ward, another area")
    decided_at = TypedDateTime("When was it decided, as far as you know?", called="date and time of the decision")
    document_seen_at = TypedDateTime(
        "If you held the signed form in your hands, when?", called="date and time the form was seen"
    )
    document_seen_place = ShortText("Where did you see it?", called="place of the form")
    original_location = ShortText("Where is the signed original now?", called="place of the original", limit=300)


class EndProposalSchema(Schema):
    """A proposal that is declined or taken back."""

    proposal_id = Hidden("Proposal", required=True)
    reason = FreeText("Why?", called="reason", required=True, rows=2)


class RevokeSchema(Schema):
    """The decision in force is cancelled."""

    decision_id = Hidden("Decision", required=True)
    decided_at = TypedDateTime("When was it cancelled?", called="date and time of cancelling", required=True)
    reason = Choice("Why?", REVOKE_REASONS, required=True, ask="Choose why it is cancelled")
    detail = FreeText("What was said", called="account of what was said", rows=3)


class VoidSchema(Schema):
    """An entry that was a mistake."""

    decision_id = Hidden("Decision")
    withdrawal_id = Hidden("Withdrawal")
    cancelled_decision_id = Hidden("Cancelled decision")
    reason = Choice("What was wrong?", VOID_REASONS, required=True, ask="Choose what was wrong")
    detail = FreeText("How it came about", rows=3, required=True, called="account of the mistake")


class ReviewSchema(Schema):
    """Reviewed, and it continues."""

    decision_id = Hidden("Decision", required=True)
    reviewed_at = TypedDateTime("When did you review it?", called="date and time of the review", required=True)
    review_on = TypedDate("Next review date", future=True)
    no_review_reason = ShortText("If no review is needed, why?", called="reason why no review is needed", limit=500)


class ParticularsSchema(Schema):
    """Where the original is, and who knows."""

    original_location = ShortText("Where is the signed original now?", called="place of the original", limit=400)
    original_checked = Tick("It is there today: I have seen it, or asked somebody who has")
    aware = Choices("Who knows of the decision?", AWARE)
    person_not_told = FreeText(
        "If the person has not been told, why?", called="reason why the person has not been told", rows=2
    )


def build_move_schema(known: str) -> type[Schema]:
    """What is asked of the signed form when the address changes.

    Args:
        known: where it was until now, as this author may read it; empty: not recorded, or not to be told.
    """
    answers: dict[str, str] = {
        Whereabouts.SAME: f"That is still right: {known}" if known else "In the same place as before",
        Whereabouts.MOVED: "It went with the person",
        Whereabouts.LEFT: "It was left behind: it is not with the person",
        Whereabouts.NOT_KNOWN: "Not known yet",
    }
    hints: dict[str, str] = {
        Whereabouts.SAME: "The address was only put right, or this place is elsewhere and did not change",
        Whereabouts.LEFT: "The card then says so beside the place",
    }
    hint = (
        f"Until now: {known or 'not recorded, or not shown'}. You can leave this open: what you change is saved all "
        "the same. If it is the address or the care home, the card says that nobody has said since where the form is."
    )
    fields = {
        "original_version": Hidden("Version of the CPR decision"),
        "original_now": Choice(
            "Where is the signed CPR form now?",
            answers,
            hint=hint,
            hints=hints,
            called="answer about the signed form",
            enum=Whereabouts,
            source="SCCI1580 item 47",
        ),
        "original_location": ShortText(
            "Its place now",
            called="place of the signed form",
            hint="Needed if it went with the person. If it was left behind in another place than above: where",
            limit=300,
        ),
    }
    return Schema.from_dict(fields, name="FormPlaceSchema")  # type: ignore[arg-type]


class SightingSchema(Schema):
    """The original was seen."""

    seen_on = TypedDate("When did you see the signed form?", called="date the form was seen", required=True)
    place = ShortText("Where?", called="place", required=True, limit=300)


class WithdrawalSchema(Schema):
    """The person says that they no longer refuse."""

    said_at = TypedDateTime("When did the person say so?", called="date and time", required=True)
    had_capacity = Choice(
        "Did they have capacity to say so?", CAPACITY_WHEN_SAID, required=True, ask="Say whether they had capacity"
    )
    words = FreeText("In their words", called="person's words", rows=3)


class ReportedWithdrawalSchema(WithdrawalSchema):
    """Somebody tells that the person said so."""

    told_by = ShortText("Who told you?", called="name of who told you", required=True)


class SettleWithdrawalSchema(Schema):
    """A signer settles a withdrawal."""

    withdrawal_id = Hidden("Withdrawal", required=True)
    outcome = Choice("What is right?", OUTCOMES, required=True, ask="Choose what is right")
    reason = FreeText("Why?", called="reason", required=True, rows=3)


class RequestSchema(Schema):
    """A review is asked for."""

    words = FreeText("Why is a review needed?", called="reason for the review", required=True, rows=3)


class RelativeSchema(Schema):
    """A relative says that wishes have changed."""

    said_by = ShortText("Who says so?", called="name of who says so", required=True)
    relationship = ShortText("Relationship to the person", called="relationship")
    words = FreeText("What did they say?", called="account of what was said", required=True, rows=3)


class AnswerSchema(Schema):
    """A request for a review is answered."""

    request_id = Hidden("Request", required=True)
    answer = FreeText("Your answer", required=True, rows=3)


class FlagSchema(Schema):
    """This belongs to another person."""

    about = Hidden("Decision")
    words = FreeText("What makes you think so?", rows=2, called="reason")


class ClearFlagSchema(Schema):
    """It was looked into: the right person."""

    flag_id = Hidden("Flag", required=True)
    reason = FreeText("How do you know?", called="reason", required=True, rows=2)


@dataclass(frozen=True)
class EditForm:
    """The page of one kind of edit.

    `aims_at`: the name of the hidden field that says which part of the section is meant; empty: the whole section.
    """

    title: str
    button: str
    schema: type[Schema]
    aims_at: str = ""
    lead: str = ""
    is_grave: bool = False
    done: str = ""  #: what is said afterwards; empty: the title


FORMS: Mapping[EditKind, EditForm] = {
    EditKind.SIGN: EditForm("Sign a CPR decision", "Sign", DecisionSchema),
    EditKind.PROPOSE: EditForm(
        "Propose a CPR decision",
        "Propose",
        DecisionSchema,
        lead="Your proposal is shown as not confirmed until a signer has completed and signed it.",
    ),
    EditKind.CONFIRM_PROPOSAL: EditForm("Complete and sign", "Sign", ConfirmSchema, "proposal_id"),
    EditKind.REPORT: EditForm(
        "Report a decision made elsewhere",
        "Report",
        ReportSchema,
        lead="Your report is shown as told, not confirmed. It replaces nothing.",
    ),
    EditKind.DECLINE_PROPOSAL: EditForm("Decline a proposal or report", "Decline", EndProposalSchema, "proposal_id"),
    EditKind.WITHDRAW_PROPOSAL: EditForm(
        "Take a proposal or report back", "Take back", EndProposalSchema, "proposal_id"
    ),
    EditKind.REVOKE: EditForm(
        "Cancel the CPR decision", "Cancel the decision", RevokeSchema, "decision_id", is_grave=True
    ),
    EditKind.VOID: EditForm(
        "An entry made by mistake",
        "Void the entry",
        VoidSchema,
        "decision_id",
        lead="What it replaced comes back. Everybody who read the mistake is told.",
        is_grave=True,
    ),
    EditKind.REVIEWED_AND_CONTINUES: EditForm(
        "Reviewed: it continues", "Record the review", ReviewSchema, "decision_id"
    ),
    EditKind.PARTICULARS_AMENDED: EditForm("Where the form is, and who knows", "Save", ParticularsSchema),
    EditKind.ORIGINAL_SEEN: EditForm("The signed form was seen", "Record", SightingSchema),
    EditKind.OWN_WITHDRAWAL: EditForm(
        "The person no longer refuses CPR",
        "Record",
        WithdrawalSchema,
        lead="Heard by you, from the person. If the decision rests on their own refusal, it ends at once.",
        is_grave=True,
    ),
    EditKind.REPORT_OWN_WITHDRAWAL: EditForm(
        "Told that the person no longer refuses CPR", "Record", ReportedWithdrawalSchema
    ),
    EditKind.SETTLE_WITHDRAWAL: EditForm("Settle a withdrawal", "Settle", SettleWithdrawalSchema, "withdrawal_id"),
    EditKind.RELATIVE_REPORT: EditForm(
        "A relative says that wishes have changed",
        "Record",
        RelativeSchema,
        lead="What you write is shown directly under the decision. It asks for a review and changes nothing by itself.",
    ),
    EditKind.REVIEW_ASKED: EditForm("Ask for a review", "Ask", RequestSchema),
    EditKind.ANSWER_REVIEW: EditForm("Answer a request for a review", "Answer", AnswerSchema, "request_id"),
    EditKind.WRONG_PERSON_FLAG: EditForm(
        "This is the wrong person",
        "Flag it",
        FlagSchema,
        lead="The decision is shown as in doubt at once, until somebody has looked into it.",
        is_grave=True,
        done="you think that this CPR decision is another person's. It is shown as in doubt",
    ),
    EditKind.CLEAR_WRONG_PERSON_FLAG: EditForm("It is the right person", "Clear the flag", ClearFlagSchema, "flag_id"),
}

#: Edits that may answer what waits; the signer names what they answer, and everything else stays in doubt.
ANSWERING = frozenset({EditKind.SIGN, EditKind.CONFIRM_PROPOSAL, EditKind.REVIEWED_AND_CONTINUES})


def schema_for(kind: EditKind, waiting: Mapping[str, str]) -> Schema:
    """The form of one kind of edit, with what it may answer as boxes to tick.

    Args:
        waiting: open proposals, withdrawals and requests by id, in words; empty: nothing waits.
    """
    schema = FORMS[kind].schema
    if kind not in ANSWERING or not waiting:
        return schema()
    answers = Choices("Which of these does this answer?", waiting, hint="What you do not tick stays in doubt")
    return type(schema.__name__, (schema,), {"settles": answers})()


#: Words for the parts of a body, by path; and for codes, behind "=".
LABELS: dict[str, str] = {
    "recommendation": "Recommended",
    "decided_at": "Decided",
    "reason": "Reason",
    "reason_detail": "About the reason",
    "capacity.has_capacity": "Capacity for this decision",
    "capacity.assessed_at": "Capacity assessed",
    "involvement.person_involved": "Person involved",
    "involvement.not_involved_because": "Not involved because",
    "consultation.people": "Asked",
    "aware": "Who knows",
    "person_not_told": "Person not told because",
    "review_on": "Review",
    "no_review_reason": "No review because",
    "original_location": "Signed original",
    "original_located_at": "Place of the original last said",
    "original_checked": "Known to be there",
    "contradiction_reason": "Signed although another section disagrees",
    "signer": "Signed by",
    "detail": "Account",
    "words": "Words",
    "outcome": "Outcome",
    "said_at": "Said",
    "said_by": "Said by",
    "place": "Form seen in",
    "seen_on": "Form seen on",
    "reviewed_at": "Reviewed",
    "told_by": "Told by",
    "told_from": "Told from",
    "=none_in_force": "No decision in force",
    **{
        f"={code}": words
        for table in (
            RECOMMENDATIONS,
            REASONS,
            AWARE,
            NOT_INVOLVED,
            NOT_CONSULTED,
            CONSULTEES,
            REVOKE_REASONS,
            VOID_REASONS,
            OUTCOMES,
        )
        for code, words in table.items()
    },
}

_GROUPS = ("capacity", "involvement", "consultation", "refused_by", "document_seen")
_PEOPLE = "consultation_people_"


def path_of(name: str) -> str:
    """Where a form's field stands in the body, its parts joined by dots."""
    if name.startswith(_PEOPLE):
        return ".".join(("consultation", "people", *name.removeprefix(_PEOPLE).split("_", 1)))
    group = next((one for one in _GROUPS if name.startswith(f"{one}_")), None)
    return f"{group}.{name.removeprefix(f'{group}_')}" if group else name


def nest(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A form's flat fields as the nested body that the rules read; what was left blank is absent."""
    body: dict[str, Any] = {}
    for name, part in fields.items():
        if part is None or part == []:
            continue
        *way, last = path_of(name).split(".")
        place = body
        for step in way:
            place = place.setdefault(step, {})
        place[last] = _plain(part)
    consultation = body.get("consultation", {})
    if consultation.get("nobody_close") == "yes":
        consultation["nobody_close"] = True
    if people := consultation.get("people"):
        consultation["people"] = [people[number] for number in sorted(people)]
    return body


def _plain(part: Any) -> Any:
    match part:
        case datetime() | date():
            return part.isoformat()
        case list():
            return [str(one) for one in part]
        case bool():
            return part
        case _:
            return str(part)


def flatten(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as a form's flat fields, to fill it; moments and days as such."""
    flat: dict[str, Any] = {}
    for name, part in body.items():
        if name in _GROUPS and isinstance(part, Mapping):
            flat |= {f"{name}_{key}": one for key, one in part.items() if key != "people"}
            for number, person in enumerate(part.get("people", [])):
                flat |= {f"consultation_people_{number}_{key}": one for key, one in person.items()}
        else:
            flat[name] = part
    return flat


# --- Without signal --------------------------------------------------------------------------------------------------

#: What is written on a tablet without signal with the same questions as here. What names another part of the section,
#: such as a proposal that is confirmed, is not: a tablet knows the card, and not the parts behind it.
OFFLINE_KINDS = (EditKind.WRONG_PERSON_FLAG, EditKind.SIGN, EditKind.REVIEWED_AND_CONTINUES, EditKind.REVOKE)


def build_offline_forms() -> list[PrintedForm]:
    """Every form of this section that a tablet can fill in without signal.

    Source: docs/offline.md, "Forms"; hazard H-60.
    """
    return [_build_offline_form(kind) for kind in OFFLINE_KINDS]


def _build_offline_form(kind: EditKind) -> PrintedForm:
    form = Form(schema_for(kind, {}))
    declared = {
        "fields": declare_fields(form.schema, lambda name: _tell(name, form.schema.fields[name])),
        "needs": [need.to_value() for need in _needs_of(kind)],
    }
    return PrintedForm("cpr", str(kind), FORMS[kind].title, form, declared)


def _needs_of(kind: EditKind) -> list[Need]:
    """What the rules ask of a decision, beside what its form refuses to be without."""
    if kind is not EditKind.SIGN:
        return list(REVIEW_NEEDS) if kind is EditKind.REVIEWED_AND_CONTINUES else []
    of_people = [need for number in range(CONSULTEE_BOXES) for need in needs_of_consultee(number)]
    return [*DECISION_NEEDS, *of_people, *NEEDS_WITHOUT_PROXY]


def _tell(name: str, field: Any) -> dict[str, Any]:
    """Where an answer stands in the body; whoever is not said to be an attorney or a deputy is somebody close, as the
    rules read it.
    """
    told: dict[str, Any] = {} if path_of(name) == name else {"path": path_of(name)}
    return {**told, "otherwise": str(ConsulteeKind.CLOSE)} if field.metadata.get("values") == CONSULTEES else told
