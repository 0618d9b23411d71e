"""A declared field: how it is typed, read, refused with a sentence, and put back into its boxes."""

from __future__ import annotations

import html
import json
from datetime import UTC, date, datetime
from enum import StrEnum
from io import BytesIO
from typing import Any

import pytest
import tinyhtml5
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, validates_schema
from werkzeug.datastructures import FileStorage, MultiDict

from epaccs.core import forms
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.form_display import build_component, build_error_summary
from epaccs.core.forms import Form, answer_form
from epaccs.core.templating import NHS
from tests.pages import PageClient


class Place(StrEnum):
    HOME = "home"
    HOSPICE = "hospice"


class EverySchema(Schema):
    """One field of each kind, none of them required."""

    nhs_number = forms.NHSNumberField()
    family_name = forms.PersonName("Family name")
    title = forms.ShortText("Title", limit=20)
    born_on = forms.TypedDate("Date of birth")
    review_on = forms.TypedDate("Review date", future=True)
    born_search = forms.TypedDate("Born", one_box=True, called="date of birth")
    seen_at = forms.TypedDateTime("Moment it was seen")
    telephone = forms.Telephone()
    postcode = forms.Postcode()
    score = forms.WholeNumber("Score", lowest=0, highest=100)
    place = forms.Choice("Place", {"home": "Home", "hospice": "Hospice"}, enum=Place)
    where = forms.Choice("Where", {"hall": "Hall", "kitchen": "Kitchen"}, as_list=True)
    aware = forms.Choices("Who is aware", {"person": "Person", "family": "Family", "carer": "Carer"})
    agreed = forms.YesNo("Agreed?")
    icd = forms.YesNoUnknown("ICD?")
    notes = forms.FreeText("Notes")
    checked = forms.Tick("Two identifiers checked")
    password = forms.Password()
    attached = forms.FileField("Letter")
    token = forms.Hidden("Token")


BLANK = {
    name: ""
    for one, field in EverySchema().fields.items()
    if isinstance(field, forms.FormField) and field.is_always_sent
    for name in field.input_names(one)
}


def sent(**typed: Any) -> MultiDict[str, str]:
    """A whole form as a browser sends it, blank but for what was typed."""
    names = {name.replace("__", "-"): value for name, value in typed.items()}
    return MultiDict({**BLANK, **names})


def load(**typed: Any) -> dict[str, Any]:
    return Form(EverySchema, sent(**typed)).load()


def sentence(field: str, **typed: Any) -> str:
    """What is said beside the field."""
    form = Form(EverySchema, sent(**typed))
    with pytest.raises(ValidationError) as refused:
        form.load()
    form.refuse(refused.value)
    return form.error_for(field) or "nothing"


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_blank_form_loads_every_answer_as_none_never_as_a_value() -> None:
    assert load() == dict.fromkeys(EverySchema().fields)


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        pytest.param("nhs_number", {"nhs_number": " 999-000 0018"}, "9990000018", id="NHS number in any spacing"),
        pytest.param("family_name", {"family_name": "  O'Neill "}, "O'Neill", id="name"),
        pytest.param("title", {"title": "Mrs\t "}, "Mrs", id="one line"),
        pytest.param(
            "born_on",
            {"born_on__day": "6", "born_on__month": "Jan", "born_on__year": "1941"},
            date(1941, 1, 6),
            id="date",
        ),
        pytest.param("born_search", {"born_search": "6 January 1941"}, date(1941, 1, 6), id="date in one box"),
        pytest.param(
            "review_on",
            {"review_on__day": "1", "review_on__month": "2", "review_on__year": "2027"},
            date(2027, 2, 1),
            id="date that may lie ahead",
        ),
        pytest.param(
            "seen_at",
            {"seen_at__day": "20", "seen_at__month": "7", "seen_at__year": "2026", "seen_at__time": "14:05"},
            datetime(2026, 7, 20, 13, 5, tzinfo=UTC),
            id="moment in summer time",
        ),
        pytest.param("telephone", {"telephone": "01632960101"}, "01632 960 101", id="telephone"),
        pytest.param("postcode", {"postcode": "ls14ap"}, "LS1 4AP", id="postcode"),
        pytest.param("score", {"score": " 40"}, 40, id="whole number"),
        pytest.param("score", {"score": "0"}, 0, id="nought is a value"),
        pytest.param("place", {"place": "hospice"}, Place.HOSPICE, id="choice as its enum"),
        pytest.param("where", {"where": "hall"}, "hall", id="list"),
        pytest.param("aware", {"aware": ["carer", "person"]}, ["person", "carer"], id="ticks in the declared order"),
        pytest.param("agreed", {"agreed": "no"}, False, id="no is an answer"),
        pytest.param("icd", {"icd": "unknown"}, "unknown", id="not known is an answer"),
        pytest.param("notes", {"notes": "one\r\ntwo "}, "one\ntwo", id="lines"),
        pytest.param("checked", {"checked": "yes"}, True, id="tick"),
        pytest.param("password", {"password": " pass phrase "}, " pass phrase ", id="password kept as typed"),
        pytest.param(
            "attached", {"attached": FileStorage(BytesIO(b"a,b"), "letter.csv")}, b"a,b", id="a file as its bytes"
        ),
        pytest.param(
            "attached", {"attached": FileStorage(BytesIO(b""), "letter.csv")}, b"", id="an empty file is a file"
        ),
    ],
)
def test_an_answer_is_read_as_it_is_typed(field: str, typed: dict[str, Any], value: Any) -> None:
    assert load(**typed)[field] == value


def test_a_text_in_place_of_a_file_is_no_file() -> None:
    class LetterSchema(Schema):
        attached = forms.FileField("Letter")

    assert Form(LetterSchema, MultiDict({"attached": "a,b"})).load()["attached"] is None
    with pytest.raises(ValidationError, match="Choose the letter as a file"):
        LetterSchema().load({"attached": "a,b"})


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        pytest.param("nhs_number", {"nhs_number": "9990000019"}, "Check the NHS number", id="wrong check digit"),
        pytest.param(
            "family_name", {"family_name": "1"}, "Enter the family name with at least one letter", id="no letter"
        ),
        pytest.param("title", {"title": "x" * 21}, "Shorten the title: it can hold 20 characters", id="too long"),
        pytest.param(
            "born_on",
            {"born_on__day": "31", "born_on__month": "2", "born_on__year": "1940"},
            "must be a real date",
            id="31 February",
        ),
        pytest.param("born_on", {"born_on__day": "6"}, "Enter the month and the year of the date of birth", id="half"),
        pytest.param("born_search", {"born_search": "soon"}, "as day, month and year", id="no date"),
        pytest.param(
            "seen_at",
            {"seen_at__day": "20", "seen_at__month": "7", "seen_at__year": "2026", "seen_at__time": "25:00"},
            "24-hour clock",
            id="no time",
        ),
        pytest.param(
            "seen_at",
            {"seen_at__day": "21", "seen_at__month": "11", "seen_at__year": "2026", "seen_at__time": "03:01"},
            "must be now or in the past",
            id="a minute ahead",
        ),
        pytest.param("telephone", {"telephone": "ask Ann"}, "without letters", id="letters"),
        pytest.param("postcode", {"postcode": "LS1"}, "Enter a whole postcode", id="half a postcode"),
        pytest.param("score", {"score": "101"}, "from 0 to 100", id="above the highest"),
        pytest.param("score", {"score": "4.5"}, "whole number", id="not whole"),
        pytest.param("score", {"score": "٤٠"}, "whole number", id="other digits"),
        pytest.param("place", {"place": "moon"}, "Choose only from what is offered: place", id="not offered"),
        pytest.param(
            "aware", {"aware": ["person", "dog"]}, "only from what is offered: who is aware", id="one not offered"
        ),
        pytest.param("agreed", {"agreed": "perhaps"}, "only from what is offered: Agreed?", id="neither yes nor no"),
        pytest.param("notes", {"notes": "a\x00b"}, "null character", id="null byte"),
        pytest.param(
            "notes", {"notes": "x" * 200_001}, "200,000 characters, and 200,001 were", id="200,001 characters"
        ),
        pytest.param("password", {"password": "x" * 1001}, "Shorten the password", id="endless password"),
    ],
)
def test_an_answer_that_cannot_be_taken_gets_a_sentence_beside_it(field: str, typed: dict[str, Any], said: str) -> None:
    assert said in sentence(field, **typed)


def test_two_hundred_thousand_characters_are_taken_whole() -> None:
    assert load(notes="ü" * 200_000)["notes"] == "ü" * 200_000


@pytest.mark.parametrize(
    ("field", "said"),
    [
        pytest.param(forms.PersonName("Family name", required=True), "Enter the family name", id="text"),
        pytest.param(forms.NHSNumberField(required=True), "Enter the NHS number", id="NHS keeps its capitals"),
        pytest.param(forms.TypedDate("Date of birth", required=True), "Enter the date of birth", id="date"),
        pytest.param(forms.Choice("Place", {"home": "Home"}, required=True), "Choose the place", id="choice"),
        pytest.param(
            forms.Choices("People told", {"a": "A"}, required=True), "Tick at least one: people told", id="ticks"
        ),
        pytest.param(forms.YesNo("ICD?", required=True), "Choose yes or no: ICD?", id="yes or no"),
        pytest.param(
            forms.ShortText("Who said so?", required=True), "Answer the question: Who said so?", id="question"
        ),
        pytest.param(
            forms.Choice("Who?", {"a": "A"}, required=True), "Choose an answer: Who?", id="question with answers"
        ),
        pytest.param(
            forms.Choice("Who?", {"a": "A"}, called="person", required=True), "Choose the person", id="named question"
        ),
        pytest.param(forms.Tick("It is checked", required=True), "Tick the box: It is checked", id="tick"),
        pytest.param(forms.ShortText("Why?", ask="Say why", required=True), "Say why", id="a sentence of its own"),
    ],
)
@pytest.mark.parametrize("typed", ["", "   "], ids=["blank", "spaces"])
def test_a_required_answer_left_blank_says_what_to_do(field: forms.FormField, said: str, typed: str) -> None:
    schema = Schema.from_dict({"one": field})
    boxes = dict.fromkeys(field.input_names("one"), typed) if field.is_always_sent else {}
    form = Form(schema, MultiDict(boxes))

    with pytest.raises(ValidationError) as refused:
        form.load()
    form.refuse(refused.value)

    assert form.error_for("one") == said


# --- a form that did not arrive as it was sent ------------------------------------------------------------------------


def test_a_field_sent_twice_is_refused_because_nobody_knows_which_is_meant() -> None:
    assert sentence("family_name", family_name=["Okonkwo", "Wood"]) == "This was sent twice. Give the family name once"


def test_one_box_of_a_date_sent_twice_is_refused() -> None:
    assert "sent twice" in sentence("born_on", born_on__day=["6", "7"], born_on__month="1", born_on__year="1941")


def test_a_text_box_that_did_not_arrive_is_refused_because_blank_would_wipe_what_is_stored() -> None:
    arrived = sent()
    del arrived["notes"]
    form = Form(EverySchema, arrived)

    with pytest.raises(ValidationError) as refused:
        form.load()

    assert refused.value.messages == {"notes": ["This did not arrive. Check the notes and send the form again"]}


def test_a_part_the_page_does_not_know_is_refused_because_its_text_would_be_dropped() -> None:
    form = Form(EverySchema, MultiDict({**BLANK, "allergies": "penicillin"}))

    with pytest.raises(ValidationError) as refused:
        form.load()
    form.refuse(refused.value)

    assert form.errors[0].field is None
    assert "Open the page again" in form.errors[0].sentence


def test_what_goes_with_every_form_is_known() -> None:
    hidden = {"csrf_token": "t", "edit_id": "i", "base_version": "3", "action": "save"}

    assert Form(EverySchema, MultiDict({**BLANK, **hidden})).load() == dict.fromkeys(EverySchema().fields)


# --- showing it again ------------------------------------------------------------------------------------------------


def test_everything_typed_stands_in_the_boxes_again_but_a_password() -> None:
    typed = {"family_name": "<b>O'Neill", "born_on__day": "31", "born_on__month": "Feb", "aware": ["carer", "dog"]}
    form = Form(EverySchema, sent(**typed, password="hush"))

    assert form.field("family_name").value == "<b>O'Neill"
    assert form.field("born_on").value == {"day": "31", "month": "Feb", "year": ""}
    assert form.field("aware").value == ["carer", "dog"]
    assert form.field("password").value == ""


def test_what_html_cannot_hold_is_shown_as_a_mark() -> None:
    form = Form(EverySchema, sent(notes="a\x00b\ud800c\ufffe\td\ne"))

    assert form.field("notes").value == "a\ufffdb\ufffdc\ufffd\td\ne"


def test_stored_values_stand_in_the_boxes_as_loaded_and_as_written_down() -> None:
    loaded = {
        "nhs_number": "9990000018",
        "born_on": date(1941, 1, 6),
        "born_search": date(1941, 1, 6),
        "seen_at": datetime(2026, 7, 20, 13, 5, tzinfo=UTC),
        "place": Place.HOSPICE,
        "aware": ["person"],
        "agreed": False,
        "score": 0,
        "checked": True,
    }
    shown = {
        "nhs_number": "999 000 0018",
        "born_on": {"day": "6", "month": "1", "year": "1941"},
        "born_search": "06-Jan-1941",
        "seen_at": {"day": "20", "month": "7", "year": "2026", "time": "14:05"},
        "place": "hospice",
        "aware": ["person"],
        "agreed": "no",
        "score": "0",
        "checked": "yes",
        "notes": "",
        "review_on": {"day": "", "month": "", "year": ""},
    }
    written = json.loads(json.dumps(EverySchema().dump(loaded)))

    for initial in (loaded, written):
        form = Form(EverySchema, initial=initial)
        assert {name: form.field(name).value for name in shown} == shown


def test_what_is_written_down_loads_as_it_was() -> None:
    loaded = load(
        nhs_number="9990000018",
        born_on__day="6",
        born_on__month="1",
        born_on__year="1941",
        place="home",
        aware=["family"],
        agreed="no",
        score="40",
        checked="yes",
        seen_at__day="20",
        seen_at__month="11",
        seen_at__year="2026",
        seen_at__time="14:05",
    )

    assert EverySchema().load(json.loads(json.dumps(EverySchema().dump(loaded)))) == loaded


@pytest.mark.parametrize("moment", ["2026-11-20T14:05:00", "yesterday", "9999-12-31T23:59:59-23:00"])
def test_a_program_must_give_a_moment_with_its_time_zone(moment: str) -> None:
    with pytest.raises(ValidationError, match="with its time zone"):
        EverySchema().load({"seen_at": moment})


def test_a_program_that_sends_no_text_is_told_so() -> None:
    with pytest.raises(ValidationError, match="Enter the notes as text"):
        EverySchema().load({"notes": 7})


# --- refusals --------------------------------------------------------------------------------------------------------


def test_refusals_stand_in_the_order_of_the_form_and_lead_to_the_box_they_concern() -> None:
    form = Form(EverySchema, sent())

    form.refuse(
        RulesBroken(
            [
                RuleBroken("Shorten the notes", field="notes"),
                RuleBroken("Enter the year", field="born_on-year"),
                RuleBroken("Choose the place", field="place"),
                RuleBroken("Somebody else signed first"),
                RuleBroken("Of another form", field="elsewhere"),
                RuleBroken("Enter the date", field="review_on"),
            ]
        )
    )

    assert [(error.field, error.anchor) for error in form.errors] == [
        (None, None),
        (None, None),
        ("born_on", "born_on-year"),
        ("review_on", "review_on-day"),
        ("place", "place"),
        ("notes", "notes"),
    ]
    assert form.is_refused


def test_a_rule_across_fields_in_the_schema_is_placed_by_its_field() -> None:
    class Ordered(Schema):
        decided_on = forms.TypedDate("Date decided", one_box=True)
        review_on = forms.TypedDate("Review date", one_box=True, future=True)

        @validates_schema
        def check(self, data: dict[str, Any], **_: Any) -> None:
            if data["review_on"] <= data["decided_on"]:
                raise ValidationError("The review date must be after the decision", "review_on")

    form = Form(Ordered, MultiDict({"decided_on": "06-Jan-2026", "review_on": "05-Jan-2026"}))

    assert answer_form(form, do=lambda data: "kept", show=lambda _form: "shown") == ("shown", 422)
    assert [(error.field, error.sentence) for error in form.errors] == [
        ("review_on", "The review date must be after the decision")
    ]


# --- the number of the edit and the version --------------------------------------------------------------------------


def test_a_form_shown_gets_a_new_number_and_keeps_it_while_it_is_refused() -> None:
    shown = Form(EverySchema, base_version=7)
    again = Form(EverySchema, sent(edit_id=shown.shown_edit_id, base_version=shown.shown_base_version), base_version=9)

    assert shown.shown_edit_id != Form(EverySchema).shown_edit_id
    assert again.shown_edit_id == shown.shown_edit_id == str(again.edit_id)
    assert (again.base_version, again.shown_base_version) == (7, "7")


@pytest.mark.parametrize("number", ["", "x", "9990000018"])
def test_a_form_without_its_number_is_refused_where_the_number_is_needed(number: str) -> None:
    form = Form(EverySchema, sent(edit_id=number))

    with pytest.raises(RuleBroken, match="send it again"):
        _ = form.edit_id
    assert form.shown_edit_id


@pytest.mark.parametrize("version", ["", "-1", "x", "1" * 10, "٣"])
def test_a_form_without_the_version_it_was_made_on_is_refused(version: str) -> None:
    with pytest.raises(RuleBroken, match="Open the page again"):
        _ = Form(EverySchema, sent(base_version=version)).base_version


def test_nothing_sent_cannot_be_loaded() -> None:
    with pytest.raises(ValueError, match="Nothing was sent"):
        Form(EverySchema).load()


# --- what a view does with it ----------------------------------------------------------------------------------------


def test_a_form_is_shown_then_done() -> None:
    assert answer_form(Form(EverySchema), do=lambda data: "done", show=lambda form: "shown") == "shown"
    assert answer_form(Form(EverySchema, sent(title="Mrs")), do=lambda data: data["title"], show=lambda _: "") == "Mrs"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RuleBroken("Not so", field="title"), id="one rule"),
        pytest.param(RulesBroken([RuleBroken("Not so", field="title")]), id="several rules"),
        pytest.param(ValidationError({"title": ["Not so"]}), id="schema"),
    ],
)
def test_a_form_that_a_rule_refuses_is_shown_again_with_its_sentence(error: Exception) -> None:
    def refuse(_data: dict[str, Any]) -> str:
        raise error

    form = Form(EverySchema, sent(title="Mrs", action="sign"))
    answer = answer_form(form, do=refuse, show=lambda one: f"{one.error_for('title')}: {one.values['title']}")

    assert answer == ("Not so: Mrs", 422)
    assert form.action == "sign"


# --- what the browser gets -------------------------------------------------------------------------------------------


def markup_of(form: Form, name: str) -> str:
    macro, options = build_component(form.field(name))
    return str(getattr(NHS, macro)(options))


def boxes_in(markup: str) -> dict[str, str]:
    tree = tinyhtml5.parse(markup, namespace_html_elements=False)
    return {
        str(box.get("name")): box.get("value") if box.tag == "input" else "".join(box.itertext())
        for box in tree.iter()
        if box.tag in ("input", "textarea")
    }


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60))
def test_whatever_was_typed_comes_back_out_of_the_page_unchanged(text: str) -> None:
    form = Form(EverySchema, sent(notes=text, title=text.replace("\n", " ")))

    assert boxes_in(f"<form>{markup_of(form, 'notes')}{markup_of(form, 'title')}</form>") == {
        "notes": form.field("notes").value,
        "title": form.field("title").value,
    }


@pytest.mark.parametrize("name", [name for name in EverySchema().fields if name != "token"])
def test_markup_in_label_hint_value_and_refusal_is_shown_as_text(name: str) -> None:
    evil = "<script>alert(1)</script>{{ 7 * 7 }}\"'"
    declared = EverySchema().fields[name]
    declared.metadata = {**declared.metadata, "label": evil, "hint": evil}
    if "values" in declared.metadata:
        declared.metadata["values"] = {"code": evil}
    schema = Schema.from_dict({name: declared})
    form = Form(schema, MultiDict([(box, evil) for box in declared.input_names(name)]))  # type: ignore[attr-defined]
    form.refuse(RuleBroken(evil, field=name))

    markup = markup_of(form, name) + NHS.errorSummary(build_error_summary(form.errors))

    assert "<script" not in markup
    assert evil in html.unescape(markup)
    assert "49" not in markup


def test_no_choice_is_ticked_before_the_person_ticks_it(shell: Flask) -> None:
    page = PageClient(shell).open("/gallery").page

    assert [box.get("name") for box in page.all("input") if "checked" in box.attrib] == []
    assert [option.get("value") for option in page.all("option") if "selected" in option.attrib] == [""]


@pytest.mark.parametrize(
    ("typed", "leads_to", "marked"),
    [
        pytest.param(("", "", ""), "day", ["day", "month", "year"], id="nothing"),
        pytest.param(("3", "", ""), "month", ["month", "year"], id="two are missing"),
        pytest.param(("31", "2", "1941"), "day", ["day", "month", "year"], id="no such day"),
        pytest.param(("3rd", "2", "1941"), "day", ["day"], id="no number"),
        pytest.param(("3", "2", "41"), "year", ["year"], id="a short year"),
    ],
)
def test_every_box_of_a_day_that_a_refusal_is_about_is_marked(
    typed: tuple[str, str, str], leads_to: str, marked: list[str]
) -> None:
    boxes = dict(zip(("day", "month", "year"), typed, strict=True))
    form = Form(EverySchema, sent(**{f"born_on-{box}": text for box, text in boxes.items()}))
    form.refuse(RuleBroken("Not so", field=f"born_on-{leads_to}"))

    items = build_component(form.field("born_on"))[1]["items"]

    assert [item["id"] for item in items if item["error"]] == [f"born_on-{box}" for box in marked]


@pytest.mark.parametrize(
    ("limit", "width"),
    [pytest.param(20, 10, id="a title"), pytest.param(200, 20, id="a name"), pytest.param(300, None, id="a sentence")],
)
def test_a_box_is_as_long_as_its_answer(limit: int, width: int | None) -> None:
    form = Form(Schema.from_dict({"one": forms.ShortText("One", limit=limit)}))

    assert build_component(form.field("one"))[1].get("width") == width


# --- Details folded away ---------------------------------------------------------------------------------------------


class DetailedSchema(Schema):
    """One question everybody is asked, and three for the standard's sake."""

    name = forms.ShortText("Name")
    code = forms.ConceptCode()
    began_on = forms.TypedDate("Date it began", detail=True)
    email = forms.EmailAddress(detail=True)


def folded(form: Form) -> list[str]:
    return [name for name in form.names if form.field(name).is_folded]


def test_details_are_folded_away_until_they_are_answered_or_wrong() -> None:
    assert folded(Form(DetailedSchema)) == ["code", "began_on", "email"]
    assert folded(Form(DetailedSchema, initial={"code": "386806002"})) == ["began_on", "email"]
    assert folded(Form(DetailedSchema, initial={"began_on": date(2026, 11, 1)})) == ["code", "email"]


@pytest.mark.parametrize("typed", ["grace", "grace@", "a b@example.org", "x" * 300 + "@example.org"])
def test_what_is_no_email_address_is_refused(typed: str) -> None:
    assert DetailedSchema().load({"email": " grace@example.org "})["email"] == "grace@example.org"
    with pytest.raises(ValidationError, match="email address"):
        DetailedSchema().load({"email": typed})
