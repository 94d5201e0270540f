"""Workers that stand still while the world goes on: leases that lapse, clocks that differ, people who opt out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nurture.store import tables
from tests.crash import trials
from tests.crash.stage import Stage


@pytest.mark.parametrize("point", trials.BETWEEN)
def test_a_worker_that_outlives_its_lease_does_no_harm(point: str, dialect: str, stage: Stage) -> None:
    came, found = trials.outlived(stage.scene("smtp", dialect), f"{point}:2")
    assert came
    assert found.sound, found
    assert found.doubt_is_small, found


@pytest.mark.parametrize("point", ["lease.after_commit:1", "compose.after_commit:1"])
@pytest.mark.parametrize("held", ["lease.after_commit:1", "handover.after_commit:1", "body.before_reply:2"])
def test_nor_where_another_has_what_it_had_when_it_goes_on(
    point: str, held: str, dialect: str, stage: Stage
) -> None:
    came, found = trials.taken_over(stage.scene("smtp", dialect), point, held=held)
    assert came
    assert found.sound, found
    assert not found.in_doubt


@pytest.mark.parametrize("point", ["lease.after_commit:1", "handover.after_commit:2", "body.before_reply:3"])
@pytest.mark.postgresql
def test_a_worker_whose_own_clock_is_a_day_ahead_takes_nothing_away(point: str, stage: Stage) -> None:
    came, found = trials.disagreed(stage.scene("smtp", "postgresql", on_doubt="resend"), point)
    assert came
    assert found.sound, found
    assert not found.in_doubt


@pytest.mark.parametrize(
    ("point", "hours"),
    [
        ("lease.after_commit:1", 24),
        ("lease.after_commit:1", -2),
        ("handover.after_commit:2", -24),
        ("body.before_reply:3", 24),
        ("body.before_reply:3", -2),
    ],
)
@pytest.mark.parametrize("provider", ["smtp", "resend"])
def test_nor_does_one_whose_clock_jumps(
    provider: str, point: str, hours: int, dialect: str, stage: Stage
) -> None:
    scene, by = stage.scene(provider, dialect), timedelta(hours=hours)
    came, found = trials.jumped(scene, point, by)
    assert came
    (messages,) = scene.rows(tables.messages)
    assert scene.start + by in {row["handed_at"] for row in messages}
    assert found.sound, found
    assert found.doubt_is_small, found


@pytest.mark.parametrize("hours", [24, -24])
def test_nor_does_one_whose_machine_goes_wrong(hours: int, dialect: str, stage: Stage) -> None:
    came, found = trials.disagreed(
        stage.scene("smtp", dialect), "handover.after_commit:2", by=timedelta(hours=hours)
    )
    assert came
    assert found.sound, found
    assert found.doubt_is_small, found


@pytest.mark.parametrize(
    "point", ["handover.before_commit:2", "handover.after_commit:2", "body.before_reply:3"]
)
@pytest.mark.postgresql
def test_connections_that_the_server_cuts_lose_nothing(point: str, stage: Stage) -> None:
    noticed, found = trials.cut_off(stage.scene("smtp", "postgresql"), point)
    assert noticed
    assert found.sound, found
    assert found.doubt_is_small, found


@pytest.mark.parametrize("point", ["handover.before_commit:2", "body.before_reply:3"])
def test_a_disk_that_is_full_while_bodies_leave_loses_nothing(point: str, stage: Stage) -> None:
    noticed, found = trials.filled_up(stage.scene("smtp", "sqlite"), point)
    assert noticed
    assert found.sound, found
    assert found.doubt_is_small, found


@pytest.mark.parametrize(
    "point",
    ["lease.after_commit:1", "compose.after_commit:2", "handover.after_commit:1", "body.before_reply:2"],
)
@pytest.mark.parametrize("provider", ["smtp", "twilio"])
def test_nothing_is_handed_over_after_an_opt_out(
    point: str, provider: str, dialect: str, stage: Stage
) -> None:
    came, afterwards = trials.opted_out(stage.scene(provider, dialect), point)
    assert came
    assert afterwards == []
