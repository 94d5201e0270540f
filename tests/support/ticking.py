"""The jobs once, in their order."""

from __future__ import annotations

from collections import Counter

from nurture.app.runtime import Runtime
from nurture.schedule import JOBS


def tick(runtime: Runtime) -> Counter[str]:
    """Run every job but the report; what each did, by JOB.WHAT."""
    counts: Counter[str] = Counter()
    for each in JOBS[:-1]:
        for name, count in each.run(runtime, runtime.now()).items():
            counts[f"{each.name}.{name}"] += count
    return counts
