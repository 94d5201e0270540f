"""What stays of somebody who is erased: the figures of reports come out the same, and nobody is known by what is left.

Of an event its name and time stay, the amounts that reports count, and of other fields what the goal of a journey asks
for: a text only where the goal names that very text, which then says nothing of her.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from nurture.app.runtime import Runtime
from nurture.model import Json
from nurture.problems import NurtureError
from nurture.store import journeys
from nurture.store.engine import Tx

if TYPE_CHECKING:
    from nurture.compiler.plan import Plan

ERASED = "erased"
# What reports and the jobs themselves read of events.
COUNTED = frozenset(
    ("class", "score", "total", "currency", "discount", "survey", "suppress", "soft", "trouble")
    + ("message", "journey", "step", "template", "topic", "channel")
)
ORDER = "order_id"
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NAME = re.compile(r"[A-Za-z_]\w*")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What goals ask: the fields that they name, the texts that they compare with, and the fields that are a run's key."""

    names: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()


def asked(runtime: Runtime, tx: Tx) -> Asked:
    """What the goals of all versions ask for that were ever published."""
    conditions: list[str] = []
    names: set[str] = set()
    keys: set[str] = set()
    for plan in _plans(runtime, tx):
        if plan.goal is not None:
            match = plan.goal.match
            conditions += [match.where.text] if match.where is not None else []
            names |= {plan.goal.value.removeprefix("event.")} if plan.goal.value else set()
            keys |= {match.key} if match.key else set()
    texts = {text for condition in conditions for text in texts_of(condition)}
    conditions += [condition.text for name, condition in runtime.segments.items() if name in texts]
    return Asked(
        names=frozenset(names.union(*(_names(condition) for condition in conditions))),
        texts=frozenset(text for condition in conditions for text in texts_of(condition)),
        keys=frozenset(keys),
    )


def _plans(runtime: Runtime, tx: Tx) -> Iterator[Plan]:
    """The plans, but those of versions that no longer compile: no report can be made of these."""
    for version_id in journeys.version_ids(tx):
        try:
            yield runtime.plan(tx, version_id)
        except NurtureError:
            continue


def texts_of(condition: str) -> set[str]:
    """The texts that stand in a condition."""
    return {re.sub(r"\\(.)", r"\1", text) for text in _TEXT.findall(condition)} - {""}


def _names(condition: str) -> set[str]:
    return set(_NAME.findall(_TEXT.sub("", condition)))


@dataclass(frozen=True, slots=True)
class Stripping:
    """Strips what is said of one person. The salt is thrown away with it, so that no name can be found again."""

    asked: Asked
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def renamed(self, name: str) -> str:
        """Another name, the same for the same; nothing stays nothing."""
        return f"{ERASED}-{blake2b(name.encode(), key=self.salt, digest_size=8).hexdigest()}" if name else ""

    def thinned(self, column: str, value: Any) -> Any:
        """What stays of a column: of a document, what stays of its fields."""
        if isinstance(value, Mapping):
            return dict(self._fields(value.items(), COUNTED if column == "payload" else frozenset()))
        texts = self.asked.texts
        return value if column in self.asked.names and value in texts else None

    def _fields(
        self, fields: Iterable[tuple[str, Json]], counted: frozenset[str]
    ) -> Iterator[tuple[str, Json]]:
        for name, value in fields:
            if name in counted:
                yield name, value
            elif name == ORDER or name in self.asked.keys:
                yield name, None if value is None else self.renamed(str(value))
            elif name in self.asked.names:
                yield name, self._kept(value)

    def _kept(self, value: Json) -> Json:
        match value:
            case str():
                return self._text(value)
            case list():
                return [self._kept(each) for each in value]
            case dict():
                return dict(self._fields(value.items(), frozenset()))
        return value

    def _text(self, text: str) -> str:
        """The words of it that a goal names; else a name that is no word, so that what isn't asked for stays another."""
        if _TIME.fullmatch(text):
            return text
        found = [each for each in sorted(self.asked.texts) if each in text]
        if text in found:
            return text
        return " ".join(found) or self.renamed(text)
