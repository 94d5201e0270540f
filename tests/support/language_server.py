"""The yaml-language-server that editors use, spoken to as an editor does: JSON-RPC over its input and output.

`NURTURE_YAML_LANGUAGE_SERVER` names its command; else it is looked for in the checkout and in the cache folder:

    npm install --prefix ~/.cache/nurture-tests yaml-language-server@1
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parent.parent.parent
SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
_BIN = Path("node_modules", ".bin", "yaml-language-server")


def command() -> str:
    """The path of the server. Skips where it is not installed."""
    given = os.environ.get("NURTURE_YAML_LANGUAGE_SERVER")
    places = [Path(given)] if given else [_ROOT / _BIN, Path.home() / ".cache" / "nurture-tests" / _BIN]
    found = next((place for place in places if place.exists()), None)
    if shutil.which("node") is None or found is None:
        pytest.skip(
            "no yaml-language-server: npm install --prefix ~/.cache/nurture-tests yaml-language-server@1"
        )
    return str(found)


@dataclass
class Editor:
    """An editor with a folder open. Lines and columns count from 0, as the protocol does."""

    folder: Path
    process: subprocess.Popen[bytes]
    said: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # what is wrong, by file
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def problems(self, path: str, text: str) -> list[dict[str, Any]]:
        """What is underlined when the file is opened with this text."""
        uri = self._open(path, text)
        while uri not in self.said:
            self._take(self._read())
        return self.said.pop(uri)

    def completions(self, path: str, text: str) -> list[dict[str, Any]]:
        """What is offered where the cursor `|` stands."""
        before, after = text.split("|")
        uri = self._open(path, before + after)
        answer = self._ask("textDocument/completion", uri, before)
        return answer["items"] if isinstance(answer, dict) else answer or []

    def hover(self, path: str, text: str) -> str:
        """What is shown over the word that begins at the mark `|`."""
        before, after = text.split("|")
        uri = self._open(path, before + after)
        answer = self._ask("textDocument/hover", uri, before)
        contents = answer["contents"] if answer else ""
        return contents if isinstance(contents, str) else contents["value"]

    def _open(self, path: str, text: str) -> str:
        given = self.folder / path
        uri = given.with_stem(
            f"{given.stem}-{next(self._numbers)}"
        ).as_uri()  # what was said of another is not mixed in
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send("textDocument/didOpen", {"textDocument": document})
        return uri

    def _ask(self, method: str, uri: str, before: str) -> Any:
        lines = before.split("\n")
        place = {"line": len(lines) - 1, "character": len(lines[-1])}
        return self._request(method, {"textDocument": {"uri": uri}, "position": place})

    def start(self) -> None:
        folder = {"uri": self.folder.as_uri(), "name": self.folder.name}
        able = {"textDocument": {"hover": {"contentFormat": ["markdown"]}}}
        wanted = {"processId": os.getpid(), "rootUri": folder["uri"], "workspaceFolders": [folder]}
        self._request("initialize", {**wanted, "capabilities": able})
        self._send("initialized", {})
        self._send("workspace/didChangeConfiguration", {"settings": SETTINGS})

    def _request(self, method: str, parameters: Any) -> Any:
        number = next(self._numbers)
        self._write({"id": number, "method": method, "params": parameters})
        while True:
            message = self._read()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message.get("result")
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            self.said[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:  # the server asks the editor
            items = (message.get("params") or {}).get("items")
            wanted = [SETTINGS.get(item["section"]) for item in items] if items else None
            self._write({"id": message["id"], "result": wanted})

    def _send(self, method: str, parameters: Any) -> None:
        self._write({"method": method, "params": parameters})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the language server has ended"
        found: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return found


@contextmanager
def opened(folder: Path) -> Iterator[Editor]:
    """An editor in which the folder is open."""
    arguments = [command(), "--stdio"]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        try:
            editor = Editor(folder, process)
            editor.start()
            yield editor
        finally:
            process.terminate()
