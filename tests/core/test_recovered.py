"""What somebody had typed before their session ended stands on the form again, but was not sent."""

from __future__ import annotations

import pytest
from marshmallow import Schema
from werkzeug.datastructures import MultiDict

from epaccs.core.forms import Choices, Form, Recovered, ShortText, TypedDate


class _Schema(Schema):
    note = ShortText("Note")
    seen_on = TypedDate("Day seen")
    aware = Choices("Who is aware", {"gp": "GP", "family": "Family"})


TYPED = {
    "note": ["as typed"],
    "seen_on-day": ["31"],
    "seen_on-month": ["2"],
    "seen_on-year": ["26"],
    "aware": ["gp", "family"],
    "edit_id": ["0193e3c0-0000-7000-8000-000000000001"],
    "base_version": ["3"],
}


def test_every_box_holds_what_was_typed_in_place_of_what_is_stored() -> None:
    form = Form(_Schema, Recovered(TYPED), {"note": "stored"}, base_version=5)

    assert form.was_recovered
    assert form.values == {
        "note": "as typed",
        "seen_on": {"day": "31", "month": "2", "year": "26"},
        "aware": ["gp", "family"],
    }


def test_the_page_says_what_it_is_that_stands_there_and_was_not_sent() -> None:
    said = [
        Form(_Schema, sent).recovered_words for sent in (None, Recovered(TYPED), Recovered(TYPED, says="Prepared:"))
    ]

    assert said == ["", "This is what you had typed before you were signed out. It is not saved yet:", "Prepared:"]


def test_it_is_the_same_edit_on_the_same_version_so_that_a_change_since_is_noticed() -> None:
    form = Form(_Schema, Recovered(TYPED), base_version=5)

    assert (form.shown_edit_id, form.shown_base_version) == ("0193e3c0-0000-7000-8000-000000000001", "3")


def test_it_was_not_sent() -> None:
    form = Form(_Schema, Recovered(TYPED))

    assert not form.was_sent
    with pytest.raises(ValueError, match="nothing to load"):
        form.load()


def test_what_was_typed_into_another_form_of_the_page_is_not_shown_here() -> None:
    form = Form(_Schema, Recovered({"reason": ["typed elsewhere"]}), {"note": "stored"}, base_version=5)

    assert not form.was_recovered
    assert (form.values["note"], form.shown_base_version) == ("stored", "5")


def test_what_is_sent_is_no_recovered_text() -> None:
    form = Form(_Schema, MultiDict([(name, one) for name, values in TYPED.items() for one in values]))

    assert form.was_sent
    assert not form.was_recovered
