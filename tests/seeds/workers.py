"""Workers as coroutines in one process. Each goes on until the seed lets another one, which it does at fault points where
the worker holds no transaction. A crash is an exception that nobody catches: what the worker had in memory is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from greenlet import greenlet

from nurture.app.runtime import Runtime
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.store.engine import Store, Tx
from tests.seeds.provider import CARRIERS

if TYPE_CHECKING:
    from tests.seeds.world import World


class Crash(BaseException):
    """The process is gone."""


class Trouble(NurtureError):
    """The database could not be written, or could and didn't say so."""


class SeededStore(Store):
    """The database of a seed. Its commits are watched, and some of them fail: before, or after they are there."""

    def __init__(self, url: str, world: World) -> None:
        super().__init__(url, durable=False)
        self._world = world

    def lease_clock(self, tx: Tx) -> datetime:
        return self._world.at

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        world, who = self._world, self._world.at_work
        world.alive()
        fails = world.fails()
        who.transactions += 1
        try:
            with super().begin() as tx:
                yield tx
                if fails == "before":
                    raise Trouble("database: the seed lets this commit fail")
        finally:
            who.transactions -= 1
        world.watch.committed()
        if fails == "after":
            raise Trouble("database: the connection was lost with the answer to a commit")


class Actor:
    """Somebody with a process: `life` counts how often it was started."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name, self.life, self.transactions = world, name, 0, 0
        self.dead = False
        self.begin()

    @property
    def called(self) -> str:
        return f"{self.name}.{self.life}"

    def begin(self) -> None:
        """A new process: it knows nothing of the one before."""
        self.life += 1
        self.dead, self.transactions = False, 0
        shop = self.world.shop.workspace
        assert shop.settings is not None
        self.runtime = Runtime(self.world.store, shop.settings, shop.folder, now=lambda: self.world.at)
        self.runtime.__dict__["renderer"] = self.world.renderer  # what it knows of templates never changes
        for channel in (Channel.EMAIL, Channel.SMS):
            self.runtime.stand_in(channel, CARRIERS[self.world.temper.settles](self.world, channel))

    def die(self) -> None:
        self.dead = True
        self.world.buried(self)


class Worker(Actor):
    """One that does jobs."""

    def __init__(self, world: World, number: int) -> None:
        self.going: Any = None
        super().__init__(world, f"w{number}")

    @property
    def busy(self) -> bool:
        return self.going is not None

    def start(self, job: Callable[..., Any], batch: int) -> None:
        now = self.world.at

        def life() -> None:
            try:
                job(self.runtime, now, batch=batch)
            except NurtureError as error:
                self.world.note(f"{self.called} says: {str(error)[:60]}")
            except OSError as error:
                self.world.note(f"{self.called} fails: {error}")

        self.going = greenlet(life)
        self.go_on()

    def go_on(self) -> None:
        """Until it stands still again, is done, or dies."""
        self._switch(self.going.switch)

    def kill(self) -> None:
        """At the point where it stands still."""
        self.die()
        self._switch(lambda: self.going.throw(Crash))

    def _switch(self, switch: Callable[[], Any]) -> None:
        before, self.world.at_work = self.world.at_work, self
        try:
            switch()
        except Crash:
            pass
        finally:
            self.world.at_work = before
        if self.going.dead:
            self.going = None
        if self.dead:
            self.begin()

    def stand_still(self) -> None:
        assert self.transactions == 0
        self.going.parent.switch()
        if self.dead:
            raise Crash
