"""Journeys lived through in a test: the production jobs on a real store, a clock that jumps to what is due
next, and the traces as lines to compare with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nurture import clock
from nurture.app import (
    advance,
    changes,
    deliver,
    doubts,
    evaluate,
    hearing,
    merging,
    moving,
    opt_outs,
    pause,
    process,
    report,
    tasks,
)
from nurture.app.due import next_due
from nurture.app.entering import enter_by_hand
from nurture.app.ingest import ingest
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.timelines import consent
from nurture.app.workspace import load
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.problems import render
from nurture.reports.figures import Period
from nurture.store import contacts, enrollments, messages, tables
from nurture.store.engine import Store
from nurture.triggers import BY_CLOCK
from tests.support import lives_crowd
from tests.support.lives_carriers import Said, in_short, stand_in

NURTURE_YAML = """
company:
  name: Volta
  postal_address: Rua das Flores 10, São Paulo
  website: https://volta.example
  zone: America/Sao_Paulo
  locale: en
  country: BR
  currency: BRL
channels:
  email: {provider: outbox, sender: {address: oi@volta.example, name: Volta}}
  sms: {provider: outbox, sender: {address: "+5511900000000"}}
  whatsapp: {provider: outbox, sender: {address: "+5511900000000"}}
  webhook: {provider: outbox, hosts: crm.example}
  note: {provider: outbox, places: {sales: "slack://"}}
topics:
  news: News
  offers: Offers
  surveys: {title: Surveys, basis: legitimate_interest}
web: {url: "http://127.0.0.1:8025"}
secret: "${NURTURE_SECRET}"
"""
TITLE = "<title>{% block subject %}Oi{% endblock %}</title>"
FILES = {
    ".env": "NURTURE_SECRET=a secret of thirty-two characters\n",
    "coupons.yaml": "GIFT: {pattern: G-########, percent: 15, valid: 14 days}\n",
    "surveys.yaml": "nps: {question: Would you recommend us?}\n",
    "events.yaml": "events:\n  webinar_booked: {fields: {starts_at: instant}}\n",
    "fields.yaml": "plan: {type: text}\ntrial_ends: {type: date}\ncontract_start: {type: date}\n"
    "renewal_on: {is: contract_start + 1 year}\nadult_on: {is: birthday + 18 years}\n"
    "booked_at: {type: instant}\nreview_at: {is: booked_at - 2 days}\n",
    "templates/tasks/lead.txt": "{{ first_name or 'Somebody' }} signed up.",
    "templates/email/a.html": TITLE
    + '<p>{{ first_name or "you" }}</p><a href="{{ unsubscribe_url }}">no</a>',
    "templates/email/a.txt": 'Dear {{ first_name or "you" }}\n{{ unsubscribe_url }}',
    "templates/email/b.html": TITLE + '<p>B</p><a href="{{ unsubscribe_url }}">no</a>',
    "templates/email/b.txt": "B\n{{ unsubscribe_url }}",
    "templates/email/coupon.html": TITLE + '<p>{{ coupon.code }}</p><a href="{{ unsubscribe_url }}">no</a>',
    "templates/email/coupon.txt": "{{ coupon.code }}\n{{ unsubscribe_url }}",
    "templates/email/survey/nps.html": TITLE
    + '<p>{{ survey.question }}</p><a href="{{ unsubscribe_url }}">no</a>',
    "templates/email/survey/nps.txt": "{{ survey.url }}\n{{ unsubscribe_url }}",
    "templates/sms/a.txt": "Volta: oi",
    "whatsapp.yaml": "b: {category: utility}\nsurvey/nps: {category: marketing}\n",
    "templates/whatsapp/a.txt": "Volta: a",
    "templates/whatsapp/b.txt": "Oi {{ first_name | default('você') }}, aqui é da Volta.",
    "templates/whatsapp/survey/nps.txt": "Uma pergunta.\n[Responder]({{ survey.url }})",
}
MOMENT = timedelta(microseconds=1)
# What the lines around it show anyway.
UNSEEN = ("message.written", "webhook.written", "message.accepted", "end", "wait.over", "exit.")


@dataclass
class Lives:
    """A workspace of a test, and the time in it. Times are read and shown in `zone`."""

    runtime: Runtime
    folder: Path
    zone: str
    at: datetime
    tick: timedelta
    journeys: Mapping[str, str]
    people: Collection[str]
    times: int = 1  # how often each job runs at an instant
    batch: int = 1000  # and how much of it at once
    said: Said = field(default_factory=dict)  # what messages say, by their key, where the case shows it
    converted: bool = False  # whether the case shows who came to the goal
    _numbers: Iterator[int] = field(default_factory=count)

    def close(self) -> None:
        self.runtime.close()

    # --- time --------------------------------------------------------------------------------

    def moment(self, text: str) -> datetime:
        """`2026-03-02 10:00` or with seconds."""
        wall = datetime.fromisoformat(text)
        return clock.at_wall(wall.date(), wall.hour * 60 + wall.minute, self.zone).astimezone(
            UTC
        ) + timedelta(seconds=wall.second)

    def go_to(self, end: datetime) -> None:
        """Let time pass, stopping wherever something is due, and at each tick where time pulls a trigger: on SQLite at
        every one, on PostgreSQL where the jobs say that it may."""
        due, ticking = self._due(), self._ticking()
        while True:
            found = [at for at in (due, self._next_tick() if ticking else None) if at is not None]
            if not found or min(found) > end:
                break
            self.at = max(min(found), self.at)
            idle = due is None or due > self.at  # then a trigger that finds nobody leaves nothing to do
            if not idle or any(evaluate.evaluate(self.runtime, self.at).values()):
                self.work()
                due, ticking = self._due(), self._ticking()
        self.at = max(self.at, end)
        self.work()

    def _ticking(self) -> bool:
        """Whether time alone may bring something about, which stands in no row."""
        with self.runtime.store.read() as tx:
            triggers = [each for live in self.runtime.live(tx) for each in live.plan.trigger.parts.values()]
        return bool(self.runtime.segments) or any(isinstance(each, BY_CLOCK) for each in triggers)

    def _next_tick(self) -> datetime | None:
        soonest = self.at
        if not self.runtime.store.is_sqlite and not self.runtime.segments:
            with self.runtime.store.read() as tx:
                coming = evaluate.next_due(self.runtime, tx, self.at)
            if coming is None:
                return None
            soonest = max(soonest, coming - MOMENT)
        midnight = datetime(2000, 1, 1, tzinfo=UTC)
        return midnight + ((soonest - midnight) // self.tick + 1) * self.tick

    def work(self) -> None:
        """Every job at this instant, until there is nothing left to do at it."""
        for _ in range(50):
            for _ in range(self.times):
                process.process(self.runtime, self.at, batch=self.batch)
                evaluate.evaluate(self.runtime, self.at)
                advance.advance(self.runtime, self.at, batch=self.batch)
                deliver.deliver(self.runtime, self.at, batch=self.batch)
            due = self._due()
            if due is None or due > self.at:
                return
        raise AssertionError(f"at {self.at} the jobs find something to do for ever")

    def _due(self) -> datetime | None:
        with self.runtime.store.read() as tx:
            return next_due(tx)._replace(message=self._next_message(tx)).soonest

    def _next_message(self, tx: Any) -> datetime | None:
        """When the next message is due; what a pause holds is not."""
        found: datetime | None = tx.execute(_NEXT_MESSAGE).scalar_one()
        return found

    # --- what happens --------------------------------------------------------------------------

    def publish(self, labels: Sequence[str]) -> None:
        for label in labels:
            text = self.journeys[label]
            name = text.split("journey:", 1)[1].split()[0]
            (self.folder / "journeys" / f"{name}.yaml").write_text(text, encoding="utf-8")
        workspace = load(self.folder)
        assert not workspace.errors, "\n".join(map(render, workspace.errors))
        publish(self.runtime, list(workspace.journeys.values()), self.at)

    def arrive(self, who: str, person: Mapping[str, Any]) -> None:
        """Somebody becomes known, with her consents and tags."""
        traits = dict(person)
        topics, tags = traits.pop("consents", []), traits.pop("tags", [])
        said = map(consent, topics)
        given = tuple(ConsentRecord(topic, True, how="form", channel=channel) for topic, channel in said)
        self.tell(who, "identified", traits=traits, consents=given)
        process.process(self.runtime, self.at)
        with self.runtime.store.begin() as tx:
            contacts.tag(tx, [(self.contact(who)["id"], tag) for tag in tags])

    def tell(self, who: str, name: str, **values: Any) -> None:
        """An event comes in; it has just happened unless `occurred_at` says otherwise."""
        told = {"person": Person(ref=who), "occurred_at": self.at, **values}
        event = NewEvent(name=name, source="test", source_id=f"{next(self._numbers):04}", **told)
        ingest(self.runtime.store, [event], self.at)

    def happen(self, happening: Mapping[str, Any]) -> None:
        """What one line of `happens` says, now."""
        rest = {key: value for key, value in happening.items() if key not in ("at", "who", "with")}
        (verb, what), who = next(iter(rest.items())), happening.get("who", "ana")
        values = dict(happening.get("with") or {})
        match verb:
            case "event":
                at = self.moment(happening["occurred"]) if "occurred" in happening else self.at
                silent = happening.get("silent", False)
                self.tell(who, what, payload=values, occurred_at=at, silent=silent)
            case "sets":
                self.tell(who, "identified", traits=what, silent=happening.get("silent", False))
            case "publish":
                self.publish([what])
            case "pause":
                pause.pause(self.runtime, [what], self.at)
            case "resume":
                self._resume(what, happening.get("over"))
            case "eject":
                moving.take_out(self.runtime, what, [who], self.at)
            case "merges":
                merging.merge(self.runtime, who, what, "user:shop", self.at)
            case "points":
                self._points(who, what, happening["by"])
            case "enter":
                enter_by_hand(self.runtime, what, [who], self.at)
            case "withdraws" | "consents":
                self._say(who, what, given=verb == "consents")
            case "told":  # by the shop's own form
                topic, channel = consent(what)
                record = ConsentRecord(topic, given=happening["given"], how="form", channel=channel)
                self.tell(who, "identified", consents=(record,))
            case "done":
                tasks.close(self.runtime, self._task(what), values["outcome"], self.at)
            case "crowd":
                lives_crowd.happen(self, happening)
            case "writes":
                self._write(what, happening["text"])
            case "decides":
                self._decide(who, what, doubts.Word(happening["word"]))
            case "answers":
                self._answer(who, what, "survey_answered", values)
            case "delivers" | "clicks" | "opens" | "bounces" | "complains" | "replies":
                past = {
                    "delivers": "delivered",
                    "clicks": "clicked",
                    "opens": "opened",
                    "bounces": "bounced",
                    "complains": "complained",
                    "replies": "replied",
                }
                self._answer(who, what, f"{{channel}}_{past[verb]}", {"class": "human", **values})
            case "stops":  # by the phone itself
                opt_outs.stop(self.runtime, self.contact(who)["phone"], what, self.at)
            case _:
                raise AssertionError(f"nothing called {verb} can happen")

    def _resume(self, journey: str, over: str | None) -> None:
        """What is overdue leaves at once, or bit by bit over this time."""
        if over is None:
            pause.resume(self.runtime, [journey])
            return
        span = clock.parse_span(over).elapsed()
        pause.resume(self.runtime, [journey], self.at, overdue="spread", span=span)

    def _points(self, who: str, score: str, points: int) -> None:
        with self.runtime.store.begin() as tx:
            occasion = changes.Occasion(f"points:{next(self._numbers)}", self.at)
            wanted = changes.Points(self.contact(who)["id"], score, points, occasion)
            changes.add_points(tx, [wanted], hearing.heard_of_changes(self.runtime, tx), self.at)

    def _say(self, who: str, words: str, *, given: bool) -> None:
        person: int = self.contact(who)["id"]
        topic, channel = consent(words)
        if given:
            opt_outs.give(
                self.runtime, person, topic=topic, channel=channel, how="form", text_version="", now=self.at
            )
        else:
            opt_outs.withdraw(self.runtime, person, topic=topic, channel=channel, how="page", now=self.at)

    def contact(self, who: str) -> Mapping[str, Any]:
        with self.runtime.store.read() as tx:
            found = contacts.by_anything(tx, who)
        assert found is not None, who
        return found

    def _task(self, step: str) -> int:
        with self.runtime.store.read() as tx:
            chosen = sa.select(tables.tasks.c.id).where(tables.tasks.c.step == step)
            found: int = tx.execute(chosen.order_by(tables.tasks.c.id.desc())).scalars().first()
        return found

    def _write(self, name: str, text: str) -> None:
        """Somebody writes another coupons.yaml, and the jobs are started again."""
        (self.folder / name).write_text(text, encoding="utf-8")
        settings = load(self.folder).settings
        assert settings is not None
        self.runtime.settings = replace(self.runtime.settings, coupons=settings.coupons)
        vars(self.runtime).pop("step_context", None)

    def _decide(self, who: str, step: str, word: doubts.Word) -> None:
        """Somebody looked at the provider's log for the messages in doubt of this step."""
        found = [each.id for each in doubts.doubts(self.runtime) if (each.person, each.step) == (who, step)]
        assert found, f"nothing that step {step} sent is in doubt"
        doubts.settle(self.runtime, found, word, self.at)

    def _answer(self, who: str, step: str, name: str, values: Mapping[str, Any]) -> None:
        """The person reacts to the latest message that this step sent her."""
        with self.runtime.store.read() as tx:
            sent = [each for each in messages.of_contact(tx, self.contact(who)["id"]) if each["step"] == step]
        assert sent, f"step {step} has sent nothing"
        name = name.format(channel=sent[-1]["channel"])
        self.tell(who, name, person=Person(), message_key=sent[-1]["key"], payload=dict(values))

    # --- what came of it -------------------------------------------------------------------------

    def lines(self) -> list[tuple[datetime, str]]:
        """What happened, oldest first; the person and the journey where there are several."""
        with self.runtime.store.read() as tx:
            found = [line for run in self._runs(tx) for line in self._run(tx, run)]
        found += self.conversions() if self.converted else ()
        return sorted(found, key=lambda line: line[0])

    def conversions(self) -> Iterator[tuple[datetime, str]]:
        """Who came to the goal of the journey, and when, as the report's rows have it."""
        with self.runtime.store.read() as tx:
            plans = self.runtime.plans(tx)
        period = Period(self.at.date() - timedelta(days=300), self.at.date(), self.zone)
        rows = report.rows(self.runtime.store, self.runtime.settings, plans, period, self.at, "outcomes")
        for row in rows:
            if row["converts"]:
                at = datetime.fromisoformat(row["at"]).astimezone(UTC)
                yield at, f"{self._whose(row['contact'], row['journey'])}converted"

    def _whose(self, person: str, journey: str) -> str:
        """The person and the journey where there are several."""
        many = len({text.split("journey:", 1)[1].split()[0] for text in self.journeys.values()}) > 1
        return (f"{person} " if len(self.people) > 1 else "") + (f"{journey} " if many else "")

    def _runs(self, tx: Any) -> list[Mapping[str, Any]]:
        e, c, v = tables.enrollments, tables.contacts, tables.journey_versions
        chosen = sa.select(e, c.c.ref, v.c.number).join(c, c.c.id == e.c.contact_id)
        chosen = chosen.join(v, v.c.id == e.c.version_id).order_by(e.c.entered_at, e.c.id)
        chosen = chosen.where(c.c.ref.not_like(f"{lives_crowd.NAME}%"))
        return list(tx.execute(chosen).mappings())

    def _run(self, tx: Any, run: Mapping[str, Any]) -> Iterator[tuple[datetime, str]]:
        whose = self._whose(run["ref"], run["journey"])
        version = f" v{run['number']}" if run["number"] > 1 else ""
        if run["status"] == "held_out":
            yield run["entered_at"], f"{whose}held out{version}"
            return
        yield run["entered_at"], f"{whose}entered{version}"
        for trace in enrollments.traces_of(tx, run["id"]):
            if not trace["reason"].startswith(UNSEEN):
                yield trace["at"], f"{whose}{trace['step']} {trace['reason']}"
        for sent in messages.of_contact(tx, run["contact_id"]):
            if sent["enrollment_id"] == run["id"] and sent["accepted_at"] is not None:
                arm = f", arm {sent['arm']}" if sent["arm"] else ""
                said = self.said.get(sent["key"])
                words = f' "{in_short(sent["channel"], said)}"' if said is not None else ""
                yield sent["accepted_at"], f"{whose}{sent['step']} sent by {sent['channel']}{arm}{words}"
        if run["ended_at"] is not None:
            reason = f" {run['exit_reason']}" if run["exit_reason"] else ""
            yield run["ended_at"], f"{whose}{run['status']}{reason}"


_PAUSED = sa.select(tables.journeys.c.name).where(tables.journeys.c.paused_at.is_not(None))
_NEXT_MESSAGE = sa.select(sa.func.min(tables.messages.c.due_at)).where(
    tables.messages.c.state.in_(messages.READY), tables.messages.c.journey.not_in(_PAUSED)
)


def open_lives(url: str, folder: Path, case: Mapping[str, Any]) -> Lives:
    """The workspace of a case, with its people known a day before anything happens."""
    texts = {"nurture.yaml": NURTURE_YAML + case.get("workspace", ""), **FILES, **case.get("files", {})}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "journeys").mkdir()
    workspace = load(folder)
    assert workspace.settings is not None, "\n".join(map(render, workspace.problems))
    options = {"folder": str(folder / "outbox"), "fsync": "false"}
    channels = {
        channel: replace(config, options=options) for channel, config in workspace.settings.channels.items()
    }
    runtime = Runtime(Store(url, durable=False), replace(workspace.settings, channels=channels), folder)
    said = stand_in(runtime, case)
    hours = clock.parse_span(case.get("tick", "1 hour")).elapsed()
    lives = Lives(
        runtime,
        folder,
        case.get("zone", "America/Sao_Paulo"),
        datetime.min.replace(tzinfo=UTC),
        hours,
        case["journeys"],
        case.get("people", {"ana"}),
        said=said if case.get("says") else {},
        converted=case.get("converted", False),
    )
    first = min(lives.moment(each["at"]) for each in case["happens"])
    lives.at = first - timedelta(days=1)
    runtime.now = lambda: lives.at
    return lives


CAST: Mapping[str, Mapping[str, Any]] = {
    "ana": {
        "first_name": "Ana",
        "email": "ana@example.com",
        "phone": "+5511981234567",
        "consents": ["news", "offers"],
    },
    "bruno": {"first_name": "Bruno", "email": "bruno@example.com", "consents": ["news"]},
    "chloe": {"first_name": "Chloe", "email": "chloe@example.com", "consents": ["news", "offers"]},
    "davi": {
        "first_name": "Davi",
        "email": "davi@example.com",
        "zone": "America/Manaus",
        "consents": ["news", "offers"],
    },
}


def live(lives: Lives, case: Mapping[str, Any]) -> None:
    """Everything that the case says, from the first day to `until`."""
    for who in case.get("people", {"ana": {}}):
        lives.arrive(who, {**CAST.get(who, {}), **(case.get("people", {}).get(who) or {})})
    later = {each["publish"] for each in case["happens"] if "publish" in each}
    if "crowd" in case:
        lives_crowd.arrive(lives, case["crowd"])
    happenings = sorted(case["happens"], key=lambda each: lives.moment(each["at"]))
    lives.at = lives.moment(happenings[0]["at"]) - timedelta(minutes=1)
    lives.publish([label for label in lives.journeys if label not in later])
    for happening in happenings:
        lives.go_to(lives.moment(happening["at"]))
        lives.happen(happening)
        lives.work()
    lives.go_to(lives.moment(case["until"]))
