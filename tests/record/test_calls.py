"""Reading the card aloud: what may be said to whom, in which words, and what is written down; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.record.actions.calls import begin_call, end_call
from epaccs.record.queries.calls import get_call, get_reading
from epaccs.record.rules.card import Site, build_card
from epaccs.record.rules.spoken import Caller, Heard, KnownBy, Script, Way, build_script, decide_what_is_heard
from epaccs.record.rules.view import Part, build_view
from epaccs.record.summary import RecordSummary
from epaccs.versions.actions import apply_edit
from tests.conftest import NOW
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.pages import PageClient, text_of
from tests.record.people import FULL, a_held, a_summary
from tests.record.visits import a_person_with_everything, a_signer, concern, events, open_record, visit

CERTAIN: dict[str, Any] = {
    "known_by": KnownBy.SERVICE_LINE,
    "identifiers": ["name", "born"],
    "cannot_identify": False,
}
PROFESSIONALS = [Caller.CREW, Caller.CLINICIAN]


# --- What may be said to whom ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", PROFESSIONALS, ids=str)
@pytest.mark.parametrize("known_by", [KnownBy.SERVICE_LINE, KnownBy.RANG_BACK], ids=str)
def test_a_professional_who_is_known_and_says_two_things_hears_the_card(caller: Caller, known_by: KnownBy) -> None:
    assert decide_what_is_heard(caller, **{**CERTAIN, "known_by": known_by}) is Heard.CARD


@pytest.mark.parametrize("known_by", [None, *KnownBy], ids=str)
@pytest.mark.parametrize("identifiers", [[], ["name", "born", "nhs_number", "address"]], ids=["none", "all"])
def test_a_relative_never_hears_what_a_record_says(known_by: KnownBy | None, identifiers: list[str]) -> None:
    for cannot in (True, False):
        heard = decide_what_is_heard(Caller.FAMILY, known_by=known_by, identifiers=identifiers, cannot_identify=cannot)
        assert heard is Heard.FAMILY


@pytest.mark.parametrize("caller", PROFESSIONALS, ids=str)
@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"known_by": KnownBy.NOT_KNOWN}, id="nobody knows who rings"),
        pytest.param({"identifiers": ["name"], "cannot_identify": True}, id="one thing only fits"),
        pytest.param({"identifiers": [], "cannot_identify": True}, id="nothing fits"),
        pytest.param({"identifiers": ["name", "name"], "cannot_identify": True}, id="one thing said twice"),
    ],
)
def test_where_anything_is_uncertain_nothing_is_read(caller: Caller, answers: dict[str, Any]) -> None:
    assert decide_what_is_heard(caller, **{**CERTAIN, **answers}) is Heard.NOTHING


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        pytest.param({"known_by": None}, "how you know", id="not said how the caller is known"),
        pytest.param({"identifiers": ["name"]}, "Tick two things", id="one thing, and no word that there is no second"),
        pytest.param({"cannot_identify": True}, "not both", id="two things that fit, and that there are not two"),
    ],
)
def test_what_cannot_be_told_is_asked_again(answers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RuleBroken, match=sentence):
        decide_what_is_heard(Caller.CREW, **{**CERTAIN, **answers})


# --- The words -------------------------------------------------------------------------------------------------------


def a_script(heard: Heard = Heard.CARD, *, summary: RecordSummary | None = None, **sections: Any) -> Script:
    """The script of one person."""
    card = build_card(summary or a_summary(**sections), now=NOW, copy_left_at=NOW, site=Site(control_telephone="111"))
    return build_script(card, build_view(card), heard)


def a_doubtful_summary() -> RecordSummary:
    """The same person, with a decision for CPR that waits to be settled."""
    return a_summary(held=(a_held("cpr", "sign", {"recommendation": "for_cpr"}),))


def words_of(script: Script, *ways: Way) -> str:
    """Everything that is said, asked or told, in order."""
    sentences = [one for passage in script for one in passage.sentences if one.way in (ways or tuple(Way))]
    return "\n".join("".join(run if isinstance(run, str) else run[1] for run in one.words) for one in sentences)


def test_the_line_is_said_whole_and_repeated_by_whoever_heard_it() -> None:
    script = a_script()

    said = words_of(script, Way.SAY, Way.ASK)
    assert "Please repeat the line about CPR to me" in said
    assert said.index("shared register holds at 21-Nov-2026") < said.index("It is about Grace")
    assert said.index("It is about Grace") < said.index("About CPR: Not for CPR")
    assert said.index("About CPR only") < said.index("Please repeat the line about CPR to me")
    assert said.index("Please repeat") < said.index("Treatment level, recorded ") < said.index("Hospital for comfort")
    assert said.endswith("Is there anything that you found and that is different?")


def test_of_a_line_in_doubt_every_side_is_read() -> None:
    card = build_card(a_doubtful_summary(), now=NOW, copy_left_at=NOW, site=Site(control_telephone="111"))
    script = build_script(card, build_view(card), Heard.CARD)

    assert "In doubt" not in words_of(a_script())
    said = words_of(script, Way.SAY)
    assert card.line.sides
    for side in card.line.sides:
        assert side.title in said
        for line in side.lines:
            assert line in said
    assert "Do not choose between the sides" in words_of(script, Way.DO)


def test_where_there_is_no_entry_it_is_said_that_this_is_no_decision() -> None:
    script = a_script(cpr=None)

    assert "No entry is no decision, for or against" in words_of(script, Way.DO)
    assert "Not for CPR" not in words_of(script)


@pytest.mark.parametrize("heard", [Heard.FAMILY, Heard.NOTHING], ids=str)
def test_whoever_hears_nothing_hears_the_same_of_everybody(heard: Heard) -> None:
    """Neither what the record says nor whether there is one can be told from what is said."""
    assert words_of(a_script(heard)) == words_of(a_script(heard, summary=a_doubtful_summary()))
    assert words_of(a_script(heard)) == words_of(a_script(heard, cpr=None))
    assert "Okonkwo" not in words_of(a_script(heard), Way.SAY, Way.ASK)


def test_a_passage_too_long_for_the_card_is_read_from_the_record_and_never_cut() -> None:
    long = "Talk to her slowly. " * 40
    script = a_script(treatment_level={**FULL["treatment_level"], "guidance": long})

    assert "read all of it" in words_of(script, Way.DO)
    assert "Talk to her slowly" not in words_of(script)


def test_what_limits_an_answer_is_said_before_it_and_a_part_with_nothing_to_say_has_no_heading() -> None:
    card = build_card(a_summary(), now=NOW, copy_left_at=NOW, site=Site(control_telephone="111"))
    view = build_view(card)
    told = view._replace(
        cpr=view.cpr._replace(is_overdue=True),
        parts=(
            Part("Allergies", copied=("Transcribed from paper",), missing="Not recorded"),
            Part("Illness", lines=(("Getting worse.",), ("Since spring.",)), doubts=(("Old",),)),
            Part("Alerts", hidden=("Your role cannot see this",)),
        ),
        disagreements=((("Two answers disagree: a and b",), ("Read: ", ("link", "Illness", "section-diagnosis"))),),
    )

    script = build_script(card, told, Heard.CARD)

    assert "The review is overdue: read that too." in words_of(script, Way.DO)
    assert words_of(script[2:-1]).splitlines() == [
        "Two answers disagree: a and b",
        "Transcribed from paper",
        "Allergies: not recorded.",
        "Illness: Getting worse.",
        "Since spring.",
        "Old",
    ]
    assert [passage.heading for passage in script[2:-1]] == ["Does not fit together", "Allergies", "Illness"]


# --- The call --------------------------------------------------------------------------------------------------------


def a_call(actor: Actor, entry_id: UUID, **answers: Any) -> UUID:
    """A call that was begun."""
    return begin_call(actor, entry_id, **{"caller": Caller.CREW, **CERTAIN, **answers})


def begin(app: Flask, role: Role, entry_id: UUID, **answers: Any) -> PageClient:
    """Somebody of a role takes a call about a record that they have open."""
    pages = open_record(app, a_clinician(role), entry_id).follow("Read it aloud to a caller")
    return pages.fill(**answers).submit("Show what to say")


CREW = {"caller": "crew", "known_by": "service_line", "identifiers": ["name", "born"]}


def test_a_call_is_read_timed_and_written_down(app: Flask, frozen_clock: Callable[[datetime], None]) -> None:
    entry_id = a_person_with_everything(a_signer())

    pages = begin(app, Role.CALL_HANDLER, entry_id, **CREW)
    pages.see("About CPR: Not for CPR", "Please repeat the line about CPR to me", "Hospital for comfort only")
    frozen_clock(NOW + timedelta(seconds=130))
    pages.submit("They repeated it rightly: end the call").see("The call took 2 min 10 s, and is written down.")

    (begun,), (ended,) = events(entry_id, EventKind.CALL_BEGUN), events(entry_id, EventKind.CALL_ENDED)
    assert begun.details == {
        "caller": "crew", "known_by": "service_line", "identifiers": ["name", "born"], "heard": "card",
    }  # fmt: skip
    assert ended.details == {"call": str(begun.id), "ending": "repeated", "seconds": 130}
    assert len(events(entry_id, EventKind.CARD_VIEWED)) == 3  # before the call, the script, and afterwards


def test_whoever_is_not_told_to_have_repeated_it_is_rung_back(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    pages = begin(app, Role.OUT_OF_HOURS_NURSE, entry_id, **CREW)
    pages.submit("They did not repeat it: end the call").see("ring the caller back if you can")

    (ended,) = events(entry_id, EventKind.CALL_ENDED)
    assert ended.details["ending"] == "not_repeated"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        pytest.param({"caller": "family"}, "I cannot tell anybody what is in a record", id="a relative"),
        pytest.param({**CREW, "known_by": "not_known"}, "I must be certain who you are", id="a caller nobody knows"),
        pytest.param(
            {"caller": "crew", "known_by": "service_line", "cannot_identify": True},
            "I must be certain who you are",
            id="nobody can say who it is about",
        ),
    ],
)
def test_whoever_may_hear_nothing_leaves_no_look_behind(app: Flask, answers: dict[str, Any], sentence: str) -> None:
    entry_id = a_person_with_everything(a_signer())

    pages = begin(app, Role.CALL_HANDLER, entry_id, **answers)
    pages.see(sentence)
    pages.see_nothing_of("Not for CPR", "Hospital for comfort only", "Codeine")
    looks = len(events(entry_id, EventKind.CARD_VIEWED))
    pages.submit("End the call")

    assert looks == 1  # of the record from which the call was begun
    (ended,) = events(entry_id, EventKind.CALL_ENDED)
    assert ended.details["ending"] == "ended"


def test_nobody_reads_more_aloud_than_a_crew_sees(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    handler = begin(app, Role.CALL_HANDLER, entry_id, **CREW).page

    pages = open_record(app, gp, entry_id).open(f"/record/{entry_id}/call").fill(**CREW).submit("Show what to say")

    assert [text_of(one) for one in pages.page.all("dd")] == [text_of(one) for one in handler.all("dd")]


def test_a_refusal_keeps_what_was_ticked_and_begins_nothing(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    pages = open_record(app, a_clinician(Role.CALL_HANDLER), entry_id).follow("Read it aloud to a caller")
    pages.submit("Show what to say", status=422)
    assert "Choose who is ringing" in pages.errors()
    pages.fill(caller="crew", known_by="rang_back", identifiers=["name"]).submit("Show what to say", status=422)

    pages.see("Tick two things that the caller said and that fit")
    ticked = {box.get("value") for box in pages.page.all("input") if box.get("checked") is not None}
    assert ticked == {"crew", "rang_back", "name"}
    assert events(entry_id, EventKind.CALL_BEGUN) == []


def test_nothing_is_ticked_before_somebody_ticks_it(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    pages = open_record(app, a_clinician(Role.CALL_HANDLER), entry_id).follow("Read it aloud to a caller")

    assert [box for box in pages.page.all("input") if box.get("checked") is not None] == []


def test_a_script_is_not_read_from_half_an_hour_later(app: Flask, frozen_clock: Callable[[datetime], None]) -> None:
    entry_id = a_person_with_everything(a_signer())
    pages = begin(app, Role.CALL_HANDLER, entry_id, **CREW)
    address = pages.page.url

    frozen_clock(NOW + timedelta(minutes=29))
    pages.open(address).see("About CPR: Not for CPR")
    frozen_clock(NOW + timedelta(minutes=31))
    pages.open(address).see("That call is over", "Who is ringing?").see_nothing_of("Not for CPR")


def test_a_script_is_not_read_from_after_its_call(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())
    pages = begin(app, Role.CALL_HANDLER, entry_id, **CREW)
    address = pages.page.url

    pages.submit("They repeated it rightly: end the call")

    pages.open(address).see("That call is over").see_nothing_of("Not for CPR")


def test_a_call_ends_once(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    call_id = a_call(gp, entry_id)

    assert end_call(gp, entry_id, call_id, repeated=True) == 0
    assert end_call(gp, entry_id, call_id, repeated=False) is None

    assert len(events(entry_id, EventKind.CALL_ENDED)) == 1


def test_a_call_is_of_whoever_took_it_and_of_one_person(app: Flask) -> None:
    gp = a_signer()
    entry_id, other_id = a_person_with_everything(gp), a_registered_person(gp)
    call_id = a_call(gp, entry_id)

    assert get_call(gp, entry_id, call_id).heard is Heard.CARD
    for actor, whose, number in [
        (a_clinician(Role.GP), entry_id, call_id),
        (gp, other_id, call_id),
        (gp, entry_id, new_id()),
        (gp, entry_id, events(entry_id, EventKind.REGISTERED)[0].id),
    ]:
        with pytest.raises(NotFound):
            get_call(actor, whose, number)


def test_whoever_has_not_said_why_they_ask_takes_no_call(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())
    pages = visit(app, a_clinician(Role.CALL_HANDLER))

    answer = pages.browser.get(f"/record/{entry_id}/call")

    assert answer.status_code in (403, 404)
    assert events(entry_id, EventKind.CALL_BEGUN) == []


def test_whoever_does_not_see_the_card_themselves_reads_it_to_nobody(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    worker = a_clinician(Role.SOCIAL_WORKER)
    concern(entry_id, worker)

    pages = open_record(app, worker, entry_id)

    assert "Read it aloud to a caller" not in pages.page.html
    pages.open(f"/record/{entry_id}/call", status=403).see("Your role does not see the emergency card")
    begin(app, Role.CALL_HANDLER, entry_id, **CREW).see("About CPR: Not for CPR")


def test_an_entry_that_is_off_the_register_is_read_to_nobody(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    call_id = a_call(gp, entry_id)
    assert get_reading(gp, entry_id).is_open

    apply_edit(gp, an_edit(entry_id, "lifecycle", {"reason": "moved_away"}, kind="remove"))

    with pytest.raises(Forbidden, match="Nobody keeps this entry up to date"):
        get_reading(gp, entry_id)
    pages = open_record(app, gp, entry_id)
    pages.open(f"/record/{entry_id}/call", status=403).see_nothing_of("Who is ringing?")
    pages.open(f"/record/{entry_id}/call/{call_id}", status=403).see_nothing_of("Not for CPR")


def test_the_person_reads_who_rang_what_was_said_and_how_long_it_took(
    app: Flask, frozen_clock: Callable[[datetime], None]
) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    for answers in ({}, {"known_by": KnownBy.NOT_KNOWN}, {"caller": Caller.FAMILY}, {"caller": Caller.CLINICIAN}):
        call_id = a_call(gp, entry_id, **answers)
    frozen_clock(NOW + timedelta(seconds=42))
    end_call(gp, entry_id, call_id, repeated=True)

    open_record(app, gp, entry_id).open(f"/record/{entry_id}/who-has-looked").see(
        "Took a call about the record and read the emergency card to a crew",
        "Took a call about the record and read the emergency card to a clinician or a care home",
        "Took a call about the record from a relative, a friend or the person, and read nothing",
        "Took a call about the record from somebody who was not certain, and read nothing",
        "Ended that call after 42 s: the caller repeated it rightly",
    )
