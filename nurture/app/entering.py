"""Letting people into a journey by hand."""

from __future__ import annotations

from datetime import datetime

from nurture import faults
from nurture.app.runtime import Runtime
from nurture.compiler.by_hand import by_hand_of, needs_event
from nurture.problems import NurtureError, nearest
from nurture.store import contacts, enrolling
from nurture.triggers import Trigger


def enter_by_hand(runtime: Runtime, journey: str, people: list[str], now: datetime) -> int:
    """Enroll these people (ref, e-mail address or phone) into a live journey; how many entered.

    All or none: raises NurtureError for a journey that isn't live or needs its event, and for people who aren't
    known.
    """
    with runtime.store.begin() as tx:
        live = {each.name: each for each in runtime.live(tx)}
        if journey not in live:
            near = nearest(journey, live)
            raise NurtureError(
                f"no journey called {journey!r} is live" + (f"; did you mean {near!r}?" if near else "")
            )
        plan = by_hand_of(live[journey].plan)
        _check(plan.trigger, journey)
        found = {person: contacts.by_anything(tx, person) for person in people}
        unknown = [person for person, row in found.items() if row is None]
        if unknown:
            raise NurtureError(f"nobody known as {', '.join(unknown)}; nobody entered")
        entered = enrolling.by_hand(
            tx,
            runtime.criteria(tx, now),
            plan,
            live[journey].version_id,
            [row["id"] for row in found.values() if row is not None],
            now.isoformat(),
            now,
            runtime.settings.global_holdout,
        )
        faults.point("enroll.before_commit")
    faults.point("enroll.after_commit")
    return entered


def _check(trigger: Trigger, journey: str) -> None:
    """Raises NurtureError where a run can't begin without the event that starts it."""
    if needs_event(trigger):
        looked_at = (
            f"its key is 'trigger.{trigger.key}'" if trigger.key else "its 'where' looks at that event"
        )
        raise NurtureError(
            f"nobody enters {journey!r} by hand: it starts {trigger.describe()}, and {looked_at}; "
            "send the event, or publish a journey with 'manual: true'"
        )
