"""The command line as a user has it, without Python starting each time.

A command runs in a process of its own, forked from a server that has imported everything: it sees its own
folder, environment, arguments and output, and leaves nothing behind in the tests.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import shlex
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.warm"])
LONGEST = 120.0
_OF_THE_SHELL = frozenset("|&;<>$`*?~\\")


@dataclass(frozen=True)
class Done:
    """What a command printed, to either stream, and its exit status."""

    said: str
    status: int


def run(command: str, folder: Path, environment: Mapping[str, str]) -> Done:
    """Run a line as it would be typed, in this folder and with this environment."""
    if command.startswith("nurture ") and not _OF_THE_SHELL & set(command):
        return nurture(shlex.split(command)[1:], folder, environment)
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    return Done(done.stdout, done.returncode)


def nurture(words: Sequence[str], folder: Path, environment: Mapping[str, str], typed: str = "") -> Done:
    """Run `nurture WORDS` in this folder and with this environment; `typed` is what is typed into it."""
    with tempfile.NamedTemporaryFile() as said:
        arguments = (["nurture", *words], folder, dict(environment), said.name, typed)
        process = _FORKS.Process(target=_live, args=arguments)
        process.start()
        process.join(LONGEST)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{shlex.join(words)} runs for more than {LONGEST} s")
        return Done(said.read().decode("utf-8"), process.exitcode)


def start(words: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> BaseProcess:
    """`nurture WORDS` in the background, in a process group of its own; what it says is added to `log`."""
    arguments = (["nurture", *words], folder, dict(environment), str(log), "", True)
    process = _FORKS.Process(target=_live, args=arguments)
    process.start()
    return process


def _live(
    words: list[str], folder: Path, environment: dict[str, str], said: str, typed: str, alone: bool = False
) -> None:
    from nurture.cli.main import main

    if alone:
        os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    sys.stdin = io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8")
    with open(said, "a", encoding="utf-8") as out, redirect_stdout(out), redirect_stderr(out):
        try:
            main()
        except Exception:
            traceback.print_exc()
            sys.exit(1)
