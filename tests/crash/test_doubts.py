"""What becomes of doubt: it is dropped, waits for a person, or is sent again, as the step says."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from nurture.app import opening
from nurture.cli.main import app
from nurture.store import tables
from tests.crash import trials
from tests.crash.scene import Scene, audit
from tests.crash.stage import Stage
from tests.crash.workers import finish, worker

FAULT = "body.before_reply:2"  # four are marked by then, two bodies have left


def _nurture(scene: Scene, *words: Any) -> Result:
    """What the command says, by the scene's clock."""
    with pytest.MonkeyPatch.context() as patch:
        opened = partial(opening.open_runtime, now=lambda: scene.start)
        patch.setattr(opening, "open_runtime", opened)
        return CliRunner().invoke(app, [*map(str, words), "--workspace", str(scene.folder)])


def _runs(scene: Scene) -> Counter[str]:
    (runs,) = scene.rows(tables.enrollments)
    return Counter(row["status"] for row in runs)


def _doubtful(scene: Scene) -> list[int]:
    (messages,) = scene.rows(tables.messages)
    return [row["id"] for row in messages if row["state"] == "in_doubt"]


def _lost(scene: Scene) -> set[int]:
    """Those in doubt that the provider does not have."""
    (messages,) = scene.rows(tables.messages)
    return {row["id"] for row in messages if row["state"] == "in_doubt" and not scene.taken()[row["key"]]}


def test_a_run_that_holds_waits_for_somebodys_word(stage: Stage, dialect: str) -> None:
    scene = stage.scene("smtp", dialect, on_doubt="hold")
    trials.killed(scene, FAULT)
    ids, lost = _doubtful(scene), _lost(scene)
    assert len(ids) == 4
    assert _runs(scene) == {"active": 4, "completed": 16}
    listed = _nurture(scene, "doubts")
    assert listed.exit_code == 0
    assert listed.output.count("waits") == 4
    arrived = [word for each in ids if each not in lost for word in ("--arrived", each)]
    resend = [word for each in lost for word in ("--resend", each)]
    settled = _nurture(scene, "doubts", *arrived, *resend)
    assert settled.exit_code == 0
    assert "Counts as sent: " in settled.output
    assert settled.output.endswith("No message is in doubt.\n")
    finish(worker(scene))
    found = audit(scene)
    assert found.sound, found
    assert found.sent_once == found.due
    assert _runs(scene) == {"completed": 20}


def test_what_is_dropped_is_waited_for_no_longer(stage: Stage) -> None:
    scene = stage.scene("smtp", "sqlite", on_doubt="hold")
    trials.killed(scene, FAULT)
    dropped = [word for each in _doubtful(scene) for word in ("--drop", each)]
    assert _nurture(scene, "doubts", *dropped).output.count("goes on") == 4
    finish(worker(scene))
    assert _runs(scene) == {"completed": 20}
    assert audit(scene).sound


def test_a_run_that_drops_goes_on_by_itself(stage: Stage) -> None:
    scene = stage.scene("smtp", "sqlite")
    trials.killed(scene, FAULT)
    assert len(_doubtful(scene)) == 4
    assert _runs(scene) == {"completed": 20}


def test_a_step_that_resends_leaves_no_doubt_and_may_send_twice(stage: Stage) -> None:
    scene = stage.scene("smtp", "sqlite", on_doubt="resend")
    _, found = trials.killed(scene, FAULT)
    assert found.in_doubt == ()
    assert len(found.twice) == 2  # the two whose bodies had left
    assert not found.lost
    assert not found.false_words


def test_what_is_not_in_doubt_is_not_touched(stage: Stage) -> None:
    scene = stage.scene("smtp", "sqlite")
    trials.killed(scene, FAULT)
    done = _nurture(scene, "doubts", "--resend", 999999)
    assert done.exit_code == 1
    assert "not in doubt: 999999" in str(done.exception)
    assert len(_doubtful(scene)) == 4
