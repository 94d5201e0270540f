"""Changes of the clocks, one of each kind from 2020 to 2040, against a scan minute by minute. `make zones` looks at all."""

from __future__ import annotations

from tests.support.zones import Scan, edges, kinds, mismatches


def test_the_clock_is_right_around_each_kind_of_change() -> None:
    found = [each for change in kinds() for each in mismatches(change, Scan(change), edges(change))]
    assert found == []
    assert {change.shift for change in kinds()} >= {60, -60, 30, -30}
