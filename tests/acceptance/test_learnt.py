"""Events of one's own that nobody declared are learnt from what came in, and journeys may speak of them."""

from __future__ import annotations

import gzip
import json
import re
from itertools import islice
from pathlib import Path

import pytest

from nurture.app.ingest import ingest
from nurture.app.learning import fields_of, learnt_of
from nurture.model import Field, FieldType, NewEvent, Person
from nurture.schedule import job
from tests.support.operator import Operator
from tests.support.shop import NOW, open_shop

JOURNEY = """journey: large
trigger: {event: order_shipped, where: 'trigger.total > 100 and trigger.status = "delivered"'}
steps:
  - wait: 1 day
"""
SHIPPED = """  order_shipped:
    fields:
      currency: {type: text, personal: true}
      order_id: {type: text, personal: true}
      state: {type: text, personal: true}
      status: {type: text, personal: true}
      total: number
"""


@pytest.mark.shared_data
def test_what_real_events_carry_is_known_to_check_and_to_triggers(shared_data: Path, tmp_path: Path) -> None:
    """Olist's events in Segment's form, three of which have no name of ours."""
    with gzip.open(shared_data / "events" / "olist_segment_events.ndjson.gz", "rt", encoding="utf-8") as file:
        lines = list(islice(file, 500))
    for name, some in (("first", lines[:300]), ("then", lines[300:])):
        (tmp_path / f"{name}.ndjson").write_text("".join(some), encoding="utf-8")
    Operator(tmp_path)("init", "shop")
    folder = tmp_path / "shop"
    nurture = Operator(folder)
    (folder / "journeys" / "large.yaml").write_text(JOURNEY, encoding="utf-8")
    assert "unknown event 'order_shipped'" in nurture("check", status=1)

    said = " ".join(nurture("import", "events", "../first.ndjson").split())
    assert "3 events of your own, which journeys may speak of now: order_approved, order_shipped" in said
    assert SHIPPED in (folder / "events.learnt.yaml").read_text(encoding="utf-8")
    assert nurture("check") == "6 journeys: everything is right\n"
    nurture("publish", "large", "--yes")
    said = nurture("import", "events", "../then.ndjson", "--trigger-journeys")
    assert "of your own" not in said
    told = [
        event["properties"] for event in map(json.loads, lines[300:]) if event["event"] == "Order Shipped"
    ]
    large = [each for each in told if each["total"] > 100 and each["status"] == "delivered"]
    assert 0 < len(large) < len(told)
    assert re.search(rf"^advance-journeys +- +{len(large)} ", nurture("status", status=1), re.MULTILINE)


NOTHING: dict[str, FieldType] = {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 2.5), FieldType.NUMBER),
        ((True, False), FieldType.BOOLEAN),
        (("a", ""), FieldType.TEXT),
        ((["a", "b"], []), FieldType.LIST),
        (("2026-03-02", None), FieldType.DATE),
        (("2026-03-02T10:00:00Z", "2026-03-02T10:00:00-03:00"), FieldType.INSTANT),
        (("2026-03-02", "soon"), FieldType.TEXT),
        (("2026-13-02",), FieldType.TEXT),
    ],
)
def test_the_type_is_what_all_values_have(values: tuple[object, ...], expected: FieldType) -> None:
    (field,) = fields_of([{"x": value} for value in values], NOTHING)
    assert (field.name, field.type, field.personal) == (
        "x",
        expected,
        expected in (FieldType.TEXT, FieldType.LIST),
    )


@pytest.mark.parametrize("values", [(1, "one"), ({"a": 1},), ([1],), (None, ""), (True, 1)])
def test_what_has_no_one_type_is_left_out(values: tuple[object, ...]) -> None:
    assert fields_of([{"x": value} for value in values], NOTHING) == ()


def test_a_name_that_other_events_use_for_something_else_is_left_out() -> None:
    said = [{"score": "good", "plan": "Team"}]
    assert [field.name for field in fields_of(said, {"score": FieldType.NUMBER})] == ["plan"]


def test_what_comes_in_by_itself_is_learnt_every_hour_and_what_is_declared_is_not(
    sqlite_database: str, tmp_path: Path
) -> None:
    shop = open_shop(sqlite_database, tmp_path)
    try:
        told = (("parcel_lost", {"days": 3}), ("order_completed", {"order_id": "A1", "total": 10}))
        ingest(
            shop.runtime.store,
            [NewEvent(name, Person("ana"), NOW, "shop", name, payload=payload) for name, payload in told],
            NOW,
        )
        assert job("report").run(shop.runtime, NOW)["learnt"] == 1
        assert "learnt" not in job("report").run(shop.runtime, NOW)
        known = learnt_of(shop.runtime.folder)
        assert known == {"parcel_lost": (Field("days", FieldType.NUMBER),)}
    finally:
        shop.runtime.close()
