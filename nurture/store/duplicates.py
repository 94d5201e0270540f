"""Contacts that are probably one person: they share a phone number or a mailbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa

from nurture import identity
from nurture.store.engine import Tx
from nurture.store.tables import contacts

BATCH = 5000


def pairs(tx: Tx) -> Iterator[tuple[str, str, str]]:
    """The ref of who was seen first, that of another one, and what both have: `phone` or `email`."""
    for what, groups in (("phone", _by_phone(tx)), ("email", _by_mailbox(tx))):
        for group in groups:
            for other in group[1:]:
                yield group[0], other, what


def _by_phone(tx: Tx) -> list[list[str]]:
    """By numbers as they are kept: a Brazilian mobile always has its ninth digit there."""
    several = (
        sa.select(contacts.c.phone).where(*_here()).group_by(contacts.c.phone).having(sa.func.count() > 1)
    )
    chosen = _people(contacts.c.phone).where(contacts.c.phone.in_(several), *_here())
    return _together((ref, phone) for ref, phone in tx.execute(chosen))


def _by_mailbox(tx: Tx) -> list[list[str]]:
    """By mailboxes. Those of Gmail are all looked at, since they are written in many ways."""
    several = (
        sa.select(contacts.c.email).where(*_here()).group_by(contacts.c.email).having(sa.func.count() > 1)
    )
    gmail = sa.or_(*(contacts.c.email.endswith(f"@{domain}") for domain in identity.GMAIL))
    chosen = _people(contacts.c.email).where(sa.or_(contacts.c.email.in_(several), gmail), *_here())
    found = tx.execute(chosen.execution_options(yield_per=BATCH))
    return _together((ref, identity.mailbox(email)) for ref, email in found)


def _here() -> tuple[sa.ColumnElement[bool], ...]:
    return (contacts.c.erased_at.is_(None),)


def _people(address: sa.Column[str]) -> sa.Select[str, str]:
    return sa.select(contacts.c.ref, address).order_by(contacts.c.created_at, contacts.c.id)


def _together(people: Iterator[tuple[str, str]]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for ref, address in people:
        groups[address].append(ref)
    return [group for group in groups.values() if len(group) > 1]
