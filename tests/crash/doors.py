"""What comes in from outside while the process is killed: web requests, files, a journey being published.

Whoever sends something sends it again until it is answered. What was answered must be there at once, and
all of it once in the end.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from nurture import faults
from nurture.app import api_keys, importing, ingest, process, publish
from nurture.app.workspace import publishable
from nurture.channels.twilio.webhooks import signature
from nurture.settings import ApiAccess, ApiKey, Scope
from nurture.store import tables
from nurture.web.app import create_app
from nurture.web.server import Server
from tests.crash import trials
from tests.crash.scene import START, Scene, person
from tests.crash.stage import Stage
from tests.crash.workers import finish, forked, gone
from tests.support import digest

INBOUND, STATUS = "/webhooks/twilio/inbound", "/webhooks/twilio/status"
KEY = "a key of the API"
CALLER = ApiKey("shop", (api_keys.digest(KEY),), frozenset(Scope))


@dataclass(frozen=True)
class Request:
    """A form that Twilio posts."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @property
    def source_id(self) -> str:
        """What the event that it brings is known by."""
        fields = dict(self.fields)
        return f"{fields['MessageSid']}:{'sms_replied' if 'Body' in fields else 'sms_delivered'}"

    def send(self, public: str, port: int, token: str = "a-token") -> bool:
        """Whether it was answered with yes. Only Twilio and we know the token."""
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(token, public + self.path, self.fields),
        }
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("POST", self.path, urlencode(self.fields), headers)
            return 200 <= line.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()


def requests(scene: Scene) -> list[Request]:
    """A receipt for each message in doubt, and a STOP from every third person."""
    messages, contacts = scene.rows(tables.messages, tables.contacts)
    phones = {row["id"]: row["phone"] for row in contacts}
    doubtful = [row for row in messages if row["state"] == "in_doubt"]
    receipts = [
        Request(
            f"{STATUS}?message={row['key']}",
            (("MessageSid", f"SM{n}"), ("MessageStatus", "delivered"), ("To", phones[row["contact_id"]])),
        )
        for n, row in enumerate(doubtful)
    ]
    stops = [
        Request(INBOUND, (("MessageSid", f"ST{n}"), ("From", str(person(n).phone)), ("Body", "SAIR")))
        for n in _stopping(scene.people)
    ]
    return receipts + stops


def _stopping(people: int) -> range:
    return range(0, people, 3)


def served(scene: Scene, fault: str | None) -> tuple[int, int]:
    """The web part in a process of its own, killed at `fault`: process id and port."""
    reading, writing = os.pipe()

    def life() -> None:
        faults.arm(fault)
        runtime = scene.open()
        runtime.settings = replace(runtime.settings, api=ApiAccess((CALLER,)))
        with Server(create_app(runtime, lambda: START), "127.0.0.1:0") as server:
            os.write(writing, f"{urlsplit(server.url).port}\n".encode())
            signal.pause()

    pid = forked(life)
    os.close(writing)
    with os.fdopen(reading) as told:
        return pid, int(told.readline())


@dataclass(frozen=True)
class Heard:
    """What became of the requests."""

    died: bool
    forgotten: list[str]  # answered, and not there after the crash
    not_once: list[str]  # events that are not there exactly once in the end
    in_doubt: int
    silenced: set[str]  # whose phone is suppressed
    stopped: set[str]  # who asked for it
    settled: int = 0  # messages that were in doubt before
    believed: int = 0  # requests that nobody but a forger sent

    @property
    def sound(self) -> bool:
        wrong = self.forgotten or self.not_once or self.in_doubt or self.believed
        return not wrong and self.silenced == self.stopped


def doubtful(stage: Stage, dialect: str) -> Scene:
    """A scene with messages in doubt."""
    scene = stage.scene("twilio", dialect, "+5511900000000=vanish")  # nobody: a scene of its own
    if not (scene.folder / "doubtful").exists():
        dead, found = trials.killed(scene, "body.before_reply:2")
        assert dead
        assert found.in_doubt
        scene.keep()
        (scene.folder / "doubtful").touch()
    return scene


def forged(scene: Scene) -> list[Request]:
    """A STOP from everybody who asked for none."""
    others = [number for number in range(scene.people) if number not in _stopping(scene.people)]
    return [
        Request(INBOUND, (("MessageSid", f"FO{n}"), ("From", str(person(n).phone)), ("Body", "SAIR")))
        for n in others
    ]


def heard(scene: Scene, fault: str, chance: random.Random | None = None) -> Heard:
    """Send everything to a server that is killed at `fault`, then again what was not answered, and with it forgeries
    and some of what was answered. `chance` mixes the order."""
    scene.reset()
    wanted = requests(scene)
    doubtful_before = sum("Body" not in dict(request.fields) for request in wanted)
    if chance is not None:
        chance.shuffle(wanted)
    public = scene.open().settings.web_url.rstrip("/")
    pid, port = served(scene, fault)
    answered = [request for request in wanted if request.send(public, port)]
    died = _gone(pid) if len(answered) < len(wanted) else False
    if not died:
        _end(pid)
    forgotten = [r.source_id for r in answered if r.source_id not in _events(scene)]
    pid, port = served(scene, None)
    missing = [request for request in wanted if request not in answered]
    assert all(request.send(public, port) for request in [*missing, *reversed(answered)])
    believed = sum(request.send(public, port, "another-token") for request in forged(scene))
    _end(pid)
    finish(forked(lambda: _process(scene)))
    stopped = {f"p{number}" for number in _stopping(scene.people)}
    not_once, in_doubt, silenced = _settled(scene, wanted)
    return Heard(died, forgotten, not_once, in_doubt, silenced, stopped, doubtful_before - in_doubt, believed)


def _gone(pid: int) -> bool:
    """Whether a server that doesn't answer is dead; dying may take a moment."""
    for _ in range(1000):
        if gone(pid) is not None:
            return True
        time.sleep(0.01)
    return False


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    finish(pid)


def _events(scene: Scene) -> Counter[str]:
    (events,) = scene.rows(tables.events)
    return Counter(row["source_id"] for row in events)


def _process(scene: Scene) -> None:
    runtime = scene.open()
    process.process(runtime, START)
    runtime.close()


def _settled(scene: Scene, wanted: Sequence[Request]) -> tuple[list[str], int, set[str]]:
    events = _events(scene)
    messages, contacts = scene.rows(tables.messages, tables.contacts)
    return (
        [request.source_id for request in wanted if events[request.source_id] != 1],
        sum(row["state"] == "in_doubt" for row in messages),
        {row["ref"] for row in contacts if row["phone_suppressed"]},
    )


# --- people whom another system lets in -----------------------------------------------------------


def let_in(scene: Scene, fault: str | None) -> tuple[bool, list[str], Counter[str]]:
    """Ask for six people to be let in of a server that is killed at `fault`, then of another one for all of them again:
    whether it died, who was answered for and had no run then, and how many runs each has in the end."""
    scene.reset()
    people = [f"p{number}" for number in range(6)]
    pid, port = served(scene, fault)
    answered = [who for who in people if _enters(port, who)]
    died = _gone(pid) if len(answered) < len(people) else False
    if not died:
        _end(pid)
    forgotten = [who for who in answered if _runs(scene)[who] != 1]
    pid, port = served(scene, None)
    assert all(_enters(port, who) for who in people)
    _end(pid)
    return died, forgotten, _runs(scene)


def _enters(port: int, who: str) -> bool:
    """Whether the answer is that this person has entered."""
    headers = {"authorization": f"Bearer {KEY}", "idempotency-key": f"once-{who}"}
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("POST", "/api/journeys/hello/enter", json.dumps({"person": who}), headers)
        return bool(json.load(line.getresponse()).get("outcome") == "entered")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _runs(scene: Scene) -> Counter[str]:
    """How often each person is in the journey."""
    runs, contacts = scene.rows(tables.enrollments, tables.contacts)
    refs = {row["id"]: row["ref"] for row in contacts}
    return Counter(refs[row["contact_id"]] for row in runs if row["journey"] == "hello")


# --- events that another system tells -------------------------------------------------------------

# by their numbers; what stands in two batches is told twice
BATCHES = ((0, 1, 2, 3), (4, 5, 6, 7), (2, 3, 8, 9), (10, 11), (9, 4, 10), (0, 11))
BUYERS, PRICE = 3, 10  # who buys in turns, and what each order costs


@dataclass(frozen=True)
class Posted:
    """What became of events that were told while the web part was killed."""

    died: bool
    forgotten: list[str]  # answered, and not there after the crash
    torn: set[str]  # there, though not all of a batch is
    not_once: list[str]  # events that are not there exactly once in the end
    counted: dict[str, tuple[int, int]]  # by person: orders, and what they brought

    @property
    def sound(self) -> bool:
        wrong = self.forgotten or self.torn or self.not_once
        return not wrong and self.counted == {
            f"p{who}": (len(theirs), len(theirs) * PRICE * 100)
            for who in range(BUYERS)
            for theirs in [range(who, len(_EVERY), BUYERS)]
        }


_EVERY = sorted({number for batch in BATCHES for number in batch})


def posted(scene: Scene, fault: str, chance: random.Random | None = None) -> Posted:
    """Tell orders, of which some stand in two batches, to a server that is killed at `fault`; then all again to another
    one, backwards. `chance` mixes their order."""
    scene.reset()
    batches = [list(batch) for batch in BATCHES]
    if chance is not None:
        chance.shuffle(batches)
        for batch in batches:
            chance.shuffle(batch)
    pid, port = served(scene, fault)
    answered = [batch for batch in batches if _takes(port, batch)]
    died = _gone(pid) if len(answered) < len(batches) else False
    if not died:
        _end(pid)
    there = _told(scene).keys()
    whole = {_id(each) for batch in batches if there >= set(map(_id, batch)) for each in batch}
    forgotten = [_id(each) for batch in answered for each in batch if _id(each) not in there]
    pid, port = served(scene, None)
    assert all(_takes(port, batch[::-1]) for batch in reversed(batches))
    _end(pid)
    finish(forked(lambda: _process(scene)))
    told = _told(scene)
    not_once = [_id(number) for number in _EVERY if told[_id(number)] != 1]
    return Posted(died, forgotten, there - whole, not_once, _counted(scene))


def _id(number: int) -> str:
    return f"order-{number}"


def _takes(port: int, batch: Sequence[int]) -> bool:
    """Whether the answer is that all of them are taken."""
    events = [
        {
            "event": "order_completed",
            "id": _id(number),
            "at": (START - timedelta(minutes=number)).isoformat(),
            "person": {"ref": f"p{number % BUYERS}"},
            "properties": {"order_id": f"web-{number}", "total": PRICE},
        }
        for number in batch
    ]
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request(
            "POST", "/api/events", json.dumps({"events": events}), {"authorization": f"Bearer {KEY}"}
        )
        reply = line.getresponse()
        said = json.load(reply)
        return reply.status == 200 and said["new"] + said["known"] == len(batch)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _told(scene: Scene) -> Counter[str]:
    (events,) = scene.rows(tables.events)
    return Counter(row["source_id"] for row in events if row["source"] == CALLER.source)


def _counted(scene: Scene) -> dict[str, tuple[int, int]]:
    """By person how many of the orders told so there are, and what they brought."""
    orders, contacts = scene.rows(tables.orders, tables.contacts)
    refs = {row["id"]: row["ref"] for row in contacts}
    theirs = [(refs[row["contact_id"]], row["total"]) for row in orders if row["order_id"].startswith("web-")]
    return {
        who: (
            sum(1 for buyer, _ in theirs if buyer == who),
            sum(total for buyer, total in theirs if buyer == who),
        )
        for who in sorted({buyer for buyer, _ in theirs})
    }


# --- files and journeys ---------------------------------------------------------------------------


def imported(scene: Scene, file: Path, fault: str | None) -> tuple[bool, dict[str, str]]:
    """Import a file, killed at `fault`, then again: whether it died, and a digest of what is there."""
    scene.reset()

    def life(armed: str | None) -> None:
        importing.run.BATCH = ingest.BATCH = 4
        faults.arm(armed)
        runtime = scene.open()
        importing.load(runtime.store, file, runtime.settings, START)
        faults.arm(None)
        process.process(runtime, START)
        runtime.close()

    died = finish(forked(lambda: life(fault))) != 0
    if died:
        finish(forked(lambda: life(None)))
    return died, _digests(scene)


def published(scene: Scene, fault: str | None) -> tuple[bool, dict[str, str]]:
    """Publish another journey, killed at `fault`, then again."""
    scene.reset()
    thread = scene.folder / "journeys" / "thread.yaml"
    another = scene.folder / "journeys" / "another.yaml"
    another.write_text(thread.read_text().replace("journey: thread", "journey: another"))

    def life(armed: str | None) -> None:
        faults.arm(armed)
        runtime = scene.open()
        publish.publish(runtime, publishable(scene.folder, None), START)
        runtime.close()

    died = finish(forked(lambda: life(fault))) != 0
    if died:
        finish(forked(lambda: life(None)))
    another.unlink()
    return died, _digests(scene)


def _digests(scene: Scene) -> dict[str, str]:
    runtime = scene.open()
    found = digest.digests(runtime.store)
    runtime.close()
    return found
