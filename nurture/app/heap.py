"""The garbage collector, while a batch is worked on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest() -> Iterator[None]:
    """Don't look for garbage in cycles until the batch is done.

    A batch makes some hundred thousand small objects, none of them in a cycle, that go with it by themselves.
    Looking through them again and again takes a fifth of its time.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()
