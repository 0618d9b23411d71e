"""When a decision is in doubt, and which sides are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from epaccs.cpr_decisions.rules import (
    AdvanceDecision,
    Around,
    CPRState,
    DoubtKind,
    EditKind,
    HeldRival,
    Side,
    Situation,
    doubts,
)
from tests.cpr_decisions.stories import (
    AROUND,
    CALL_HANDLER,
    FOR_CPR,
    NOT_FOR_CPR,
    PARAMEDIC,
    WITHOUT_CAPACITY,
    Story,
    a_rival,
    a_withdrawal,
)

ADRT = AdvanceDecision(refuses_cpr=True, document_seen=True, made_on=date(2025, 3, 1), location="desk")


def kinds(story: Story, *, held: tuple[HeldRival, ...] = ()) -> list[DoubtKind]:
    found = [doubt.kind for doubt in doubts(story.state, held=held, around=story.around)]
    assert (story.line(held=held).situation is Situation.IN_DOUBT) is bool(found)
    return found


def told(*acts: Callable[[Story], Any], around: Around = AROUND) -> Story:
    story = Story(around)
    for act in acts:
        act(story)
    return story


def signed(base: dict[str, Any] = NOT_FOR_CPR, **changes: Any) -> Callable[[Story], Any]:
    return lambda story: story.sign(base, **changes)


def proposed(base: dict[str, Any] = NOT_FOR_CPR) -> Callable[[Story], Any]:
    return lambda story: story.propose(base)


def reported(recommendation: str) -> Callable[[Story], Any]:
    return lambda story: story.report(recommendation)


def withdrawn(**changes: Any) -> Callable[[Story], Any]:
    return lambda story: story.withdraw(**changes)


def flagged(story: Story) -> Any:
    return story.do("wrong_person_flag", by=PARAMEDIC)


def revoked(reason: str = "recovered") -> Callable[[Story], Any]:
    return lambda story: story.revoke(reason=reason)


def confirmed_withdrawal(story: Story) -> Any:
    body = {"withdrawal_id": story.state.open_withdrawals[-1].id, "outcome": "confirmed", "reason": "Spoke"}
    return story.do("settle_withdrawal", body)


@pytest.mark.parametrize(
    ("acts", "found"),
    [
        pytest.param([], [], id="nothing recorded"),
        pytest.param([signed()], [], id="signed"),
        pytest.param([signed(), proposed()], [], id="proposed the same"),
        pytest.param([signed(), reported("not_for_cpr")], [], id="reported the same"),
        pytest.param([signed(), proposed(FOR_CPR)], [DoubtKind.PROPOSAL], id="proposed the opposite"),
        pytest.param([signed(), reported("for_cpr")], [DoubtKind.REPORT], id="reported the opposite"),
        pytest.param([signed(), reported("modified")], [DoubtKind.REPORT], id="reported modified CPR"),
        pytest.param([signed(FOR_CPR), reported("not_for_cpr")], [DoubtKind.REPORT], id="the other way round"),
        pytest.param([reported("for_cpr"), signed()], [DoubtKind.REPORT], id="reported before, not answered"),
        pytest.param([proposed()], [], id="only proposed"),
        pytest.param([proposed(), reported("not_for_cpr")], [], id="proposed and reported the same"),
        pytest.param(
            [proposed(), reported("for_cpr")],
            [DoubtKind.PROPOSAL, DoubtKind.REPORT],
            id="proposed and reported otherwise, none in force",
        ),
        pytest.param([signed(), flagged], [DoubtKind.WRONG_PERSON], id="wrong person flagged"),
        pytest.param([flagged], [DoubtKind.WRONG_PERSON], id="flagged with nothing recorded"),
        pytest.param([signed(), withdrawn()], [DoubtKind.WITHDRAWAL], id="withdrawn, not the person's refusal"),
        pytest.param([signed(reason="person_refuses"), withdrawn()], [], id="withdrawn and ended at once"),
        pytest.param(
            [signed(reason="person_refuses"), withdrawn(had_capacity="no")],
            [DoubtKind.WITHDRAWAL],
            id="withdrawn without capacity",
        ),
        pytest.param([signed(FOR_CPR), withdrawn()], [], id="a withdrawal agrees with CPR recommended"),
        pytest.param([withdrawn()], [], id="a withdrawal of nothing"),
        pytest.param([withdrawn(), proposed()], [DoubtKind.WITHDRAWAL], id="withdrawn, then proposed"),
        pytest.param([withdrawn(), proposed(FOR_CPR)], [], id="withdrawn, then CPR proposed"),
        pytest.param(
            [withdrawn(), reported("modified")], [DoubtKind.WITHDRAWAL], id="withdrawn, modified CPR reported"
        ),
        pytest.param([withdrawn(), signed()], [DoubtKind.WITHDRAWAL], id="signed without knowing of the withdrawal"),
        pytest.param([signed(), revoked()], [], id="cancelled"),
        pytest.param(
            [signed(), revoked(), reported("not_for_cpr")], [DoubtKind.REPORT], id="cancelled, then its paper seen"
        ),
        pytest.param([signed(), revoked(), reported("for_cpr")], [], id="cancelled, then the opposite reported"),
        pytest.param([signed(), revoked(), proposed()], [], id="cancelled, then proposed again"),
    ],
)
def test_what_puts_a_decision_in_doubt(acts: list[Callable[[Story], Any]], found: list[DoubtKind]) -> None:
    assert kinds(told(*acts)) == found


@pytest.mark.parametrize(
    ("acts", "adrt", "found"),
    [
        pytest.param([], ADRT, [], id="only the ADRT"),
        pytest.param([signed()], ADRT, [], id="it agrees"),
        pytest.param([signed(FOR_CPR, **WITHOUT_CAPACITY)], ADRT, [DoubtKind.ADVANCE_DECISION], id="CPR, no capacity"),
        pytest.param([signed(FOR_CPR)], ADRT, [], id="CPR, decided later with capacity"),
        pytest.param(
            [signed(FOR_CPR)],
            replace(ADRT, made_on=date(2026, 11, 20)),
            [DoubtKind.ADVANCE_DECISION],
            id="CPR, decided on the same day",
        ),
        pytest.param(
            [signed(FOR_CPR)], replace(ADRT, made_on=None), [DoubtKind.ADVANCE_DECISION], id="CPR, ADRT without a date"
        ),
        pytest.param(
            [signed(FOR_CPR, involvement={"person_involved": False, "not_involved_because": "declined"})],
            ADRT,
            [DoubtKind.ADVANCE_DECISION],
            id="CPR, with capacity but not involved",
        ),
        pytest.param(
            [signed(FOR_CPR, **WITHOUT_CAPACITY)], replace(ADRT, document_seen=False), [], id="ADRT reported, not seen"
        ),
        pytest.param([signed(FOR_CPR, **WITHOUT_CAPACITY)], replace(ADRT, withdrawn=True), [], id="ADRT withdrawn"),
        pytest.param(
            [signed(FOR_CPR, **WITHOUT_CAPACITY)], replace(ADRT, refuses_cpr=False), [], id="ADRT about something else"
        ),
        pytest.param([reported("for_cpr")], ADRT, [DoubtKind.REPORT], id="CPR reported"),
        pytest.param([proposed(FOR_CPR)], ADRT, [DoubtKind.PROPOSAL], id="CPR proposed"),
        pytest.param([proposed()], ADRT, [], id="not for CPR proposed"),
        pytest.param([withdrawn()], ADRT, [DoubtKind.WITHDRAWAL], id="withdrawn, not settled"),
        pytest.param([withdrawn(), confirmed_withdrawal], ADRT, [], id="withdrawn and confirmed"),
        pytest.param(
            [withdrawn(), confirmed_withdrawal, reported("for_cpr")], ADRT, [], id="withdrawn, then CPR reported"
        ),
        pytest.param(
            [withdrawn(), confirmed_withdrawal, reported("for_cpr")],
            replace(ADRT, made_on=date(2026, 11, 22)),
            [DoubtKind.REPORT],
            id="withdrawn before a newer ADRT",
        ),
        pytest.param([signed(), revoked("recovered")], ADRT, [], id="cancelled after recovery"),
        pytest.param(
            [signed(), revoked("wishes_changed")], ADRT, [DoubtKind.ADVANCE_DECISION], id="cancelled, wishes changed"
        ),
        pytest.param(
            [signed(), revoked("wishes_changed")],
            replace(ADRT, made_on=None),
            [DoubtKind.ADVANCE_DECISION],
            id="cancelled, wishes changed, ADRT without a date",
        ),
        pytest.param(
            [signed(), revoked("wishes_changed")],
            replace(ADRT, made_on=date(2026, 11, 22)),
            [],
            id="wishes changed before a newer ADRT",
        ),
        pytest.param([signed(), revoked("refusal_withdrawn")], ADRT, [], id="cancelled, refusal withdrawn"),
        pytest.param(
            [signed(), revoked("refusal_withdrawn")], replace(ADRT, made_on=None), [], id="refusal withdrawn, no date"
        ),
    ],
)
def test_what_an_advance_decision_puts_in_doubt(
    acts: list[Callable[[Story], Any]], adrt: AdvanceDecision, found: list[DoubtKind]
) -> None:
    assert kinds(told(*acts, around=replace(AROUND, adrts=(adrt,)))) == found


def test_an_advance_decision_withdrawn_by_mistake_stands_again() -> None:
    story = told(signed(reason="person_refuses"), withdrawn(), around=replace(AROUND, adrts=(ADRT,)))
    assert story.line().situation is Situation.REVOKED
    story.do("void", {"withdrawal_id": story.state.withdrawals[0].id, "reason": "wrong_person"})
    story.void(story.state.in_force.id if story.state.in_force else "")

    assert story.line().situation is Situation.ADVANCE_DECISION


def test_doubt_ends_when_what_waited_is_settled() -> None:
    story = told(signed(), withdrawn(), flagged, reported("for_cpr"))
    assert len(kinds(story)) == 3
    story.do("settle_withdrawal", {"withdrawal_id": "own_withdrawal-2", "outcome": "stands", "reason": "Delirious"})
    story.do("clear_wrong_person_flag", {"flag_id": "wrong_person_flag-3", "reason": "Wristband"})
    story.do("decline_proposal", {"proposal_id": "report-4", "reason": "Another patient's form"})

    assert kinds(story) == []
    assert story.line().situation is Situation.NOT_FOR_CPR


@pytest.mark.parametrize(
    ("kind", "body", "title"),
    [
        ("sign", FOR_CPR, "CPR recommended"),
        ("propose", NOT_FOR_CPR, "Not for CPR"),
        ("confirm_proposal", {"proposal_id": "p"}, "Another change"),
        ("sign", {"recommendation": "something new"}, "Another change"),
        ("revoke", {"reason": "recovered"}, "Cancels the decision"),
        ("void", {}, "Says that an entry was a mistake"),
        ("reviewed_and_continues", {}, "Says that the decision continues"),
        ("settle_withdrawal", {"outcome": "confirmed"}, "Refusal withdrawn"),
        ("settle_withdrawal", {"outcome": "stands"}, "Says that the decision continues"),
        ("decline_proposal", {}, "Another change"),
        ("resolve", {"choice": "keep"}, "Another change"),
    ],
)
def test_a_held_edit_is_a_side_of_its_own(kind: str, body: dict[str, Any], title: str) -> None:
    story = told(signed())
    rival = a_rival(kind=kind, body=body)

    assert kinds(story, held=(rival,)) == [DoubtKind.HELD]
    sides = story.line(held=(rival,)).sides
    assert sides[1] == Side(
        title,
        (
            "Decided 21-Nov-2026 02:00",
            "Dr B Lund, out-of-hours GP, Night Doctors",
            "Received 21-Nov-2026 03:00",
            "Not yet settled",
        ),
    )


def test_a_held_edit_without_a_clinical_time_shows_when_it_came() -> None:
    [doubt] = doubts(CPRState(), held=(a_rival(decided_at=None),), around=AROUND)

    assert doubt.side.lines[0] == "Dr B Lund, out-of-hours GP, Night Doctors"
    assert doubt.ref == "held"


def test_held_particulars_are_shown_and_put_nothing_in_doubt() -> None:
    story = told(signed())
    rival = a_rival(kind="particulars_amended", body={"original_location": "kitchen"})

    assert kinds(story, held=(rival,)) == []
    assert "Another change to this decision's particulars waits to be settled." in story.line(held=(rival,)).extra


@pytest.mark.parametrize(
    ("acts", "sides"),
    [
        pytest.param(
            [signed(), withdrawn()],
            [
                Side("Not for CPR", ("Signed 21-Nov-2026", "Dr A Patel, GP, Elm Street", "Last confirmed")),
                Side(
                    "Refusal withdrawn",
                    ("Said 21-Nov-2026 02:10", "Heard by L Hart, paramedic, Ambulance", "Not yet settled"),
                ),
            ],
            id="a withdrawal",
        ),
        pytest.param(
            [
                signed(),
                lambda story: story.do("report_own_withdrawal", a_withdrawal(told_by="Ann Wood"), by=CALL_HANDLER),
            ],
            [
                Side("Not for CPR", ("Signed 21-Nov-2026", "Dr A Patel, GP, Elm Street", "Last confirmed")),
                Side(
                    "Refusal withdrawn",
                    ("Said 21-Nov-2026 02:10", "Reported by Ann Wood to J May, call handler", "Not yet settled"),
                ),
            ],
            id="a reported withdrawal",
        ),
        pytest.param(
            [signed(), lambda story: story.report("for_cpr", document_seen={"at": "2026-11-21T02:00:00+00:00"})],
            [
                Side("Not for CPR", ("Signed 21-Nov-2026", "Dr A Patel, GP, Elm Street", "Last confirmed")),
                Side(
                    "CPR recommended",
                    (
                        "Recorded 21-Nov-2026",
                        "Told by ward sister, City Hospital; form seen",
                        "Recorded by L Hart, paramedic, Ambulance",
                    ),
                ),
            ],
            id="a report, form seen",
        ),
        pytest.param(
            [signed(), lambda story: story.report("for_cpr", decided_at="2026-11-01T10:00:00+00:00")],
            [
                Side("Not for CPR", ("Signed 21-Nov-2026", "Dr A Patel, GP, Elm Street", "Last confirmed")),
                Side(
                    "CPR recommended",
                    (
                        "Decided 01-Nov-2026",
                        "Told by ward sister, City Hospital; form not seen",
                        "Recorded by L Hart, paramedic, Ambulance",
                    ),
                ),
            ],
            id="a report with its date",
        ),
        pytest.param(
            [signed(), proposed(FOR_CPR)],
            [
                Side("Not for CPR", ("Signed 21-Nov-2026", "Dr A Patel, GP, Elm Street", "Last confirmed")),
                Side(
                    "CPR recommended",
                    ("Decided 20-Nov-2026", "Proposed by S Cole, hospice nurse, St Anne's", "Not yet settled"),
                ),
            ],
            id="a proposal",
        ),
        pytest.param(
            [flagged],
            [
                Side("No CPR decision recorded here", ()),
                Side(
                    "Wrong person?",
                    ("Flagged 21-Nov-2026 03:00", "L Hart, paramedic, Ambulance", "Not yet settled"),
                ),
            ],
            id="a flag on nothing",
        ),
        pytest.param(
            [signed(), revoked(), flagged],
            [
                Side("No CPR decision in force", ("Cancelled 21-Nov-2026",)),
                Side(
                    "Wrong person?",
                    ("Flagged 21-Nov-2026 03:02", "L Hart, paramedic, Ambulance", "Not yet settled"),
                ),
            ],
            id="a flag after cancelling",
        ),
    ],
)
def test_every_side_says_who_and_when(acts: list[Callable[[Story], Any]], sides: list[Side]) -> None:
    assert list(told(*acts).line().sides) == sides


def test_an_advance_decision_is_a_side_once_and_says_where_it_is() -> None:
    nowhere = AdvanceDecision(refuses_cpr=True, document_seen=True)
    story = told(signed(), revoked("wishes_changed"), around=replace(AROUND, adrts=(ADRT,)))
    assert story.line().sides == (Side("Advance decision refuses CPR", ("Made 01-Mar-2025", "desk")),)

    story.around = replace(AROUND, adrts=(nowhere,))
    assert story.line().sides == (Side("Advance decision refuses CPR", ("Date not recorded", "Place not recorded")),)


def test_modified_cpr_in_force_is_in_doubt_because_only_the_form_can_say_it() -> None:
    story = told(signed())
    value = story.state.to_value()
    value["decisions"][0]["recommendation"] = "modified"
    story.state = CPRState.from_value(value)

    assert kinds(story) == [DoubtKind.UNREADABLE]


@pytest.mark.parametrize("kind", [kind for kind in EditKind if kind is not EditKind.PARTICULARS_AMENDED])
def test_whatever_is_held_is_in_doubt_over_every_state(kind: EditKind) -> None:
    rival = a_rival(kind=kind, body={})
    for story in (told(), told(signed()), told(signed(FOR_CPR)), told(signed(), revoked())):
        assert DoubtKind.HELD in kinds(story, held=(rival,))
