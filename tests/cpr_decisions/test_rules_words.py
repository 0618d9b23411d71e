"""A site's own wording: what it may change, and what it may not lose."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.cpr_decisions.rules import Recommendation, Words, check_words


def test_the_defaults_pass_their_own_check() -> None:
    check_words(Words())


def test_a_site_may_say_it_in_its_own_words() -> None:
    check_words(
        replace(
            Words(),
            in_doubt="DNACPR STATUS UNCLEAR",
            doubt_advice="Start CPR. Ring {number}.",
            review_overdue_site="; ring the practice",
        )
    )


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        pytest.param("not_for_cpr", " ", "Enter a wording: this sentence cannot be empty", id="empty"),
        pytest.param(
            "not_for_cpr",
            "DO NOT TREAT",
            "Say what is recommended about CPR: the line must never rule out treatment",
            id="do not treat",
        ),
        pytest.param(
            "about_cpr_only",
            "Not for treatment.",
            "Say what is recommended about CPR: the line must never rule out treatment",
            id="not for treatment",
        ),
        pytest.param("signed", "Signed by {who}.", "Keep in this sentence: {date}, {who}", id="a name lost"),
        pytest.param(
            "elsewhere", "Ring {number}.", "Keep in this sentence: no names in braces", id="a name that is not filled"
        ),
        pytest.param("signed", "Signed {date, {who}.", "Keep in this sentence: {date}, {who}", id="a brace left open"),
    ],
)
def test_a_wording_that_would_break_the_line_is_refused(name: str, text: str, sentence: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_words(replace(Words(), **{name: text}))

    assert (refused.value.field, refused.value.message) == (name, sentence)


def test_every_wrong_wording_is_named_at_once() -> None:
    with pytest.raises(RulesBroken) as refused:
        check_words(replace(Words(), signed="", in_doubt=""))

    assert [fault.field for fault in refused.value.errors] == ["in_doubt", "signed"]


def test_each_recommendation_has_its_line_and_its_name() -> None:
    words = Words()

    assert [words.line_of(one) for one in Recommendation] == [words.not_for_cpr, words.for_cpr, words.modified]
    assert [words.said(one) for one in Recommendation] == [
        words.said_not_for_cpr,
        words.said_for_cpr,
        words.said_modified,
    ]


def test_no_two_large_lines_are_alike() -> None:
    names = [field.name for field in fields(Words)]
    large = [getattr(Words(), name) for name in names[: names.index("said_not_for_cpr")]]

    assert len(set(large)) == len(large)
