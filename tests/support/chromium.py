"""A browser that a test can use as a person does: visit, press keys, click, type."""

from __future__ import annotations

import json
import select
from typing import Any

from tools.chromium import Chromium

PATIENCE = 30.0  # seconds for one answer; a busy machine starts a browser slowly
KEYS = {"Tab": (9, ""), "Enter": (13, "\r")}


class Browser(Chromium):
    """The browser of the screenshots, with hands. A context manager. Raises NoBrowser."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        super().__init__()
        self._call("Log.enable")

    def screen(self, width: int, *, dark: bool = False) -> None:
        """Be a phone or a desk, this many CSS pixels wide."""
        self._metrics(width, 740)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def visit(self, url: str) -> None:
        self._call("Page.navigate", url=url)
        self.loaded()

    def loaded(self) -> None:
        """Wait until a page has been loaded."""
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._next()
        self._events = [event for event in self._events if event["method"] != "Page.loadEventFired"]

    def see(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        return self._run(script)

    def text(self) -> str:
        return str(self.see("document.body.innerText"))

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of the first element that `selector` finds."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.see(f"{found}.scrollIntoView({{block: 'center'}})")
        x, y = self.see(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({found}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key of the keyboard, one of KEYS."""
        number, text = KEYS[key]
        about = {"key": key, "code": key, "windowsVirtualKeyCode": number}
        self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self._call("Input.dispatchKeyEvent", type="keyUp", **about)

    def write(self, text: str) -> None:
        """Type where the cursor stands."""
        self._call("Input.insertText", text=text)

    def complaints(self) -> list[str]:
        """What the browser has complained of since the start: blocked styles, scripts, missing files."""
        return [e["params"]["entry"]["text"] for e in self._events if e["method"] == "Log.entryAdded"]

    def _next(self) -> bytes:
        if b"\0" not in self._read and not select.select([self._receive], [], [], PATIENCE)[0]:
            raise TimeoutError(f"the browser has said nothing for {PATIENCE:g} seconds")
        message = super()._next()
        if "method" in (event := json.loads(message)):
            self._events.append(event)
        return message
