"""What is asked when a scan is kept, and when it holds no more."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.core.forms import Choice, Choices, FileField, FreeText, ShortText, TypedDate
from epaccs.scans.rules import IDENTIFIERS, KIND_LABELS, WITHDRAWAL_LABELS, ScanKind, Withdrawal

_SOURCE = "PRSB P&EoLC v1.1, documents"


class ScanSchema(Schema):
    """One scan, what it is of, and whose paper it is."""

    file = FileField(
        "The scan", called="file of the scan", hint="A PDF, JPEG or PNG", required=True, accept=".pdf,.jpg,.jpeg,.png"
    )
    kind = Choice(
        "What is it?",
        {str(kind): words for kind, words in KIND_LABELS.items()},
        enum=ScanKind,
        required=True,
        source=_SOURCE,
    )
    title = ShortText(
        "Title",
        called="title",
        hint="As it stands on the paper, with its date",
        limit=150,
        required=True,
        source=_SOURCE,
    )
    original_location = ShortText(
        "Where is the original?", called="place of the original", limit=300, required=True, source=_SOURCE
    )
    original_seen_by = ShortText(
        "Who saw the original?",
        called="name of who saw the original",
        hint="Leave blank if nobody did, for example when a copy was sent",
        limit=150,
    )
    original_seen_on = TypedDate("When did they see it?", called="day on which they saw the original")
    identifiers = Choices(
        "What on the paper agrees with the person above?",
        IDENTIFIERS,
        hint="Compare at least two",
        ask="Tick at least two things on the paper that agree with the person above",
        required=True,
    )


class WithdrawalSchema(Schema):
    """Why a scan holds no more."""

    reason = Choice(
        "Why does this scan hold no more?",
        {str(reason): words for reason, words in WITHDRAWAL_LABELS.items()},
        enum=Withdrawal,
        required=True,
    )
    why = FreeText("What else should be known?", limit=2000, rows=3)


def build_scan_schema(limit_megabytes: int) -> ScanSchema:
    """The questions, with how large a file may be here."""
    schema = ScanSchema()
    file = schema.fields["file"]
    file.metadata = {**file.metadata, "hint": f"A PDF, JPEG or PNG of up to {limit_megabytes} megabytes"}
    return schema
