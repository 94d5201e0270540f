"""Statements of the hottest places: compiled once, then given to the driver as they are.

For a wave of twenty messages SQLAlchemy's way through a statement takes longer than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

if TYPE_CHECKING:
    from nurture.store.engine import Tx

Processor: TypeAlias = Callable[[Any], Any]


class Direct:
    """A statement whose values are given by the names of its parameters. Rows come as tuples.

    A list of values that never change is written as literals: `IN` with parameters is made anew each time.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._names = [column.key for column in getattr(statement, "exported_columns", ())]
        self._compiled: dict[str, _Compiled] = {}

    def all(self, tx: Tx, **given: Any) -> list[tuple[Any, ...]]:
        return self._of(tx).all(tx, given)

    def rows(self, tx: Tx, **given: Any) -> list[Mapping[str, Any]]:
        """The same by name of column."""
        names = self._names
        return [dict(zip(names, row, strict=True)) for row in self.all(tx, **given)]

    def column(self, tx: Tx, **given: Any) -> list[Any]:
        """The values of the only column."""
        return [value for (value,) in self.all(tx, **given)]

    def one(self, tx: Tx, **given: Any) -> Any:
        """The only value of the only row."""
        ((value,),) = self.all(tx, **given)
        return value

    def run(self, tx: Tx, **given: Any) -> int:
        """For a statement that returns nothing; how many rows it touched."""
        return self._of(tx).run(tx, given)

    def _of(self, tx: Tx) -> _Compiled:
        name = tx.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _compile(self._statement, tx.dialect)
        return self._compiled[name]


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    order: tuple[str, ...] | None  # of the values, where the driver takes them by place
    constants: Mapping[str, Any]
    binds: Mapping[str, Processor]
    results: tuple[Processor | None, ...]

    def all(self, tx: Tx, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        cursor = tx.connection.cursor()
        cursor.execute(self.text, self._bound(given))
        found = cursor.fetchall()
        cursor.close()
        return self._read(found)

    def run(self, tx: Tx, given: Mapping[str, Any]) -> int:
        cursor = tx.connection.cursor()
        cursor.execute(self.text, self._bound(given))
        touched: int = cursor.rowcount
        cursor.close()
        return touched

    def _bound(self, given: Mapping[str, Any]) -> Any:
        values = {**self.constants, **given}
        for name, bind in self.binds.items():
            values[name] = bind(values[name])
        return values if self.order is None else [values[name] for name in self.order]

    def _read(self, found: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows with their values as the tables' types mean them; made column by column, which is quicker."""
        if not found or not any(self.results):
            return list(found)
        columns = zip(*found, strict=True)
        made = [
            map(read, column) if read else column for read, column in zip(self.results, columns, strict=True)
        ]
        return list(zip(*made, strict=True))


NUMERIC = 1700  # psycopg converts numbers by what the server calls their type, and nobody has asked it yet


def _compile(statement: Any, dialect: sa.Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    text, order, constants = str(compiled), compiled.positiontup, compiled.params
    kinds = {name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()}
    binds = {name: kind.bind_processor(dialect) for name, kind in kinds.items()}
    if compiled.post_compile_params:  # lists that are part of the statement are written out
        written = compiled.construct_expanded_state(dict(constants))
        text, order, constants = written.statement, written.positiontup, written.parameters
        binds |= written.processors
    returned = getattr(statement, "exported_columns", ())
    results = [column.type.dialect_impl(dialect).result_processor(dialect, NUMERIC) for column in returned]
    return _Compiled(
        text=text,
        order=tuple(order) if order is not None else None,
        constants=constants,
        binds={name: bind for name, bind in binds.items() if bind is not None},
        results=tuple(results),
    )
