"""Documents as tests: what a page shows is done in an empty folder, and must come out as shown.

A fence that names a file (```yaml journeys/hello.yaml) writes it. A ```console fence is a session: lines
that begin with `$ ` are run, and what follows is what they print, where `...` stands for anything. A command
fails if and only if what is shown says so: error, FAILED, REFUSED, CHANGED or WRONG.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import commands

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FAILURE = re.compile(r"error|FAILED|REFUSED|CHANGED|WRONG")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Fence:
    """A block of code in a document: `yaml journeys/hello.yaml` is of the language yaml and a file."""

    line: int
    language: str
    file: str | None
    body: str

    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command of a session with what it prints."""
        for part in re.split(r"^\$ ", self.body, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def fences(document: Path) -> Iterator[Fence]:
    text = document.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        language, _, file = found["info"].strip().partition(" ")
        yield Fence(text.count("\n", 0, found.start()) + 1, language, file.strip() or None, found["body"])


def follow(document: Path, folder: Path) -> int:
    """Do what the document shows, beginning in the empty `folder`; how many commands there were."""
    count, here = 0, folder
    for fence in fences(document):
        if fence.file is not None:
            (here / fence.file).parent.mkdir(parents=True, exist_ok=True)
            (here / fence.file).write_text(fence.body, encoding="utf-8")
        elif fence.language == "console":
            for command, printed in fence.commands():
                where = f"{document.name}:{fence.line}: $ {command}"
                if command.startswith("cd "):
                    here = here / command[3:]
                    continue
                _run(command, printed, here, where)
                count += 1
    return count


def _run(command: str, printed: str, here: Path, where: str) -> None:
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
    }
    done = commands.run(command, here, environment)
    assert (done.status != 0) == bool(_FAILURE.search(printed)), (
        f"{where}\nexit status {done.status}:\n{done.said}"
    )
    if printed.strip():
        assert _as_shown(printed).fullmatch(_tidy(done.said)), (
            f"{where}\nshown:\n{printed}\nprinted:\n{done.said}"
        )


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _as_shown(printed: str) -> re.Pattern[str]:
    return re.compile(re.escape(_tidy(printed)).replace(re.escape("..."), ".*?"), re.DOTALL)
