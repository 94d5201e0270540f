"""`reaches:` starts a run when a score comes to so many points, or a person to a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nurture.nodes import Mapping as Table
from nurture.nodes import Node, Scalar, sort_of
from nurture.options.desk import Desk
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import SCORE, STAGE, Custom, Integer
from nurture.problems import Mark
from nurture.triggers.base import WHERE
from nurture.triggers.event import SortTrigger, and_where, of_kind

_POINTS = Integer(-1_000_000, 1_000_000)
_SCORE = "score."


@dataclass(frozen=True, slots=True)
class _Aim:
    """What is reached: the event that tells of it, which of them, and in words."""

    event: str
    which: str
    words: str
    told: Mapping[str, Any] = field(default_factory=dict)


def _aim(node: Node, desk: Desk) -> _Aim | None:
    pairs = list(node) if isinstance(node, Table) else []
    if len(pairs) != 1:
        found = sort_of(node) if not pairs else f"{len(pairs)} keys"
        hint = "write 'reaches: {stage: mql}' or 'reaches: {score.interest: 60}'"
        desk.error("N104", f"expected a stage or a score, found {found}", node.mark, hint, "reaches")
        return None
    key, value = pairs[0]
    if key.text == "stage":
        stage = STAGE.read(value, desk)
        return _stage(stage, tuple(desk.names.get("stage", ()))) if stage else None
    if not key.text.startswith(_SCORE):
        hint = "write 'stage', or 'score.' and the score's name"
        desk.error("N101", f"unknown key '{key.text}' in 'reaches'", key.mark, hint, "reaches")
        return None
    score = SCORE.read(Scalar(key.text.removeprefix(_SCORE), key.mark, quoted=True), desk)
    points = _POINTS.read(value, desk)
    return _score(score, points) if score and points is not None else None


def _stage(stage: str, stages: Sequence[str]) -> _Aim:
    """A stage is also reached by who jumps over it."""
    reached = ", ".join(f'"{name}"' for name in stages[stages.index(stage) :])
    which = f"trigger.stage in ({reached}) and not trigger.before in ({reached})"
    return _Aim(
        "stage_changed", which, f"when somebody reaches stage {stage}", {"stage": stage, "before": None}
    )


def _score(score: str, points: int) -> _Aim:
    which = f'trigger.score = "{score}" and trigger.value >= {points} and trigger.before < {points}'
    told = {"score": score, "value": points, "before": points - 1}
    return _Aim("score_reached", which, f"when somebody's {score} reaches {points} points", told)


def _shape(desk: Desk) -> Schema:
    scores = {f"{_SCORE}{name}": _POINTS.schema(desk) for name in desk.names.get("score", ())}
    others = {"^score\\.": _POINTS.schema(desk)} if not scores else {}
    properties = {"stage": STAGE.schema(desk), **scores}
    return {
        "type": "object",
        "properties": properties,
        "patternProperties": others,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachesTrigger(SortTrigger):
    KIND = Kind(
        "reaches",
        "Coming to so many points of a score from below, or to a stage or one behind it from before it, starts a "
        "run.",
        Option(
            "reaches",
            Custom("a stage, or a score with its points", _aim, _shape),
            "What is reached.",
            "{score.interest: 60}",
            required=True,
        ),
        (WHERE,),
        example="reaches: {score.interest: 60}",
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> ReachesTrigger:
        aim: _Aim = options["reaches"] or _Aim("stage_changed", 'trigger.stage = "?"', "")
        own = of_kind(options, aim.event, aim.which, aim.told)
        return cls(mark=mark, words=f"{aim.words}{and_where(options)}", **own)
