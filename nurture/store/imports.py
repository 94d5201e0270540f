"""Which files were imported, and with what result."""

from __future__ import annotations

from datetime import datetime

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import imports


def note(
    tx: Tx, sha256: str, kind: str, rows: int, accepted: int, known: int, refused: int, at: datetime
) -> None:
    row = {
        "file_sha256": sha256,
        "kind": kind,
        "rows": rows,
        "accepted": accepted,
        "known": known,
        "refused": refused,
        "at": at,
    }
    bulk.insert(tx, imports, [row])
