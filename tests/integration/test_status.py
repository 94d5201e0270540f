"""`nurture status`: how every job is doing, and an exit status that a monitor can act on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from nurture import schedule
from nurture.app import ingest, publish, unheard
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.cli.main import app
from nurture.engine import retry
from nurture.model import NewEvent, Person
from nurture.problems import NurtureError
from nurture.schedule import JOBS, run
from nurture.store.tables import messages

DOWN = NurtureError("email: There is no connection to the provider; what is due waits for the next try")


class Workshop:
    """A workspace whose jobs run when the test says so, at a time before now."""

    def __init__(self, folder: Path, database: str) -> None:
        init(folder)
        settings = folder / "nurture.yaml"
        text = settings.read_text(encoding="utf-8").replace("sqlite:///nurture.db ", f"{database} ")
        settings.write_text(text, encoding="utf-8")
        self.folder = folder
        self.runtime = open_runtime(folder)

    def publish(self) -> None:
        publish.publish(self.runtime, publishable(self.folder, ["welcome"]), datetime.now(UTC))

    def run(
        self,
        name: str | None = None,
        ago: timedelta = timedelta(),
        do: Callable[[Runtime, datetime], Counter[str]] | None = None,
    ) -> None:
        """Run all jobs, or one; `do` stands in for what it does."""
        self.runtime.now = lambda: datetime.now(UTC) - ago
        for each in JOBS:
            if name in (None, each.name):
                run(self.runtime, replace(each, run=do or each.run))

    def fail(self, name: str, ago: timedelta = timedelta()) -> None:
        def down(runtime: Runtime, now: datetime) -> Counter[str]:
            raise DOWN

        with pytest.raises(NurtureError):
            self.run(name, ago, down)

    def status(self, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["status", "--workspace", str(self.folder), *arguments])
        return done.exit_code, done.output

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.status("--json")[1])
        return found


@pytest.fixture
def shop(one_database: str, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path / "shop", one_database)
    yield made
    made.runtime.close()


def test_a_new_workspace_is_well(shop: Workshop) -> None:
    code, said = shop.status()
    assert code == 0
    assert said.endswith("All is well.\n")
    for job in JOBS:
        assert job.name in said


def test_a_live_workspace_that_nobody_runs_is_ill(shop: Workshop) -> None:
    shop.publish()
    code, said = shop.status()
    assert code == 1
    assert said.endswith("no job has run yet: is `nurture up` or a Prefect worker running?\n")


def test_a_workspace_at_work_is_well(shop: Workshop) -> None:
    shop.publish()
    shop.run()
    assert shop.status()[0] == 0
    found = shop.document()
    assert found["healthy"]
    assert all(job["last_run"] for job in found["jobs"])


def test_one_job_that_no_longer_runs_is_named(shop: Workshop) -> None:
    shop.publish()
    shop.run(ago=timedelta(minutes=31))
    for job in JOBS:
        if job.name != "evaluate-triggers":
            shop.run(job.name)
    code, said = shop.status()
    assert code == 1
    assert said.splitlines()[-1] == "evaluate-triggers began its last run 31 min ago"
    assert shop.status("--patience", "40")[0] == 0


def test_the_hourly_report_may_be_an_hour_old(shop: Workshop) -> None:
    shop.publish()
    shop.run(ago=timedelta(hours=2))
    for job in JOBS[:-1]:
        shop.run(job.name)
    assert shop.status()[0] == 0


def test_what_waits_too_long_is_late(shop: Workshop) -> None:
    shop.publish()
    shop.run()
    then = datetime.now(UTC) - timedelta(minutes=25)
    person = Person(ref="ana", email="ana@example.com")
    event = NewEvent("signed_up", person, occurred_at=then, source="shop", source_id="1", payload={})
    ingest.ingest(shop.runtime.store, [event], then)
    code, said = shop.status()
    assert code == 1
    assert said.splitlines()[-1] == "process-feedback is late: 25 min behind"
    (feedback,) = (job for job in shop.document()["jobs"] if job["name"] == "process-feedback")
    assert feedback["due"] == 1
    assert 25 * 60 <= feedback["lag_seconds"] < 26 * 60


def test_a_job_that_failed_says_why_until_it_works_again(shop: Workshop) -> None:
    shop.publish()
    shop.run()
    shop.fail("process-feedback")
    code, said = shop.status()
    assert code == 1
    assert said.splitlines()[-1] == f"process-feedback failed: {DOWN}"
    shop.run("process-feedback")
    code, said = shop.status()
    assert code == 0
    assert f"last error process-feedback, which works again: {DOWN}" in " ".join(said.split())


def test_a_provider_that_is_down_stays_said_while_nothing_is_tried(shop: Workshop) -> None:
    """Between two tries there is nothing due: that shows nothing."""
    shop.publish()
    shop.run("deliver-messages", ago=timedelta(minutes=30))
    shop.fail("deliver-messages", ago=timedelta(minutes=20))
    shop.run()
    shop.run("deliver-messages")
    code, said = shop.status()
    assert code == 1
    assert said.splitlines()[-1] == f"deliver-messages failed: {DOWN}"
    shop.run("deliver-messages", do=lambda runtime, now: Counter(accepted=1))
    assert shop.status()[0] == 0


def test_stops_that_silenced_nobody_are_told(shop: Workshop) -> None:
    with shop.runtime.store.begin() as tx:
        unheard.note(tx, "meta", datetime(2026, 6, 1, 15, tzinfo=UTC))
    code, said = shop.status()
    assert code == 0
    told = "opt-outs 1 STOP from a number that can't be read silenced nobody; meta told of it on 2026-06-01 at 15:00 UTC"
    assert told in " ".join(said.split())
    assert shop.document()["stops_without_number"] == 1


def test_an_outage_is_over_when_everything_put_off_has_been_tried_again(shop: Workshop) -> None:
    shop.publish()
    shop.fail("deliver-messages", ago=retry.LONGEST_PAUSE + timedelta(minutes=1))
    shop.run()
    assert shop.status()[0] == 0


def test_an_unexpected_error_is_noted_without_what_it_may_hold_of_people(shop: Workshop) -> None:
    def fail(runtime: Runtime, now: datetime) -> Counter[str]:
        raise ValueError("duplicate key (email)=(ana@example.com)")

    shop.publish()
    shop.run()
    with pytest.raises(ValueError, match="duplicate"):
        shop.run("advance-journeys", do=fail)
    said = shop.status()[1]
    assert "advance-journeys failed: ValueError" in said
    assert "ana" not in said


def test_what_was_cancelled_is_counted_by_its_reason(database: str, tmp_path: Path) -> None:
    """Of three people none has said yes, and one's message comes too late."""
    shop = Workshop(tmp_path / "shop", database)
    quick = "journey: quick\ntopic: news\ntrigger: {event: signed_up}\nsteps: [{email: welcome/hello}]\n"
    (shop.folder / "journeys" / "quick.yaml").write_text(quick, encoding="utf-8")
    publish.publish(shop.runtime, publishable(shop.folder, ["quick"]), datetime.now(UTC))
    now = datetime.now(UTC)
    people = [Person(ref=name, email=f"{name}@example.com") for name in ("ana", "bruno", "chloe")]
    ingest.ingest(
        shop.runtime.store,
        [NewEvent("signed_up", each, now, source="shop", source_id=str(each.ref)) for each in people],
        now,
    )
    shop.run()
    with shop.runtime.store.begin() as tx:
        late = sa.select(sa.func.min(messages.c.id)).scalar_subquery()
        tx.execute(sa.update(messages).where(messages.c.id == late).values(reason="expired"))
    said = shop.status()[1]
    assert "messages   3 cancelled\ncancelled  2 no consent, 1 expired\nin doubt   0\n" in said
    assert shop.document()["cancelled"] == {"no_consent": 2, "expired": 1}
    shop.runtime.close()


def test_jobs_are_those_of_the_table(shop: Workshop) -> None:
    assert [job["name"] for job in shop.document()["jobs"]] == [job.name for job in schedule.JOBS]
