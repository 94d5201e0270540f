"""A statement that goes straight to the driver says the same as one that goes through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.store import bulk, messages
from nurture.store.direct import Direct
from nurture.store.engine import Store
from nurture.store.tables import events
from tests.support.shop import NOW


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        opened = Store(f"sqlite:///{tmp_path / 'nurture.db'}")
    else:
        from tests.support import postgres

        opened = Store(postgres.migrated_database())
    with opened.begin() as tx:
        bulk.insert(tx, events, [_event(number) for number in range(4)])
    yield opened
    opened.close()


def _event(number: int) -> dict[str, Any]:
    return {
        "name": "order_completed" if number else "é 100 %",
        "occurred_at": NOW + timedelta(hours=number),
        "received_at": NOW,
        "processed_at": NOW if number == 2 else None,
        "source": "shop",
        "source_id": str(number),
        "payload": {"items": [number, None, "é"]} if number else {},
        "silent": number == 1,
    }


_LATE = (
    sa.select(events, (events.c.processed_at.is_not(None)).label("done"))
    .where(bulk.given(events.c.source_id, "names"), events.c.occurred_at >= sa.bindparam("since"))
    .order_by(events.c.id)
)


@pytest.mark.parametrize("names", [["0", "1", "2"], ["3"], []], ids=["several", "one", "none"])
def test_rows_are_the_same(store: Store, names: list[str]) -> None:
    given = {"names": names, "since": NOW}
    with store.read() as tx:
        through = tx.execute(_LATE, given)
        assert Direct(_LATE).rows(tx, **given) == [dict(row) for row in through.mappings()]
        assert len(Direct(_LATE).all(tx, **given)) == len(names)


def test_what_is_given_is_kept_as_its_column_wants_it(store: Store) -> None:
    at = NOW + timedelta(microseconds=1)
    change = sa.update(events).where(bulk.given(events.c.source_id, "names"))
    with store.begin() as tx:
        Direct(change.values(processed_at=sa.bindparam("at"), note="seen")).run(tx, names=["0"], at=at)
    with store.read() as tx:
        kept = tx.execute(sa.select(events.c.source_id, events.c.processed_at).where(events.c.note == "seen"))
        assert [tuple(row) for row in kept] == [("0", at)]


def test_what_workers_hold_and_what_is_in_doubt_is_looked_up(sqlite_database: str) -> None:
    """Each run of `deliver` asks for both, and there may be a million messages."""
    store = Store(sqlite_database)
    with store.read() as tx:
        for statement in (messages._HELD, messages._DOUBTFUL):
            asked = statement._of(tx)
            plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.text}", tuple(asked._bound({}))).all()
            assert all("USING INDEX ix_messages_held" in row[3] for row in plan), plan
    store.close()
