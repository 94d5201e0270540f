"""A million people made by the database itself, the same in each run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from nurture.store.engine import Store
from nurture.store.types import to_micros

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday, 9:00 in São Paulo
DAY = timedelta(days=1)
RICHEST = 3_000  # nobody has bought for so much; what people have bought for is spread evenly below it
_MICROS_A_DAY = 86_400_000_000

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)",
    "postgresql": "WITH n AS (SELECT generate_series(1, :people) AS i)",
}
_PEOPLE = """INSERT INTO contacts (id, ref, email, first_name, zone, zone_source, country, state, hash31, created_at,
    updated_at, total_orders, lifetime_value, last_order_at, fields)
    {numbers} SELECT i, 'p' || i, 'p' || i || '@example.com', 'Ana' || i % 400,
    CASE i % 10 WHEN 0 THEN 'America/Manaus' WHEN 1 THEN 'America/Rio_Branco' ELSE 'America/Sao_Paulo' END,
    'state', 'BR', 'SP', (CAST(i AS BIGINT) * 48271) % 2147483647, :now - 700 * :day, :now - 400 * :day,
    1 + i % 5, (i % 300) * 1000, :now - (i % 365) * :day - 1, '{{}}' FROM n"""
_ACTIVITY = """INSERT INTO activity (name, contact_id, times, first_at, last_at, updated_at)
    {numbers} SELECT 'order_completed', i, 1 + i % 5, :now - 400 * :day,
    :now - (i % 365) * :day - 1, :now - (i % 365) * :day - 1 FROM n"""
_CONSENTS = """INSERT INTO consents (id, contact_id, topic, given, basis, text_version, how, occurred_at, recorded_at)
    {numbers} SELECT i, i, 'offers', true, 'consent', '1', 'import', :now - 400 * :day, :now - 400 * :day FROM n"""
_PERMISSIONS = """INSERT INTO permissions (contact_id, topic, channel, given, consent_id, occurred_at)
    {numbers} SELECT i, 'offers', channel, true, i, :now - 400 * :day
    FROM n CROSS JOIN (SELECT 'email' AS channel UNION ALL SELECT 'sms') AS channels"""
_ORDERS = """INSERT INTO events (name, contact_id, occurred_at, received_at, processed_at, source, source_id, payload)
    {numbers} SELECT 'order_completed', i, :now - (i % 365) * :day - 1, :now - :day, :now - :day, 'shop', 'o' || i,
    '{{"total": 120.5, "currency": "BRL"}}' FROM n"""
_MAILS = """INSERT INTO messages (key, slot, contact_id, journey, channel, class, topic, template, state, planned_at,
    due_at, handed_at, accepted_at, done_at)
    {numbers} SELECT 'earlier-' || i, 0, (i - 1) / 3 * 5 + 1, 'offer-1', 'email', 'marketing', 'offers', 'offer',
    'accepted', :now - 3 * :day, :now - 3 * :day, :now - 3 * :day, :now - 3 * :day, :now - 3 * :day FROM n"""


def fill(store: Store, people: int) -> None:
    """`people` contacts with consent to `offers`, each with a last order from 0 to 364 days back.

    Four of five live in São Paulo, the others one or two hours west.
    """
    for statement in (_PEOPLE, _ACTIVITY, _CONSENTS, _PERMISSIONS):
        _run(store, statement, people)
    if not store.is_sqlite:  # which counts on from the highest by itself
        _count_on(store, "contacts", "consents")
    analyse(store)


def add_history(store: Store, people: int) -> None:
    """Each person's order as an event, and three mails of the last days to every fifth person."""
    _run(store, _ORDERS, people)
    _run(store, _MAILS, people // 5 * 3)
    analyse(store)


def _run(store: Store, statement: str, people: int) -> None:
    given = {"people": people, "now": to_micros(NOW), "day": _MICROS_A_DAY}
    with store.begin() as tx:
        tx.execute(sa.text(statement.format(numbers=_NUMBERS[store.dialect])), given)


def _count_on(store: Store, *tables: str) -> None:
    """Let new rows get numbers behind those that we gave."""
    with store.begin() as tx:
        for table in tables:
            highest = f"(SELECT max(id) FROM {table})"
            tx.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {highest})"))


def analyse(store: Store) -> None:
    """Let the planner know what there is, as the product does after a bulk import."""
    with store.begin() as tx:
        tx.execute(sa.text("ANALYZE"))
