"""The database, and this machine's clock beside those of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from nurture.app import digest_key
from nurture.app.doctor.finding import Finding, Verdict
from nurture.problems import NurtureError
from nurture.store.condition import Condition, condition
from nurture.store.engine import Store

AREA = "machine"
_NOTICED, _HARMFUL = timedelta(seconds=5), timedelta(minutes=5)
_DATABASE_WHY = "Everything that is promised of messages rests on what the database has on the disk."
_SECRET_WHY = "Whoever said no is known again by a digest of the address, which that secret alone can make."
_CLOCK_WHY = (
    "Quiet hours, waits and dates go by it. Mails and signatures from the future are taken for spam, and webhooks that "
    "are five minutes off are refused."
)


def look_at_database(store: Store) -> tuple[list[Finding], Condition | None]:
    """Findings about the database, and what condition it is in where it can be reached."""
    try:
        found = condition(store)
    except NurtureError as error:
        do = "Start it, or mend 'database' in nurture.yaml."
        said = str(error).removeprefix("database: ")
        return [Finding(AREA, "database", Verdict.WRONG, said, _DATABASE_WHY, do)], None
    return list(_judged(found)), found


def _judged(found: Condition) -> Iterator[Finding]:
    said = f"{found.product} at {found.place}"
    if found.revision is None:
        do = "nurture up or nurture publish makes its tables."
        yield Finding(AREA, "database", Verdict.WARNING, f"{said} is empty", _DATABASE_WHY, do)
    elif found.revision != found.newest:
        newer = found.revision > found.newest
        do = (
            "Install the newest nurture here."
            if newer
            else "The next nurture up brings it up to date. Have a backup."
        )
        state = f"stands at {found.revision}, and this nurture knows {found.newest}"
        verdict = Verdict.WRONG if newer else Verdict.WARNING
        yield Finding(AREA, "database", verdict, f"{said} {state}", _DATABASE_WHY, do)
    elif found.unsafe:
        do = "Turn it on again: a power cut may lose messages or send them twice."
        yield Finding(
            AREA, "database", Verdict.WRONG, f"{said}: {', '.join(found.unsafe)}", _DATABASE_WHY, do
        )
    else:
        safe = "WAL, synced at each commit" if found.clock is None else "fsync, synced at each commit"
        yield Finding(AREA, "database", Verdict.OK, f"{said} is up to date ({safe})", _DATABASE_WHY)


def look_at_secret(kept: str, secret: bytes) -> Finding:
    """Whether this secret is the one whose fingerprint the database has `kept`."""
    if kept == digest_key.fingerprint(secret):
        said = "the last one is the one that the database keeps addresses with"
        return Finding(AREA, "secret", Verdict.OK, said, _SECRET_WHY)
    return Finding(AREA, "secret", Verdict.WRONG, digest_key.WRONG, _SECRET_WHY, digest_key.WAY_OUT)


def look_at_clock(off: Mapping[str, timedelta]) -> Finding:
    """This machine's clock beside others: by how much each is ahead, by whose it is."""
    if not off:
        said = "there is no other clock to compare it with"
        do = "With PostgreSQL or an address of links that can be reached there is one."
        return Finding(AREA, "clock", Verdict.SKIPPED, said, _CLOCK_WHY, do)
    whose, worst = max(off.items(), key=lambda each: abs(each[1]))
    if abs(worst) <= _NOTICED:
        return Finding(AREA, "clock", Verdict.OK, f"the same as that of {', '.join(off)}", _CLOCK_WHY)
    seconds = abs(worst).total_seconds()
    said = f"{seconds:,.0f} s {'behind' if worst > timedelta() else 'ahead of'} that of {whose}"
    verdict = Verdict.WRONG if abs(worst) > _HARMFUL else Verdict.WARNING
    return Finding(AREA, "clock", verdict, said, _CLOCK_WHY, "Let the machine set its clock by NTP.")
