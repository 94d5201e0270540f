"""`nurture test`: do my journeys do what I wrote down?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nurture.app import testing
from nurture.app.workspace import load
from nurture.problems import NurtureError


def run(folder: Path, journeys: Sequence[str] | None = None, *, coverage: bool = False) -> int:
    """Play the tests of the workspace, or of some journeys, and print how they went; 1 where one fails."""
    workspace = load(folder, for_work=False)
    if workspace.errors:
        raise NurtureError("the journeys have mistakes; `nurture check` shows them all", workspace.errors)
    results = testing.run(workspace, journeys)
    failed = [result for result in results if result.differences]
    for result in results:
        print(f"{'FAILED' if result.differences else 'passed'}  {result.test.journey}: {result.test.name}")
        for line in result.differences:
            print(f"        {line}")
    if coverage:
        _print_uncovered(
            [
                each
                for each in testing.uncovered(workspace, results)
                if not journeys or each.journey in journeys
            ]
        )
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _print_uncovered(ways: Sequence[testing.Uncovered]) -> None:
    if not ways:
        print("Every branch, timeout, exit and control group is covered.")
        return
    print("No test takes these ways:")
    for each in ways:
        step, reason = each.way
        print(f"  {each.place}: {each.journey}: {f'{step}: ' if step else ''}{reason}")
