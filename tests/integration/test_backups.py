"""Backups as the documents make them, put back for real: what was sent after one does not leave again by itself."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from nurture.app import advance, deliver, evaluate, opening, process
from nurture.app.simulating import working
from nurture.channels.base import Features
from nurture.cli.main import app
from nurture.model import Channel
from nurture.store.engine import Store
from tests.integration.test_in_flight import NOW, Shop
from tests.support import postgres
from tests.support.office import Provider

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
Restore = Callable[[], str]  # the URL of the database that holds the backup
SILENT = """
journey: thanks
topic: offers
reentry: after_exit
trigger: {inactive: order_completed, for: 10 days}
steps:
  - wait: 1 day
  - email: reactivation/we-miss-you
    id: silent
"""


def plain(url: str) -> str:
    """As PostgreSQL's own programs read it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def pg(name: str, *words: str) -> None:
    done = subprocess.run([postgres.program(name), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def back_up_postgres(url: str, folder: Path) -> Restore:
    dump = folder / "nurture.dump"
    pg("pg_dump", "--format=custom", f"--file={dump}", plain(url))

    def restore() -> str:
        empty = postgres.fresh_database()
        pg("pg_restore", f"--dbname={plain(empty)}", str(dump))
        return empty

    return restore


def back_up_sqlite(url: str, folder: Path) -> Restore:
    """By what `.backup` of its shell calls, too."""
    path, copy = Path(str(sa.make_url(url).database)), folder / "copy.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)

    def restore() -> str:
        for journal in ("-wal", "-shm"):
            path.with_name(path.name + journal).unlink(missing_ok=True)
        copy.replace(path)
        return url

    return restore


def back_up(url: str, folder: Path) -> Restore:
    return (back_up_postgres if url.startswith("postgresql") else back_up_sqlite)(url, folder)


def live(shop: Shop, days: int) -> None:
    """Every job whenever it has something to do, so many days long."""
    end = shop.at + days * DAY
    while (due := coming(shop)) is not None and due <= end:
        shop.at = max(due, shop.at)
        for job in (process.process, evaluate.evaluate, advance.advance, deliver.deliver):
            job(shop.runtime, shop.at)
    shop.at = end


def coming(shop: Shop) -> datetime | None:
    with shop.runtime.store.read() as tx:
        entering = evaluate.next_due(shop.runtime, tx, shop.at)
    return min(filter(None, (entering, working.next_due(shop.runtime))), default=None)


def resume(shop: Shop, url: str, *words: str, typed: str | None = None) -> str:
    """`nurture resume --after-restore` beside a provider that can't be asked."""
    settings = shop.folder / "nurture.yaml"
    kept = settings.read_text(encoding="utf-8")
    settings.write_text(kept.replace("sqlite:///nurture.db ", f"{url} "), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "open_runtime", partial(opening.open_runtime, now=lambda: shop.at))
        patch.setattr("nurture.channels.outbox.Outbox.search", lambda self, sought: [])
        patch.setattr("nurture.channels.outbox.Outbox.features", Features())
        done = CliRunner().invoke(
            app, ["resume", "--after-restore", *words, "--workspace", str(shop.folder)], input=typed
        )
    assert done.exit_code == 0, done.output
    return done.output


def test_what_was_sent_after_a_backup_leaves_again_only_by_somebodys_word(
    database: str, tmp_path: Path
) -> None:
    """Ana's mail of the next day leaves after the backup, and so does Chloe's, who isn't even in it."""
    shop = Shop(database, tmp_path / "shop")
    provider = Provider(lambda: shop.at)
    shop.runtime.stand_in(Channel.EMAIL, provider)
    was, restore = contents(shop.runtime.store), back_up(database, tmp_path)  # while the database is open
    live(shop, 2)
    shop.orders("chloe", shop.at)
    live(shop, 3)
    assert [recipient for _, recipient in provider.took] == ["ana@example.com", "chloe@example.com"]

    shop.runtime.store.close()
    restored = restore()
    shop.runtime.store = Store(restored)
    assert contents(shop.runtime.store) == was
    assert "1 message: send, drop or leave them?" in resume(shop, restored, typed="leave\n")
    live(shop, 1)
    assert len(provider.took) == 2, "nobody has said a word"
    shop.orders("davi", shop.at)  # business goes on in what was restored
    live(shop, 3)
    assert [recipient for _, recipient in provider.took[2:]] == ["davi@example.com"]
    assert "1 message will be sent" in resume(shop, restored, "--send")
    live(shop, 1)
    assert [recipient for _, recipient in provider.took[3:]] == ["ana@example.com"]
    shop.runtime.close()
    if restored != database:
        postgres.drop_database(restored)


@pytest.mark.parametrize("put_back", [timedelta(), 11 * HOUR], ids=["by day", "in quiet hours"])
def test_what_somebody_got_who_entered_after_the_backup_leaves_not_again(
    database: str, tmp_path: Path, put_back: timedelta
) -> None:
    """Bruno has been silent for ten days by Sunday, and gets his mail on Monday. Ana got hers on Tuesday, and is silent
    for so long on Wednesday of the week after."""
    shop = Shop(database, tmp_path / "shop")
    provider = Provider(lambda: shop.at)
    shop.runtime.stand_in(Channel.EMAIL, provider)
    shop.publish(SILENT)
    restore = back_up(database, tmp_path)
    live(shop, 8)
    sent = [("ana@example.com", NOW + DAY), ("bruno@example.com", NOW + 7 * DAY)]
    assert [(recipient, at) for at, recipient in provider.took] == sent

    shop.runtime.store.close()
    restored = restore()
    shop.runtime.store = Store(restored)
    shop.at += put_back
    assert "2 messages: send, drop or leave them?" in resume(shop, restored, typed="leave\n")
    live(shop, 4)
    after = [("ana@example.com", NOW + 10 * DAY)]
    assert [(recipient, at) for at, recipient in provider.took] == sent + after
    shop.runtime.close()
    if restored != database:
        postgres.drop_database(restored)


THREE = """
journey: thanks
topic: offers
trigger: {event: order_completed}
steps:
  - wait: 1 day
  - email: reactivation/we-miss-you
    id: one
    on_doubt: hold
  - wait: 3 days
  - email: reactivation/we-miss-you
    id: two
    expires_after: 2 days
  - wait: 5 days
  - email: reactivation/we-miss-you
    id: three
"""


@pytest.mark.parametrize(
    ("words", "said", "leaves_after"),
    [
        (["leave"], "They stay in doubt", [9 * DAY]),
        (["--drop"], "3 messages left out", [9 * DAY]),
        (["--send"], "3 messages will be sent", [6 * DAY, 9 * DAY, 14 * DAY]),
    ],
    ids=["leave", "drop", "send"],
)
def test_what_left_behind_a_lost_mail_was_sent_too(
    database: str, tmp_path: Path, words: list[str], said: str, leaves_after: list[timedelta]
) -> None:
    """Two of Chloe's three mails leave in the lost time: none leaves again by itself, and the third leaves on its day.
    Told to send them, nurture goes on with her as if she had stood still: each mail as long after the other."""
    shop = Shop(database, tmp_path / "shop")
    provider = Provider(lambda: shop.at)
    shop.runtime.stand_in(Channel.EMAIL, provider)
    shop.publish(THREE)
    shop.orders("chloe", NOW)
    restore = back_up(database, tmp_path)
    live(shop, 6)
    assert to("chloe", provider) == [NOW + DAY, NOW + 4 * DAY]

    shop.runtime.store.close()
    restored = restore()
    shop.runtime.store = Store(restored)
    provider.took.clear()
    typed = "".join(f"{word}\n" for word in words if not word.startswith("-")) or None
    assert said in resume(shop, restored, *(word for word in words if word.startswith("-")), typed=typed)
    live(shop, 10)
    assert to("chloe", provider) == [NOW + days for days in leaves_after]
    shop.runtime.close()
    if restored != database:
        postgres.drop_database(restored)


def to(name: str, provider: Provider) -> list[datetime]:
    """When this person's mails were taken."""
    return [at for at, recipient in provider.took if recipient == f"{name}@example.com"]


def contents(store: Store) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with store.read() as tx:
        names = sa.inspect(tx).get_table_names()
        return {n: sorted(str(row) for row in tx.execute(sa.text(f'SELECT * FROM "{n}"'))) for n in names}
