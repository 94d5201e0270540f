"""Reading the atoms of conditions from a row that was selected for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nurture.criteria import Atom, Condition, atoms, combine
from nurture.model import Json, Truth
from nurture.store.criteria_json import Column
from nurture.store.criteria_values import KNOWN, Operand

Test = sa.ColumnElement[bool]


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


@dataclass(frozen=True)
class Look:
    """Conditions as columns of a select: `truths` reads them from a row."""

    conditions: tuple[Condition, ...]
    looked: tuple[Looked, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(column for looked in self.looked for column in looked.columns)

    def truths(self, values: Sequence[Any]) -> dict[Condition, Truth]:
        """Each condition with what its atoms saw; `values` are the row's, in the order of `columns`."""
        truth: dict[Atom, bool] = {}
        saw: dict[Atom, tuple[str, bool, Mapping[str, Json]]] = {}
        place = 0
        for looked in self.looked:
            is_true = bool(values[place])
            place += 1
            shown: dict[str, Json] = {}
            for witness in looked.witnesses:
                shown[witness.name] = witness.shown(values[place])
                place += 1
            truth[looked.atom] = is_true
            saw[looked.atom] = (looked.text, is_true, shown)
        return {
            condition: Truth(combine(condition.tree, truth), tuple(saw[atom] for atom in atoms(condition)))
            for condition in self.conditions
        }
