"""What people ask of such products on their trackers, reproduced: the cases of docs/wanted.md that need two workers,
a visitor of the pages, many people, or the tools before publishing."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nurture.app import advance, deliver, explain, pause, process, versions
from nurture.app.ingest import ingest
from nurture.app.planning import plan
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.simulating.person import Question, simulate
from nurture.app.workspace import publishable
from nurture.model import Channel, ConsentRecord, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import enrollments, messages
from nurture.store.engine import Store
from nurture.web.app import create_app
from tests.support.lives import CAST, TITLE, Lives, open_lives
from tests.support.postman import Postman
from tests.support.visitor import Visitor

START = "2026-03-02 10:00"
WELCOME = """\
journey: welcome
topic: news
trigger: {event: signed_up}
steps:
  - email: a
    id: hello
    subject: Welcome
"""
Open = Callable[..., tuple[Lives, Postman]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a workspace with journeys and a postman, at START."""
    every: list[Lives] = []

    def open_one(url: str, journeys: Mapping[str, str], **files: str) -> tuple[Lives, Postman]:
        happens = [{"at": START}]
        lives = open_lives(url, tmp_path, {"journeys": journeys, "happens": happens, "files": files})
        every.append(lives)
        lives.at = lives.moment(START)
        lives.publish(list(journeys))
        return lives, post(lives.runtime)

    yield open_one
    for lives in every:
        lives.close()


def post(runtime: Runtime) -> Postman:
    """The postman who takes a runtime's mail."""
    postman = Postman(runtime.now)
    runtime._carriers[Channel.EMAIL] = postman
    return postman


def sign_up(lives: Lives, count: int) -> list[str]:
    """So many people become known, said yes to news, and sign up; their addresses."""
    yes = (ConsentRecord("news", given=True, how="form"),)
    names = [f"ana-{n}" for n in range(count)]
    people = [Person(name, f"{name}@example.com") for name in names]
    known = [
        NewEvent("identified", each, lives.at, "shop", f"known-{each.ref}", consents=yes) for each in people
    ]
    signed = [NewEvent("signed_up", each, lives.at, "shop", f"signed-{each.ref}") for each in people]
    ingest(lives.runtime.store, [*known, *signed], lives.at)
    return [f"{name}@example.com" for name in names]


def another_worker(lives: Lives) -> tuple[Runtime, Postman]:
    """A second process on the same database."""
    runtime = Runtime(Store(lives.runtime.store.url), lives.runtime.settings, lives.folder, lambda: lives.at)
    return runtime, post(runtime)


def run_all(runtime: Runtime, batch: int = 1000) -> None:
    """What a cron run does."""
    now = runtime.now()
    process.process(runtime, now, batch=batch)
    advance.advance(runtime, now, batch=batch)
    deliver.deliver(runtime, now, batch=batch)


# --- two at once -------------------------------------------------------------------------------


def test_a_second_run_in_the_middle_of_the_first_sends_nothing_twice(opened: Open, database: str) -> None:
    lives, first = opened(database, {"welcome": WELCOME})
    everybody = sign_up(lives, 45)
    runtime, second = another_worker(lives)
    try:
        first.connections = second.connections = 10
        first.meanwhile = lambda: run_all(runtime)
        process.process(lives.runtime, lives.at)
        advance.advance(lives.runtime, lives.at)
        deliver.deliver(lives.runtime, lives.at, batch=20)
    finally:
        runtime.close()
    assert {each.recipient for each in first.letters} != set(everybody)  # the second found something to do
    assert sorted(each.recipient for each in (*first.letters, *second.letters)) == sorted(everybody)


def test_two_runs_that_begin_at_the_same_moment_send_nothing_twice(opened: Open, database: str) -> None:
    lives, one = opened(database, {"welcome": WELCOME})
    everybody = sign_up(lives, 45)
    runtime, other = another_worker(lives)
    ready, trouble = threading.Barrier(2), []

    def run(worker: Runtime) -> None:
        ready.wait()
        try:
            run_all(worker, batch=10)
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in (lives.runtime, runtime)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_all(runtime)  # the next run of cron
    runtime.close()
    assert trouble == []
    assert sorted(each.recipient for each in (*one.letters, *other.letters)) == sorted(everybody)


def test_a_pause_in_the_middle_of_sending_loses_and_repeats_nobody(
    opened: Open, sqlite_database: str
) -> None:
    lives, postman = opened(sqlite_database, {"welcome": WELCOME})
    everybody = sign_up(lives, 45)
    runtime, _ = another_worker(lives)
    postman.connections = 20
    postman.meanwhile = lambda: pause.pause(runtime, ["welcome"], lives.at)
    run_all(lives.runtime)
    runtime.close()
    assert len(postman.letters) == 20  # what was on its way; nothing after
    postman.meanwhile = lambda: None
    lives.go_to(lives.at + timedelta(days=2))
    assert len(postman.letters) == 20
    pause.resume(lives.runtime, ["welcome"])
    lives.go_to(lives.at + timedelta(hours=1))
    assert sorted(each.recipient for each in postman.letters) == sorted(everybody)


# --- people and programs -----------------------------------------------------------------------

LINK = TITLE + '<a href="https://volta.example/shop">Shop</a> <a href="{{ unsubscribe_url }}">no</a>'
LETTER = {"templates/email/a.html": LINK, "templates/email/a.txt": "{{ unsubscribe_url }}"}
OFFER = WELCOME.replace("welcome", "offer").replace("news", "offers").replace("Welcome", "An offer")


def unsubscribing(letter: Any) -> str:
    """The way out that a letter shows."""
    return str(re.findall(r"http://\S+(/u/\S+)", letter.text)[0])


def test_no_more_of_a_topic_is_not_no_more_of_anything(opened: Open, sqlite_database: str) -> None:
    journeys = {"welcome": WELCOME + "reentry: after_exit\n", "offer": OFFER + "reentry: after_exit\n"}
    lives, postman = opened(sqlite_database, journeys)
    lives.arrive("ana", CAST["ana"])

    def mails_of_a_new_day() -> list[str]:
        postman.letters.clear()
        lives.go_to(lives.at + timedelta(days=1))
        lives.tell("ana", "signed_up")
        lives.work()
        return sorted(each.subject for each in postman.letters)

    assert mails_of_a_new_day() == ["An offer", "Welcome"]
    of_news = next(unsubscribing(each) for each in postman.letters if each.subject == "Welcome")
    with Visitor(create_app(lives.runtime, lambda: lives.at)) as ana:
        assert "Unsubscribe from all" in ana.get(of_news).text
        said = ana.post(of_news, data={"what": "topic"}).text
        assert "You will no longer receive “News”. Other lists that you are on stay as they were." in said
        assert mails_of_a_new_day() == ["An offer"]
        said = ana.post(unsubscribing(postman.letters[0]), data={"what": "everything"}).text
        assert "You will no longer receive marketing messages." in said
    assert mails_of_a_new_day() == []


WATCHED = (
    WELCOME
    + """\
  - wait_for: email_clicked
    of: hello
    up_to: 1 day
    then:
      - email: b
        subject: You clicked
    otherwise:
      - email: b
        subject: You did not click
"""
)


def test_a_scanner_decides_nothing_and_unsubscribes_nobody(opened: Open, sqlite_database: str) -> None:
    lives, postman = opened(sqlite_database, {"welcome": WATCHED}, **LETTER)
    for who in ("ana", "chloe"):
        lives.arrive(who, CAST[who])
        lives.tell(who, "signed_up")
    lives.work()
    links = {
        each.recipient: re.findall(r'href="http://[^/]+(/[^"]+)"', each.html) for each in postman.letters
    }
    with Visitor(create_app(lives.runtime, lambda: lives.at)) as visitor:
        lives.at += timedelta(seconds=1)
        for link in links["ana@example.com"]:  # as fast as no person is, whatever name it goes by
            assert visitor.get(link).status_code in (200, 302)
        lives.at += timedelta(hours=1)
        for link in links["ana@example.com"]:
            visitor.get(link, headers={"user-agent": "Barracuda Link Protection"})
        clicked, _ = links["chloe@example.com"]
        assert visitor.get(clicked).headers["location"].startswith("https://volta.example/shop?")
    lives.go_to(lives.at + timedelta(days=2))
    got = {(each.recipient, each.subject) for each in postman.letters[2:]}
    assert got == {("chloe@example.com", "You clicked"), ("ana@example.com", "You did not click")}


TRIED = (
    WELCOME
    + """\
    ab:
      arms: {a: {share: 50%}, b: {share: 50%, subject: Hello}}
      winner: {by: clicks, after: 30 days, at_least: 1000}
"""
)


def test_half_is_half_whatever_the_batches(opened: Open, sqlite_database: str) -> None:
    lives, postman = opened(sqlite_database, {"welcome": TRIED})
    sign_up(lives, 160)
    run_all(lives.runtime, batch=40)
    assert len(postman.letters) == 160
    for part in (postman.letters[:80], postman.letters[80:]):
        texts = Counter(each.subject for each in part)
        assert abs(texts["Hello"] - 40) <= 3 * 20**0.5  # three standard deviations of chance


# --- before publishing -------------------------------------------------------------------------


def test_a_simulation_shows_both_ways_and_leaves_nothing(opened: Open, sqlite_database: str) -> None:
    lives, postman = opened(sqlite_database, {})
    lives.arrive("ana", CAST["ana"])
    (lives.folder / "journeys" / "welcome.yaml").write_text(WATCHED, encoding="utf-8")
    (file,) = publishable(lives.folder, ["welcome"])
    ways = {}
    for answers in ("silence", "clicks"):
        (run,) = simulate(lives.runtime, file, Question("ana", answers)).runs
        ways[answers] = [line.reason for line in run.lines if line.step == "wait_for_email_clicked"]
    assert ways == {"silence": ["wait_for.timeout"], "clicks": ["wait_for.email_clicked"]}
    lives.go_to(lives.at + timedelta(days=3))
    assert postman.letters == []
    with lives.runtime.store.read() as tx:
        ana = lives.contact("ana")["id"]
        assert not messages.of_contact(tx, ana)
        assert not enrollments.of_contact(tx, ana, "welcome")


def test_a_change_is_looked_at_strands_nobody_and_has_a_way_back(opened: Open, sqlite_database: str) -> None:
    waits = WELCOME + "  - wait: 3 days\n    id: rest\n  - email: b\n    subject: Second\n"
    lives, postman = opened(sqlite_database, {"welcome": waits})
    lives.arrive("ana", CAST["ana"])
    lives.tell("ana", "signed_up")
    lives.work()

    def change(text: str) -> Any:
        (lives.folder / "journeys" / "welcome.yaml").write_text(text, encoding="utf-8")
        return publishable(lives.folder, ["welcome"])

    deleted = change(waits.replace("  - wait: 3 days\n    id: rest\n", "") + "in_flight: migrate\n")
    (seen,) = plan(lives.runtime, deleted, lives.at, ahead=False)
    assert (seen.number, seen.stranded) == (2, {"rest": 1})
    with pytest.raises(NurtureError, match="rest"):
        publish(lives.runtime, deleted, lives.at)
    shorter = change(waits.replace("3 days", "1 day") + "in_flight: migrate\n")
    assert plan(lives.runtime, shorter, lives.at, ahead=False)[0].stranded == {}
    publish(lives.runtime, shorter, lives.at)
    assert [(each.number, each.live) for each in versions.history(lives.runtime, "welcome")] == [
        (1, False),
        (2, True),
    ]
    assert versions.roll_back(lives.runtime, "welcome") == 1
    lives.arrive("chloe", CAST["chloe"])
    lives.tell("chloe", "signed_up")
    lives.go_to(lives.at + timedelta(days=4))
    days = {each.recipient: (each.at - lives.moment(START)).days for each in postman.letters[2:]}
    assert days == {"ana@example.com": 1, "chloe@example.com": 3}
    story = explain.explain(lives.runtime, "ana", "welcome", lives.at)
    assert [run.version for run in story.runs] == [2]
