"""The proof for as long as SOAK_SECONDS says (an hour): `make soak`.

On each core a lane of its own, forked from one warm process, kills workers at every fault point on both databases, with
each provider and with one to four workers at once; lets them outlive their leases, cuts their connections, lets their
disk fill up and their clocks go wrong, lets people opt out meanwhile, plants bugs, kills `nurture up`, and lives through
virtual months from seeds. It prints what it saw. The exit status is 1 where anything was lost or sent twice, a promise
broken or a bug not caught. SOAK_SEED chooses another order, SOAK_LANES another number of lanes.
"""

from __future__ import annotations

import os
import pickle
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.crash import doors, trials, up
from tests.crash.catching import TRAPS
from tests.crash.hunting import hunted
from tests.crash.scene import Audit, Scene
from tests.crash.seen import DOOR_CELLS, JOBS, PLACES, WORKERS, Place, Seen, report
from tests.crash.stage import Stage
from tests.seeds.plants import PLANTS
from tests.seeds.room import Room, room
from tests.seeds.trying import caught
from tests.support import sink

Task = Callable[[], None]
SEEDS_SHARE = 0.25  # of a lane's time
EACH_SEED_ON_POSTGRESQL = 25
OPTED_OUT = "opted out meanwhile"
SEEN_WITHIN = 100  # seeds in which a planted bug must show
DELIVERY = ("compose", "handover", "body", "outcome")
FAILING = ("compose.after_commit", "handover.before_commit", "handover.after_commit", "body.before_reply")


@dataclass
class Lane:
    """One process of the soak: its tasks, in an order that the seed chooses."""

    number: int
    lanes: int
    seed: int
    until: float
    stage: Stage
    here: Room
    began: float
    seen: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed * 1000 + self.number)
        self.in_seeds = 0.0
        self.next_seed = self.seed * 1_000_000 + self.number

    def work(self) -> None:
        for task in self.tasks():
            task()
            if time.monotonic() > self.until:
                return

    def tasks(self) -> Iterator[Task]:
        once = self._planted()
        while True:
            others = self._others()
            for hunt in self._hunts():
                yield hunt
                yield self.some_seeds
                if once:
                    yield once.pop(0)
                if others:
                    yield others.pop(0)

    def _hunts(self) -> list[Task]:
        places = [(place, workers) for place in PLACES for workers in WORKERS]
        self.chance.shuffle(places)
        return [lambda p=place, w=workers: self.hunt(p, w) for place, workers in places]

    def _planted(self) -> list[Task]:
        """What is planted once, shared out between the lanes."""
        found: list[Task] = [lambda n=name: self.plant(n) for name in TRAPS]
        found += [lambda n=name: self.plant_in_seeds(n) for name in PLANTS]
        return found[self.number :: self.lanes]

    def _others(self) -> list[Task]:
        found: list[Task] = [lambda cell=cell: self.door(cell[1][1], cell[0]) for cell in DOOR_CELLS]
        found += [lambda w=why: self.stop(w) for why in (*_STOPS, OPTED_OUT) for _ in range(2)]
        found += [lambda at=point: self.failing("postgresql", at) for point in FAILING]
        found += [lambda at=point: self.failing("sqlite", at) for point in FAILING]
        self.chance.shuffle(found)
        return [*found[:10], self.nurture_up, *found[10:]]

    # --- one task -------------------------------------------------------------------------------

    def hunt(self, place: Place, workers: int) -> None:
        """Kill at the points that were come to least, the sending ones first: later there is less to send."""
        scene = self.stage.scene(*place)
        visits = self.stage.visits(scene)
        rarest = sorted(JOBS, key=lambda at: (self.seen.hits[at, place, workers], self.chance.random()))
        chosen = sorted(rarest[: max(3, workers)], key=lambda at: at.split(".")[0] not in DELIVERY)
        wanted = [
            f"{at}:{self._occurrence(visits[at], first=number < workers)}" for number, at in enumerate(chosen)
        ]
        found = hunted(scene, wanted, workers)
        for fault in found.hits:
            self.seen.hits[fault.partition(":")[0], place, workers] += 1
        self.seen.seconds.append(found.audit.seconds)
        self._audit(f"{workers} workers, {place}, {wanted}", found.audit, found.sound)

    def _occurrence(self, visits: int, first: bool) -> int:
        """Any, for who finds all the work before her."""
        return self.chance.randint(1, visits if first else min(2, visits))

    def stop(self, why: str) -> None:
        """A worker stands still, and the world goes on."""
        # a call to another system is nothing that anybody consents to
        bound = [place for place in PLACES if why != OPTED_OUT or place[0] != "http"]
        place = self.chance.choice(bound)
        scene = self.stage.scene(*place)
        point = self.chance.choice(trials.BETWEEN)
        fault = f"{point}:{self.chance.randint(1, self.stage.visits(scene)[point])}"
        self.seen.trials[why] += 1
        if why == OPTED_OUT:
            if afterwards := trials.opted_out(scene, fault)[1]:
                self.seen.failures.append(f"handed over after an opt-out at {fault} {place}: {afterwards}")
            return
        found = _STOPS[why](scene, fault)
        self._audit(f"{why} at {fault} {place}", found, found.sound and found.doubt_is_small)

    def failing(self, dialect: str, point: str) -> None:
        """A database that fails under a worker."""
        scene = self.stage.scene(self.chance.choice(("smtp", "twilio", "http")), dialect)
        fault = f"{point}:{self.chance.randint(1, 3)}"
        what, trial = (
            ("cut off", trials.cut_off) if dialect == "postgresql" else ("disk full", trials.filled_up)
        )
        noticed, found = trial(scene, fault)
        self.seen.trials[what] += noticed
        self._audit(f"{what} at {fault}", found, found.sound and found.doubt_is_small)

    def _audit(self, what: str, found: Audit, sound: bool) -> None:
        self.seen.audit(found)
        if not sound:
            self.seen.failures.append(f"{what}: {found}")

    def door(self, dialect: str, point: str) -> None:
        scene = doors.doubtful(self.stage, dialect)
        found = doors.heard(scene, f"{point}:{self.chance.randint(1, 3)}", self.chance)
        self.seen.hits[point, ("twilio", dialect), 1] += found.died
        self.seen.settled += found.settled
        if not found.sound:
            self.seen.failures.append(f"{point} {dialect}: {found}")

    def plant(self, name: str) -> None:
        trap = TRAPS[name]
        found = trap.caught(self.stage)
        if found is None:
            self.seen.failures.append(f"{name} was planted and not caught")
            return
        self.seen.caught[name] = f"at {found[0]}" if found[0] else "undisturbed"
        if without := trap.trial(trap.scene(self.stage), found[0], None):
            self.seen.failures.append(f"without {name}: {without}")

    def plant_in_seeds(self, name: str) -> None:
        found = caught(self.here, name, range(1, SEEN_WITHIN + 1))
        if found is None:
            self.seen.failures.append(f"{name} was planted and {SEEN_WITHIN} seeds did not see it")
        else:
            self.seen.caught_by_seed[name] = f"seed {found[0]}"

    def some_seeds(self) -> None:
        """As many as keep to their share of the time."""
        while self.in_seeds < SEEDS_SHARE * (time.monotonic() - self.began):
            began = time.monotonic()
            postgresql = self.seen.seeds.total() % EACH_SEED_ON_POSTGRESQL == 7
            lived = self.here.live(self.next_seed, "postgresql" if postgresql else "sqlite")
            self.seen.seeds["on PostgreSQL" if postgresql else "on SQLite"] += 1
            self.seen.seeds["virtual days"] += lived.days
            if lived.failure:
                more = " --postgresql" if postgresql else ""
                command = f"python -m tests.seeds --seed {lived.seed}{more} --trace"
                self.seen.failures.append(f"{command}\n{lived.failure}")
            self.next_seed += self.lanes
            self.in_seeds += time.monotonic() - began

    def nurture_up(self) -> None:
        kills = 20 if self.until - self.began >= 900 else 5
        folder = self.stage.folder / f"up-{len(self.seen.ups)}"
        folder.mkdir()
        with sink.running(folder / "ledger.ndjson", "--fsync", "--delay", "0.02") as server:
            nurture = up.prepare(folder / "shop", server.port, 60 * kills)
            seed = self.seed + len(self.seen.ups) * self.lanes + self.number
            found = up.kill_again_and_again(nurture, server, 60 * kills, kills, seed)
        self.seen.ups.append(found)
        if not found.sound:
            self.seen.failures.append(f"nurture up: {found}")


_DAY = timedelta(days=1)
_STOPS: dict[str, Callable[[Scene, str], Audit]] = {
    "outlived their lease": lambda scene, fault: trials.outlived(scene, fault)[1],
    "clock a day ahead": lambda scene, fault: trials.disagreed(scene, fault, by=_DAY)[1],
    "clock a day back": lambda scene, fault: trials.disagreed(scene, fault, by=-_DAY)[1],
}


# --- lanes ------------------------------------------------------------------------------------------


def _lane(number: int, lanes: int, seed: int, until: float, folder: Path) -> int:
    """Fork a lane; its process id. What it has seen is in a file when it ends."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        own = folder / str(number)
        own.mkdir()
        with Stage(own) as stage, room() as here:
            lane = Lane(number, lanes, seed, until, stage, here, time.monotonic())
            try:
                lane.work()
            except Exception:
                lane.seen.failures.append(traceback.format_exc())
            (folder / f"{number}.seen").write_bytes(pickle.dumps(lane.seen))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> int:
    seconds = float(os.environ.get("SOAK_SECONDS", "3600"))
    seed = int(os.environ.get("SOAK_SEED", "1"))
    lanes = int(os.environ.get("SOAK_LANES", os.cpu_count() or 1))
    from tests.support import postgres

    postgres.migrated_database()  # one server for all lanes, which ends with this process
    began, seen = time.monotonic(), Seen()
    with tempfile.TemporaryDirectory(prefix="nurture-soak-") as folder:
        pids = [_lane(n, lanes, seed, began + seconds, Path(folder)) for n in range(lanes)]
        for pid in pids:
            _, status = os.waitpid(pid, 0)
            if status:
                seen.failures.append(f"a lane ended with {os.waitstatus_to_exitcode(status)}")
        for path in sorted(Path(folder).glob("*.seen")):
            seen.add(pickle.loads(path.read_bytes()))
    print(report(seen, (time.monotonic() - began) / 60))
    return 1 if seen.failures else 0


if __name__ == "__main__":
    sys.exit(main())
