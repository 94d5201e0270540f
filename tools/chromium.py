"""Screenshots by a headless Chromium, spoken to through two pipes (the DevTools protocol)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import tempfile
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from types import TracebackType
from typing import Any, cast

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
)
HIGHEST = 6000  # of a screenshot, in CSS pixels


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


class Chromium:
    """One browser with one page. A context manager: leaving it ends the browser."""

    def __init__(self) -> None:
        program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise NoBrowser("no Chromium found: install it, or set CHROMIUM to its path")
        self._profile = tempfile.TemporaryDirectory(prefix="shots-", ignore_cleanup_errors=True)
        self._process, self._send, self._receive = _start(program, self._profile.name)
        self._number, self._read = 0, b""
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Page.enable")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._process, signal.SIGTERM)
        os.waitpid(self._process, 0)
        os.close(self._send)
        os.close(self._receive)
        self._profile.cleanup()

    def open(self, page: Path) -> None:
        self._call("Page.navigate", url=page.resolve().as_uri())
        self._run(
            "new Promise(done => document.readyState == 'complete' ? done() : addEventListener('load', done))"
        )

    def shoot(self, width: int, dark: bool, target: Path) -> int:
        """A picture of the whole page, `width` CSS pixels wide, to `target`.

        Returns how many pixels its contents stick out to the right: 0 unless it scrolls sideways.
        """
        self._metrics(width, 800)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        wide, high = self._run(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        self._metrics(width, min(max(high, 300), HIGHEST))
        taken = self._call("Page.captureScreenshot", format="png")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(taken["data"]))
        return max(0, int(wide) - width)

    def _metrics(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def _run(self, expression: str) -> Any:
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return cast(dict[str, Any], answer["result"])

    def _next(self) -> bytes:
        while b"\0" not in self._read:
            piece = os.read(self._receive, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium ended")
            self._read += piece
        message, _, self._read = self._read.partition(b"\0")
        return message


def _start(program: str, profile: str) -> tuple[int, int, int]:
    """The browser's process id, and the descriptors to write to it and to read from it.

    It reads commands from its descriptor 3 and answers on 4.
    """
    theirs_in, ours_out = _high_pipe()
    ours_in, theirs_out = _high_pipe()
    process = os.posix_spawn(
        program,
        [program, *OPTIONS, f"--user-data-dir={profile}"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, theirs_in, 3),
            (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    os.close(theirs_in)
    os.close(theirs_out)
    return process, ours_out, ours_in


def _high_pipe() -> tuple[int, int]:
    """A pipe whose ends are not in the way of the descriptors 3 and 4."""
    low = os.pipe()
    high = fcntl(low[0], F_DUPFD_CLOEXEC, 10), fcntl(low[1], F_DUPFD_CLOEXEC, 10)
    for end in low:
        os.close(end)
    return high
