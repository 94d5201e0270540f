"""Who may ask what by HTTP, as `nurture.yaml` says it: keys by name, each with its hash and its scopes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from nurture.app.pace_options import HOW_FAST
from nurture.nodes import Mapping, Node, Scalar, Sequence
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import NAME, Choice, Custom, OneOrMore, Value
from nurture.settings import ApiAccess, ApiKey, Scope

LONGEST_NAME = 40
_MAKE = "nurture api-key NAME --may events makes a key, and prints what to write here"


class _Hash(Value[bytes]):
    """What is wrong is not repeated: it may be a key itself."""

    words = "the SHA-256 of a key: 64 hexadecimal digits"
    pattern = re.compile(r"[0-9a-f]{64}")

    def read(self, node: Node, desk: Desk) -> bytes | None:
        if isinstance(node, Scalar) and self.pattern.fullmatch(node.text):
            return bytes.fromhex(node.text)
        desk.error("N105", f"expected {self.words}", node.mark, _MAKE)
        return None

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, self.pattern.pattern)


KEY = Table(
    "a key",
    (
        Option(
            "sha256",
            OneOrMore(_Hash()),
            "The key's hash, by which it is known; of two while one takes the other's place.",
            '"63fd1e194ea8cd936549d16012892c9571e58b9652262670cb1cfb238430a7e3"',
            required=True,
            default=(),
        ),
        Option(
            "may",
            OneOrMore(Choice(tuple(Scope))),
            "What it may do: tell `events`, set `people`'s fields, give and withdraw `consents`, let somebody `enter`.",
            "[events, people]",
            required=True,
            default=(),
        ),
    ),
    anchor="workspace",
)


def _keys(node: Node, desk: Desk) -> dict[str, Options] | None:
    node = _unseen(node)
    if not isinstance(node, Mapping):
        desk.error("N104", "expected keys by name, each with its hash and what it may do", node.mark, _MAKE)
        return None
    found = {}
    for name, value in node:
        if not NAME.fullmatch(name.text) or len(name.text) > LONGEST_NAME:
            desk.error(
                "N113", f"'{name.text}' is not a key's name: small letters, digits and hyphens", name.mark
            )
        if isinstance(value, Mapping):
            if (options := read_table(value, KEY, desk)) is not None:
                found[name.text] = options
        else:
            desk.error("N104", f"expected 'sha256' and 'may' of the key '{name.text}'", value.mark, _MAKE)
    return found


def _unseen(node: Node) -> Node:
    """The node, its problems told without the line that it stands in: somebody may have written a key there."""
    mark = replace(node.mark, text=None)
    match node:
        case Mapping():
            pairs = tuple(
                (replace(name, mark=replace(name.mark, text=None)), _unseen(value)) for name, value in node
            )
            return replace(node, pairs=pairs, mark=mark)
        case Sequence():
            return replace(node, items=tuple(map(_unseen, node.items)), mark=mark)
    return replace(node, mark=mark)


API = Table(
    "'api'",
    (
        Option(
            "keys",
            Custom(
                "keys by name", _keys, lambda desk: shapes.table_of(shapes.table(KEY, desk), NAME.pattern)
            ),
            "Who may ask, by the name that what they tell is known by.",
            "{shop: {sha256: ..., may: [events, people]}}",
            required=True,
            default={},
        ),
        Option("rate", HOW_FAST, "How many requests a key may make.", "20/second"),
    ),
    anchor="workspace",
)


def access(options: Options | None) -> ApiAccess:
    if options is None:
        return ApiAccess()
    keys = tuple(
        ApiKey(name, each["sha256"], frozenset(map(Scope, each["may"])))
        for name, each in options["keys"].items()
    )
    _must_differ(keys, options)
    return ApiAccess(keys, options["rate"] or ApiAccess().rate)


def _must_differ(keys: tuple[ApiKey, ...], options: Options) -> None:
    """Of one hash under two names nobody could say who asks."""
    times = Counter(digest for key in keys for digest in set(key.digests))
    for name in [key.name for key in keys if any(times[digest] > 1 for digest in key.digests)][1:]:
        mark = options["keys"][name].mark_of("sha256")
        options.desk.error("N105", f"the key '{name}' has a hash that another one has", mark, _MAKE)
