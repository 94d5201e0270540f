"""What every job needs: the store, the workspace's settings, and what is made from them once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nurture import digests
from nurture.compiler.plan import Newcomers, Plan
from nurture.criteria import Condition, parse_all
from nurture.engine.decide import exit_needs
from nurture.model import Basis, Channel, Field
from nurture.settings import ChannelConfig, Settings
from nurture.steps import Repeat, StepContext, WaitFor
from nurture.store import journeys as journey_store
from nurture.store.criteria import Criteria
from nurture.store.engine import Store, Tx
from nurture.vocabulary import EVENT_ALIASES, contact_fields, event_fields

if TYPE_CHECKING:
    from nurture.channels.base import Carrier
    from nurture.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Live:
    """A published journey: its name, live version and plan, and where its clock stands; and the version that a share
    of newcomers enters instead, if there is one."""

    name: str
    version_id: int
    number: int
    plan: Plan
    paused_at: datetime | None
    evaluated_to: datetime | None
    first_published_at: datetime
    canary: Live | None = None

    @property
    def ways(self) -> tuple[Live, ...]:
        """Each version that newcomers enter."""
        return (self,) if self.canary is None else (self, self.canary)

    def way_of(self, ref: str) -> Live:
        """The version that this person would enter."""
        chosen = self.canary.plan.newcomers if self.canary else None
        if self.canary is None or chosen is None:
            return self
        return self.canary if digests.bucket(chosen.salt, digests.hash31(ref)) < chosen.share else self


@dataclass
class Runtime:
    """One workspace at work. Not shared between threads. Whatever zone its clock is in, `now()` is in UTC."""

    store: Store
    settings: Settings
    folder: Path
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    stopping: Callable[[], bool] = lambda: False  # asked between batches and waves: True ends the job there
    # Lets seconds go by; None: the clock jumps, and nobody waits.
    wait: Callable[[float], object] | None = None
    unfinished: list[Any] = field(default_factory=list)  # deliveries whose last transaction failed
    asked_after: dict[int, datetime] = field(default_factory=dict)  # messages in doubt, and when
    silent: set[Channel] = field(default_factory=set)  # channels whose last answers were all lost
    _plans: dict[int, Plan] = field(default_factory=dict)
    _listens: dict[int, frozenset[str] | None] = field(default_factory=dict)
    _in_use: tuple[int, frozenset[int]] | None = None  # the newest version then, and those in use
    _alive: tuple[list[Mapping[str, Any]], tuple[Live, ...]] | None = None  # rows, and what was made of them
    _carriers: dict[Channel, Carrier] = field(default_factory=dict)
    _criteria: Criteria | None = None

    def __post_init__(self) -> None:
        clock = self.now
        # in any other zone "60 days before" would be 60 days on the wall: an hour off across a change of clocks
        self.now = lambda: clock().astimezone(UTC)

    @property
    def secret(self) -> bytes:
        """The key of digests: the oldest one, so that rotating link keys changes no digest."""
        return self.settings.secrets[-1][1]

    @cached_property
    def bases(self) -> Mapping[str, Basis]:
        """The legal ground of each topic."""
        return {name: topic.basis for name, topic in self.settings.topics.items()}

    @cached_property
    def contact_fields(self) -> Mapping[str, Field]:
        return contact_fields(self.settings.fields)

    @cached_property
    def computed(self) -> Mapping[str, Field]:
        """The fields that are computed from others."""
        return {name: each for name, each in self.settings.fields.items() if each.computed is not None}

    @cached_property
    def event_fields(self) -> Mapping[str, tuple[Field, ...]]:
        return event_fields(self.settings.events)

    @cached_property
    def event_aliases(self) -> Mapping[str, str]:
        return {**EVENT_ALIASES, **self.settings.event_aliases}

    @cached_property
    def segments(self) -> Mapping[str, Condition]:
        """The condition of each segment."""
        return parse_all(self.settings.segments)

    @cached_property
    def return_path(self) -> str | None:
        """Where mails come back to, with a key put into it for each; None where they come back to the sender."""
        config = self.settings.channels.get(Channel.EMAIL)
        return config.options.get("return_path") if config and config.provider == "smtp" else None

    @cached_property
    def step_context(self) -> StepContext:
        """What steps use of the settings."""
        company = self.settings.company
        return StepContext(
            coupons=self.settings.coupons,
            secret=self.secret,
            holidays=company.country,
            leap_day=self.settings.leap_day,
            zone=company.zone,
        )

    @cached_property
    def renderer(self) -> Renderer:
        from nurture.rendering.renderer import Renderer
        from nurture.rendering.sources import TemplateSources

        return Renderer(TemplateSources.of_workspace(self.folder), self.settings)

    def criteria(self, tx: Tx, now: datetime) -> Criteria:
        """Conditions as SQL, looked at as of `now`. What was made for them once is kept."""
        if self._criteria is None:
            self._criteria = Criteria(
                tx.dialect.name,
                self.contact_fields,
                self.event_fields,
                now,
                self.settings.company.zone,
                self.segments,
            )
        return self._criteria.at(now)

    def carrier(self, channel: Channel) -> Carrier:
        """The open provider of a channel. Raises NurtureError where it can't be opened."""
        from nurture.channels import open_carrier

        if channel not in self._carriers:
            self._carriers[channel] = open_carrier(self._channel(channel))
        return self._carriers[channel]

    def stand_in(self, channel: Channel, carrier: Carrier) -> None:
        """Have this carrier take what a channel sends, whoever is configured for it."""
        self._carriers[channel] = carrier

    def _channel(self, channel: Channel) -> ChannelConfig:
        """A channel's configuration; providers that report to a callback use our own address unless told otherwise."""
        from nurture.channels import CALLBACKS

        config = self.settings.channels[channel]
        if (
            config.provider not in CALLBACKS
            or "callback" in config.options
            or not self.settings.web_url.startswith("https:")
        ):
            return config
        callback = f"{self.settings.web_url.rstrip('/')}/webhooks/{config.provider}/status"
        return replace(config, options={**config.options, "callback": callback})

    def plan(self, tx: Tx, version_id: int) -> Plan:
        """The plan of a published version, compiled from the text that was published."""
        if version_id not in self._plans:
            self._plans[version_id] = _compile(journey_store.version(tx, version_id))
        return self._plans[version_id]

    def plans(self, tx: Tx) -> dict[int, Plan]:
        """The plan of every version ever published, by its id."""
        return {version_id: self.plan(tx, version_id) for version_id in journey_store.version_ids(tx)}

    def forget(self, version_id: int) -> None:
        """Drop what is kept of a version that was rolled back: another one may get its id."""
        self._plans.pop(version_id, None)
        self._listens.pop(version_id, None)
        self._in_use = self._alive = None

    def forget_all(self) -> None:
        """Drop what is kept of every version."""
        self._plans.clear()
        self._listens.clear()
        self._in_use = self._alive = None

    def in_use(self, tx: Tx) -> frozenset[int]:
        """Versions that may have people inside: those in use when this was first asked, and all published since.

        Looking through a million runs for each batch would take longer than the batch.
        """
        if self._in_use is None:
            self._in_use = max(journey_store.version_ids(tx), default=0), frozenset(journey_store.in_use(tx))
        newest, found = self._in_use
        return found.union(journey_store.newer(tx, newest))

    def listens(self, tx: Tx, version_id: int) -> frozenset[str] | None:
        """The events that runs of this version react to; None: to any change of the person."""
        if version_id not in self._listens:
            self._listens[version_id] = _listens(self.plan(tx, version_id))
        return self._listens[version_id]

    def live(self, tx: Tx) -> Sequence[Live]:
        """The published journeys as they are now. They are made again only where a row of them has changed."""
        rows = journey_store.live(tx)
        if self._alive is None or self._alive[0] != rows:
            self._alive = rows, tuple(self._live(tx, row) for row in rows)
        return self._alive[1]

    def _live(self, tx: Tx, row: Mapping[str, Any]) -> Live:
        found = Live(
            name=row["name"],
            version_id=row["version_id"],
            number=row["number"],
            plan=self.plan(tx, row["version_id"]),
            paused_at=row["paused_at"],
            evaluated_to=row["evaluated_to"],
            first_published_at=row["first_published_at"],
        )
        return found if row["canary_id"] is None else self._with_canary(tx, found, row)

    def _with_canary(self, tx: Tx, found: Live, row: Mapping[str, Any]) -> Live:
        number, version_id = row["canary_number"], row["canary_id"]
        chosen = Newcomers(f"{found.name}/{number}", row["share"])
        plan = replace(self.plan(tx, version_id), newcomers=chosen)
        canary = replace(found, version_id=version_id, number=number, plan=plan)
        rest = replace(found.plan, newcomers=replace(chosen, others=True))
        return replace(found, plan=rest, canary=canary)

    def close(self) -> None:
        for carrier in self._carriers.values():
            carrier.close()
        self._carriers.clear()
        self.store.close()


def _listens(plan: Plan) -> frozenset[str] | None:
    """Names of events in exits and waits; None where a condition has to be looked at whatever happens."""
    names: set[str] = set()
    for needs in (
        exit_needs(plan),
        *(step.needs() for step in plan.steps.values() if isinstance(step, WaitFor | Repeat)),
    ):
        if needs.conditions:
            return None
        names |= {match.name for _, match in needs.events}
    return frozenset(names)


def _compile(version: Mapping[str, Any]) -> Plan:
    from nurture.compiler import CompileContext, compile_journey
    from nurture.problems import NurtureError

    compiled = compile_journey(
        version["source"], version["file"], CompileContext.from_json(version["context"]), published=True
    )
    if compiled.plan is None:
        raise NurtureError(
            f"journey {version['journey']!r} version {version['number']} was published but no longer compiles",
            problems=tuple(compiled.problems),
        )
    return compiled.plan
