"""A workspace in which nothing is published, changed or paused any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nurture.app.runtime import Live, Runtime
from nurture.store import journeys
from nurture.store.engine import Tx


@dataclass
class Still(Runtime):
    """What is live and in use is asked for once it has `settle`d; only how far the clocks were looked at is read again."""

    _once_live: Sequence[Live] = ()
    _once_in_use: frozenset[int] = frozenset()
    _settled: bool = False

    def settle(self) -> None:
        """From now on nobody publishes, changes or pauses anything."""
        with self.store.read() as tx:
            self._once_live, self._once_in_use = super().live(tx), super().in_use(tx)
        self._settled = True

    def live(self, tx: Tx) -> Sequence[Live]:
        if not self._settled:
            return super().live(tx)
        to = journeys.looked_at_to(tx)
        return [replace(each, evaluated_to=to[each.name]) for each in self._once_live]

    def in_use(self, tx: Tx) -> frozenset[int]:
        return self._once_in_use if self._settled else super().in_use(tx)
