"""The parts of a summary: what stands on a card, in its order, each part a handful of plain values with their words.

An empty part means that nothing is recorded. Whatever depends on the present moment is asked for with the day in hand.

Source: SCCI1580 v4.0; PRSB palliative and end of life care; CUI patient banner and allergy labels; hazards H-01, H-12.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from epaccs.clinicians.rules import ROLE_LABELS
from epaccs.core.fields import age_in_years, format_date, local_date
from epaccs.core.nhs_number import NHSNumberStatus
from epaccs.cpr_decisions.rules.doubt import HeldRival
from epaccs.cpr_decisions.rules.kept import Kept
from epaccs.cpr_decisions.rules.states import CPRState

_ROLE_LABELS: Final = {str(role): label for role, label in ROLE_LABELS.items()}

# --- Who said it -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Said(Kept):
    """Who entered a fact, in which role and organisation, and when the register got it."""

    name: str = ""
    role: str = ""
    organisation: str = ""
    at: datetime | None = None

    @property
    def role_label(self) -> str:
        """The role as it is said."""
        return _ROLE_LABELS.get(self.role, self.role)

    @property
    def who(self) -> str:
        """Name, role and organisation as a line shows them."""
        return ", ".join(part for part in (self.name, self.role_label, self.organisation) if part)


@dataclass(frozen=True, kw_only=True)
class Rival(Kept):
    """A change that waits for somebody to settle it; the fact beside it is only the last confirmed."""

    by: Said = field(default_factory=Said)
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Ageing(Kept):
    """An answer that grows old: since when it holds, and until when it may be taken as current.

    `how`: "entered" or "confirmed"; empty: `since` is the answer itself. `who`: of whom it is; empty: of the person.
    """

    words: str = ""
    since: date
    check_by: date
    how: str = ""
    who: str = ""


@dataclass(frozen=True, kw_only=True)
class Disagreement(Kept):
    """Two answers that cannot both be true, or that somebody must look at, in a sentence that says what to do.

    `sections`, `labels`: those that hold the answers, and what they are called. `is_for_crew`: it stands on card and
    sheet. `is_on_line`: the line about CPR says so already.
    """

    key: str = ""
    words: str = ""
    sections: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    is_for_crew: bool = False
    is_on_line: bool = False

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Each section concerned: its name in addresses, and what it is called."""
        return tuple(zip(self.sections, self.labels, strict=True))


@dataclass(frozen=True, kw_only=True)
class SaidWrong(Kept):
    """That somebody who was there said that something is wrong, and nobody has settled it.

    `section`, `label`: what looked wrong, and what it is called; empty: nobody said which part.
    """

    section: str = ""
    label: str = ""
    at: datetime

    @property
    def words(self) -> str:
        """As it stands beside what may be wrong (hazard H-52)."""
        return f"Something was said to be wrong on {format_date(local_date(self.at))}. Not settled"

    @property
    def part(self) -> str:
        """Which part of the record, in a word."""
        return self.label or "nobody said which part"

    @property
    def day(self) -> str:
        """When it was said."""
        return format_date(local_date(self.at))


@dataclass(frozen=True, kw_only=True)
class Fact(Kept):
    """What every part knows of itself: who said it last, who confirmed it since, and what contradicts it.

    `version`: of the section it comes from, as paper names it; 0: nothing was ever recorded. `ageing`: those of its
    answers that grow old. `copied`: who copied some of it from paper that nobody compared with it since; None: nobody.
    """

    version: int = 0
    said: Said | None = None
    confirmed: Said | None = None
    copied: Said | None = None
    rivals: tuple[Rival, ...] = ()
    ageing: tuple[Ageing, ...] = ()

    @property
    def is_disputed(self) -> bool:
        """Neither side is current: somebody must settle it."""
        return bool(self.rivals)


# --- Who this is -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Identity(Fact):
    """The person as a banner shows them, and how to reach them; organisations are names, not codes."""

    family_name: str = ""
    given_name: str = ""
    title: str = ""
    preferred_name: str = ""
    born_on: date | None = None
    gender: str = ""
    nhs_number: str = ""
    nhs_number_status: str = ""
    no_nhs_number_reason: str = ""
    superseded_nhs_numbers: tuple[str, ...] = ()
    address: str = ""
    postcode: str = ""
    telephone: str = ""
    mobile: str = ""
    is_restricted: bool = False
    usual_gp: str = ""
    practice: str = ""
    care_home: str = ""
    main_carer: str = ""
    main_carer_name: str = ""
    key_worker: str = ""
    key_worker_organisation: str = ""
    key_worker_telephone: str = ""

    @property
    def warning(self) -> str:
        """What is not certain of who this is; empty: the NHS number was traced to this person (hazard H-01)."""
        if not self.nhs_number:
            reason = self.no_nhs_number_reason[:1].lower() + self.no_nhs_number_reason[1:]
            return f"Identity not verified: no NHS number ({reason or 'no reason recorded'})"
        status = next((one for one in NHSNumberStatus if one == self.nhs_number_status), None)
        if status is not None and status.is_verified:
            return ""
        label = status.label if status else "not checked"
        return f"Identity not verified: NHS number {label[:1].lower()}{label[1:]}"

    @property
    def address_line(self) -> str:
        """The address on one line; empty: not recorded, restricted, or not for this reader."""
        return ", ".join([*self.address.splitlines(), *([self.postcode] if self.postcode else [])])

    def age(self, today: date) -> int | None:
        """Full years of life; None: no date of birth."""
        return age_in_years(self.born_on, today) if self.born_on else None


@dataclass(frozen=True, kw_only=True)
class Death(Kept):
    """A death as the register knows it. `is_doubted`: somebody saw the person alive since."""

    status: str = ""
    died_on: date | None = None
    told_by: str = ""
    said: Said | None = None
    seen_alive: tuple[Said, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        """A clinician confirmed it, and nobody saw the person alive since."""
        return self.status == "confirmed" and not self.seen_alive


@dataclass(frozen=True, kw_only=True)
class Lifecycle(Kept):
    """Where the entry is in its life. `merged_into`: the entry that carries on."""

    status: str = ""
    removed_because: str = ""
    removed: Said | None = None
    merged_into: str = ""
    death: Death | None = None

    @property
    def is_open(self) -> bool:
        """On the register: what stands here is kept up to date by somebody."""
        return self.status == "on_register"


# --- What was decided ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class HeldCPR(Kept):
    """An edit of the CPR section that waits to be settled, as far as the line needs it."""

    edit_id: str = ""
    kind: str = ""
    recommendation: str = ""
    outcome: str = ""
    author: Said = field(default_factory=Said)
    received_at: datetime
    decided_at: datetime | None = None

    def as_rival(self) -> HeldRival:
        """As the rules of the line take it."""
        return HeldRival(
            edit_id=self.edit_id,
            kind=self.kind,
            body={"recommendation": self.recommendation, "outcome": self.outcome},
            author_name=self.author.name,
            author_role=self.author.role_label,
            organisation_name=self.author.organisation,
            received_at=self.received_at,
            decided_at=self.decided_at,
        )


@dataclass(frozen=True, kw_only=True)
class CPRPart(Fact):
    """All that the rules need for the line: the section as it is kept, and what waits beside it.

    `moved_at`: when the register was last told that the person is somewhere else, told also where the address must not
    be (hazard H-44); None: never.
    """

    state: CPRState = field(default_factory=CPRState)
    held: tuple[HeldCPR, ...] = ()
    moved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TreatmentLevel(Fact):
    """How far treatment goes, and what it aims at; `code` is of the level, empty: not recorded."""

    code: str = ""
    level: str = ""
    focus: str = ""
    guidance: str = ""
    agreed_with: str = ""
    decided_on: date | None = None

    @property
    def is_recorded(self) -> bool:
        """Somebody said how far treatment goes."""
        return bool(self.code)


@dataclass(frozen=True, kw_only=True)
class AdvanceDecision(Kept):
    """An advance decision to refuse treatment; the register shows what is missing and never calls it valid."""

    refuses: str = ""
    refuses_cpr: bool = False
    refuses_life_sustaining: bool = False
    made_on: date | None = None
    seen_by: str = ""
    seen_on: date | None = None
    location: str = ""
    withdrawn_on: date | None = None
    missing: tuple[str, ...] = ()
    said: Said | None = None

    @property
    def was_seen(self) -> bool:
        """Somebody held the document in their hands; otherwise the register was only told of it."""
        return bool(self.seen_by or self.seen_on)

    @property
    def stands(self) -> bool:
        """It was not withdrawn."""
        return self.withdrawn_on is None

    @property
    def refuses_life_support(self) -> bool:
        """It stands, and refuses CPR or anything else that keeps alive."""
        return self.stands and (self.refuses_cpr or self.refuses_life_sustaining)

    @property
    def heading(self) -> str:
        """Whether anybody saw the document, and whether it is about staying alive."""
        if self.withdrawn_on is not None:
            return f"ADRT withdrawn {format_date(self.withdrawn_on)}: paper of it is out of date."
        seen = "ADRT, document seen" if self.was_seen else "ADRT reported, document not seen"
        refused = [
            *(["CPR"] if self.refuses_cpr else []),
            *(["life-sustaining treatment"] if self.refuses_life_sustaining else []),
        ]
        return f"{seen}: refuses {' and '.join(refused)}." if refused else f"{seen}."

    @property
    def particulars(self) -> str:
        """Who saw it, when it was made, where it is; empty: nothing of it is recorded."""
        seen = ", ".join(
            [*([self.seen_by] if self.seen_by else []), *([format_date(self.seen_on)] if self.seen_on else [])]
        )
        found = (
            f"Seen by {seen}." if self.seen_by else f"Seen {seen}." if seen else "",
            f"Made {format_date(self.made_on)}." if self.made_on else "",
            f"Kept: {self.location}." if self.location else "",
        )
        return " ".join(part for part in found if part)

    @property
    def lacks(self) -> str:
        """What is not recorded of a refusal of life-sustaining treatment; empty: nothing is missing."""
        return "; ".join(self.missing) if self.refuses_life_support else ""


@dataclass(frozen=True, kw_only=True)
class Attorney(Kept):
    """Somebody with authority: an attorney for health and welfare, or a deputy, who can never refuse life support."""

    name: str = ""
    telephone: str = ""
    is_deputy: bool = False
    authority: str = ""
    registered: str = ""
    acting: str = ""
    made_on: date | None = None
    withdrawn_on: date | None = None
    was_seen: bool = False
    said: Said | None = None

    @property
    def stands(self) -> bool:
        """Their authority was not ended."""
        return self.withdrawn_on is None

    @property
    def heading(self) -> str:
        """What they are, and what they may decide; of somebody whose authority ended, only that it did."""
        what = "Deputy" if self.is_deputy else "Attorney (LPA)"
        if self.withdrawn_on is not None:
            return f"{what}, authority ended {format_date(self.withdrawn_on)}:"
        return f"{what} {self.authority_words}:"

    @property
    def particulars(self) -> str:
        """Whether it is registered, and whether anybody saw the document; empty: nothing needs to be said."""
        if not self.stands:
            return ""
        if self.is_deputy:
            return "" if self.was_seen else "order not seen"
        registered = {"yes": "registered", "no": "NOT registered"}.get(self.registered, "registration not known")
        return registered if self.was_seen else f"{registered}, document not seen"

    @property
    def authority_words(self) -> str:
        """Whether they may decide about life-sustaining treatment, never left to be guessed."""
        if self.is_deputy:
            return "cannot refuse life-sustaining treatment"
        match self.authority:
            case "yes":
                return "with authority for life-sustaining treatment"
            case "no":
                return "without authority for life-sustaining treatment"
            case _:
                return "authority for life-sustaining treatment not known"


@dataclass(frozen=True, kw_only=True)
class Statement(Kept):
    """Wishes written down in advance; they guide and do not bind."""

    words: str = ""
    made_on: date | None = None
    said: Said | None = None


@dataclass(frozen=True, kw_only=True)
class Legal(Fact):
    """What binds before what is wished: advance decisions, then attorneys and deputies, then statements."""

    advance_decisions: tuple[AdvanceDecision, ...] = ()
    attorneys: tuple[Attorney, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def is_recorded(self) -> bool:
        """Anything at all is recorded."""
        return bool(self.advance_decisions or self.attorneys or self.statements)

    @property
    def order_in_time(self) -> tuple[str, ...]:
        """What the dates say of a refusal and of an attorney who may decide on the same: shown, never decided here.

        A later power of attorney that covers the same treatment goes before an earlier advance decision.

        Source: Mental Capacity Act 2005 s11(7), s25(2)(b); hazard H-08.
        """
        refusals = [one for one in self.advance_decisions if one.refuses_life_support]
        deciding = [one for one in self.attorneys if one.stands and not one.is_deputy and one.authority == "yes"]
        return tuple(
            _order_in_time(refusal.made_on, one.made_on, who=one.name if len(deciding) > 1 else "the attorney")
            for refusal in refusals
            for one in deciding
        )


def _order_in_time(decided_on: date | None, appointed_on: date | None, *, who: str) -> str:
    if not decided_on or not appointed_on:
        return f"Find the dates of the ADRT and of the authority of {who}: their order matters."
    if appointed_on > decided_on:
        return f"The authority of {who} is later than the ADRT: see whether it covers it."
    if appointed_on == decided_on:
        return f"The ADRT and the authority of {who} have one date: find out which came first."
    return f"The ADRT is later than the authority of {who}."


# --- Tonight ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Allergy(Kept):
    """One agent and what it does."""

    agent: str = ""
    reaction: str = ""
    certainty: str = ""


@dataclass(frozen=True, kw_only=True)
class Allergies(Fact):
    """Three different negatives, and "not recorded" is none of the other two."""

    status: str = ""
    items: tuple[Allergy, ...] = ()

    @property
    def label(self) -> str:
        """The heading, in the words of the standard. Source: CUI allergy labels."""
        if self.items or self.status == "known":
            return "Known allergies"
        match self.status:
            case "none_known":
                return "No known allergies"
            case "unavailable":
                return "Allergies unavailable"
            case _:
                return "Allergies not recorded"


@dataclass(frozen=True, kw_only=True)
class Medicines(Fact):
    """Anticipatory medicines: whether, where, and when somebody last looked. `syringe_driver` None: not recorded."""

    status: str = ""
    is_in_home: bool = False
    where: str = ""
    chart_where: str = ""
    last_checked_on: date | None = None
    syringe_driver: bool | None = None
    note: str = ""

    @property
    def is_recorded(self) -> bool:
        """Somebody said whether there are any."""
        return bool(self.status)

    @property
    def heading(self) -> str:
        """Whether, and where."""
        return f"{self.status}: {self.where}." if self.where else f"{self.status}."

    @property
    def particulars(self) -> str:
        """Where the chart is, and when somebody last looked; that nobody did is said of what is in the home."""
        checked = f"Checked {format_date(self.last_checked_on)}." if self.last_checked_on else ""
        if not checked and self.is_in_home:
            checked = "Not recorded when they were last checked."
        chart = f"Chart: {self.chart_where}." if self.chart_where else ""
        return " ".join(part for part in (chart, checked) if part)


@dataclass(frozen=True, kw_only=True)
class Risks(Fact):
    """What whoever comes to the door must know; the code of the key safe is never here, only that there is one.

    `hides_clinical`: this reader sees how to get in, but not what is clinical.
    """

    icd: str = ""
    pacemaker: bool | None = None
    oxygen: bool | None = None
    infection: str = ""
    alerts: tuple[str, ...] = ()
    animals: str = ""
    other: str = ""
    access_note: str = ""
    key_safe_place: str = ""
    has_key_safe_code: bool = False
    hides_clinical: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """Short words for what must not be overlooked; an unknown defibrillator is one of them."""
        icd = {"active": "ICD active", "unknown": "ICD: not known if active", "deactivated": "ICD shocks switched off"}
        found = (
            icd.get(self.icd, ""),
            "Pacemaker" if self.pacemaker else "",
            "Home oxygen" if self.oxygen else "",
            f"Infection: {self.infection}" if self.infection else "",
            *self.alerts,
            f"Animals: {self.animals}" if self.animals else "",
        )
        return tuple(flag for flag in found if flag)

    @property
    def is_recorded(self) -> bool:
        """Somebody answered at least one of the questions."""
        return self.said is not None


@dataclass(frozen=True, kw_only=True)
class IfThen(Kept):
    """What to do if something happens, thought out by daylight."""

    trigger: str = ""
    what_to_do: str = ""
    contact_name: str = ""
    contact_telephone: str = ""

    @property
    def call(self) -> str:
        """Whom to call then; empty: nobody is named."""
        return " ".join(part for part in (self.contact_name, self.contact_telephone) if part)


@dataclass(frozen=True, kw_only=True)
class Contingencies(Fact):
    """The plans for a bad night, in the order they were made."""

    plans: tuple[IfThen, ...] = ()


# --- Themselves ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Matters(Fact):
    """What is most important to the person, in their own words; empty: nobody wrote it down."""

    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Talking(Fact):
    """How to speak with the person. `interpreter`: in words; empty: not asked."""

    language: str = ""
    interpreter: str = ""
    disabilities: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """In one line; empty: nothing is recorded."""
        interpreter = f"Interpreter: {self.interpreter[0].lower()}{self.interpreter[1:]}" if self.interpreter else ""
        found = (f"Speaks {self.language}" if self.language else "", interpreter, *self.disabilities)
        return ". ".join(part for part in found if part)


# --- Where, and whom to call -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Places(Fact):
    """Preferred places in words; undecided, declined, not appropriate and unable to say are answers of their own."""

    care: str = ""
    care_note: str = ""
    death_first: str = ""
    death_first_address: str = ""
    death_second: str = ""
    death_second_address: str = ""
    discussed_on: date | None = None

    @property
    def is_recorded(self) -> bool:
        """Either question was answered."""
        return bool(self.care or self.death_first)

    @property
    def death_words(self) -> str:
        """First choice, else second, each with the place that is meant."""
        if not self.death_first:
            return "not asked yet"
        first = _with_address(self.death_first, self.death_first_address)
        return (
            f"{first}, else {_with_address(self.death_second, self.death_second_address)}"
            if self.death_second
            else first
        )


@dataclass(frozen=True, kw_only=True)
class Contact(Kept):
    """Somebody to call, or not to. `knows_cpr`, `knows_diagnosis` None: not recorded.

    `standing`: "attorney" or "deputy"; empty: no authority in law. `authority`: what to know of it first.
    """

    name: str = ""
    relationship: str = ""
    roles: tuple[str, ...] = ()
    telephone: str = ""
    mobile: str = ""
    hours: str = ""
    is_professional: bool = False
    is_24h: bool = False
    standing: str = ""
    authority: str = ""
    knows_diagnosis: bool | None = None
    knows_cpr: bool | None = None

    @property
    def number(self) -> str:
        """The number to dial first; empty: none to show."""
        return self.telephone or self.mobile

    @property
    def who(self) -> str:
        """Who they are to the person, in a few words, authority first."""
        found = (self.standing, self.authority, self.relationship)
        return ", ".join(part for part in found if part) or ", ".join(self.roles)


@dataclass(frozen=True, kw_only=True)
class Contacts(Fact):
    """In the order of calling at three in the morning; and who asked not to be, or must not be, contacted."""

    to_call: tuple[Contact, ...] = ()
    not_to_call: tuple[Contact, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diagnosis(Fact):
    """What is wrong and what is expected. `person_knows`, `carer_knows` None: not recorded."""

    primary: str = ""
    other: str = ""
    prognosis: str = ""
    prognosis_on: date | None = None
    person_knows: bool | None = None
    carer_knows: bool | None = None

    @property
    def is_recorded(self) -> bool:
        """The main illness is known here."""
        return bool(self.primary)

    @property
    def is_kept_from(self) -> bool:
        """Somebody who may open the door does not know: a crew that speaks of it tells them."""
        return self.person_knows is False or self.carer_knows is False

    @property
    def who_knows(self) -> str:
        """Whether the person and the carer know how ill the person is, before anybody speaks of it."""
        if self.person_knows is None and self.carer_knows is None:
            return "Whether the person and the carer know how ill they are: not recorded."
        person = {
            True: "The person knows how ill they are.",
            False: "The person does NOT know how ill they are.",
            None: "Whether the person knows how ill they are: not recorded.",
        }
        carer = {
            True: "The carer knows.",
            False: "The carer does NOT know.",
            None: "Whether the carer knows: not recorded.",
        }
        return f"{person[self.person_knows]} {carer[self.carer_knows]}"


@dataclass(frozen=True, kw_only=True)
class Sharing(Fact):
    """The two agreements, in words: to be on the register, and to be shared."""

    register: str = ""
    share: str = ""


def _with_address(place: str, address: str) -> str:
    return f"{place} ({address})" if address else place
