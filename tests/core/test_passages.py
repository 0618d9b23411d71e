"""Passages from or about somebody else: how they are marked, labelled and withheld."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.forms import FreeText, ShortText
from epaccs.core.passages import WITHHELD, check_passages, keep_withheld, labelled, left_out, withheld

MARKED = "Settled. [[Her son cannot go on.]] Visit twice."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("Sleeps in [her] chair", id="single brackets are no marks"),
        pytest.param(MARKED, id="one passage"),
        pytest.param("[[a]] and [[b\nc]]", id="two, one over two lines"),
        pytest.param("[[He said [sic] so]]", id="single brackets inside"),
    ],
)
def test_marks_that_fit_together_are_taken(text: str) -> None:
    check_passages(text, field_label="comment")

    assert FreeText("Comment", passages=True).deserialize(text) == (text or None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("[[never closed", "Close the passage of the comment with ]] where it ends", id="never closed"),
        pytest.param("a]] b", "Put [[ before the passage of the comment that ends with ]]", id="never opened"),
        pytest.param("[[a [[b]] c]]", "Close each passage of the comment with ]] before the next [[", id="nested"),
        pytest.param("[[ \n ]]", "Put the words between [[ and ]] in the comment, or take both marks away", id="empty"),
        pytest.param("[[a]] b ]] c", "Put [[ before the passage of the comment that ends with ]]", id="one too many"),
    ],
)
def test_marks_that_do_not_fit_together_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_passages(text, field_label="comment")

    assert refused.value.message == sentence


@pytest.mark.parametrize("field", [ShortText("Note"), FreeText("Note")])
@pytest.mark.parametrize("text", ["[[his son]]", "a ]] b"])
def test_where_nothing_is_withheld_nothing_can_be_marked(field: ShortText | FreeText, text: str) -> None:
    with pytest.raises(Exception, match="only in the free text of the plan"):
        field.deserialize(text)

    assert field.deserialize("[his son]") == "[his son]"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("Nothing marked", "Nothing marked", id="unmarked"),
        pytest.param(MARKED, f"Settled. {WITHHELD} Visit twice.", id="in the middle"),
        pytest.param("[[a]] b [[c]]", f"{WITHHELD} b {WITHHELD}", id="two"),
        pytest.param("a [[b [[c]] d]] e", f"a {WITHHELD}", id="nested, from an import: to the end"),
        pytest.param("a [[b", f"a {WITHHELD}", id="never closed: to the end"),
    ],
)
def test_a_passage_is_withheld_and_it_is_said_where(text: str, left: str) -> None:
    assert withheld(text) == left


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("Nothing marked", "Nothing marked", id="unmarked"),
        pytest.param(
            MARKED,
            "Settled. [From or about somebody else, not for the person: Her son cannot go on.] Visit twice.",
            id="marked",
        ),
        pytest.param(
            "a [[b", "a [From or about somebody else, not for the person: [[b]", id="never closed: all that follows"
        ),
    ],
)
def test_whoever_may_read_a_passage_reads_what_it_is(text: str, read: str) -> None:
    assert labelled(text) == read


SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="[]"), max_size=30).map(lambda text: f"qzx{text}xzq")


@given(before=st.text(max_size=40), secret=SECRETS, after=st.text(max_size=40))
def test_no_text_around_it_lets_a_passage_through(before: str, secret: str, after: str) -> None:
    assert secret not in withheld(f"{before.replace('[', '(')}[[{secret}]]{after}")


def test_a_passage_that_its_author_could_not_see_comes_back_into_its_place() -> None:
    before = {"comment": MARKED, "other": "As it was", "items": {}}

    kept = keep_withheld(before, {"comment": withheld(MARKED), "other": "Changed"})

    assert kept == {"comment": MARKED, "other": "Changed"}


@pytest.mark.parametrize("sent", [None, "", "Rewritten", f"Settled. {WITHHELD} Visit daily."])
def test_an_answer_with_a_passage_that_its_author_could_not_see_stays_as_it_was(sent: str | None) -> None:
    with pytest.raises(RulesBroken) as refused:
        keep_withheld({"comment": MARKED}, {"comment": sent})

    assert [error.field for error in refused.value.errors] == ["comment"]
    assert "son" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("Likes tea.", "Likes tea.", id="none"),
        pytest.param("Likes tea. [[He cannot go on.]] And cake.", "Likes tea. And cake.", id="in the middle"),
        pytest.param("Likes tea. [[He cannot go on]].", "Likes tea.", id="before a stop"),
        pytest.param("Likes tea [[he cannot go on]].", "Likes tea.", id="at the end of a sentence"),
        pytest.param("Likes tea [[and gin]], and cake", "Likes tea, and cake", id="before a comma"),
        pytest.param("[[He cannot go on]].", "", id="nothing but a stop is left"),
        pytest.param("[[He cannot go on.]]", "", id="nothing is left"),
        pytest.param("So... [[He cannot go on.]]", "So...", id="the person's own stops stay"),
        pytest.param("Likes tea. [[He cannot [[go on", "Likes tea.", id="marks that do not fit"),
    ],
)
def test_a_passage_leaves_no_gap_where_the_person_reads(text: str, left: str) -> None:
    assert left_out(text) == left
