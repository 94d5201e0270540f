"""What conditions find in a database: unknown values, edges of time, events of a run, what a trace keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.criteria import Condition, EventMatch, fold, parse
from nurture.criteria.folding import CAPITALS
from nurture.model import Field, FieldType
from nurture.store.criteria import Criteria, Rows, runs
from nurture.store.engine import Store
from nurture.store.tables import contacts, enrollments, events, journey_versions, journeys, messages
from nurture.vocabulary import CONTACT_FIELDS, EVENTS

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ENTERED = NOW - timedelta(days=5)
ARRIVED = NOW - timedelta(days=2)
FIELDS = {
    **CONTACT_FIELDS,
    "plan": Field("plan", FieldType.TEXT),
    "points": Field("points", FieldType.NUMBER),
    "code": Field("code", FieldType.TEXT),
    "interests": Field("interests", FieldType.LIST),
}
EVENT_FIELDS = {
    **{name: kind.fields for name, kind in EVENTS.items()},
    "scanned": (Field("code", FieldType.TEXT),),
    "weighed": (Field("code", FieldType.NUMBER),),
}
ANA, BRUNO, CHLOE, DAVI = 1, 2, 3, 4


@pytest.fixture
def tx(database: str) -> Iterator[sa.Connection]:
    store = Store(database)
    with store.begin() as connection:
        yield connection
    store.close()


def criteria(tx: sa.Connection, **more: Any) -> Criteria:
    return Criteria(tx.dialect.name, FIELDS, EVENT_FIELDS, NOW, "America/Manaus", **more)


def condition(text: str) -> Condition:
    parsed = parse(text)
    assert parsed.condition is not None, parsed.problems
    return parsed.condition


def person(tx: sa.Connection, number: int, **columns: Any) -> None:
    row = {
        "id": number,
        "ref": f"p{number}",
        "zone": "UTC",
        "hash31": 0,
        "created_at": NOW,
        "updated_at": NOW,
    }
    tx.execute(sa.insert(contacts).values(**{**row, **columns}))


def event(tx: sa.Connection, number: int, name: str, at: datetime, who: int = ANA, **more: Any) -> None:
    row = {"id": number, "name": name, "contact_id": who, "occurred_at": at, "received_at": NOW}
    row |= {"processed_at": NOW, "source": "test", "source_id": str(number), "payload": {}}
    tx.execute(sa.insert(events).values(**{**row, **more}))


def run(tx: sa.Connection, trigger: int | None = None, **more: Any) -> None:
    """Ana's run, which began five days ago and stands at its step since two."""
    tx.execute(sa.insert(journeys).values(name="welcome", published_at=NOW))
    version = {"journey": "welcome", "number": 1, "hash": "", "source": "", "file": "", "context": {}}
    tx.execute(sa.insert(journey_versions).values(id=1, published_at=NOW, **version))
    row = {
        "id": 1,
        "journey": "welcome",
        "version_id": 1,
        "contact_id": ANA,
        "anchor": "",
        "status": "active",
    }
    row |= {"entered_at": ENTERED, "arrived_at": ARRIVED, "enrolled_at": NOW, "trigger_event_id": trigger}
    tx.execute(sa.insert(enrollments).values(**{**row, **more}))


def message(tx: sa.Connection, number: int, step: str, **more: Any) -> None:
    row = {"id": number, "key": f"m{number}", "enrollment_id": 1, "step": step, "contact_id": ANA}
    row |= {"channel": "email", "class": "marketing", "template": step, "state": "accepted"}
    tx.execute(sa.insert(messages).values(planned_at=NOW, due_at=NOW, **{**row, **more}))


def who(tx: sa.Connection, text: str, **more: Any) -> set[int]:
    """The people for whom the condition is true, of which it must be true or false for each."""
    where = criteria(tx, **more).where(condition(text), Rows())
    found = tx.execute(sa.select(contacts.c.id, where.label("it"))).all()
    assert all(row.it is not None for row in found)
    return {row.id for row in found if row.it}


def first(tx: sa.Connection, match: EventMatch) -> int | None:
    rows, source = runs()
    found: int | None = tx.execute(
        sa.select(criteria(tx).first_event(match, rows).label("it")).select_from(source)
    ).scalar_one()
    return found


# --- unknown values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "people"),
    [
        pytest.param('country = "BR"', {ANA}, id="positive"),
        pytest.param('country != "BR"', {BRUNO, CHLOE, DAVI}, id="unknown is unequal"),
        pytest.param('country not in ("BR", "PT")', {CHLOE, DAVI}, id="unknown is in no list"),
        pytest.param("country is empty", {CHLOE, DAVI}, id="empty text is unknown"),
        pytest.param('not (country = "BR" or country = "PT")', {CHLOE, DAVI}, id="De Morgan, one way"),
        pytest.param('country != "BR" and country != "PT"', {CHLOE, DAVI}, id="De Morgan, the other"),
        pytest.param("country = city", {ANA}, id="two unknown values are not equal"),
        pytest.param("country != city", {BRUNO, CHLOE, DAVI}, id="so they are unequal"),
        pytest.param("last_order_at older than 3 days", {ANA}, id="who never ordered has no old order"),
        pytest.param(
            "not last_order_at older than 3 days", {BRUNO, CHLOE, DAVI}, id="and so is in the negative"
        ),
        pytest.param("points >= 0", {ANA}, id="a text is no number"),
        pytest.param("points is empty", {BRUNO, CHLOE, DAVI}, id="it is an unknown number"),
        pytest.param(
            "total_orders = 0 and lifetime_value < 0.01", {ANA, BRUNO, CHLOE, DAVI}, id="counts are 0"
        ),
        pytest.param('interests contains "SHOES"', {ANA}, id="membership ignores case"),
        pytest.param("interests is empty", {BRUNO, CHLOE, DAVI}, id="an empty list is unknown"),
        pytest.param("did not(order_completed)", {ANA, BRUNO, CHLOE, DAVI}, id="nobody did"),
    ],
)
def test_a_positive_test_with_an_unknown_value_is_false_and_a_negative_one_true(
    tx: sa.Connection, text: str, people: set[int]
) -> None:
    long_ago = NOW - timedelta(days=30)
    own = {"points": 3, "interests": ["Shoes"]}
    person(tx, ANA, country="BR", city="BR", last_order_at=long_ago, fields=own)
    person(tx, BRUNO, country="PT", city="", last_order_at=NOW, fields={"points": "3", "interests": []})
    person(tx, CHLOE, country="", city="", fields={"points": [3], "interests": "Shoes"})
    person(tx, DAVI, fields={"points": None})
    assert who(tx, text) == people


# --- edges of time ----------------------------------------------------------------------------


def test_the_last_days_and_older_meet_without_gap_or_overlap(tx: sa.Connection) -> None:
    line, tick = NOW - timedelta(days=60), timedelta(microseconds=1)
    for number, at in enumerate((line - tick, line, line + tick, NOW, NOW + tick), start=1):
        person(tx, number, last_order_at=at)
    assert who(tx, "last_order_at older than 60 days") == {1, 2}
    assert who(tx, "last_order_at within last 60 days") == {3, 4}
    assert who(tx, "last_order_at within next 60 days") == {5}


def test_a_day_is_that_of_the_company(tx: sa.Connection) -> None:
    midnight = datetime(2026, 3, 10, 4, tzinfo=UTC)  # in Manaus
    for number, at in enumerate((midnight - timedelta(microseconds=1), midnight), start=1):
        person(tx, number, created_at=at)
    assert who(tx, "created_at < 2026-03-10") == {1}
    assert who(tx, "created_at = 2026-03-10") == {2}
    assert who(tx, "created_at <= 2026-03-09") == {1}
    found = tx.execute(sa.select(criteria(tx).field("created_at").label("day")).order_by(contacts.c.id))
    assert list(found.scalars()) == ["2026-03-09", "2026-03-10"]


def test_todays_date_is_in_the_next_days_and_in_the_last(tx: sa.Connection) -> None:
    for number, day in enumerate(
        ("2026-03-03", "2026-03-04", "2026-03-10", "2026-03-17", "2026-03-18"), start=1
    ):
        person(tx, number, birthday=day)
    assert who(tx, "birthday older than 7 days") == {1}
    assert who(tx, "birthday within last 7 days") == {2, 3}
    assert who(tx, "birthday within next 7 days") == {3, 4}


# --- letters ----------------------------------------------------------------------------------


def test_contains_ignores_case_alike_on_every_database(tx: sa.Connection) -> None:
    person(tx, ANA, city=f"AZ {CAPITALS}", country=fold(CAPITALS))
    person(tx, BRUNO, city=fold(f"AZ {CAPITALS}"), country=CAPITALS)
    assert who(tx, "city contains country") == {ANA, BRUNO}
    assert all(who(tx, f'city contains "{letter}"') == {ANA, BRUNO} for letter in CAPITALS[::17])
    assert who(tx, 'city contains "z à"') == {ANA, BRUNO}
    assert who(tx, 'city contains "za"') == set()


def test_contains_takes_every_character_as_itself(tx: sa.Connection) -> None:
    person(tx, ANA, city="100% of a_b")
    person(tx, BRUNO, city="1000 of axb")
    assert who(tx, 'city contains "0% "') == {ANA}
    assert who(tx, 'city contains "A_B"') == {ANA}


# --- types that only the data tell --------------------------------------------------------------


def test_a_name_that_two_events_use_for_two_types_takes_that_of_what_it_is_compared_with(
    tx: sa.Connection,
) -> None:
    person(tx, ANA, fields={"code": "7"})
    event(tx, 1, "scanned", NOW, payload={"code": "7"})
    event(tx, 2, "weighed", NOW, payload={"code": 7})
    event(tx, 3, "weighed", NOW, payload={})

    def which(text: str) -> set[int]:
        where = criteria(tx).where(condition(text), Rows(event=events, trigger=events))
        joined = events.join(contacts, contacts.c.id == events.c.contact_id)
        return set(tx.execute(sa.select(events.c.id).select_from(joined).where(where)).scalars())

    assert which('trigger.code = "7"') == {1}
    assert which("trigger.code = 7") == {2}
    assert which("trigger.code = code") == {1}
    assert which("trigger.code is empty") == {3}
    assert which("trigger.occurred_at within last 1 day") == {1, 2, 3}


def test_a_field_that_the_workspace_has_dropped_still_serves_a_published_journey(tx: sa.Connection) -> None:
    person(tx, ANA, fields={"dropped": 5})
    person(tx, BRUNO, fields={"dropped": "5"})
    assert who(tx, "dropped >= 5") == {ANA}
    assert who(tx, 'dropped = "5"') == {BRUNO}


# --- events of a run ----------------------------------------------------------------------------


HOUR = timedelta(hours=1)


def test_a_wait_counts_from_the_step_the_entry_or_ever(tx: sa.Connection) -> None:
    person(tx, ANA)
    person(tx, BRUNO)
    run(tx)
    event(tx, 1, "signed_up", ENTERED - HOUR)
    event(tx, 2, "signed_up", ENTERED + HOUR)
    event(tx, 3, "signed_up", ARRIVED)
    event(tx, 4, "signed_up", ARRIVED + HOUR)
    event(tx, 5, "signed_up", ARRIVED + HOUR, who=BRUNO)
    event(tx, 6, "signed_up", NOW + HOUR)
    found = {since: first(tx, EventMatch("signed_up", since=since)) for since in ("ever", "entry", "step")}
    assert found == {"ever": 1, "entry": 2, "step": 4}  # what ended the step before doesn't end this one
    assert first(tx, EventMatch("order_completed", since="ever")) is None


def test_an_event_never_ends_the_run_that_it_started(tx: sa.Connection) -> None:
    person(tx, ANA)
    run(tx, trigger=1, arrived_at=ENTERED)
    event(tx, 1, "order_completed", ENTERED)
    assert [first(tx, EventMatch("order_completed", since=since)) for since in ("ever", "entry", "step")] == [
        None
    ] * 3
    event(tx, 2, "order_completed", ENTERED)  # another one in the same second
    assert [first(tx, EventMatch("order_completed", since=since)) for since in ("ever", "entry", "step")] == [
        2
    ] * 3


def test_where_compares_the_event_with_the_contact_and_the_trigger(tx: sa.Connection) -> None:
    person(tx, ANA, total_orders=2)
    run(tx, trigger=1)
    event(tx, 1, "order_completed", ENTERED, payload={"total": 100, "order_id": "A"})
    event(tx, 2, "order_completed", NOW - HOUR, payload={"total": 99.5, "order_id": "A"})
    event(tx, 3, "order_completed", NOW, payload={"total": 100.01, "order_id": "A"})
    where = condition(
        "event.total > trigger.total and event.order_id = trigger.order_id and total_orders = 2"
    )
    assert first(tx, EventMatch("order_completed", where, since="ever")) == 3


def test_of_a_step_is_this_runs_message_of_it(tx: sa.Connection) -> None:
    person(tx, ANA)
    run(tx)
    message(tx, 10, "first")
    message(tx, 11, "second")
    message(tx, 12, "first", enrollment_id=99)
    event(tx, 1, "email_clicked", NOW, message_id=12)
    event(tx, 2, "email_clicked", NOW, message_id=11)
    assert first(tx, EventMatch("email_clicked", of="first")) is None
    event(tx, 3, "email_clicked", NOW, message_id=10)
    assert first(tx, EventMatch("email_clicked", of="first")) == 3


def test_a_keyed_run_hears_only_of_its_key(tx: sa.Connection) -> None:
    person(tx, ANA)
    run(tx, key="17")
    for number, order in enumerate(("18", 18, 17.0, None, True, [17]), start=1):
        event(tx, number, "order_delivered", NOW, payload={"order_id": order})
    match = EventMatch("order_delivered", since="ever", key="order_id")
    assert first(tx, match) is None
    event(tx, 8, "order_delivered", NOW, payload={"order_id": 17})
    event(tx, 9, "order_delivered", NOW, payload={"order_id": "17"})
    assert first(tx, match) == 8


def test_since_entry_counts_what_followed_the_trigger(tx: sa.Connection) -> None:
    person(tx, ANA)
    run(tx, trigger=2)
    event(tx, 1, "order_completed", ENTERED - HOUR)
    event(tx, 2, "order_completed", ENTERED)
    assert truth(tx, "did(order_completed, since entry)") is False
    event(tx, 3, "order_completed", ENTERED + HOUR)
    assert truth(tx, "did(order_completed, exactly 1 time, since entry)") is True
    assert truth(tx, "did(order_completed, exactly 3 times)") is True


def truth(tx: sa.Connection, text: str) -> bool:
    return looked(tx, text)[0]


def looked(tx: sa.Connection, text: str) -> tuple[bool, Mapping[str, Any]]:
    """A condition looked at in the run: its truth, and all that its atoms saw."""
    rows, source = runs()
    wanted = condition(text)
    look = criteria(tx).look([wanted], rows)
    columns = [column.label(f"c{number}") for number, column in enumerate(look.columns)]
    found = look.truths(tuple(tx.execute(sa.select(*columns).select_from(source)).one()))[wanted.text]
    return found.value, {name: value for _, _, saw in found.atoms for name, value in saw.items()}


# --- what a trace keeps -------------------------------------------------------------------------


def test_a_look_shows_what_each_atom_saw(tx: sa.Connection) -> None:
    person(
        tx,
        ANA,
        country="BR",
        lifetime_value=17_526,
        last_order_at=NOW,
        fields={"points": 2.5, "interests": ["a"]},
    )
    run(tx, trigger=1, memory={"nps": {"score": 9}})
    event(tx, 1, "order_completed", ENTERED, payload={"total": 100})
    text = (
        'country = "BR" and lifetime_value > 10 and last_order_at within last 1 day and points > 2 '
        'and interests contains "a" and trigger.total >= 100 and nps.score >= 9 '
        "and city is empty and did(order_completed, exactly 1 time)"
    )
    assert looked(tx, text) == (
        True,
        {
            "country": "BR",
            "lifetime_value": 175.26,
            "last_order_at": "2026-03-10T12:00:00+00:00",
            "points": 2.5,
            "interests": ["a"],
            "trigger.total": 100,
            "nps.score": 9,
            "city": None,
            "times": 1,
        },
    )


def test_a_trace_never_keeps_what_is_personal(tx: sa.Connection) -> None:
    person(tx, ANA, email="ana@example.com", first_name="Ana")
    run(tx, memory={"nps": {"comment": "call me: Ana", "secret": "x"}})
    text = (
        'email contains "example" and first_name = "Ana" and nps.comment contains "ana" and nps.secret = "x"'
    )
    is_true, saw = looked(tx, f"{text} and phone is empty")
    assert is_true
    assert saw == {
        "email": "(known)",
        "first_name": "(known)",
        "nps.comment": "(known)",
        "nps.secret": "(known)",  # nobody declared it: it may be anything
        "phone": None,
    }


# --- segments, and where a condition can stand ----------------------------------------------------


def test_a_segment_is_looked_at_as_it_is_now(tx: sa.Connection) -> None:
    person(tx, ANA, country="BR", total_orders=3)
    person(tx, BRUNO, country="BR")
    segments = {
        "buyers": condition("total_orders > 0"),
        "good": condition('in_segment(buyers) and country = "BR"'),
    }
    assert who(tx, "in_segment(good)", segments=segments) == {ANA}
    assert who(tx, "not in_segment(good)", segments=segments) == {BRUNO}


@pytest.mark.parametrize(
    "text",
    [
        "clicked(first)",
        "answered(nps)",
        "nps.score > 1",
        "did(signed_up, since entry)",
        "event.x = 1",
        "trigger.x = 1",
    ],
)
def test_outside_of_a_run_a_runs_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"run|here"):
        Criteria("sqlite", FIELDS, EVENT_FIELDS, NOW, "UTC").where(condition(text), Rows())


# --- speed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'total_orders >= 1 and country = "BR"',
        'country != "BR" or lifetime_value < 10.5',
        'country in ("BR", "PT") and not last_order_at older than 60 days',
        "reachable(sms) and birthday within next 7 days",
    ],
)
def test_over_columns_of_the_contact_a_condition_is_as_simple_as_by_hand(text: str) -> None:
    sql = str(Criteria("sqlite", FIELDS, EVENT_FIELDS, NOW, "UTC").where(condition(text), Rows())).lower()
    assert not any(word in sql for word in ("select", "case", "coalesce", "json", "nurture_"))


def test_an_index_serves_a_comparison(tx: sa.Connection) -> None:
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
    tx.execute(sa.text("CREATE INDEX ix_test ON contacts (last_order_at)"))
    where = criteria(tx).where(condition("last_order_at older than 60 days"), Rows())
    statement = sa.select(contacts.c.id).where(where)
    sql = statement.compile(tx.engine, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN" if tx.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    plan = " ".join(str(row) for row in tx.exec_driver_sql(f"{explain} {sql}"))
    assert "ix_test" in plan


# --- who clicked ------------------------------------------------------------------------------

CLASSES = {
    "by a person": ({"class": "human"}, True),
    "by a scanner": ({"class": "suspect"}, False),
    "by a proxy": ({"class": "proxy"}, False),
    "told by somebody who does not tell them apart": ({}, True),
}


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("what", ["email_clicked", "sms_clicked", "email_opened"])
def test_only_what_a_person_clicked_or_opened_counts(tx: sa.Connection, what: str, name: str) -> None:
    payload, counts = CLASSES[name]
    person(tx, ANA)
    event(tx, 1, what, NOW - timedelta(hours=1), payload=payload)
    run(tx)
    assert who(tx, f'did("{what}")') == ({ANA} if counts else set())
    assert first(tx, EventMatch(what)) == (1 if counts else None)
    suspect = payload.get("class") == "suspect"
    assert who(tx, f'did("{what}", where event.class = "suspect")') == ({ANA} if suspect else set())
    asked = EventMatch(what, condition('event.class = "suspect"'))
    assert first(tx, asked) == (1 if suspect else None)
