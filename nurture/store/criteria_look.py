"""Reading the atoms of conditions from a row that was selected for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

import sqlalchemy as sa

from nurture.criteria import Atom, Condition, atoms, combiner
from nurture.model import Json, Truth
from nurture.store.criteria_json import Column
from nurture.store.criteria_values import KNOWN, Operand

Test = sa.ColumnElement[bool]
Shown: TypeAlias = tuple[str, bool, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Witness:
    """A value that an atom looked at. Of a personal one a trace only keeps that it was known."""

    name: str
    operand: Operand
    personal: bool = False

    def shown(self, value: Any) -> Json:
        if self.personal:
            return None if value is None else KNOWN
        return self.operand.shown(value)


@dataclass(frozen=True, slots=True)
class Looked:
    """An atom with the columns that answer it."""

    atom: Atom
    text: str
    truth: Test
    witnesses: tuple[Witness, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return (self.truth, *(witness.operand.sql for witness in self.witnesses))

    def read(self, values: Sequence[Any], at: int) -> Shown:
        """The atom's text, its truth and what it saw; its columns are those of `values` from `at` on."""
        saw: dict[str, Json] = {}
        for n, witness in enumerate(self.witnesses, 1):
            if saw.get(witness.name) is None:  # a value is looked at once for each type that it may have
                saw[witness.name] = witness.shown(values[at + n])
        return self.text, bool(values[at]), saw


class Look:
    """Conditions as columns of a select: `truths` reads them from a row."""

    def __init__(self, conditions: Sequence[Condition], looked: Sequence[Looked]) -> None:
        order = tuple(one.atom for one in looked)
        self.columns: tuple[Column, ...] = tuple(column for one in looked for column in one.columns)
        widths = [len(one.columns) for one in looked]
        self._looked = list(zip(looked, accumulate(widths, initial=0), strict=False))
        self._conditions = [
            (
                condition.text,
                combiner(condition.tree, order),
                [order.index(atom) for atom in atoms(condition)],
            )
            for condition in conditions
        ]

    def truths(self, values: Sequence[Any]) -> dict[str, Truth]:
        """Each condition, by its text, with what its atoms saw; `values` are the row's, in the order of `columns`."""
        seen = [one.read(values, at) for one, at in self._looked]
        truths = [is_true for _, is_true, _ in seen]
        return {
            text: Truth(whole(truths), tuple([seen[place] for place in places]))
            for text, whole, places in self._conditions
        }
