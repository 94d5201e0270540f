"""What somebody asks for is answered once, though whoever takes it in or sends the answer is killed: the mail that asks
her to confirm a consent, the button behind its link, and HELP by SMS."""

from __future__ import annotations

import http.client
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from nurture.app import confirming, helping, ingest
from nurture.model import Basis, ConsentRecord, NewEvent
from nurture.settings import Topic
from nurture.store import tables
from tests.crash import doors
from tests.crash.people import Done
from tests.crash.plants import Plant
from tests.crash.scene import CONNECTIONS, START, Scene, person
from tests.crash.workers import finish, forked, worker

Row = Mapping[str, Any]
ASKING = 4  # people
TOPIC = "tips"


def _answered(scene: Scene, fault: str | None, asks: Sequence[Callable[[int], bool]]) -> list[bool]:
    """Ask each of these of a server that is killed at `fault`, and in the end: whether it was answered."""
    pid, port = doors.served(scene, fault)
    try:
        return [ask(port) for ask in asks]
    finally:
        os.kill(pid, signal.SIGKILL)
        finish(pid)


def _not_once(scene: Scene, template: str, most_doubt: int) -> Iterator[str]:
    """Who was answered otherwise than once. In doubt may be a wave of who was killed."""
    taken, (messages,) = scene.taken(), scene.rows(tables.messages)
    own = [row for row in messages if row["template"] == template]
    each = Counter(row["contact_id"] for row in own)
    if len(each) != ASKING or len(own) != ASKING:
        yield f"{len(own)} answers to {len(each)} people"
    doubt = [row for row in own if row["state"] == "in_doubt"]
    if len(doubt) > most_doubt:
        yield f"{len(doubt)} answers are in doubt"
    yield from (f"an answer is {row['state']}" for row in own if row["state"] not in ("accepted", "in_doubt"))
    yield from (f"an answer came {taken[row['key']]} times" for row in own if taken[row["key"]] > 1)
    lost = (row for row in own if row["state"] == "accepted" and not taken[row["key"]])
    yield from (f"{row['key']} did not come" for row in lost)


# --- double opt-in --------------------------------------------------------------------------------


def asking(scene: Scene) -> Scene:
    """The same scene with a topic to which a yes must be confirmed."""
    topics = {**scene.settings.topics, TOPIC: Topic(TOPIC, "Dicas", double_opt_in=True)}
    return scene.with_settings(topics=topics)


def asked(scene: Scene, fault: str, plant: Plant | None = None) -> Done:
    """Some say yes by a form, and a worker is killed at `fault`; the form is sent again."""
    scene.reset()
    finish(forked(lambda: _sign_up(scene)))
    died = finish(worker(scene, fault, plant)) != 0
    finish(forked(lambda: _sign_up(scene)))
    finish(worker(scene, None, plant))
    return Done(died, list(_not_once(scene, confirming.TEMPLATE, CONNECTIONS if died else 0)))


def confirmed(scene: Scene, fault: str, at_the_door: str) -> Done:
    """The same; then they press the button, and the web part is killed at `at_the_door`; they press it again."""
    found = asked(scene, fault)
    (messages,) = scene.rows(tables.messages)
    mails = [row for row in messages if row["template"] == confirming.TEMPLATE]
    buttons = [_button(row) for row in mails]
    answered = _answered(scene, at_the_door, buttons)
    held = set(_held(scene))
    answers = zip(mails, answered, strict=True)
    forgotten = [row["key"] for row, yes in answers if yes and row["contact_id"] not in held]
    again = _answered(scene, None, buttons)
    wrong = [*found.wrong, *(f"what {key} asked for is forgotten" for key in forgotten)]
    return Done(found.died and not all(answered), [*wrong, *_not_given(scene, again)])


def _sign_up(scene: Scene) -> None:
    yes = ConsentRecord(TOPIC, True, Basis.CONSENT, text_version="1", how="form")
    at, runtime = START - timedelta(minutes=2), scene.warm()
    said = [
        NewEvent("form_submitted", person(number), at, "site", f"f{number}", {}, consents=(yes,))
        for number in range(ASKING)
    ]
    ingest.ingest(runtime.store, said, START)
    runtime.close()


def _button(mail: Row) -> Callable[[int], bool]:
    """Presses the button behind the link of this mail: whether the answer is a page."""
    path = urlsplit(mail["variables"]["confirm_url"]).path

    def press(port: int) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("POST", path)
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    return press


def _held(scene: Scene) -> Counter[int]:
    """By person, on how many channels her yes to the topic holds."""
    (permissions,) = scene.rows(tables.permissions)
    return Counter(row["contact_id"] for row in permissions if row["topic"] == TOPIC and row["given"])


def _not_given(scene: Scene, again: Sequence[bool]) -> Iterator[str]:
    """Whose yes doesn't hold, or was written down twice."""
    if not all(again):
        yield f"answered are {again}"
    if sorted(_held(scene).values()) != [2] * ASKING:  # by mail and by SMS
        yield f"of them holds {_held(scene)}"
    (records,) = scene.rows(tables.consents)
    noted = Counter(row["contact_id"] for row in records if row["how"] == confirming.HOW)
    if sorted(noted.values()) != [1] * ASKING:
        yield f"written down is {noted}"


# --- HELP -----------------------------------------------------------------------------------------


def helped(scene: Scene, fault: str, at_the_door: str) -> Done:
    """Some ask for help, twice each. The web part is killed at `at_the_door`, and Twilio tells it again; then a worker is
    killed at `fault`."""
    scene.reset()
    public = scene.settings.web_url.rstrip("/")
    requests = [
        doors.Request(
            doors.INBOUND,
            (("MessageSid", f"HE{turn}{n}"), ("From", str(person(n).phone)), ("Body", "AJUDA")),
        )
        for turn in range(2)
        for n in range(ASKING)
    ]
    asks = [lambda port, one=one: one.send(public, port) for one in requests]
    answered = _answered(scene, at_the_door, asks)
    again = _answered(scene, None, asks)
    died = finish(worker(scene, fault)) != 0
    finish(worker(scene))
    wrong = list(_not_once(scene, helping.TEMPLATE, CONNECTIONS if died else 0))
    return Done(died and not all(answered), wrong if all(again) else [*wrong, f"answered are {again}"])
