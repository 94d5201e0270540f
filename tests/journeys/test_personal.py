"""Who somebody is stands in her row, her events and her messages' values: not in traces, logs or names of files."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.store import tables
from tests.support.lives import Lives, live, open_lives

EMAIL, NAME, PHONE, REF = "anastacia@example.com", "Anastácia", "+5511981234567", "cust-anastacia-1"
COMMENT = "The parcel for Anastácia was wet"
CASE: dict[str, Any] = {
    "people": {REF: {"first_name": NAME, "email": EMAIL, "phone": PHONE, "consents": ["news", "surveys"]}},
    "journeys": {
        "a": """
journey: a
topic: news
trigger: {event: signed_up, where: email contains "example" and first_name is not empty}
exit:
  - when: phone = "+1"
steps:
  - branch:
      - if: first_name != "Bob" and email contains trigger.page and phone is not empty
        then:
          - update: {set: {city: Campinas}, tag: known}
    id: look
  - coupon: GIFT
    save_as: coupon
  - email: coupon
    id: first
    subject: "{{ first_name }}, oi"
  - sms: a
    id: text
  - survey: nps
    id: nps
    topic: surveys
  - wait_for: survey_answered
    of: nps
    id: w
    up_to: 3 days
  - branch:
      - if: nps.comment contains "wet" and nps.score <= 6
        then:
          - task: Call
            assign: davi@example.com
    id: said
"""
    },
    "happens": [
        {"at": "2026-03-02 10:00", "event": "signed_up", "who": REF, "with": {"page": "example"}},
        {"at": "2026-03-03 10:00", "sets": {"email": f"new-{EMAIL}", "last_name": NAME}, "who": REF},
        {
            "at": "2026-03-03 12:00",
            "answers": "nps",
            "who": REF,
            "with": {"survey": "nps", "score": 2, "comment": COMMENT},
        },
    ],
    "until": "2026-03-10 00:00",
}


@pytest.fixture
def lived(database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    lives = open_lives(database, tmp_path, CASE)
    live(lives, CASE)
    yield lives
    lives.close()


def rows(lives: Lives, table: sa.Table) -> str:
    with lives.runtime.store.read() as tx:
        found = [dict(row) for row in tx.execute(sa.select(table)).mappings()]
    assert found, table.name
    return json.dumps(found, default=str, ensure_ascii=False)


def told(text: str) -> list[str]:
    """What of her stands in a text."""
    needles = ("anastacia", "anast\u00e1cia", "981234567", "parcel")
    return [needle for needle in needles if needle in text.lower()]


def test_nothing_of_her_stands_where_it_should_not(
    lived: Lives, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    traces = rows(lived, tables.traces)
    reasons = ("branch.if.1", "update.done", "coupon.issued", "message.accepted", "task.opened")
    assert [reason for reason in reasons if reason not in traces] == []
    assert told(traces) == []
    assert "(known)" in traces
    for table in (tables.attempts, tables.coupons, tables.tasks, tables.journeys, tables.template_versions):
        assert (table.name, told(rows(lived, table))) == (table.name, [])
    assert told(caplog.text) == []
    files = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert [name for name in files if name.endswith(".eml")]
    assert told("\n".join(files)) == []


def test_of_a_message_only_the_values_tell_of_her(lived: Lives) -> None:
    with lived.runtime.store.read() as tx:
        found = list(tx.execute(sa.select(tables.messages)).mappings())
    assert told(json.dumps([row["values"] for row in found], ensure_ascii=False))
    others = [{name: value for name, value in row.items() if name != "values"} for row in found]
    assert told(json.dumps(others, default=str, ensure_ascii=False)) == []
