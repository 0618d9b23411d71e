"""Who may say what of a record, who is told, and that nothing said is lost or changes a decision; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.rules import AUDIENCES, PERMISSIONS, Fact, Tier, can_ever, facts_of_role
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import canonical_json, db
from epaccs.core.errors import Forbidden, RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.export import build_person
from epaccs.notices.actions import acknowledge
from epaccs.notices.model import Notice
from epaccs.notices.queries import NoticeLine, notices_for
from epaccs.notices.rules import NoticeKind
from epaccs.observations.actions import observe
from epaccs.observations.rules import OBSERVATIONS, What
from epaccs.observations.schema import PARTS
from epaccs.observations.section import PERMISSIONS as OF_KIND
from epaccs.record.declared import sights
from epaccs.record.model import StoredCard
from epaccs.record.queries.summaries import find_organisations
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.registry import EditRequest
from epaccs.versions.rules import Outcome
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.record.visits import a_person_with_everything, a_signer, open_record, organisation_of

EVERYTHING = frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE})
CARD_ONLY = frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY})


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_signer()


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


@pytest.fixture
def paramedic(app: Flask, entry: UUID) -> Actor:
    actor = a_clinician(Role.PARAMEDIC)
    open_record(app, actor, entry)
    return actor


def say(actor: Actor, entry: UUID, what: What, edit_id: UUID | None = None, **said: Any) -> UUID:
    edit_id = edit_id or new_id()
    observe(actor, edit_id, entry_id=entry, what=what, said=said)
    return edit_id


def settle(actor: Actor, entry: UUID, line_id: UUID, found: str = "put_right") -> None:
    say(actor, entry, What.SETTLED, about=str(line_id), found=found)


def said_of(entry: UUID) -> dict[str, Any]:
    recorded = find_recorded(entry, OBSERVATIONS)
    assert recorded is not None
    return recorded.value["items"]


def seen_by(entry: UUID, tiers: frozenset[Tier] = EVERYTHING) -> RecordSummary:
    recorded = material(entry)
    return build_summary(recorded, tiers, sights=sights(), organisations=find_organisations(recorded))


def tasks(actor: Actor) -> list[NoticeLine]:
    return [line for line in notices_for(actor) if line.kind is NoticeKind.LOOKS_WRONG]


# --- What is kept ----------------------------------------------------------------------------------------------------


def test_a_line_says_what_when_by_whom_and_of_which_card(entry: UUID, paramedic: Actor) -> None:
    said = {"outcome": "to_hospital", "words": "Breathless. Daughter called.", "seen_number": 4}

    edit_id = say(paramedic, entry, What.HAPPENED, **said)

    line = said_of(entry)[str(edit_id)]
    assert {**said, "what": "happened"}.items() <= line.items()
    assert datetime.fromisoformat(line["observed_at"]) <= clock.now()
    recorded = find_recorded(entry, OBSERVATIONS)
    assert recorded is not None
    assert recorded.provenance[f"items/{edit_id}"]["name"] == paramedic.name


def test_two_taps_are_one_line(entry: UUID, paramedic: Actor) -> None:
    edit_id = new_id()

    for _ in range(2):
        say(paramedic, entry, What.USED, edit_id)

    assert list(said_of(entry)) == [str(edit_id)]


def test_lines_of_two_crews_who_saw_the_same_card_both_stand(app: Flask, entry: UUID, paramedic: Actor) -> None:
    other = a_clinician(Role.PARAMEDIC)
    open_record(app, other, entry)

    say(paramedic, entry, What.USED)
    say(other, entry, What.WRONG, part="contacts", words="The number rings somewhere else")

    assert [line["what"] for line in said_of(entry).values()] == ["used", "wrong"]
    recorded = find_recorded(entry, OBSERVATIONS)
    assert recorded is not None
    assert not recorded.disputed


def test_a_tablet_sends_the_same_edit_later_and_the_line_is_of_when_it_was_said(entry: UUID, paramedic: Actor) -> None:
    said_at = clock.now() - timedelta(hours=5)
    body = {"item": {"words": "Used the plan at the door", "seen_number": 12}}
    request = EditRequest(new_id(), entry, OBSERVATIONS, "used", body, base_version=0, decided_at=said_at)
    say(paramedic, entry, What.NOT_RELEVANT)

    applied = apply_edit(paramedic, request)
    again = apply_edit(paramedic, request)

    assert applied.outcome is Outcome.APPLIED
    assert again == replace(applied, replayed=True)
    assert said_of(entry)[str(request.id)]["observed_at"] == said_at.isoformat()


def test_nothing_that_is_said_touches_the_decision(app: Flask, gp: Actor) -> None:
    person, crew = a_person_with_everything(gp), a_clinician(Role.PARAMEDIC)
    open_record(app, crew, person)
    before = find_recorded(person, "cpr")

    say(crew, person, What.WRONG, part="cpr", words="The family says otherwise")

    assert find_recorded(person, "cpr") == before


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        pytest.param("happened", {"item": {}}, "Choose an answer: What happened?", id="how it ended is not said"),
        pytest.param("happened", {"item": {"outcome": "lost"}}, "Choose only from what is offered", id="no such end"),
        pytest.param(
            "wrong", {"item": {"part": "observations"}}, "Choose only from what is offered", id="no such part"
        ),
        pytest.param("used", {"item": {"seen_number": "x"}}, "as a whole number", id="no number of a change"),
        pytest.param("used", {"item": {"what": "wrong"}}, "Unknown field", id="another kind than the edit says"),
        pytest.param("used", {"item": "used"}, "Invalid input type", id="no line"),
        pytest.param("used", {"item_id": "x", "item": {}}, "Open the page again", id="the id of another line"),
    ],
)
def test_what_no_form_would_send_is_refused(
    entry: UUID, paramedic: Actor, kind: str, body: dict[str, Any], sentence: str
) -> None:
    with pytest.raises((RuleBroken, RulesBroken)) as refused:
        apply_edit(paramedic, an_edit(entry, OBSERVATIONS, body, kind=kind))

    errors = refused.value.errors if isinstance(refused.value, RulesBroken) else [refused.value]
    assert sentence in " ".join(error.message for error in errors)
    assert find_recorded(entry, OBSERVATIONS) is None


# --- Who may ---------------------------------------------------------------------------------------------------------

CLINICAL = set(Role) - {
    Role.PRACTICE_ADMINISTRATOR,
    Role.CALL_HANDLER,
    Role.SOCIAL_WORKER,
    Role.COORDINATOR,
    Role.PRIVACY_OFFICER,
    Role.COMMISSIONER,
    Role.ADMINISTRATOR,
}


def who_may(what: What) -> set[Role]:
    return {role for role in Role if can_ever(OF_KIND[what], facts_of_role(role, may_sign=False))}


@pytest.mark.parametrize("what", [What.USED, What.NOT_RELEVANT, What.HAPPENED])
def test_every_clinical_role_says_how_it_went(what: What) -> None:
    assert who_may(what) == CLINICAL


def test_whoever_reads_a_card_may_say_that_it_is_wrong() -> None:
    assert who_may(What.WRONG) == CLINICAL | {Role.CALL_HANDLER, Role.COORDINATOR, Role.SOCIAL_WORKER}


def test_only_who_edits_the_plan_settles() -> None:
    editors = {one for one in PERMISSIONS[OF_KIND[What.SETTLED]] if Fact.EDITS_PLAN in one}

    assert len(editors) == len(PERMISSIONS[OF_KIND[What.SETTLED]])
    assert who_may(What.SETTLED) == CLINICAL - {Role.PARAMEDIC, Role.ED_CLINICIAN, Role.CARE_HOME_SENIOR}


def test_a_coordinator_says_that_it_is_wrong_and_not_how_it_went(app: Flask, entry: UUID) -> None:
    coordinator = a_clinician(Role.COORDINATOR)
    open_record(app, coordinator, entry)

    say(coordinator, entry, What.WRONG)
    with pytest.raises(Forbidden):
        say(coordinator, entry, What.USED)

    assert [line["what"] for line in said_of(entry).values()] == ["wrong"]


def test_a_crew_does_not_settle_what_it_said(entry: UUID, paramedic: Actor) -> None:
    line_id = say(paramedic, entry, What.WRONG)

    with pytest.raises(Forbidden):
        settle(paramedic, entry, line_id)

    assert len(seen_by(entry).said_wrong) == 1


# --- Who is told -----------------------------------------------------------------------------------------------------


def test_what_is_wrong_is_a_task_of_the_practice_and_the_key_worker(app: Flask, gp: Actor) -> None:
    area = organisation_of(gp).area
    nurse = a_clinician(Role.HOSPICE_NURSE, an_organisation(type=OrganisationType.HOSPICE, area=area))
    person, crew = a_registered_person(gp, key_worker_ods=nurse.organisation_ods), a_clinician(Role.PARAMEDIC)
    open_record(app, crew, person)

    say(crew, person, What.WRONG, part="allergies", words="Codeine made her ill")

    for actor in (gp, nurse):
        (task,) = tasks(actor)
        assert (task.sections, task.severity, task.is_task) == (("allergies",), "high", True)
    assert tasks(crew) == []


def test_what_no_crew_acts_on_can_wait(gp: Actor, entry: UUID, paramedic: Actor) -> None:
    say(paramedic, entry, What.WRONG, part="funding")

    assert [task.severity for task in tasks(gp)] == ["routine"]


@pytest.mark.parametrize(
    ("what", "said"), [(What.USED, {}), (What.NOT_RELEVANT, {}), (What.HAPPENED, {"outcome": "other"})]
)
def test_what_is_only_to_be_known_is_nobodys_task(
    gp: Actor, entry: UUID, paramedic: Actor, what: What, said: dict[str, Any]
) -> None:
    say(paramedic, entry, what, **said)

    assert tasks(gp) == []
    assert OBSERVATIONS in {name for line in notices_for(gp) for name in line.sections}


def test_taking_it_on_leaves_the_doubt_and_the_task_and_settling_ends_both(
    gp: Actor, entry: UUID, paramedic: Actor
) -> None:
    line_id = say(paramedic, entry, What.WRONG, part="contacts")

    acknowledge(gp, tasks(gp)[0].id)

    assert [task.acknowledged_by_name for task in tasks(gp)] == [gp.name]
    assert [one.section for one in seen_by(entry, CARD_ONLY).said_wrong] == ["contacts"]
    settle(gp, entry, line_id)
    assert tasks(gp) == []
    assert seen_by(entry, CARD_ONLY).said_wrong == ()


def test_a_task_stands_until_everything_said_of_its_part_is_settled(gp: Actor, entry: UUID, paramedic: Actor) -> None:
    first, second = (say(paramedic, entry, What.WRONG, part="contacts") for _ in range(2))
    other = say(paramedic, entry, What.WRONG)

    settle(gp, entry, first)
    assert {task.sections for task in tasks(gp)} == {("contacts",), (OBSERVATIONS,)}
    settle(gp, entry, second, "right_as_it_stands")
    assert {task.sections for task in tasks(gp)} == {(OBSERVATIONS,)}
    settle(gp, entry, other)

    assert tasks(gp) == []


def test_what_is_said_again_after_it_was_settled_is_a_new_task(gp: Actor, entry: UUID, paramedic: Actor) -> None:
    settle(gp, entry, say(paramedic, entry, What.WRONG, part="contacts"))

    say(paramedic, entry, What.WRONG, part="contacts")

    assert len(tasks(gp)) == 1


def test_what_was_settled_is_not_settled_again(gp: Actor, entry: UUID, paramedic: Actor) -> None:
    line_id = say(paramedic, entry, What.WRONG)
    settle(gp, entry, line_id)

    with pytest.raises(RuleBroken, match="Somebody has settled this already"):
        settle(gp, entry, line_id)


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_every_section_can_look_wrong_under_the_name_by_which_it_is_read() -> None:
    assert dict(PARTS) == {name: sight.label for name, sight in sights().items() if not sight.is_log}


def test_a_reader_is_told_of_no_part_that_is_not_there_for_them(entry: UUID, gp: Actor) -> None:
    for part in ("carer", "allergies"):
        say(gp, entry, What.WRONG, part=part)

    assert {one.section for one in seen_by(entry).said_wrong} == {"carer", "allergies"}
    assert {one.section for one in seen_by(entry, CARD_ONLY).said_wrong} == {"allergies"}


def test_what_was_said_is_read_by_those_who_see_the_plan_only() -> None:
    section = sights()[OBSERVATIONS]

    assert {tiers for tiers in AUDIENCES if section.is_seen_by(tiers)} == {
        tiers for tiers in AUDIENCES if Tier.T2_COORDINATION in tiers
    }


def test_that_it_was_used_is_no_change_of_the_plan(entry: UUID, paramedic: Actor) -> None:
    before = seen_by(entry).changed

    say(paramedic, entry, What.USED)

    assert seen_by(entry).changed == before


def stored_cards(entry: UUID) -> dict[str, str]:
    rows = db.session.execute(select(StoredCard.audience, StoredCard.value).where(StoredCard.entry_id == entry))
    return {row.audience: canonical_json({**row.value, "number": 0}) for row in rows}


def test_no_card_carries_what_was_said_however_often_and_a_doubt_stands_once(entry: UUID, paramedic: Actor) -> None:
    say(paramedic, entry, What.WRONG, part="contacts", words="First")
    before = stored_cards(entry)

    for number in range(66):
        say(paramedic, entry, What.USED, words=f"Used for the {number}th time")
        say(paramedic, entry, What.HAPPENED, outcome="treated_at_home", words="As the plan says")
        say(paramedic, entry, What.WRONG, part="contacts", words="Still rings somewhere else")

    after = stored_cards(entry)
    assert len(said_of(entry)) == 199
    assert {name: len(card) for name, card in after.items()} == {name: len(card) for name, card in before.items()}
    assert "rings" not in "".join(after.values())
    assert len(seen_by(entry).said_wrong) == 1


def test_the_export_tells_what_was_said_in_words(entry: UUID, paramedic: Actor) -> None:
    edit_id = say(paramedic, entry, What.HAPPENED, outcome="died_at_home", words="Quietly. [[His son drinks.]]")

    section = build_person(entry)["sections"][OBSERVATIONS]

    words = section["items"][str(edit_id)]["words"]
    assert words["outcome"] == "Died at home, or in the care home they live in"
    assert "drinks" not in canonical_json(section)


def test_no_field_of_a_line_is_without_words() -> None:
    fields = sights()[OBSERVATIONS].item_fields

    assert list(fields) == ["what", "observed_at", "part", "outcome", "found", "words", "seen_number"]


def test_notices_hold_no_word_of_what_was_said(entry: UUID, paramedic: Actor) -> None:
    say(paramedic, entry, What.WRONG, part="contacts", words="The son is in prison")

    rows = db.session.execute(select(Notice.__table__).where(Notice.entry_id == entry)).mappings().all()
    assert rows
    assert "prison" not in str([dict(row) for row in rows])
