"""The cases of a soak. Each is a few words, and `python -m tests.soak WORDS` does it again."""

from __future__ import annotations

import random
import shlex
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.crash import answers, doors, moods, people, trials, up
from tests.crash.catching import TRAPS
from tests.crash.hunting import Hunt, hunted
from tests.crash.scene import Audit, Scene
from tests.crash.seen import Seen
from tests.crash.stage import SMALL_DISK, Stage
from tests.crash.workers import end_the_rest
from tests.seeds.room import Room
from tests.seeds.trying import lived_with
from tests.support import sink

CASES = (
    "kill",
    "mood",
    "stop",
    "fail",
    "fill",
    "door",
    "told",
    "person",
    "plant",
    "seed",
    "planted-seed",
    "up",
)
OPTED_OUT = "opted out meanwhile"
PATIENCE = 300.0  # seconds for one case; `nurture up` killed 20 times takes a minute
_DAY = timedelta(days=1)
STOPS: dict[str, Callable[[Scene, str], Audit]] = {
    "outlived their lease": lambda scene, fault: trials.outlived(scene, fault)[1],
    "clock a day ahead": lambda scene, fault: trials.disagreed(scene, fault, by=_DAY)[1],
    "clock a day back": lambda scene, fault: trials.disagreed(scene, fault, by=-_DAY)[1],
    "clock jumps on by a day": lambda scene, fault: trials.jumped(scene, fault, _DAY)[1],
    "clock jumps back by a day": lambda scene, fault: trials.jumped(scene, fault, -_DAY)[1],
    "clock jumps back by two hours": lambda scene, fault: trials.jumped(scene, fault, -_DAY / 12)[1],
}


# What is done to one person or asked for by her: the fault of the command or the web part, and of the worker beside it.
PERSONAL: dict[str, Callable[[Scene, str, str], people.Done]] = {
    "merge": people.merged,
    "erase": people.erased,
    "erase from files": lambda scene, fault, beside: people.erased(people.files(scene), fault, beside),
    "erase from drafts": lambda scene, fault, beside: people.erased(
        people.files(scene), fault, "lease.after_commit:1", dead=beside
    ),
    "export": lambda scene, fault, _: people.exported(scene, fault),
    "confirm": lambda scene, fault, beside: answers.confirmed(answers.asking(scene), beside, fault),
    "help": lambda scene, fault, beside: answers.helped(scene, beside, fault),
}


@dataclass
class Cases:
    """Does cases and notes what it saw. A case that fails is told, with the command that does it again."""

    stage: Stage
    here: Room
    seen: Seen

    def do(self, *words: str) -> Any:
        """A case: its first word is the name of a method below."""
        self.words = words
        case: Callable[..., Any] = getattr(self, words[0].replace("-", "_"))
        try:
            with _patience():
                return case(*words[1:])
        except Exception:
            self.failed(traceback.format_exc())
            end_the_rest()
            self.stage.strike()
            return None

    def failed(self, why: str) -> None:
        found = f"python -m tests.soak {shlex.join(self.words)}\n{why}"
        self.seen.failures.append(found)
        print(f"FAILED {found}", file=sys.stderr, flush=True)

    def kill(self, provider: str, dialect: str, workers: str, *wanted: str) -> Hunt:
        """So many workers at once, of whom one dies at each of these faults."""
        place = (provider, dialect)
        found = hunted(self.stage.scene(*place), wanted, int(workers))
        for fault in found.hits:
            self.seen.hits[fault.partition(":")[0], place, int(workers)] += 1
        if found.hits:
            self.seen.seconds.append(found.audit.seconds)
        self._audit(found.audit, found.sound)
        return found

    def mood(self, provider: str, dialect: str, workers: str, fault: str) -> None:
        """The same with a provider that has moods."""
        found = moods.lived_with(moods.scene(self.stage, provider, dialect), [fault], int(workers))
        self.seen.trials["moody provider"] += 1
        self._audit(found.audit, moods.is_sound(found))

    def stop(self, why: str, provider: str, dialect: str, fault: str) -> None:
        """A worker stands still, and the world goes on."""
        scene = self.stage.scene(provider, dialect)
        self.seen.trials[why] += 1
        if why != OPTED_OUT:
            found = STOPS[why](scene, fault)
            self._audit(found, found.sound and found.doubt_is_small)
        elif afterwards := trials.opted_out(scene, fault)[1]:
            self.failed(f"handed over after an opt-out: {afterwards}")

    def fail(self, provider: str, dialect: str, fault: str) -> None:
        """A database that fails under a worker."""
        on_postgresql = dialect == "postgresql"
        trial = trials.cut_off if on_postgresql else trials.filled_up
        noticed, found = trial(self.stage.scene(provider, dialect), fault)
        self.seen.trials["cut off" if on_postgresql else "disk full"] += noticed
        self._audit(found, found.sound and found.doubt_is_small)

    def fill(self, what: str, provider: str, fault: str, then: str) -> None:
        """The disk of the database server is full under a worker, who then `goes on` or `dies`."""
        scene = self.stage.scene(provider, SMALL_DISK)
        found = trials.filled_up_server(scene, self.stage.small_disk, what, fault, dies=then == "dies")
        self.seen.trials["server's disk full"] += found.noticed
        self._audit(found.audit, found.sound)

    def _audit(self, found: Audit, sound: bool) -> None:
        self.seen.audit(found)
        if not sound:
            self.failed(str(found))

    def door(self, dialect: str, fault: str, order: str) -> None:
        """Requests that come in while the web part is killed, in an order that this number gives."""
        scene = doors.doubtful(self.stage, dialect)
        found = doors.heard(scene, fault, random.Random(order))
        self.seen.hits[fault.partition(":")[0], ("twilio", dialect), 1] += found.died
        self.seen.settled += found.settled
        if not found.sound:
            self.failed(str(found))

    def told(self, dialect: str, fault: str, order: str) -> None:
        """Events that another system tells while the web part is killed, in an order that this number gives."""
        place = ("smtp", dialect)
        found = doors.posted(self.stage.scene(*place), fault, random.Random(order))
        self.seen.hits[fault.partition(":")[0], place, 1] += found.died
        if not found.sound:
            self.failed(str(found))

    def person(self, what: str, dialect: str, fault: str, beside: str = "") -> None:
        """Something that is done to one person, killed at `fault`, while a worker stands still or dies."""
        place = "twilio" if what == "help" else "smtp", dialect
        found = PERSONAL[what](self.stage.scene(*place), fault, beside)
        self.seen.personal[what] += found.died
        if "from" not in what:  # those go to a folder
            self.seen.hits[fault.partition(":")[0], place, 1] += found.died
        if not found.sound:
            self.failed("\n".join(found.wrong))

    def plant(self, name: str) -> None:
        """A planted bug must be caught, and nothing where there is none."""
        trap = TRAPS[name]
        found = trap.caught(self.stage)
        if found is None:
            self.failed("it was planted and not caught")
            return
        self.seen.caught[name] = f"at {found[0]}" if found[0] else "undisturbed"
        if without := trap.trial(trap.scene(self.stage), found[0], None):
            self.failed(f"without it: {without}")

    def seed(self, number: str, dialect: str = "sqlite") -> None:
        """A virtual month or two."""
        lived = self.here.live(int(number), dialect)
        self.seen.seeds["on PostgreSQL" if dialect == "postgresql" else "on SQLite"] += 1
        self.seen.seeds["virtual days"] += lived.days
        if lived.failure:
            more = " --postgresql" if dialect == "postgresql" else ""
            self.failed(f"python -m tests.seeds --seed {number}{more} --trace\n{lived.failure}")

    def planted_seed(self, name: str, number: str) -> bool:
        """Whether a seed sees a planted bug."""
        if lived_with(self.here, int(number), name).broken:
            self.seen.caught_by_seed[name] = f"seed {number}"
        return name in self.seen.caught_by_seed

    def up(self, kills: str, number: str) -> None:
        """`nurture up`, killed so often at random moments: the same number gives the same moments."""
        folder = self.stage.folder / f"up-{number}"
        folder.mkdir()
        with sink.running(folder / "ledger.ndjson", "--fsync", "--delay", "0.02") as server:
            nurture = up.prepare(folder / "shop", server.port, 60 * int(kills))
            found = up.kill_again_and_again(nurture, server, 60 * int(kills), int(kills), int(number))
        shutil.rmtree(folder)
        self.seen.ups.append(found)
        if not found.sound:
            self.failed(str(found))


@contextmanager
def _patience() -> Iterator[None]:
    """A case that stands still fails."""
    began = time.monotonic()

    def over(*_: object) -> None:
        raise TimeoutError(f"nothing has come of it in {time.monotonic() - began:.0f} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
