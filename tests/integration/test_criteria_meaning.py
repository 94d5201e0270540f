"""A condition means the same whichever way it is looked at: as one expression of SQL, as atoms whose truths
are put together in Python, and in a plain Python interpreter; on both databases."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nurture.criteria import Condition, Expr, Scope, check, parse, to_text
from nurture.store.criteria import Criteria, Rows, runs
from nurture.store.engine import Store
from nurture.store.tables import contacts, enrollments, events
from tests.support.criteria_oracle import Oracle
from tests.support.criteria_trees import calls, conditions
from tests.support.criteria_world import (
    EVENTS,
    FIELDS,
    IN_A_RUN,
    IN_A_TRIGGER,
    NOW,
    SEGMENTS,
    WORDS,
    ZONE,
    World,
)

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
# Of each sort new ones each time, three to five conditions in each; `make drawn` takes ten times as many.
MOST = 1200 if "NURTURE_EXAMPLES" in os.environ else 120
EXAMPLES = settings(max_examples=MOST, deadline=None, suppress_health_check=list(HealthCheck))


class Looked:
    """No dataclass: a failure should show the condition and not the whole world."""

    def __init__(self, tx: sa.Connection, world: World) -> None:
        self.tx, self.world = tx, world
        self.criteria = Criteria(tx.dialect.name, FIELDS, EVENTS, NOW, ZONE, SEGMENTS)
        self.oracle = Oracle(world.types, NOW, ZoneInfo(ZONE), SEGMENTS)


@pytest.fixture(scope="module", params=DATABASES)
def looked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    with _url(request.param, tmp_path_factory.mktemp("criteria")) as url:
        store = Store(url)
        world = World(seed=20261120)
        world.write(store.engine)
        with store.read() as tx:
            yield Looked(tx, world)
        store.close()


@contextmanager
def _url(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'nurture.db'}"
        return
    from tests.support import postgres

    url = postgres.migrated_database()
    yield url
    postgres.drop_database(url)


def _condition(tree: Expr, scope: Scope) -> Condition:
    """The tree by way of its text, which must be beyond reproach."""
    parsed = parse(to_text(tree))
    assert parsed.condition is not None, parsed.problems
    assert parsed.condition.tree == tree
    assert not [problem for problem in check(parsed.condition, scope) if problem.severity == "error"]
    return parsed.condition


def _hold_together_in_a_run(looked: Looked, trees: Sequence[Expr]) -> None:
    wanted = [_condition(tree, IN_A_RUN) for tree in trees]
    rows, source = runs()
    look = looked.criteria.look(wanted, rows)
    wholes = [looked.criteria.where(each, rows).label(f"w{place}") for place, each in enumerate(wanted)]
    columns = [column.label(f"c{place}") for place, column in enumerate(look.columns)]
    this = enrollments.c.journey == "this"
    found = looked.tx.execute(sa.select(enrollments.c.id, *wholes, *columns).select_from(source).where(this))
    by_id = {row[0]: row[1:] for row in found}
    for person in looked.world.people:
        told, values = by_id[person["id"]][: len(wanted)], by_id[person["id"]][len(wanted) :]
        truths = look.truths(values)
        for condition, whole in zip(wanted, told, strict=True):
            meant = looked.oracle.holds(condition.tree, person)
            assert whole is not None
            assert (bool(whole), truths[condition.text].value) == (meant, meant), (condition.text, person)


@EXAMPLES
@given(trees=st.lists(conditions(IN_A_RUN, WORDS), min_size=3, max_size=5))
def test_in_a_run(looked: Looked, trees: list[Expr]) -> None:
    _hold_together_in_a_run(looked, trees)


def test_every_function_in_a_run(looked: Looked) -> None:
    _hold_together_in_a_run(looked, calls(IN_A_RUN, WORDS))


@EXAMPLES
@given(trees=st.lists(conditions(IN_A_TRIGGER, WORDS), min_size=3, max_size=5))
def test_in_a_trigger(looked: Looked, trees: list[Expr]) -> None:
    wanted = [_condition(tree, IN_A_TRIGGER) for tree in trees]
    rows = Rows(event=events, trigger=events, event_name="order_completed")
    source = events.join(contacts, contacts.c.id == events.c.contact_id)
    wholes = [looked.criteria.where(each, rows).label(f"w{place}") for place, each in enumerate(wanted)]
    orders = events.c.name == "order_completed"
    found = looked.tx.execute(sa.select(events.c.id, *wholes).select_from(source).where(orders))
    told = {row[0]: row[1:] for row in found}
    for person in looked.world.people:
        for event in person["events"]:
            if event["name"] == "order_completed":
                meant = [looked.oracle.holds(condition.tree, person, event) for condition in wanted]
                assert [bool(each) for each in told[event["id"]]] == meant, (wanted, person, event)
