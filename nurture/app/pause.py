"""Stopping before the next handover, and going on."""

from __future__ import annotations

from datetime import datetime

from nurture.app.runtime import Runtime
from nurture.problems import NurtureError, nearest
from nurture.store import journeys


def pause(runtime: Runtime, names: list[str] | None, now: datetime) -> list[str]:
    """Pause journeys (None: all): when this returns, no further message of theirs is handed over.

    Raises NurtureError for a name that isn't published.
    """
    return _set(runtime, names, now)


def resume(runtime: Runtime, names: list[str] | None) -> list[str]:
    """Let journeys go on. What has expired meanwhile is cancelled by the gate.

    Raises NurtureError for a name that isn't published.
    """
    return _set(runtime, names, None)


def _set(runtime: Runtime, names: list[str] | None, at: datetime | None) -> list[str]:
    with runtime.store.begin() as tx:
        published = [row["name"] for row in journeys.live(tx)]
        for name in names or []:
            if name not in published:
                near = nearest(name, published)
                hint = (
                    f"did you mean {near!r}?" if near else f"published are: {', '.join(published) or 'none'}"
                )
                raise NurtureError(f"no journey called {name!r} is published; {hint}")
        return journeys.pause(tx, names, at)
