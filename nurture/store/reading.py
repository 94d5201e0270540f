"""Rows as they come out of a statement. To a type checker SQLAlchemy's rows are no mappings of text, though they
are: this is the one place that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias, cast

import sqlalchemy as sa

Row: TypeAlias = Mapping[str, Any]  # by name of column


def rows(found: sa.Result[Any]) -> list[Row]:
    return cast("list[Row]", found.mappings().all())


def first(found: sa.Result[Any]) -> Row | None:
    return cast("Row | None", found.mappings().first())


def one(found: sa.Result[Any]) -> Row:
    """Raises NoResultFound where there is none."""
    return cast("Row", found.mappings().one())


def instant(found: sa.Result[Any]) -> datetime | None:
    """The only value of the only row."""
    return cast("datetime | None", found.scalar_one())
