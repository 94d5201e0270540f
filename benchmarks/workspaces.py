"""Workspaces of a shop in a folder that goes away again, on either database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from benchmarks.crowd import NOW
from benchmarks.table import POSTGRESQL, SQLITE
from nurture.app import publish
from nurture.app.opening import open_runtime
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from tests.support import postgres

DATABASES = (SQLITE, POSTGRESQL)
_SETTINGS = """
company:
  name: Café Serra Azul
  postal_address: Rua das Acácias 120, São Paulo
  website: https://cafe.example
  zone: America/Sao_Paulo
channels:
  email:
    sender: {{address: ola@cafe.example, name: Café Serra Azul}}
{channel}
topics:
  offers: {{title: Ofertas}}
database: {database}
secret: ${{BENCH_SECRET}}
"""
_OUTBOX = "    provider: outbox\n"


@contextmanager
def workspace(
    database: str,
    journeys: dict[str, str],
    templates: dict[str, str],
    channel: str = _OUTBOX,
    clock: Callable[[], datetime] = lambda: NOW,
) -> Iterator[Runtime]:
    """A workspace with these files below journeys/ and templates/; `channel` says how mail leaves."""
    folder = Path(tempfile.mkdtemp(prefix="nurture-bench-"))
    url = postgres.fresh_database() if database == POSTGRESQL else "sqlite:///data/nurture.db"
    files = {
        "nurture.yaml": _SETTINGS.format(database=url, channel=channel),
        ".env": f"BENCH_SECRET={'5e' * 32}\n",
        **{f"journeys/{name}.yaml": text for name, text in journeys.items()},
        **{f"templates/{name}": text for name, text in templates.items()},
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    runtime = open_runtime(folder, clock)
    try:
        yield runtime
    finally:
        runtime.close()
        if database == POSTGRESQL:
            postgres.drop_database(url)
        shutil.rmtree(folder)


def go_live(runtime: Runtime, journey: str) -> None:
    """Publish one journey of the workspace; who is to enter enters."""
    publish.publish(runtime, publishable(runtime.folder, [journey]), runtime.now())
