"""What the forms of agreements ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import Schema

from epaccs.agreements.rules import (
    END_REASON_LABELS,
    LEGAL_BASIS_LABELS,
    LEVEL_HINTS,
    LEVEL_LABELS,
    PURPOSE_LABELS,
    SPECIAL_BASIS_LABELS,
    EndReason,
    LegalBasis,
    Purpose,
    SpecialBasis,
)
from epaccs.core import forms


def _coded(labels: Mapping[Any, str]) -> dict[str, str]:
    """The words for each code."""
    return {str(code): words for code, words in labels.items()}


def build_new_agreement(organisations: Mapping[UUID, str]) -> type[Schema]:
    """A new agreement between some of these organisations."""
    names = {str(one): name for one, name in organisations.items()}
    return Schema.from_dict(
        {
            "name": forms.ShortText(
                "Name of the agreement", hint="As it is called on paper", required=True, limit=200, autocomplete="off"
            ),
            "parties": forms.Choices(
                "Which organisations are party to it?",
                names,
                called="organisations that are party to it",
                hint="Each signs for itself. Nothing flows to or from one that has not signed",
                required=True,
            ),
            "controllers": forms.Choices(
                "Which of them are controllers?",
                names,
                called="controllers",
                hint="They decide why and how the data is used, and answer for it",
                required=True,
            ),
            "level": forms.Choice(
                "How far does it go?",
                {str(int(level)): words for level, words in LEVEL_LABELS.items()},
                hints={str(int(level)): words for level, words in LEVEL_HINTS.items()},
                called="how far it goes",
                ask="Choose how far it goes",
                required=True,
            ),
            "purpose": forms.Choice("What for?", _coded(PURPOSE_LABELS), called="purpose", enum=Purpose, required=True),
            "legal_basis": forms.Choice(
                "On which legal basis?",
                _coded(LEGAL_BASIS_LABELS),
                called="legal basis",
                hint="UK GDPR, article 6",
                enum=LegalBasis,
                required=True,
            ),
            "special_basis": forms.Choice(
                "On which basis for data about health?",
                _coded(SPECIAL_BASIS_LABELS),
                called="basis for data about health",
                hint="UK GDPR, article 9",
                enum=SpecialBasis,
                required=True,
            ),
            "contact": forms.FreeText(
                "Whom do people ask, and where do they say no?",
                called="contact",
                ask="Enter whom people ask, and where they say no",
                hint="Stands on the page that everybody can read. A post, a telephone number, an address: no patient",
                required=True,
                limit=400,
                rows=3,
            ),
            "valid_from": forms.TypedDate("First day", future=True, required=True, hint="For example 1 4 2026"),
            "valid_until": forms.TypedDate("Last day", future=True, required=True, hint="For example 31 3 2028"),
        }
    )


class SignSchema(Schema):
    """Who signed, as on paper."""

    signed_by = forms.ShortText(
        "Signed by",
        called="name and post of whoever signed",
        hint="Name and post: Dr Ada Example, Caldicott Guardian",
        required=True,
        limit=200,
        autocomplete="off",
    )
    is_authorised = forms.Tick(
        "They may sign for this organisation, and have signed the agreement as it stands here", required=True
    )


class EndSchema(Schema):
    """Why it ends."""

    reason = forms.Choice(
        "Why?", _coded(END_REASON_LABELS), called="reason", ask="Choose why", enum=EndReason, required=True
    )
    note = forms.FreeText("What others should know", limit=1000, rows=3)
