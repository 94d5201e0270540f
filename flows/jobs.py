"""JOBS for Prefect: a flow of a few lines for each. A flow run is a batch, never a contact.

Nothing personal passes through here: Prefect stores and shows parameters, results, logs and artifacts.
So a job's error leaves as a state with a message in our own words; an exception would take its text and
traceback along.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from nurture.app.opening import open_runtime
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.schedule import in_words, job, run


def run_job(name: str) -> State[Any]:
    """Run one job of the workspace that NURTURE_WORKSPACE names, and say how it went.

    What it did is the state's message, and a table among the artifacts where it did anything.
    """
    try:
        counts = _run(name)
    except Exception as error:
        return Failed(message=in_words(error))
    if counts:
        table = [{"what": what, "how many": count} for what, count in counts.items()]
        create_table_artifact(table=table, key=name, description=job(name).title)
    return Completed(
        message=", ".join(f"{what} {count:,}" for what, count in counts.items()) or "nothing to do"
    )


def _run(name: str) -> Mapping[str, int]:
    runtime = open_runtime(_workspace())
    try:
        with _stopped_by_sigterm(runtime):
            return {what: count for what, count in sorted(run(runtime, job(name)).items()) if count}
    finally:
        runtime.close()


def _workspace() -> Path:
    folder = os.environ.get("NURTURE_WORKSPACE")
    if not folder:
        raise NurtureError(
            "the worker's environment has no NURTURE_WORKSPACE; set it to the workspace's folder and start the worker again"
        )
    return Path(folder)


@contextmanager
def _stopped_by_sigterm(runtime: Runtime) -> Iterator[None]:
    """A run that is cancelled finishes its batch or wave, for which Prefect leaves it 30 seconds: what is cut off
    there is in doubt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = threading.Event()
    runtime.stopping = told.is_set
    before = signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@flow(name="collect-returns")
def collect_returns() -> State[Any]:
    """Read what came back by mail."""
    return run_job("collect-returns")


@flow(name="process-feedback")
def process_feedback() -> State[Any]:
    """What came in from the shop, the providers and people has its effect."""
    return run_job("process-feedback")


@flow(name="evaluate-triggers")
def evaluate_triggers() -> State[Any]:
    """Enroll whoever crossed a line since the last run."""
    return run_job("evaluate-triggers")


@flow(name="advance-journeys")
def advance_journeys() -> State[Any]:
    """Take each run that is due to its next step."""
    return run_job("advance-journeys")


@flow(name="deliver-messages")
def deliver_messages() -> State[Any]:
    """Hand over the messages that are due."""
    return run_job("deliver-messages")


@flow(name="report")
def report() -> State[Any]:
    """Write the report."""
    return run_job("report")
