"""The specimens of the print templates as finished sheets, so that a test names a situation and not its facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from epaccs.access.rules import Tier
from epaccs.handover.particulars import with_cpr
from epaccs.handover.pdf import TEMPLATES
from epaccs.handover.rules import Printed, Sheet, build_facts, build_site
from epaccs.record.declared import sights
from epaccs.record.rules.card import Site, build_card
from epaccs.record.rules.whole import Reading, build_sections, with_disagreements
from epaccs.record.summary import build_summary
from epaccs.stamps.signer import Signer
from epaccs.versions.rules import Held, Material, Recorded

EVERYTHING: Final = frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE})
NEEDS_ONLY: Final = frozenset({Tier.T0_EXISTS, Tier.NEEDS})
SITE: Final = Site(control_telephone="01632 960999")
PRINTED: Final = Printed(
    "Sister J Marsh", "hospice nurse", "St Anne's Hospice", "L Hart, community nurse", "Kitchen drawer"
)
SIGNER: Final = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
RECORDED_AT: Final = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
STAMP: Final = {
    "name": "Dr A Patel",
    "role": "gp",
    "organisation_name": "Elm Street Surgery",
    "recorded_at": RECORDED_AT.isoformat(),
}


@cache
def load() -> dict[str, Any]:
    """The file as it is."""
    return yaml.safe_load((TEMPLATES / "specimen.yaml").read_text(encoding="utf-8"))


def names() -> list[str]:
    """Every situation."""
    return list(load()["specimens"])


def a_material(name: str = "not for CPR", *, held: tuple[Held, ...] = (), **sections: Any) -> Material:
    """What is recorded of a specimen; a section given as None was never recorded."""
    values = {**load()["person"], **load()["specimens"][name], **sections}
    recorded = {
        section: Recorded(section, number, value, _stamps(value), RECORDED_AT)
        for number, (section, value) in enumerate(values.items(), start=1)
        if value is not None
    }
    return Material(UUID(int=1), recorded, held)


def _stamps(value: dict[str, Any]) -> dict[str, Any]:
    keys = [key for key in value if key != "items"] + [f"items/{key}" for key in value.get("items", {})]
    return dict.fromkeys(keys, STAMP)


def a_sheet(
    name: str = "not for CPR",
    *,
    tiers: frozenset[Tier] = EVERYTHING,
    printed: Printed = PRINTED,
    is_demo: bool = True,
    **sections: Any,
) -> Sheet:
    """The sheet of a specimen; further sections put other values in place."""
    material = a_material(name, **sections)
    summary = build_summary(material, tiers, sights=sights(), organisations=load()["organisations"], number=7)
    now = load()["now"]
    shown = build_sections(material, Reading(tiers, load()["organisations"], now.date()), sights())
    shown = with_disagreements(shown, summary.disagreements)
    card = build_card(summary, now=now, copy_left_at=now, site=build_site(SITE, now))
    if summary.identity.is_restricted:
        printed = replace(printed, organisation="", place="")
    facts = build_facts("7K4P93XQ", card, {"cpr": 2, "legal": 3}, 7)
    address, stamp = "http://localhost:5000/check/7K4P-93XQ", SIGNER.stamp(facts)
    return Sheet("7K4P93XQ", card, with_cpr(card, shown), 7, printed, address, stamp, is_demo)
