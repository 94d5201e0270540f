"""Many rows at once: what goes in comes out, and what is asked for by id is looked up, not searched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Store
from nurture.store.tables import contacts, events
from tests.support.shop import NOW


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        opened = Store(f"sqlite:///{tmp_path / 'nurture.db'}")
    else:
        from tests.support import postgres

        opened = Store(postgres.migrated_database())
    yield opened
    opened.close()


def _events(*payloads: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": "order_completed",
            "occurred_at": NOW,
            "received_at": NOW,
            "source": "shop",
            "source_id": str(number),
            "payload": payload,
            "note": None if number % 2 else "é",
        }
        for number, payload in enumerate(payloads)
    ]


def test_documents_come_back_as_they_were(store: Store) -> None:
    shared = {"words": ["ção", "€"], "empty": None}
    payloads = [shared, {"beyond": 2**70, "part": 0.1}, shared, {}]
    with store.begin() as tx:
        bulk.insert(tx, events, _events(*payloads))
    with store.read() as tx:
        found = tx.execute(
            sa.select(events.c.payload, events.c.note, events.c.occurred_at).order_by(events.c.id)
        )
        rows = found.all()
    assert [row.payload for row in rows] == payloads
    assert [row.note for row in rows] == ["é", None, "é", None]
    assert {row.occurred_at for row in rows} == {NOW}


def test_half_a_letter_does_not_stop_the_batch_on_sqlite(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'nurture.db'}")
    with store.begin() as tx:
        bulk.insert(tx, events, _events({"name": "\ud83d"}, {"name": "Ana"}))
        names = [payload["name"] for payload in tx.execute(sa.select(events.c.payload)).scalars()]
    assert names == ["\ud83d", "Ana"]
    store.close()


@pytest.mark.parametrize("column", [contacts.c.id, contacts.c.ref], ids=["by id", "by ref"])
def test_ids_are_looked_up_in_an_index(tmp_path: Path, column: sa.Column[Any]) -> None:
    store = Store(f"sqlite:///{tmp_path / 'nurture.db'}")
    wanted = bulk.in_ids if column is contacts.c.id else bulk.in_texts
    with store.read() as tx:
        statement = sa.select(contacts.c.zone).where(wanted(tx, column, [1, 2]))  # type: ignore[operator]
        text = str(statement.compile(tx, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert plan[0].startswith("SEARCH contacts USING")
    store.close()
