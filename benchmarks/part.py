"""One benchmark in a process of its own: `python -m benchmarks.part NAME SCALE` prints a JSON line a row."""

from __future__ import annotations

import json
import sys
from importlib import import_module

PARTS = (
    "enrolling",
    "advancing",
    "rendering",
    "sending",
    "sharing",
    "killing",
    "leaving",
    "lasting",
    "signing",
    "starting",
    "simulating",
)


def main(name: str, scale: str) -> None:
    for row in import_module(f"benchmarks.{name}").rows(float(scale)):
        print(json.dumps(row.to_json()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
