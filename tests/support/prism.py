"""Prism serves an OpenAPI description as a server that refuses what does not conform to it.

`NURTURE_PRISM` names its command; else it is looked for in the checkout and in the cache folder:

    npm install --prefix ~/.cache/nurture-tests @stoplight/prism-cli@5
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent.parent
_BIN = Path("node_modules", ".bin", "prism")


def command() -> str:
    """The path of Prism. Skips where it is not installed."""
    given = os.environ.get("NURTURE_PRISM")
    places = [Path(given)] if given else [_ROOT / _BIN, Path.home() / ".cache" / "nurture-tests" / _BIN]
    found = next((place for place in places if place.exists()), None)
    if shutil.which("node") is None or found is None:
        pytest.skip("no Prism: npm install --prefix ~/.cache/nurture-tests @stoplight/prism-cli@5")
    return str(found)


@contextmanager
def serving(description: Path) -> Iterator[str]:
    """The base URL of a server for this description, which answers 422 to a request that breaks it."""
    port = _free_port()
    arguments = [command(), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(description)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            said = []
            for line in process.stdout:
                said.append(line)
                if "Prism is listening" in line:
                    break
            else:
                pytest.fail(f"Prism did not start: {''.join(said[-5:])}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
