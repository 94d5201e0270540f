"""A database that was restored from a backup: what may have been sent in the lost time is parked."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nurture.app import advance, deliver, evaluate, opening, pause, process, restoring
from nurture.app.ingest import ingest
from nurture.channels.base import Features, Found, Whereabouts
from nurture.cli.main import app
from nurture.limits import Cap, Limits
from nurture.model import Channel, ConsentRecord, NewEvent, Person, Span
from nurture.problems import NurtureError
from nurture.store import contacts, jobs, messages
from tests.integration.test_in_flight import NOW as NOW_THERE
from tests.integration.test_in_flight import Shop
from tests.support.office import NOW, Office, Provider, open_office

HOUR = timedelta(hours=1)


def sqlite_path(office: Office) -> Path:
    return Path(str(office.runtime.store.url.database))


@pytest.fixture
def office(sqlite_database: str, tmp_path: Path) -> Iterator[Office]:
    made = open_office(sqlite_database, tmp_path)
    yield made
    made.runtime.close()


def back_up(office: Office) -> Path:
    """By SQLite's online backup, while the database is open."""
    copy = sqlite_path(office).with_name("backup.db")
    with closing(sqlite3.connect(sqlite_path(office))) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def restore(office: Office, copy: Path) -> None:
    office.runtime.store.close()
    for journal in ("-wal", "-shm"):
        sqlite_path(office).with_name(sqlite_path(office).name + journal).unlink(missing_ok=True)
    copy.replace(sqlite_path(office))


def lose_an_hour(office: Office) -> None:
    """Three are sent, a backup is made, five more are sent, and the backup is restored."""
    office.backlog(3, NOW)
    office.deliver()
    office.backlog(5, NOW + HOUR / 2)
    office.backlog(2, NOW + 5 * HOUR)
    copy = back_up(office)
    office.at = NOW + HOUR
    office.deliver()
    assert len(office.took) == 8
    restore(office, copy)


def test_what_was_due_is_parked_and_nothing_leaves_before_somebody_decides(office: Office) -> None:
    lose_an_hour(office)
    lost = restoring.park(office.runtime, office.at)
    assert (lost.last_sign, lost.count) == (NOW, 5)
    assert lost.parked == [("letters", "email", 5)]
    office.deliver()
    assert len(office.took) == 8
    assert restoring.park(office.runtime, office.at).count == 5, "again changes nothing"
    office.at = NOW + 6 * HOUR
    office.deliver()
    assert len(office.took) == 10, "what was not due goes on"


def test_sent_they_go_out_as_ever(office: Office) -> None:
    lose_an_hour(office)
    restoring.park(office.runtime, office.at)
    assert restoring.send(office.runtime) == 5
    office.deliver()
    assert len(office.took) == 13
    assert len(set(office.took)) == 8


def test_dropped_they_stay_in_doubt_and_nobody_asks_again(office: Office) -> None:
    lose_an_hour(office)
    restoring.park(office.runtime, office.at)
    assert restoring.drop(office.runtime, office.at) == 5
    office.deliver()
    assert len(office.took) == 8
    assert restoring.park(office.runtime, office.at).count == 0
    assert sum(row["state"] == "in_doubt" for row in office.rows()) == 5


def test_what_a_worker_had_in_hand_when_the_backup_was_made_is_parked_too(office: Office) -> None:
    office.backlog(3, NOW)
    office.provider.after = lambda: back_up(office) and None
    office.deliver()
    restore(office, sqlite_path(office).with_name("backup.db"))
    lost = restoring.park(office.runtime, NOW + HOUR)
    assert lost.count == 3


def test_a_provider_that_can_be_asked_settles_it(office: Office, tmp_path: Path) -> None:
    """Files are there or not: nothing is sent twice, and nothing is lost."""
    settings = office.runtime.settings
    files = replace(settings.channels[Channel.EMAIL], options={"folder": str(tmp_path / "outbox")})
    office.runtime.settings = replace(settings, channels={Channel.EMAIL: files})
    office.runtime._carriers.clear()
    office.backlog(4, NOW)
    copy = back_up(office)
    office.deliver()
    for path in sorted((tmp_path / "outbox").iterdir())[:1]:
        path.unlink()  # one never made it to the folder
    restore(office, copy)
    lost = restoring.park(office.runtime, NOW + HOUR)
    assert (lost.count, lost.found, lost.absent) == (0, 3, 1)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "outbox").iterdir()}
    office.at = NOW + HOUR
    office.deliver()
    assert {row["state"] for row in office.rows()} == {"accepted"}
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "outbox").iterdir()}
    assert len(kept) == 4
    assert kept.items() >= written.items(), "those that were there were not touched"


def test_not_beside_a_nurture_that_runs(office: Office) -> None:
    with office.runtime.store.begin() as tx:
        jobs.take(tx, "scheduler", datetime.now(UTC), lease=HOUR)
    alive = f"{os.uname().nodename}:1:1"  # process 1 of this machine lives, and is another one
    with closing(sqlite3.connect(sqlite_path(office))) as db, db:
        db.execute("UPDATE jobs SET owner = ?", [alive])
    with pytest.raises(NurtureError, match="stop it first"):
        restoring.park(office.runtime, NOW)


def test_what_journeys_would_have_sent_meanwhile_is_parked_as_well(one_database: str, tmp_path: Path) -> None:
    """Ana waits for her mail of the next day when the backup is made; by the end of the outage it is due."""
    shop = Shop(one_database, tmp_path / "shop")
    shop.runtime.stand_in(Channel.EMAIL, provider := Provider(lambda: shop.at))
    shop.at = NOW_THERE + timedelta(days=2)
    lost = restoring.park(shop.runtime, shop.at)
    assert lost.parked == [("thanks", "email", 1)]
    assert shop.run("ana")["step"] == "rest", "as then"
    advance.advance(shop.runtime, shop.at)
    deliver.deliver(shop.runtime, shop.at)
    assert provider.took == []
    assert restoring.send(shop.runtime) == 1
    deliver.deliver(shop.runtime, shop.at)
    assert [recipient for _, recipient in provider.took] == ["ana@example.com"]
    shop.runtime.close()


def test_whenever_the_backup_is_put_back(database: str, tmp_path: Path) -> None:
    """Ana's mail left at noon of the next day. At 23:00 nothing may leave, and the mail is no less in doubt."""
    shop, provider = opened(database, tmp_path)
    shop.at = NOW_THERE + timedelta(days=2, hours=11)
    assert restoring.park(shop.runtime, shop.at).parked == [("thanks", "email", 1)]
    live(shop, timedelta(days=1))
    assert provider.took == []
    shop.runtime.close()


def test_what_nobody_can_have_been_sent_yet_leaves_when_it_is_due(database: str, tmp_path: Path) -> None:
    """Chloe's two days are over at 23:00, so her mail leaves after 07:00: after the backup was put back."""
    shop, provider = opened(database, tmp_path)
    shop.orders("chloe", NOW_THERE + 11 * HOUR)
    shop.at = NOW_THERE + timedelta(days=2, hours=14)
    assert restoring.park(shop.runtime, shop.at).count == 1, "Ana's"
    live(shop, 7 * HOUR)
    assert [recipient for _, recipient in provider.took] == ["chloe@example.com"]
    shop.runtime.close()


def test_a_cap_that_is_full_by_now_was_not_when_it_left(database: str, tmp_path: Path) -> None:
    """One mail in four days: Ana's of the next day went first, and not the one that was due a day later."""
    shop, provider = opened(database, tmp_path)
    cap = Cap(1, Span(seconds=4 * 86400, text="4 days"))
    shop.runtime.settings = replace(shop.runtime.settings, limits=Limits(cap=cap))
    write_to(shop, "ana", NOW_THERE + timedelta(days=2))
    shop.at = NOW_THERE + timedelta(days=2, hours=1)
    assert ("thanks", "email", 1) in restoring.park(shop.runtime, shop.at).parked
    live(shop, timedelta(days=1, hours=12))
    assert provider.took == []
    shop.runtime.close()


def test_what_the_shop_tells_again_before_the_word_hides_no_lost_time(database: str, tmp_path: Path) -> None:
    """Chloe ordered after the backup; her order comes in once more while nothing runs yet."""
    shop, provider = opened(database, tmp_path)
    with shop.runtime.store.begin() as tx:
        jobs.started(tx, "advance", NOW_THERE)
    shop.at = NOW_THERE + timedelta(days=4, hours=11)
    ordered = NOW_THERE + HOUR
    yes = (ConsentRecord("offers", given=True, how="form", at=ordered),)
    person = Person("chloe", "chloe@example.com")
    order = {"order_id": "chloe", "total": 80}
    event = NewEvent("order_completed", person, ordered, "test", "chloe", payload=order, consents=yes)
    ingest(shop.runtime.store, [event], shop.at)
    lost = restoring.park(shop.runtime, shop.at)
    assert (lost.last_sign, lost.parked) == (NOW_THERE, [("thanks", "email", 2)])
    live(shop, timedelta(days=1))
    assert provider.took == []
    shop.runtime.close()


def opened(database: str, folder: Path) -> tuple[Shop, Provider]:
    """A shop whose database is the backup, and who takes its mail."""
    shop = Shop(database, folder / "shop")
    shop.runtime.stand_in(Channel.EMAIL, provider := Provider(lambda: shop.at))
    return shop, provider


def live(shop: Shop, span: timedelta) -> None:
    """The jobs once an hour."""
    end = shop.at + span
    while shop.at < end:
        shop.at += HOUR
        for job in (process.process, evaluate.evaluate, advance.advance, deliver.deliver):
            job(shop.runtime, shop.at)


def write_to(shop: Shop, name: str, due: datetime) -> None:
    """Put a mail of another journey into the outbox."""
    with shop.runtime.store.begin() as tx:
        person = contacts.by_anything(tx, name)
        assert person is not None
        row = {"contact_id": person["id"], "journey": "letters", "step": "letter", "channel": "email"}
        more = {"class": "marketing", "topic": "offers", "template": "reactivation/we-miss-you"}
        times = {"state": "scheduled", "planned_at": due, "due_at": due}
        messages.write(tx, [{"key": f"letter to {name}", **row, **more, **times}])


def test_and_does_not_go_again_to_a_provider_that_may_have_forgotten_it(
    one_database: str, tmp_path: Path
) -> None:
    """It was made anew a moment ago, and may have been sent at any time since the backup."""
    shop = Shop(one_database, tmp_path / "shop")
    shop.runtime.stand_in(Channel.EMAIL, provider := Provider(lambda: shop.at))
    provider.features = Features(idempotency=24 * HOUR)  # type: ignore[misc]
    shop.at = NOW_THERE + timedelta(days=2)
    assert restoring.park(shop.runtime, shop.at).parked == [("thanks", "email", 1)]
    deliver.deliver(shop.runtime, shop.at)
    assert restoring.park(shop.runtime, shop.at).parked == [("thanks", "email", 1)]
    deliver.deliver(shop.runtime, shop.at)
    assert provider.took == []
    shop.runtime.close()


def test_what_never_left_leaves_at_its_old_distances(one_database: str, tmp_path: Path) -> None:
    """The provider can be asked, and has none of the three: nurture was down in the lost time."""
    shop, provider = opened(one_database, tmp_path)
    provider.appears_within = timedelta()  # type: ignore[attr-defined]
    provider.search = lambda sought: [Found(each.message_id, Whereabouts.ABSENT) for each in sought]  # type: ignore[attr-defined]
    shop.publish(THREE)
    shop.orders("chloe", shop.at)
    shop.at = NOW_THERE + timedelta(hours=20)
    lost = restoring.park(shop.runtime, shop.at)
    assert (lost.count, lost.absent) == (0, 3)
    began = shop.at
    live(shop, timedelta(hours=24))
    left = [at - began for at, recipient in provider.took if recipient == "chloe@example.com"]
    assert left == [HOUR, 5 * HOUR, 10 * HOUR], "it is first looked at after an hour"
    shop.runtime.close()


THREE = """
journey: thanks
topic: offers
trigger: {event: order_completed}
steps:
  - email: reactivation/we-miss-you
    class: transactional
    id: one
  - wait: 5 hours
  - email: reactivation/we-miss-you
    class: transactional
    id: two
  - wait: 5 hours
  - email: reactivation/we-miss-you
    class: transactional
    id: three
"""


def test_what_comes_to_be_due_after_leave_was_not_lost(one_database: str, tmp_path: Path) -> None:
    """Life goes on for a week before somebody says to drop what was parked. Chloe's mail is due while nurture is down
    for two days, and leaves when it is back."""
    shop, provider = opened(one_database, tmp_path)
    shop.at = NOW_THERE + timedelta(days=2)
    assert restoring.park(shop.runtime, shop.at).count == 1
    live(shop, timedelta(days=5))
    with shop.runtime.store.begin() as tx:
        jobs.started(tx, "advance", shop.at)
    shop.orders("chloe", shop.at)
    shop.at += timedelta(days=4)
    lost = restoring.park(shop.runtime, shop.at)
    assert (lost.count, lost.since) == (1, NOW_THERE + timedelta(days=2))
    assert restoring.drop(shop.runtime, shop.at) == 1
    live(shop, timedelta(days=1))
    assert [recipient for _, recipient in provider.took] == ["chloe@example.com"]
    shop.runtime.close()


def test_what_a_pause_holds_in_the_copy_is_told_of(one_database: str, tmp_path: Path) -> None:
    """The pause may have been ended in the lost time, and what it held may have left."""
    shop, _ = opened(one_database, tmp_path)
    write_to(shop, "ana", NOW_THERE)
    pause.pause(shop.runtime, ["thanks"], shop.at)
    shop.at += timedelta(days=2)
    lost = restoring.park(shop.runtime, shop.at)
    assert (lost.parked, lost.held) == ([("letters", "email", 1)], [("thanks", 1)])
    shop.runtime.close()


def test_on_the_command_line_it_is_shown_and_asked(one_database: str, tmp_path: Path) -> None:
    shop = Shop(one_database, tmp_path / "shop")
    settings = shop.folder / "nurture.yaml"
    text = settings.read_text(encoding="utf-8").replace("sqlite:///nurture.db ", f"{one_database} ")
    settings.write_text(text, encoding="utf-8")
    shop.runtime.close()

    def resume(*words: str, typed: str | None = None) -> str:
        """Two days later, with a provider that can't be asked."""
        with pytest.MonkeyPatch.context() as patch:
            later = partial(opening.open_runtime, now=lambda: NOW_THERE + timedelta(days=2))
            patch.setattr(opening, "open_runtime", later)
            patch.setattr("nurture.channels.outbox.Outbox.search", lambda self, sought: [])
            patch.setattr("nurture.channels.outbox.Outbox.features", Features())
            done = CliRunner().invoke(app, ["resume", *words, "--workspace", str(shop.folder)], input=typed)
        assert done.exit_code in (0, 2), done.output
        return done.output

    said = resume("--after-restore", typed="leave\n")
    assert ", 3 d ago." in said
    assert re.search(r"thanks +email +1\b", said)
    assert "They stay in doubt" in said
    assert "1 message left out." in resume("--after-restore", "--drop")
    assert "Nothing is parked" in resume("--after-restore")
    assert "belongs to --after-restore" in " ".join(resume("--all", "--drop").split())
    assert "one of --all, --channel" in " ".join(resume("thanks", "--after-restore").split())
