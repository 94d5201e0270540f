"""Speed and memory of the product, on both databases.

    python -m benchmarks [NAME...] [--scale 0.1]

prints the table; the whole of it, at full scale, is written to docs/benchmarks.md. The exit status is 1 where
a floor was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.memory import MEGABYTE, Watch
from benchmarks.part import PARTS
from benchmarks.table import NONE, Row, at_most, markdown, plain
from tests.support.postgres import postgres_url

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
NOT_OURS = ("postgres", "benchmarks/rival")
MEMORY = 400
# Four workers at once, or a web application beside two: more than two cores are for.
CROWDED = ("sharing", "leaving")
_TEXT = """# Benchmarks

Written by `make bench` ({machine}, both databases on the same machine, PostgreSQL with `fsync=on`, SQLite with
`synchronous=FULL`). Repeat it with `make bench`; with `.venv/bin/python -m benchmarks {example} --scale 0.1` for a
quick look at a part. Ratios are of two things measured in the same run, one after the other, so they mean the same on
another machine; the other figures do not. A floor that is missed is marked, and `make bench` fails then; where there
is none, nothing was promised.

- **Messages sent** go from what is due in the outbox to outcomes that are committed: leased, rendered with their links,
  asked about consent, cap and quiet hours, marked, handed over, and each with its event. The mail server is on the same
  two cores, with the database and the workers, and writes a ledger.
- **A server 30 ms away** waits so long with each of its answers, and a message needs two. So a worker with 50
  connections can't send more than 833 in a second to it; more connections or more workers can.
- **In doubt after a kill**: workers are killed (SIGKILL) at random moments while they send. The outcomes of a wave are
  written with the marks of the next, so nearly a whole wave is in doubt, most of which has arrived.
- **From an opt-out's request**: people press their mail program's button (RFC 8058) while mails to them are under way,
  every second one somebody whose mail is leased. Who gets nothing more counts as 0.
- **Memory of a worker**: `NURTURE_BENCH_MESSAGES=500000 .venv/bin/python -m benchmarks lasting` goes on for longer. In less
  than 60,000 messages SQLite's memory is not yet full. The long run came to 172.1 MB in the first 250,680 messages and
  172.8 MB in as many more on SQLite, and to 110.5 MB and 111.2 MB on PostgreSQL.
- **Peak memory** leaves out `sharing` and `leaving`: four workers at once, and a web application beside two.

{table}"""


def main() -> int:
    options = _options()
    rows = []
    for row in _measured(options.names or PARTS, options.scale):
        print(plain([row]), flush=True)
        rows.append(row)
    if not options.names and options.scale == 1:
        text = _TEXT.format(machine=_machine(), example=PARTS[0], table=markdown(rows))
        DOCUMENT.write_text(text, encoding="utf-8")
        print(f"\nwritten to {DOCUMENT.relative_to(Path.cwd())}")
    missed = [row for row in rows if not row.met]
    print("\n" + (f"{len(missed)} of {len(rows)} floors missed" if missed else "every floor is kept"))
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory, measured.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"a part: {', '.join(PARTS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the people, for a quick look")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in PARTS]:
        parser.error(f"no part is called {unknown[0]!r}; they are {', '.join(PARTS)}")
    return options


def _measured(names: list[str], scale: float) -> Iterator[Row]:
    """The rows of each part as they come, and last the memory of the part that took most."""
    environment = {**os.environ, "NURTURE_TEST_POSTGRES": postgres_url()}
    peaks: dict[str, int] = {}
    for name in names:
        command = [sys.executable, "-m", "benchmarks.part", name, str(scale)]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as part,
            Watch(part, NOT_OURS) as watch,
        ):
            assert part.stdout
            for line in part.stdout:
                yield Row(**json.loads(line))
        if part.returncode:
            raise SystemExit(f"{name} failed")
        peaks[name] = watch.peak
    peaks = {name: peak for name, peak in peaks.items() if name not in CROWDED}
    if not peaks:
        return
    most = max(peaks, key=peaks.__getitem__)
    note = ", ".join(f"{name} {peak / MEGABYTE:.0f} MB" for name, peak in peaks.items())
    yield at_most("peak memory of the process tree", NONE, peaks[most] / MEGABYTE, "MB", MEMORY, note)


def _machine() -> str:
    return f"{os.cpu_count()} cores, {round(psutil.virtual_memory().total / 2**30)} GiB"


if __name__ == "__main__":
    sys.exit(main())
