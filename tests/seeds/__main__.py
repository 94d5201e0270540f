"""Live through virtual months, seed by seed.

    python -m tests.seeds --from 1 --seeds 1000     a thousand seeds
    python -m tests.seeds --seed 42 --trace         one seed, with all that happened in it
    python -m tests.seeds --plant no_fence          until a seed catches this planted bug
    python -m tests.seeds --plants                  the same for each of them

`--postgresql` lives on that database; `--seconds S` stops after so long. The exit status is 1 where a seed failed, or
where a planted bug was not caught. The same seed does the same at every time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.seeds.plants import PLANTS
from tests.seeds.room import Lived, Room, room
from tests.seeds.trying import caught


def main() -> int:
    given = _options()
    with room() as here:
        if given.plant or given.plants:
            names = [given.plant] if given.plant else list(PLANTS)
            return max([_plant(here, name, given) for name in names])
        if given.seed is not None:
            return _one(here, given)
        return _many(here, given)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.seeds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--plant", choices=sorted(PLANTS))
    parser.add_argument("--plants", action="store_true")
    return parser.parse_args()


def _one(here: Room, given: argparse.Namespace) -> int:
    lived = here.live(given.seed, _dialect(given), PLANTS.get(given.plant or ""))
    if given.trace:
        print("\n".join(lived.trace))
    print(f"{lived.days} days, {_counted(lived.counts)}; digest {lived.digest}")
    return _failed(lived, given)


def _many(here: Room, given: argparse.Namespace) -> int:
    failures, totals, days = 0, Counter[str](), 0
    seeds = 0
    for lived in _lived(here, given):
        failures += _failed(lived, given)
        totals += lived.counts
        days += lived.days
        seeds += 1
    print(f"{seeds:,} seeds, {days:,} days, {_counted(totals)}: {failures} failed")
    return 1 if failures else 0


def _lived(here: Room, given: argparse.Namespace) -> Iterator[Lived]:
    until = time.monotonic() + given.seconds
    for seed in range(given.first, given.first + given.seeds):
        yield here.live(seed, _dialect(given))
        if time.monotonic() > until:
            return


def _plant(here: Room, name: str, given: argparse.Namespace) -> int:
    found = caught(here, name, range(given.first, given.first + given.seeds), _dialect(given))
    if found is None:
        print(f"{name}: not caught by {given.seeds} seeds")
        return 1
    seed, failure = found
    print(f"{name}: caught by seed {seed}: {failure.splitlines()[-1]}")
    return 0


def _failed(lived: Lived, given: argparse.Namespace) -> int:
    if lived.failure is None:
        return 0
    more = " --postgresql" if given.postgresql else ""
    print(
        f"seed {lived.seed} failed: {lived.failure}\n  python -m tests.seeds --seed {lived.seed}{more} --trace"
    )
    return 1


def _dialect(given: argparse.Namespace) -> str:
    return "postgresql" if given.postgresql else "sqlite"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
