"""The emergency card as words: what the page's template and the tablet's script both fill into the same markup.

Source: docs/offline.md, the view; hazard H-49 (the tablet says something else than the page).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from epaccs.record.rules.card import Site, build_card
from epaccs.record.summary import RecordSummary


def build_tablet_view(
    summary: RecordSummary, *, now: datetime, site: Site, horizon: timedelta, has_namesake: bool = False
) -> dict[str, Any]:
    """The card of one person for a tablet, as plain JSON."""
    card = build_card(summary, now=now, copy_left_at=now, site=site, has_namesake=has_namesake)
    one, line = summary.identity, card.line
    return {
        "made_at": now.isoformat(),
        "until": (now + horizon).isoformat(),
        "who": {"name": f"{one.family_name.upper()}, {one.given_name}"},
        "cpr": {"shape": str(line.shape), "line": [line.large], "words": [[words] for words in line.second if words]},
    }
