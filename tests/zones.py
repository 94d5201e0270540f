"""Every change of the clocks in every zone from 2020 to 2040, looked at from three hours before it to three hours after
it and a day either side, against a scan minute by minute: `make zones`.

ZONES_EVERY says how many minutes lie between two looks (7). The exit status is 1 where the product says otherwise than the
scan.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from zoneinfo import available_timezones

from tests.support.zones import MINUTE, Scan, changes, edges, mismatches

AROUND = 180  # minutes


def main() -> int:
    every = int(os.environ.get("ZONES_EVERY", "7"))
    looks, wrong, shifts = 0, 0, Counter[int]()
    for change in changes():
        minutes = sorted({*edges(change), *range(-AROUND, AROUND + 1, every)})
        looks += len(minutes)
        shifts[change.shift] += 1
        for mismatch in mismatches(change, Scan(change, MINUTE), minutes):
            wrong += 1
            print(mismatch)
    names = sum({change.zone: change.zones for change in changes()}.values())
    print(
        f"{len(available_timezones())} zones, of which {names} change their clocks, by {len({c.zone for c in changes()})} rules"
    )
    print(
        f"{len(changes()):,} changes: "
        + ", ".join(f"{count:,} by {shift:+} minutes" for shift, count in sorted(shifts.items()))
    )
    print(f"{looks:,} instants looked at, {wrong:,} mismatches")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
