"""What is told by HTTP becomes events of the inbox, or mistakes with their place: never anything else."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.app.api_events import needed, read
from nurture.app.ingest import row
from nurture.model import Field, FieldType, NewEvent, Person
from nurture.settings import ApiKey, Company, Scope, Settings, Topic

NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)
SHOP = ApiKey("shop", (b"",), frozenset(Scope))
SETTINGS = Settings(
    company=Company("Volta", "Rua das Flores 10"),
    channels={},
    topics={"news": Topic("news", "News")},
    fields={"points": Field("points", FieldType.NUMBER), "langs": Field("langs", FieldType.LIST)},
    event_aliases={"Bought": "order_completed"},
)
PLAIN: dict[str, Any] = {
    "event": "page_viewed",
    "id": "1",
    "at": "2026-03-02T10:00:00-03:00",
    "person": "ana",
}


def taken(**more: Any) -> NewEvent:
    events, mistakes = read([{**PLAIN, **more}], SHOP, SETTINGS, NOW)
    assert mistakes == []
    return events[0]


def test_an_event_is_known_by_who_told_it_and_starts_journeys() -> None:
    event = taken(id=4711, properties={"page": "/"})
    assert (event.source, event.source_id, event.silent) == ("api:shop", "4711", False)
    assert (event.occurred_at, event.payload) == (NOW, {"page": "/"})


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ("ana", Person(ref="ana")),
        (" Ana@Example.com ", Person(email="ana@example.com")),
        ("+55 11 98123-4567", Person(phone="+5511981234567")),
        ("11981234567", Person(ref="11981234567")),
        ({"phone": "(11) 98123-4567"}, Person(phone="+5511981234567")),
        ({"ref": 7, "email": "ana@example.com", "phone": None}, Person(ref="7", email="ana@example.com")),
    ],
)
def test_whom_it_is_about(said: Any, person: Person) -> None:
    assert taken(person=said).person == person


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Order Placed", "order_completed"),
        ("Bought", "order_completed"),
        ("order_completed", "order_completed"),
        ("Coffee Roasted!", "coffee_roasted"),
    ],
)
def test_what_it_is_called(said: str, name: str) -> None:
    assert taken(event=said, properties={"order_id": 1, "total": "10.50"}).name == name


def test_fields_are_read_as_in_a_file_and_a_number_of_json_has_one_meaning() -> None:
    said = {
        "full_name": "Ana Souza",
        "state": "parana",
        "birthday": "02/04/1990",
        "points": 1.234,
        "langs": ["pt", 7],
    }
    traits = taken(fields={**said, "city": None, "locale": ""}).traits
    assert {**traits, "birthday": str(traits["birthday"])} == {
        "first_name": "Ana",
        "last_name": "Souza",
        "state": "PR",
        "birthday": "1990-04-02",
        "points": 1.234,
        "langs": ["pt", "7"],
    }


@pytest.mark.parametrize("number", [math.inf, -math.inf, 1e300, 2**63, True, "many"])
def test_a_number_that_nobody_keeps_is_a_mistake(number: Any) -> None:
    _, mistakes = read([{**PLAIN, "fields": {"points": number}}], SHOP, SETTINGS, NOW)
    assert [each.pointer for each in mistakes] == ["/fields/points"]


def test_a_consent_names_who_recorded_it_and_holds_from_now_at_most() -> None:
    said = {"topic": "news", "given": True, "text_version": "1", "how": "form"}
    when = ("2026-03-01T00:00:00Z", "2030-03-01T00:00:00Z", None)
    consents = taken(
        consents=[{**said, "at": at, "channel": "sms", "ip": "198.51.100.77"} for at in when]
    ).consents
    assert [each.at for each in consents] == [datetime(2026, 3, 1, tzinfo=UTC), NOW, None]
    assert {(each.by, each.channel, each.ip) for each in consents} == {("api:shop", "sms", "198.51.100.0/24")}
    assert taken(at="2026-03-05T00:00:00Z", consents=[said]).consents[0].at == NOW


def test_the_same_event_twice_is_one_and_another_of_its_id_a_mistake() -> None:
    events, mistakes = read([PLAIN, dict(PLAIN), {**PLAIN, "person": "bruno"}], SHOP, SETTINGS, NOW)
    assert (len(events), [(each.index, each.pointer) for each in mistakes]) == (1, [(2, "/id")])


def test_what_a_key_must_be_allowed() -> None:
    brought: list[Any] = [{"fields": {"city": "x"}}, {"consents": [{}]}, {}]
    assert needed([{**PLAIN, **each} for each in brought]) == (Scope.EVENTS, Scope.PEOPLE, Scope.CONSENTS)
    assert needed([{**PLAIN, **each, "event": "identified"} for each in brought[:2]]) == (
        Scope.PEOPLE,
        Scope.CONSENTS,
    )
    assert needed([{**PLAIN, "event": "identified"}]) == (Scope.EVENTS,)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CONSENT = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("given", "channel", "basis", "text_version", "how", "at", "ip", "confirmed"), VALUES
    )
    | {"topic": st.just("news") | VALUES},
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["email", "phone", "zone", "country", "state", "birthday", "points", "langs", "full_name"]
    ),
    VALUES,
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(["order_completed", "identified", "order_refunded"]) | VALUES,
        "id": st.just("1") | VALUES,
        "at": st.sampled_from(["2026-03-02T10:00Z", "2026-03-02", "1900-01-01T00:00:00+14:00"]) | VALUES,
        "person": st.fixed_dictionaries({}, optional=dict.fromkeys(("ref", "email", "phone"), VALUES))
        | VALUES,
        "properties": st.dictionaries(st.sampled_from(["order_id", "total", "currency", "x"]), VALUES)
        | VALUES,
        "fields": FIELDS | VALUES,
        "consents": st.lists(CONSENT, max_size=2) | VALUES,
    },
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ODD | ODD.map(lambda more: {**PLAIN, **more}) | VALUES, max_size=3))
def test_whatever_is_told_is_taken_or_pointed_at(said: list[Any]) -> None:
    needed(said)
    events, mistakes = read(said, SHOP, SETTINGS, NOW)
    assert len(events) <= len(said)
    assert {each.index for each in mistakes} <= set(range(len(said)))
    assert mistakes or len({event.source_id for event in events}) == len(events) == len(
        {str(each["id"]).strip() for each in said}
    )
    for event in events:
        json.dumps(row(event, NOW)["payload"], allow_nan=False)
        json.dumps(row(event, NOW)["traits"], allow_nan=False)
    for mistake in mistakes:
        assert mistake.detail
