"""A million people made by the database itself, the same in each run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from nurture.store.engine import Store, Tx
from nurture.store.types import to_micros

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_MICROS_A_DAY = 86_400_000_000

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)",
    "postgresql": "WITH n AS (SELECT generate_series(1, :people) AS i)",
}


def fill(store: Store, people: int) -> None:
    """`people` contacts with consent to `offers`, each with a last order from 0 to 364 days back."""
    numbers = _NUMBERS[store.dialect]
    given = {"people": people, "now": to_micros(NOW), "day": _MICROS_A_DAY}
    with store.begin() as tx:
        for statement in (
            f"""INSERT INTO contacts (id, ref, email, first_name, zone, zone_source, country, state, hash31, created_at,
                updated_at, total_orders, lifetime_value, last_order_at, fields)
                {numbers} SELECT i, 'p' || i, 'p' || i || '@example.com', 'Ana', 'America/Sao_Paulo', 'state', 'BR', 'SP',
                (CAST(i AS BIGINT) * 48271) % 2147483647, :now - 700 * :day, :now - 400 * :day, 1 + i % 5,
                (i % 300) * 1000, :now - (i % 365) * :day - 1, '{{}}' FROM n""",
            f"""INSERT INTO activity (name, contact_id, times, first_at, last_at, updated_at)
                {numbers} SELECT 'order_completed', i, 1 + i % 5, :now - 400 * :day,
                :now - (i % 365) * :day - 1, :now - (i % 365) * :day - 1 FROM n""",
            f"""INSERT INTO consents (id, contact_id, topic, given, basis, text_version, how, occurred_at, recorded_at)
                {numbers} SELECT i, i, 'offers', true, 'consent', '1', 'import', :now - 400 * :day, :now - 400 * :day
                FROM n""",
            *(
                f"""INSERT INTO permissions (contact_id, topic, channel, given, consent_id, occurred_at)
                {numbers} SELECT i, 'offers', '{channel}', true, i, :now - 400 * :day FROM n"""
                for channel in ("email", "sms")
            ),
        ):
            tx.execute(sa.text(statement), given)
    analyse(store)


def analyse(store: Store) -> None:
    """Let the planner know what there is, as the product does after a bulk import."""
    with store.begin() as tx:
        tx.execute(sa.text("ANALYZE"))


def empty_enrollments(tx: Tx) -> None:
    tx.execute(sa.text("DELETE FROM enrollments"))
