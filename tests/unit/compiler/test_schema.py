"""What an editor is told agrees with what the compiler takes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from nurture.app.init import init
from nurture.app.schemas import FILES, schemas
from nurture.app.workspace import load
from nurture.compiler import CompileContext, compile_journey
from nurture.compiler.schema import journey_schema
from nurture.compiler.yaml_reader import load as load_yaml
from nurture.options.tables import Option
from nurture.options.values import Custom
from nurture.steps import STEPS
from nurture.triggers import TRIGGERS
from tests.problems.shop import SHOP
from tests.support.journeys import as_an_editor_reads, plain, texts, written

ROOT = Path(__file__).parents[3]
PROBLEMS = ROOT / "tests" / "problems"
ANYBODY = Draft7Validator(journey_schema())
IN_THE_SHOP = Draft7Validator(journey_schema(SHOP))
JOURNEYS = dict(texts())
# Codes of a journey's shape: keys, kinds, and values that their key can't take.
OF_SHAPE = ("N101", "N102", "N103", "N104", "N105", "N106", "N107", "N108", "N502")
OF_NAMES = ("N401", "N402", "N403", "N404", "N405", "N408", "N410")


def test_the_schema_is_one() -> None:
    for schema in (*schemas(None).values(), *schemas(SHOP).values()):
        Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_that_is_right_is_right_for_an_editor(name: str) -> None:
    assert [error.message for error in ANYBODY.iter_errors(as_an_editor_reads(JOURNEYS[name]))] == []


def broken() -> Iterator[Any]:
    for path in sorted(PROBLEMS.glob("*.yaml")):
        compiled = compile_journey(path.read_text(encoding="utf-8"), path.name, SHOP)
        codes = {problem.code for problem in compiled.problems}
        if codes & {*OF_SHAPE, *OF_NAMES} and not any(code < "N100" for code in codes):
            yield pytest.param(path, id=path.stem)


@pytest.mark.parametrize("path", list(broken()))
def test_a_shape_that_check_refuses_an_editor_refuses(path: Path) -> None:
    assert list(IN_THE_SHOP.iter_errors(as_an_editor_reads(path.read_text(encoding="utf-8"))))


# What is put in the place of a value, and keys that are written where they don't belong.
VALUES = (
    "3 days",
    "soon",
    "",
    "true",
    "15",
    "-7 days",
    "09:00",
    "10%",
    "a b",
    "trigger.order_id",
    "event.total",
)
VALUES += ("total_orders > 1", "2026-12-01", "weekdays", None, [], {}, ["a"], {"a": "b"})
KEYS = (
    "subject",
    "wait",
    "email",
    "id",
    "where",
    "then",
    "otherwise",
    "after",
    "of",
    "steps",
    "topic",
    "at",
    "when",
)
KEYS += (
    "event",
    "up_to",
    "any",
    "cases",
    "in_flight",
    "do",
    "key",
    "limits",
    "arms",
    "share",
    "every",
    "ab",
    "winner",
)


def _spoilt(said: Any, dice: random.Random) -> Any:
    """The journey with one change: a value, a key too many, a key less, or a key that is misspelt."""
    said = deepcopy(said)
    *path, key = dice.choice([path for path in _paths(said) if path])
    parent = said
    for part in path:
        parent = parent[part]
    match dice.randrange(4):
        case 0:
            parent[key] = deepcopy(dice.choice(VALUES))
        case 1:
            del parent[key]
        case 2 if isinstance(parent, dict):
            parent[dice.choice(KEYS)] = deepcopy(dice.choice(VALUES))
        case _ if isinstance(parent, dict):
            parent[f"{key}x"] = parent.pop(key)
    return said


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        yield from _paths(inner, (*path, key))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(JOURNEYS)), st.randoms(use_true_random=False))
def test_whatever_is_changed_check_and_the_editor_agree(name: str, dice: random.Random) -> None:
    text = written(_spoilt(plain(load_yaml(JOURNEYS[name], "a.yaml")[0]), dice), 2, False)
    problems = compile_journey(text, "a.yaml", SHOP).problems
    errors = [problem for problem in problems if problem.severity == "error"]
    refused = [error.message for error in ANYBODY.iter_errors(as_an_editor_reads(text))]
    if refused:
        assert errors or "non-empty" in refused[0], f"the editor alone says {refused} of\n{text}"
    of_shape = [each for each in errors if each.code in OF_SHAPE and each.code != "N105"]
    if of_shape and not any(each.code < "N100" for each in errors):
        assert refused, f"check alone says {of_shape[0].message} of\n{text}"


def test_every_kind_is_there() -> None:
    assert set(_kinds(journey_schema()["definitions"]["step"])) == set(STEPS)
    assert set(_kinds(journey_schema()["properties"]["trigger"])) == set(TRIGGERS)


def _kinds(schema: dict[str, Any]) -> Iterator[str]:
    while "if" in schema:
        yield schema["if"]["required"][0]
        schema = schema["else"]


def test_every_key_is_described_and_shown() -> None:
    found = list(_keys(journey_schema()))
    assert len(found) > 100
    assert [key for key, schema in found if not schema.get("description")] == []
    bare = {key for key, schema in found if "```yaml" not in schema.get("markdownDescription", "")}
    assert bare <= {"then", "else"}


def _keys(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for each in schema:
            yield from _keys(each)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from ((name, each) for name, each in value.items() if "markdownDescription" in each)
            yield from _keys(value)


def test_a_value_without_a_shape_is_refused_loudly() -> None:
    option = Option("new", Custom("a thing", lambda node, desk: None), "A new key.")
    with pytest.raises(NotImplementedError, match="say what a thing looks like"):
        option.value.schema(None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_a_new_workspace_are_right_for_an_editor(name: str, shop: Path) -> None:
    schema = json.loads((shop / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    paths = sorted(shop.glob(FILES[name]))
    assert paths
    for path in paths:
        values = as_an_editor_reads(path.read_text(encoding="utf-8"))
        assert [error.message for error in Draft7Validator(schema).iter_errors(values)] == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("nurture", "company: {name: A, postal_address: B, zona: C}\nchannels: {}\nsecret: x\n"),
        (
            "nurture",
            "company: {name: A, postal_address: B}\nchannels: {email: {provider: outbox}}\nsecret: x\n",
        ),
        ("fields", "plan: {type: txt}\n"),
        ("events", "events: {paused: {felds: {}}}\n"),
        ("surveys", "nps: {kind: nps}\n"),
        ("coupons", "GIFT: {pattern: G-##}\n"),
    ],
)
def test_a_wrong_key_beside_the_journeys_is_refused(name: str, wrong: str) -> None:
    assert list(Draft7Validator(schemas(None)[name]).iter_errors(as_an_editor_reads(wrong)))


def test_a_setting_may_come_from_the_environment() -> None:
    text = "company: {name: A, postal_address: B, zone: '${ZONE}'}\nchannels: {}\nsecret: ${KEY}\n"
    text += "report: {minimum_people: '${PEOPLE}'}\n"
    assert not list(Draft7Validator(schemas(None)["nurture"]).iter_errors(as_an_editor_reads(text)))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("- email: welcome/hello", "- email: welcome/helo"),
        ("- update: {set: {city: Campinas}}", "- update: {set: {town: Campinas}}"),
        ("- coupon: WINBACK15", "- coupon: WINBACK16"),
        ("- wait_for: Order Placed\n  up_to: 1 day", "- wait_for: Order Plcd\n  up_to: 1 day"),
    ],
)
def test_a_workspace_knows_its_names(right: str, wrong: str) -> None:
    def problems(steps: str) -> list[Any]:
        text = f"journey: a\ntopic: news\ntrigger: {{event: signed_up}}\nsteps:\n{steps}\n"
        return list(IN_THE_SHOP.iter_errors(as_an_editor_reads(text)))

    assert problems(right) == []
    assert problems(wrong) != []


def test_names_of_a_new_workspace_are_its_own(shop: Path) -> None:
    context = load(shop, with_journeys=False).context
    assert isinstance(context, CompileContext)
    text = json.dumps(journey_schema(context))
    for name in ("subscription_paused", "welcome/hello", "BIRTHDAY10", "post-sale-nps", "grind", "surveys"):
        assert f'"{name}"' in text
