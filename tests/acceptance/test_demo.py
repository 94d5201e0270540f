"""The demo: the same seed is the same shop with the same answers, and nobody answers what never came."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.demo.run import OUTBOX, Summary, run
from nurture.demo.shop import OPENING
from nurture.store.engine import Store, Tx
from nurture.store.tables import contacts, coupons, enrollments, events, messages
from nurture.store.types import from_micros
from tests.support.digest import digests

PEOPLE, DAYS = 400, 34  # Good Friday, on which nobody is written to, is among them
ANSWERS = ("email_opened", "email_clicked", "sms_clicked", "survey_answered", "unsubscribed")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return run(tmp_path_factory.mktemp("demo") / "shop", seed=1, people=PEOPLE, days=DAYS, batch=7)


@contextmanager
def database(done: Summary) -> Iterator[Tx]:
    store = Store(f"sqlite:///{done.folder / 'nurture.db'}")
    with store.read() as tx:
        yield tx
    store.close()


def business(folder: Path) -> dict[str, str]:
    store = Store(f"sqlite:///{folder / 'nurture.db'}")
    try:
        return digests(store)
    finally:
        store.close()


def figures(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "reports" / "report.json").read_text())
    return told


def test_another_seed_is_another_shop(lived: Summary, tmp_path: Path) -> None:
    other = run(tmp_path / "shop", seed=2, people=PEOPLE, days=DAYS)
    mine, yours = figures(lived.folder), figures(other.folder)
    assert mine["orders"] != yours["orders"]
    assert mine["journeys"] != yours["journeys"]


def test_the_clock_goes_to_each_instant_at_which_something_is_due(lived: Summary) -> None:
    """What was due had its effect at that very instant, to the microsecond."""
    with database(lived) as tx:
        events_at = tx.execute(
            sa.select(events.c.occurred_at, events.c.processed_at).where(
                ~events.c.silent, events.c.occurred_at >= OPENING, events.c.processed_at.is_not(None)
            )
        ).all()
        messages_at = tx.execute(
            sa.select(messages.c.due_at, messages.c.handed_at).where(messages.c.handed_at.is_not(None))
        ).all()
        silent_for = tx.execute(
            sa.select(enrollments.c.anchor, enrollments.c.entered_at).where(
                enrollments.c.journey == "reactivation-60-days"
            )
        ).all()
        birthdays = tx.execute(
            sa.select(enrollments.c.entered_at, enrollments.c.enrolled_at).where(
                enrollments.c.journey == "birthday"
            )
        ).all()
    for pairs in (events_at, messages_at, birthdays):
        assert len(pairs) > 20
        assert all(due == done for due, done in pairs)
    assert len(silent_for) > 20
    assert {at - from_micros(int(last)) for last, at in silent_for} == {timedelta(days=60)}
    assert {at.minute for _, at in messages_at} > {0}, "what a holiday held leaves at any minute"


def test_every_message_that_was_handed_over_is_a_file_and_no_other(lived: Summary) -> None:
    with database(lived) as tx:
        handed = set(tx.execute(sa.select(messages.c.key).where(messages.c.state == "accepted")).scalars())
        waiting = set(tx.execute(sa.select(messages.c.key).where(messages.c.state != "accepted")).scalars())
    files = list((lived.folder / OUTBOX).iterdir())
    assert {path.stem for path in files} == handed
    assert {path.suffix for path in files} == {".eml", ".txt"}
    assert len(handed) > 50
    assert not {path.stem for path in files} & waiting


def test_people_answer_what_they_got_and_after_they_got_it(lived: Summary) -> None:
    with database(lived) as tx:
        answered = tx.execute(
            sa.select(events.c.name, events.c.occurred_at, messages.c.state, messages.c.handed_at)
            .outerjoin(messages, messages.c.id == events.c.message_id)
            .where(events.c.name.in_(ANSWERS))
        ).all()
    assert {"email_opened", "email_clicked"} <= {row.name for row in answered}
    assert all(row.state == "accepted" and row.occurred_at > row.handed_at for row in answered)


def test_who_is_held_out_gets_nothing_of_that_journey(lived: Summary) -> None:
    with database(lived) as tx:
        held = tx.execute(
            sa.select(sa.func.count(enrollments.c.id.distinct()), sa.func.count(messages.c.id))
            .select_from(enrollments)
            .outerjoin(messages, messages.c.enrollment_id == enrollments.c.id)
            .where(enrollments.c.status == "held_out")
        ).one()
    assert held[0] > 3
    assert held[1] == 0


def test_a_coupon_is_used_by_whom_it_was_given(lived: Summary) -> None:
    with database(lived) as tx:
        redeemed = tx.execute(
            sa.select(events.c.contact_id, coupons.c.contact_id.label("holder"), contacts.c.ref)
            .outerjoin(coupons, coupons.c.code == events.c.payload["code"].as_string())
            .join(contacts, contacts.c.id == events.c.contact_id)
            .where(events.c.name == "coupon_redeemed")
        ).all()
    assert redeemed
    assert all(row.contact_id == row.holder for row in redeemed)


def test_the_command_ends_with_what_came_of_it(lived: Summary, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    program = [sys.executable, "-c", "from nurture.cli.main import main; main()", "demo", str(folder)]
    done = subprocess.run(
        [*program, "--people", str(PEOPLE), "--days", str(DAYS)], capture_output=True, text=True, check=True
    )
    assert figures(folder) == figures(lived.folder), "the same seed in another process, in other batches"
    assert business(folder) == business(lived.folder)

    said = done.stdout
    assert max(map(len, said.replace(str(folder), "demo-shop").splitlines())) <= 80
    assert (folder / "reports" / "report.html").is_file()
    assert f"{folder / 'reports' / 'report.html'}\n" in said
    told = {journey["journey"]: journey for journey in figures(folder)["journeys"]}
    reached, brought, clicked = (_rows(said, head) for head in ("people", "measured", "orders"))
    assert set(reached) == set(brought) == set(clicked) == set(told)
    for name, journey in told.items():
        assert reached[name][0] == str(journey["treated"]["people"])
        assert reached[name][1] == str(journey["held_out"]["people"])
    assert re.search(r"^reactivation-60-days +too few: \d+ held out +\d+ ", said, re.MULTILINE)
    assert f" of {DAYS}, " in done.stderr
    assert " s left" in done.stderr


def _rows(text: str, second: str) -> dict[str, list[str]]:
    """The table whose second column is called so: its cells by the first."""
    parts = text.split("\n\n")
    table = next(part for part in parts if re.search(rf"^journey +{second}\b", part, re.MULTILINE))
    rows = [line.split() for line in table.splitlines() if re.match(r"[a-z0-9-]+  ", line)]
    return {row[0]: row[1:] for row in rows if row[0] != "journey"}
