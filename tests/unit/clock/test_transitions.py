"""Changes of the clocks, one of each kind from 2020 to 2040, against a scan minute by minute. `make zones` looks at all."""

from __future__ import annotations

import pytest

from tests.support.zones import Change, Scan, edges, kinds, mismatches


@pytest.mark.parametrize("change", kinds(), ids=str)
def test_the_clock_is_right_around_a_change(change: Change) -> None:
    assert list(mismatches(change, Scan(change), edges(change))) == []
