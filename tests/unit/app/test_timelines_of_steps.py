"""`nurture test` shows what each kind of step does, as its timelines write it."""

from __future__ import annotations

from pathlib import Path

from nurture.app import testing
from nurture.app.init import init
from nurture.app.workspace import load

JOURNEY = """
journey: everything
topic: news
trigger: {event: signed_up}
steps:
  - assign: sales
    id: route
  - notify: welcome/hello
    id: tell
  - update: {score: {interest: 5}, tag: new}
    id: mark
  - on_date: birthday
    id: day
    steps:
      - exit: never
  - split: tone
    id: which
    arms:
      warm: {share: 100%}
      cold: {share: 0%}
  - repeat: 2 times
    every: 2 days
    id: r
    until: clicked(nudge)
    steps:
      - email: welcome/choose
        id: nudge
  - email: welcome/hello
    id: bill
    class: transactional
    to: city
  - start: other
    id: more
"""
OTHER = """
journey: other
topic: news
trigger: {manual: true}
steps:
  - wait: 1 day
"""
TESTS = """
journey: everything
tests:
  - test: she gets all of it
    person: {first_name: Ana, email: ana@example.com, consents: [news]}
    given:
      - {at: 2026-03-02 10:00, event: signed_up}
      - {at: 2026-03-05 10:00, clicks: "nudge[2]"}
    expect:
      - {at: 2026-03-02 10:00, assign: sales}
      - {at: 2026-03-02 10:00, notify: welcome/hello}
      - {at: 2026-03-02 10:00, update: {score: {interest: 5}, tag: new}}
      - {at: 2026-03-02 10:00, skips: day, because: unknown}
      - {at: 2026-03-02 10:00, email: welcome/choose}
      - {at: 2026-03-04 10:00, email: welcome/choose}
      - {at: 2026-03-04 10:00, skips: bill, because: no_address}
      - {at: 2026-03-04 10:00, starts: other}
      - {at: 2026-03-04 10:00, ends: completed}
"""


def test_each_kind_has_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init(folder)
    for path in (folder / "tests").iterdir():
        path.unlink()
    (folder / "routes.yaml").write_text("sales: [{to: sales@example.com}]\n", encoding="utf-8")
    (folder / "journeys" / "everything.yaml").write_text(JOURNEY, encoding="utf-8")
    (folder / "journeys" / "other.yaml").write_text(OTHER, encoding="utf-8")
    (folder / "tests" / "everything.yaml").write_text(TESTS, encoding="utf-8")
    workspace = load(folder)
    assert [str(each) for each in workspace.errors] == []
    (result,) = testing.run(workspace, ["everything"])
    assert result.differences == ()
    ways = {each.way for each in testing.uncovered(workspace, [result]) if each.journey == "everything"}
    assert ("r[2]", "repeat.until") in ways
    assert ("which", "split.warm") not in ways
    assert ("which", "split.cold") in ways
