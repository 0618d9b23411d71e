"""Of 100,000 made-up accesses the rules find every case that was put among them, and few that are none."""

from __future__ import annotations

from bench.accesses import ACCESSES, SEEDED, make_world, measure_rules
from epaccs.oversight.rules.unusual import RULES


def test_every_seeded_case_of_each_kind_is_found_and_few_others() -> None:
    measured = measure_rules(make_world())
    print(f"\nfound {measured.found} of {measured.seeded}")
    print(f"false alarms {measured.false_alarms}: {measured.false_share:.2f} of 1,000 accesses")

    assert measured.accesses >= ACCESSES
    assert set(measured.seeded) == set(RULES)
    assert all(count > SEEDED * 0.8 for count in measured.seeded.values())
    assert measured.missed == 0
    assert measured.false_share < 2
