"""What is measured, against which floor and which peer, in the same run on the same machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure beside what it is measured against.

    Args:
        name: what was measured, of how many people, on which database.
        floor: the same quantity for the least that could do the work; None: the figure is judged by itself.
        peer: the same quantity for another way of doing it; None: there is none.
        must: what it has to reach, in words; blank: nothing was promised.
        holds: whether it did; None: nothing was promised.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    peer: float | None = None
    must: str = ""
    holds: bool | None = None

    @property
    def ratio(self) -> float | None:
        """The figure in floors."""
        return None if not self.floor else round(self.value / self.floor, 2)

    def to_json(self) -> dict[str, Any]:
        """The row as the contract of the commands says: name, value, unit, floor, peer, ratio, must, holds."""
        row = asdict(self)
        return {
            "name": row["name"],
            "value": row["value"],
            "unit": row["unit"],
            "floor": row["floor"],
            "peer": row["peer"],
            "ratio": self.ratio,
            "must": row["must"],
            "holds": row["holds"],
        }
