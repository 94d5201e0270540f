"""Random journeys that `check` has nothing against, for hypothesis.

They are drawn from the schema that `nurture schema` prints, which is made from the registry of triggers, steps and
options; so what is added to the registry is drawn without a change here, unless it holds a sort of value of which
nothing is known yet (`drawn_values`), or goes together with other keys in a way that the schema doesn't say.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from collections.abc import Sequence as List
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import count
from typing import Any

from hypothesis import strategies as st

from nurture.compiler import CompileContext, compile_journey
from nurture.compiler.checks import by_id, scope_at, scope_of
from nurture.compiler.journey import read_journey
from nurture.compiler.linking import name_steps
from nurture.compiler.reading import read_steps, read_trigger
from nurture.compiler.schema import desk_of, journey_schema
from nurture.criteria import Expr, Scope, to_text
from nurture.model import Channel, Field, FieldType
from nurture.nodes import Mapping, Node, Scalar, Sequence
from nurture.options.desk import Asked
from nurture.problems import Mark
from nurture.triggers import TRIGGERS, EventTrigger, InactivityTrigger, form, survey
from tests.support.criteria_trees import Draw, T, Words, conditions
from tests.support.drawn_registry import (
    Schema,
    Table,
    below,
    choices,
    holds_steps,
    kinds_of,
    may_be_nothing,
    mended,
    with_rules,
)
from tests.support.drawn_values import CONDITION, DATE_FIELD, EVENT, LIVELY, STEP, expected, leaf
from tests.support.journeys import written

NAME = "drawn"
_MOST_STEPS = 8  # before repeats are written out
_DEEPEST = 3
_SHARES = (("50%", "50%"), ("10%", "90%"), ("33.3%", "66.7%"), ("25%", "25%", "50%"), ("0%", "100%"))
_TEXTS = ("15", "{{ first_name }}", "two words")
_ENDS_DO = ("update", "notify", "task")
PLACE = "sales"  # where colleagues chat


@dataclass(frozen=True)
class Drawn:
    """What a journey says; which kinds, options and choices of the registry stand in it, and its conditions."""

    said: Table
    used: frozenset[str]
    trees: tuple[Expr, ...]

    @cached_property
    def text(self) -> str:
        return written(self.said, 2, False)

    def __repr__(self) -> str:
        return f"\n{self.text}"


def journeys(context: CompileContext, words: Words) -> st.SearchStrategy[Drawn]:
    """Journeys of this workspace, whose conditions compare with these words."""
    schema = journey_schema(context)

    @st.composite
    def journey(draw: Draw) -> Drawn:
        return _Pen(draw, schema, context, words).journey()

    return journey()


# --- drawing --------------------------------------------------------------------------------------


@dataclass
class _Pen:
    """Draws one journey: first with gaps for its conditions, then these, once every name is known."""

    draw: Draw
    schema: Schema
    context: CompileContext
    words: Words
    used: set[str] = field(default_factory=set)
    before: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # ids, and by what they send
    gaps: list[tuple[Table, str]] = field(default_factory=list)
    dates: list[tuple[Table, str]] = field(default_factory=list)
    topic: bool = False
    goal: bool = False
    key: str | None = None
    left: int = _MOST_STEPS
    depth: int = 0
    repeats: int = 0
    in_exit: bool = False
    in_any: bool = False

    def journey(self) -> Drawn:
        said = self.table(self.schema, "journey")
        asked, scope = _speaking(said, self.context)
        trees = [self.condition(number, asked, scope) for number in range(len(self.gaps))]
        for (table, key), tree in zip(self.gaps, trees, strict=True):
            table[key] = to_text(tree)
        for table, key in self.dates:
            table[key] = self.one_of(_dates(scope))
        return Drawn(said, frozenset(self.used), tuple(trees))

    def condition(self, number: int, asked: Dict[str, Asked], scope: Scope) -> Expr:
        where = scope_at(asked[f"has_tag(gap{number})"], scope)
        found: Expr = self.draw(conditions(where, self.words, leaves=3))
        return found

    def one_of(self, items: List[T]) -> T:
        found: T = self.draw(st.sampled_from(items)) if len(items) > 1 else items[0]
        return found

    def chance(self, of: int) -> bool:
        return bool(self.draw(st.integers(0, of - 1)) == 0)

    # --- by the shape ---------------------------------------------------------------------------

    def value(self, schema: Schema, path: str) -> Any:
        if "if" in schema:
            return self.of_kind(kinds_of(schema))
        if "anyOf" in schema:
            shapes = [*schema["anyOf"], *(each for each in schema["anyOf"] if "properties" in each)]
            return self.value(self.one_of(shapes), path)  # a table more often than a word
        if schema.get("type") == "array":
            return self.block(schema) if "$ref" in schema["items"] else self.listed(schema, path)
        if "properties" in schema:
            return self.table(schema, path)
        if isinstance(schema.get("additionalProperties"), dict):
            return self.named(schema, path)
        if schema.get("additionalProperties") is True:
            return {"first": self.one_of(_TEXTS), "other": [self.one_of(_TEXTS)]}
        found = self.one_of(leaf(schema))
        if choices(schema):
            self.used.add(f"{path}: {found}")
        return found

    def of_kind(self, kinds: Dict[str, Schema]) -> Table:
        weighed = [kind for kind, shape in kinds.items() for _ in range(1 + len(shape["properties"]) // 5)]
        path = self.one_of(weighed)  # with more options more often
        self.used.add(path)
        kind, shape = path.rpartition(" ")[2], kinds[path]
        return self.table(
            {**shape, "required": list({kind: 0, **dict.fromkeys(shape.get("required", ()))})}, path
        )

    def listed(self, schema: Schema, path: str) -> list[Any]:
        found: list[Any] = []
        for _ in range(self.draw(st.integers(max(1, schema.get("minItems", 0)), 3))):
            found.append(self.value(schema["items"], path))
            if isinstance(found[-1], dict) and "else" in found[-1]:
                break  # comes last
        return found

    def named(self, schema: Schema, path: str) -> Table:
        """A table whose keys the writer chooses."""
        each = schema["additionalProperties"]
        if "share" in each.get("properties", {}):
            return self.arms(each, path)
        several = ["first", "other", "third"][
            : self.draw(st.integers(max(1, schema.get("minProperties", 0)), 3))
        ]
        return {name: self.value(each, path) for name in several}

    def arms(self, each: Schema, path: str) -> Table:
        shares = self.one_of(_SHARES)
        arms = {name: self.table(each, path) for name, _ in zip("abc", shares, strict=False)}
        return {
            name: {**arm, "share": share} for (name, arm), share in zip(arms.items(), shares, strict=True)
        }

    def table(self, schema: Schema, path: str) -> Table:
        """The keys of a table with their values: blocks of steps last, which may speak of what stands beside."""
        properties = with_rules(schema)
        nothing = {
            key for key in schema.get("required", ()) if may_be_nothing(properties[key]) and self.chance(2)
        }
        keys = self.keys(schema, path, nothing)
        found: Table = {}
        blocks = [key for key in properties if key in keys and holds_steps(schema["properties"][key])]
        for key in properties:
            if key in keys and key not in blocks:
                self.put(found, key, properties[key], path, key in nothing)
        self.make_sense(found, properties, path)
        self.place(found, path)
        for key in blocks:
            self.put(found, key, properties[key], path, False)
        for key in sorted(found, key=list(properties).index):
            found[key] = found.pop(key)
        return found

    def keys(self, schema: Schema, path: str, nothing: set[str]) -> set[str]:
        required, properties = set(schema.get("required", ())), list(schema["properties"])
        optional = [key for key in properties if key not in required]
        turn = self.draw(st.integers(0, max(0, len(optional) - 1)))
        optional = [*optional[turn:], *optional[:turn]]  # small numbers are drawn more often
        mask = self.draw(st.integers(0, 2 ** len(optional) - 1))
        if len(optional) > 7 and path != "journey":  # of many a few
            mask &= self.draw(st.integers(0, 2 ** len(optional) - 1))
        keys = required | {key for place, key in enumerate(optional) if mask >> place & 1}
        keys |= {"id"} if "id" in optional and self.chance(2) else set()
        keys |= {"of"} if "of" in optional and self.before and self.chance(2) else set()
        keys |= {"on_cap"} if "on_cap" in optional and self.chance(2) else set()  # it leads to six more
        keys |= {"topic"} if path == "journey" and not self.chance(4) else set()
        keys -= {"id"} if self.in_exit else set()
        keys -= {"key"} if self.in_any else set()
        keys -= {"to"} if "ab" in keys else set()
        return mended(schema, keys, nothing, optional)

    def put(self, found: Table, key: str, shape: Schema, path: str, nothing: bool) -> None:
        """Write one key with its value, if there is one here."""
        value = None if nothing else self.special(found, key, shape, path)
        if value is not None or nothing:
            found[key] = value
            self.used.add(below(path, key))

    def special(self, found: Table, key: str, shape: Schema, path: str) -> Any:
        """A value that hangs on what stands before it; any that fits for the others."""
        words, place = expected(shape), f"{path}.{key}"
        if place == "journey.journey":
            return NAME
        if key == "id":
            return f"s{len(self.before) + 1}"
        if words == CONDITION:
            self.gaps.append((found, key))
            return f"has_tag(gap{len(self.gaps) - 1})"
        if words == DATE_FIELD:
            self.dates.append((found, key))
            return "created_at"
        if words == STEP:
            return self.earlier(found)
        if EVENT in words and "enum" in shape and not self.chance(5):
            return self.one_of(LIVELY)
        if place == "wait.until" and self.before and self.chance(2):
            return f"{self.one_of(('2 days', '36 hours'))} after {self.one_of(self.before)[0]}"
        if place == "journey.goal.value":
            numbers = self.fields(found["event"], FieldType.NUMBER)
            return f"event.{self.one_of(numbers)}" if numbers else None
        if key == "migrate":
            return {"s1": "end"}
        if key == "key":
            return self.key_of(found)
        if key == "cases":
            names = [*found["any"]] if "any" in found else [self.waited(found)]
            inner = shape["additionalProperties"]
            return {name: self.block(inner) for name in names[: self.draw(st.integers(1, 3))]}
        if key == "do":
            return self.on_the_way_out()
        self.in_any = self.in_any or place == "trigger any.any"
        self.repeats += place == "repeat.steps"
        value = self.value(shape, below(path, key))
        self.repeats -= place == "repeat.steps"
        self.in_any = self.in_any and place != "trigger any.any"
        return value

    # --- what hangs together --------------------------------------------------------------------

    def make_sense(self, found: Table, properties: Dict[str, Schema], path: str) -> None:
        """What no single key can say, and the schema doesn't either."""
        if path == "journey":
            self.topic, self.goal = "topic" in found, "goal" in found
            if found.get("backfill") not in _backfills(found["trigger"]):
                found.pop("backfill", None)
            return
        if found.get("by") == "conversions" and not self.goal:
            found["by"] = "clicks"
        if path == "notify":  # a note says the text of a task, a mail one of its own
            note = found["notify"].startswith("tasks/")
            found["to"] = PLACE if note else found.get("to", "owner").replace(PLACE, "owner")
        if "to" in found and "class" in properties:
            found["class"] = "transactional"
        if isinstance(found.get("on_cap"), dict) and found.get("class") == "transactional":
            del found["on_cap"]
        needs_topic = "topic" in properties and found.get("class") != "transactional"
        if needs_topic and not self.topic and "topic" not in found:
            self.put(found, "topic", properties["topic"], path, False)
        event = found.get("event", found.get("wait_for"))
        if "any_key" in properties and event and not self.keyed(event) and "of" not in found:
            found["any_key"] = "true"
        if path == "wait_for" and "any" in found:
            found["any"] = {name: self.entry(entry) for name, entry in found["any"].items()}

    def entry(self, entry: Any) -> Any:
        return (
            entry if not isinstance(entry, str) or self.keyed(entry) else {"event": entry, "any_key": "true"}
        )

    def keyed(self, event: str) -> bool:
        """Whether an event can be told to be of the run's key."""
        return self.key is None or self.key in self.fields(event)

    def fields(self, event: str, *kinds: FieldType) -> list[str]:
        name = self.context.event_aliases.get(event, event)
        known: List[Field] = self.context.event_fields[name]
        return [each.name for each in known if not kinds or each.type in kinds]

    def key_of(self, found: Table) -> str | None:
        """One run for each value of a field of the event, or for each item of a list."""
        event = found.get("event") or (form.EVENT if "form" in found else survey.EVENT)
        plain, lists = self.fields(event, FieldType.TEXT), self.fields(event, FieldType.LIST)
        if lists and self.chance(2):
            self.key = "item_id"
            return f"each trigger.{self.one_of(lists)} by item_id"
        self.key = self.one_of(plain) if plain else None
        return f"trigger.{self.key}" if plain else None

    def earlier(self, found: Table) -> str | None:
        """A step that stands before, and by which the event can come."""
        channel = str(found.get("event", found.get("wait_for")) or "").partition("_")[0]
        able = [step for step, sends in self.before if channel not in list(Channel) or channel in sends]
        return self.one_of(able) if able else None

    def waited(self, found: Table) -> str:
        event = str(found.get("wait_for"))
        return "when" if "when" in found else self.context.event_aliases.get(event, event)

    def place(self, found: Table, path: str) -> None:
        """From here on others may speak of this step."""
        if "id" in found:
            by = [next(iter(each)) for each in found.get("first_reachable", ())]
            by += [path] if path in list(Channel) else []
            by += [found.get("by", "email")] if path == "survey" else []
            self.before.append((found["id"], tuple(by)))

    # --- steps ----------------------------------------------------------------------------------

    def block(self, schema: Schema) -> list[Table]:
        found: list[Table] = []
        least = schema.get("minItems", 0)
        self.depth += 1
        for _ in range(self.draw(st.integers(least, 5 if self.depth == 1 else 2))):
            if self.left <= 0 and len(found) >= least:
                break
            self.left -= 1
            found.append(self.of_kind(self.kinds()))
            if _ends(found[-1]):
                break
        self.depth -= 1
        return found

    def kinds(self) -> dict[str, Schema]:
        """The kinds of steps that may stand here."""
        kinds = kinds_of(self.schema["definitions"]["step"])
        if self.in_exit:
            return {name: kinds[name] for name in _ENDS_DO}
        if self.depth > _DEEPEST or self.left <= 0:
            kinds = {name: kind for name, kind in kinds.items() if not holds_steps(kind)}
        if self.repeats and not _repeats_nest():
            kinds.pop("repeat", None)
        return kinds

    def on_the_way_out(self) -> list[Table]:
        self.in_exit = True
        found = self.block({"minItems": 1})
        self.in_exit = False
        return found


def _ends(said: Any) -> bool:
    """Whether some way through the step, or through the last of a block, ends the run: then nothing follows here,
    for perhaps nobody would get to it."""
    if isinstance(said, dict):
        return "exit" in said or any(map(_ends, said.values()))
    return isinstance(said, list) and bool(said) and _ends(said[-1])


def _backfills(trigger: Table) -> tuple[str, ...]:
    """What `backfill` may say beside this trigger."""
    triggers = [trigger] if "any" not in trigger else list(trigger["any"].values())
    kinds = [TRIGGERS[kind] for each in triggers for kind in each if kind in TRIGGERS]
    silent = any(issubclass(kind, InactivityTrigger) for kind in kinds)
    before = silent or any(issubclass(kind, EventTrigger) for kind in kinds)
    return ("none", *(("all",) if silent else ()), *(("at_elapsed_step",) if before else ()))


@cache
def _repeats_nest() -> bool:
    """Whether a repeat may stand inside another one."""
    inner = "      - repeat: 2 times\n        steps: [{wait: 1 day}]\n"
    text = f"journey: a\ntrigger: {{manual: true}}\nsteps:\n  - repeat: 2 times\n    steps:\n{inner}"
    return compile_journey(text, "a.yaml", CompileContext()).plan is not None


# --- reading it -----------------------------------------------------------------------------------


def _speaking(said: Table, context: CompileContext) -> tuple[dict[str, Asked], Scope]:
    """The conditions that are asked in a journey, by their text, and what those of its runs may speak of."""
    node = _node(said, count(1))
    assert isinstance(node, Mapping)
    desk = desk_of(context)
    desk.segments, desk.routes = context.segment_conditions, context.routes
    desk.read_trigger = lambda node: read_trigger(node, desk)
    desk.read_steps = lambda node: read_steps(node, desk)
    options = read_journey(node, desk)
    assert options is not None
    placed = by_id(options["steps"], name_steps(options["steps"], desk))
    named = {name: one for name, one in placed.items() if not name.startswith("on_date_")}  # a gap still
    scope = scope_of(desk, options["trigger"], named, (*context.journeys, NAME))
    return {asked.condition.text: asked for asked in desk.asked}, scope


def _node(value: Any, lines: Iterator[int]) -> Node:
    """The journey as if it had been read, each word on a line of its own."""
    mark = Mark("drawn.yaml", next(lines), 1)
    match value:
        case dict():
            return Mapping(
                tuple(
                    (Scalar(key, Mark("drawn.yaml", next(lines), 1)), _node(each, lines))
                    for key, each in value.items()
                ),
                mark,
            )
        case list():
            return Sequence(tuple(_node(each, lines) for each in value), mark)
    return Scalar(value or "", mark)


def _dates(scope: Scope) -> list[str]:
    """Everything that `on_date` may be of."""
    owners = ("contact", "trigger", *(scope.steps or {}))
    return [
        one.name if owner == "contact" else f"{owner}.{one.name}"
        for owner in owners
        for one in (scope.fields_of(owner) or {}).values()
        if one.type in (FieldType.DATE, FieldType.INSTANT)
    ]
