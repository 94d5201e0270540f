"""Drawn journeys lived through by the production jobs, in many ways: the clock jumps or ticks, batches are small or
large, one worker or several, on either database. What came of it must be the same.

Two things may depend on when a job runs, and are the same in each way. Who enters by the clock enters when it is looked
at, and so does who moves between segments: every way looks at the same hours (`LOOK`). And an event is known once
`process` has taken it in, so a message that was sent at this instant may end a run that `advance` would complete:
workers do the same job at once, one job after the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from nurture.app import advance, deliver, evaluate, process
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.simulating import working
from nurture.app.standing_in import StandIn
from nurture.app.workspace import JourneyFile
from nurture.compiler import CompileContext, compile_journey
from nurture.model import Channel, Person
from nurture.settings import Settings
from nurture.store import tables
from nurture.store.engine import Store
from nurture.triggers import EventTrigger, ManualTrigger
from tests.support.criteria_trees import Draw
from tests.support.drawn_journeys import NAME, Drawn, journeys
from tests.support.drawn_shop import WORDS, Shop
from tests.support.lives import CAST, Lives

START = datetime(2026, 3, 2, 13, tzinfo=UTC)  # a Monday, 10:00 in São Paulo
STORY = timedelta(days=20)  # so long things happen
REST = timedelta(days=400)  # so long afterwards the clock goes on
LOOK = timedelta(hours=24)
MOST = 4  # journeys that live together
NAMES = tuple(f"{NAME}-{number}" if number > 1 else NAME for number in range(1, MOST + 1))
Row = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """How the jobs run. `tick`: they also run so often where nothing is due."""

    dialect: str = "sqlite"
    batch: int = 1000
    workers: int = 1
    tick: timedelta | None = None


@dataclass(frozen=True)
class Happening:
    at: datetime
    who: str
    what: str  # an event, or what she does with her last message: `clicks`, `opens`, ...
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """Journeys that are live together, and what happens."""

    journeys: tuple[Drawn, ...]
    happenings: tuple[Happening, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Each journey under a name of its own."""
        named = zip(NAMES, self.journeys, strict=False)
        return tuple(
            re.sub(rf"^journey: {NAME}$", f"journey: {name}", each.text, flags=re.M) for name, each in named
        )

    def __repr__(self) -> str:
        return "\n---\n".join(self.texts) + "\n---\n" + "\n".join(map(str, self.happenings))


# --- what happens ---------------------------------------------------------------------------------


def stories(shop: Shop, most: int = MOST) -> st.SearchStrategy[Story]:
    """Up to so many journeys, and what four people do meanwhile."""
    one = journeys(shop.context, WORDS)

    @st.composite
    def story(draw: Draw) -> Story:
        drawn = tuple(draw(one) for _ in range(draw(st.integers(1, most))))
        found = [_happening(draw) for _ in range(draw(st.integers(2, 12)))]
        found += [
            _start(draw, number) for number in range(len(drawn)) for _ in range(draw(st.integers(1, 3)))
        ]
        return Story(drawn, tuple(sorted(found, key=lambda each: each.at)))

    return story()


def context_of(shop: Shop) -> CompileContext:
    """The words of the shop, with the journeys that live in it."""
    return replace(shop.context, journeys=(*shop.context.journeys, *NAMES))


STARTS = "starts"
_TOLD: Row = {  # of an event that starts a journey, whatever it is
    "total": 100,
    "items": [{"item_id": "c1"}, {"item_id": "c2"}],
    "status": "pro",
    "product_id": "c1",
    "page": "pro",
    "form": "ebook-crm",
    "survey": "nps",
    "score": 9,
    "webinar_id": "1",
    "plan": "pro",
    "starts_at": "2026-03-14T13:00:00+00:00",
    "ends_at": "2026-03-20T13:00:00+00:00",
    "class": "human",
}
_ORDERS = ("order_completed", "order_completed", "order_refunded")
_REACTIONS = ("clicks", "clicks", "opens", "bounces", "complains", "answers")
_SETS: tuple[Row, ...] = (
    {"plan": "pro"},
    {"plan": "free", "country": "PT"},
    {"vip": True, "points": 5},
    {"stage": "mql"},
    {"stage": "customer"},
    {"trial_ends": "2026-03-12"},
    {"birthday": "1990-03-10"},
    {"interests": ["free", "c1"]},
)


def _start(draw: Draw, number: int) -> Happening:
    """What starts the journey of this number, if an event or a person can."""
    return Happening(*_when(draw, 6), STARTS, {"number": number, "order_id": str(draw(st.integers(1, 3)))})


def _when(draw: Draw, days: int) -> tuple[datetime, str]:
    minutes = draw(st.integers(0, days)) * 1440 + draw(st.sampled_from((0, 0, 61, 125, 600, 1439)))
    return START + timedelta(minutes=minutes), draw(st.sampled_from(sorted(CAST)))


def _happening(draw: Draw) -> Happening:
    at, who = _when(draw, 20)
    sort = draw(st.integers(0, 8))
    if sort < 2:
        name, number = draw(st.sampled_from(_ORDERS)), draw(st.integers(1, 3))
        items = [{"item_id": "c1"}, {"item_id": "c2"}][: draw(st.integers(0, 2))]
        total = draw(st.sampled_from((5, 100, 175.26)))
        return Happening(
            at, who, name, {"order_id": str(number), "total": total, "items": items, "status": "pro"}
        )
    if sort == 2:
        starts = {"starts_at": (at + timedelta(days=3)).isoformat(), "webinar_id": "1"}
        return Happening(at, who, "webinar_booked", starts)
    if sort == 3:
        form = {"form": draw(st.sampled_from(("ebook-crm", "contact"))), "page": "pro"}
        return Happening(at, who, "form_submitted", form)
    if sort == 4:
        viewed = draw(st.sampled_from(("signed_up", "product_viewed")))
        return Happening(at, who, viewed, {"product_id": "c1", "price": 5, "category": "pro"})
    if sort == 5:
        return Happening(at, who, "sets", draw(st.sampled_from(_SETS)))
    if sort == 6:
        return Happening(at, who, draw(st.sampled_from(("withdraws", "consents"))), {"topic": "news"})
    if sort == 7:
        return Happening(at, who, "points", {"by": draw(st.sampled_from((2, 60, 100)))})
    return Happening(at, who, draw(st.sampled_from(_REACTIONS)))


# --- living ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lived:
    """What came of it, as lines: the same in each way. `inside` are the runs that have not ended."""

    lines: tuple[str, ...]
    inside: tuple[str, ...]

    def unlike(self, other: Lived) -> str:
        """The lines in which they differ."""
        mine, others = set(self.lines) - set(other.lines), set(other.lines) - set(self.lines)
        return "\n".join([*(f"- {line}" for line in sorted(mine)), *(f"+ {line}" for line in sorted(others))])


def lived(shop: Shop, story: Story, way: Way, url: str, folder: Path) -> Lived:
    """Live through it on the database at this URL, with room for messages in the folder."""
    life = _Life(shop, story, way, url, folder)
    try:
        life.live()
        return life.told()
    finally:
        life.close()


class _Life:
    def __init__(self, shop: Shop, story: Story, way: Way, url: str, folder: Path) -> None:
        assert shop.workspace.settings is not None
        settings = _into(shop.workspace.settings, folder)
        self.story, self.way, self.at = story, way, START - timedelta(days=1)
        self.runtimes = [
            Runtime(Store(url, durable=False), settings, shop.workspace.folder, now=lambda: self.at)
            for _ in range(way.workers)
        ]
        for runtime in self.runtimes:
            runtime.stand_in(Channel.WEBHOOK, StandIn(runtime, {}))  # whatever is called answers nothing
        self.lives = Lives(self.runtimes[0], folder, "America/Sao_Paulo", self.at, LOOK, {}, CAST)
        self.pool = ThreadPoolExecutor(way.workers) if way.workers > 1 else None
        self.looked: datetime = START
        self.shop = shop

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown()
        for runtime in self.runtimes:
            runtime.close()

    def live(self) -> None:
        self.lives.at = self.at
        for who, traits in CAST.items():
            said = [*traits["consents"], "news by whatsapp"]
            known = {"country": "BR", "owner": "chloe@example.com", "consents": said}
            self.lives.arrive(who, {**traits, **known})
        self.go_to(START)
        files = journey_files(self.shop, self.story.texts)
        self.plans = [file.plan for file in files if file.name != "nudge"]
        publish(self.runtimes[0], files, self.at)
        for happening in self.story.happenings:
            self.go_to(happening.at, looking=True)
            self.happen(happening)
            self.work()
        self.go_to(START + STORY + LOOK, looking=True)
        self.go_to(START + STORY + REST)

    # --- time -----------------------------------------------------------------------------------

    def go_to(self, end: datetime, looking: bool = False) -> None:
        """Let time pass: wherever something is due the jobs run, and at the ticks."""
        while True:
            moments = [working.next_due(self.runtimes[0]), self.tick(looking), self.look(looking)]
            found = min((at for at in moments if at is not None), default=None)
            if found is None or found > end:
                break
            self.at = max(found, self.at)
            if looking and self.at == self.look(looking):
                self.looked = self.at
                evaluate.evaluate(self.runtimes[0], self.at)
            if self.is_due() or self.way.tick is not None:
                self.work()
        self.at = max(self.at, end)

    def tick(self, looking: bool) -> datetime | None:
        """The next tick; once the story is told only what is due."""
        if self.way.tick is None or not looking:
            return None
        return START + ((self.at - START) // self.way.tick + 1) * self.way.tick

    def look(self, looking: bool) -> datetime | None:
        return self.looked + LOOK if looking else None

    def work(self) -> None:
        """The jobs at this instant, by all workers at once, until nothing is left to do at it."""
        for _ in range(60):
            for job in (process.process, advance.advance, deliver.deliver):
                self.together(job)
            if not self.is_due():
                return
        raise AssertionError(f"at {self.at} the jobs find something to do for ever")

    def is_due(self) -> bool:
        due = working.next_due(self.runtimes[0])
        return due is not None and due <= self.at

    def together(self, job: Callable[..., Any]) -> None:
        """Each worker does this job at this instant."""

        def do(runtime: Runtime) -> None:
            job(runtime, self.at, batch=self.way.batch)

        if self.pool is None:
            do(self.runtimes[0])
        else:
            list(self.pool.map(do, self.runtimes))

    # --- what happens ---------------------------------------------------------------------------

    def happen(self, happening: Happening) -> None:
        self.lives.at, who, what = self.at, happening.who, happening.what
        values = dict(happening.values)
        match what:
            case "sets":
                self.lives.tell(who, "identified", traits=values)
            case "withdraws" | "consents" | "points":
                told = (
                    {what: values["topic"]} if "topic" in values else {what: "interest", "by": values["by"]}
                )
                self.lives.happen({**told, "who": who})
            case _ if what == STARTS:
                self.start(who, values)
            case "clicks" | "opens" | "bounces" | "complains" | "answers":
                self.react(who, what)
            case _:
                self.lives.tell(who, what, payload=values)

    def start(self, who: str, values: Row) -> None:
        plan = self.plans[values.pop("number")]
        for trigger in plan.trigger.parts.values():
            if isinstance(trigger, EventTrigger):
                self.lives.tell(who, trigger.name, payload={**_TOLD, **values, **trigger.told})
                return
            if isinstance(trigger, ManualTrigger):
                self.lives.happen({"enter": plan.journey, "who": who})
                return

    def react(self, who: str, how: str) -> None:
        """She does something with the last message that reached her, if one did."""
        with self.runtimes[0].store.read() as tx:
            mine = sa.select(tables.messages).where(
                tables.messages.c.contact_id == self.lives.contact(who)["id"],
                tables.messages.c.accepted_at.is_not(None),
                tables.messages.c.recipient.is_(None),
            )
            sent = [dict(row) for row in tx.execute(mine).mappings()]
        if not sent:
            return
        last = max(sent, key=lambda row: (row["accepted_at"], row["journey"], row["step"], row["slot"]))
        about = {name: last[name] for name in ("journey", "step", "template")} | {"message": last["key"]}
        verb = {"clicks": "clicked", "opens": "opened", "bounces": "bounced", "complains": "complained"}.get(
            how
        )
        name = f"{last['channel']}_{verb}" if verb else "survey_answered"
        fields = {"class": "human"} if verb else {"survey": "nps", "score": 9}
        self.lives.tell(who, name, person=Person(), message_key=last["key"], payload={**about, **fields})

    # --- what came of it ------------------------------------------------------------------------

    def told(self) -> Lived:
        with self.runtimes[0].store.read() as tx:
            rows = _told(lambda table: [dict(row) for row in tx.execute(sa.select(table)).mappings()])
        inside = [_text(row) for row in rows if row.get("status") == "active"]
        return Lived(tuple(sorted(map(_text, rows))), tuple(inside))


def _into(settings: Settings, folder: Path) -> Settings:
    options = {"folder": str(folder / "outbox"), "fsync": "false"}
    return replace(
        settings, channels={each: replace(settings.channels[each], options=options) for each in Channel}
    )


def journey_files(shop: Shop, texts: Sequence[str]) -> list[JourneyFile]:
    context = context_of(shop)
    found = list(shop.workspace.journeys.values())
    for text in texts:
        compiled = compile_journey(text, "drawn.yaml", context)
        assert compiled.plan is not None, compiled.problems
        found.append(JourneyFile(compiled.plan.journey, "drawn.yaml", text, compiled.plan, context))
    return found


_OF_RUN = (
    "journey",
    "key",
    "entered_at",
    "status",
    "exit_reason",
    "ended_at",
    "step",
    "memory",
    "trigger_name",
)
_OF_MESSAGE = (
    "step",
    "slot",
    "channel",
    "class",
    "topic",
    "template",
    "state",
    "reason",
    "subject",
    "variables",
)
_OF_MESSAGE += ("planned_at", "due_at", "accepted_at", "done_at", "arm", "on_cap")
_OF_TRACE = ("at", "step", "reason", "seen")
_OF_COUPON = ("step", "pool", "issued_at", "expires_at")
_OF_TASK = ("step", "title", "assign", "due_at")
_OF_CONTACT = (
    "ref",
    "stage",
    "country",
    "fields",
    "email_suppressed",
    "phone_suppressed",
    "whatsapp_suppressed",
    "owner",
    "total_orders",
)


def _told(rows: Callable[[sa.Table], list[Row]]) -> list[Row]:
    """Runs with their traces, messages, coupons and tasks, and what people have become."""
    who = {row["id"]: row["ref"] for row in rows(tables.contacts)}
    of_run: dict[int, Row] = {row["id"]: {"run": row} for row in rows(tables.enrollments)}
    for table in (tables.traces, tables.messages, tables.coupons, tables.tasks):
        for row in sorted(rows(table), key=lambda row: row.get("id", 0)):
            of_run[row["enrollment_id"]].setdefault(table.name, []).append(row)
    people = [{name: row[name] for name in _OF_CONTACT} for row in rows(tables.contacts)]
    tags = [{"ref": who[row["contact_id"]], "tag": row["tag"]} for row in rows(tables.contact_tags)]
    points = [{"ref": who[row["contact_id"]], row["name"]: row["value"]} for row in rows(tables.scores)]
    return [
        *({"ref": who[one["run"]["contact_id"]], **_run(one)} for one in of_run.values()),
        *people,
        *tags,
        *points,
    ]


def _run(one: Row) -> Row:
    messages = [{name: row[name] for name in _OF_MESSAGE} for row in one.get("messages", ())]
    coupons = [{name: row[name] for name in _OF_COUPON} for row in one.get("coupons", ())]
    tasks = [{name: row[name] for name in _OF_TASK} for row in one.get("tasks", ())]
    return {
        **{name: one["run"][name] for name in _OF_RUN},
        "traces": [{name: row[name] for name in _OF_TRACE} for row in one.get("traces", ())],
        "made": sorted(map(_text, (*messages, *coupons, *tasks))),
    }


def _text(row: Row) -> str:
    """The same text for the same values, whatever the order of keys in a database's documents."""
    return json.dumps(row, default=str, sort_keys=True, ensure_ascii=False)
