"""Find a person: what is typed goes in the body of the request and stands in no address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor
from epaccs.core.fields import build_dialled
from epaccs.core.forms import Form, answer_form
from epaccs.core.web import sent_form
from epaccs.record.actions.search import Search, search_people
from epaccs.record.schema.search import SearchSchema

bp = Blueprint("search", __name__)


@bp.route("/search", methods=["GET", "POST"])
@needs(Permission.SEARCH)
def search() -> ResponseReturnValue:
    """The boxes, and under the same address what they found."""
    form = Form(SearchSchema, sent_form())

    def find(loaded: dict[str, Any]) -> str:
        found = search_people(
            current_actor(),
            who=loaded["who"] or "",
            born=loaded["born"] or "",
            where=loaded["where"] or "",
            typed_seconds=loaded["typed_ms"],
        )
        return _show(form, found)

    return answer_form(form, find, _show)


def _show(form: Form, found: Search | None = None) -> str:
    control = current_app.config["EPACCS"].control_telephone
    return render_template("record/search.html", form=form, search=found, control_dialled=build_dialled(control))
