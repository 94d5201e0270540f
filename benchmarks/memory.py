"""The memory of a process and its children, looked at while they work."""

from __future__ import annotations

import subprocess
import threading

import psutil

EVERY = 0.1  # seconds
MEGABYTE = 1_000_000


class Watch:
    """Counts what a process tree holds until the `with` ends; `peak` is in bytes.

    The resident memory of each process is added up, so that shared pages count more than once. One that has just
    begun counts from the second look: until it runs its own program, its parent's memory is shown as its own. What
    isn't ours is left out: the database server, and the product that we compare with.
    """

    def __init__(self, process: subprocess.Popen[str], without: tuple[str, ...]) -> None:
        self.peak = 0
        self._root, self._without = psutil.Process(process.pid), without
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        before: set[psutil.Process] = {self._root}
        while not self._ended.wait(EVERY):
            try:
                tree = {self._root, *self._root.children(recursive=True)}
            except psutil.NoSuchProcess:
                return
            self.peak = max(self.peak, sum(self._held(each) for each in tree & before))
            before = tree

    def _held(self, process: psutil.Process) -> int:
        try:
            command = " ".join(process.cmdline()) or process.name()
            if any(word in command for word in self._without):
                return 0
            held: int = process.memory_info().rss
            return held
        except psutil.Error:  # it has just ended
            return 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()
