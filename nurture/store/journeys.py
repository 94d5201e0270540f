"""Published journeys and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import reading
from nurture.store.canaries import RUNNING
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import canaries, enrollments, journey_versions, journeys, messages


def live(tx: Tx) -> list[Mapping[str, Any]]:
    """Every published journey with its live version, and the canary beside it: `canary_id`, `canary_number`,
    `share`, which are null where there is none."""
    return _LIVE.rows(tx)


_CANARY = journey_versions.alias("canary")
_LIVE = Direct(
    sa.select(
        journeys.c.name,
        journeys.c.paused_at,
        journeys.c.evaluated_to,
        journeys.c.version_id,
        journeys.c.published_at.label("first_published_at"),
        journey_versions.c.number,
        journey_versions.c.hash,
        canaries.c.version_id.label("canary_id"),
        canaries.c.share,
        _CANARY.c.number.label("canary_number"),
    )
    .join(journey_versions, journey_versions.c.id == journeys.c.version_id)
    .outerjoin(canaries, (canaries.c.journey == journeys.c.name) & RUNNING)
    .outerjoin(_CANARY, _CANARY.c.id == canaries.c.version_id)
    .order_by(journeys.c.name)
)


def version(tx: Tx, version_id: int) -> Mapping[str, Any]:
    return reading.one(tx.execute(sa.select(journey_versions).where(journey_versions.c.id == version_id)))


def versions(tx: Tx, journey: str) -> list[Mapping[str, Any]]:
    found = tx.execute(
        sa.select(journey_versions)
        .where(journey_versions.c.journey == journey)
        .order_by(journey_versions.c.number)
    )
    return reading.rows(found)


def version_ids(tx: Tx) -> list[int]:
    """Every version ever published."""
    return list(tx.execute(sa.select(journey_versions.c.id).order_by(journey_versions.c.id)).scalars())


def in_use(tx: Tx) -> list[int]:
    """Versions that are live or still have people inside. Looks through all runs."""
    return sorted(tx.execute(_IN_USE).scalars())


def newer(tx: Tx, than: int) -> list[int]:
    """Versions published after the one with this id, and those that newcomers enter: a way back leads to old ones."""
    return _NEWER.column(tx, than=than)


_ENTERED = (
    sa.select(journeys.c.version_id).where(journeys.c.version_id.is_not(None)),
    sa.select(canaries.c.version_id).where(RUNNING),
)
_NEWER = Direct(
    sa.union(sa.select(journey_versions.c.id).where(journey_versions.c.id > sa.bindparam("than")), *_ENTERED)
)
_IN_USE = sa.union(
    sa.select(enrollments.c.version_id).where(enrollments.c.status == "active").distinct(), *_ENTERED
)


def add(tx: Tx, journey: str, version: Mapping[str, Any], now: datetime) -> int:
    """Keep a new version of this journey, which nobody enters yet; its id."""
    known = tx.execute(sa.select(journeys.c.name).where(journeys.c.name == journey)).first()
    if known is None:
        tx.execute(sa.insert(journeys).values(name=journey, published_at=now))
    last = sa.select(sa.func.coalesce(sa.func.max(journey_versions.c.number), 0)).where(
        journey_versions.c.journey == journey
    )
    number = tx.execute(last).scalar_one() + 1
    version_id: int = tx.execute(
        sa.insert(journey_versions)
        .values(journey=journey, number=number, published_at=now, **version)
        .returning(journey_versions.c.id)
    ).scalar_one()
    return version_id


def relabel(tx: Tx, version_id: int, source: str) -> None:
    """Keep a new text of the same behaviour: labels and comments make no new version."""
    tx.execute(sa.update(journey_versions).where(journey_versions.c.id == version_id).values(source=source))


def evaluated(tx: Tx, journey: str, to: datetime) -> None:
    """Time-driven triggers of this journey have been looked at up to `to`."""
    _EVALUATED.run(tx, journey=journey, to=to)


_EVALUATED = Direct(
    sa.update(journeys)
    .where(journeys.c.name == sa.bindparam("journey"))
    .values(evaluated_to=sa.bindparam("to"))
)


def looked_at_to(tx: Tx) -> dict[str, datetime | None]:
    """Up to when the time-driven triggers of each journey have been looked at."""
    return dict(_LOOKED_AT_TO.all(tx))


_LOOKED_AT_TO = Direct(sa.select(journeys.c.name, journeys.c.evaluated_to))


def start_looking(tx: Tx, journey: str, now: datetime) -> None:
    """Whoever matched a time-driven trigger before `now` does not enter by it."""
    tx.execute(
        sa.update(journeys)
        .where(journeys.c.name == journey, journeys.c.evaluated_to.is_(None))
        .values(evaluated_to=now)
    )


def pause(tx: Tx, names: list[str] | None, at: datetime | None) -> list[str]:
    """Pause these journeys (None: all) at `at`, or resume them with None; the names changed."""
    statement = sa.update(journeys).values(paused_at=at).returning(journeys.c.name)
    if names is not None:
        statement = statement.where(journeys.c.name.in_(names))
    return sorted(tx.execute(statement).scalars())


def hold_still(tx: Tx, journey: str) -> None:
    """Wait for who is handing messages of this journey over, and keep others from beginning to, until the end of the
    transaction. (On SQLite nobody else writes meanwhile.)"""
    tx.execute(sa.select(journeys.c.name).where(journeys.c.name == journey).with_for_update())


def newest(tx: Tx, journey: str) -> int:
    """The number of the version that was published last; 0: none was."""
    last = sa.select(sa.func.coalesce(sa.func.max(journey_versions.c.number), 0))
    number: int = tx.execute(last.where(journey_versions.c.journey == journey)).scalar_one()
    return number


def open_to_all(tx: Tx, journey: str, version_id: int) -> None:
    """Let newcomers enter this version from now on. `evaluated_to` stays as it was, or null at the first time."""
    tx.execute(sa.update(journeys).where(journeys.c.name == journey).values(version_id=version_id))


def results(tx: Tx, journey: str) -> dict[int, Mapping[str, int]]:
    """Of each version its runs (all, inside, completed, exited, held out) and messages (accepted, clicked, bounced,
    complained), by id."""
    ran = sa.select(enrollments.c.version_id, enrollments.c.status, sa.func.count())
    ran = ran.where(enrollments.c.journey == journey)
    found: dict[int, dict[str, int]] = {}
    for version_id, status, count in tx.execute(ran.group_by(enrollments.c.version_id, enrollments.c.status)):
        found.setdefault(version_id, {})[status] = count
    times = ("accepted_at", "clicked_at", "bounced_at", "complained_at")
    sent = sa.select(messages.c.version_id, *(sa.func.count(messages.c[name]) for name in times))
    sent = sent.where(messages.c.journey == journey).group_by(messages.c.version_id)
    for version_id, *counts in tx.execute(sent):
        named = {name.removesuffix("_at"): count for name, count in zip(times, counts, strict=True)}
        found.setdefault(version_id, {}).update(named)
    return dict(found)
