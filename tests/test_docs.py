"""What the documents show works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nurture.cli.main import app
from nurture.compiler import CompileContext, compile_journey

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_journey_of_the_readme_compiles() -> None:
    (journey,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    context = CompileContext(
        topics=("offers",),
        pools=("WINBACK15",),
        templates={"email": ("reactivation/we-miss-you", "reactivation/coupon")},
    )
    assert compile_journey(journey, "README.md", context).problems == ()


def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = re.findall(r"^\$ nurture (.+)$", README, re.MULTILINE)
    assert commands[-1] == "up"
    monkeypatch.chdir(tmp_path)
    for command in commands[:-1]:
        done = CliRunner().invoke(app, command.split(), input="y\n")
        assert done.exit_code == 0, f"nurture {command}: {done.output}{done.exception!r}"
        if command.startswith("init"):
            monkeypatch.chdir(tmp_path / command.split()[1])
