"""`nurture test` shows what each kind of step does, as its timelines write it."""

from __future__ import annotations

from pathlib import Path

from nurture.app import testing
from nurture.app.init import init
from nurture.app.workspace import load
from nurture.cli.check import find_problems

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
    (result,) = testing.play(workspace, ["everything"])
    assert result.differences == ()
    ways = {each.way for each in testing.uncovered(workspace, [result]) if each.journey == "everything"}
    assert ("r[2]", "repeat.until") in ways
    assert ("which", "split.warm") not in ways
    assert ("which", "split.cold") in ways


CALLS = """
journey: calls
trigger: {event: signed_up}
steps:
  - webhook: https://crm.example/leads
    id: crm
    body: {email: "{{ emial }}"}
    save: {tier: data.tier, points: {at: /data/points, type: number}}
    on_error: exit
  - branch:
      - if: crm.tier = "gold" and crm.points > 50
        then:
          - update: {tag: vip}
"""
ANSWERS = """
journey: calls
tests:
  - test: an answer decides
    person: {email: ana@example.com}
    webhooks: {crm: {data: {tier: gold, points: 70}}}
    given:
      - {at: 2026-03-02 10:00, event: signed_up}
    expect:
      - {at: 2026-03-02 10:00, webhook: crm}
      - {at: 2026-03-02 10:00, update: {tag: vip}}
      - {ends: completed}
  - test: text in quotes is no number
    person: {email: ana@example.com}
    webhooks: {crm: {data: {tier: gold, points: "70"}}}
    given:
      - {at: 2026-03-02 10:00, event: signed_up}
    expect:
      - {at: 2026-03-02 10:00, webhook: crm}
      - {ends: completed}
  - test: and if it fails
    person: {email: ana@example.com}
    webhooks: {crm: fails}
    given:
      - {at: 2026-03-02 10:00, event: signed_up}
    expect:
      - {at: 2026-03-02 10:00, webhook: crm}
      - {ends: completed}
"""


def test_webhooks_are_answered_by_the_test(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init(folder)
    for path in (folder / "tests").iterdir():
        path.unlink()
    settings = folder / "nurture.yaml"
    allowed = "channels:\n  webhook: {provider: outbox, hosts: crm.example}\n"
    text = settings.read_text(encoding="utf-8").replace("channels:\n", allowed, 1)
    settings.write_text(text, encoding="utf-8")
    (folder / "journeys" / "calls.yaml").write_text(CALLS.replace("emial", "email"), encoding="utf-8")
    (folder / "tests" / "calls.yaml").write_text(ANSWERS, encoding="utf-8")
    workspace = load(folder)
    assert [str(each) for each in workspace.errors] == []
    answered, quoted, failed = testing.play(workspace, ["calls"])
    assert (answered.differences, quoted.differences) == ((), ())
    said = "\n".join(failed.differences)
    assert "webhook: crm, because failed" in said
    assert "ends: exited, because webhook.failed" in said


def test_a_name_that_nobody_gives_in_a_body_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init(folder)
    (folder / "journeys" / "calls.yaml").write_text(
        CALLS.replace("https://crm.example/leads", "https://10.0.0.5/")
    )
    settings = folder / "nurture.yaml"
    allowed = "channels:\n  webhook: {provider: outbox, hosts: [10.0.0.5]}\n"
    settings.write_text(settings.read_text(encoding="utf-8").replace("channels:\n", allowed, 1))
    said = [(each.code, each.message, each.hint) for each in find_problems(folder)[1] if each.code == "N508"]
    assert said == [("N508", "webhook 'crm' uses 'emial', which nobody gives", "did you mean 'email'?")]
