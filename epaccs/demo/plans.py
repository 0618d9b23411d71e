"""What is recorded of a made-up person beside CPR: illness, treatment, allergies, wishes, risks, people, documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from epaccs.care_plans.sections.preferred_places import PLACES
from epaccs.demo import names
from epaccs.demo.chance import SENTENCES, Weighted
from epaccs.demo.life import Life
from epaccs.demo.scenes import Scene, add_attorney
from epaccs.demo.stories import Body

_PLACE: Final = Weighted(
    {
        "home": 40.0,
        "usual_residence": 14.0,
        "hospice": 14.0,
        "nursing_home": 6.0,
        "residential_home": 3.0,
        "hospital": 3.0,
        "other_private_residence": 1.0,
        "community_hospital": 1.0,
        "undecided": 9.0,
        "declined": 4.0,
        "not_appropriate": 3.0,
        "unable": 2.0,
    }
)
_LEVEL: Final = Weighted(
    {
        "full_escalation": 12.0,
        "ward_no_icu": 30.0,
        "hospital_for_symptoms": 18.0,
        "treat_at_home": 25.0,
        "comfort_only": 15.0,
    }
)
_FOCUS: Final = {"full_escalation": "extend_life", "ward_no_icu": "balance"}
_ICD: Final = Weighted({"none": 12.0, "unknown": 1.0, "deactivated": 1.0})
_GROUPS: Final = {
    **{kind: kind for kind in ("cancer", "heart", "lungs", "nerves", "dementia", "frailty")},
    "organs": "kidneys_liver",
    "stroke": "nerves",
}
_PROGNOSIS: Final = Weighted({"weeks": 1.0, "months": 2.0, "about_a_year": 1.0, "more_than_a_year": 1.0})


@dataclass(frozen=True)
class Wanted:
    """What a person must show; None: whatever chance brings."""

    scene: str | None = None
    place: str | None = None
    register: str | None = None
    share: str | None = None
    level: str | None = None


# --- What the GP knows on the first day ------------------------------------------------------------------------------


def first_sections(
    life: Life, illness: Mapping[str, Any], scene: Scene, wanted: Wanted, *, is_woman: bool
) -> dict[str, Body]:
    """The sections that come with the registration; not everybody has been asked everything."""
    chance, began = life.chance, life.registered_days_ago + 0.99
    sections = {"diagnosis": _diagnosis(life, illness, began)}
    level = scene.level or wanted.level
    if level or chance.random() < 0.8:
        sections["treatment_level"] = _treatment_level(life, level or _LEVEL.pick(chance), began)
    if chance.random() < 0.92:
        sections["allergies"] = _allergies(life, began)
    if wanted.place or chance.random() < 0.82:
        sections["preferred_places"] = _places(life, wanted.place or _PLACE.pick(chance), began, is_woman=is_woman)
    if scene.icd or chance.random() < 0.7:
        sections["risks"] = _risks(life, scene.icd or _ICD.pick(chance))
    return sections


def _diagnosis(life: Life, illness: Mapping[str, Any], began: float) -> Body:
    chance = life.chance
    body: Body = {"primary": chance.choice(illness["names"]), "illness_group": _GROUPS[illness["kind"]]}
    if chance.random() < 0.7:
        body["other"] = chance.choice(illness["others"])
    if chance.random() < 0.8:
        prognosis = _PROGNOSIS.pick(chance)
        body |= {"prognosis": prognosis, "prognosis_on": life.day(began), "surprise": "would_not"}
        body["gold_standards"] = {"weeks": "c", "months": "b"}.get(prognosis, "a")
    if chance.random() < 0.6:
        body |= {"person_knows": life.has_capacity, "carer_knows": True}
    return body


def _treatment_level(life: Life, level: str, began: float) -> Body:
    chance = life.chance
    body: Body = {"level": level, "clinical_focus": _FOCUS.get(level, "comfort"), "decided_on": life.day(began)}
    if chance.random() < 0.7:
        body["guidance"] = _passage(life, "guidance")
    if chance.random() < 0.4:
        body["agreed_with"] = "The person and those close" if life.has_capacity else "Family and the care team"
    return body


def _allergies(life: Life, began: float) -> Body:
    kind = life.chance.random()
    if kind < 0.3:
        for agent, reaction, certainty in life.chance.sample(SENTENCES["allergies"], 1 if kind < 0.22 else 2):
            item = {"agent": agent, "reaction": reaction, "certainty": certainty}
            life.put_item(began - 0.01, life.gp, "allergies", item)
        return {"status": "known"}
    return {"status": "unavailable" if kind < 0.36 else "none_known"}


def _places(life: Life, first: str, began: float, *, is_woman: bool) -> Body:
    chance, usual = life.chance, "usual_residence" if life.lives_in_home else "home"
    body: Body = {"care_first": usual, "death_first": first, "discussed_on": life.day(began)}
    if first == "other":
        body["death_first_address"] = "Her caravan by the sea" if is_woman else "His boat, moored at the wharf"
    elif first in ("home", "usual_residence"):
        body["death_first_is_usual_residence"] = True
    if first in PLACES and first != "hospice" and chance.random() < 0.4:
        body["death_second"] = "hospice"
    if chance.random() < 0.45:
        body["note"] = _passage(life, "wishes")
    return body


def _risks(life: Life, icd: str) -> Body:
    chance = life.chance
    body: Body = {"icd": icd, "pacemaker": chance.random() < 0.08, "oxygen": chance.random() < 0.12}
    for name, kind, share in (("infection", "infections", 0.05), ("animals", "animals", 0.15), ("other", "risks", 0.2)):
        if chance.random() < share:
            body[name] = life.pick(kind)
    if not life.lives_in_home and chance.random() < 0.6:
        body["access_note"] = life.pick("access")
    if not life.lives_in_home and chance.random() < 0.3:
        body |= {"key_safe_place": life.pick("key_safes"), "key_safe_code": f"{chance.randint(0, 9999):04}"}
    return body


def _passage(life: Life, kind: str) -> str:
    """A sentence or two; sometimes two or three paragraphs, as when somebody has had the conversation."""
    chance, sentences = life.chance, SENTENCES[kind]
    if chance.random() < 0.85:
        return " ".join(chance.sample(sentences, chance.randint(1, 3)))
    chosen = chance.sample(sentences, chance.randint(6, 10))
    return "\n\n".join(" ".join(chosen[start : start + 4]) for start in range(0, len(chosen), 4))


# --- What others add -------------------------------------------------------------------------------------------------


def add_people(life: Life, days_ago: float) -> None:
    """Whom to call: those close, and a team that answers at night."""
    for place, (name, kin) in enumerate(life.close, start=2):
        knows = {"knows_diagnosis": True} if life.chance.random() < 0.7 else {}
        item = {"kind": "personal", "name": name, "relationship": kin, "mobile": names.choose_mobile(life.chance)}
        roles = {"roles": ["next_of_kin", "main_carer"], "call_order": place}
        life.put_item(days_ago, life.gp, "contacts", {**item, **knows, **roles})
    if life.has_key_worker and life.is_shared:
        who = life.colleagues
        team = {
            "kind": "professional",
            "name": who.key_worker_name,
            "telephone": who.key_worker_telephone,
            "is_24h": True,
            "roles": ["palliative_nurse", "hospice"] if who.key_worker_is_hospice else ["district_nurse"],
            "call_order": 1,
        }
        life.put_item(life.earlier(0.93, 0.98), life.nurse, "contacts", team)


def add_documents(life: Life, community: str, *, has_attorney: bool) -> None:
    """Attorneys, deputies and written wishes; an attorney who decided about CPR comes with the decision."""
    chance = life.chance
    if not has_attorney and chance.random() < 0.15:
        add_attorney(life, life.earlier(0.92, 0.95), authority=chance.choice(["yes", "yes", "no", "unknown"]))
    if chance.random() < 0.02:
        given = names.choose_given_name(chance, community, is_woman=chance.random() < 0.5)
        name = f"{given} {names.choose_family_name(chance, community)}"
        number = names.choose_mobile(chance)
        deputy = {"kind": "deputy", "name": name, "telephone": number, "authority_life_sustaining": "no"}
        life.put_item(life.earlier(0.92, 0.95), life.gp, "legal", deputy)
        life.proxies.append((name, "deputy"))
    if life.close and chance.random() < 0.05:
        money = {"kind": "lpa_property", "name": life.close[0][0], "is_registered": "yes"}
        life.put_item(life.earlier(0.92, 0.95), life.gp, "legal", money)
    if chance.random() < 0.06:
        statement = {"kind": "advance_statement", "refuses": life.pick("statements")}
        life.put_item(life.earlier(0.3, 0.9), life.nurse, "legal", statement)


def add_medicines(life: Life) -> None:
    """Whether anticipatory medicines are in the home, for four in ten."""
    chance = life.chance
    if chance.random() > 0.4:
        return
    days_ago = life.earlier(0.05, 0.6)
    body: Body = {"status": chance.choice(["in_home", "in_home", "in_home", "authorised", "not_arranged"])}
    if body["status"] == "in_home":
        body |= {"where": life.pick("medicines"), "chart_where": life.pick("charts")}
        body |= {"last_checked_on": life.day(days_ago), "syringe_driver": chance.random() < 0.2}
    life.do(days_ago, life.nurse, "medicines", body)


def add_review(life: Life) -> None:
    """Whoever has been on the register for long was reviewed since, most of them in time."""
    if life.registered_days_ago < 88 or life.chance.random() < 0.2:
        return
    days_ago = life.chance.uniform(2, 82)
    next_on = (life.at(days_ago) + timedelta(days=85)).date().isoformat()
    life.do(days_ago, life.gp, "lifecycle", {"next_on": next_on}, kind="review")
