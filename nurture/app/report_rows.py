"""The rows behind a report's figures, as people read them: major units, the company's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from nurture.app.report_counting import Counting, order_of
from nurture.clock import local
from nurture.problems import NurtureError, nearest
from nurture.reports.attribution import Credit
from nurture.store import report_queries as queries
from nurture.store import report_rows
from nurture.store.report_sets import Row

_OF_MESSAGES = ("sent", "delivered", "opened", "clicked", "bounced", "in_doubt", "cost")
FIGURES = ("people", "outcomes", "attributed", *_OF_MESSAGES, "coupons", "answers", "orders")

_SHOWN_AS = {"ref": "contact", "key": "message", "order_id": "order"}
_MONEY = ("total", "refunded", "money", "discount")


def check(figure: str) -> None:
    """Raises NurtureError for a figure that there isn't."""
    if figure not in FIGURES:
        near = nearest(figure, FIGURES)
        hint = f"; did you mean '{near}'?" if near else ""
        raise NurtureError(f"--rows: unknown figure '{figure}'{hint} (there are {', '.join(FIGURES)})")


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows within one transaction."""

    counting: Counting

    def of(self, figure: str, journey: str | None) -> Iterator[Mapping[str, Any]]:
        """The rows of one figure, of one journey or of each in turn."""
        if figure == "orders":
            yield from self._orders(journey)
            return
        for name in self.counting.names(journey):
            yield from self._attributed(name) if figure == "attributed" else self._counted(name, figure)

    def _counted(self, name: str, figure: str) -> Iterator[Mapping[str, Any]]:
        tx = self.counting.tx
        rule, goal = self.counting.goal(name)
        cohort = self.counting.cohort(name, rule)
        others: dict[str, Callable[[], Iterator[Row]]] = {
            "people": lambda: report_rows.of_people(tx, cohort),
            "outcomes": lambda: report_rows.of_outcomes(tx, cohort, goal),
            "coupons": lambda: report_rows.of_coupons(tx, cohort),
            "answers": lambda: report_rows.of_answers(tx, cohort),
        }
        found = others[figure]() if figure in others else report_rows.of_messages(tx, cohort, figure)
        numbers = queries.version_numbers(tx)
        for row in found:
            yield {"journey": name, **self._readable(row, numbers)}

    def _attributed(self, name: str) -> Iterator[Mapping[str, Any]]:
        """Orders credited to runs of this journey that began in the period."""
        for credit in self.counting.credited():
            click = credit.click
            if click is not None and click.journey == name and self.counting.is_of_period(click):
                yield self._credit(credit)

    def _orders(self, journey: str | None) -> Iterator[Mapping[str, Any]]:
        """Every order of the period with whom it is credited to; of one journey, those credited to it."""
        counting = self.counting
        credited = {credit.order.order_id: credit for credit in counting.credited() if credit.click}
        currency = counting.settings.company.currency
        found = report_rows.of_orders(counting.tx, *counting.books_span(), currency, counting.held_windows())
        for row in found:
            credit = credited.get(row["order_id"]) or Credit(order_of(row), None)
            if journey is None or (credit.click is not None and credit.click.journey == journey):
                yield self._credit(credit)

    def _credit(self, credit: Credit) -> Mapping[str, Any]:
        order, click = credit.order, credit.click
        return {
            "contact": order.ref,
            "order": order.order_id,
            "ordered_at": self._at(order.at),
            "total": _major(order.total),
            "refunded": _major(order.refunded),
            "net": _major(order.net),
            "credited_to": "message" if click else "held_out" if order.held_out else "nobody",
            "journey": click.journey if click else None,
            "message": click.message if click else None,
            "clicked_at": self._at(click.at) if click else None,
        }

    def _readable(self, row: Row, numbers: Mapping[int, tuple[str, int]]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, value in dict(row).items():
            if name == "version_id":
                shown["version"] = numbers[value][1]
            elif name == "held_out":
                shown["arm"] = "held_out" if value else "treated"
            elif name == "cost_micros":
                shown["cost"] = Decimal(value) / 1_000_000
            elif name in _MONEY:
                shown[name] = _major(value)
            elif name != "contact_id":
                shown[_SHOWN_AS.get(name, name)] = self._at(value) if isinstance(value, datetime) else value
        return shown

    def _at(self, instant: datetime) -> str:
        return local(instant, self.counting.period.zone).isoformat(timespec="seconds")


def _major(cents: int) -> Decimal:
    return Decimal(int(cents)) / 100
