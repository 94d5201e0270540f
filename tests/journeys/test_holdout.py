"""What the report says of a control group that was lived: the same start, window and denominator on both sides."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from nurture.app import report
from nurture.app.explain import explain
from nurture.cli.telling import story
from nurture.reports.figures import Period
from tests.support.lives import Lives, live, open_lives

PEOPLE = ("ana", "bruno", "chloe", "davi")
CASE: dict[str, Any] = {
    "people": {who: {} for who in PEOPLE},
    "journeys": {
        "half": """
journey: half
topic: news
trigger: {event: signed_up}
reentry: after_exit
holdout: 50%
goal: {event: order_completed, within: 10 days}
exit:
  - event: order_completed
  - after: 2 days
steps:
  - email: a
  - wait: 9 days
"""
    },
    "happens": [
        {"at": f"2026-03-{day:02} {hour}:00", "who": who, "event": name, "with": values}
        for day, hour, name, values in (
            (2, 10, "signed_up", {}),
            (3, 10, "signed_up", {}),  # inside already, the one as the other
            (3, 11, "order_completed", {"total": 10}),  # ends the runs of those who are written to
            (9, 11, "order_completed", {"total": 20}),  # long after every run, within the window
            (13, 11, "order_completed", {"total": 40}),  # after the window
        )
        for who in PEOPLE
    ],
    "until": "2026-03-20 00:00",
}
for number, happening in enumerate(CASE["happens"]):
    happening["with"] = {**happening["with"], "order_id": f"A{number}"}


def figures(lives: Lives) -> Any:
    with lives.runtime.store.read() as tx:
        plans = lives.runtime.plans(tx)
    period = Period(date(2026, 3, 1), date(2026, 3, 19), lives.zone)
    place = lives.runtime.store, lives.runtime.settings, plans, period, lives.at
    (journey,) = report.build(*place).journeys
    return journey.figures, list(report.rows(*place, "people")), list(report.rows(*place, "outcomes"))


def test_both_sides_begin_and_are_watched_alike_whatever_the_runs_did(
    sqlite_database: str, tmp_path: Path
) -> None:
    lives = open_lives(sqlite_database, tmp_path, CASE)
    try:
        live(lives, CASE)
        (found, people, outcomes), said = (
            figures(lives),
            "\n".join(story(explain(lives.runtime, "ana", None, lives.at), lives.zone, lives.at)),
        )
        words = [line for _, line in lives.lines()]
    finally:
        lives.close()
    # one row each, with the start: of ana her run that nobody touched, of the others theirs
    assert [(row["contact"], row["arm"], row["entered_at"]) for row in people] == [
        (who, "held_out" if who == "ana" else "treated", "2026-03-02T10:00:00-03:00") for who in PEOPLE
    ]
    treated, held_out = found.treated, found.held_out
    assert (treated.people, treated.converted, treated.revenue) == (3, 3, 3 * 30_00)
    assert (held_out.people, held_out.converted, held_out.revenue) == (1, 1, 30_00)
    assert treated.per_person == held_out.per_person
    assert sorted((row["contact"], row["at"][:10]) for row in outcomes) == [
        (who, f"2026-03-{day}") for who in PEOPLE for day in ("03", "09")
    ]
    assert [line for line in words if line.startswith("ana")] == ["ana held out"]
    assert sum(channel.sent for channel in found.channels) == 3
    assert "entered 2026-03-02 10:00; in the control group: recorded, never touched" in " ".join(said.split())
