"""A worker that hands over what is due whenever it is told to: `python -m benchmarks.worker FOLDER`.

It says when it is ready. A line on its standard input sets it to work; it answers with the number of messages that
were accepted.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.crowd import NOW
from nurture.app import deliver
from nurture.app.opening import open_runtime


def main(folder: str) -> None:
    runtime = open_runtime(Path(folder), lambda: NOW)
    deliver.carriers_of(runtime)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(deliver.deliver(runtime, NOW)["accepted"], flush=True)
    runtime.close()


if __name__ == "__main__":
    main(sys.argv[1])
