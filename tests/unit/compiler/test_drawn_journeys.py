"""Whatever journey can be written with the registry's words is right, means one thing, and can be looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from jsonschema import Draft7Validator

from nurture.compiler import CompileContext, Plan, compile_journey
from nurture.compiler.difference import difference
from nurture.compiler.layout import lay_out
from nurture.compiler.schema import journey_schema
from nurture.criteria import Call, Did, Expr, Name, atoms, names
from nurture.criteria import tree as forms
from nurture.criteria.parser import CALLS
from nurture.problems import render
from nurture.reports import picture
from tests.support.drawn_journeys import Drawn, journeys
from tests.support.drawn_registry import registered, unheard_of
from tests.support.drawn_shop import WORDS, Shop, examples, open_shop
from tests.support.journeys import as_an_editor_reads

MOST = 4000  # examples in which everything must have come up: it takes some 700


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return open_shop(tmp_path_factory.mktemp("drawn"))


def test_every_kind_and_option_is_drawn(shop: Shop) -> None:
    """What is added to the registry and can't be drawn is named here: see tests/support/drawn_journeys.py."""
    assert unheard_of(shop.context) == []
    left = {*registered(shop.context), *_forms(shop.context)}
    if "NURTURE_EXAMPLES" not in os.environ:  # each word and function as well takes twice as long
        left = {name for name in left if ": " not in name}

    def nothing_is_left(drawn: Drawn) -> bool:
        left.difference_update(drawn.used, *map(_in_condition, drawn.trees))
        return not left

    try:
        find(
            journeys(shop.context, WORDS),
            nothing_is_left,
            settings=settings(examples(MOST), max_examples=MOST),
        )
    except NoSuchExample:
        pytest.fail(f"never drawn: {', '.join(sorted(left))}")


def _forms(context: CompileContext) -> Iterator[str]:
    """Every form that a condition can have, and whose fields it may name."""
    tests = ("Compare", "InList", "Contains", "IsEmpty", "OlderThan", "WithinLast", "WithinNext", "BoolName")
    assert {each.__name__ for each in forms.Atom.__args__} == {*tests, "Did", "Call"}
    yield from (f"condition {name}" for name in (*tests, "Did", "Call", "And", "Or", "Not"))
    yield from (f"condition: {fn}()" for fn in CALLS)
    yield from (f"condition of {owner}" for owner in ("contact", "event", "trigger", "score", "a step"))
    yield from (f"condition did {clause}" for clause in (">=", "<=", "=", "within", "since entry", "where"))


def _in_condition(tree: Expr) -> Iterator[str]:
    yield f"condition {type(tree).__name__}"
    for name in names(tree):
        owner = Name(tuple(name.split("."))).owner
        known = owner in ("contact", "event", "trigger", "score")
        yield f"condition of {owner if known else 'a step'}"
    for atom in atoms(tree):
        yield f"condition {type(atom).__name__}"
        match atom:
            case Call(fn):
                yield f"condition: {fn}()"
            case Did(op=op, within=within, since_entry=since, where=where):
                yield f"condition did {op}"
                yield from (["condition did within"] if within else [])
                yield from (["condition did since entry"] if since else [])
                yield from (["condition did where"] if where else [])


@examples(50)
@given(st.data())
def test_it_is_right_and_means_the_same_however_it_is_laid_out(shop: Shop, data: st.DataObject) -> None:
    text = data.draw(journeys(shop.context, WORDS)).text
    plan = _plan(text, shop.context)
    assert [each.message for each in _editor(shop).iter_errors(as_an_editor_reads(text))] == []
    made = lay_out(text, "drawn.yaml")
    again = _plan(made, shop.context)
    assert (again.hash, replace(again, marks={})) == (plan.hash, replace(plan, marks={}))
    assert lay_out(made, "drawn.yaml") == made
    assert difference(plan, again) == ()
    assert f"  s{len(plan.steps)}" in picture.mermaid(plan)
    assert ElementTree.fromstring(picture.svg(plan)).tag.endswith("svg")


def _plan(text: str, context: CompileContext) -> Plan:
    compiled = compile_journey(text, "drawn.yaml", context)
    assert compiled.plan is not None, "\n".join(map(render, compiled.problems))
    return compiled.plan


def _editor(shop: Shop) -> Draft7Validator:
    return Draft7Validator(journey_schema(shop.context))
