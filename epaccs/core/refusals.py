"""What a person or a program is told when the answer is no: status, title and sentences, never an exception's own text.

Every sentence here is fixed, except those of a broken rule and of a missing permission, which were written to be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from epaccs.core.errors import Forbidden, MustWait, NotFound, RuleBroken, RulesBroken, Stale, Unavailable

NOTHING_CHANGED = "Nothing was changed."
NO_PROOF_OF_ABSENCE = "This does not mean that there is no CPR decision."


@dataclass(frozen=True)
class Refusal:
    """One answer of no.

    `kind` is the last part of a problem document's type. `is_plain` asks for a page that needs neither the database nor
    to know who is signed in.
    """

    status: int
    kind: str
    title: str
    sentences: tuple[str, ...]
    rules: tuple[RuleBroken, ...] = ()
    is_plain: bool = False


UNAVAILABLE = Refusal(
    503,
    "unavailable",
    "The register cannot be reached",
    (NOTHING_CHANGED,),
    is_plain=True,
)

FAILED = Refusal(
    500,
    "failed",
    "Something went wrong here",
    ("It is not certain whether anything was changed. Look at the record before you do it again.",),
    is_plain=True,
)

FORGED = Refusal(
    422,
    "form-not-recognised",
    "This form was not accepted",
    (
        NOTHING_CHANGED,
        "It was opened before you last signed in, or it did not come from this register. "
        "Go back, open the page again and send it from there.",
    ),
)

SEND_AGAIN = Refusal(
    422,
    "form-not-recognised",
    "Send this form again",
    (
        NOTHING_CHANGED,
        "It was opened before you last signed in. What you typed is kept in this page: "
        "send it again if it is still right.",
    ),
)

_BY_STATUS = {
    refusal.status: refusal
    for refusal in (
        Refusal(
            400,
            "not-understood",
            "This could not be read",
            (NOTHING_CHANGED, "Go back, open the page again and send it from there."),
        ),
        Refusal(401, "signed-out", "Sign in first", ("Sign in, then open the page again.",)),
        Refusal(403, "forbidden", "You cannot do this", (NOTHING_CHANGED,)),
        Refusal(
            404,
            "not-found",
            "Nothing can be shown here",
            (
                "The address may be mistyped, or what was here is not open to you.",
                f"If you were looking for a person: no record can be shown. {NO_PROOF_OF_ABSENCE}",
            ),
        ),
        Refusal(
            405,
            "wrong-method",
            "This address cannot be used that way",
            (NOTHING_CHANGED, "Open the page from a link and send its form from there."),
        ),
        Refusal(
            409,
            "stale",
            "Somebody else has changed this",
            (NOTHING_CHANGED, "Open the page again to see what it says now."),
        ),
        Refusal(
            413,
            "too-large",
            "This is more than can be sent at once",
            (
                NOTHING_CHANGED,
                "A field takes up to 200,000 characters and a whole form up to 4 megabytes. "
                "Go back, shorten the longest text or divide it between fields, and send it again. "
                "A page that takes a file says how large the file may be.",
            ),
        ),
        Refusal(
            422,
            "rule-broken",
            "This was not accepted",
            (NOTHING_CHANGED,),
        ),
        Refusal(429, "too-many-requests", "Too many attempts", ("Wait a minute, then try again.",)),
        FAILED,
        UNAVAILABLE,
    )
}


def refusal_for_status(status: int) -> Refusal:
    """The answer for a bare HTTP status; one without words of its own gets those of its class."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    known = FAILED if status >= 500 else _BY_STATUS[400]
    return Refusal(status, known.kind, known.title, known.sentences, is_plain=known.is_plain)


def refusal_for_error(error: Exception) -> Refusal:
    """The answer for one of the house's own errors, or for a database that is locked, full or gone."""
    match error:
        case MustWait():
            known = _BY_STATUS[429]
            return Refusal(429, known.kind, known.title, (f"{error.message.rstrip('.')}.", NOTHING_CHANGED))
        case RuleBroken():
            return _with_rules(error)
        case RulesBroken():
            return _with_rules(*error.errors)
        case Forbidden():
            known = _BY_STATUS[403]
            return Refusal(403, known.kind, known.title, (error.message, *known.sentences))
        case NotFound():
            return _BY_STATUS[404]
        case Stale():
            return _BY_STATUS[409]
        case Unavailable() | OperationalError() | InterfaceError():
            return UNAVAILABLE
        case _:
            return FAILED


def _with_rules(*rules: RuleBroken) -> Refusal:
    known = _BY_STATUS[422]
    return Refusal(422, known.kind, known.title, (*(rule.message for rule in rules), *known.sentences), rules)


def build_problem(refusal: Refusal, *, request_id: str) -> dict[str, Any]:
    """The refusal for a program. Source: RFC 9457."""
    problem: dict[str, Any] = {
        "type": f"urn:epaccs:problem:{refusal.kind}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": " ".join(refusal.sentences),
        "request_id": request_id,
    }
    if refusal.rules:
        problem["errors"] = [{"detail": rule.message, "field": rule.field} for rule in refusal.rules]
    return problem
