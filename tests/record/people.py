"""Made-up people as material: every section as the writer keeps it; a call says only what matters to its test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from epaccs.access.rules import Tier
from epaccs.record.declared import sights
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.rules import Held, Material, Recorded, Value

T0, T1, T2, T3 = Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE
EVERYTHING = frozenset({T0, T1, T2, T3})
CARD_ONLY = frozenset({T0, T1})
NEEDS = frozenset({T0, Tier.NEEDS})
EXISTS = frozenset({T0})

ENTRY_ID = UUID("01939b6e-0000-7000-8000-000000000001")
RECORDED_AT = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
ORGANISATIONS = {"A99001": "Elm Street Surgery", "A99002": "Hill House", "A99003": "Northdale Nurses"}

STAMP = {
    "name": "Dr A Patel",
    "role": "gp",
    "organisation_name": "Elm Street Surgery",
    "recorded_at": RECORDED_AT.isoformat(),
}

IDENTITY: Value = {
    "family_name": "Okonkwo",
    "given_name": "Grace",
    "title": "Mrs",
    "preferred_name": "Gracie",
    "born_on": "1941-01-06",
    "gender": "2",
    "nhs_number": "9990000018",
    "nhs_number_status": "01",
    "superseded_nhs_numbers": ["9990000026"],
    "address": "12 Canal Row\nNorthdale",
    "postcode": "ND1 4QX",
    "telephone": "01632 960444",
    "mobile": "07700 900444",
    "address_restricted": None,
    "usual_gp_name": "Dr A Patel",
    "practice_ods": "A99001",
    "care_home_ods": "A99002",
    "main_carer": "has_carer",
    "main_carer_name": "Chidi Okonkwo",
    "key_worker_name": "Sister J Marsh",
    "key_worker_ods": "A99003",
    "key_worker_telephone": "01632 960777",
}
TREATMENT: Value = {
    "level": "hospital_for_symptoms",
    "clinical_focus": "comfort",
    "guidance": "Antibiotics by mouth: yes. No drip.",
    "agreed_with": "Grace and her son",
    "decided_on": "2026-11-20",
}
ADRT: Value = {
    "kind": "adrt",
    "refuses": "Ventilation and tube feeding",
    "refuses_cpr": False,
    "refuses_life_sustaining": True,
    "made_on": "2025-03-02",
    "is_written": True,
    "is_signed": True,
    "is_witnessed": None,
    "states_even_if_life_at_risk": True,
    "made_at_18_or_over": True,
    "had_capacity": True,
    "document_seen_by": "Dr A Patel, GP",
    "document_seen_on": "2026-11-20",
    "document_location": "Bureau, top drawer",
}
LPA: Value = {
    "kind": "lpa",
    "name": "Chidi Okonkwo",
    "telephone": "07700 900321",
    "authority_life_sustaining": "yes",
    "is_registered": "yes",
}
LEGAL: Value = {"items": {"a": LPA, "b": ADRT}}
ALLERGIES: Value = {"status": "known", "items": {"a": {"agent": "Codeine", "reaction": "rash", "certainty": "likely"}}}
MEDICINES: Value = {
    "status": "in_home",
    "where": "Fridge door, blue bag",
    "chart_where": "With the medicines",
    "last_checked_on": "2026-11-18",
    "syringe_driver": False,
}
RISKS: Value = {
    "icd": "active",
    "pacemaker": False,
    "oxygen": True,
    "infection": "MRSA",
    "animals": "Large dog, friendly",
    "access_note": "Back door after dark",
    "key_safe_place": "Left of the front door",
    "key_safe_code": "4711",
}
DIAGNOSIS: Value = {"primary": "Heart failure", "other": "Diabetes", "prognosis": "weeks", "person_knows": True}
PLACES: Value = {
    "care_first": "home",
    "death_first": "home",
    "death_first_address": "12 Canal Row",
    "death_second": "hospice",
    "death_second_address": "St Anne's",
    "discussed_on": "2026-11-01",
}
SON: Value = {
    "kind": "personal",
    "name": "Chidi Okonkwo",
    "relationship": "son",
    "telephone": "07700 900321",
    "roles": ["attorney", "next_of_kin"],
    "call_order": 2,
    "knows_cpr": True,
}
SISTER: Value = {
    "kind": "personal",
    "name": "Ada Obi",
    "relationship": "sister",
    "telephone": "07700 900654",
    "call_order": 1,
}
NURSES: Value = {
    "kind": "professional",
    "name": "Hospice nurses",
    "relationship": "hospice team",
    "telephone": "01632 960101",
    "is_24h": True,
    "call_order": 3,
}
PRACTICE: Value = {
    "kind": "professional",
    "name": "Elm Street Surgery",
    "telephone": "01632 960001",
    "is_24h": False,
    "hours": "8 to 18",
}
BROTHER: Value = {"kind": "personal", "name": "Emeka Okonkwo", "relationship": "brother", "do_not_contact": True}
CONTACTS: Value = {"items": {"a": SON, "b": SISTER, "c": NURSES, "d": PRACTICE, "e": BROTHER}}
CONSENT: Value = {
    "register": {"status": "given", "decided_by": "Grace", "decided_on": "2026-11-01"},
    "share": {"status": "given", "decided_by": "Grace", "decided_on": "2026-11-01"},
}
LIFECYCLE: Value = {"status": "on_register"}
PROFESSIONAL: Value = {
    "clinician_id": "c1",
    "name": "Dr A Patel",
    "role": "GP",
    "organisation_name": "Elm Street Surgery",
    "professional_number": "1234567",
}
DECISION: Value = {
    "id": "d1",
    "status": "in_force",
    "recommendation": "not_for_cpr",
    "decided_at": RECORDED_AT.isoformat(),
    "signed_at": RECORDED_AT.isoformat(),
    "signer": PROFESSIONAL,
    "reason": "would_not_work",
    "aware": ["person", "family"],
    "original_location": "Hall drawer, yellow folder",
    "last_reviewed": {"at": RECORDED_AT.isoformat(), "by": PROFESSIONAL},
}
CPR: Value = {"decisions": [DECISION]}

FULL: dict[str, Value] = {
    "identity": IDENTITY,
    "lifecycle": LIFECYCLE,
    "consent": CONSENT,
    "cpr": CPR,
    "treatment_level": TREATMENT,
    "legal": LEGAL,
    "allergies": ALLERGIES,
    "medicines": MEDICINES,
    "risks": RISKS,
    "diagnosis": DIAGNOSIS,
    "preferred_places": PLACES,
    "contacts": CONTACTS,
}


def recorded(name: str, value: Value, **fields: Any) -> Recorded:
    """One section at its first version, every field entered by the same doctor."""
    keys = [key for key in value if key != "items"] + [f"items/{key}" for key in value.get("items", {})]
    return Recorded(name, fields.pop("version", 1), value, dict.fromkeys(keys, STAMP), RECORDED_AT, **fields)


def a_material(*, held: tuple[Held, ...] = (), **sections: Value | None) -> Material:
    """A person with everything recorded; a section given as None was never recorded."""
    values = {**FULL, **sections}
    return Material(
        ENTRY_ID, {name: recorded(name, value) for name, value in values.items() if value is not None}, held
    )


def a_held(section: str, kind: str, body: Value, **author: str) -> Held:
    """A change that waits for a person."""
    by = {"name": "L Hart", "role": "paramedic", "organisation_name": "Northdale Ambulance", **author}
    return Held(uuid4(), section, kind, body, 1, by, None, RECORDED_AT, "high", "changed_meanwhile")


def a_summary(tiers: frozenset[Tier] = EVERYTHING, **sections: Any) -> RecordSummary:
    """What an audience sees of such a person."""
    return build_summary(a_material(**sections), tiers, sights=sights(), organisations=ORGANISATIONS, number=7)


# --- CPR, one value for each line of the table -----------------------------------------------------------------------

HART: Value = {"name": "L Hart", "role": "paramedic", "organisation_name": "Northdale Ambulance"}
MARSH: Value = {"name": "Sister J Marsh", "role": "community nurse", "organisation_name": "Northdale Nurses"}


def at(day: int, hour: int = 14, minute: int = 5) -> str:
    """A moment in November 2026, as it is kept."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).isoformat()


def a_decision(**fields: Any) -> Value:
    """The decision in force, with some of it changed."""
    return {**DECISION, **fields}


def a_proposal(**fields: Any) -> Value:
    """Proposed by a nurse five days ago."""
    proposal = {
        "id": "p1",
        "status": "awaiting_confirmation",
        "recommendation": "not_for_cpr",
        "by": MARSH,
        "recorded_at": at(16),
        "decided_at": at(16),
    }
    return {**proposal, **fields}


REPORT: Value = a_proposal(status="reported", by=HART, told_by="Ada Obi, sister", told_from="St Anne's ward 4")
WITHDRAWAL: Value = {
    "id": "w1",
    "by": HART,
    "recorded_at": at(21, 1, 30),
    "said_at": at(21, 1, 23),
    "had_capacity": "not_known",
}
RELATIVE_REPORT: Value = {
    "id": "r1",
    "by": HART,
    "recorded_at": at(21, 1, 30),
    "said_by": "Ada Obi",
    "relationship": "sister",
    "is_relative": True,
    "words": "She wants everything done",
}
REVOKED: Value = a_decision(
    status="revoked",
    ended={"at": at(20, 20), "edit_id": "e1", "kind": "revoke", "by": PROFESSIONAL, "reason": "wishes_changed"},
)
ENDED_BY_DEATH: Value = a_decision(
    status="ended_by_death", ended={"at": at(20, 20), "edit_id": "e1", "kind": "ended_by_death"}
)
CONFIRMED_DEATH: Value = {
    "status": "on_register",
    "death": {"status": "confirmed", "died_on": "2026-11-20", "confirmed_by": PROFESSIONAL, "confirmed_at": at(20, 20)},
}
REPORTED_DEATH: Value = {
    "status": "on_register",
    "death": {"status": "reported", "died_on": "2026-11-20", "reported_by": HART, "reported_at": at(20, 20)},
}
