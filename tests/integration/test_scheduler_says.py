"""What the scheduler of `nurture up` says of a job that fails and works again."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nurture import scheduler
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.schedule import Job

DOWN = NurtureError("the mail server does not answer")
FAILED = f"failed: {DOWN}"


class Runs:
    """A job's runs: what each of them comes to, and nothing more to do afterwards."""

    def __init__(self, *outcomes: Counter[str] | NurtureError) -> None:
        self._left: Iterator[Counter[str] | NurtureError] = iter(outcomes)
        self.over = threading.Event()

    def __call__(self, _runtime: Runtime, _now: datetime) -> Counter[str]:
        outcome = next(self._left, None)
        if outcome is None:
            self.over.set()
            return Counter()
        logging.getLogger("nurture").info("tried")
        if isinstance(outcome, NurtureError):
            raise outcome
        return outcome


@pytest.mark.parametrize(
    ("unproven", "said"),
    [
        (True, ["tried", FAILED, "tried", "tried", "works again", "accepted 1"]),
        (False, ["tried", FAILED, "tried", "works again", "tried", "accepted 1"]),
    ],
    ids=["whose empty run shows nothing", "whose empty run shows that it works"],
)
def test_a_job_works_again_when_it_is_known_to(
    unproven: bool,
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    init(tmp_path)
    runs = Runs(DOWN, Counter(), Counter(accepted=1))
    job = Job("deliver-messages", "", timedelta(milliseconds=50), runs, unproven=unproven)
    monkeypatch.setattr(scheduler, "JOBS", (job,))
    caplog.set_level(logging.INFO, "nurture")
    up = scheduler.Scheduler(lambda: open_runtime(tmp_path))
    up.start()
    assert runs.over.wait(30)
    up.stop()
    ours = [record.getMessage() for record in caplog.records if record.name == "nurture"]
    assert [words.removeprefix(job.name).lstrip(": ") for words in ours] == said
