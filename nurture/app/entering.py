"""Letting people into a journey by hand."""

from __future__ import annotations

from datetime import datetime

from nurture import faults
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError, nearest
from nurture.store import contacts, enrolling


def enter_by_hand(runtime: Runtime, journey: str, people: list[str], now: datetime) -> int:
    """Enroll these people (ref, e-mail address or phone) into a live journey; how many entered.

    All or none: raises NurtureError for a journey that isn't live and for people who aren't known.
    """
    with runtime.store.begin() as tx:
        live = {each.name: each for each in runtime.live(tx)}
        if journey not in live:
            near = nearest(journey, live)
            raise NurtureError(
                f"no journey called {journey!r} is live" + (f"; did you mean {near!r}?" if near else "")
            )
        found = {person: contacts.by_anything(tx, person) for person in people}
        unknown = [person for person, row in found.items() if row is None]
        if unknown:
            raise NurtureError(f"nobody known as {', '.join(unknown)}; nobody entered")
        entered = enrolling.by_hand(
            tx,
            runtime.criteria(tx, now),
            live[journey].plan,
            live[journey].version_id,
            [row["id"] for row in found.values() if row is not None],
            now.isoformat(),
            now,
            runtime.settings.global_holdout,
        )
        faults.point("enroll.before_commit")
    faults.point("enroll.after_commit")
    return entered
