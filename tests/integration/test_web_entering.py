"""Another system lets people into a journey by HTTP: who is let in, who isn't and why, and nobody twice."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from nurture import faults
from nurture.app import pause
from nurture.app.api_keys import digest
from nurture.app.entering import Entry, enter_by_request
from nurture.settings import ApiAccess
from nurture.store import tables
from nurture.store.engine import Store
from nurture.web.app import create_app
from nurture.web.server import Server
from tests.support import postgres
from tests.support.documents import fences
from tests.support.lives import CAST, Lives, open_lives
from tests.support.visitor import Visitor

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "let-people-in-by-http.md"
KEY = "a key of the till"
KEYS = f"api: {{keys: {{till: {{sha256: {digest(KEY).hex()}, may: enter}}}}, rate: 20/second}}\n"
STEPS = "\nsteps:\n  - email: a\n"
JOURNEYS = {
    "demo": "journey: demo\ntopic: news\ntrigger: {manual: true, with: {reason: text, seats: number, vip: boolean, at: instant}}"
    "\nreentry: after_exit\nsteps:\n  - branch:\n      - if: trigger.reason = 'upsell' and trigger.seats > 2 and trigger.vip "
    "and trigger.at within next 2 days\n        then: [{exit: known}]\n",
    "once": "journey: once\ntopic: news\ntrigger: {manual: true, where: first_name = 'Ana'}" + STEPS,
    "keyed": "journey: keyed\ntopic: news\ntrigger: {event: order_completed, key: trigger.order_id}" + STEPS,
    "control": "journey: control\ntopic: news\ntrigger: {manual: true}\nholdout: 100%\n"
    "goal: {event: order_completed, within: 30 days}" + STEPS,
}


@contextmanager
def opened(database: str, folder: Path) -> Iterator[Lives]:
    case = {
        "journeys": JOURNEYS,
        "happens": [{"at": "2026-03-02 10:00"}],
        "workspace": KEYS,
    }
    lives = open_lives(database, folder, case)
    try:
        for who in ("ana", "bruno"):
            lives.arrive(who, CAST[who])
        lives.publish(list(JOURNEYS))
        yield lives
    finally:
        lives.close()


@pytest.fixture
def lives(database: str, tmp_path: Path) -> Iterator[Lives]:
    with opened(database, tmp_path) as lives:
        yield lives


@pytest.fixture
def on_one(one_database: str, tmp_path: Path) -> Iterator[Lives]:
    """Where the database has no say."""
    with opened(one_database, tmp_path) as lives:
        yield lives


@pytest.fixture
def visitor(lives: Lives) -> Iterator[Visitor]:
    with Visitor(create_app(lives.runtime)) as visitor:
        yield visitor


def head(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {KEY}", "idempotency-key": key}


def ask(visitor: Visitor, journey: str, person: str, key: str, **more: Any) -> httpx.Response:
    url = f"/api/journeys/{journey}/enter"
    return visitor.post(url, headers=head(key), json={"person": person, **more})


def runs(lives: Lives) -> list[tuple[str, str]]:
    wanted = sa.select(tables.enrollments.c.journey, tables.enrollments.c.status).order_by(
        tables.enrollments.c.id
    )
    with lives.runtime.store.read() as tx:
        return [(name, status) for name, status in tx.execute(wanted)]


def test_over_a_real_connection_somebody_enters_once_however_often_the_request_comes(lives: Lives) -> None:
    brings = {"reason": "upsell", "seats": 3, "vip": True, "at": "2026-03-03 09:00"}
    body = {"person": "+55 11 98123-4567", "with": brings}
    with (
        Server(create_app(lives.runtime), "127.0.0.1:0") as server,
        httpx.Client(base_url=server.url) as shop,
    ):
        answers = [
            shop.post("/api/journeys/demo/enter", headers=head("order-7"), json=body) for _ in range(3)
        ]
        lives.work()  # she is out again, and might come in anew
        answers.append(shop.post("/api/journeys/demo/enter", headers=head('"order-7"'), json=body))
        other = shop.post("/api/journeys/demo/enter", headers=head("order-8"), json={"person": "ana"})
    assert {answer.status_code for answer in [*answers, other]} == {200}
    entered = {"journey": "demo", "person": "ana", "outcome": "entered"}
    assert [answer.json() for answer in [*answers, other]] == [entered] * 5
    assert runs(lives) == [("demo", "exited"), ("demo", "active")]
    assert [words for _, words in lives.lines() if "exited" in words] == ["demo exited known"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_page_shows_a_request_and_its_answer(one_database: str, tmp_path: Path) -> None:
    journey, request, answer = (
        next(fence.body for fence in fences(PAGE) if fence.language == language)
        for language in ("yaml", "sh", "json")
    )
    case = {
        "journeys": {"demo-call": journey.replace("welcome/hello", "a")},
        "happens": [{"at": "2026-03-02 10:00"}],
        "workspace": KEYS,
    }
    lives = open_lives(one_database, tmp_path, case)
    try:
        lives.arrive("ana", CAST["ana"])
        lives.publish(["demo-call"])
        with Server(create_app(lives.runtime), "127.0.0.1:0") as server:
            command = request.replace("https://mail.shop.example", server.url).replace("$KEY", KEY)
            said = subprocess.check_output(command, shell=True, text=True, stderr=subprocess.DEVNULL)
        lives.work()
        assert json.loads(said) == json.loads(answer)
        assert any("task" in words for _, words in lives.lines())
    finally:
        lives.close()


def test_the_same_request_at_once_through_two_processes_is_one(lives: Lives) -> None:
    with (
        Server(create_app(lives.runtime), "127.0.0.1:0") as one,
        Server(create_app(lives.runtime), "127.0.0.1:0") as other,
        ThreadPoolExecutor(4) as pool,
    ):
        urls = [f"{server.url}/api/journeys/demo/enter" for server in (one, other)] * 4
        body = {"person": "ana"}
        answers = list(pool.map(lambda url: httpx.post(url, headers=head("k"), json=body), urls))
    assert {answer.json()["outcome"] for answer in answers} == {"entered"}
    assert runs(lives) == [("demo", "active")]


@pytest.mark.postgresql
def test_two_requests_for_one_person_at_once_let_her_in_once(postgres_database: str, tmp_path: Path) -> None:
    with opened(postgres_database, tmp_path) as lives, ThreadPoolExecutor(1) as pool:
        one, other = lives.runtime, replace(lives.runtime, store=Store(postgres_database))
        later: list[Future[Entry]] = []

        def come() -> None:
            later.append(pool.submit(enter_by_request, other, "demo", "ana", "k2", {}, lives.at))
            postgres.until_waiting(one.store, unless=later[0].done)

        faults.arm("enroll.before_commit", come)
        try:
            first = enter_by_request(one, "demo", "ana", "k1", {}, lives.at)
            second = later[0].result()
        finally:
            faults.arm(None)
            other.store.close()
        assert (first.enters, second.enters, second.why) == (True, False, "is inside already")
        assert runs(lives) == [("demo", "active")]


def test_who_is_refused_is_told_why_and_may_come_again_with_the_same_key(
    lives: Lives, visitor: Visitor
) -> None:
    refused = ask(visitor, "once", "bruno@example.com", "k1").json()
    assert (refused["outcome"], refused["why"]) == ("refused", 'this does not hold: first_name = "Ana"')
    assert refused["looked_at"] == [
        {"test": 'first_name = "Ana"', "holds": False, "values": {"first_name": "(known)"}}
    ]
    assert ask(visitor, "once", "ana", "k2").json()["outcome"] == "entered"
    again = ask(visitor, "once", "ana", "k3").json()
    assert (again["outcome"], again["why"]) == ("refused", "is inside already")
    lives.happen({"at": "2026-03-02 10:00", "who": "bruno", "sets": {"first_name": "Ana"}})
    lives.work()
    assert ask(visitor, "once", "bruno", "k1").json()["outcome"] == "entered"
    assert len(runs(lives)) == 2


def test_who_falls_into_the_control_group_is_told_so_each_time(lives: Lives, visitor: Visitor) -> None:
    told = [ask(visitor, "control", "ana", "k1").json()["outcome"] for _ in range(2)]
    assert (told, runs(lives)) == (["held_out"] * 2, [("control", "held_out")])


PROBLEMS: list[tuple[str, Any, int, str]] = [
    ("demos", {"person": "ana"}, 404, "no journey called 'demos' is live; did you mean 'demo'?"),
    ("de%00mo", {"person": "ana"}, 404, "no journey called 'de\\x00mo' is live"),
    ("demo", {"person": "zoe"}, 404, "nobody known as zoe; nobody entered"),
    ("keyed", {"person": "ana"}, 409, "nobody enters 'keyed' by hand: it starts when"),
    (
        "demo",
        {"person": "ana", "with": {"reson": "x"}},
        422,
        "the journey takes no 'reson'; did you mean 'reason'?",
    ),
    (
        "demo",
        {"person": "ana", "with": {"seats": "1.000,50"}},
        422,
        "the journey wants a number as 'seats'",
    ),
    ("demo", {"person": "ana", "with": {"vip": 1}}, 422, "the journey wants true or false as 'vip'"),
    ("demo", {"person": "ana", "with": {"seats": 10**400}}, 422, "the journey wants a number as 'seats'"),
    ("once", {"person": "ana", "with": {"reason": "x"}}, 422, "takes no 'reason'; it takes nothing"),
    ("demo", {"person": "ana", "with": []}, 422, "'with' is a table"),
    ("demo", {"who": "ana"}, 422, "unknown key 'who'"),
    ("demo", {"person": 7}, 422, "'person' is a ref"),
    ("demo", {"person": "a\x00na"}, 422, "'person' is a ref"),
    ("demo", ["ana"], 400, "the body is no table"),
]


def test_what_can_not_be_done_is_said_and_lets_nobody_in(on_one: Lives) -> None:
    with Visitor(create_app(on_one.runtime)) as visitor:
        for journey, body, status, detail in PROBLEMS:
            on_one.at += timedelta(seconds=1)
            answer = visitor.post(f"/api/journeys/{journey}/enter", headers=head("k"), json=body)
            assert (answer.status_code, answer.json()["status"]) == (status, status), (journey, body)
            assert answer.headers["content-type"] == "application/problem+json"
            assert detail in answer.json()["detail"]
    assert runs(on_one) == []


ODD: list[tuple[str, dict[str, str], bytes, int]] = [
    ("nobody says who asks", {"idempotency-key": "k"}, b"{}", 401),
    ("another scheme", {**head("k"), "authorization": f"Basic {KEY}"}, b"{}", 401),
    ("another key", {**head("k"), "authorization": f"Bearer {KEY}x"}, b"{}", 401),
    ("no key of the request", {"authorization": f"Bearer {KEY}"}, b'{"person": "ana"}', 400),
    ("a key with a space", head("two words"), b'{"person": "ana"}', 400),
    ("nothing", head("k"), b"", 400),
    ("a key twice", head("k"), b'{"person": "ana", "person": "bruno"}', 400),
    ("NaN", head("k"), b'{"person": "ana", "with": {"seats": NaN}}', 400),
    ("half a sign", head("k"), b'{"person": "\\ud800"}', 400),
    ("very deep", head("k"), b"[" * 60_000, 400),
    ("too large", head("k"), b'{"person": "' + b"a" * 70_000 + b'"}', 413),
]


def test_odd_requests_are_refused(on_one: Lives) -> None:
    with Visitor(create_app(on_one.runtime)) as visitor:
        for what, headers, body, status in ODD:
            answer = visitor.post("/api/journeys/demo/enter", headers=headers, content=body)
            assert (answer.status_code, answer.json()["status"]) == (status, status), what
            assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None), what
    assert runs(on_one) == []


def test_a_key_is_not_used_for_two_people(lives: Lives, visitor: Visitor) -> None:
    assert ask(visitor, "demo", "ana", "k").status_code == 200
    answer = ask(visitor, "demo", "bruno", "k")
    assert (answer.status_code, len(runs(lives))) == (422, 1)
    assert (
        answer.json()["detail"] == "a request with this key let somebody else in; each has a key of its own"
    )
    assert ask(visitor, "once", "ana", "k").json()["outcome"] == "entered"  # another journey, another request


def test_a_paused_journey_lets_nobody_in_and_still_knows_who_came_before(on_one: Lives) -> None:
    with Visitor(create_app(on_one.runtime)) as visitor:
        ask(visitor, "demo", "ana", "k1")
        pause.pause(on_one.runtime, ["demo"], on_one.at)
        answer = ask(visitor, "demo", "bruno", "k2")
        assert answer.status_code == 409
        assert answer.json()["detail"].startswith("'demo' is paused, so nobody enters; ")
        assert ask(visitor, "demo", "ana", "k1").json()["outcome"] == "entered"
    assert len(runs(on_one)) == 1


def test_too_many_requests_wait(on_one: Lives) -> None:
    with Visitor(create_app(on_one.runtime)) as visitor:
        answers = [ask(visitor, "demo", "zoe", "k") for _ in range(21)]
        assert [answer.status_code for answer in answers] == [404] * 20 + [429]
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].json()["detail"] == "a key may make 20/second"
        on_one.at += timedelta(seconds=1)
        assert [ask(visitor, "demo", "zoe", "k").status_code for _ in range(21)] == [404] * 20 + [429]


def test_without_a_key_nobody_is_let_in(on_one: Lives) -> None:
    on_one.runtime.settings = replace(on_one.runtime.settings, api=ApiAccess())
    with Visitor(create_app(on_one.runtime)) as visitor:
        answer = ask(visitor, "demo", "ana", "k")
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "no key is set: `nurture api-key` makes one for api.keys in nurture.yaml",
        )
        assert visitor.get("/api/journeys/demo/enter", headers=head("k")).json()["status"] == 405
        assert visitor.get("/api/nothing").json()["status"] == 404
