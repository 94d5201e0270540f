"""The workspace of a seed: eight to sixteen people in six zones, five journeys, and what becomes of these by edits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from nurture.app.workspace import JourneyFile, load
from nurture.compiler import compile_journey
from nurture.model import Channel
from nurture.problems import render
from tests.support.drawn_shop import Shop

Row = dict[str, Any]
QUIET = {"email": ("22:00", "07:00"), "sms": ("20:30", "08:15")}
CAP, CAP_HOURS = 2, 24
ZONES = (
    "America/Sao_Paulo",
    "America/New_York",
    "Europe/Lisbon",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Manaus",
)
TOPICS = ("news", "offers", "club")
DOUBLE = "club"  # to which a yes must be confirmed
FORM = "form"  # whence a yes comes that anybody may have typed in
_LEAVE = '<a href="{{ unsubscribe_url }}">no</a>'
_FILES = {
    "nurture.yaml": f"""
company: {{name: Volta, postal_address: "Rua das Flores 10, São Paulo", zone: America/Sao_Paulo, country: BR}}
channels:
  email: {{provider: outbox, sender: {{address: oi@volta.example, name: Volta}}}}
  sms: {{provider: outbox, sender: {{address: "+5511900000000"}}}}
topics: {{news: News, offers: Offers, {DOUBLE}: {{title: Club, double_opt_in: true}}}}
limits:
  quiet_hours: {{email: "{"-".join(QUIET["email"])}", sms: "{"-".join(QUIET["sms"])}"}}
  cap: {{at_most: {CAP}, per: {CAP_HOURS} hours}}
secret: "${{NURTURE_SECRET}}"
""",
    ".env": "NURTURE_SECRET=a secret of thirty-two characters\n",
    "fields.yaml": "plan: {type: text}\n",
    "scores.yaml": "interest: How often she went through a journey.\n",
    **{
        f"templates/email/{word}.html": f"<title>{word}</title><p>{{{{ first_name | default('you') }}}} {{{{ last_name | default('') }}}}</p>"
        f"{_LEAVE}"
        for word in "abc"
    },
    **{f"templates/email/{word}.txt": f"{word}\n{{{{ unsubscribe_url }}}}" for word in "abc"},
    **{
        f"templates/sms/{word}.txt": f"Volta: {word}, {{{{ first_name | default('you') }}}}" for word in "abc"
    },
}


def open_shop(folder: Path) -> Shop:
    """The workspace, made in this folder. What its channels are called stands for nothing: the seed is the provider."""
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "journeys").mkdir(exist_ok=True)
    found = load(folder)
    assert not found.errors, "\n".join(map(render, found.errors))
    assert found.settings is not None
    options = {"folder": str(folder / "outbox"), "fsync": "false"}
    channels = {
        each: replace(found.settings.channels[each], options=options) for each in (Channel.EMAIL, Channel.SMS)
    }
    workspace = replace(found, settings=replace(found.settings, channels=channels))
    return Shop(workspace, replace(found.context, journeys=NAMES))


# --- people -----------------------------------------------------------------------------------------


def people(chance: Random) -> dict[str, Row]:
    """Their traits by ref. Two of them may share an e-mail address, two a phone."""
    found: dict[str, Row] = {}
    for number in range(chance.randint(8, 16)):
        ref = f"p{number}"
        found[ref] = {
            "first_name": chance.choice(("Ana", "Bruno", "Chloe", "Davi")),
            "last_name": f"Of{ref}",
            "email": f"{ref}@example.com",
            "zone": chance.choice(ZONES),
        }
        if chance.random() < 0.7:
            found[ref]["phone"] = f"+55119876500{number:02}"
    if chance.random() < 0.3:
        found["p1"]["email"] = found["p0"]["email"]
    if chance.random() < 0.3 and "phone" in found["p2"]:
        found["p3"]["phone"] = found["p2"]["phone"]
    return found


# --- journeys ---------------------------------------------------------------------------------------

_HEADS: Mapping[str, Row] = {
    "welcome": {"topic": "news", "trigger": {"event": "signed_up"}},
    "cart": {
        "topic": "offers",
        "trigger": {"event": "cart_added", "key": "trigger.cart_id"},
        "exit": [{"event": "order_completed", "any_key": "true"}],
    },
    "winback": {
        "topic": "offers",
        "trigger": {"inactive": "order_completed", "for": "15 days"},
        "reentry": {"after": "10 days"},
        "backfill": "all",
    },
    "receipt": {
        "topic": "news",
        "trigger": {"event": "order_completed", "key": "trigger.order_id", "max_age": "20 days"},
    },
    "monday": {"topic": "club", "trigger": {"schedule": "every monday at 09:00"}, "reentry": "after_exit"},
}
NAMES = tuple(_HEADS)


class Author:
    """Writes journeys and edits them."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.steps: dict[str, list[Row]] = {}
        self._ids = 0

    def first(self, name: str) -> str:
        self.steps[name] = [self._step(name) for _ in range(self.chance.randint(2, 5))]
        self.steps[name].insert(self.chance.randint(0, 1), self._message(name))
        self.steps[name].append({"id": "passed", "update": {"score": {"interest": 5}}})
        return self._text(name, "pin")

    def edit(self, name: str) -> str:
        """Another version: steps go, come, or are changed."""
        steps = self.steps[name]
        for _ in range(self.chance.randint(1, 2)):
            place = self.chance.randrange(len(steps))
            if self.chance.random() < 0.4 and len(steps) > 2 and steps[place]["id"] != "passed":
                steps.pop(place)
            else:
                steps.insert(place, self._step(name))
        return self._text(name, self.chance.choice(("pin", "migrate", "drain", "eject")))

    def _text(self, name: str, in_flight: str) -> str:
        # JSON is YAML
        head = {"journey": name, **_HEADS[name], "in_flight": in_flight}
        return json.dumps({**head, "steps": self.steps[name]}, indent=1, ensure_ascii=False)

    def _step(self, name: str) -> Row:
        sort = self.chance.choice(
            ("message", "message", "wait", "wait", "wait_for", "branch", "split", "repeat")
        )
        made: Row = getattr(self, f"_{sort}")(name)
        return made

    def _id(self, sort: str) -> str:
        self._ids += 1
        return f"{sort}{self._ids}"

    def _message(self, name: str) -> Row:
        channel = self.chance.choice(("email", "email", "sms"))
        step: Row = {"id": self._id("m"), channel: self.chance.choice("abc")}
        if name == "receipt":
            step["class"] = "transactional"
        if self.chance.random() < 0.4:
            step["expires_after"] = self.chance.choice(("3 hours", "1 day", "4 days"))
        step["on_doubt"] = self.chance.choice(("drop", "drop", "drop", "hold", "resend"))
        return step

    def _wait(self, _name: str) -> Row:
        length = self.chance.choice(("10 minutes", "5 hours", "1 day", "3 days", "8 days"))
        step: Row = {"id": self._id("w"), "wait": length}
        if "day" in length and self.chance.random() < 0.5:
            step["at"] = self.chance.choice(("02:30", "09:00", "21:00"))
        return step

    def _wait_for(self, name: str) -> Row:
        event = self.chance.choice(("email_clicked", "email_delivered", "order_delivered", "product_viewed"))
        up_to = self.chance.choice(("6 hours", "2 days", "6 days"))
        step: Row = {"id": self._id("f"), "wait_for": event, "up_to": up_to}
        if "key" in _HEADS[name]["trigger"]:
            step["any_key"] = "true"
        return {**step, "otherwise": [self._message(name)]}

    def _branch(self, name: str) -> Row:
        ways: list[Row] = [
            {"if": "total_orders >= 2", "then": [self._message(name)]},
            {"else": [self._wait(name)]},
        ]
        return {"id": self._id("b"), "branch": ways}

    def _split(self, name: str) -> Row:
        step = self._id("s")
        arms = {"one": {"share": "50%", "steps": [self._message(name)]}, "other": {"share": "50%"}}
        return {"id": step, "split": step, "arms": arms}

    def _repeat(self, name: str) -> Row:
        return {"id": self._id("r"), "repeat": "2 times", "every": "2 days", "steps": [self._message(name)]}


def file_of(shop: Shop, text: str) -> JourneyFile:
    """The journey as `nurture publish` would read it."""
    name = json.loads(text)["journey"]
    compiled = compile_journey(text, f"{name}.yaml", shop.context)
    assert compiled.plan is not None, "\n".join(map(render, compiled.problems))
    return JourneyFile(name, f"journeys/{name}.yaml", text, compiled.plan, shop.context)
