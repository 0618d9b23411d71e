"""What one clinician may see of one person: the one reading model behind the page, the card, the sheet, every outlet.

Pure and made of plain values: no clock, no session. Whatever depends on the present moment (ages, overdue reviews, the
CPR line with the age of the copy) is asked for with the moment in hand. `None` where a part stands means that it is not
there for this reader; an empty part means that nothing is recorded. The two are never mixed up: for CPR, advance
decisions and attorneys, treatment level, allergies and risks the first is said aloud ("Your role cannot see this").

Source: SCCI1580 v4.0; PRSB palliative and end of life care; hazards H-01, H-05, H-12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Final

from epaccs.access.rules import Tier, audience_name
from epaccs.care_plans.rules import adrt_missing
from epaccs.core.fields import format_date
from epaccs.cpr_decisions.rules.kept import Kept
from epaccs.cpr_decisions.rules.states import CPRState
from epaccs.observations.rules import OBSERVATIONS, find_open, newest_of_each_part
from epaccs.record.rules.ages import find_ageing
from epaccs.record.rules.disagreements import find_disagreements
from epaccs.record.rules.parts import (
    AdvanceDecision,
    Ageing,
    Allergies,
    Allergy,
    Attorney,
    Contact,
    Contacts,
    Contingencies,
    CPRPart,
    Death,
    Diagnosis,
    Disagreement,
    HeldCPR,
    Identity,
    IfThen,
    Legal,
    Lifecycle,
    Matters,
    Medicines,
    Places,
    Risks,
    Rival,
    Said,
    SaidWrong,
    Sharing,
    Statement,
    Talking,
    TreatmentLevel,
)
from epaccs.record.sight import SectionSight, Sights, describe, is_restricted, visible
from epaccs.register.rules import REMOVAL_REASONS, find_moved_at
from epaccs.versions.rules import Held, Material, Recorded, Value, find_unchecked, present_items

#: What a crew must be told about even when they may not see it.
NEVER_ABSENT: Final = ("cpr", "treatment", "legal", "allergies", "risks")

# --- The whole -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RecordSummary(Kept):
    """What one audience may see of one person, in the order of the card. A part that is None is not there for them.

    `number` is that of the change it was made after; `as_at` None: now. `changed`: who changed anything last.
    `disagreements`: answers that cannot both be true, where this audience sees them all. `said_wrong`: which parts that
    this audience sees somebody found wrong, until it is settled; what else was said after visits stands on no card.
    """

    entry_id: str
    audience: str
    number: int = 0
    as_at: datetime | None = None
    changed: Said | None = None
    identity: Identity = field(default_factory=Identity)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    cpr: CPRPart | None = None
    treatment: TreatmentLevel | None = None
    legal: Legal | None = None
    allergies: Allergies | None = None
    medicines: Medicines | None = None
    risks: Risks | None = None
    contingencies: Contingencies | None = None
    matters: Matters | None = None
    talking: Talking | None = None
    places: Places | None = None
    contacts: Contacts | None = None
    diagnosis: Diagnosis | None = None
    sharing: Sharing | None = None
    disagreements: tuple[Disagreement, ...] = ()
    said_wrong: tuple[SaidWrong, ...] = ()

    def to_value(self) -> Value:
        """As JSON; a part with nothing recorded is written as an empty one: left out, it would come back as hidden."""
        parts = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            **super().to_value(),
            **{name: part.to_value() for name, part in parts.items() if isinstance(part, Kept)},
        }

    def cannot_see(self) -> tuple[str, ...]:
        """The parts that must be said to be hidden from this reader."""
        return tuple(name for name in NEVER_ABSENT if getattr(self, name) is None)


def build_summary(
    material: Material,
    tiers: frozenset[Tier],
    *,
    sights: Sights,
    organisations: Mapping[str, str],
    number: int = 0,
    restricted: bool = False,
) -> RecordSummary:
    """The summary for one audience.

    Args:
        material: everything recorded of the person.
        tiers: what the audience sees.
        sights: every section as its readers meet it.
        organisations: ODS code -> name; a code that is not there is shown as it is.
        number: of the latest change.
        restricted: the address is restricted now, whatever the material says of an earlier day.
    """
    restricted = restricted or is_restricted(material)
    seen = visible(material, tiers, sights, restricted=restricted)
    builder = _Builder(seen, tiers, sights, organisations)
    return RecordSummary(
        entry_id=str(material.entry_id),
        audience=audience_name(tiers),
        number=number,
        as_at=material.as_at,
        changed=build_said(latest_stamp(one for name, one in seen.sections.items() if not sights[name].is_log)),
        identity=builder.identity(restricted=restricted),
        lifecycle=builder.lifecycle(),
        cpr=builder.cpr(moved_at=find_moved_at(material.value("identity"))),
        treatment=builder.treatment(),
        legal=builder.legal(),
        allergies=builder.allergies(),
        medicines=builder.medicines(),
        risks=builder.risks(),
        contingencies=builder.contingencies(),
        matters=builder.matters(),
        talking=builder.talking(),
        places=builder.places(),
        contacts=builder.contacts(),
        diagnosis=builder.diagnosis(),
        sharing=builder.sharing(),
        disagreements=find_disagreements(
            {name: one.value for name, one in material.sections.items()}, sights, tiers, restricted=restricted
        ),
        said_wrong=find_said_wrong(material, tiers, sights),
    )


def find_said_wrong(material: Material, tiers: frozenset[Tier], sights: Sights) -> tuple[SaidWrong, ...]:
    """What was found wrong and is not settled, of what an audience sees: once for each part, the newest first.

    Whoever may not read what was said is told all the same that something was: they read what it is about.

    Source: hazard H-52.
    """
    found = newest_of_each_part(find_open(material.value(OBSERVATIONS)))
    return tuple(
        SaidWrong(section=one.part, label=sights[one.part].label if one.part else "", at=one.said_at)
        for one in found
        if not one.part or (one.part in sights and sights[one.part].is_seen_by(tiers))
    )


def build_said(stamp: Mapping[str, Any] | None, *, at: datetime | None = None) -> Said | None:
    """Who said something, from a stamp or an author as they are kept beside values; None: nobody is named."""
    if not stamp:
        return None
    moment = stamp.get("recorded_at") or stamp.get("at")
    return Said(
        name=stamp.get("name", ""),
        role=stamp.get("role", ""),
        organisation=stamp.get("organisation_name", ""),
        at=at or (datetime.fromisoformat(moment) if moment else None),
    )


def build_said_of_death(death: Mapping[str, Any]) -> Said | None:
    """Who confirmed a death, or who reported one that nobody confirmed."""
    status = death.get("status", "")
    return build_said(death.get(f"{status}_by"), at=_moment(death.get(f"{status}_at")))


def find_copied(recorded: Recorded) -> Said | None:
    """Who copied some of a section from paper that nobody compared with it since; None: nobody (hazard H-42)."""
    unchecked = find_unchecked(recorded.value, recorded.provenance)
    return build_said(unchecked[0]) if unchecked else None


def latest_stamp(recorded: Iterable[Recorded]) -> Value | None:
    """The stamp of whoever changed anything last; None: nobody did."""
    stamps = [stamp for one in recorded for stamp in one.provenance.values()]
    return max(stamps, key=itemgetter("recorded_at"), default=None)


class _Builder:
    """Builds each part from values in which nothing hidden is left."""

    def __init__(
        self, seen: Material, tiers: frozenset[Tier], sights: Sights, organisations: Mapping[str, str]
    ) -> None:
        self._seen, self._tiers, self._sights, self._organisations = seen, tiers, sights, organisations

    def identity(self, *, restricted: bool) -> Identity:
        value, sight = self._value("identity"), self._sights["identity"]
        texts = _texts(value, "family_name", "given_name", "title", "preferred_name", "nhs_number", "nhs_number_status")
        texts |= _texts(value, "address", "postcode", "telephone", "mobile", "main_carer_name", "key_worker_telephone")
        coded = {name: _words(sight, value, name) for name in ("gender", "no_nhs_number_reason", "main_carer")}
        return Identity(
            **{**texts, **coded, **self._fact("identity")},
            born_on=_day(value.get("born_on")),
            superseded_nhs_numbers=tuple(value.get("superseded_nhs_numbers", ())),
            is_restricted=restricted,
            usual_gp=value.get("usual_gp_name", ""),
            practice=self._organisation(value.get("practice_ods")),
            care_home=self._organisation(value.get("care_home_ods")),
            key_worker=value.get("key_worker_name", ""),
            key_worker_organisation=self._organisation(value.get("key_worker_ods")),
        )

    def lifecycle(self) -> Lifecycle:
        value = self._value("lifecycle")
        removed = value.get("removed") or {}
        return Lifecycle(
            status=value.get("status", ""),
            removed_because=REMOVAL_REASONS.get(removed.get("reason", ""), ""),
            removed=build_said(removed.get("by"), at=_moment(removed.get("at"))),
            merged_into=value.get("merged_into") or "",
            death=self._death(value),
        )

    def _death(self, value: Value) -> Death | None:
        death = value.get("death")
        if not death:
            return None
        sightings = (build_said(one.get("by"), at=_moment(one.get("at"))) for one in value.get("seen_alive", ()))
        return Death(
            status=death.get("status", ""),
            died_on=_day(death.get("died_on")),
            told_by=death.get("told_by") or "",
            said=build_said_of_death(death),
            seen_alive=tuple(said for said in sightings if said),
        )

    def cpr(self, *, moved_at: datetime | None) -> CPRPart | None:
        if not self._is_seen("cpr"):
            return None
        held = tuple(_held_cpr(one) for one in self._seen.held_in("cpr"))
        state = CPRState.from_value(self._value("cpr"))
        return CPRPart(state=state, held=held, moved_at=moved_at, **self._fact("cpr"))

    def treatment(self) -> TreatmentLevel | None:
        if not self._is_seen("treatment_level"):
            return None
        value, sight = self._value("treatment_level"), self._sights["treatment_level"]
        return TreatmentLevel(
            code=value.get("level", ""),
            level=_words(sight, value, "level"),
            focus=_words(sight, value, "clinical_focus"),
            **_texts(value, "guidance", "agreed_with"),
            decided_on=_day(value.get("decided_on")),
            **self._fact("treatment_level"),
        )

    def legal(self) -> Legal | None:
        if not self._is_seen("legal"):
            return None
        items = present_items(self._value("legal"))
        said = {key: self._said("legal", f"items/{key}") for key in items}
        sight = self._sights["legal"]
        of_kind = {
            kind: [key for key in items if items[key].get("kind") == kind] for kind in ("adrt", "advance_statement")
        }
        return Legal(
            advance_decisions=tuple(_advance_decision(items[key], said[key]) for key in of_kind["adrt"]),
            attorneys=tuple(
                sorted(
                    (
                        _attorney(one, said[key], sight)
                        for key, one in items.items()
                        if one.get("kind") in ("lpa", "deputy")
                    ),
                    key=_authority_order,
                )
            ),
            statements=tuple(
                Statement(words=items[key].get("refuses", ""), made_on=_day(items[key].get("made_on")), said=said[key])
                for key in of_kind["advance_statement"]
                if not items[key].get("withdrawn_on")
            ),
            **self._fact("legal"),
        )

    def allergies(self) -> Allergies | None:
        if not self._is_seen("allergies"):
            return None
        value = self._value("allergies")
        certainty = self._sights["allergies"].item_fields["certainty"]
        return Allergies(
            status=value.get("status", ""),
            items=tuple(
                Allergy(**_texts(item, "agent", "reaction"), certainty=certainty.words(item.get("certainty")))
                for item in present_items(value).values()
            ),
            **self._fact("allergies"),
        )

    def medicines(self) -> Medicines | None:
        if not self._is_seen("medicines"):
            return None
        value, sight = self._value("medicines"), self._sights["medicines"]
        return Medicines(
            status=_words(sight, value, "status"),
            is_in_home=value.get("status") == "in_home",
            **_texts(value, "where", "chart_where", "note"),
            last_checked_on=_day(value.get("last_checked_on")),
            syringe_driver=value.get("syringe_driver"),
            **self._fact("medicines"),
        )

    def risks(self) -> Risks | None:
        if not self._is_seen("risks"):
            return None
        value = self._value("risks")
        return Risks(
            **_texts(value, "icd", "infection", "animals", "other", "access_note", "key_safe_place"),
            pacemaker=value.get("pacemaker"),
            oxygen=value.get("oxygen"),
            alerts=_words_of_each(self._sights["risks"], value, "alerts"),
            has_key_safe_code="key_safe_code" in value,
            hides_clinical=Tier.T1_EMERGENCY not in self._tiers,
            **self._fact("risks"),
        )

    def contingencies(self) -> Contingencies | None:
        if not self._is_seen("contingency"):
            return None
        items = present_items(self._value("contingency")).values()
        plans = (IfThen(**_texts(item, "trigger", "what_to_do", "contact_name", "contact_telephone")) for item in items)
        return Contingencies(plans=tuple(plans), **self._fact("contingency"))

    def matters(self) -> Matters | None:
        if not self._is_seen("about_me"):
            return None
        return Matters(words=self._value("about_me").get("most_important", ""), **self._fact("about_me"))

    def talking(self) -> Talking | None:
        if not self._is_seen("communication"):
            return None
        value, sight = self._value("communication"), self._sights["communication"]
        return Talking(
            language=value.get("spoken_language", ""),
            interpreter=_words(sight, value, "interpreter"),
            disabilities=_words_of_each(sight, value, "disabilities"),
            **self._fact("communication"),
        )

    def places(self) -> Places | None:
        if not self._is_seen("preferred_places"):
            return None
        value, sight = self._value("preferred_places"), self._sights["preferred_places"]
        return Places(
            care=_words(sight, value, "care_first"),
            **_texts(value, "care_note", "death_first_address", "death_second_address"),
            death_first=_words(sight, value, "death_first"),
            death_second=_words(sight, value, "death_second"),
            discussed_on=_day(value.get("discussed_on")),
            **self._fact("preferred_places"),
        )

    def contacts(self) -> Contacts | None:
        if not self._is_seen("contacts"):
            return None
        items = list(present_items(self._value("contacts")).values())
        roles = self._sights["contacts"].item_fields["roles"].values
        legal = self.legal()
        attorneys = legal.attorneys if legal else ()
        return Contacts(
            to_call=_calling_order([one for one in items if not one.get("do_not_contact")], attorneys, roles),
            not_to_call=tuple(_contact(one, roles, {}) for one in items if one.get("do_not_contact")),
            **self._fact("contacts"),
        )

    def diagnosis(self) -> Diagnosis | None:
        if not self._is_seen("diagnosis"):
            return None
        value, sight = self._value("diagnosis"), self._sights["diagnosis"]
        return Diagnosis(
            **_texts(value, "primary", "other"),
            prognosis=_words(sight, value, "prognosis"),
            prognosis_on=_day(value.get("prognosis_on")),
            person_knows=value.get("person_knows"),
            carer_knows=value.get("carer_knows"),
            **self._fact("diagnosis"),
        )

    def sharing(self) -> Sharing | None:
        if not self._is_seen("consent"):
            return None
        value, sight = self._value("consent"), self._sights["consent"]
        words = sight.fields["status"].words
        return Sharing(
            register=words(value.get("register", {}).get("status")),
            share=words(value.get("share", {}).get("status")),
            **self._fact("consent"),
        )

    # What the parts have in common

    def _is_seen(self, section: str) -> bool:
        return section in self._sights and self._sights[section].is_seen_by(self._tiers)

    def _value(self, section: str) -> Value:
        return self._seen.value(section) or {}

    def _organisation(self, ods_code: str | None) -> str:
        return self._organisations.get(ods_code, ods_code) if ods_code else ""

    def _fact(self, section: str) -> dict[str, Any]:
        recorded = self._seen.sections.get(section)
        rivals = tuple(self._rival(held) for held in self._seen.held_in(section))
        if recorded is None:
            return {"rivals": rivals}
        return {
            "version": recorded.version,
            "said": build_said(latest_stamp([recorded])),
            "confirmed": build_said(recorded.confirmed_by, at=recorded.confirmed_at),
            "copied": find_copied(recorded),
            "rivals": rivals,
            "ageing": tuple(self._ageing(recorded, self._sights[section])),
        }

    def _ageing(self, recorded: Recorded, sight: SectionSight) -> Iterator[Ageing]:
        """The answers of a section that grow old, of those that the card shows; of a list, with whose they are."""
        answers = [(one, recorded.value.get(name), name, "") for name, one in sight.fields.items() if one.ages]
        aging = {name: one for name, one in sight.item_fields.items() if one.ages}
        if aging:
            answers += [
                (one, item.get(name), f"items/{key}", sight.title(item))
                for key, item in present_items(recorded.value).items()
                for name, one in aging.items()
            ]
        for field_sight, answer, key, who in answers:
            found = find_ageing(field_sight, answer, recorded, key=key, who=who) if field_sight.on_card else None
            if found is not None:
                yield found

    def _said(self, section: str, key: str) -> Said | None:
        recorded = self._seen.sections.get(section)
        return build_said(recorded.provenance.get(key)) if recorded else None

    def _rival(self, held: Held) -> Rival:
        by = build_said(held.author, at=held.held_at) or Said()
        return Rival(by=by, words=describe(self._sights[held.section], held.body))


# --- Single parts ----------------------------------------------------------------------------------------------------


def _words_of_each(sight: SectionSight, value: Value, name: str) -> tuple[str, ...]:
    """Each ticked answer in words."""
    return tuple(sight.fields[name].words(code) for code in value.get(name) or ())


def _words(sight: SectionSight, value: Value, name: str) -> str:
    return sight.fields[name].words(value.get(name))


def _texts(value: Value, *names: str) -> dict[str, Any]:
    return {name: value.get(name) or "" for name in names}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _held_cpr(held: Held) -> HeldCPR:
    return HeldCPR(
        edit_id=str(held.edit_id),
        kind=held.kind,
        recommendation=str(held.body.get("recommendation") or ""),
        outcome=str(held.body.get("outcome") or ""),
        author=build_said(held.author, at=held.held_at) or Said(),
        received_at=held.held_at,
        decided_at=held.decided_at,
    )


def _advance_decision(item: Value, said: Said | None) -> AdvanceDecision:
    return AdvanceDecision(
        refuses=item.get("refuses", ""),
        refuses_cpr=bool(item.get("refuses_cpr")),
        refuses_life_sustaining=bool(item.get("refuses_life_sustaining")),
        made_on=_day(item.get("made_on")),
        seen_by=item.get("document_seen_by", ""),
        seen_on=_day(item.get("document_seen_on")),
        location=item.get("document_location", ""),
        withdrawn_on=_day(item.get("withdrawn_on")),
        missing=tuple(adrt_missing(item)),
        said=said,
    )


def _attorney(item: Value, said: Said | None, sight: SectionSight) -> Attorney:
    return Attorney(
        **_texts(item, "name", "telephone"),
        is_deputy=item.get("kind") == "deputy",
        authority=item.get("authority_life_sustaining", ""),
        registered=item.get("is_registered", ""),
        acting=sight.item_fields["acting"].words(item.get("acting")),
        made_on=_day(item.get("made_on")),
        withdrawn_on=_day(item.get("withdrawn_on")),
        was_seen=bool(item.get("document_seen_by") or item.get("document_seen_on")),
        said=said,
    )


def _authority_order(attorney: Attorney) -> tuple[bool, bool, int]:
    """Attorneys with authority first, then deputies; last those whose authority ended."""
    return not attorney.stands, attorney.is_deputy, {"yes": 0, "no": 2}.get(attorney.authority, 1)


def _contact(item: Value, role_labels: Mapping[str, str], attorneys: Mapping[str, Attorney]) -> Contact:
    codes = item.get("roles") or []
    attorney = attorneys.get(_name_key(item.get("name", "")))
    return Contact(
        **_texts(item, "name", "relationship", "mobile", "hours"),
        **_standing(attorney, codes),
        telephone=item.get("telephone") or (attorney.telephone if attorney else ""),
        roles=tuple(role_labels.get(code, code) for code in codes),
        is_professional=item.get("kind") == "professional",
        is_24h=bool(item.get("is_24h")),
        knows_diagnosis=item.get("knows_diagnosis"),
        knows_cpr=item.get("knows_cpr"),
    )


def _standing(attorney: Attorney | None, codes: Iterable[str]) -> dict[str, Any]:
    """Their authority in law, unless it ended; somebody only called an attorney among the contacts has no document."""
    if attorney is not None and attorney.withdrawn_on is not None:
        return {"authority": f"authority ended {format_date(attorney.withdrawn_on)}"}
    if attorney is not None:
        return {"standing": "deputy" if attorney.is_deputy else "attorney"}
    if "attorney" in codes or "deputy" in codes:
        standing = "attorney" if "attorney" in codes else "deputy"
        return {"standing": standing, "authority": "no document here"}
    return {}


def _name_key(name: str) -> str:
    return " ".join(name.casefold().split())


def _calling_order(
    items: list[Value], attorneys: tuple[Attorney, ...], role_labels: Mapping[str, str]
) -> tuple[Contact, ...]:
    """Professionals who answer at night, then attorneys, then family, then everybody with office hours."""
    by_name = {_name_key(one.name): one for one in reversed(attorneys) if one.name}
    ordered = sorted(items, key=lambda item: item.get("call_order") or 100)
    contacts = [_contact(item, role_labels, by_name) for item in ordered]
    listed = {_name_key(one.name) for one in contacts}
    contacts += [_contact_of(one) for one in attorneys if one.stands and _name_key(one.name) not in listed]
    return tuple(sorted(contacts, key=_calling_place))


def _contact_of(attorney: Attorney) -> Contact:
    """An attorney whom the list of contacts does not hold."""
    return Contact(name=attorney.name, telephone=attorney.telephone, **_standing(attorney, ()))


def _calling_place(contact: Contact) -> int:
    if contact.is_professional:
        return 0 if contact.is_24h else 3
    return 1 if contact.standing else 2
