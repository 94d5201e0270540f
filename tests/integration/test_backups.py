"""Backups as the documents make them, put back for real: what was sent after one does not leave again by itself."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from nurture.app import advance, deliver, opening, process
from nurture.app.simulating import working
from nurture.channels.base import Features
from nurture.cli.main import app
from nurture.model import Channel
from nurture.store.engine import Store
from tests.integration.test_in_flight import Shop
from tests.support import postgres
from tests.support.office import Provider

DAY = timedelta(days=1)
Restore = Callable[[], str]  # the URL of the database that holds the backup


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
    while (due := working.next_due(shop.runtime)) is not None and due <= end:
        shop.at = max(due, shop.at)
        for job in (process.process, advance.advance, deliver.deliver):
            job(shop.runtime, shop.at)
    shop.at = end


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


def contents(store: Store) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with store.read() as tx:
        names = sa.inspect(tx).get_table_names()
        return {n: sorted(str(row) for row in tx.execute(sa.text(f'SELECT * FROM "{n}"'))) for n in names}
