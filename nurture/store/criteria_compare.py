"""Tests of values as SQL. Each is true or false, never NULL: with an unknown value it is false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Any

import sqlalchemy as sa

from nurture import clock
from nurture.criteria import fold
from nurture.model import FieldType, Span
from nurture.store.criteria_json import Column, Dialect
from nurture.store.criteria_time import Moments, written
from nurture.store.criteria_values import DATES, Operand
from nurture.store.types import to_micros

Truth = sa.ColumnElement[bool]
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Tests:
    """Compares operands as of the moments' `now`; a calendar day is one of `zone`."""

    def __init__(self, dialect: Dialect, moments: Moments, zone: str) -> None:
        self._dialect = dialect
        self._moments = moments
        self._zone = zone

    def compare(self, left: Operand, op: str, right: Operand) -> Truth:
        if left.kind in DATES and right.kind in DATES:
            return self._dates(left, op, right)
        if left.kind is not right.kind:
            return sa.false()
        if left.kind is FieldType.NUMBER:
            one, other = self._numbers(left, right)
        else:
            one, other = _texts(left, right)
        return certain(_OPERATORS[op](one.sql, other.sql), one, other)

    def one_of(self, value: Operand, items: list[Operand]) -> Truth:
        if value.plain and value.kind is FieldType.TEXT and all(item.literal for item in items):
            return certain(value.raw.in_([item.literal for item in items]), replace(value, sql=value.raw))
        return sa.or_(sa.false(), *(self.compare(value, "=", item) for item in items))

    def contains(self, value: Operand, item: Operand) -> Truth:
        letters = fold(item.literal) if isinstance(item.literal, str) else None
        small = sa.literal(letters, sa.Text) if letters else self._dialect.fold(item.sql, None)
        part = replace(item, sql=small, plain=False)
        if value.kind is FieldType.LIST and value.document is not None:
            return certain(self._dialect.has(value.document, value.path, part.sql, letters), part)
        whole = replace(value, sql=self._dialect.fold(value.sql, letters), plain=False)
        return certain(self._dialect.find(whole.sql, part.sql), whole, part)

    def older_than(self, value: Operand, span: Span) -> Truth:
        return certain(self._ordered(value) <= self._ago(value, span), value)

    def within_last(self, value: Operand, span: Span) -> Truth:
        inside = sa.and_(
            self._ordered(value) > self._ago(value, span), self._ordered(value) <= self._at(value)
        )
        return certain(inside, value)

    def within_next(self, value: Operand, span: Span) -> Truth:
        """For a day, today is the first of the next days; for an instant, now is over."""
        end = self._ago(value, replace(span, days=-span.days, seconds=-span.seconds))
        begins = _OPERATORS[">=" if value.kind is FieldType.DATE else ">"](
            self._ordered(value), self._at(value)
        )
        return certain(sa.and_(begins, self._ordered(value) <= end), value)

    # --- numbers and texts --------------------------------------------------------------------

    def _numbers(self, left: Operand, right: Operand) -> tuple[Operand, Operand]:
        """Both sides in one scale. A literal takes the scale of the field, so that an index still serves."""
        if right.literal is not None:
            return left, self._scaled_literal(right, left)
        if left.literal is not None:
            return self._scaled_literal(left, right), right
        if left.scale == right.scale and left.plain and right.plain:
            return left, right
        return self._in_units(left), self._in_units(right)

    def _scaled_literal(self, literal: Operand, beside: Operand) -> Operand:
        assert isinstance(literal.literal, Decimal)
        value = literal.literal * beside.scale
        whole = beside.plain and value == value.to_integral_value()
        bound = sa.literal(int(value), sa.BigInteger) if whole else self._dialect.number(value)
        return replace(literal, sql=bound)

    def _in_units(self, operand: Operand) -> Operand:
        if operand.scale == 1:
            return replace(operand, plain=False)
        return replace(operand, sql=self._dialect.scaled(operand.sql, operand.scale), plain=False)

    # --- days and instants ----------------------------------------------------------------------

    def _dates(self, left: Operand, op: str, right: Operand) -> Truth:
        if left.kind is not right.kind:
            return self._mixed(left, op, right)
        one, other = left, right
        if left.kind is FieldType.INSTANT and left.micros != right.micros:
            one, other = self._instant_text(left), self._instant_text(right)
        return certain(_OPERATORS[op](self._ordered(one), self._ordered(other)), one, other)

    def _mixed(self, left: Operand, op: str, right: Operand) -> Truth:
        """An instant and a day: on which day of the zone is the instant?"""
        if left.kind is FieldType.DATE:
            return self._mixed(right, _FLIPPED[op], left)
        if isinstance(right.literal, date):
            return certain(self._on_day(left, op, right.literal), left)
        day = self._dialect.day_of(left.sql, self._zone)
        one = replace(left, kind=FieldType.DATE, sql=day, raw=day, known=False, plain=False)
        return certain(_OPERATORS[op](self._ordered(one), self._ordered(right)), one, right)

    def _on_day(self, instant: Operand, op: str, day: date) -> Truth:
        begins, ends = (self._bound(instant, self._midnight(each)) for each in (day, day + timedelta(days=1)))
        value = self._ordered(instant)
        match op:
            case "=":
                return sa.and_(value >= begins, value < ends)
            case "<":
                return value < begins
            case "<=":
                return value < ends
            case ">":
                return value >= ends
            case _:
                return value >= begins

    def _midnight(self, day: date) -> datetime:
        return clock.at_wall(day, 0, self._zone)

    def _instant_text(self, operand: Operand) -> Operand:
        if not operand.micros:
            return operand
        text = self._dialect.as_text(operand.sql)
        return replace(operand, sql=text, raw=text, micros=False, plain=False)

    def _ordered(self, operand: Operand) -> Column:
        """The moment in a form whose order is that of time."""
        return operand.sql if operand.micros else self._dialect.ordered(operand.raw)

    def _bound(self, operand: Operand, instant: datetime) -> Column:
        """An instant in the form that the operand has."""
        if operand.micros:
            return sa.literal(to_micros(instant), sa.BigInteger)
        return sa.literal(written(instant), sa.Text)

    def _at(self, operand: Operand) -> Column:
        return self._ago(operand, Span())

    def _ago(self, operand: Operand, span: Span) -> Column:
        if operand.kind is FieldType.DATE:
            return self._moments.day(timedelta(days=span.days))
        return (self._moments.micros if operand.micros else self._moments.text)(span.elapsed())


def _texts(left: Operand, right: Operand) -> tuple[Operand, Operand]:
    """Against a text that isn't empty, an empty one is unequal anyway: the bare column serves an index."""
    if right.literal:
        return replace(left, sql=left.raw), right
    if left.literal:
        return left, replace(right, sql=right.raw)
    return left, right


def certain(test: Truth, *operands: Operand) -> Truth:
    """The test, false where an operand is unknown."""
    plain = [operand for operand in operands if operand.plain and not operand.known]
    if any(not (operand.plain or operand.known) for operand in operands):
        test = sa.func.coalesce(test, sa.false(), type_=sa.Boolean)
    return sa.and_(test, *(operand.sql.is_not(None) for operand in plain))
