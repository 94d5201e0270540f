"""`nurture test` plays journeys that segments, schedules, silences, stages and forms start."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.app import testing
from nurture.app.init import init
from nurture.app.workspace import load

JOURNEY = """
journey: started
topic: news
trigger: {trigger}
reentry: after_exit
steps:
  - email: welcome/hello
"""
TEST = """
journey: started
tests:
  - test: Ana comes in
    person: {{first_name: Ana, email: ana@example.com, consents: [news]}}
    published: 2026-03-01 08:00
    given:
{given}
    until: 2026-04-01 00:00
    expect:
      - {{at: {at}, email: welcome/hello}}
      - {{at: {at}, ends: completed}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("triggers") / "shop"
    init(folder)
    for path in (folder / "tests").iterdir():
        path.unlink()
    (folder / "segments.yaml").write_text(
        "rich: lifetime_value >= 100\nquiet: last_order_at older than 5 days\n", encoding="utf-8"
    )
    (folder / "stages.yaml").write_text("[lead, mql]", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("trigger", "given", "at"),
    [
        (
            "{enters: rich}",
            [
                "2026-03-02 10:00, event: order_completed, order_id: A, total: 60",
                "2026-03-03 10:00, event: order_completed, order_id: B, total: 60",
            ],
            "2026-03-03 10:00",
        ),
        (
            "{enters: quiet}",
            ["2026-03-02 10:00, event: order_completed, order_id: A, total: 60"],
            "2026-03-07 10:00",
        ),
        ("{reaches: {stage: mql}}", ["2026-03-02 10:00, sets: {stage: mql}"], "2026-03-02 10:00"),
        (
            "{form: contact}",
            ["2026-03-02 10:00, event: form_submitted, form: contact"],
            "2026-03-02 10:00",
        ),
        (
            '{schedule: "every month on the 15th at 09:00"}',
            ["2026-03-02 10:00, sets: {city: Campinas}"],
            "2026-03-15 09:00",
        ),
        (
            "{any: {form: {form: contact}, date: {schedule: 2026-03-20 09:00}}}",
            ["2026-03-02 10:00, event: form_submitted, form: other"],
            "2026-03-20 09:00",
        ),
    ],
)
def test_a_timeline_begins_as_written(shop: Path, trigger: str, given: list[str], at: str) -> None:
    (shop / "journeys" / "started.yaml").write_text(JOURNEY.replace("{trigger}", trigger), encoding="utf-8")
    lines = "\n".join(f"      - {{at: {line}}}" for line in given)
    (shop / "tests" / "started.yaml").write_text(TEST.format(given=lines, at=at), encoding="utf-8")
    results = testing.play(load(shop), ["started"])
    assert [result.differences for result in results] == [()]


def test_the_own_interval_in_a_timeline(shop: Path) -> None:
    days = ("2026-03-02", "2026-03-04", "2026-03-08")
    given = [
        f"{day} 10:00, event: order_completed, order_id: {number}, total: 1"
        for number, day in enumerate(days)
    ]
    test_a_timeline_begins_as_written(
        shop, "{inactive: order_completed, own_interval: 3}", given, "2026-03-17 10:00"
    )


@pytest.mark.parametrize(("kept", "day"), [("", "2026-02-28"), ("leap_day: march_1\n", "2026-03-01")])
def test_a_birthday_of_29_february_in_a_timeline(
    shop: Path, kept: str, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = shop / "nurture.yaml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before + kept, encoding="utf-8")
    hers = TEST.replace("first_name: Ana,", "first_name: Ana, birthday: 1992-02-29,")
    monkeypatch.setattr(f"{__name__}.TEST", hers.replace("2026-03-01 08:00", "2026-02-20 08:00"))
    try:
        given = ["2026-02-21 10:00, event: signed_up"]
        test_a_timeline_begins_as_written(shop, "{date: birthday}", given, f"{day} 09:00")
    finally:
        settings.write_text(before, encoding="utf-8")
