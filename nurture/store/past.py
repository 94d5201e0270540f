"""The past as it was, on a copy (SQLite): taken back to an instant, and then let come again bit by bit.

Facts are rebuilt from the events. `later_events` holds those that have not come again yet; who was not known
yet is marked as erased meanwhile, and messages of the past that have not left again are in the state `later`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nurture.model import OPENED_BY_ALL, PERSONAL, SUPPRESSIONS
from nurture.store import contacts, copying, reading
from nurture.store.engine import Store, Tx
from nurture.store.tables import activity, events, warm_ups
from nurture.store.tables import contacts as contact_table
from nurture.store.types import from_micros, to_micros

_NOT_YET = 1  # an instant at which nobody was erased: who isn't known yet
TAKEN = (
    "contacts",
    "contact_tags",
    "consents",
    "scores",
    "segments",
    "segment_members",
    "suppressions",
)
BY_LANE = "ix_messages_lane"
# What no job looks for in them costs more to keep than the counting at the end, which looks at everything once.
UNUSED = frozenset(
    ("ix_traces_enrollment", "ix_messages_journey", "ix_messages_held", "ix_messages_provider")
    + ("ix_enrollments_journey", BY_LANE)
)
_CHANGES = ("field_changed", "tag_added", "tag_removed")
_COLUMNS = frozenset(contact_table.c.keys())
_EVENTS = ", ".join(f'"{c.name}"' for c in events.c if c.name != "id")
_CHANNELS = " UNION ALL ".join(f"SELECT '{channel.value}' AS channel" for channel in PERSONAL)
_OPENED = ", ".join(f"'{channel.value}'" for channel in OPENED_BY_ALL)


def open_copy(
    source: Store,
    path: Path,
    journeys: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    by_lane: bool = False,
) -> Store:
    """The past up to `end`, as it stood at `start`. What these journeys did themselves is left out.

    Where it is sent from `by_lane`, that has its index, and new senders are as far in their plans as today.
    """
    names = ", ".join(f"'{name}'" for name in journeys)
    window = to_micros(start - timedelta(days=60))  # no cap looks further back
    chosen = dict.fromkeys(TAKEN, "1 = 1")
    chosen["do_not_disturb"] = "digest IN (SELECT phone_digest FROM contacts WHERE phone_digest IS NOT NULL)"
    chosen["events"] = f"contact_id IS NOT NULL AND occurred_at <= {to_micros(end)}"
    chosen["orders"] = f"ordered_at <= {to_micros(start)}"
    chosen["messages"] = f"handed_at > {window} AND journey NOT IN ({names})"
    if by_lane:
        chosen["warm_ups"] = "1 = 1"
    store = copying.copy(source, path, chosen, bare=True)
    with store.begin() as tx:
        _set_back(tx, to_micros(start))
        tx.execute(sa.update(warm_ups).values(date=""))  # before any day
    copying.index(store, but=UNUSED - ({BY_LANE} if by_lane else set()))
    return store


def _set_back(tx: Tx, start: int) -> None:
    given = {"start": start}
    _set_back_changes(tx, start)
    for statement in _SETTING_BACK:
        tx.execute(sa.text(statement), given)
    consented(tx, 0, start)


_HUMAN = (
    "(name NOT LIKE '%\\_clicked' ESCAPE '\\' AND name NOT LIKE '%\\_opened' ESCAPE '\\') "
    "OR coalesce(json_extract(payload, '$.class'), 'human') = 'human'"
)
# What runs of the past told bears their ids, and the runs that begin now count from 1 again.
_OF_RUNS = " OR ".join(f"source_id LIKE '{what}:%'" for what in ("tag", "consent", "score", "stage", "start"))
_KINDS = ", ".join(f"'{kind}'" for kind in SUPPRESSIONS)  # the other kinds suppress nothing
_SETTING_BACK = (
    f"UPDATE events SET source_id = 'past:' || source_id WHERE source = 'nurture' AND ({_OF_RUNS})",
    f"CREATE TABLE later_events AS SELECT {_EVENTS} FROM events WHERE occurred_at > :start",
    "CREATE INDEX later_events_at ON later_events (occurred_at)",
    "DELETE FROM events WHERE occurred_at > :start",
    f"UPDATE contacts SET erased_at = {_NOT_YET} WHERE created_at > :start AND erased_at IS NULL",
    f"CREATE INDEX later_contacts ON contacts (created_at) WHERE erased_at = {_NOT_YET}",
    "CREATE INDEX later_consents ON consents (occurred_at)",
    "UPDATE messages SET state = 'later' WHERE handed_at > :start",
    "CREATE INDEX later_messages ON messages (handed_at) WHERE state = 'later'",
    f"CREATE TABLE later_suppressions AS SELECT * FROM suppressions WHERE since > :start AND kind IN ({_KINDS})",
    "DELETE FROM suppressions WHERE since > :start",
    *(
        f"UPDATE contacts SET {kind}_suppressed = NULL WHERE {address}_digest IN "
        f"(SELECT digest FROM later_suppressions WHERE kind = '{kind}')"
        for kind, address in SUPPRESSIONS.items()
    ),
    "INSERT INTO activity (name, contact_id, times, first_at, last_at, updated_at) "
    "SELECT name, contact_id, count(*), min(occurred_at), max(occurred_at), max(occurred_at) FROM events "
    f"WHERE {_HUMAN} GROUP BY name, contact_id",
    "UPDATE orders SET cancelled_at = NULL WHERE cancelled_at > :start",
    "UPDATE orders SET delivered_at = NULL WHERE delivered_at > :start",
    "UPDATE orders SET refunded = 0 WHERE refunded > 0 AND order_id IN (SELECT "
    "json_extract(payload, '$.order_id') FROM later_events WHERE name = 'order_refunded')",
    "UPDATE contacts SET total_orders = 0, lifetime_value = 0, first_order_at = NULL, last_order_at = NULL, "
    "last_click_at = NULL",
    "UPDATE contacts SET total_orders = o.n, lifetime_value = o.worth, first_order_at = o.first, "
    "last_order_at = o.last FROM (SELECT contact_id, count(*) AS n, sum(total - refunded) AS worth, "
    "min(ordered_at) AS first, max(ordered_at) AS last FROM orders WHERE cancelled_at IS NULL "
    "GROUP BY contact_id) AS o WHERE o.contact_id = contacts.id",
    "UPDATE contacts SET last_click_at = a.at FROM (SELECT contact_id, max(last_at) AS at FROM activity "
    "WHERE name LIKE '%\\_clicked' ESCAPE '\\' GROUP BY contact_id) AS a WHERE a.contact_id = contacts.id",
)


def _set_back_changes(tx: Tx, start: int) -> None:
    """Fields and tags as they were before the first change that came later."""
    rows = tx.execute(
        sa.text(
            "SELECT name, contact_id, payload FROM events WHERE occurred_at > :start "
            f"AND name IN {_CHANGES} ORDER BY occurred_at, id"
        ),
        {"start": start},
    )
    fields: dict[tuple[int, str], Any] = {}
    tags: dict[tuple[int, str], bool] = {}
    for name, contact_id, payload in rows:
        told = json.loads(payload)
        if name == "field_changed":
            fields.setdefault((contact_id, told["field"]), told["old"])
        else:
            tags.setdefault((contact_id, told["tag"]), name == "tag_removed")
    set_fields(tx, fields)
    set_tags(tx, tags)


def set_fields(tx: Tx, values: Mapping[tuple[int, str], Any]) -> None:
    """Set fields of people without a word about it."""
    for (contact_id, name), value in values.items():
        if name in _COLUMNS:
            statement = f'UPDATE contacts SET "{name}" = :value WHERE id = :id'
            tx.execute(sa.text(statement), {"id": contact_id, "value": value})
        else:
            tx.execute(
                sa.text("UPDATE contacts SET fields = json_set(fields, :path, json(:value)) WHERE id = :id"),
                {"id": contact_id, "path": f'$."{name}"', "value": json.dumps(value)},
            )


def set_tags(tx: Tx, tags: Mapping[tuple[int, str], bool]) -> None:
    """Put tags on and take them off without a word about it."""
    contacts.tag(tx, [pair for pair, there in tags.items() if there])
    contacts.untag(tx, [pair for pair, there in tags.items() if not there])


def consented(tx: Tx, since: int, until: int) -> None:
    """What people said yes or no to in this time holds from now on."""
    tx.execute(_CONSENTED, {"since": since, "until": until})


_CONSENTED = sa.text(
    "INSERT INTO permissions (contact_id, topic, channel, given, consent_id, occurred_at) "
    "SELECT contact_id, topic, on_channel, given, id, occurred_at FROM (SELECT c.*, ch.channel AS on_channel, "
    "ROW_NUMBER() OVER (PARTITION BY c.contact_id, c.topic, ch.channel "
    "ORDER BY c.occurred_at DESC, c.given, c.id DESC) AS nth "
    f"FROM consents c JOIN ({_CHANNELS}) ch ON c.channel = ch.channel OR (c.channel IS NULL AND "
    f"(NOT c.given OR ch.channel IN ({_OPENED}))) "
    "WHERE NOT c.pending AND c.occurred_at > :since AND c.occurred_at <= :until) WHERE nth = 1 "
    "ON CONFLICT (contact_id, topic, channel) DO UPDATE SET given = excluded.given, "
    "consent_id = excluded.consent_id, occurred_at = excluded.occurred_at "
    "WHERE excluded.occurred_at > permissions.occurred_at "
    "OR (excluded.occurred_at = permissions.occurred_at AND NOT excluded.given)"
)
_COME = (
    sa.text(f"UPDATE contacts SET erased_at = NULL WHERE erased_at = {_NOT_YET} AND created_at <= :until"),
    sa.text("UPDATE messages SET state = 'accepted' WHERE state = 'later' AND handed_at <= :until"),
)
_SUPPRESSED = sa.text("SELECT kind, digest, reason, source, since FROM later_suppressions ORDER BY since")
_ARRIVED = sa.text(
    f"INSERT INTO events ({_EVENTS}) SELECT {_EVENTS} FROM later_events "
    "WHERE occurred_at > :since AND occurred_at <= :until ORDER BY occurred_at, source, source_id"
)
_NEW = sa.select(events).where(events.c.id > sa.bindparam("last")).order_by(events.c.occurred_at, events.c.id)
_LAST = sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))
_NEXT = sa.text("SELECT min(occurred_at) FROM later_events WHERE occurred_at > :since")


def come(tx: Tx, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Let what happened in this time happen again; its events, in their order, with changes made."""
    given = {"since": to_micros(since), "until": to_micros(until)}
    for statement in _COME:
        tx.execute(statement, {"until": given["until"]})
    consented(tx, given["since"], given["until"])
    last = tx.execute(_LAST).scalar_one()
    if not tx.execute(_ARRIVED, given).rowcount:
        return []
    rows = [dict(row) for row in reading.rows(tx.execute(_NEW, {"last": last}))]
    _changed([row for row in rows if row["name"] in _CHANGES], tx)
    return rows


def _changed(rows: Iterable[Mapping[str, Any]], tx: Tx) -> None:
    for row in rows:
        told, person = row["payload"], row["contact_id"]
        if row["name"] == "field_changed":
            set_fields(tx, {(person, told["field"]): told["new"]})
        else:
            set_tags(tx, {(person, told["tag"]): row["name"] == "tag_added"})


def suppressions(tx: Tx) -> list[Mapping[str, Any]]:
    """Those that come later, the first first."""
    return reading.rows(tx.execute(_SUPPRESSED))


def next_event(tx: Tx, since: datetime) -> datetime | None:
    """When the next event comes again."""
    found = tx.execute(_NEXT, {"since": to_micros(since)}).scalar()
    return from_micros(found) if found is not None else None


def next_crossing(tx: Tx, names: Sequence[str], span: timedelta, now: datetime) -> datetime | None:
    """When the next person may have done none of these for so long."""
    last = sa.select(sa.func.min(activity.c.last_at)).where(
        activity.c.name.in_(names), activity.c.last_at > now - span
    )
    found = reading.instant(tx.execute(last))
    return found + span if found is not None else None


def without_history(tx: Tx, names: Iterable[str]) -> dict[str, int]:
    """Of each of these fields, how many people have a value of which no event tells when it came."""
    found = {}
    for name in names:
        value = f'c."{name}"' if name in _COLUMNS else f"json_extract(c.fields, '$.\"{name}\"')"
        count = tx.execute(
            sa.text(
                f"SELECT count(*) FROM contacts c WHERE {value} IS NOT NULL AND c.id NOT IN ("
                "SELECT contact_id FROM events WHERE name = 'field_changed' "
                "AND json_extract(payload, '$.field') = :name UNION ALL "
                "SELECT contact_id FROM later_events WHERE name = 'field_changed' "
                "AND json_extract(payload, '$.field') = :name)"
            ),
            {"name": name},
        ).scalar_one()
        if count:
            found[name] = count
    return found
