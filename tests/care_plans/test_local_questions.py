"""What an area asks besides the standards: added without a release, answered in one form, read everywhere."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.care_plans.actions import add_local_question, end_local_question, save_local_answers
from epaccs.care_plans.queries import find_local_questions, find_questions_of_area
from epaccs.care_plans.rules import (
    MOST_QUESTIONS,
    LocalKind,
    Question,
    check_local_question,
    read_local_answers,
)
from epaccs.care_plans.schema import answer_words, build_answers_schema, field_name, read_words
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.versions.queries import find_recorded
from epaccs.versions.registry import EditRequest
from epaccs.versions.rules import present_items
from tests.factories import a_clinician, a_registered_person, an_organisation
from tests.record.visits import a_signer, concern, open_record, visit

CHURCH = Question(new_id(), "Which church do they go to?", None, LocalKind.WORDS)
HUB = Question(new_id(), "Which hub is called first?", "By day", LocalKind.CHOICE, ("North hub", "South hub"))
CARD = Question(new_id(), "Was a carer's card given?", None, LocalKind.YES_NO)
VISIT = Question(new_id(), "Next visit of the village agent", None, LocalKind.DATE)
STEPS = Question(new_id(), "Steps up to the door", None, LocalKind.NUMBER)


# --- Rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "answers"),
    [
        pytest.param(LocalKind.WORDS, None, (), id="in words, and nothing to choose from"),
        pytest.param(LocalKind.DATE, " \n ", (), id="blank lines are nothing"),
        pytest.param(LocalKind.CHOICE, " North hub \n\nSouth hub", ("North hub", "South hub"), id="one a line"),
    ],
)
def test_the_answers_to_choose_from_are_lines(kind: LocalKind, typed: str | None, answers: tuple[str, ...]) -> None:
    assert read_local_answers(kind, typed) == answers


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        pytest.param(LocalKind.WORDS, "North hub", "Leave the answers blank", id="answers that are never offered"),
        pytest.param(LocalKind.CHOICE, None, "Enter 2 to 20 answers", id="nothing to choose from"),
        pytest.param(LocalKind.CHOICE, "North hub", "Enter 2 to 20 answers", id="only one"),
        pytest.param(LocalKind.CHOICE, "\n".join(map(str, range(21))), "Enter 2 to 20 answers", id="too many"),
        pytest.param(LocalKind.CHOICE, "North hub\nnorth HUB", "Enter each answer once", id="two alike"),
        pytest.param(LocalKind.CHOICE, "North\n" + "x" * 101, "Shorten each answer to 100", id="one too long"),
    ],
)
def test_answers_that_cannot_be_are_refused(kind: LocalKind, typed: str | None, sentence: str) -> None:
    with pytest.raises(RuleBroken, match=sentence) as refused:
        read_local_answers(kind, typed)
    assert refused.value.field == "answers"


def test_a_question_is_asked_once_and_there_are_not_too_many() -> None:
    check_local_question("Which church?", ["Which hub?"])
    with pytest.raises(RuleBroken, match="asked already"):
        check_local_question("which HUB?", ["Which hub?"])
    with pytest.raises(RuleBroken, match="End a question first: 20"):
        check_local_question("Which church?", [str(number) for number in range(MOST_QUESTIONS)])


@pytest.mark.parametrize(
    ("question", "typed", "loaded", "words"),
    [
        pytest.param(CHURCH, "St Mary's, [Northdale]", "St Mary's, [Northdale]", "St Mary's, [Northdale]", id="words"),
        pytest.param(HUB, "South hub", "South hub", "South hub", id="choice"),
        pytest.param(CARD, "no", False, "No", id="no is an answer"),
        pytest.param(CARD, "yes", True, "Yes", id="yes"),
        pytest.param(VISIT, "2026-12-01", date(2026, 12, 1), "01-Dec-2026", id="date to come"),
        pytest.param(STEPS, "0", 0, "0", id="none is a number"),
        pytest.param(STEPS, "", None, None, id="nothing answered"),
    ],
)
def test_an_answer_is_read_as_words_and_shown_again_as_typed(
    question: Question, typed: str, loaded: Any, words: str | None
) -> None:
    name = field_name(question.id)

    assert build_answers_schema([question]).load({name: typed})[name] == loaded
    assert answer_words(question, loaded) == words
    assert words is None or read_words(question, words) == loaded


@pytest.mark.parametrize("question", [HUB, CARD, VISIT, STEPS], ids=lambda one: one.kind)
def test_an_answer_that_its_box_cannot_show_is_not_shown_as_another(question: Question) -> None:
    assert read_words(question, "East hub, perhaps") is None


# --- The board asks --------------------------------------------------------------------------------------------------


@pytest.fixture
def board(app: Flask) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB))


def ask(board: Actor, question: str = CHURCH.question, kind: LocalKind = LocalKind.WORDS, **more: Any) -> UUID:
    return add_local_question(board, **{"question": question, "hint": None, "kind": kind, "answers": None, **more})


def test_only_the_board_asks_and_only_its_own_area(board: Actor) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    elsewhere = a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB, area="elsewhere"))
    ask(board)
    other = ask(elsewhere, "Which ferry?")

    assert [one.question for one in find_local_questions(entry_id)] == [CHURCH.question]
    assert [one.question.question for one in find_questions_of_area(elsewhere)] == ["Which ferry?"]
    with pytest.raises(NotFound):
        end_local_question(board, other)
    with pytest.raises(Forbidden):
        ask(a_clinician(Role.ADMINISTRATOR))
    with pytest.raises(RuleBroken, match="asked already"):
        ask(board)


def test_the_page_adds_and_ends_a_question(app: Flask, board: Actor) -> None:
    pages = visit(app, board)
    pages.open("/admin").see("What this area asks")

    pages.open("/admin/questions").see("Nothing is asked besides the standards").fill(
        question=HUB.question, kind="choice", answers="North hub"
    ).submit("Add question", status=422)
    pages.see("Enter 2 to 20 answers, one a line")
    assert pages.value_of("question") == HUB.question
    pages.fill(answers="North hub\nSouth hub").submit("Add question")
    pages.see("It is asked from now on", HUB.question, "North hub; South hub", "By one of the answers below")
    pages.submit(f"Ask no more {HUB.question}")
    pages.see("It is asked no more", "Ended 21-Nov-2026")

    [asked] = find_questions_of_area(board)
    end_local_question(board, asked.question.id)
    assert find_questions_of_area(board)[0].ended_at == asked.ended_at


# --- Answers ---------------------------------------------------------------------------------------------------------


def test_what_is_answered_is_read_in_the_record_and_on_paper_and_never_on_the_card(app: Flask, board: Actor) -> None:
    church, hub = ask(board), ask(board, HUB.question, LocalKind.CHOICE, answers="North hub\nSouth hub")
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)

    pages.open(f"/record/{entry_id}/plan/local").see(CHURCH.question, HUB.question)
    pages.fill(**{field_name(church): "St Mary's", field_name(hub): "South hub"}).submit("Save")

    pages.see("Asked in this area: saved.", f"{CHURCH.question} Question {CHURCH.question} Answer St Mary's")
    [card] = pages.page.with_class("app-card")
    assert "St Mary" not in " ".join(card.itertext())
    recorded = find_recorded(entry_id, "local")
    assert recorded is not None
    assert present_items(recorded.value)[str(hub)] == {"question": HUB.question, "answer": "South hub"}


def test_a_blank_takes_the_answer_out_and_the_rest_stays(app: Flask, board: Actor) -> None:
    church, card = ask(board), ask(board, CARD.question, LocalKind.YES_NO)
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    pages.open(f"/record/{entry_id}/plan/local")
    pages.fill(**{field_name(church): "St Mary's", field_name(card): "no"}).submit("Save")

    pages.open(f"/record/{entry_id}/plan/local").fill(**{field_name(church): ""}).submit("Save")

    recorded = find_recorded(entry_id, "local")
    assert recorded is not None
    assert present_items(recorded.value) == {str(card): {"question": CARD.question, "answer": "No"}}
    pages.open(f"/record/{entry_id}/plan/local").submit("Save")
    pages.see("nothing was changed, so nothing was recorded")


def test_two_people_answer_different_questions_at_once_and_both_are_kept(board: Actor) -> None:
    church, card = ask(board), ask(board, CARD.question, LocalKind.YES_NO)
    gp = a_signer()
    entry_id = a_registered_person(gp)
    questions = find_local_questions(entry_id)

    def save(**answers: Any) -> list[str]:
        request = EditRequest(new_id(), entry_id, "local", "", {}, 0)
        fields = {field_name(church): None, field_name(card): None, **answers}
        return [str(one.outcome) for one in save_local_answers(gp, request, questions=questions, fields=fields)]

    save(**{field_name(church): "St Mary's"})
    save(**{field_name(card): True})

    recorded = find_recorded(entry_id, "local")
    assert recorded is not None
    assert {one["answer"] for one in present_items(recorded.value).values()} == {"St Mary's", "Yes"}


def test_an_answer_keeps_its_question_when_it_is_asked_no_more(app: Flask, board: Actor) -> None:
    church = ask(board)
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    pages.open(f"/record/{entry_id}/plan/local").fill(**{field_name(church): "St Mary's"}).submit("Save")
    end_local_question(board, church)

    pages.open(f"/record/{entry_id}/plan/local").see("This area asks nothing", "Asked before", "St Mary's")
    pages.open(f"/record/{entry_id}/plan/local/items/{church}/remove").fill(reason="Moved").submit("Remove")

    pages.see("Asked in this area: saved.").see_nothing_of("St Mary's")


def test_who_may_not_change_the_plan_reads_the_answers_only(app: Flask, board: Actor) -> None:
    ask(board)
    gp = a_signer()
    entry_id = a_registered_person(gp)
    coordinator = a_clinician(Role.COORDINATOR)
    concern(entry_id, coordinator)

    pages = open_record(app, coordinator, entry_id).open(f"/record/{entry_id}/plan/local")

    pages.see(f"{CHURCH.question} Not recorded")
    assert pages.page.all("textarea") == []


def test_who_does_not_coordinate_care_is_not_shown_it(app: Flask, board: Actor) -> None:
    ask(board)
    gp = a_signer()
    entry_id = a_registered_person(gp)
    emergency = a_clinician(Role.ED_CLINICIAN)
    concern(entry_id, emergency)

    open_record(app, emergency, entry_id).see_nothing_of("Asked in this area").open(
        f"/record/{entry_id}/plan/local", status=404
    )


def test_lines_of_the_list_are_answered_in_their_own_form_only(app: Flask, board: Actor) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)

    assert pages.browser.get(f"/record/{entry_id}/plan/local/items/new").status_code == 404


def test_answers_are_not_taken_where_nothing_is_asked(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id).open(f"/record/{entry_id}/plan/contacts")
    token = pages.value_of("csrf_token")

    sent = pages.browser.post(
        f"/record/{entry_id}/plan/local", data={"csrf_token": token, "edit_id": str(new_id()), "base_version": "0"}
    )

    assert sent.status_code == 404
    assert find_recorded(entry_id, "local") is None
