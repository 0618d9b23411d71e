"""Every section as its readers meet it, read from the declarations: the register's, the plan's, and CPR as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from epaccs.access.rules import AUDIENCES, Tier, audience_name
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration, stage_of, tier_of
from epaccs.core.db import canonical_json
from epaccs.core.forms import FormField, NHSNumberField, YesNo
from epaccs.core.passages import LABEL, WITHHELD
from epaccs.cpr_decisions.rules import states
from epaccs.cpr_decisions.rules.kept import Kept
from epaccs.observations.rules import OBSERVATIONS, title_of
from epaccs.observations.schema import LABEL as LABEL_OF_OBSERVATIONS
from epaccs.observations.schema import TIER as TIER_OF_OBSERVATIONS
from epaccs.observations.schema import LineSchema
from epaccs.record.rules import parts
from epaccs.record.rules.disagreements import CONTRADICTIONS
from epaccs.record.sight import Fields, FieldSight, SectionSight, Sights, can_see
from epaccs.register.rules import CONSENT_LABELS, FIGURES_LABELS, TABLETS_LABELS
from epaccs.register.schema import IdentitySchema
from epaccs.versions.rules import Value
from epaccs.versions.schema import leads_to_door

#: Name, born, NHS number, practice: what says that there is an entry. Source: access table, T0.
_WHO: Final = frozenset(
    {
        "family_name", "given_name", "title", "preferred_name", "born_on", "gender", "nhs_number", "nhs_number_status",
        "no_nhs_number_reason", "address_restricted", "usual_gp_name", "practice_ods",
    }
)  # fmt: skip

#: Fields that name an organisation by its code; a reader is shown the name.
_ORGANISATIONS: Final = {
    "practice_ods": "GP practice",
    "care_home_ods": "Care home",
    "key_worker_ods": "Key worker's organisation",
}


@cache
def sights() -> Sights:
    """Every section by name, in the order of page and paper."""
    plan = {name: _section(declaration) for name, declaration in SECTIONS.items()}
    own = {"identity": _identity(), "lifecycle": _lifecycle(), "cpr": _cpr()}
    return {**own, **plan, "consent": _consent(), OBSERVATIONS: _observations()}


@cache
def audiences_alike() -> tuple[tuple[frozenset[Tier], ...], ...]:
    """The audiences of the access table, those together that see the same fields of every section."""
    groups: dict[frozenset[tuple[str, str]], list[frozenset[Tier]]] = {}
    for tiers in AUDIENCES:
        groups.setdefault(_seen_fields(tiers), []).append(tiers)
    return tuple(tuple(group) for group in groups.values())


@cache
def card_shape() -> str:
    """By which a stored card is known to be made by these declarations; after a release it may not be.

    A card of another shape is not read: what was added since would come back from it as hidden.
    """
    declared = [
        [
            section.name,
            section.label,
            section.tier,
            section.empty,
            *map(_shape_of_fields, (section.fields, section.item_fields)),
        ]
        for section in sights().values()
    ]
    kept = [one for module in (parts, states) for one in vars(module).values() if isinstance(one, type)]
    written = sorted([one.__name__, *(part.name for part in fields(one))] for one in kept if issubclass(one, Kept))
    compared = [[one.key, one.reads, one.is_for_crew, one.is_on_line] for one in CONTRADICTIONS]
    said = canonical_json([declared, written, compared, [audience_name(tiers) for tiers in AUDIENCES], LABEL, WITHHELD])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _shape_of_fields(declared: Fields) -> list[Any]:
    return [
        [
            name,
            one.label,
            one.tier,
            one.needs,
            one.tells_place,
            one.is_masked,
            one.has_passages,
            one.kind,
            dict(one.values),
            one.ages,
        ]
        for name, one in declared.items()
    ]


def _seen_fields(tiers: frozenset[Tier]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (section.name, name)
        for section in sights().values()
        if section.is_seen_by(tiers)
        for name, field in {"": None, **section.fields, **section.item_fields}.items()
        if field is None or can_see(field, tiers)
    )


def _section(declaration: SectionDeclaration) -> SectionSight:
    return SectionSight(
        name=declaration.name,
        label=declaration.label,
        tier=declaration.tier,
        empty=declaration.empty,
        fields=_fields(declaration, declaration.fields()),
        item_fields=_fields(declaration, declaration.item_fields()),
        title=_title_of(declaration),
        **_order_and_places(declaration),
    )


def _order_and_places(declaration: SectionDeclaration) -> dict[str, Any]:
    items = declaration.items
    return {"rank": items.rank, "telling_of": items.telling_of} if items else {}


def _title_of(declaration: SectionDeclaration) -> Callable[[Value], str]:
    """How one line of the list is named, by what is left of it for this reader."""
    items = declaration.items
    if items is None:
        return lambda _item: ""

    def title(item: Value) -> str:
        try:
            return items.title(item)
        except KeyError:
            return str(item.get("relationship") or items.one).capitalize()

    return title


def _fields(declaration: SectionDeclaration, fields: Mapping[str, FormField]) -> dict[str, FieldSight]:
    return {
        name: replace(
            _field(field, tier_of(declaration, field), needs=declaration.needs and not field.metadata.get("clinical")),
            stage=stage_of(declaration, field),
        )
        for name, field in fields.items()
    }


def _field(field: FormField, tier: Tier, *, needs: bool) -> FieldSight:
    return FieldSight(
        label=field.metadata["label"],
        tier=tier,
        needs=needs,
        tells_place=leads_to_door(field),
        is_masked=bool(field.metadata.get("masked")),
        has_passages=bool(field.metadata.get("passages")),
        on_card=bool(field.metadata.get("card")),
        ages=field.metadata.get("ages", 0),
        ages_as=field.metadata.get("ages_as", ""),
        values={} if isinstance(field, YesNo) else field.metadata.get("values", {}),
        codes=field.metadata.get("codes", {}),
        kind="nhs_number" if isinstance(field, NHSNumberField) else field.kind,
    )


def _identity() -> SectionSight:
    declared = {name: field for name, field in IdentitySchema().fields.items() if isinstance(field, FormField)}
    fields = {
        name: replace(_field(field, Tier.T0_EXISTS if name in _WHO else Tier.T1_EMERGENCY, needs=True), on_card=True)
        for name, field in declared.items()
    }
    fields |= {
        name: replace(fields[name], label=label, tells_place=True, kind="organisation")
        for name, label in _ORGANISATIONS.items()
    }
    fields["superseded_nhs_numbers"] = FieldSight("Earlier NHS numbers", Tier.T1_EMERGENCY, kind="nhs_number")
    return SectionSight("identity", "The person", Tier.T0_EXISTS, fields=fields)


def _lifecycle() -> SectionSight:
    return SectionSight("lifecycle", "On the register", Tier.T0_EXISTS, is_whole=True)


def _cpr() -> SectionSight:
    return SectionSight("cpr", "CPR decision", Tier.T1_EMERGENCY, is_whole=True, empty="No CPR decision recorded here")


def _consent() -> SectionSight:
    agreements = {str(status): label for status, label in CONSENT_LABELS.items()}
    labels = {**agreements, **TABLETS_LABELS, **FIGURES_LABELS}
    fields = {
        "status": FieldSight("Agreement", Tier.T1_EMERGENCY, values=labels),
        "decided_on": FieldSight("Decided on", Tier.T1_EMERGENCY, kind="date"),
    }
    return SectionSight(
        "consent",
        "Agreement to be on the register and to share",
        Tier.T1_EMERGENCY,
        is_whole=True,
        fields=fields,
    )


def _observations() -> SectionSight:
    declared = {name: field for name, field in LineSchema().fields.items() if isinstance(field, FormField)}
    return SectionSight(
        OBSERVATIONS,
        LABEL_OF_OBSERVATIONS,
        TIER_OF_OBSERVATIONS,
        empty="Nothing was said",
        item_fields={name: _field(field, TIER_OF_OBSERVATIONS, needs=False) for name, field in declared.items()},
        title=title_of,
        rank=_newest_first,
        is_log=True,
        titled=frozenset({"what", "outcome", "found"}),
    )


def _newest_first(line: Value) -> int:
    return -int(datetime.fromisoformat(line["observed_at"]).timestamp() * 1_000_000)
