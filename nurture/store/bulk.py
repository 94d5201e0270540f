"""Writing many rows at once: the three or four hot places go past Core to the driver."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from nurture.store.engine import Tx
from nurture.store.types import Instant, to_micros

type_name = {sa.BigInteger: "bigint", sa.Integer: "bigint", sa.Boolean: "boolean", sa.Text: "text"}
FEW = 100  # rows that are sooner sent as one value than by COPY with its three round trips
Row = Mapping[str, Any]
Merge: TypeAlias = Callable[[Any], Mapping[str, Any]]
Where: TypeAlias = Callable[[Any], sa.ColumnElement[bool]]


def in_ids(tx: Tx, column: sa.ColumnElement[Any], ids: Collection[int]) -> sa.ColumnElement[bool]:
    """`column` is one of `ids`, as one bound value however many there are."""
    return _among(tx, column, sa.literal(_several(tx, ids), _kind(tx, sa.BigInteger())))


def in_texts(tx: Tx, column: sa.ColumnElement[Any], texts: Collection[str]) -> sa.ColumnElement[bool]:
    """`column` is one of `texts`, as one bound value however many there are."""
    return _among(tx, column, sa.literal(_several(tx, texts), _kind(tx, sa.Text())))


def given(column: sa.ColumnElement[Any], name: str = "ids") -> sa.ColumnElement[bool]:
    """`column` is one of the values, however many, that are given as `name` when the statement is executed.

    For statements that are made once: making one costs more than executing it for a few people.
    """
    kind = "text" if isinstance(column.type, sa.Text) else "bigint"
    return _Given(column, sa.bindparam(name, type_=_Several(kind)))


class _Several(sa.types.TypeDecorator[Collection[Any]]):
    """Many values bound as one: JSON on SQLite, an array on PostgreSQL, written out where that is quicker."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, each: str) -> None:
        super().__init__()
        self.each = each  # PostgreSQL's type of one value

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "sqlite" or self.each != "text":
            return sa.Text()
        return postgresql.ARRAY(sa.Text())

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if dialect.name == "sqlite":
            return json.dumps(list(value))
        return list(value) if self.each == "text" else f"{{{','.join(map(str, value))}}}"


class _Given(FunctionElement[bool]):
    """The first clause is one of the values of the second."""

    type = sa.Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLAlchemy writes `... IN (...) = 1`, which no index serves


@compiles(_Given, "sqlite")
def _given_json(element: _Given, compiler: Any, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(_Given)
def _given_array(element: _Given, compiler: Any, **kw: Any) -> str:
    column, values = element.clauses
    each = values.type.each  # type: ignore[attr-defined]
    return f"{compiler.process(column, **kw)} = ANY (CAST({compiler.process(values, **kw)} AS {each}[]))"


class _Listed(FunctionElement[Any]):
    """The values of a list that is bound as JSON. Cheaper to make than a table."""

    inherit_cache = True


@compiles(_Listed)
def _listed(element: _Listed, compiler: Any, **kw: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **kw)}))"


def _among(tx: Tx, column: sa.ColumnElement[Any], several: sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    if tx.dialect.name == "sqlite":
        return column.bool_op("IN")(_Listed(several))
    return column == sa.any_(sa.cast(several, several.type))


def _kind(tx: Tx, each: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """The type of many values that are bound as one."""
    return sa.Text() if tx.dialect.name == "sqlite" else postgresql.ARRAY(each)


def _several(tx: Tx, values: Collection[Any]) -> Any:
    return json.dumps(list(values)) if tx.dialect.name == "sqlite" else list(values)


def insert(tx: Tx, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same keys. COPY on PostgreSQL, where they are many."""
    if not rows:
        return
    columns = tuple(rows[0])
    names = ", ".join(f'"{c}"' for c in columns)
    if tx.dialect.name == "postgresql" and len(rows) <= FEW:
        statement = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_recordset(table, columns)}"
        _run(tx, statement, _records(table, rows)).close()
        return
    values = _values(table, columns, rows)
    cursor = tx.connection.cursor()
    if tx.dialect.name == "sqlite":
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({_marks(columns)})", values)
    else:
        with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for value in values:
                copy.write_row(value)
    cursor.close()


def insert_new(tx: Tx, table: sa.Table, rows: Sequence[Row]) -> int:
    """Insert the rows that no unique key knows yet; how many those were."""
    if not rows:
        return 0
    if tx.dialect.name == "sqlite":
        columns = tuple(rows[0])
        names = ", ".join(f'"{c}"' for c in columns)
        cursor = tx.connection.cursor()
        cursor.executemany(
            f"INSERT INTO {table.name} ({names}) VALUES ({_marks(columns)}) ON CONFLICT DO NOTHING",
            _values(table, columns, rows),
        )
        added: int = cursor.rowcount
        cursor.close()
        return added
    names = ", ".join(f'"{c}"' for c in rows[0])
    statement = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_recordset(table, tuple(rows[0]))} "
    with _run(tx, statement + "ON CONFLICT DO NOTHING", _records(table, rows)) as done:
        new: int = done.rowcount
    return new


def update(tx: Tx, table: sa.Table, rows: Sequence[Row], *, key: str = "id") -> None:
    """Set the other columns of each row where `key` matches. All rows have the same keys."""
    if not rows:
        return
    columns = tuple(c for c in rows[0] if c != key)
    ordered = (*columns, key)
    if tx.dialect.name == "sqlite":
        sets = ", ".join(f'"{c}" = ?' for c in columns)
        cursor = tx.connection.cursor()
        cursor.executemany(f'UPDATE {table.name} SET {sets} WHERE "{key}" = ?', _values(table, ordered, rows))
        cursor.close()
        return
    sets = ", ".join(f'"{c}" = v."{c}"' for c in columns)
    source = _recordset(table, ordered)
    statement = f'UPDATE {table.name} AS t SET {sets} FROM {source} WHERE t."{key}" = v."{key}"'
    _run(tx, statement, _records(table, rows)).close()


def update_if(
    tx: Tx,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    guard: str,
    add: str = "",
    returning: Sequence[str] = ("id",),
) -> list[tuple[Any, ...]]:
    """Set the other columns of each row where all of `key` match and `guard` (SQL over `t`) holds.

    `add` is a further assignment. Gives `returning` of the rows that were changed: what is missing did not match.
    """
    if not rows:
        return []
    columns = tuple(c for c in rows[0] if c not in key)
    returned = ", ".join(f't."{c}"' for c in returning)
    if tx.dialect.name == "sqlite":
        sets = ", ".join([f'"{c}" = ?' for c in columns] + ([add] if add else []))
        match = " AND ".join(f't."{c}" = ?' for c in key)
        returned = returned.replace("t.", "")
        statement = f"UPDATE {table.name} AS t SET {sets} WHERE {match} AND {guard} RETURNING {returned}"
        return _each(tx, statement, _values(table, (*columns, *key), rows))
    sets = ", ".join([f'"{c}" = v."{c}"' for c in columns] + ([add] if add else []))
    match = " AND ".join(f't."{c}" = v."{c}"' for c in key)
    source = _recordset(table, (*columns, *key))
    # Within CASE the guard can't be what rows are looked up by: an index over states is mostly of dead rows.
    asked = f"CASE WHEN {guard} THEN TRUE END"
    statement = (
        f"UPDATE {table.name} AS t SET {sets} FROM {source} WHERE {match} AND {asked} RETURNING {returned}"
    )
    with _run(tx, statement, _records(table, rows)) as changed:
        return list(changed.fetchall())


def _run(tx: Tx, statement: str, rows: str) -> Any:
    """Give PostgreSQL a statement over a document of rows; the driver's cursor, to be closed."""
    cursor = tx.connection.cursor()
    cursor.execute(statement, {"rows": rows})
    return cursor


def _each(tx: Tx, statement: str, values: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What a statement returns for each of these values, one after the other: SQLite has no round trips to save."""
    cursor = tx.connection.cursor()
    found = [row for value in values for row in cursor.execute(statement, value).fetchall()]
    cursor.close()
    return found


def _recordset(table: sa.Table, columns: Sequence[str]) -> str:
    """The rows that PostgreSQL gets as one document, bound as `rows`, as a table `v`."""
    shape = ", ".join(f'"{c}" {_pg_type(table.c[c])}' for c in columns)
    return f"jsonb_to_recordset(CAST(%(rows)s AS jsonb)) AS v({shape})"


def _records(table: sa.Table, rows: Sequence[Row]) -> str:
    columns = tuple(rows[0])
    return document(
        [dict(zip(columns, value, strict=True)) for value in _values(table, columns, rows, raw=True)]
    )


def upsert(
    tx: Tx,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    key: tuple[str, ...],
    merge: Merge,
    where: Where | None = None,
) -> None:
    """Insert the rows; where `key` exists already, set what `merge(excluded)` says if `where` holds.

    Both are functions of a module: the statement is made once for each.
    """
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        text, columns = _upserted(table, tuple(rows[0]), key, merge, where)
        cursor = tx.connection.cursor()
        cursor.executemany(text, _values(table, columns, rows))
        cursor.close()
        return
    tx.execute(_upserting(tx.dialect.name, table, key, merge, where), list(rows))


@lru_cache
def _upserting(dialect: str, table: sa.Table, key: tuple[str, ...], merge: Merge, where: Where | None) -> Any:
    maker: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = maker(table)
    return statement.on_conflict_do_update(
        index_elements=list(key),
        set_=dict(merge(statement.excluded)),
        where=where(statement.excluded) if where else None,
    )


@lru_cache
def _upserted(
    table: sa.Table, columns: tuple[str, ...], key: tuple[str, ...], merge: Merge, where: Where | None
) -> tuple[str, tuple[str, ...]]:
    """The same as text for SQLite's driver, and the columns in the order of its marks."""
    statement = _upserting("sqlite", table, key, merge, where)
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=list(columns))
    return str(compiled), tuple(compiled.positiontup)


def _marks(columns: Sequence[str]) -> str:
    return ", ".join("?" * len(columns))


def _values(
    table: sa.Table, columns: Sequence[str], rows: Sequence[Row], *, raw: bool = False
) -> list[tuple[Any, ...]]:
    """The rows as tuples of what the driver stores; `raw` leaves documents as they are.

    Made column by column: for a thousand rows of twenty columns that takes a third of the time.
    """
    stored = [_stored(table.c[name].type, [row[name] for row in rows], raw) for name in columns]
    return list(zip(*stored, strict=True))


def _stored(kind: Any, values: list[Any], raw: bool) -> list[Any]:
    """A column's values as the driver stores them."""
    if isinstance(kind, Instant):
        made = {value: None if value is None else to_micros(value) for value in set(values)}
        return [made[value] for value in values]
    if isinstance(kind, sa.JSON) and not raw:
        return _documents(values)
    return values


def _documents(values: list[Any]) -> list[str | None]:
    """The documents as texts; rows often share one, which is written once."""
    texts = {id(value): document(value) for value in {id(v): v for v in values if v is not None}.values()}
    return [None if value is None else texts[id(value)] for value in values]


def document(value: Any) -> str:
    """A JSON document as text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # numbers beyond 64 bits, halves of letters: rare, and the slower way knows them
        return json.dumps(value)


def _pg_type(column: sa.Column[Any]) -> str:
    if isinstance(column.type, Instant):
        return "bigint"
    if isinstance(column.type, sa.JSON):
        return "jsonb"
    return next(name for kind, name in type_name.items() if isinstance(column.type, kind))
