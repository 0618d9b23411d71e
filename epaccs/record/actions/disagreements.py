"""Refuse what cannot be true, on every path: a rule across sections, run by the one writer."""

from __future__ import annotations

from collections.abc import Mapping

from epaccs.record.declared import sights
from epaccs.record.rules.disagreements import check_possible
from epaccs.versions.registry import Body, Context
from epaccs.versions.rules import Value


def check_change(values: Mapping[str, Value], section: str, body: Body, context: Context) -> None:
    """No change makes two answers stand together that cannot both be true.

    Raises:
        RuleBroken: with both answers and what to do.

    Source: hazard H-37.
    """
    del body
    check_possible(context.values, values, section=section, sights=sights())
