"""Somebody whom the shop tells of again, after the command that erased her had died, and who is erased again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.app import erasing
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.model import Channel, NewEvent, Person
from nurture.settings import ChannelConfig, Sender
from nurture.store import tables
from tests.support.shop import open_shop


class Died(Exception):
    """The command dies here."""


def test_what_the_first_command_left_goes_with_the_second(
    one_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = ChannelConfig(
        Channel.EMAIL, "outbox", Sender("oi@volta.example"), {"folder": str(tmp_path / "outbox")}
    )
    shop = open_shop(one_database, tmp_path, channels={Channel.EMAIL: outbox})
    runtime, mail = shop.runtime, tmp_path / "outbox" / f"{shop.sent['ana']}.eml"
    mail.parent.mkdir(exist_ok=True)
    mail.write_text("To: ana@example.com\n", encoding="ascii")

    def dies(*_: Any) -> erasing.Cleared:
        raise Died

    with monkeypatch.context() as killed:
        killed.setattr(erasing, "_clear", dies)
        with pytest.raises(Died):
            erasing.erase(runtime, "ana", shop.now)
    put_off = sa.update(tables.messages).where(tables.messages.c.key == shop.waiting["ana"])
    with runtime.store.begin() as tx:  # as the outcome of what was being handed over then says
        tx.execute(put_off.values(state="deferred"))
    back = NewEvent("signed_up", Person("ana", "ana@example.com"), shop.now, "site", "again")
    ingest(runtime.store, [back], shop.now)
    process(runtime, shop.now)
    assert erasing.finish(runtime, "ana") is None, "she is somebody new"
    done = erasing.erase(runtime, "ana@example.com", shop.now)
    assert not mail.exists()
    assert done.files.gone == 1
    states = {row["key"]: (row["state"], row["reason"]) for row in shop.rows(tables.messages)}
    assert states[shop.waiting["ana"]] == ("cancelled", "erased")
    assert sum(row["ref"].startswith("erased-") for row in shop.rows(tables.contacts)) == 2
    runtime.close()
