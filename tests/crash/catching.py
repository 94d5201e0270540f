"""Which trial catches which planted bug."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.crash import answers, people, plants, trials
from tests.crash.plants import Plant
from tests.crash.scene import Scene
from tests.crash.stage import Stage

# A trial of a scene with a bug or none: what was seen, in words, or None where all is well.
Trial = Callable[[Scene, str, Plant | None], str | None]


@dataclass(frozen=True)
class Trap:
    """A bug, and the trial that sees it at one of these points."""

    plant: Plant
    trial: Trial
    points: tuple[str, ...]
    dialect: str = "sqlite"
    manners: tuple[str, ...] = ()
    on_doubt: str = "drop"

    def scene(self, stage: Stage) -> Scene:
        return stage.scene("smtp", self.dialect, *self.manners, on_doubt=self.on_doubt)

    def caught(self, stage: Stage) -> tuple[str, str] | None:
        """The first point where the planted bug shows, and what was seen there."""
        scene = self.scene(stage)
        for point in self.points:
            if seen := self.trial(scene, point, self.plant):
                return point, seen
        return None


def _killed(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _seen(trials.killed(scene, point, plant)[1])


def _undisturbed(scene: Scene, _point: str, plant: Plant | None) -> str | None:
    return _seen(trials.undisturbed(scene, plant))


def _outlived(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _seen(trials.outlived(scene, point, plant)[1])


def _taken_over(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _seen(trials.taken_over(scene, point, plant)[1])


def _disagreed(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _without_doubt(trials.disagreed(scene, point, plant)[1])


def _filled_up(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _without_doubt(trials.filled_up(scene, point, plant)[1])


def _without_doubt(found: trials.Audit) -> str | None:
    return _seen(found) or (f"in doubt, though nobody died: {found}" if found.in_doubt else None)


def _opted_out(scene: Scene, point: str, plant: Plant | None) -> str | None:
    afterwards = trials.opted_out(scene, point, plant)[1]
    return f"handed over after the opt-out: {afterwards}" if afterwards else None


def _repeated_events(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _seen(trials.without_unique(scene, point) if plant else trials.killed(scene, point)[1])


def _merged(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _told(people.merged(scene, point, _IN_THE_AIR, plant))


def _erased(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _told(people.erased(scene, point, _IN_THE_AIR, plant))


def _asked(scene: Scene, point: str, plant: Plant | None) -> str | None:
    return _told(answers.asked(answers.asking(scene), point, plant))


def _told(found: people.Done) -> str | None:
    return None if found.sound else "; ".join(found.wrong)


def _seen(found: trials.Audit) -> str | None:
    return None if found.sound and found.doubt_is_small else str(found)


_CRASHES = (
    "body.before_reply:1",
    "outcome.before_commit:1",
    "lease.after_commit:1",
    "handover.after_commit:1",
)
_IN_THE_AIR = "handover.after_commit:2"
_HANGS_UP = ("p3@example.com=vanish",)
TRAPS: Mapping[str, Trap] = {
    trap.plant.__name__: trap
    for trap in (
        Trap(plants.send_then_mark, _killed, _CRASHES),
        Trap(plants.no_doubt, _killed, _CRASHES),
        Trap(plants.forgets_the_leased, _killed, _CRASHES),
        Trap(plants.outcome_before_reply, _killed, _CRASHES),
        Trap(plants.commit_for_each_batch, _killed, _CRASHES),
        Trap(plants.no_unique, _repeated_events, ("ingest.after_commit:1",), dialect="postgresql"),
        Trap(plants.no_fence, _outlived, ("lease.after_commit:1",)),
        Trap(plants.leases_keep_the_fence, _taken_over, ("lease.after_commit:1",)),
        Trap(plants.writes_each_twice, _undisturbed, ("",)),
        Trap(plants.plain_retry, _undisturbed, ("",), manners=_HANGS_UP),
        Trap(plants.gate_before_the_lease_only, _opted_out, ("lease.after_commit:1",)),
        Trap(plants.gate_outside_the_handover, _opted_out, ("compose.after_commit:2",)),
        Trap(
            plants.leases_by_a_local_clock,
            _disagreed,
            ("handover.after_commit:1",),
            dialect="postgresql",
            on_doubt="resend",
        ),
        Trap(plants.forgets_what_was_not_written, _filled_up, ("body.before_reply:3",)),
        Trap(plants.asks_afterwards, _asked, ("feedback.after_commit:1",)),
        Trap(plants.merges_in_two_transactions, _merged, ("merge.after_commit:1",)),
        Trap(plants.erases_before_cancelling, _erased, ("erase.after_commit:1",)),
    )
}
