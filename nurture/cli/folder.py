"""Which workspace a command works on, and opening it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nurture.app.runtime import Runtime

HERE = Path()
Folder = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FOLDER",
        envvar="NURTURE_WORKSPACE",
        help="The workspace's folder.",
        show_default="here",
    ),
]


@contextmanager
def runtime(folder: Path, *, for_work: bool = True) -> Iterator[Runtime]:
    """The workspace in `folder`, opened. Raises NurtureError where its files have mistakes.

    Where it isn't `for_work`, providers' secrets may be missing: nothing can be sent then.
    """
    from nurture.app.opening import open_runtime

    opened = open_runtime(folder, for_work=for_work)
    try:
        yield opened
    finally:
        opened.close()
