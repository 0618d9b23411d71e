"""Versions of the access table: what one changes of the table that the register comes with, and what none may.

Version 0 is the table of `access.rules`, which the documents print. A version is kept as its differences, role by role,
so that what a later release adds to the table is not taken away by it. Pure.

Source: features F27 and F100; ADR 0037; hazard H-65.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from epaccs.access.rules import (
    ACCESS_TABLE,
    AUDIENCES,
    Fact,
    RoleRow,
    Scope,
    Sight,
    Tier,
    audience_name,
    visible_tiers_of,
)
from epaccs.clinicians.rules import (
    REGISTERED_ROLES,
    ROLE_LABELS,
    SIGNING_ROLES,
    Actor,
    OrganisationType,
    Role,
)
from epaccs.core.errors import Forbidden, RuleBroken, RulesBroken

Table = Mapping[Role, RoleRow]

#: The tiers of which a version says who sees them; T4 is never on a record.
TIERS: Final = (Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE)
TIER_LABELS: Final[Mapping[Tier, str]] = {
    Tier.T0_EXISTS: "that there is an entry (T0)",
    Tier.T1_EMERGENCY: "the emergency card (T1)",
    Tier.T2_COORDINATION: "the plan (T2)",
    Tier.T3_SENSITIVE: "what is sensitive (T3)",
}
SIGHT_LABELS: Final[Mapping[Sight, str]] = {
    Sight.YES: "yes",
    Sight.NO: "no",
    Sight.READ_BACK: "as a script to read aloud",
    Sight.INCIDENT: "during an incident",
    Sight.RESIDENTS: "of its own residents",
    Sight.NEEDS: "practical needs only",
}

#: Roles that treat nobody: they see that there is an entry at most, whatever an area decides.
WITHOUT_CLINICAL_ROLE: Final = frozenset(
    {Role.PRACTICE_ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.COMMISSIONER, Role.ADMINISTRATOR}
)
#: Who stands at the door at night: they open a record in an emergency, whatever an area decides.
OPENS_IN_EMERGENCIES: Final = frozenset(
    {Role.OUT_OF_HOURS_GP, Role.OUT_OF_HOURS_NURSE, Role.CALL_HANDLER, Role.PARAMEDIC, Role.ED_CLINICIAN}
)
#: What a version may give to a role or take from it; all else is found out about a person, or belongs to one role.
GIVEN_BY_A_VERSION: Final = frozenset(
    {
        Fact.REGISTERS,
        Fact.DRAFTS_REGISTRATION,
        Fact.EDITS_PLAN,
        Fact.EDITS_CONTACTS,
        Fact.ADDS_OBSERVATIONS,
        Fact.DRAFTS_CPR,
        Fact.SIGNS_WITH_AUTHORISATION,
        Fact.SETTLES_DISPUTES,
        Fact.RECORDS_OWN_WITHDRAWAL,
        Fact.REPORTS_OWN_WITHDRAWAL,
        Fact.REQUESTS_CPR_REVIEW,
        Fact.RECORDS_DEATH,
        Fact.REPORTS_DEATH,
        Fact.REMOVES,
        Fact.PRINTS,
        Fact.GOES_ON_ROUNDS,
        Fact.BREAKS_GLASS,
    }
)
#: What only a registered professional does, because they answer for it with their number.
_OF_PROFESSIONALS: Final = frozenset(
    {Fact.EDITS_PLAN, Fact.DRAFTS_CPR, Fact.SETTLES_DISPUTES, Fact.RECORDS_DEATH, Fact.REMOVES}
)
#: Without these a practice could not keep its own register, and nobody else could read it.
_KEPT_BY_THE_PRACTICE: Final = frozenset({Fact.REGISTERS, Fact.EDITS_PLAN, Fact.SETTLES_DISPUTES})


# --- Who decides -----------------------------------------------------------------------------------------------------


def is_of_board(actor: Actor) -> bool:
    """Whether this person works for the board that runs the area."""
    return actor.organisation_type is OrganisationType.ICB


def check_may_propose(actor: Actor) -> None:
    """The administrator of the board that runs the area proposes.

    Raises:
        Forbidden: this person is not.
    """
    if not (is_of_board(actor) and actor.role is Role.ADMINISTRATOR):
        raise Forbidden("Only an administrator of the integrated care board proposes another access table.")


def check_may_decide(actor: Actor) -> None:
    """Another administrator of the board decides, or its privacy officer; who proposed it never does.

    Raises:
        Forbidden: this person is neither.
    """
    if not (is_of_board(actor) and actor.role in {Role.ADMINISTRATOR, Role.PRIVACY_OFFICER}):
        raise Forbidden("Only an administrator or the privacy officer of the integrated care board decides about it.")


def check_changes_something(after: Table, before: Table) -> None:
    """A version that changes nothing would only hide the last one that did.

    Raises:
        RuleBroken: nothing differs.
    """
    if not changes_between(before, after):
        raise RuleBroken("Nothing differs from the table as it is. Change something, or cancel")


# --- A version as it is kept -----------------------------------------------------------------------------------------


def difference(row: RoleRow, shipped: RoleRow) -> dict[str, Any]:
    """How one role differs from the table that the register comes with; empty: it does not."""
    sights = {str(tier): str(row.sights[tier]) for tier in TIERS if row.sights[tier] is not shipped.sights[tier]}
    said = {
        "sights": sights,
        "reaches": _words(set(row.scopes) - set(shipped.scopes)),
        "reaches_not": _words(set(shipped.scopes) - set(row.scopes)),
        "may": _words(row.facts - shipped.facts),
        "may_not": _words(shipped.facts - row.facts),
    }
    return {name: part for name, part in said.items() if part}


def _words(words: Collection[Scope | Fact]) -> list[str]:
    return sorted(str(one) for one in words)


def as_content(table: Table) -> dict[str, Any]:
    """A table as it is kept: the roles that differ, each with how."""
    changed = {str(role): difference(row, ACCESS_TABLE[role]) for role, row in table.items()}
    return {role: part for role, part in changed.items() if part}


def from_content(content: Mapping[str, Any]) -> dict[Role, RoleRow]:
    """The table of a version that was kept; words that this release does not know any more change nothing."""
    return {role: _changed_row(row, content.get(str(role), {})) for role, row in ACCESS_TABLE.items()}


def _changed_row(row: RoleRow, changes: Mapping[str, Any]) -> RoleRow:
    sights = dict(row.sights)
    for tier, word in changes.get("sights", {}).items():
        if tier in {str(one) for one in TIERS} and word in {str(one) for one in Sight}:
            sights[Tier(tier)] = Sight(word)
    scopes = [one for one in row.scopes if one not in changes.get("reaches_not", ())]
    scopes += [one for one in Scope if one in changes.get("reaches", ()) and one not in scopes]
    given = {one for one in Fact if one in changes.get("may", ())}
    taken = {one for one in Fact if one in changes.get("may_not", ())}
    return RoleRow(sights, tuple(scopes), frozenset((row.facts | given) - taken))


def with_row(table: Table, role: Role, row: RoleRow) -> dict[Role, RoleRow]:
    """The table with one line of it changed."""
    return {**table, role: row}


# --- What no version may cross ---------------------------------------------------------------------------------------


def check_floor(table: Table) -> None:
    """Refuse a table that opens records to whoever treats nobody, or closes them to whoever stands at the door.

    Raises:
        RulesBroken: with a sentence for everything that it crosses, each beginning with the role.

    Source: ADR 0037; hazard H-65.
    """
    found = [
        RuleBroken(f"{ROLE_LABELS[role].capitalize()}: {sentence}")
        for role, row in table.items()
        for sentence in crossed(role, row)
    ]
    if found:
        raise RulesBroken(found)


def crossed(role: Role, row: RoleRow) -> Iterator[str]:
    """What one line of a table crosses, a sentence each."""
    yield from _crossed_by_sights(role, row)
    yield from _crossed_by_scopes(role, row)
    yield from _crossed_by_facts(role, row)


def _crossed_by_sights(role: Role, row: RoleRow) -> Iterator[str]:
    shipped = ACCESS_TABLE[role].sights
    clinical = {row.sights[tier] for tier in TIERS[1:]}
    if role in WITHOUT_CLINICAL_ROLE and clinical != {Sight.NO}:
        yield "it treats nobody, so it sees no more than that there is an entry"
    if row.sights[Tier.T0_EXISTS] is not shipped[Tier.T0_EXISTS]:
        yield "whether it knows that there is an entry is not changed by a version"
    if role is Role.SOCIAL_WORKER and clinical - {Sight.NEEDS, Sight.NO}:
        yield "it sees practical needs and nothing clinical"
    if row.sights[Tier.T3_SENSITIVE] is not Sight.NO and Fact.EDITS_PLAN not in row.facts:
        yield "what is sensitive is for those who keep the plan"
    if role in OPENS_IN_EMERGENCIES and row.sights[Tier.T1_EMERGENCY] is not shipped[Tier.T1_EMERGENCY]:
        yield "it sees the card as before: it stands at the door at night"
    if role is Role.GP and any(row.sights[tier] is not Sight.YES for tier in TIERS):
        yield "the person's own practice sees the whole record"
    yield from _crossed_by_words(row, shipped)


def _crossed_by_words(row: RoleRow, shipped: Mapping[Tier, Sight]) -> Iterator[str]:
    ways = {
        audience_name(visible_tiers_of(row, incident=incident, resident=resident))
        for incident in (False, True)
        for resident in (False, True)
    }
    if ways - {*map(audience_name, AUDIENCES), audience_name(frozenset())}:
        yield "it sees no plan without the card, and nothing sensitive without the plan"
    special = {Sight.READ_BACK, Sight.NEEDS, Sight.GOVERNANCE}
    if any(row.sights[tier] in special and row.sights[tier] is not shipped[tier] for tier in Tier if tier in shipped):
        yield "a script to read aloud, and practical needs only, belong to the roles that have them"
    if Sight.RESIDENTS in row.sights.values() and Scope.RESIDENTS not in row.scopes:
        yield "only a care home has residents"


def _crossed_by_scopes(role: Role, row: RoleRow) -> Iterator[str]:
    shipped = set(ACCESS_TABLE[role].scopes)
    if not row.scopes:
        yield "it reaches somebody by at least one word"
    if {Scope.OWN_PRACTICE, Scope.RESIDENTS, Scope.OWN_ORGANISATION} & (set(row.scopes) ^ shipped):
        yield "its own practice, home or organisation is not given or taken by a version"
    if role in WITHOUT_CLINICAL_ROLE and set(row.scopes) != shipped:
        yield "it treats nobody, so whom it reaches is not changed by a version"
    if role in OPENS_IN_EMERGENCIES and shipped - set(row.scopes):
        yield "whom it reaches is not taken from it: it stands at the door at night"


def _crossed_by_facts(role: Role, row: RoleRow) -> Iterator[str]:
    shipped = ACCESS_TABLE[role].facts
    changed = row.facts ^ shipped
    if changed - GIVEN_BY_A_VERSION:
        yield "a version does not give or take: " + ", ".join(_words(changed - GIVEN_BY_A_VERSION))
    if role in WITHOUT_CLINICAL_ROLE and row.facts - shipped:
        yield "it treats nobody, so it may do no more than before"
    if Fact.BREAKS_GLASS in shipped - row.facts and role in OPENS_IN_EMERGENCIES:
        yield "opening in an emergency is never taken from it"
    if Fact.BREAKS_GLASS in row.facts - shipped and role not in REGISTERED_ROLES:
        yield "only registered professionals open in an emergency, beside those who do already"
    if Fact.SIGNS_WITH_AUTHORISATION in row.facts and role not in SIGNING_ROLES:
        yield "no authorisation to sign can be held in it"
    if (row.facts - shipped) & _OF_PROFESSIONALS and role not in REGISTERED_ROLES:
        yield "only registered professionals answer for a plan, a dispute or a death"
    if role is Role.GP and _KEPT_BY_THE_PRACTICE - row.facts:
        yield "the person's own practice keeps its register"


# --- What a version changes, in words --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """One cell of the table before and after, in words; `opens`: somebody sees or may more than before."""

    role: str
    what: str
    before: str
    after: str
    opens: bool

    @property
    def words(self) -> str:
        """The change as one sentence."""
        return f"{self.role}: {self.what} was {self.before}, becomes {self.after}"


def changes_between(before: Table, after: Table) -> list[Changed]:
    """Everything that differs, role by role, in the order of the table."""
    return [one for role in ACCESS_TABLE for one in _row_changes(ROLE_LABELS[role], before[role], after[role])]


def _row_changes(role: str, before: RoleRow, after: RoleRow) -> Iterator[Changed]:
    for tier in TIERS:
        was, becomes = before.sights[tier], after.sights[tier]
        if was is not becomes:
            yield Changed(role, TIER_LABELS[tier], SIGHT_LABELS[was], SIGHT_LABELS[becomes], _is_wider(was, becomes))
    if set(before.scopes) != set(after.scopes):
        opens = bool(set(after.scopes) - set(before.scopes))
        yield Changed(role, "whom it reaches", " or ".join(before.scopes), " or ".join(after.scopes), opens)
    for fact in Fact:
        if (fact in before.facts) is not (fact in after.facts):
            may = fact in after.facts
            yield Changed(role, f"“{fact.removeprefix('role ')}”", _yes(not may), _yes(may), may)


def _is_wider(was: Sight, becomes: Sight) -> bool:
    order = (Sight.NO, Sight.NEEDS, Sight.RESIDENTS, Sight.INCIDENT, Sight.READ_BACK, Sight.YES)
    return order.index(becomes) > order.index(was)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def changed_row(
    row: RoleRow, *, sights: Mapping[Tier, Sight], scopes: Collection[Scope], facts: Collection[Fact]
) -> RoleRow:
    """One line of the table as somebody wants it; what a version cannot change stays."""
    kept = row.facts - GIVEN_BY_A_VERSION
    return replace(
        row,
        sights={**row.sights, **sights},
        scopes=tuple(one for one in Scope if one in scopes),
        facts=frozenset(kept | set(facts)),
    )
