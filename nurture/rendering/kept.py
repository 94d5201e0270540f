"""A bounded cache of structures: what was used last stays.

A source is its pieces, as the template wrote them: most are the template's own constants, whose hash Python keeps.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import TypeAlias

from nurture.rendering.shape import Shape
from nurture.rendering.structure import Part, Structure

Outcomes: TypeAlias = tuple[tuple[bool, ...], ...]
Source: TypeAlias = tuple[str, ...]
Item: TypeAlias = Structure | Shape | Part

MAX_ITEMS = 1024
MAX_BYTES = 32_000_000
_SMALL = 500  # bytes of what has no text of its own


class Kept:
    """Structures by their source, the outcomes of its selectors and whether the text is derived from it, which a
    template of the same source with a text of its own doesn't want. Safe between threads."""

    def __init__(self, max_items: int = MAX_ITEMS, max_bytes: int = MAX_BYTES) -> None:
        self._items: OrderedDict[Hashable, Item] = OrderedDict()
        self._size = 0
        self._lock = Lock()
        self._max_items = max_items
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._items)

    def shape(self, source: Source) -> Shape | None:
        found = self._get(source)
        return found if isinstance(found, Shape) else None

    def structure(self, source: Source, outcomes: Outcomes, derived: bool) -> Structure | None:
        found = self._get((source, outcomes, derived))
        return found if isinstance(found, Structure) else None

    def part(self, source: Source) -> Part | None:
        found = self._get(("text", source))
        return found if isinstance(found, Part) else None

    def keep(self, source: Source, outcomes: Outcomes, shape: Shape, structure: Structure) -> None:
        self._put(source, shape)
        self._put((source, outcomes, structure.text is not None), structure)

    def keep_part(self, source: Source, part: Part) -> None:
        self._put(("text", source), part)

    def _get(self, key: Hashable) -> Item | None:
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
            return found

    def _put(self, key: Hashable, item: Item) -> None:
        with self._lock:
            if key in self._items:
                return
            self._items[key] = item
            self._size += _size(item)
            while len(self._items) > self._max_items or (
                self._size > self._max_bytes and len(self._items) > 2
            ):
                self._size -= _size(self._items.popitem(last=False)[1])


def _size(item: Item) -> int:
    return _SMALL if isinstance(item, Shape) else _SMALL + 3 * item.size
