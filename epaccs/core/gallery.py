"""Every component once, with made-up people: to look at, to test in a browser, to copy. In a demonstration only."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from epaccs.core import forms
from epaccs.core.errors import RuleBroken
from epaccs.core.web import public, sent_form

bp = Blueprint("gallery", __name__)

SHAPES = {
    "octagon": "Not for CPR",
    "square": "CPR recommended",
    "hatched": "Not confirmed: proposed",
    "dashed": "Not confirmed: told of",
    "split": "CPR decision in doubt",
    "open_circle_bar": "No CPR decision in force",
    "open_circle": "No CPR decision recorded here",
    "octagon_outline": "Advance decision refuses CPR",
    "clock": "Last known 3 days ago",
    "double_bar": "Death confirmed",
    "padlock": "Your role cannot see this",
}

PLACES = {"home": "Own home", "hospice": "Hospice", "care_home": "Care home", "hospital": "Hospital"}
AWARE = {"person": "The person", "family": "Family", "carer": "Carer"}


class GallerySchema(Schema):
    """One field of each kind."""

    nhs_number = forms.NHSNumberField(hint="10 digits, in any spacing", required=True)
    family_name = forms.PersonName("Family name", required=True)
    born_on = forms.TypedDate("Date of birth", hint="For example 6 1 1941", required=True)
    telephone = forms.Telephone()
    postcode = forms.Postcode()
    seen_at = forms.TypedDateTime("When the form was seen", called="moment the form was seen")
    function_score = forms.WholeNumber(
        "Functional status", lowest=0, highest=100, hint="AKPS, 0 to 100", called="functional status"
    )
    preferred_place = forms.Choice(
        "Preferred place of care",
        {**PLACES, "undecided": "Undecided", "declined": "Declined to say"},
        hints={"undecided": "Asked, and no choice made yet"},
        required=True,
    )
    place_of_death = forms.Choice("Preferred place of death", PLACES, as_list=True)
    aware = forms.Choices("Who is aware", AWARE, hint="Tick all that apply")
    consented = forms.YesNo("Has the person agreed to share?", inline=True)
    icd_fitted = forms.YesNoUnknown("Is an ICD fitted?")
    notes = forms.FreeText("What matters to the person", hint="Up to 200,000 characters")
    checked = forms.Tick("I have checked two identifiers", required=True)


@bp.route("/gallery", methods=["GET", "POST"])
@public
def show() -> ResponseReturnValue:
    """The gallery; its form is a real one, and a name of Refused is refused by a rule."""
    return forms.answer_form(forms.Form(GallerySchema, sent_form(), base_version=7), do=_take, show=_page)


def _take(data: dict[str, object]) -> ResponseReturnValue:
    if data["family_name"] == "Refused":
        raise RuleBroken("This family name is refused, to show how that looks", field="family_name")
    flash("The form was accepted. Nothing is kept: this is a gallery.")
    return redirect(url_for("gallery.show"), code=303)


def _page(form: forms.Form) -> str:
    return render_template(
        "gallery.html", form=form, shapes_shown=SHAPES, born_on=date(1941, 1, 6), died_on=date(2026, 11, 20)
    )
