"""The CPR decision: as it stands, its history, and one form for each kind of change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import check_proved_lately, current_actor
from epaccs.core.errors import NotFound, RuleBroken, RulesBroken
from epaccs.core.forms import Form, Recovered, answer_form
from epaccs.core.identifiers import parse_id
from epaccs.core.web import sent_form
from epaccs.cpr_decisions import actions, queries
from epaccs.cpr_decisions.queries import CPRPage
from epaccs.cpr_decisions.rules import EditKind, Words, is_signature
from epaccs.cpr_decisions.schema import AWARE, FORMS, REASONS, RECOMMENDATIONS, flatten, nest, schema_for
from epaccs.versions.queries import get_banner
from epaccs.versions.registry import Applied
from epaccs.versions.schema import load_stored

bp = Blueprint("cpr_decisions", __name__, url_prefix="/record/<entry_id>/cpr")


#: Kinds whose unfinished work can be kept for the team.
DRAFTED = frozenset({EditKind.SIGN, EditKind.PROPOSE, EditKind.CONFIRM_PROPOSAL})


@bp.get("")
@needs(Permission.VIEW_RECORD)
def show(entry_id: str) -> ResponseReturnValue:
    """Current, waiting, history; and what this reader may do."""
    page = _page(entry_id)
    return render_template(
        "cpr_decisions/show.html",
        page=page,
        forms=_offered(page),
        words_for={"reason": REASONS, "recommendation": RECOMMENDATIONS},
        aware_words=", ".join(AWARE[one] for one in page.current.aware) if page.current else "",
        about=get_banner(page.entry_id),
    )


@bp.post("/drafts/<draft_id>/discard")
@needs(Permission.DRAFT_CPR)
def discard(entry_id: str, draft_id: str) -> ResponseReturnValue:
    """Throw a draft of the own team away."""
    actions.discard(current_actor(), parse_id(draft_id))
    return redirect(url_for("cpr_decisions.show", entry_id=entry_id), 303)


@bp.route("/<kind>", methods=["GET", "POST"])
@needs(Permission.VIEW_RECORD)
def edit(entry_id: str, kind: str) -> ResponseReturnValue:
    """One change of the decision."""
    actor, page, edit_kind = current_actor(), _page(entry_id), _kind(kind)
    definition, target = FORMS[edit_kind], _target(page, edit_kind)
    form = _form(page, edit_kind, target)
    if form.was_sent and form.action == "draft":
        actions.keep_draft(actor, form.edit_id, entry_id=page.entry_id, kind=edit_kind, sent=request.form)
        flash("Kept as a draft for your own team. Nothing on the record has changed.")
        return redirect(url_for("cpr_decisions.show", entry_id=page.entry_id), 303)
    if form.was_sent and is_signature(edit_kind):
        check_proved_lately()

    def change(fields: dict[str, Any]) -> ResponseReturnValue:
        try:
            applied = actions.change(
                actor,
                form.edit_id,
                entry_id=page.entry_id,
                kind=edit_kind,
                body=nest(fields),
                base_version=form.base_version,
            )
        except (RuleBroken, RulesBroken) as error:
            raise _onto_form(error, form.names) from error
        return _after(page, definition.done or definition.title, applied)

    def render(form: Form) -> str:
        return render_template(
            "cpr_decisions/edit.html",
            form=form,
            page=page,
            definition=definition,
            may_draft=edit_kind in DRAFTED and page.may["PROPOSE"],
            answered=page.find_waiting(target),
            about=get_banner(page.entry_id),
        )

    return answer_form(form, change, render)


def _target(page: CPRPage, kind: EditKind) -> str:
    """The part of the section that is meant; empty: the whole of it."""
    aims_at = FORMS[kind].aims_at
    if request.method == "POST":
        return request.form.get(aims_at, "")
    if "draft" in request.args:
        kept: list[str] = page.draft(request.args["draft"]).body["fields"].get(aims_at, [])
        return kept[0] if kept else ""
    return request.args.get("about", "")


def _form(page: CPRPage, kind: EditKind, target: str) -> Form:
    """What was sent, else a draft of the team, else what is known already."""
    schema, sent = schema_for(kind, page.waiting(but=target)), sent_form()
    if sent is None and "draft" in request.args:
        sent = Recovered(page.draft(request.args["draft"]).body["fields"])
    initial = queries.find_initial(page, kind, target) if sent is None or request.method == "POST" else {}
    return Form(schema, sent, load_stored(type(schema), flatten(initial)), base_version=page.version)


def _after(page: CPRPage, done: str, applied: Applied) -> ResponseReturnValue:
    if applied.is_held:
        return redirect(url_for("versions.held", edit_id=applied.edit_id), 303)
    flash(f"Recorded: {done}." if applied.outcome == "applied" else "Nothing was changed.")
    return redirect(url_for("record.show", entry_id=page.entry_id), 303)


def _onto_form(error: RuleBroken | RulesBroken, names: list[str]) -> RulesBroken:
    """A rule names the part of the body; the form has a box of that name, or one of the group's."""
    faults = error.errors if isinstance(error, RulesBroken) else [error]
    return RulesBroken([RuleBroken(fault.message, field=_box_for(fault.field, names)) for fault in faults])


def _box_for(path: str | None, names: list[str]) -> str | None:
    if path is None:
        return None
    name = path.replace(".", "_")
    if name in names:
        return name
    return next((one for one in names if one.startswith(f"{name}_")), None)


def _page(entry_id: str) -> CPRPage:
    return queries.get_cpr_page(current_actor(), parse_id(entry_id), words=site_words())


def site_words() -> Words:
    """The site's words, with the number of its control room."""
    number = current_app.config["EPACCS"].control_telephone
    return Words(control=number, number_24h=number)


def _kind(text: str) -> EditKind:
    try:
        kind = EditKind(text.replace("-", "_"))
    except ValueError:
        raise NotFound from None
    if kind not in FORMS:
        raise NotFound
    return kind


#: What the page offers about the section as a whole; changes of one proposal or withdrawal stand beside it.
_OFFERED = (
    EditKind.SIGN,
    EditKind.PROPOSE,
    EditKind.REPORT,
    EditKind.ORIGINAL_SEEN,
    EditKind.PARTICULARS_AMENDED,
    EditKind.OWN_WITHDRAWAL,
    EditKind.REPORT_OWN_WITHDRAWAL,
    EditKind.RELATIVE_REPORT,
    EditKind.REVIEW_ASKED,
    EditKind.WRONG_PERSON_FLAG,
)
_NEED_A_DECISION = frozenset({EditKind.PARTICULARS_AMENDED, EditKind.ORIGINAL_SEEN})


def _offered(page: CPRPage) -> list[tuple[str, str]]:
    return [
        (str(kind).replace("_", "-"), FORMS[kind].title)
        for kind in _OFFERED
        if page.may[kind.name] and (page.current is not None or kind not in _NEED_A_DECISION)
    ]
