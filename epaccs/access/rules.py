"""THE table: permission -> alternatives of named facts, and role x tier -> sight.

A permission holds when every fact of one of its alternatives is true. Facts come from the role (the table below), from
the person's scope (own practice, area, relationship, residents), and from what was said on the way in (reason for
access, emergency). The table is printed into docs/domain.md, and a test compares.

Source: access table agreed with the register's partners; SCCI1580 v4.0 organisation requirements; hazard H-05.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from epaccs.agreements.rules import Level
from epaccs.clinicians.rules import ROLE_LABELS, Role
from epaccs.core import passages
from epaccs.core.errors import Forbidden


class Tier(StrEnum):
    """How far a fact travels."""

    T0_EXISTS = "T0"
    T1_EMERGENCY = "T1"
    T2_COORDINATION = "T2"
    T3_SENSITIVE = "T3"
    T4_GOVERNANCE = "T4"
    NEEDS = "needs"  #: practical needs, contacts, access to the home, communication; nothing clinical


class Sight(StrEnum):
    """The words of the access table: whether, and on which condition, a role sees a tier."""

    YES = "yes"
    NO = "no"
    READ_BACK = "read-back"  #: the card as a fixed script, read aloud
    INCIDENT = "incident"  #: while a crew is with the person, until twelve hours later
    RESIDENTS = "residents"
    NEEDS = "needs"
    GOVERNANCE = "governance"  #: audit, configuration or counts; reached on their own pages, never on a record


class Scope(StrEnum):
    """Whose records a role may reach."""

    OWN_PRACTICE = "own practice"
    RELATIONSHIP = "relationship"
    AREA = "area"
    RESIDENTS = "residents"
    OWN_ORGANISATION = "own organisation"


#: Relationships of which a person has one only: whoever confirms a new one ends the former (hazard H-68).
ONLY_ONE = ("registered_practice", "key_worker")


class Fact(StrEnum):
    """A named fact about the asker, the person and the moment."""

    SIGNED_IN = "signed in"
    SEES_THAT_A_RECORD_EXISTS = "role sees that a record exists"
    SEES_CARD = "role sees the card"
    SEES_PLAN = "role sees the plan"
    SEES_GOVERNANCE = "role reviews access"
    REGISTERS = "role registers"
    DRAFTS_REGISTRATION = "role prepares a registration"
    KEEPS_CANDIDATES = "role keeps the practice's list of people to consider"
    EDITS_PLAN = "role edits the plan"
    EDITS_CONTACTS = "role edits contacts and needs"
    ADDS_OBSERVATIONS = "role adds observations"
    DRAFTS_CPR = "role drafts CPR decisions"
    SIGNS_WITH_AUTHORISATION = "role signs CPR decisions with an authorisation"
    AUTHORISED_TO_SIGN = "holds a current authorisation to sign"
    SETTLES_DISPUTES = "role settles disputes"
    RECORDS_OWN_WITHDRAWAL = "role records the person's own withdrawal"
    REPORTS_OWN_WITHDRAWAL = "role reports the person's own withdrawal"
    REQUESTS_CPR_REVIEW = "role asks for a CPR review"
    RECORDS_DEATH = "role records a death"
    REPORTS_DEATH = "role reports a death"
    REMOVES = "role removes an entry"
    PRINTS = "role prints"
    GOES_ON_ROUNDS = "role goes on rounds in care homes"
    BREAKS_GLASS = "role may open in an emergency"
    ADMINISTERS = "role administers"
    IN_SCOPE = "the person is in scope"
    REASON_GIVEN = "reason for access given"
    EMERGENCY_OPENED = "opened in an emergency"


class Permission(StrEnum):
    """What a route or an edit asks for."""

    SEARCH = "search for a person"
    VIEW_CARD = "see the emergency card"
    VIEW_RECORD = "see the whole record"
    VIEW_WHO_HAS_LOOKED = "see who has looked"
    GIVE_REASON = "give a reason for access"
    BREAK_GLASS = "open in an emergency"
    REGISTER = "put a person on the register"
    PREPARE_REGISTRATION = "prepare a registration"
    SEE_CANDIDATES = "see and send the list of people to consider"
    DECIDE_CANDIDATE = "decide about somebody to consider"
    EDIT_PLAN = "edit the plan"
    EDIT_CONTACTS = "edit contacts and practical needs"
    REFER = "refer to a team"
    ANSWER_FOR_TEAM = "say whether the own team looks after the person"
    OBSERVE = "add an observation"
    DRAFT_CPR = "draft a CPR decision"
    SIGN_CPR = "sign a CPR decision"
    SETTLE_DISPUTE = "settle a dispute"
    RECORD_OWN_WITHDRAWAL = "record that the person withdrew a refusal"
    REPORT_OWN_WITHDRAWAL = "report that the person withdrew a refusal"
    REQUEST_CPR_REVIEW = "ask for a review of the CPR decision"
    RECORD_DEATH = "record a death"
    REPORT_DEATH = "report a death"
    REMOVE = "remove an entry"
    PRINT = "print a sheet"
    SEE_ROUND = "see the residents of a care home on a round"
    PRINT_LIST = "print the list of a care home or a team"
    SEE_NOTICES = "see notices"
    REVIEW_ACCESS = "review access"
    ADMINISTER = "administer people and organisations"
    HANDLE_INCIDENTS = "handle incidents"
    USE_TABLET = "use a tablet without signal"
    MANAGE_TABLETS = "manage tablets"
    SEE_ACCESS_TABLE = "see the access table and decide about its changes"


@dataclass(frozen=True)
class RoleRow:
    """One line of the access table."""

    sights: dict[Tier, Sight]
    scopes: tuple[Scope, ...]
    facts: frozenset[Fact]

    @property
    def sees_records(self) -> bool:
        """Whether the role opens anybody's record at all."""
        return self.sights[Tier.T1_EMERGENCY] is not Sight.NO


def _sights(t0: str, t1: str, t2: str, t3: str, t4: str) -> dict[Tier, Sight]:
    tiers = (Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE, Tier.T4_GOVERNANCE)
    return {tier: Sight(word) for tier, word in zip(tiers, (t0, t1, t2, t3, t4), strict=True)}


_CLINICAL = frozenset({Fact.RECORDS_OWN_WITHDRAWAL, Fact.REQUESTS_CPR_REVIEW, Fact.PRINTS, Fact.BREAKS_GLASS})
_SENIOR = _CLINICAL | {
    Fact.REGISTERS,
    Fact.EDITS_PLAN,
    Fact.DRAFTS_CPR,
    Fact.SIGNS_WITH_AUTHORISATION,
    Fact.SETTLES_DISPUTES,
    Fact.RECORDS_DEATH,
}
_NURSE = _CLINICAL | {
    Fact.GOES_ON_ROUNDS,
    Fact.REGISTERS,
    Fact.EDITS_PLAN,
    Fact.DRAFTS_CPR,
    Fact.SIGNS_WITH_AUTHORISATION,
    Fact.RECORDS_DEATH,
}
_PRACTICE = (Scope.OWN_PRACTICE, Scope.RELATIONSHIP)
_AREA = (Scope.AREA, Scope.RELATIONSHIP)
_CASELOAD = (Scope.RELATIONSHIP,)

ACCESS_TABLE: dict[Role, RoleRow] = {
    Role.GP: RoleRow(
        _sights("yes", "yes", "yes", "yes", "no"),
        _PRACTICE,
        _SENIOR | {Fact.GOES_ON_ROUNDS, Fact.REMOVES, Fact.KEEPS_CANDIDATES},
    ),
    Role.PRACTICE_ADMINISTRATOR: RoleRow(
        _sights("yes", "no", "no", "no", "no"),
        (Scope.OWN_PRACTICE,),
        frozenset({Fact.DRAFTS_REGISTRATION, Fact.KEEPS_CANDIDATES, Fact.REPORTS_DEATH}),
    ),
    Role.OUT_OF_HOURS_GP: RoleRow(_sights("yes", "yes", "yes", "no", "no"), _AREA, _SENIOR | {Fact.GOES_ON_ROUNDS}),
    Role.OUT_OF_HOURS_NURSE: RoleRow(
        _sights("yes", "yes", "yes", "no", "no"),
        _AREA,
        _CLINICAL | {Fact.GOES_ON_ROUNDS, Fact.EDITS_PLAN, Fact.DRAFTS_CPR, Fact.REPORTS_DEATH},
    ),
    Role.CALL_HANDLER: RoleRow(
        _sights("yes", "read-back", "no", "no", "no"),
        (Scope.AREA,),
        frozenset({Fact.REPORTS_OWN_WITHDRAWAL, Fact.REQUESTS_CPR_REVIEW, Fact.REPORTS_DEATH, Fact.BREAKS_GLASS}),
    ),
    Role.PARAMEDIC: RoleRow(
        _sights("yes", "yes", "incident", "no", "no"),
        (Scope.AREA,),
        frozenset(
            {
                Fact.ADDS_OBSERVATIONS,
                Fact.RECORDS_OWN_WITHDRAWAL,
                Fact.REQUESTS_CPR_REVIEW,
                Fact.REPORTS_DEATH,
                Fact.BREAKS_GLASS,
            }
        ),
    ),
    Role.COMMUNITY_NURSE: RoleRow(_sights("yes", "yes", "yes", "yes", "no"), _CASELOAD, _NURSE),
    Role.HOSPICE_NURSE: RoleRow(_sights("yes", "yes", "yes", "yes", "no"), _CASELOAD, _NURSE),
    Role.HOSPICE_DOCTOR: RoleRow(
        _sights("yes", "yes", "yes", "yes", "no"), _CASELOAD, _SENIOR | {Fact.GOES_ON_ROUNDS, Fact.REMOVES}
    ),
    Role.CARE_HOME_NURSE: RoleRow(
        _sights("yes", "yes", "residents", "no", "no"),
        (Scope.RESIDENTS,),
        _CLINICAL | {Fact.GOES_ON_ROUNDS, Fact.EDITS_PLAN, Fact.DRAFTS_CPR, Fact.REPORTS_DEATH},
    ),
    Role.HOSPITAL_DOCTOR: RoleRow(_sights("yes", "yes", "yes", "no", "no"), _CASELOAD, _SENIOR),
    Role.ED_CLINICIAN: RoleRow(
        _sights("yes", "yes", "no", "no", "no"),
        _CASELOAD,
        _CLINICAL | {Fact.ADDS_OBSERVATIONS, Fact.REPORTS_DEATH},
    ),
    Role.CARE_HOME_SENIOR: RoleRow(
        _sights("yes", "residents", "no", "no", "no"),
        (Scope.RESIDENTS,),
        frozenset(
            {
                Fact.GOES_ON_ROUNDS,
                Fact.ADDS_OBSERVATIONS,
                Fact.RECORDS_OWN_WITHDRAWAL,
                Fact.REQUESTS_CPR_REVIEW,
                Fact.REPORTS_DEATH,
            }
        ),
    ),
    Role.SOCIAL_WORKER: RoleRow(_sights("yes", "needs", "needs", "no", "no"), _CASELOAD, frozenset()),
    Role.COORDINATOR: RoleRow(
        _sights("yes", "yes", "yes", "no", "no"),
        _AREA,
        frozenset(
            {
                Fact.REGISTERS,
                Fact.EDITS_CONTACTS,
                Fact.REQUESTS_CPR_REVIEW,
                Fact.REPORTS_DEATH,
                Fact.PRINTS,
                Fact.BREAKS_GLASS,
            }
        ),
    ),
    Role.PRIVACY_OFFICER: RoleRow(
        _sights("yes", "no", "no", "no", "governance"), (Scope.OWN_ORGANISATION,), frozenset({Fact.SEES_GOVERNANCE})
    ),
    Role.COMMISSIONER: RoleRow(_sights("no", "no", "no", "no", "governance"), (Scope.AREA,), frozenset()),
    Role.ADMINISTRATOR: RoleRow(
        _sights("no", "no", "no", "no", "governance"), (Scope.OWN_ORGANISATION,), frozenset({Fact.ADMINISTERS})
    ),
}

#: The table in force and the number of its version; 0: the one above. Every process follows what the database says.
_in_force: list[tuple[int, Mapping[Role, RoleRow]]] = [(0, ACCESS_TABLE)]


def use_table(number: int, table: Mapping[Role, RoleRow]) -> None:
    """Let a version hold from now on in this process, on every page, list, sheet and tablet.

    Source: feature F27; ADR 0037; hazard H-65.
    """
    _in_force[:] = [(number, table)]


def version_in_force() -> int:
    """Which version of the table this process holds to."""
    return _in_force[0][0]


def row_of(role: Role) -> RoleRow:
    """The line of a role in the table as it holds now."""
    return _in_force[0][1][role]


_REACHED = frozenset({Fact.IN_SCOPE, Fact.REASON_GIVEN})
_IN_EMERGENCY = frozenset({Fact.EMERGENCY_OPENED})

#: What each permission asks; a list of alternatives, each a set of facts that must all hold.
PERMISSIONS: dict[Permission, list[frozenset[Fact]]] = {
    Permission.SEARCH: [frozenset({Fact.SEES_THAT_A_RECORD_EXISTS})],
    Permission.GIVE_REASON: [frozenset({Fact.SEES_CARD, Fact.IN_SCOPE})],
    Permission.BREAK_GLASS: [frozenset({Fact.SEES_CARD, Fact.BREAKS_GLASS})],
    Permission.VIEW_CARD: [_REACHED | {Fact.SEES_CARD}, _IN_EMERGENCY | {Fact.SEES_CARD}],
    Permission.VIEW_RECORD: [_REACHED | {Fact.SEES_CARD}, _IN_EMERGENCY | {Fact.SEES_CARD}],
    Permission.VIEW_WHO_HAS_LOOKED: [_REACHED | {Fact.SEES_CARD}, frozenset({Fact.SEES_GOVERNANCE, Fact.IN_SCOPE})],
    Permission.REGISTER: [frozenset({Fact.REGISTERS})],
    Permission.PREPARE_REGISTRATION: [frozenset({Fact.REGISTERS}), frozenset({Fact.DRAFTS_REGISTRATION})],
    Permission.SEE_CANDIDATES: [frozenset({Fact.KEEPS_CANDIDATES})],
    Permission.DECIDE_CANDIDATE: [frozenset({Fact.KEEPS_CANDIDATES, Fact.REGISTERS})],
    Permission.EDIT_PLAN: [_REACHED | {Fact.EDITS_PLAN}, _IN_EMERGENCY | {Fact.EDITS_PLAN}],
    Permission.EDIT_CONTACTS: [_REACHED | {Fact.EDITS_PLAN}, _REACHED | {Fact.EDITS_CONTACTS}],
    Permission.REFER: [_REACHED | {Fact.EDITS_PLAN}, _REACHED | {Fact.EDITS_CONTACTS}],
    Permission.ANSWER_FOR_TEAM: [_REACHED | {Fact.SEES_CARD}],
    Permission.OBSERVE: [
        alternative | {fact}
        for alternative in (_REACHED, _IN_EMERGENCY)
        for fact in (Fact.ADDS_OBSERVATIONS, Fact.EDITS_PLAN)
    ],
    Permission.DRAFT_CPR: [_REACHED | {Fact.DRAFTS_CPR}, _IN_EMERGENCY | {Fact.DRAFTS_CPR}],
    Permission.SIGN_CPR: [
        alternative | {Fact.SIGNS_WITH_AUTHORISATION, Fact.AUTHORISED_TO_SIGN}
        for alternative in (_REACHED, _IN_EMERGENCY)
    ],
    Permission.SETTLE_DISPUTE: [_REACHED | {Fact.SETTLES_DISPUTES}, _IN_EMERGENCY | {Fact.SETTLES_DISPUTES}],
    Permission.RECORD_OWN_WITHDRAWAL: [
        _REACHED | {Fact.RECORDS_OWN_WITHDRAWAL},
        _IN_EMERGENCY | {Fact.RECORDS_OWN_WITHDRAWAL},
    ],
    Permission.REPORT_OWN_WITHDRAWAL: [
        alternative | {fact}
        for alternative in (_REACHED, _IN_EMERGENCY)
        for fact in (Fact.RECORDS_OWN_WITHDRAWAL, Fact.REPORTS_OWN_WITHDRAWAL)
    ],
    Permission.REQUEST_CPR_REVIEW: [
        _REACHED | {Fact.REQUESTS_CPR_REVIEW},
        _IN_EMERGENCY | {Fact.REQUESTS_CPR_REVIEW},
    ],
    Permission.RECORD_DEATH: [_REACHED | {Fact.RECORDS_DEATH}, _IN_EMERGENCY | {Fact.RECORDS_DEATH}],
    Permission.REPORT_DEATH: [
        alternative | {fact}
        for alternative in (frozenset({Fact.IN_SCOPE}), _IN_EMERGENCY)
        for fact in (Fact.RECORDS_DEATH, Fact.REPORTS_DEATH)
    ],
    Permission.REMOVE: [_REACHED | {Fact.REMOVES}],
    Permission.PRINT: [_REACHED | {Fact.PRINTS, Fact.SEES_CARD}, _IN_EMERGENCY | {Fact.PRINTS, Fact.SEES_CARD}],
    Permission.SEE_ROUND: [frozenset({Fact.GOES_ON_ROUNDS, Fact.SEES_CARD})],
    Permission.PRINT_LIST: [frozenset({Fact.GOES_ON_ROUNDS, Fact.SEES_CARD, Fact.PRINTS})],
    Permission.SEE_NOTICES: [frozenset({Fact.SIGNED_IN})],
    Permission.REVIEW_ACCESS: [frozenset({Fact.SEES_GOVERNANCE})],
    Permission.ADMINISTER: [frozenset({Fact.ADMINISTERS})],
    Permission.HANDLE_INCIDENTS: [frozenset({Fact.SEES_GOVERNANCE}), frozenset({Fact.ADMINISTERS})],
    Permission.USE_TABLET: [frozenset({Fact.SEES_CARD})],
    Permission.MANAGE_TABLETS: [frozenset({Fact.ADMINISTERS})],
    Permission.SEE_ACCESS_TABLE: [frozenset({Fact.ADMINISTERS}), frozenset({Fact.SEES_GOVERNANCE})],
}

#: Facts that are known without asking about one person.
FACTS_OF_THE_PERSON = frozenset({Fact.IN_SCOPE, Fact.REASON_GIVEN, Fact.EMERGENCY_OPENED})


def facts_of_role(role: Role, *, may_sign: bool) -> frozenset[Fact]:
    """What the role alone says, with the person's own authorisation to sign."""
    row = row_of(role)
    facts = {Fact.SIGNED_IN, *row.facts}
    if row.sights[Tier.T0_EXISTS] is Sight.YES:
        facts.add(Fact.SEES_THAT_A_RECORD_EXISTS)
    if row.sights[Tier.T1_EMERGENCY] is not Sight.NO:
        facts.add(Fact.SEES_CARD)
    if row.sights[Tier.T2_COORDINATION] is not Sight.NO:
        facts.add(Fact.SEES_PLAN)
    if may_sign:
        facts.add(Fact.AUTHORISED_TO_SIGN)
    return frozenset(facts)


def can(permission: Permission, facts: Iterable[Fact]) -> bool:
    """Whether every fact of one alternative holds."""
    held = frozenset(facts)
    return any(alternative <= held for alternative in PERMISSIONS[permission])


def can_ever(permission: Permission, facts_of_the_role: frozenset[Fact]) -> bool:
    """Whether the role could hold the permission for some person: what a menu shows and a route asks first."""
    return can(permission, facts_of_the_role | FACTS_OF_THE_PERSON)


def check(permission: Permission, facts: Iterable[Fact], *, role: Role) -> None:
    """Refuse what the table does not give.

    Raises:
        Forbidden: with a sentence that names the role and the deed.
    """
    held = frozenset(facts)
    if can(permission, held):
        return
    if can(permission, held | {Fact.REASON_GIVEN}):
        raise Forbidden("Say first why you open this record: open it again and give the reason.")
    raise Forbidden(refusal(permission, role))


def check_role(permission: Permission, role: Role) -> None:
    """Refuse what the role alone does not give, whoever holds it and whomever it is about.

    Raises:
        Forbidden: with a sentence that names the role and the deed.
    """
    check(permission, facts_of_role(role, may_sign=False), role=role)


def refusal(permission: Permission, role: Role) -> str:
    """The sentence of a refusal."""
    if permission is Permission.SIGN_CPR and Fact.SIGNS_WITH_AUTHORISATION in row_of(role).facts:
        return "Signing a CPR decision needs a current authorisation to sign. Propose it instead, or ask a signer."
    return f"Your role, {ROLE_LABELS[role]}, may not {permission}. Ask a colleague whose role may."


def visible_tiers(role: Role, *, incident: bool, resident: bool) -> frozenset[Tier]:
    """The audience a reader belongs to: the tiers of a record that are there for them at all.

    Args:
        role: the reader's role.
        incident: the reader opened the card with a reason within the last twelve hours.
        resident: the person lives in the reader's care home.
    """
    return visible_tiers_of(row_of(role), incident=incident, resident=resident)


def visible_tiers_of(row: RoleRow, *, incident: bool, resident: bool) -> frozenset[Tier]:
    """The same of one line of a table, whether or not it holds now."""
    granted = {Sight.YES: True, Sight.READ_BACK: True, Sight.INCIDENT: incident, Sight.RESIDENTS: resident}
    tiers = {tier for tier, sight in row.sights.items() if granted.get(sight, False)}
    return frozenset(tiers | ({Tier.NEEDS} if Sight.NEEDS in row.sights.values() else set()))


def most_tiers(role: Role) -> frozenset[Tier]:
    """The most that a role ever sees of anybody: with an incident, of its own residents."""
    return visible_tiers(role, incident=True, resident=True)


#: What an agreement of each level lets through. That somebody has an entry is told to whoever reaches them at all.
_COVERED: dict[Level, frozenset[Tier]] = {
    Level.NONE: frozenset({Tier.T0_EXISTS}),
    Level.CARD: frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY}),
    Level.PLAN: frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.NEEDS}),
    Level.WHOLE: frozenset(Tier),
}


def covered_tiers(tiers: frozenset[Tier], level: Level) -> frozenset[Tier]:
    """What is left of an audience where an agreement goes so far: never more than the role sees.

    Source: hazard H-62.
    """
    return tiers & _COVERED[level]


def sees_passages(tiers: frozenset[Tier]) -> bool:
    """Whether an audience reads what others said in confidence, or what was written down about them.

    Source: hazard H-41.
    """
    return Tier.T2_COORDINATION in tiers


def words_for(tiers: frozenset[Tier]) -> Callable[[str], str]:
    """How an audience reads a text in which passages can be marked: labelled, or withheld."""
    return passages.labelled if sees_passages(tiers) else passages.withheld


def audience_name(tiers: frozenset[Tier]) -> str:
    """The audience as one short word, so that a card can be kept for it."""
    return "+".join(sorted(tier.value for tier in tiers)) or "none"


#: Every audience that a reader of a record can belong to; a card is kept for each, and no version makes another.
AUDIENCES: tuple[frozenset[Tier], ...] = tuple(
    sorted(
        {
            visible_tiers_of(row, incident=incident, resident=resident)
            for row in ACCESS_TABLE.values()
            for incident in (False, True)
            for resident in (False, True)
            if row.sights[Tier.T1_EMERGENCY] is not Sight.NO
        },
        key=audience_name,
    )
)


def render_access_tables() -> str:
    """Both tables as Markdown, from what the code runs on."""
    tiers = [tier for tier in Tier if tier is not Tier.NEEDS]
    lines = ["| role | " + " | ".join(tiers) + " | scope | may |", "|---" * (len(tiers) + 3) + "|"]
    for role, row in ACCESS_TABLE.items():
        sights = " | ".join(row.sights[tier] for tier in tiers)
        may = ", ".join(sorted(fact.removeprefix("role ") for fact in row.facts))
        lines.append(f"| {ROLE_LABELS[role]} | {sights} | {' or '.join(row.scopes)} | {may or '-'} |")
    lines += ["", "| permission | holds when all of one alternative are true |", "|---|---|"]
    for permission, alternatives in PERMISSIONS.items():
        words = " **or** ".join(", ".join(sorted(alternative)) for alternative in alternatives)
        lines.append(f"| {permission} | {words} |")
    return "\n".join(lines) + "\n"


#: The words of the access table, as they are told to the people whom the records are about.
_TOLD_SIGHTS: dict[Sight, str] = {
    Sight.YES: "Yes",
    Sight.NO: "No",
    Sight.READ_BACK: "Only to read it aloud to a caller",
    Sight.INCIDENT: "Only while they are with the person, until twelve hours after",
    Sight.RESIDENTS: "Only of residents of their home",
    Sight.NEEDS: "Only practical needs and contacts",
    Sight.GOVERNANCE: "No",
}
_TOLD_SCOPES: dict[Scope, str] = {
    Scope.OWN_PRACTICE: "of their own practice",
    Scope.RELATIONSHIP: "whom their organisation looks after",
    Scope.AREA: "of the area they serve",
    Scope.RESIDENTS: "who live in their home",
    Scope.OWN_ORGANISATION: "of their own organisation",
}


@dataclass(frozen=True)
class ToldRole:
    """What one role sees, and of whom, in words for everybody."""

    role: str
    card: str
    plan: str
    sensitive: str
    whose: str


def tell_access_table() -> list[ToldRole]:
    """Who sees what of whom, from the table that the program runs on; whoever sees nobody's record is left out.

    Source: UK GDPR, article 13.
    """
    told = []
    for role in Role:
        row = row_of(role)
        t1, t2, t3 = (
            _TOLD_SIGHTS[row.sights[tier]] for tier in (Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE)
        )
        if row.sights[Tier.T0_EXISTS] is Sight.YES:
            whose = "People " + " or ".join(_TOLD_SCOPES[scope] for scope in row.scopes)
            told.append(ToldRole(ROLE_LABELS[role], t1, t2, t3, whose))
    return told


class AccessReason(StrEnum):
    """Why a record is opened; asked once a person and session, none is ticked beforehand.

    Source: NHS shared-summary access controls, permission to view.
    """

    PERMISSION_GIVEN = "permission_given"
    CANNOT_ASK = "cannot_ask"
    BEST_INTERESTS = "best_interests"
    EMERGENCY = "emergency"


REASON_LABELS: dict[AccessReason, str] = {
    AccessReason.PERMISSION_GIVEN: "The person has given permission now",
    AccessReason.CANNOT_ASK: "Cannot ask; needed for their direct care",
    AccessReason.BEST_INTERESTS: "Lacks capacity to answer; in their best interests",
    AccessReason.EMERGENCY: "Emergency: open now, reviewed afterwards",
}
