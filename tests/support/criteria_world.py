"""People with all sorts of data, right and wrong, for looking at conditions: as plain values and in a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from nurture.criteria import Scope, parse_all
from nurture.model import Field, FieldType
from nurture.store import tables
from nurture.vocabulary import CONTACT_FIELDS
from tests.support.criteria_trees import Words

_T = FieldType
ZONE = "America/Sao_Paulo"
NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)  # the day before in São Paulo

OWN_FIELDS = {
    field.name: field
    for field in (
        Field("plan", _T.TEXT),
        Field("points", _T.NUMBER),
        Field("vip", _T.BOOLEAN),
        Field("renews_on", _T.DATE),
        Field("trial_ends_at", _T.INSTANT),
        Field("interests", _T.LIST),
    )
}
FIELDS = {**CONTACT_FIELDS, **OWN_FIELDS}
_ORDER = (
    Field("product", _T.TEXT),
    Field("total", _T.NUMBER),
    Field("gift", _T.BOOLEAN),
    Field("ships_on", _T.DATE),
    Field("ships_at", _T.INSTANT),
    Field("items", _T.LIST),
)
EVENTS = {"order_completed": _ORDER, "product_viewed": _ORDER[:2]}
SURVEY = (Field("score", _T.NUMBER), Field("comment", _T.TEXT, personal=True))
STEPS = {"first": (), "nps": SURVEY, "due": (Field("date", _T.INSTANT),)}
MESSAGES = ("first", "nps")
SCORES = ("interest", "fit")
STAGES = ("lead", "mql", "customer")
SEGMENTS = parse_all(
    {
        "buyers": "total_orders >= 1",
        "brazil": 'country = "BR" or not in_segment(buyers)',
        "quiet": 'did not("order_completed", within 60 days)',
        "keen": 'score.interest >= 5 and stage in ("mql", "customer") or in_segment(quiet)',
    }
)

TEXTS = [
    "BR",
    "PT",
    "br",
    "São Paulo",
    "SÃO",
    "pro",
    "a",
    "100%_x",
    'say "hi"',
    "Ωmega",
    "ωMEGA",
    "Жук",
    "жУК",
]
NUMBERS = [0, 1, 2, 5, 9, 10, -3, 100, 0.1, 175.26, 1000.5, 99999.99]
_STEPS = [timedelta(days=60), timedelta(days=7), timedelta(days=1), timedelta(hours=3), timedelta(minutes=90)]
INSTANTS = [
    NOW,
    *(
        NOW + sign * (step + tick)
        for step in _STEPS
        for sign in (-1, 1)
        for tick in (timedelta(0), timedelta(microseconds=1))
    ),
    datetime(2026, 11, 19, tzinfo=ZoneInfo(ZONE)).astimezone(UTC),
    datetime(2026, 11, 19, tzinfo=ZoneInfo(ZONE)).astimezone(UTC) - timedelta(microseconds=1),
    datetime(1969, 12, 31, 23, 59, 59, 250_000, tzinfo=UTC),
]
POINTS = [0, 5, 9, 10, -3, 100]
DAYS = [date(2026, 11, day) for day in (12, 13, 18, 19, 20, 26, 27)] + [date(2026, 9, 20), date(1990, 2, 28)]
_WRONG = [
    "",
    "soon",
    "2026-11-20T01:30:00",
    "2026-11-20T01:30:00-03:00",
    5,
    0,
    True,
    False,
    None,
    [],
    ["a", 3],
    {"deep": 1},
    "5",
]


OUTSIDE = Scope(
    contact={
        name: field
        for name, field in FIELDS.items()
        if name in OWN_FIELDS
        or name in ("country", "city", "stage", "birthday", "total_orders", "lifetime_value", "created_at")
        or name == "last_order_at"
    },
    events=EVENTS,
    topics=("offers", "news"),
    journeys=("welcome", "other-1"),
    segments=SEGMENTS,
    scores=SCORES,
)
IN_A_RUN = replace(OUTSIDE, trigger=_ORDER, steps=STEPS, message_steps=MESSAGES)
IN_A_TRIGGER = replace(OUTSIDE, event=_ORDER)
WORDS = Words(
    texts=TEXTS,
    numbers=[*NUMBERS, 0.005],
    days=DAYS,
    events=("order_completed",),
    tags=("vip", "a b"),
    texts_of={"stage": STAGES},
)


def text_of(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class World:
    """`people` for the oracle, written to a database by `write`."""

    def __init__(self, seed: int, size: int = 60) -> None:
        self._random = Random(seed)
        self.people = [self._person(number) for number in range(1, size + 1)]

    @property
    def types(self) -> Mapping[str, Mapping[str, FieldType]]:
        order = {field.name: field.type for field in _ORDER} | {"occurred_at": _T.INSTANT}
        return {
            "contact": {name: field.type for name, field in FIELDS.items()},
            "event": order,
            "trigger": order,
            **{name: {f.name: f.type for f in fields} | {"at": _T.INSTANT} for name, fields in STEPS.items()},
            "score": dict.fromkeys(SCORES, _T.NUMBER),
        }

    # --- making ---------------------------------------------------------------------------------

    def _person(self, number: int) -> dict[str, Any]:
        pick = self._random.choice
        events = [self._event(number * 100 + each) for each in range(pick([0, 1, 2, 5]))]
        trigger = pick([None, *[event for event in events if event["name"] == "order_completed"]])
        return {
            "id": number,
            "fields": {
                "ref": f"p{number}",
                "email": pick([None, "", "ana@example.com"]),
                "phone": pick([None, "+5511999990000"]),
                "email_suppressed": pick([None, None, "bounced"]),
                "phone_suppressed": pick([None, None, "stop"]),
                "whatsapp_suppressed": pick([None, None, "hard_bounce"]),
                "erased_at": pick([None, None, None, NOW]),
                "country": pick([None, "", "BR", "PT", "br"]),
                "city": pick([None, "", *TEXTS]),
                "stage": pick([None, "", *STAGES]),
                "birthday": pick([None, "", *[day.isoformat() for day in DAYS]]),
                "total_orders": pick([0, 1, 2, 5]),
                "lifetime_value": pick([Decimal("0"), Decimal("175.26"), Decimal("10"), Decimal("99999.99")]),
                "created_at": pick(INSTANTS),
                "last_order_at": pick([None, *INSTANTS]),
                **self._document(OWN_FIELDS.values()),
            },
            "events": events,
            "trigger": trigger,
            "entered_at": trigger["occurred_at"] if trigger else pick(INSTANTS),
            "memory": {
                name: {**self._document(fields), **self._at()}
                for name, fields in STEPS.items()
                if pick([0, 1])
            },
            "tags": self._random.sample(["vip", "lead", "a b"], pick([0, 1, 2])),
            "topics": [
                (topic, ch, pick([True, False]))
                for topic in ("offers", "news")
                for ch in ("email", "sms")
                if pick([0, 1])
            ],
            "journeys": [
                (name, pick(["active", "completed", "held_out"]))
                for name in ("welcome", "other-1")
                if pick([0, 1])
            ],
            "scores": {name: pick(POINTS) for name in SCORES if pick([0, 1])},
            "messages": [
                (step, self._columns(), step == "nps" and pick([True, False]))
                for step in MESSAGES
                if pick([0, 1, 1])
            ],
        }

    def _event(self, number: int) -> dict[str, Any]:
        name = self._random.choice(["order_completed", "order_completed", "product_viewed"])
        return {
            "id": number,
            "name": name,
            "occurred_at": self._random.choice(INSTANTS),
            "payload": self._document(EVENTS[name]),
        }

    def _document(self, fields: Any) -> dict[str, Any]:
        pools = {
            _T.TEXT: TEXTS,
            _T.NUMBER: NUMBERS,
            _T.BOOLEAN: [True, False],
            _T.DATE: [day.isoformat() for day in DAYS],
            _T.INSTANT: [write(instant) for instant in INSTANTS for write in (text_of, datetime.isoformat)],
            _T.LIST: [["BR"], ["SÃO", "Ωmega"], ["a", "b"], ["b", 3, None]],
        }
        found = {}
        for field in fields:
            luck = self._random.random()
            if luck < 0.9:
                found[field.name] = self._random.choice(pools[field.type] if luck < 0.7 else _WRONG)
        return found

    def _at(self) -> dict[str, Any]:
        return self._random.choice([{}, {"at": text_of(self._random.choice(INSTANTS))}])

    def _columns(self) -> dict[str, datetime | None]:
        names = ("accepted_at", "delivered_at", "opened_at", "clicked_at", "bounced_at", "replied_at")
        return {name: self._random.choice([None, NOW - timedelta(days=1)]) for name in names}

    # --- writing --------------------------------------------------------------------------------

    def write(self, engine: sa.Engine) -> None:
        with engine.begin() as tx:
            tx.execute(sa.insert(tables.journeys), [{"name": "this", "published_at": NOW}])
            version = {
                "journey": "this",
                "number": 1,
                "hash": "",
                "source": "",
                "file": "",
                "context": {},
                "published_at": NOW,
            }
            tx.execute(sa.insert(tables.journey_versions), [{"id": 1, **version}])
            for person in self.people:
                _write_person(tx, person)


def _write_person(tx: sa.Connection, person: Mapping[str, Any]) -> None:
    fields, number = person["fields"], person["id"]
    columns = {name: value for name, value in fields.items() if name not in OWN_FIELDS}
    columns["lifetime_value"] = int(fields["lifetime_value"] * 100)
    own = {name: fields[name] for name in OWN_FIELDS if name in fields}
    contact = {"id": number, "zone": ZONE, "hash31": 0, "updated_at": NOW, "fields": own, **columns}
    tx.execute(sa.insert(tables.contacts), [contact])
    for event in person["events"]:
        row = {
            **event,
            "contact_id": number,
            "received_at": NOW,
            "processed_at": NOW,
            "source": "t",
            "source_id": str(event["id"]),
        }
        tx.execute(sa.insert(tables.events), [row])
    run = {
        "journey": "this",
        "version_id": 1,
        "contact_id": number,
        "key": "",
        "status": "active",
        "enrolled_at": NOW,
    }
    this = {
        **run,
        "id": number,
        "anchor": "",
        "entered_at": person["entered_at"],
        "arrived_at": person["entered_at"],
        "trigger_event_id": person["trigger"]["id"] if person["trigger"] else None,
        "memory": person["memory"],
    }
    tx.execute(sa.insert(tables.enrollments), [this])
    for place, (journey, status) in enumerate(person["journeys"]):
        other = {**run, "id": number * 10_000 + place, "journey": journey, "status": status, "anchor": "x"}
        tx.execute(sa.insert(tables.enrollments), [{**other, "entered_at": NOW, "arrived_at": NOW}])
    tx.execute(
        sa.insert(tables.contact_tags),
        [{"contact_id": number, "tag": tag} for tag in person["tags"]]
        or [{"contact_id": number, "tag": "?"}],
    )
    points = [
        {"contact_id": number, "name": name, "value": value} for name, value in person["scores"].items()
    ]
    if points:
        tx.execute(sa.insert(tables.scores), [{**each, "updated_at": NOW} for each in points])
    _write_consents(tx, person)
    _write_messages(tx, person)


def _write_consents(tx: sa.Connection, person: Mapping[str, Any]) -> None:
    for topic, channel, given in person["topics"]:
        row = {
            "contact_id": person["id"],
            "topic": topic,
            "channel": channel,
            "given": given,
            "occurred_at": NOW,
        }
        record = {**row, "basis": "consent", "how": "test", "recorded_at": NOW}
        made = tx.execute(sa.insert(tables.consents).returning(tables.consents.c.id), [record]).scalar_one()
        tx.execute(sa.insert(tables.permissions), [{**row, "consent_id": made}])


def _write_messages(tx: sa.Connection, person: Mapping[str, Any]) -> None:
    number = person["id"]
    for place, (step, columns, answered) in enumerate(person["messages"]):
        message = {
            "id": number * 10 + place,
            "key": f"k{number}.{step}",
            "enrollment_id": number,
            "step": step,
            "contact_id": number,
            "channel": "email",
            "class": "marketing",
            "template": step,
            "state": "accepted",
            "planned_at": NOW,
            "due_at": NOW,
            **columns,
        }
        tx.execute(sa.insert(tables.messages), [message])
        if answered:
            row = {
                "name": "survey_answered",
                "contact_id": number,
                "message_id": message["id"],
                "occurred_at": NOW,
            }
            row |= {
                "received_at": NOW,
                "processed_at": NOW,
                "source": "s",
                "source_id": message["key"],
                "payload": {},
            }
            tx.execute(sa.insert(tables.events), [row])
