"""JOBS for Prefect: a flow of a few lines for each. A flow run is a batch, never a contact.

Nothing personal passes through here: Prefect stores and shows parameters, results, logs and artifacts.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from nurture.app.opening import open_runtime
from nurture.schedule import job, run


def run_job(name: str) -> dict[str, int]:
    """Run one job of the workspace that NURTURE_WORKSPACE names, and leave its figures as an artifact."""
    runtime = open_runtime(Path(os.environ.get("NURTURE_WORKSPACE", ".")))
    try:
        counts = run(runtime, job(name))
    finally:
        runtime.close()
    create_markdown_artifact(markdown=_figures(name, counts), key=name, description=job(name).title)
    return dict(counts)


def _figures(name: str, counts: Counter[str]) -> str:
    rows = [f"| {what} | {count} |" for what, count in sorted(counts.items())]
    return "\n".join([f"**{job(name).title}**", "", "| what | how many |", "|---|---:|", *rows])


@flow(name="process-feedback", log_prints=False)
def process_feedback() -> dict[str, int]:
    """What came in from the shop, the providers and people has its effect."""
    return run_job("process-feedback")


@flow(name="evaluate-triggers", log_prints=False)
def evaluate_triggers() -> dict[str, int]:
    """Enroll whoever crossed a line since the last run."""
    return run_job("evaluate-triggers")


@flow(name="advance-journeys", log_prints=False)
def advance_journeys() -> dict[str, int]:
    """Take each run that is due to its next step."""
    return run_job("advance-journeys")


@flow(name="deliver-messages", log_prints=False)
def deliver_messages() -> dict[str, int]:
    """Hand over the messages that are due."""
    return run_job("deliver-messages")


@flow(name="report", log_prints=False)
def report() -> dict[str, int]:
    """Write the report."""
    return run_job("report")
