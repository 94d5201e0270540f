"""WhatsApp from the step to the file, what it costs, and what a workspace that ran before it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture import whatsapp
from nurture.app.explain import explain
from nurture.app.publish import expected
from nurture.app.workspace import load
from nurture.cli.telling import story
from nurture.store import consents, contacts, tables
from nurture.store.engine import Tx
from tests.support.lives import CAST, Lives, live, open_lives

JOURNEY = """
journey: a
topic: news
trigger: {inactive: signed_up, for: 1 day}
backfill: all
steps:
  - whatsapp: b
    id: approved
  - whatsapp: a
    id: words
"""
MIGRATION = import_module("nurture.store.migrations.versions.0009_whatsapp")
COSTS = "costs: {email: 0.1, whatsapp: {utility: 0.05, service: 0.01}}\n"
CASE = {
    "workspace": COSTS,
    "journeys": {
        "a": JOURNEY.replace("{inactive: signed_up, for: 1 day}\nbackfill: all", "{event: signed_up}")
    },
    "people": {"ana": {"consents": ["news by whatsapp"]}, "bruno": {}},
    "happens": [
        {"at": "2026-03-02 09:00", "event": "whatsapp_replied"},
        {"at": "2026-03-02 10:00", "event": "signed_up"},
        {"at": "2026-03-02 10:00", "who": "bruno", "event": "signed_up"},
    ],
    "until": "2026-03-03 10:00",
}


@pytest.fixture
def lives(database: str, tmp_path: Path) -> Iterator[Lives]:
    opened = open_lives(database, tmp_path, CASE)
    yield opened
    opened.close()


def test_each_message_is_a_file_that_says_it_and_costs_what_its_category_does(lives: Lives) -> None:
    live(lives, CASE)
    with lives.runtime.store.read() as tx:
        sent = tx.execute(
            sa.select(tables.messages.c.step, tables.messages.c.key, tables.messages.c.cost_micros).where(
                tables.messages.c.accepted_at.is_not(None)
            )
        ).all()
    assert {row.step: row.cost_micros for row in sent} == {"approved": 50_000, "words": 10_000}
    files = {row.step: lives.folder / "outbox" / f"{row.key}.whatsapp.json" for row in sent}
    approved, words = (whatsapp.load(files[step].read_bytes()) for step in ("approved", "words"))
    assert approved.filled is not None
    assert (approved.filled.template, approved.filled.language) == ("b", "en")
    assert (approved.filled.parameters, approved.text) == (("Ana",), "Oi Ana, aqui é da Volta.")
    assert words == whatsapp.WhatsAppMessage("Volta: a")


def test_explain_says_what_kept_a_message_back(lives: Lives) -> None:
    lives.runtime.now = lambda: lives.at
    live(lives, CASE)
    told = "\n".join(story(explain(lives.runtime, "bruno", None, lives.at), "UTC", lives.at))
    assert "no address" in told
    lives.happen({"at": "", "withdraws": "news by whatsapp"})
    lives.happen({"at": "", "stops": "answer by WhatsApp"})
    told = "\n".join(story(explain(lives.runtime, "ana", None, lives.at), "UTC", lives.at))
    assert "phone: stop" in told
    assert "whatsapp: stop" in told


def test_publishing_says_what_whatsapp_will_cost_by_category(lives: Lives) -> None:
    live(lives, {**CASE, "happens": CASE["happens"][:2]})
    lives.at = lives.moment("2026-03-04 10:00")
    (lives.folder / "journeys" / "b.yaml").write_text(JOURNEY.replace("a\n", "b\n", 1), encoding="utf-8")
    file = load(lives.folder).journeys["b"]
    (told,) = expected(lives.runtime, [file], lives.at)
    assert told.messages == {"whatsapp": 1}
    assert told.cost == Decimal("0.05")


def test_the_same_phone_has_two_lists(lives: Lives) -> None:
    lives.arrive("ana", CAST["ana"])
    with lives.runtime.store.begin() as tx:
        ana = contacts.by_anything(tx, "ana")
        assert ana is not None
        consents.suppress(
            tx, "whatsapp", ana["phone_digest"], reason="hard_bounce", source="test", at=lives.at
        )
        marked = contacts.rows(tx, [ana["id"]])[ana["id"]]
    assert (marked["whatsapp_suppressed"], marked["phone_suppressed"]) == ("hard_bounce", None)


def test_who_told_us_to_stop_before_there_was_whatsapp_is_not_written_to_there(
    database: str, tmp_path: Path
) -> None:
    lives = open_lives(database, tmp_path, CASE)
    try:
        for who in ("ana", "bruno", "chloe"):
            lives.arrive(who, {**CAST[who], "phone": f"+551198765432{len(who)}"})
        lives.happen({"at": "", "stops": "answer"})
        lives.happen({"at": "", "who": "bruno", "withdraws": "news"})
        with lives.runtime.store.begin() as tx:
            chloe = contacts.by_anything(tx, "chloe")
            assert chloe is not None
            consents.suppress(
                tx, "phone", chloe["phone_digest"], reason="hard_bounce", source="test", at=lives.at
            )
            before = _whatsapp(tx)
            _as_before(tx)
            assert _whatsapp(tx) != before
            for statement in (MIGRATION.STOPPED, MIGRATION.MARKED, MIGRATION.CLOSED):
                tx.execute(sa.text(statement))
            assert _whatsapp(tx) == before
    finally:
        lives.close()


def _whatsapp(tx: Tx) -> list[tuple[object, ...]]:
    """All that the database knows of who must not be written to on WhatsApp."""
    listed = sa.select(tables.suppressions.c.digest, tables.suppressions.c.reason)
    marked = sa.select(tables.contacts.c.ref, tables.contacts.c.whatsapp_suppressed)
    held = sa.select(tables.permissions.c.contact_id, tables.permissions.c.topic, tables.permissions.c.given)
    found = (
        listed.where(tables.suppressions.c.kind == "whatsapp"),
        marked.where(tables.contacts.c.whatsapp_suppressed.is_not(None)),
        held.where(tables.permissions.c.channel == "whatsapp"),
    )
    return sorted((tuple(row) for each in found for row in tx.execute(each)), key=repr)


def _as_before(tx: Tx) -> None:
    tx.execute(sa.delete(tables.suppressions).where(tables.suppressions.c.kind == "whatsapp"))
    tx.execute(sa.update(tables.contacts).values(whatsapp_suppressed=None))
    tx.execute(sa.delete(tables.permissions).where(tables.permissions.c.channel == "whatsapp"))
