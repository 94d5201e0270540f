"""Secrets come from the environment: `${NAME}` in a workspace's settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping as Dict
from dataclasses import replace
from getpass import getuser

from nurture.nodes import Mapping, Node, Scalar, Sequence
from nurture.problems import Problem, Severity

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = re.compile(r"(?:\w+_)?(?:password|token|secret|key)")
_PUBLIC = frozenset(("webhook_key", "access_key"))  # a key to check signatures with, the name of another one


def user() -> str:
    """Who gives the command, by the name that the machine has for them; where it has none, as in many containers, by
    their number."""
    try:
        return getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def above(text: str) -> dict[str, str]:
    """The environment, and under it what the `text` of the workspace's own `.env` says."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.lstrip().startswith("#"):
            values[name.strip()] = value.strip().strip("\"'")
    return {**values, **os.environ}


def fill_in(node: Node, environment: Dict[str, str], problems: list[Problem], needed: bool) -> Node:
    """The node with every `${NAME}` replaced. One that isn't set is an error if it is `needed`."""
    match node:
        case Scalar():
            text = _filled(node, environment, problems, needed)
            return node if text == node.text else replace(node, text=text, quoted=True)
        case Sequence(items, mark):
            return Sequence(tuple(fill_in(item, environment, problems, needed) for item in items), mark)
        case Mapping(pairs, mark):
            for key, value in pairs:
                _refuse_literal(key, value, problems)
            return Mapping(
                tuple((key, fill_in(value, environment, problems, needed)) for key, value in pairs), mark
            )


def _filled(node: Scalar, environment: Dict[str, str], problems: list[Problem], needed: bool) -> str:
    for name in _NAME.findall(node.text):
        if name not in environment:
            severity = Severity.ERROR if needed else Severity.WARNING
            message = f"the environment has no {name}"
            hint = f"set it, or write {name}=... into the workspace's .env"
            problems.append(Problem("N601", message, node.mark, hint, severity=severity))
    return _NAME.sub(lambda found: environment.get(found[1], ""), node.text)


def is_secret(name: str) -> bool:
    """Whether an option of that name holds what nobody may read."""
    return _SECRET.fullmatch(name) is not None and name not in _PUBLIC


def _refuse_literal(key: Scalar, value: Node, problems: list[Problem]) -> None:
    if is_secret(key.text) and isinstance(value, Scalar) and value.text and not _NAME.search(value.text):
        mark = replace(value.mark, text=None)  # the excerpt would show it
        hint = f"write '{key.text}: ${{NAME}}' and set NAME in the environment or in .env"
        problems.append(Problem("N602", f"'{key.text}' stands in the file, where others read it", mark, hint))
