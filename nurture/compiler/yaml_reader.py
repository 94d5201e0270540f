"""YAML 1.2, strict: every scalar is text, every node knows its place, every mistake is said in our words.

A line that isn't YAML is read again as it was probably meant, so that one mistake doesn't hide the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from nurture.compiler.yaml_mistakes import HELP, Mended, explain
from nurture.nodes import Mapping, Node, Scalar, Sequence
from nurture.problems import Mark, Problem

MOST_CHARACTERS = 500_000
MOST_NODES = 50_000  # aliases counted as what they stand for
MOST_DEPTH = 60
MOST_MENDED = 100
_NO_TEXT = "\0\ufffd"  # what no database keeps, and half an emoji


def load(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """The file's node; None, with the reason among the problems, where there is none.

    What was read before is remembered: publishing compiles what checking has read, and whoever writes changes one file.
    """
    node, problems = _load(text, file)
    return node, list(problems)


@lru_cache(maxsize=128)
def _load(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    if len(text) > MOST_CHARACTERS:
        return None, [
            Problem("N007", f"{file} is larger than {MOST_CHARACTERS:,} characters", Mark(file, 1, 1))
        ]
    problems: list[Problem] = []
    original = text.lstrip("\ufeff").splitlines() or [""]
    lines = list(original)
    for _ in range(MOST_MENDED):
        builder = _Builder(file, original)
        try:
            node = builder.build("\n".join(lines) + "\n")
            return node, [*problems, *builder.problems]
        except _Unreadable as unreadable:
            mended = explain(unreadable, lines, original, file)
        problems.append(mended.problem)
        if not _mend(lines, mended):
            break
    return None, problems


def _mend(lines: list[str], mended: Mended) -> bool:
    """Put the line as it was meant in the place of the one that was written."""
    if mended.line is None or lines[mended.number] == mended.line:
        return False
    lines[mended.number] = mended.line
    return True


class _Unreadable(Exception):
    """What the YAML parser says: its words and place, counted from 0."""

    def __init__(self, problem: str, line: int, column: int, opened: tuple[int, int] | None = None) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column, self.opened = problem, line, column, opened


@dataclass
class _Builder:
    """Makes nodes of the parser's events."""

    file: str
    lines: list[str]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    count: int = 0

    def build(self, text: str) -> Node | None:
        self.events = events(text)
        self._next("StreamStartEvent")
        if type(self._peek()).__name__ == "StreamEndEvent":
            self._empty()
            return None
        self._next("DocumentStartEvent")
        node = self._node()
        self._next("DocumentEndEvent")
        after = self._peek()
        if type(after).__name__ != "StreamEndEvent":
            mark = self._mark(after.start_mark, None)
            self.problems.append(
                Problem("N001", "a second document begins here", mark, "one file holds one; take '---' away")
            )
        return node

    def _empty(self) -> None:
        self.problems.append(Problem("N009", f"{self.file} is empty", Mark(self.file, 1, 1)))

    def _peek(self) -> Any:
        return self.events[-1]

    def _next(self, expected: str = "") -> Any:
        event = self.events.pop()
        assert expected in ("", type(event).__name__), f"{expected} expected, {event} found"
        return event

    def _node(self) -> Node:
        event = self._next()
        self.count += 1
        kind = type(event).__name__
        _refuse_excess(event, self.count)
        if kind == "AliasEvent":
            return self._alias(event)
        before = self.count
        node = self._made(event, kind)
        if event.anchor:
            self.anchors[event.anchor] = node, self.count - before + 1
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            raise _Unreadable("undefined alias", event.start_mark.line, event.start_mark.column)
        node, size = self.anchors[event.anchor]
        self.count += size
        return node

    def _made(self, event: Any, kind: str) -> Node:
        if kind == "ScalarEvent":
            return self._scalar(event)
        mark = self._mark(event.start_mark, None)
        self._refuse_tag(event)
        if kind == "SequenceStartEvent":
            items = []
            while type(self._peek()).__name__ != "SequenceEndEvent":
                items.append(self._node())
            self._next()
            return Sequence(tuple(items), mark)
        return self._mapping(mark)

    def _scalar(self, event: Any) -> Scalar:
        self._refuse_tag(event)
        mark = self._mark(event.start_mark, event.end_mark)
        text = _whole(event.value)
        if any(sign in text for sign in _NO_TEXT):
            message = "an escape for a sign that no text can hold, such as half an emoji"
            self.problems.append(Problem("N014", message, mark, "type the sign itself", HELP))
        return Scalar(text, mark, event.style in ("'", '"', "|", ">"))

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None and str(event.tag) != "!":
            raise _Unreadable("tag", event.start_mark.line, event.start_mark.column)

    def _mapping(self, mark: Mark) -> Mapping:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        while type(self._peek()).__name__ != "MappingEndEvent":
            start = self._peek().start_mark
            key = self._node()
            if not isinstance(key, Scalar):
                raise _Unreadable("key", start.line, start.column)
            value = self._node()
            if key.text in pairs:
                first = pairs[key.text][0].mark
                self.problems.append(
                    Problem(
                        "N006",
                        f"'{key.text}' is here twice",
                        key.mark,
                        "keep one",
                        related=(("first here", first),),
                    )
                )
            else:
                nothing = isinstance(value, Scalar) and value.is_nothing
                pairs[key.text] = key, Scalar("", key.mark) if nothing else value
        self._next()
        return Mapping(tuple(pairs.values()), mark)

    def _mark(self, start: Any, end: Any) -> Mark:
        line = min(start.line, len(self.lines) - 1)
        text = self.lines[line]
        length = end.column - start.column if end is not None and end.line == start.line else 1
        return Mark(self.file, line + 1, start.column + 1, max(length, 1), text)


def _whole(text: str) -> str:
    """The text with an emoji that JSON wrote as two halves in one; a half that stands alone is marked by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refuse_excess(event: Any, count: int, depth: int = 0) -> None:
    """Raises _Unreadable where this is one value too many, or stands too deep."""
    if count > MOST_NODES or depth > MOST_DEPTH:
        what = f"{MOST_NODES:,} values" if count > MOST_NODES else f"{MOST_DEPTH} levels"
        raise _Unreadable(f"limit: more than {what}", event.start_mark.line, event.start_mark.column)


def _within_limits(events: Iterable[Any]) -> Iterator[Any]:
    """The events as they are parsed: the parser takes far longer for what is deep, and goes no deeper than we do."""
    count, depth = 0, -2  # stream and document stand around the first value
    for event in events:
        kind = type(event).__name__
        if kind.endswith("EndEvent"):
            depth -= 1
        elif kind.startswith(("Scalar", "Alias", "Sequence", "Mapping")):
            count += 1
            _refuse_excess(event, count, depth)
        if kind.endswith("StartEvent"):
            depth += 1
        yield event


def events(text: str) -> list[Any]:
    """The parser's events, the first one last."""
    from ruamel.yaml import YAML  # takes a tenth of a second to load
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        return list(_within_limits(YAML(typ="safe", pure=True).parse(text)))[::-1]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        opened = error.context_mark
        words = f"{error.context or ''}: {error.problem or ''}"
        place = (opened.line, opened.column) if opened is not None else None
        raise _Unreadable(words, mark.line if mark else 0, mark.column if mark else 0, place) from None
    except ReaderError as error:
        before = text[: error.position]
        raise _Unreadable("character", before.count("\n"), error.position - before.rfind("\n") - 1) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise _Unreadable(f"limit: {type(error).__name__}", 0, 0) from None
