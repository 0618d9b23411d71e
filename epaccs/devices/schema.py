"""What a tablet sends when it is enrolled and when it renews its lease."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from epaccs.access.rules import Scope
from epaccs.clinicians.rules import Role
from epaccs.core import forms
from epaccs.core.errors import NotFound
from epaccs.core.fields import start_large
from epaccs.core.identifiers import parse_id
from epaccs.devices.rules import (
    CLASS_LABELS,
    LIMITS,
    OFFLINE_SECTIONS,
    SCOPE_LABELS,
    SCOPE_WORDS,
    TIER_LABELS,
    DeviceClass,
    HeldTier,
    Policy,
    TierRule,
    can_hold,
    held_words,
)

#: A count that no tablet reaches; the column holds it.
_MOST = 2**31 - 1


class IdField(fields.Field[Any]):
    """An id as text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return parse_id(value)
        except NotFound:
            raise ValidationError("Give an id") from None


class FromTabletSchema(Schema):
    """Whatever a tablet sends."""

    class Meta:
        """What a newer program of the tablet says besides is passed over."""

        unknown = EXCLUDE


class _WithProgram(FromTabletSchema):
    program = forms.ShortText("Version of the program", limit=40, required=True)
    now_device = forms.TypedDateTime("Time on the tablet", future=True, required=True)


class EnrolSchema(_WithProgram):
    """A new tablet, or with its id another user of it."""

    device_id = IdField(load_default=None, allow_none=True)
    label = forms.ShortText("Name of the tablet", limit=60, required=False)
    device_class = forms.Choice(
        "Kind of device", {str(one): words for one, words in CLASS_LABELS.items()}, enum=DeviceClass
    )
    user_key = fields.Dict(keys=fields.String(), required=True, error_messages={"required": "Send the public key"})


class LeaseSchema(_WithProgram):
    """Which tablet asks for a lease."""

    device_id = IdField(required=True)


class StateSchema(FromTabletSchema):
    """What a tablet says of itself when it pulls."""

    program = forms.ShortText("Version of the program", limit=40)
    outbox = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, _MOST))
    audit = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, _MOST))
    storage_bytes = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 2**62))
    is_persisted = fields.Boolean(allow_none=True)
    plans_missing = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, _MOST))
    reserve_bytes = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, _MOST))
    unlock = fields.List(fields.String(validate=validate.Regexp(r"[a-z0-9-]{1,20}\Z")), validate=validate.Length(max=4))
    sums = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[^\x00-\x1f\ud800-\udfff]{1,80}\Z")),
        values=fields.String(validate=validate.Regexp(r"[0-9a-f]{1,16}\Z")),
        validate=validate.Length(max=16),
    )


# --- Pages -----------------------------------------------------------------------------------------------------------


def build_take_out_schema(labels: dict[str, str]) -> type[Schema]:
    """Which tablets, and why."""
    return Schema.from_dict(
        {
            "device_ids": forms.Choices(
                "Which tablets?", labels, called="tablets", ask="Choose at least one tablet", required=True
            ),
            "why": forms.Choice(
                "Why are they taken out of use?",
                {"lost": "Lost or stolen", "revoked": "Not used any more, or not to be used any more"},
                called="why",
                ask="Choose why",
                required=True,
            ),
        }
    )


class NothingSchema(Schema):
    """Nothing is asked: the button says it all."""


#: As it is asked; what is kept counts seconds.
_NUMBERS = {
    "lease_seconds": ("How many hours may it be read without contact?", None),
    "break_glass_seconds": ("By how many hours is a lease extended in an emergency?", "0 if never"),
    "lock_idle_seconds": ("After how many minutes does it lock?", "When nobody touches it"),
    "green_seconds": ("For how many minutes is a copy up to date?", None),
    "amber_seconds": ("From how many hours on is a copy shown as stale?", None),
    "red_seconds": ("From how many hours on is a CPR decision only the last known?", None),
    "passphrase_length": ("How many characters has a passphrase at least?", None),
    "attempts": ("After how many wrong passphrases are the keys erased?", None),
    "least_digits": ("How many figures of an NHS number must be typed to search?", None),
    "most_results": ("How many people does a search show at most?", None),
    "most_residents": ("How many residents does the list of a care home's round show at most?", "0 if none"),
    "poll_seconds": ("Every how many seconds does it ask for changes?", None),
}
#: The passphrase always unlocks; what may beside it.
_UNLOCKING = {
    "passphrase": "The passphrase only",
    "prf": "The passphrase, or the device's own lock: its finger, face or PIN",
}
#: A whole number of the form; whether it may be chosen is said by the rules, in their own sentence.
_HIGHEST = 99_999


def build_policy_schema(role: Role) -> type[Schema]:
    """What is asked about a policy of this role: only of people whom it reaches."""
    asked: dict[str, fields.Field[Any]] = {}
    for word in held_words(role):
        asked |= _ask_about(role, word)
    for name, (question, hint) in _NUMBERS.items():
        asked[name] = forms.WholeNumber(question, hint=hint, lowest=0, highest=_HIGHEST, required=True)
    asked["unlock"] = forms.Choice(
        "What may unlock it?",
        _UNLOCKING,
        hint="Whoever can unlock the device can then read and write as its user: not where a device has several users",
        called="what may unlock it",
        required=True,
    )
    asked["offline_sections"] = forms.Choices(
        "What may be written without signal?",
        OFFLINE_SECTIONS_SHOWN,
        called="what may be written without signal",
    )
    asked["reason"] = forms.FreeText(
        "Why is it decided so?", limit=2_000, rows=3, called="reason", ask="Enter the reason", required=True
    )
    return Schema.from_dict(asked)


OFFLINE_SECTIONS_SHOWN = {name: start_large(words) for name, words in OFFLINE_SECTIONS.items()}


def _ask_about(role: Role, word: Scope) -> dict[str, fields.Field[Any]]:
    name, label = SCOPE_WORDS[word], SCOPE_LABELS[word]
    offered = {str(tier): start_large(words) for tier, words in TIER_LABELS.items()}
    held = {tier: words for tier, words in offered.items() if can_hold(role, word, HeldTier(tier))}
    return {
        f"{name}_tier": forms.Choice(
            f"How much does it hold of {label}?",
            {"none": "Nothing", **held},
            called=f"what lies there of {label}",
            required=True,
        ),
        f"{name}_cap": forms.WholeNumber(
            "Of how many people at most?",
            hint=start_large(label),
            called=f"most people of {label}",
            lowest=0,
            highest=_HIGHEST,
            width=5,
        ),
    }


def policy_to_form(policy: Policy, role: Role) -> dict[str, Any]:
    """A policy as it stands in the boxes."""
    shown: dict[str, Any] = {name: getattr(policy, name) // LIMITS[name].unit for name in _NUMBERS}
    by_scope = {rule.scope: rule for rule in policy.tiers}
    for word in held_words(role):
        rule = by_scope.get(word)
        shown[f"{SCOPE_WORDS[word]}_tier"] = str(rule.tier) if rule else "none"
        shown[f"{SCOPE_WORDS[word]}_cap"] = rule.cap if rule else None
    unlock = "prf" if "prf" in policy.unlock else "passphrase"
    return {**shown, "unlock": unlock, "offline_sections": list(policy.offline_sections)}


def policy_from_form(loaded: dict[str, Any], role: Role) -> Policy:
    """The policy that was typed; a cap that was left blank is nobody's, and refused where something is held."""
    tiers = tuple(
        TierRule(word, HeldTier(loaded[f"{SCOPE_WORDS[word]}_tier"]), loaded[f"{SCOPE_WORDS[word]}_cap"] or 0)
        for word in held_words(role)
        if loaded[f"{SCOPE_WORDS[word]}_tier"] != "none"
    )
    numbers = {name: loaded[name] * LIMITS[name].unit for name in _NUMBERS}
    return Policy(
        tiers=tiers,
        break_glass_uses=1 if numbers["break_glass_seconds"] else 0,
        unlock=("prf", "passphrase") if loaded["unlock"] == "prf" else ("passphrase",),
        offline_sections=tuple(loaded["offline_sections"] or ()),
        **numbers,
    )
