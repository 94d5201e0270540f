"""Real events in Segment's shape, with journeys live: however they come in, the same comes of them."""

from __future__ import annotations

import gzip
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pandas as pd
import pytest
import sqlalchemy as sa

from nurture.app import importing
from nurture.app.opening import open_runtime
from nurture.app.process import process
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.store.tables import contacts, enrollments, events, orders
from tests.support import digest, postgres, sink
from tests.support.olist import SETTINGS
from tests.support.ticking import tick

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
START = datetime(2016, 9, 1, tzinfo=SAO_PAULO)
END = datetime(2018, 10, 25, tzinfo=SAO_PAULO)
TURN = timedelta(days=28)
FACTS = ("contacts", "orders", "activity", "events")
NAMES = {
    "order_completed": "Order Placed",
    "survey_sent": "Survey Sent",
    "order_approved": "Order Approved",
    "order_shipped": "Order Shipped",
    "survey_answered": "Survey Answered",
    "order_delivered": "Order Delivered",
}

pytestmark = pytest.mark.shared_data

EVENTS = """\
events:
  order_shipped:
    doc: The parcel left.
    fields: {order_id: text, total: number}
"""
PEOPLE = """\
import: contacts
columns: {ref: ref, email: email, updated_at: seen}
zone: America/Sao_Paulo
dates: iso
consent: {topics: [offers], basis: consent, text_version: checkout-2016, how: checkout, date: 2016-09-01}
"""
JOURNEYS = {
    "parcel": """\
journey: parcel
topic: offers
trigger:
  event: order_completed
  key: trigger.order_id
  where: trigger.total >= 100
holdout: 10%
exit:
  - event: order_delivered
steps:
  - wait_for: order_shipped
    id: shipped
    up_to: 7 days
    then:
      - wait: 30 days
    otherwise:
      - email: mail
        subject: Seu pedido ainda não saiu
        id: late
      - wait: 60 days
""",
    "asleep": """\
journey: asleep
topic: offers
trigger:
  inactive: order_completed
  for: 60 days
reentry: {after: 60 days}
backfill: all
holdout: 50%
exit:
  - event: order_completed
steps:
  - email: mail
    subject: Sentimos sua falta
    id: first
  - wait: 90 days
  - branch:
      - if: total_orders >= 2 or lifetime_value >= 200
        then:
          - email: mail
            subject: Ainda por aí?
            id: second
      - else:
          - exit: small basket
""",
    "unhappy": """\
journey: unhappy
topic: offers
trigger:
  event: survey_answered
  where: trigger.score <= 1 and did("order_completed", at least 1 time)
reentry: {after: 30 days}
steps:
  - task: Ligar para o cliente
    id: call
    assign: owner
  - wait: 3 days
  - email: mail
    subject: Obrigado pela conversa
    id: sorry
""",
}
HTML = """\
<!doctype html><html lang="pt-BR"><body><p>Oi!</p><p>{{ company.name }}, {{ company.postal_address }}
<a href="{{ unsubscribe_url }}">Parar de receber</a></p></body></html>
"""


# The events of one person in so many, where all would take minutes: `make events` plays them all.
ONE_IN = int(os.environ.get("NURTURE_EVENTS_ONE_IN", "16"))


def told(shared_data: Path, one_in: int = ONE_IN) -> list[bytes]:
    """The recorded events of one person in so many, a line of JSON each."""
    with gzip.open(shared_data / "events" / "olist_segment_events.ndjson.gz") as file:
        return [line for line in file if int(orjson.loads(line)["userId"], 16) % one_in == 0]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Gives the URL of a new database each time."""
    made: list[str] = []

    def new() -> str:
        made.append(postgres.migrated_database())
        return made[-1]

    yield new if request.param == "postgresql" else lambda: "sqlite:///nurture.db"
    for url in made:
        postgres.drop_database(url)


class Clock:
    at = START

    def __call__(self) -> datetime:
        return self.at


def opened(folder: Path, database: str, port: int = 9) -> tuple[Runtime, Clock]:
    files = {
        "nurture.yaml": SETTINGS.format(database=database, port=port),
        "events.yaml": EVENTS,
        "people.yaml": PEOPLE,
        "templates/email/mail.html": HTML,
        ".env": "NURTURE_SECRET=a secret of at least thirty-two characters\n",
        **{f"journeys/{name}.yaml": text for name, text in JOURNEYS.items()},
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    clock = Clock()
    return open_runtime(folder, clock), clock


def take_in(runtime: Runtime, lines: Sequence[bytes], **how: Any) -> importing.Imported:
    path = runtime.folder / "events.ndjson"
    path.write_bytes(b"".join(lines))
    done = importing.load(runtime.store, path, runtime.settings, runtime.now(), **how)
    assert (done.rows, done.refused) == (len(lines), 0), done.reasons
    return done


def take_in_people(runtime: Runtime, lines: Sequence[bytes]) -> None:
    """Everybody, with an address at example.com and her consent."""
    mapping = importing.read_mapping(runtime.folder / "people.yaml", runtime.settings)
    refs = sorted({orjson.loads(line)["userId"] for line in lines})
    path = runtime.folder / "people.csv"
    path.write_text("ref,email,seen\n" + "".join(f"{ref},{ref}@example.com,2016-09-01\n" for ref in refs))
    importing.load(runtime.store, path, runtime.settings, runtime.now(), mapping=mapping)
    process(runtime, runtime.now())


def live_through(runtime: Runtime, clock: Clock) -> None:
    """Two years in steps of four weeks, and at their end until nothing is left to do."""
    while clock.at < END:
        clock.at = min(clock.at + TURN, END)
        tick(runtime)
    while any(tick(runtime).values()):
        pass


def test_what_stands_beside_the_events_comes_out(shared_data: Path, tmp_path: Path) -> None:
    lines = told(shared_data, one_in=1)
    runtime, clock = opened(tmp_path, "sqlite:///nurture.db")
    clock.at = END
    take_in(runtime, lines)
    process(runtime, END)
    is_as_expected(runtime, shared_data, lines)
    runtime.close()


def test_events_give_the_same_once_and_twice(
    shared_data: Path, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    lines = told(shared_data)
    shuffled = random.Random("olist").sample(lines, len(lines))
    with sink.running(tmp_path / "once.ledger") as server:
        runtime, clock = opened(tmp_path / "once", new_database(), server.port)
        take_in_people(runtime, lines)
        publish(runtime, publishable(runtime.folder, None), runtime.now())
        take_in(runtime, lines, trigger_journeys=True)
        live_through(runtime, clock)
        once = digest.digests(runtime.store)
        sent = delivered(server)
        is_as_expected(runtime, shared_data, lines)
        does_something_everywhere(runtime, lines)

        again = take_in(runtime, shuffled, trigger_journeys=True)
        assert (again.new, again.known) == (0, len(lines))
        tick(runtime)
        assert digest.digests(runtime.store) == once
        assert delivered(server) == sent
        runtime.close()


def test_events_give_the_same_in_whatever_order_they_come(
    shared_data: Path, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    lines = told(shared_data)
    shuffled = random.Random("olist").sample(lines, len(lines))
    half = shuffled[: len(lines) // 2]  # comes a second time
    found = []
    for name, parts in (("plain", (lines,)), ("shuffled", (half, shuffled))):
        with sink.running(tmp_path / f"{name}.ledger") as server:
            runtime, clock = opened(tmp_path / name, new_database(), server.port)
            take_in_people(runtime, lines)
            publish(runtime, publishable(runtime.folder, None), runtime.now())
            for part in parts:
                take_in(runtime, part, trigger_journeys=True)
            live_through(runtime, clock)
            found.append((digest.digests(runtime.store), delivered(server)))
            runtime.close()
    assert found[0] == found[1]


def test_facts_are_the_same_in_whatever_order_events_come_late(
    shared_data: Path, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """They come after the fact, in pieces out of order, and each piece has its effect before the next comes."""
    lines = told(shared_data)
    found = []
    for name, pieces in (("whole", 1), ("pieces", 7)):
        runtime, clock = opened(tmp_path / name, new_database())
        clock.at = END
        publish(runtime, publishable(runtime.folder, None), runtime.now())
        coming = lines if pieces == 1 else random.Random("late").sample(lines, len(lines))
        for piece in range(pieces):
            take_in(runtime, coming[piece::pieces])
            process(runtime, runtime.now())
        found.append({table: digest.digests(runtime.store)[table] for table in FACTS})
        runtime.close()
    assert found[0] == found[1]


def delivered(server: sink.Sink) -> Counter[tuple[str, str]]:
    """The mails that arrived: to whom, and the Message-ID, which is made from the send key."""
    return Counter((entry["recipient"], entry["message_id"]) for entry in server.messages())


# --- what must come out ---------------------------------------------------------------------------


def is_as_expected(runtime: Runtime, shared_data: Path, lines: Sequence[bytes]) -> None:
    """The counts that stand beside the events, from the tables; of a part of the events, what it says itself."""
    history = known(runtime)
    expected = orjson.loads((shared_data / "events" / "olist_segment_events.expected.json").read_text())
    recorded = [orjson.loads(line) for line in lines]
    by_event = Counter(event["event"] for event in recorded)
    assert history["name"].map(NAMES).value_counts().to_dict() == by_event
    who = {(event["event"], event["userId"]) for event in recorded}
    assert history.groupby("name")["ref"].nunique().rename(NAMES).to_dict() == Counter(
        name for name, _ in who
    )
    if len(lines) == expected["events"]:
        assert by_event == expected["by_event"]
        assert Counter(name for name, _ in who) == expected["unique_users_by_event"]
        assert facts_of(history) == {name: expected[name] for name in facts_of(history)}
        assert late(runtime, shared_data) == expected["late_deliveries"]
        assert (round(history["score"].mean(), 4), int(history["score"].count())) == (3.2716, 8225)


def known(runtime: Runtime) -> pd.DataFrame:
    """The history of everybody, as the product keeps it."""
    chosen = (
        sa.select(contacts.c.ref, events.c.name, events.c.occurred_at, events.c.payload)
        .join(contacts, contacts.c.id == events.c.contact_id)
        .where(events.c.name.in_(NAMES), events.c.processed_at.is_not(None))
    )
    with runtime.store.read() as tx:
        found = pd.DataFrame([dict(row) for row in tx.execute(chosen).mappings()])
    return pd.concat([found, pd.json_normalize(list(found["payload"]))], axis="columns")


def facts_of(history: pd.DataFrame) -> dict[str, Any]:
    """What the file beside the events says of them, counted again from the history."""
    of_order = history[history["name"].str.startswith("order_")]
    steps = of_order.pivot(index="order_id", columns="name", values="occurred_at")
    placed, approved = steps["order_completed"], steps["order_approved"]
    shipped, arrived = steps["order_shipped"], steps["order_delivered"]
    asked = history[history["name"] == "survey_answered"].groupby("order_id").size()
    local = history["occurred_at"].dt.tz_convert("-03:00").dt.strftime("%Y-%m-%d %H:%M:%S")
    return {
        "first": local.min(),
        "last": local.max(),
        "shipped_before_approved": int((shipped < approved).sum()),
        "delivered_before_shipped": int((arrived < shipped).sum()),
        "orders_with_2plus_surveys": int((asked >= 2).sum()),
        "median_hours_purchase_to_approve": round((approved - placed).median() / pd.Timedelta(hours=1), 4),
        "mean_days_purchase_to_deliver": round((arrived - placed).mean() / pd.Timedelta(days=1), 4),
    }


def late(runtime: Runtime, shared_data: Path) -> int:
    """Orders that arrived after the day that the shop had promised."""
    promised = pd.read_csv(
        shared_data / "olist_orders" / "olist_orders_dataset.csv",
        index_col="order_id",
        parse_dates=["order_estimated_delivery_date"],
    )["order_estimated_delivery_date"]
    with runtime.store.read() as tx:
        found = tx.execute(sa.select(orders.c.order_id, orders.c.delivered_at)).all()
    arrived = pd.Series({row.order_id: row.delivered_at for row in found if row.delivered_at is not None})
    return int((arrived > promised.dt.tz_localize("-03:00").reindex(arrived.index)).sum())


def does_something_everywhere(runtime: Runtime, lines: Sequence[bytes]) -> None:
    """The journeys ran: people entered, were held out, left by their exits and came to the end."""
    chosen = sa.select(enrollments.c.journey, enrollments.c.status, enrollments.c.exit_reason)
    with runtime.store.read() as tx:
        ends = Counter(tuple(row) for row in tx.execute(chosen))
    parcels = sum(count for (journey, _, _), count in ends.items() if journey == "parcel")
    assert parcels == sum(is_large_order(orjson.loads(line)) for line in lines)
    for end in (
        ("parcel", "held_out", None),
        ("parcel", "exited", "exit.event.order_delivered"),
        ("asleep", "held_out", None),
        ("asleep", "completed", None),
        ("unhappy", "completed", None),
    ):
        assert ends[end] > 0, (end, ends)


def is_large_order(event: dict[str, Any]) -> bool:
    return event["event"] == "Order Placed" and event["properties"]["total"] >= 100
