"""The proof for as long as SOAK_SECONDS says (an hour): `make soak`.

On each core a lane of its own, forked from one warm process. It kills workers at every occurrence of every fault point,
on both databases, with each provider and with one to four workers at once, one occurrence after the other, and when all
were come to, drawn ones. In between it lets workers outlive their leases, cuts their connections, lets their disk or their
database server's fill up and their clocks go wrong, lets people opt out meanwhile, kills what is done to one person or
asked for by her, plants bugs, kills `nurture up`, kills beside a provider that has moods, and lives through virtual months
from seeds. It prints what it saw. The exit status is 1 where anything was lost or sent twice, a promise broken, a planted
bug not caught or a cell of the table left at 0, and the last lines say which: a run that was too short for all of it is no
success. A case that fails is told at once, and the others go on. SOAK_SEED chooses another order, SOAK_LANES another number
of lanes. Ctrl-C ends it with what was seen until then.

    python -m tests.soak kill smtp sqlite 2 body.before_reply:7    does one case again, as a failure tells it
"""

from __future__ import annotations

import os
import pickle
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from tests.crash import answers, moods, trials
from tests.crash.cases import CASES, OPTED_OUT, STOPS, Cases
from tests.crash.catching import TRAPS
from tests.crash.rounds import Round, counted
from tests.crash.scene import Scene
from tests.crash.seen import DOOR_CELLS, JOBS, PERSONAL_CELLS, PLACES, WORKERS, Seen, report
from tests.crash.stage import Stage
from tests.crash.workers import end_the_rest
from tests.seeds.plants import PLANTS, SHOWS_AT
from tests.seeds.room import room

# Of a lane's time.
SHARES = {"kills": 0.5, "seeds": 0.3, "other trials": 0.2}
FIRST = 2  # times as much for kills, until each fault point was come to once
EACH_SEED_ON_POSTGRESQL = 25
SEEN_WITHIN = 100  # seeds in which a planted bug must show
FAILING = ("compose.after_commit", "handover.before_commit", "handover.after_commit", "body.before_reply")
KEPT_EVERY = 20.0  # seconds: what a lane has seen so far
TOLD_EVERY = 300.0
Words = Sequence[str]


@dataclass
class Lane:
    """One process of the soak: its cases, in an order that the seed chooses."""

    number: int
    lanes: int
    seed: int
    until: float
    cases: Cases
    kept: Path

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed * 1000 + self.number)
        self.seen, self.stage = self.cases.seen, self.cases.stage
        self.began = self.saved = time.monotonic()
        self.parent = os.getppid()
        self.next_seed = self.seed * 1_000_000 + self.number
        self.come_round = False  # whether each of its fault points was come to

    def work(self) -> None:
        """Until the time is over: always what has had the least of its share."""
        ways = {"kills": self._kills(), "seeds": self._seeds(), "other trials": self._others()}
        while time.monotonic() < self.until and os.getppid() == self.parent:
            what = min(ways, key=lambda each: self.seen.spent[each] / self._share(each))
            began = time.monotonic()
            next(ways[what])
            self.seen.spent[what] += time.monotonic() - began
            if time.monotonic() - self.saved > KEPT_EVERY:
                self.keep()

    def _share(self, what: str) -> float:
        return SHARES[what] * (FIRST if what == "kills" and not self.come_round else 1)

    def keep(self) -> None:
        self.saved = time.monotonic()
        part = self.kept.with_suffix(".part")
        part.write_bytes(pickle.dumps(self.seen))
        part.replace(self.kept)

    # --- kills ----------------------------------------------------------------------------------

    def _kills(self) -> Iterator[None]:
        """Every occurrence, in turns of providers, databases and numbers of workers; then drawn ones."""
        mine = list(product(PLACES, WORKERS))
        random.Random(self.seed).shuffle(mine)  # alike in all lanes, which share them out
        mine = mine[self.number :: self.lanes]
        rounds: dict[Any, Round] = {}
        while True:
            for place, workers in mine:
                found = rounds.get((place, workers)) or counted(self.stage, place, workers)
                rounds[place, workers] = found
                wanted = found.next() or found.drawn(self.chance)
                hunt = self.cases.do("kill", *place, str(workers), *wanted)
                if found.waiting:
                    found.done(wanted, hunt.hits if hunt else ())
                self.seen.rounds[place, workers] = (
                    sum(found.visits.values()),
                    len(found.waiting),
                    len(found.missed),
                )
                yield
            self.come_round = all(each.is_round for each in rounds.values())

    # --- seeds ----------------------------------------------------------------------------------

    def _seeds(self) -> Iterator[None]:
        """In turns with those that have a bug planted, one of each bug after the other, until each was seen."""
        planted = self._planted_seeds()
        for lived in range(sys.maxsize):
            on_postgresql = lived % EACH_SEED_ON_POSTGRESQL == 7
            self.cases.do("seed", str(self.next_seed), "postgresql" if on_postgresql else "sqlite")
            self.next_seed += self.lanes
            yield
            yield from ([None] if next(planted, True) is None else [])

    def _planted_seeds(self) -> Iterator[None]:
        waiting = list(PLANTS)[self.number :: self.lanes]
        for tried in range(SEEN_WITHIN):
            for name in tuple(waiting):
                if self.cases.do("planted-seed", name, str(SHOWS_AT.get(name, 1) + tried)):
                    waiting.remove(name)
                yield
        for name in waiting:
            self.cases.failed(f"{name} was planted and {SEEN_WITHIN} seeds did not see it")

    # --- other trials ---------------------------------------------------------------------------

    def _others(self) -> Iterator[None]:
        planted: list[Words] = [("plant", name) for name in list(TRAPS)[self.number :: self.lanes]]
        for turn in range(sys.maxsize):
            for case in self._turn(turn):
                if planted:
                    self.cases.do(*planted.pop(0))
                    yield
                self.cases.do(*case)
                yield

    def _turn(self, turn: int) -> list[Words]:
        """Each of them about twice, and `nurture up` once."""
        found: list[Words] = [self._door(point, place[1]) for point, place, _ in DOOR_CELLS]
        found += [
            ("told", *self._door(f"ingest.{side}_commit", dialect)[1:])
            for side in ("before", "after")
            for dialect in ("sqlite", "postgresql")
        ]
        found += [
            self._person(point, place[1], drawn=drawn)
            for point, place, _ in PERSONAL_CELLS
            for drawn in (False, True)
        ]
        found += [self._help(dialect) for dialect in ("sqlite", "postgresql") for _ in range(2)]
        found += [self._stop(why) for why in (*STOPS, OPTED_OUT) for _ in range(2)]
        found += [
            self._mood(provider, place) for provider in moods.MOODY for place in ("sqlite", "postgresql")
        ]
        found += [self._fail(dialect, at) for dialect in ("postgresql", "sqlite") for at in FAILING]
        found += [self._fill(what, then) for what in trials.FILLED for then in ("goes on", "dies")]
        self.chance.shuffle(found)
        kills = 20 if self.until - self.began >= 900 else 5
        number = self.seed * 10_000 + turn * self.lanes + self.number
        return [*found[:10], ("up", str(kills), str(number)), *found[10:]]

    def _door(self, point: str, dialect: str) -> Words:
        return "door", dialect, f"{point}:{self.chance.randint(1, 3)}", str(self.chance.randint(1, 10**6))

    def _person(self, point: str, dialect: str, *, drawn: bool) -> Words:
        """What this point belongs to; where it may be `drawn`, also with a folder, which counts for no cell."""
        what, scene = point.partition(".")[0], self.stage.scene("smtp", dialect)
        if what == "erase" and drawn:
            what = self.chance.choice(("erase", "erase", "erase from files", "erase from drafts"))
        most = {"confirm": answers.ASKING, "export": 2}.get(what, 1)
        beside = self._visit(scene, JOBS if what == "confirm" else trials.BETWEEN)
        return "person", what, dialect, f"{point}:{self.chance.randint(1, most)}", beside

    def _help(self, dialect: str) -> Words:
        point = self.chance.choice(("ingest.before_commit", "ingest.after_commit"))
        fault = f"{point}:{self.chance.randint(1, 2 * answers.ASKING)}"
        return "person", "help", dialect, fault, self._visit(self.stage.scene("twilio", dialect), JOBS)

    def _visit(self, scene: Scene, points: Sequence[str]) -> str:
        """One that a worker makes of these points."""
        point = self.chance.choice(points)
        return f"{point}:{self.chance.randint(1, self.stage.visits(scene)[point])}"

    def _mood(self, provider: str, dialect: str) -> Words:
        fault = self._visit(self.stage.scene(provider, dialect), trials.BETWEEN)
        return "mood", provider, dialect, str(self.chance.choice(WORKERS)), fault

    def _stop(self, why: str) -> Words:
        # a call to another system is nothing that anybody consents to
        bound = [place for place in PLACES if why != OPTED_OUT or place[0] != "http"]
        place = self.chance.choice(bound)
        return "stop", why, *place, self._visit(self.stage.scene(*place), trials.BETWEEN)

    def _fail(self, dialect: str, point: str) -> Words:
        provider = self.chance.choice(PLACES)[0]
        return "fail", provider, dialect, f"{point}:{self.chance.randint(1, 3)}"

    def _fill(self, what: str, then: str) -> Words:
        provider, point = self.chance.choice(PLACES)[0], self.chance.choice(FAILING)
        return "fill", what, provider, f"{point}:{self.chance.randint(1, 3)}", then


# --- lanes ------------------------------------------------------------------------------------------


def _lane(number: int, lanes: int, seed: int, until: float, folder: Path) -> int:
    """Fork a lane; its process id. What it has seen is in a file, from time to time and when it ends."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, _end_once)
        own = folder / str(number)
        own.mkdir()
        with Stage(own) as stage, room() as here:
            lane = Lane(number, lanes, seed, until, Cases(stage, here, Seen()), folder / f"{number}.seen")
            try:
                lane.work()
                status = 0
            finally:
                lane.keep()
                end_the_rest()
    except KeyboardInterrupt:
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _end_once(*_: object) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _soak(seconds: float, seed: int, lanes: int, folder: Path) -> tuple[Seen, bool]:
    """What all lanes have seen, and whether they had their time."""
    began, failures, whole = time.monotonic(), [], True
    pids = {_lane(n, lanes, seed, began + seconds, folder) for n in range(lanes)}
    told = began
    while pids:
        try:
            for pid in tuple(pids):
                gone, status = os.waitpid(pid, os.WNOHANG)
                if gone:
                    pids.remove(pid)
                    failures += [f"a lane ended with {os.waitstatus_to_exitcode(status)}"] if status else []
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                so_far = _read(folder)
                minutes = (told - began) / 60
                print(f"{minutes:.0f} min: {so_far.told}", file=sys.stderr, flush=True)
            time.sleep(0.2)
        except KeyboardInterrupt:
            whole = False
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
    seen = _read(folder)
    seen.failures += failures
    return seen, whole


def _read(folder: Path) -> Seen:
    seen = Seen()
    for path in sorted(folder.glob("*.seen")):
        seen.add(pickle.loads(path.read_bytes()))
    return seen


def _again(words: Words) -> int:
    """One case."""
    if words[0] not in CASES:
        print(f"no case is called {words[0]!r}; they are {', '.join(CASES)}", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="nurture-soak-") as folder,
        Stage(Path(folder)) as stage,
        room() as here,
    ):
        cases = Cases(stage, here, Seen())
        if words[0] == "kill":  # as in the soak: from a warm process
            stage.visits(stage.scene(*words[1:3]))
        print(cases.do(*words) or "done")
        return 1 if cases.seen.failures else 0


def main() -> int:
    if words := sys.argv[1:]:
        return _again(words)
    from tests.support import postgres

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seconds = float(os.environ.get("SOAK_SECONDS", "3600"))
    postgres.migrated_database()  # one server for all lanes, which ends with this process
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nurture-soak-") as folder:
        seen, whole = _soak(
            seconds,
            int(os.environ.get("SOAK_SEED", "1")),
            int(os.environ.get("SOAK_LANES", os.cpu_count() or 1)),
            Path(folder),
        )
    print(report(seen, (time.monotonic() - began) / 60))
    if not whole:
        return 130
    return 1 if seen.shortcomings else 0


if __name__ == "__main__":
    sys.exit(main())
