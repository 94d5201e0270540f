"""The key of digests, which a workspace keeps for good: what was written with one is found with no other."""

from __future__ import annotations

from nurture import digests
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import notes

WRONG = (
    "the last secret in nurture.yaml is not the one that this database keeps people's addresses with: opt-outs, "
    "complaints and do-not-disturb lists would reach nobody"
)
WAY_OUT = (
    "Put the former secret back as the last one, as in secret: [${NURTURE_SECRET}, ${NURTURE_SECRET_BEFORE}]."
)


def fingerprint(secret: bytes) -> str:
    """What tells one key of digests from another, and says nothing of it."""
    return digests.keyed(secret, "digest key")


def hold(runtime: Runtime) -> None:
    """Have the database know the key of its digests. One that doesn't know any yet, or nobody's address, takes this one.

    Raises NurtureError where people's addresses are kept with another.
    """
    here = fingerprint(runtime.secret)
    with runtime.store.read() as tx:
        if notes.read(tx, notes.DIGEST_KEY) == here:
            return
    with runtime.store.begin() as tx:
        runtime.store.in_turn(tx, notes.DIGEST_KEY)
        if notes.read(tx, notes.DIGEST_KEY) not in (None, here) and notes.any_digest(tx):
            raise NurtureError(f"{WRONG}. {WAY_OUT}")
        notes.keep(tx, notes.DIGEST_KEY, here)
