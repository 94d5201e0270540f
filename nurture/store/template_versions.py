"""Templates as they were used, by the hash of their source with all that it includes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from nurture.problems import NurtureError
from nurture.rendering.sources import Bundle
from nurture.store import bulk
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import template_versions


def keep(tx: Tx, used: Mapping[str, Bundle], now: datetime) -> None:
    """Keep the templates that are used for the first time, by their hash; in its order, so that two workers who use the
    same ones for the first time don't wait for each other."""
    known = set(_KNOWN.column(tx, hashes=used))
    bulk.insert_new(
        tx,
        template_versions,
        [
            {
                "hash": digest,
                "name": each.name,
                "locale": each.locale,
                "sources": dict(each.sources),
                "first_used_at": now,
            }
            for digest, each in sorted(used.items(), key=lambda item: item[0])
            if digest not in known
        ],
    )


_KNOWN = Direct(sa.select(template_versions.c.hash).where(bulk.given(template_versions.c.hash, "hashes")))


def bundle(tx: Tx, digest: str) -> Bundle:
    """A template as it was. Raises NurtureError where it was not kept."""
    row = (
        tx.execute(sa.select(template_versions).where(template_versions.c.hash == digest)).mappings().first()
    )
    if row is None:
        raise NurtureError("the template that this message was made from was not kept")
    return Bundle(row["name"], row["locale"], digest, row["sources"])
