"""How a workspace keeps going."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from nurture.store.tables.base import metadata
from nurture.store.types import BigId, Document, Instant

imports = Table(
    "imports",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("file_sha256", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("counts", Document),
    Column("error", Text),
    Column("failed_at", Instant),
)

workspace = Table(
    "workspace",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Document),
)
