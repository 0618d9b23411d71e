"""What can be recorded about CPR, one scene for each: everything that the card can say has a person who shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from epaccs.cpr_decisions.rules import Whereabouts, build_amendment
from epaccs.demo.life import Life
from epaccs.demo.names import choose_house, choose_mobile, choose_street
from epaccs.demo.stories import Body

NOT: Final = "not_for_cpr"
FOR: Final = "for_cpr"
OPPOSITE: Final = {NOT: FOR, FOR: NOT}


@dataclass(frozen=True)
class Scene:
    """One way in which it went.

    Args:
        play: adds to the life what was done.
        share: how many of a thousand people.
        has_capacity: what the scene needs; None: either.
        is_shared: it needs others than the practice.
        icd: what the risks say of a defibrillator; None: anything.
        level: the level of treatment it needs; None: anything.
        is_death: somebody says that the person has died.
    """

    play: Callable[[Life], None]
    share: float
    has_capacity: bool | None = None
    is_shared: bool = True
    icd: str | None = None
    level: str | None = None
    is_death: bool = False


# --- What a decision says --------------------------------------------------------------------------------------------


def facts(life: Life, recommendation: str, days_ago: float, *, by_name: str, reason: str | None = None) -> Body:
    """A whole decision, made a little before it was written down."""
    decided_at = life.at(days_ago) - timedelta(minutes=20)
    assessed_at = decided_at - timedelta(minutes=15)
    body: Body = {
        "recommendation": recommendation,
        "decided_at": decided_at.isoformat(),
        "reason": reason or _reason(life, recommendation),
        "capacity": {
            "has_capacity": life.has_capacity,
            "assessed_at": assessed_at.isoformat(),
            "assessed_by": by_name,
        },
        "original_location": life.pick("home_forms" if life.lives_in_home else "forms"),
        **_who_took_part(life),
    }
    if life.chance.random() < 0.15 and recommendation == NOT:
        return {**body, "no_review_reason": "Will not change: expected to die within weeks."}
    return {**body, "review_on": life.day_ahead(life.chance.randint(10, 90))}


def _reason(life: Life, recommendation: str) -> str:
    if recommendation == FOR:
        return "person_wants_cpr" if life.has_capacity else "benefit_expected"
    own = ["person_refuses"] if life.has_capacity else []
    return life.chance.choice([*own, "would_not_work", "would_not_work", "burden_outweighs_benefit"])


def _who_took_part(life: Life) -> Body:
    if life.has_capacity:
        aware = ["person", "family"] if life.close else ["person"]
        return {"involvement": {"person_involved": True}, "aware": aware}
    people = [{"name": name, "kind": kind, "consulted": True} for name, kind in life.proxies]
    others = [one for one in life.close if one[0] not in {name for name, _kind in life.proxies}]
    people += [{"name": name, "kind": "close", "relationship": kin, "consulted": True} for name, kin in others]
    consultation: Body = {"people": people} if others else {"people": people, "nobody_close": True}
    if not people:
        consultation = {"nobody_close": True, "imca": "instructed", "imca_name": "Northdale Advocacy"}
    near = "carer" if life.lives_in_home else "family"
    if life.chance.random() < 0.7:
        return {"consultation": consultation, "aware": ["person", near]}
    why = "Was told in simple words and could not take it in."
    return {"consultation": consultation, "aware": [near], "person_not_told": why}


def sign(life: Life, recommendation: str, days_ago: float, **more: Any) -> str:
    """The GP signs."""
    body = facts(life, recommendation, days_ago, by_name=life.colleagues.gp_name)
    return life.cpr(days_ago, life.gp, "sign", {**body, **more})


def add_advance_decision(life: Life, days_ago: float, *, seen: bool, made_days_before: int = 300) -> None:
    """An advance decision that refuses CPR."""
    made_on = life.day(days_ago + made_days_before)
    document: Body = {"document_location": life.pick("forms")}
    if seen:
        document |= {"document_seen_by": life.colleagues.gp_name, "document_seen_on": life.day(days_ago)}
    whole = dict.fromkeys(
        (
            "is_written",
            "is_signed",
            "is_witnessed",
            "states_even_if_life_at_risk",
            "made_at_18_or_over",
            "had_capacity",
        ),
        True,
    )
    item = {"kind": "adrt", "refuses": life.pick("refusals"), "refuses_cpr": True, "refuses_life_sustaining": True}
    life.put_item(days_ago, life.gp, "legal", {**item, **whole, **document, "made_on": made_on, "called_valid": seen})


def add_attorney(life: Life, days_ago: float, *, authority: str) -> str:
    """An attorney for health and welfare."""
    name = life.close[0][0] if life.close else "Frances Holt"
    item = {
        "kind": "lpa",
        "name": name,
        "telephone": choose_mobile(life.chance),
        "authority_life_sustaining": authority,
        "is_registered": "yes",
        "made_on": life.day(days_ago + 900),
        "registered_on": life.day(days_ago + 800),
        "acting": "alone",
        "document_seen_by": life.colleagues.gp_name,
        "document_seen_on": life.day(days_ago),
    }
    life.put_item(days_ago, life.gp, "legal", item)
    life.proxies.append((name, "attorney"))
    return name


# --- In force --------------------------------------------------------------------------------------------------------


def _not_for_cpr(life: Life) -> None:
    sign(life, NOT, life.earlier(0.05, 0.9))


def _for_cpr(life: Life) -> None:
    sign(life, FOR, life.earlier(0.05, 0.9))


def _by_attorney(life: Life) -> None:
    name = add_attorney(life, life.earlier(0.85, 0.95), authority="yes")
    sign(life, NOT, life.earlier(0.3, 0.8), reason="attorney_refuses", refused_by={"name": name, "kind": "attorney"})


def _by_advance_decision(life: Life) -> None:
    add_advance_decision(life, life.earlier(0.85, 0.95), seen=True)
    sign(life, NOT, life.earlier(0.3, 0.8), reason="advance_decision")


def _by_court(life: Life) -> None:
    sign(life, NOT, life.earlier(0.3, 0.8), reason="court_order", reason_detail="Order of the Court of Protection")


def _confirmed(life: Life) -> None:
    days_ago = life.earlier(0.2, 0.8)
    body = facts(life, NOT, days_ago, by_name="The nurse")
    proposal = life.cpr(days_ago, life.nurse, "propose", body)
    life.cpr(days_ago - min(1.0, days_ago / 2), life.gp, "confirm_proposal", {"proposal_id": proposal})


def _reviewed(life: Life) -> None:
    sign(life, NOT, life.earlier(0.6, 0.9), review_on=life.day(life.earlier(0.3, 0.4)), no_review_reason="")
    days_ago = life.earlier(0.1, 0.3)
    reviewed_at = (life.at(days_ago) - timedelta(minutes=10)).isoformat()
    body = {"reviewed_at": reviewed_at, "review_on": life.day_ahead(60)}
    life.cpr(days_ago, life.gp, "reviewed_and_continues", body)


def _review_overdue(life: Life) -> None:
    sign(life, NOT, life.earlier(0.6, 0.9), review_on=life.day(life.earlier(0.1, 0.4)), no_review_reason="")


def _superseded(life: Life) -> None:
    sign(life, FOR, life.earlier(0.6, 0.9))
    sign(life, NOT, life.earlier(0.1, 0.5))


def _not_told(life: Life) -> None:
    why = {
        "involvement": {
            "person_involved": False,
            "not_involved_because": "declined",
            "detail": "Did not want to speak of it.",
        },
        "aware": ["family"],
        "person_not_told": "Asked not to be told.",
    }
    sign(life, NOT, life.earlier(0.1, 0.8), reason="would_not_work", **why)


def _relative(life: Life) -> None:
    sign(life, NOT, life.earlier(0.3, 0.8))
    name, kin = life.close[0] if life.close else ("A niece", "Niece")
    life.cpr(
        1.4, life.nurse, "relative_report", {"said_by": name, "relationship": kin, "words": life.pick("relatives")}
    )
    life.say(1.3, life.crew, "happened", outcome="other", words="Sat with the family until the night nurse came.")


def _review_asked(life: Life) -> None:
    sign(life, NOT, life.earlier(0.3, 0.8))
    life.cpr(2.3, life.crew, "review_asked", {"words": "Much better than the form suggests; walked to the door."})
    life.say(2.2, life.crew, "wrong", part="treatment_level", words="Agreed when much weaker than now.")


def _original_seen(life: Life) -> None:
    sign(life, NOT, life.earlier(0.3, 0.8))
    days_ago = life.earlier(0.05, 0.2)
    life.cpr(days_ago, life.night, "original_seen", {"place": life.pick("forms"), "seen_on": life.day(days_ago)})
    life.say(days_ago / 2, life.night, "used")


def _review_answered(life: Life) -> None:
    sign(life, NOT, life.earlier(0.5, 0.9))
    asked = life.cpr(6.4, life.crew, "review_asked", {"words": "Says that the scan was good news."})
    doubt = life.say(6.3, life.crew, "wrong", part="diagnosis")
    life.say(4.5, life.gp, "settled", about=doubt, found="put_right", words="The scan is in the diagnosis now.")
    answer = "Spoke with the person and the oncologist: the decision stands."
    life.cpr(4.4, life.gp, "answer_review", {"request_id": asked, "answer": answer})


def _form_moved(life: Life) -> None:
    sign(life, NOT, life.earlier(0.5, 0.9))
    body = {"original_location": "Front of the hospice notes", "aware": ["person", "family", "carer"]}
    life.cpr(life.earlier(0.1, 0.4), life.nurse, "particulars_amended", body)


def _move(life: Life, days_ago: float) -> None:
    """To the family, or to another room of the home; the key worker is told of it and changes the address."""
    was = life.identity
    if life.lives_in_home:
        elsewhere = {"address": f"Garden wing, {was['address']}"}
    else:
        street = f"{choose_house(life.chance)} {choose_street(life.chance)}"
        elsewhere = {"address": f"c/o a niece, {street}\n{life.colleagues.town}"}
    life.do(days_ago, life.nurse, "identity", {**was, **elsewhere})


def _form_unplaced(life: Life) -> None:
    """The person has moved, and nobody has said since where the signed form is."""
    sign(life, NOT, life.earlier(0.4, 0.9))
    _move(life, 1.7)


def _form_left_behind(life: Life) -> None:
    """Whoever recorded the move knew that the form did not come along."""
    place = life.pick("home_forms" if life.lives_in_home else "forms")
    sign(life, NOT, life.earlier(0.4, 0.9), original_location=place)
    _move(life, 3.8)
    body = build_amendment(Whereabouts.LEFT, "", known=place) or {}
    life.cpr(3.7, life.nurse, "particulars_amended", body)


# --- Not confirmed ---------------------------------------------------------------------------------------------------


def _propose(life: Life, recommendation: str, days_ago: float) -> str:
    return life.cpr(days_ago, life.nurse, "propose", facts(life, recommendation, days_ago, by_name="The nurse"))


def _awaiting(life: Life) -> None:
    _propose(life, NOT, 1.2)


def _awaiting_overdue(life: Life) -> None:
    _propose(life, NOT, 7.5)


def _declined(life: Life) -> None:
    proposal = _propose(life, NOT, life.earlier(0.3, 0.6))
    reason = "Spoke with the person: wants to wait for the scan."
    life.cpr(life.earlier(0.05, 0.2), life.gp, "decline_proposal", {"proposal_id": proposal, "reason": reason})


def _taken_back(life: Life) -> None:
    proposal = _propose(life, NOT, life.earlier(0.3, 0.6))
    body = {"proposal_id": proposal, "reason": "The person wants to speak with a priest first."}
    life.cpr(life.earlier(0.05, 0.2), life.nurse, "withdraw_proposal", body)


def _report(life: Life, recommendation: str, days_ago: float, *, seen: bool) -> None:
    body: Body = {"recommendation": recommendation, "told_by": "Discharge letter", "told_from": "Southmere Infirmary"}
    if seen:
        at = (life.at(days_ago) - timedelta(minutes=5)).isoformat()
        body["document_seen"] = {"at": at, "by": life.colleagues.night_name, "place": "At the bedside"}
    life.cpr(days_ago, life.night, "report", body)


def _reported(life: Life) -> None:
    _report(life, NOT, 3.3, seen=False)


def _reported_seen(life: Life) -> None:
    _report(life, NOT, 2.6, seen=True)
    life.say(2.1, life.crew, "happened", outcome="to_hospice")


def _reported_modified(life: Life) -> None:
    _report(life, "modified", 4.2, seen=True)


# --- In doubt --------------------------------------------------------------------------------------------------------


def _doubt_held(life: Life) -> None:
    """Two signers on one day, neither of whom knew of the other."""
    sign(life, NOT, 2.7)
    body = facts(life, FOR, 2.3, by_name=life.colleagues.night_name)
    life.cpr(2.3, life.night, "sign", body, base_version=0)


def _doubt_report(life: Life) -> None:
    sign(life, FOR, life.earlier(0.4, 0.9))
    _report(life, NOT, 1.6, seen=True)


def _doubt_proposal(life: Life) -> None:
    sign(life, NOT, life.earlier(0.4, 0.9))
    _propose(life, FOR, 1.3)


def _withdrawal(life: Life, days_ago: float) -> Body:
    said_at = (life.at(days_ago) - timedelta(minutes=25)).isoformat()
    return {
        "said_at": said_at,
        "had_capacity": "yes" if life.has_capacity else "not_known",
        "words": life.pick("withdrawals"),
    }


def _doubt_withdrawal(life: Life) -> None:
    sign(life, NOT, life.earlier(0.4, 0.9), reason="burden_outweighs_benefit")
    life.cpr(0.2, life.crew, "own_withdrawal", _withdrawal(life, 0.2))


def _doubt_told_of_withdrawal(life: Life) -> None:
    sign(life, NOT, life.earlier(0.4, 0.9))
    body = {**_withdrawal(life, 0.4), "told_by": life.close[0][0] if life.close else "A neighbour"}
    life.cpr(0.4, life.crew, "report_own_withdrawal", body)


def _doubt_wrong_person(life: Life) -> None:
    signed = sign(life, NOT, life.earlier(0.4, 0.9))
    life.cpr(1.5, life.crew, "wrong_person_flag", {"about": signed, "words": life.pick("doubts")})


def _doubt_advance_decision(life: Life) -> None:
    """CPR recommended for somebody who can no longer say so, and a paper from before that refuses it."""
    sign(life, FOR, life.earlier(0.6, 0.9))
    add_advance_decision(life, 4.5, seen=True)


def _wrong_person_cleared(life: Life) -> None:
    sign(life, NOT, life.earlier(0.5, 0.9))
    flag = life.cpr(5.5, life.crew, "wrong_person_flag", {"words": life.pick("doubts")})
    reason = "Checked name, date of birth and NHS number with the family: right person."
    life.cpr(4.5, life.gp, "clear_wrong_person_flag", {"flag_id": flag, "reason": reason})


def _withdrawal_settled(life: Life) -> None:
    sign(life, NOT, life.earlier(0.5, 0.9), reason="burden_outweighs_benefit")
    said = life.cpr(5.6, life.crew, "own_withdrawal", _withdrawal(life, 5.6))
    reason = "Visited the next morning: it was said in a panic, and is not what the person wants."
    life.cpr(4.7, life.gp, "settle_withdrawal", {"withdrawal_id": said, "outcome": "stands", "reason": reason})


# --- None in force ---------------------------------------------------------------------------------------------------


def _none(_life: Life) -> None:
    """Nothing was ever recorded."""


def _none_but_advance_decision(life: Life) -> None:
    add_advance_decision(life, life.earlier(0.3, 0.9), seen=True)


def _none_but_told_of_advance_decision(life: Life) -> None:
    add_advance_decision(life, life.earlier(0.3, 0.9), seen=False)


def _revoked(life: Life) -> None:
    sign(life, NOT, life.earlier(0.5, 0.9))
    days_ago = life.earlier(0.1, 0.4)
    decided_at = (life.at(days_ago) - timedelta(minutes=30)).isoformat()
    body = {"reason": "recovered", "decided_at": decided_at, "detail": "Treatment worked better than anybody thought."}
    life.cpr(days_ago, life.gp, "revoke", body)


def _refusal_withdrawn(life: Life) -> None:
    sign(life, NOT, life.earlier(0.5, 0.9), reason="person_refuses")
    days_ago = life.earlier(0.1, 0.4)
    life.cpr(days_ago, life.nurse, "own_withdrawal", _withdrawal(life, days_ago))


def _voided(life: Life) -> None:
    signed = sign(life, NOT, life.earlier(0.5, 0.9))
    body = {"decision_id": signed, "reason": "wrong_person", "detail": "Meant for another patient seen that day."}
    life.cpr(life.earlier(0.1, 0.4), life.gp, "void", body)


def _restored(life: Life) -> None:
    sign(life, NOT, life.earlier(0.7, 0.9))
    second = sign(life, FOR, life.earlier(0.4, 0.6))
    body = {"decision_id": second, "reason": "mistake", "detail": "Ticked the wrong box."}
    life.cpr(life.earlier(0.1, 0.3), life.gp, "void", body)


# --- Death -----------------------------------------------------------------------------------------------------------


def _death_reported(life: Life) -> None:
    sign(life, NOT, life.earlier(0.3, 0.9))
    life.do(0.3, life.night, "lifecycle", _death(life, 0.3), kind="report_death")


def _died(life: Life) -> None:
    sign(life, NOT, life.earlier(0.4, 0.9))
    days_ago = life.earlier(0.02, 0.3)
    life.do(days_ago, life.gp, "lifecycle", _death(life, days_ago), kind="confirm_death")


def _seen_alive(life: Life) -> None:
    sign(life, NOT, life.earlier(0.4, 0.9))
    life.do(2.5, life.night, "lifecycle", _death(life, 2.5), kind="report_death")
    life.do(1.5, life.gp, "lifecycle", {}, kind="seen_alive")


def _not_dead(life: Life) -> None:
    """A death confirmed on the wrong record: every state comes back untouched."""
    sign(life, NOT, life.earlier(0.5, 0.9))
    life.do(3.6, life.gp, "lifecycle", _death(life, 3.6), kind="confirm_death")
    life.do(3.4, life.gp, "lifecycle", {"reason": "Entered on the wrong record"}, kind="reverse_death")


def _death(life: Life, days_ago: float) -> Body:
    place = "usual_residence" if life.lives_in_home else life.chance.choice(["home", "hospice", "hospital"])
    return {"died_on": life.day(days_ago), "place": place, "told_by": "Family"}


SCENES: Final[Mapping[str, Scene]] = {
    "not_for_cpr": Scene(_not_for_cpr, 330, has_capacity=True, is_shared=False),
    "not_for_cpr_best_interests": Scene(_not_for_cpr, 110, has_capacity=False),
    "by_attorney": Scene(_by_attorney, 15, has_capacity=False),
    "by_advance_decision": Scene(_by_advance_decision, 12, has_capacity=True),
    "by_court": Scene(_by_court, 1, has_capacity=False),
    "icd_active": Scene(_not_for_cpr, 10, icd="active"),
    "icd_unknown": Scene(_not_for_cpr, 6, icd="unknown"),
    "confirmed": Scene(_confirmed, 70),
    "reviewed": Scene(_reviewed, 40),
    "review_overdue": Scene(_review_overdue, 25, is_shared=False),
    "superseded": Scene(_superseded, 15),
    "not_told": Scene(_not_told, 12, has_capacity=True),
    "relative": Scene(_relative, 6),
    "review_asked": Scene(_review_asked, 6),
    "original_seen": Scene(_original_seen, 15),
    "review_answered": Scene(_review_answered, 3),
    "form_moved": Scene(_form_moved, 6, has_capacity=True),
    "for_cpr": Scene(_for_cpr, 55, has_capacity=True, is_shared=False, level="full_escalation"),
    "for_cpr_best_interests": Scene(_for_cpr, 8, has_capacity=False, level="full_escalation"),
    "for_cpr_but_comfort": Scene(_for_cpr, 3, has_capacity=True, level="comfort_only"),
    "awaiting": Scene(_awaiting, 12),
    "awaiting_overdue": Scene(_awaiting_overdue, 8),
    "declined": Scene(_declined, 4),
    "taken_back": Scene(_taken_back, 2, has_capacity=True),
    "reported": Scene(_reported, 8),
    "reported_seen": Scene(_reported_seen, 8),
    "reported_modified": Scene(_reported_modified, 1),
    "doubt_held": Scene(_doubt_held, 2, has_capacity=True),
    "doubt_report": Scene(_doubt_report, 3, level="full_escalation"),
    "doubt_proposal": Scene(_doubt_proposal, 2),
    "doubt_withdrawal": Scene(_doubt_withdrawal, 2, has_capacity=True),
    "doubt_told_of_withdrawal": Scene(_doubt_told_of_withdrawal, 1),
    "doubt_wrong_person": Scene(_doubt_wrong_person, 1),
    "doubt_advance_decision": Scene(_doubt_advance_decision, 1, has_capacity=False, level="full_escalation"),
    "wrong_person_cleared": Scene(_wrong_person_cleared, 1),
    "withdrawal_settled": Scene(_withdrawal_settled, 1, has_capacity=True),
    "none": Scene(_none, 170, is_shared=False),
    "none_but_advance_decision": Scene(_none_but_advance_decision, 8),
    "none_but_told_of_advance_decision": Scene(_none_but_told_of_advance_decision, 5),
    "revoked": Scene(_revoked, 8, is_shared=False),
    "refusal_withdrawn": Scene(_refusal_withdrawn, 3, has_capacity=True),
    "voided": Scene(_voided, 2),
    "restored": Scene(_restored, 1),
    "death_reported": Scene(_death_reported, 4, is_death=True),
    "died": Scene(_died, 30, is_death=True),
    "not_dead": Scene(_not_dead, 1, is_death=True),
    "seen_alive": Scene(_seen_alive, 1, is_death=True),
    "form_unplaced": Scene(_form_unplaced, 3),
    "form_left_behind": Scene(_form_left_behind, 2),
}
