"""Prefect's flows and the embedded scheduler run one table: each job has its flow, each flow its deployment."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow
from ruamel.yaml import YAML

from flows import jobs as flows
from nurture import schedule
from nurture.app.init import init
from nurture.app.runtime import Runtime
from nurture.schedule import JOBS, MINUTE, Job, job

ROOT = Path(__file__).parents[3]
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    each["name"]: each for each in YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]
}
NAMES = [each.name for each in JOBS]


def test_each_job_has_a_deployment_and_no_other_is_deployed() -> None:
    assert list(DEPLOYMENTS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_deployment_runs_the_flow_of_its_job(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _, attribute = DEPLOYMENTS[name]["entrypoint"].rpartition(".")
    found = getattr(import_module(module), attribute)
    assert isinstance(found, Flow)
    assert found.name == name
    ran: list[str] = []
    monkeypatch.setattr(flows, "run_job", ran.append)
    found.fn()
    assert ran == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_deployment_comes_as_often_as_its_job(name: str) -> None:
    """A flow run costs seconds where a poke costs nothing: jobs of ten seconds come every minute."""
    (schedule,) = DEPLOYMENTS[name]["schedules"]
    assert timedelta(seconds=schedule["interval"]) == max(job(name).every, MINUTE)


def test_every_flow_of_the_module_is_a_job() -> None:
    found = {each.name for each in vars(flows).values() if isinstance(each, Flow)}
    assert found == set(NAMES)


def test_each_workspace_brings_the_file(tmp_path: Path) -> None:
    init(tmp_path / "shop")
    assert (tmp_path / "shop" / "prefect.yaml").read_bytes() == (ROOT / "prefect.yaml").read_bytes()


# --- how a job's end is said -------------------------------------------------------------------


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    init(folder)
    monkeypatch.setenv("NURTURE_WORKSPACE", str(folder))
    return folder


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    left: list[dict[str, Any]] = []
    monkeypatch.setattr(flows, "create_table_artifact", lambda **artifact: left.append(artifact))
    return left


def let_the_job(monkeypatch: pytest.MonkeyPatch, do: Any) -> None:
    jobs = tuple(Job(each.name, each.title, each.every, do) for each in JOBS)
    monkeypatch.setattr(schedule, "JOBS", jobs)


def test_a_run_says_what_it_did(
    workspace: Path, artifacts: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_the_job(monkeypatch, lambda runtime, now: Counter(sent=1200, deferred=2, refused=0))
    state = flows.run_job("deliver-messages")
    assert (state.name, state.message) == ("Completed", "deferred 2, sent 1,200")
    (artifact,) = artifacts
    assert artifact["key"] == "deliver-messages"
    assert artifact["table"] == [{"what": "deferred", "how many": 2}, {"what": "sent", "how many": 1200}]


def test_a_run_with_nothing_to_do_leaves_no_artifact(
    workspace: Path, artifacts: list[dict[str, Any]]
) -> None:
    state = flows.run_job("evaluate-triggers")
    assert (state.name, state.message, artifacts) == ("Completed", "nothing to do", [])


def test_an_error_is_said_without_what_it_may_hold_of_people(
    workspace: Path, artifacts: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(runtime: Runtime, now: datetime) -> Counter[str]:
        raise ValueError("duplicate key (email)=(ana@example.com)")

    let_the_job(monkeypatch, fail)
    state = flows.run_job("process-feedback")
    assert state.name == "Failed"
    assert state.message is not None
    assert state.message.startswith("ValueError")
    assert "ana" not in state.message
    assert state.data is None


def test_a_broken_workspace_is_said_with_the_place(workspace: Path) -> None:
    settings = workspace / "nurture.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("provider: outbox ", "provider: smtq "))
    state = flows.run_job("report")
    assert state.name == "Failed"
    assert state.message is not None
    assert "can't be used yet" in state.message
    assert "nurture.yaml:" in state.message
    assert "smtq" in state.message


def test_a_worker_without_a_workspace_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NURTURE_WORKSPACE", raising=False)
    state = flows.run_job("report")
    assert state.name == "Failed"
    assert "NURTURE_WORKSPACE" in str(state.message)


def test_a_run_that_is_cancelled_lets_the_job_end_its_batch(
    workspace: Path, artifacts: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    def work(runtime: Runtime, now: datetime) -> Counter[str]:
        before = runtime.stopping()
        signal.raise_signal(signal.SIGTERM)
        return Counter(stopped=int(runtime.stopping() and not before))

    let_the_job(monkeypatch, work)
    usual = signal.getsignal(signal.SIGTERM)
    assert flows.run_job("deliver-messages").message == "stopped 1"
    assert signal.getsignal(signal.SIGTERM) is usual
