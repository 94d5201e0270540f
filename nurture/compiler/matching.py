"""Which step of one plan is which step of another.

A step whose id was written is known by it. An id that was made of what the step says changes with what it says, so the
others are known by where they stand: list by list the two sequences are aligned (Needleman and Wunsch, Journal of
Molecular Biology 48, 1970, 443-453), where steps of one kind fit together the better the more they have in common.
Passes of a repeat are matched together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from nurture.compiler.hashing import LABELS
from nurture.compiler.plan import Plan
from nurture.steps import Repeat, Split, Step
from nurture.steps.base import ANY_PASS, base_of

LINKS = frozenset(("id", "after", "starts"))
_NAMED = 4.0  # more than any likeness: what has a name holds the others in their places


@dataclass(frozen=True, slots=True)
class Node:
    """A step as it was written, of a repeat the first pass: with the lists of steps inside it."""

    step: Step
    blocks: Mapping[str, tuple[Node, ...]]

    @property
    def id(self) -> str:
        return base_of(self.step.id)

    def walk(self) -> Iterator[Node]:
        yield self
        for block in self.blocks.values():
            for node in block:
                yield from node.walk()


Block = tuple[Node, ...]
_Likeness = Callable[[Node, Node], float]


def match(old: Plan, new: Plan) -> dict[str, str]:
    """The id in the new plan of each step of the old one that is still there, by its id in the old one."""
    bases = _match(old, new)
    found = {}
    for step in old.steps:
        base = base_of(step)
        if base in bases and (now := bases[base] + step[len(base) :]) in new.steps:
            found[step] = now
    return found


def renames(pairs: Mapping[str, str]) -> dict[str, str]:
    """What mentions of steps become where ids changed: also of any pass, and of the last one behind a repeat."""
    changed = {old: new for old, new in pairs.items() if old != new}
    for old, new in list(changed.items()):
        if old != base_of(old):
            changed[base_of(old)] = base_of(new)
            changed[f"{base_of(old)}{ANY_PASS}"] = f"{base_of(new)}{ANY_PASS}"
    return changed


def _match(old: Plan, new: Plan) -> dict[str, str]:
    before, after = ({node.id: node for top in tree(plan) for node in top.walk()} for plan in (old, new))
    by_name = (before.keys() - old.unnamed) & (after.keys() - new.unnamed)
    found = {name: name for name in by_name}

    def pair(blocks: list[tuple[Block, Block]]) -> None:
        while blocks:
            for one, other in _align(*blocks.pop(), likeness):
                if one.id not in by_name:
                    found[one.id] = other.id
                    blocks += _inside(one, other)

    def likeness(one: Node, other: Node) -> float:
        if one.id in by_name or other.id in by_name:
            return _NAMED if one.id == other.id else 0.0
        return _likeness(one, other, one.id in old.unnamed and other.id in new.unnamed)

    pair([(tree(old), tree(new)), *(each for name in by_name for each in _inside(before[name], after[name]))])
    for name in _left(before, after, found):  # the same words in another place
        found[name] = name
        pair(_inside(before[name], after[name]))
    return found


def _left(before: Mapping[str, Node], after: Mapping[str, Node], found: Mapping[str, str]) -> list[str]:
    taken = set(found.values())
    return [
        name
        for name, node in before.items()
        if name not in found
        and name in after
        and name not in taken
        and type(after[name].step) is type(node.step)
    ]


def _inside(one: Node, other: Node) -> list[tuple[Block, Block]]:
    return [(block, other.blocks[label]) for label, block in one.blocks.items() if label in other.blocks]


def tree(plan: Plan) -> Block:
    """The plan's steps as they were written."""
    return _block(plan, plan.first, None)


def _block(plan: Plan, first: str | None, stop: str | None) -> Block:
    nodes, name = [], first
    while name is not None and name != stop:
        step = plan.steps[name]
        end = _next_pass(plan, step) or step.after
        blocks = {label: _block(plan, start, end) for label, start in step.starts.items()}
        nodes.append(Node(step, blocks))
        name = step.after
    return tuple(nodes)


def _next_pass(plan: Plan, step: Step) -> str | None:
    if not isinstance(step, Repeat):
        return None
    name = f"{step.id.rpartition('[')[0]}[{step.number + 1}]"
    return name if name in plan.steps else None


def _likeness(one: Node, other: Node, unnamed: bool) -> float:
    """0: not the same step; else from 1 to 3. Somebody who gives a step a name changes nothing else about it."""
    if type(one.step) is not type(other.step) or _split(one.step) != _split(other.step):
        return 0.0
    same = _in_common(one.step, other.step)
    if not unnamed:
        return 1 + same if same == 1 else 0.0
    return 1 + same + _share(one, other)


def _split(step: Step) -> str | None:
    """The name of a split, which is the same for ever: another name is another split."""
    return step.name if isinstance(step, Split) else None


def _in_common(one: Step, other: Step) -> float:
    """The share of what it says that is the same; what it sends counts as much as all the rest."""
    names = [each.name for each in fields(one) if each.compare and each.name not in LINKS | LABELS]
    same = {name: getattr(one, name) == getattr(other, name) for name in names}
    rest = sum(same.values()) / len(same) if same else 1.0
    return (rest + same["template"]) / 2 if "template" in same else rest


def _share(one: Node, other: Node) -> float:
    """How many of the steps inside are the same: Dice's coefficient; 1 where neither has any."""
    first, second = (
        Counter(each.step.describe() for each in node.walk() if each is not node) for node in (one, other)
    )
    whole = first.total() + second.total()
    return 2 * (first & second).total() / whole if whole else 1.0


def _align(one: Sequence[Node], other: Sequence[Node], likeness: _Likeness) -> Iterator[tuple[Node, Node]]:
    """The pairs, in order, whose likenesses come to the most."""
    best = [[0.0] * (len(other) + 1) for _ in range(len(one) + 1)]
    like = [[likeness(a, b) for b in other] for a in one]
    for i in reversed(range(len(one))):
        for j in reversed(range(len(other))):
            paired = like[i][j] + best[i + 1][j + 1] if like[i][j] else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    i = j = 0
    while i < len(one) and j < len(other):
        if like[i][j] and best[i][j] == like[i][j] + best[i + 1][j + 1]:
            yield one[i], other[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
