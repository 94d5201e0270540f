"""A statement that was made once serves at another time: what it binds of the time comes with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.criteria import Condition, parse
from nurture.model import Field, FieldType
from nurture.store.criteria import Criteria, Rows
from nurture.store.engine import Store, Tx
from nurture.store.tables import contacts
from nurture.vocabulary import CONTACT_FIELDS

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIELDS = {
    **CONTACT_FIELDS,
    "birthday": Field("birthday", FieldType.DATE),
    "trial_ends": Field("trial_ends", FieldType.INSTANT),
}
ANA = {"id": 1, "ref": "ana", "zone": "UTC", "hash31": 0, "created_at": NOON, "updated_at": NOON}


def _true_at(tx: Tx, made: Criteria, text: str, days: float) -> bool:
    parsed = parse(text)
    assert parsed.condition is not None, parsed.problems
    seen = made.at(NOON + timedelta(days=days))
    statement, _, moments = seen.prepared(("test", text), lambda: _statement(seen, parsed.condition))
    return bool(statement.one(tx, **moments))


def _statement(criteria: Criteria, condition: Condition | None) -> tuple[Any, None]:
    assert condition is not None
    return sa.select(criteria.where(condition, Rows())).select_from(contacts), None


def test_a_statement_made_before_the_time_came_sees_that_it_has(database: str) -> None:
    store = Store(database)
    fields = {"birthday": "2026-03-20", "trial_ends": "2026-03-20T12:00:00.000000Z"}
    with store.begin() as tx:
        tx.execute(sa.insert(contacts).values(**ANA, last_order_at=NOON, fields=fields))
        made = Criteria(tx.dialect.name, FIELDS, {}, NOON, "UTC")
        for text, before, after in (
            ("last_order_at older than 60 days", 59.9, 60),
            ("trial_ends within next 3 days", 6.9, 7),
            ("birthday within next 3 days", 6.4, 6.6),
        ):
            assert [_true_at(tx, made, text, days) for days in (0, before, after)] == [False, False, True]
            assert not _true_at(tx, made, text, 0)
    store.close()
