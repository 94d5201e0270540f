"""`nurture test`: do my journeys do what I wrote down?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nurture.app import testing
from nurture.app.workspace import Workspace, load
from nurture.cli import tables
from nurture.problems import NurtureError


def run(folder: Path, journeys: Sequence[str] | None = None, *, coverage: bool = False) -> int:
    """Play the tests of the workspace, or of some journeys, and print how each went; 1 where one fails."""
    workspace = testable(folder)
    results = []
    for result in testing.play(workspace, journeys):
        results.append(result)
        print(_line(result), flush=True)
    failed = sum(bool(result.differences) for result in results)
    if coverage:
        _print_uncovered(
            [
                each
                for each in testing.uncovered(workspace, results)
                if not journeys or each.journey in journeys
            ]
        )
    print(f"{len(results) - failed} passed, {failed} failed")
    if not results:
        print("A test is a file in tests/, such as those that `nurture init` writes.")
    return 1 if failed else 0


def testable(folder: Path) -> Workspace:
    """The workspace in `folder`. Raises NurtureError with what is wrong in it."""
    workspace = load(folder, for_work=False)
    if workspace.errors:
        raise NurtureError("the journeys have mistakes; `nurture check` shows them all", workspace.errors)
    return workspace


def _line(result: testing.Result) -> str:
    said = f"{'FAILED' if result.differences else 'passed'}  {result.test.journey}: {result.test.name}"
    return "\n".join([tables.paragraph(said), *(tables.paragraph(line, 6) for line in result.differences)])


def _print_uncovered(ways: Sequence[testing.Uncovered]) -> None:
    if not ways:
        print("Every branch, timeout, exit, skipped message and control group is covered.")
        return
    print("No test takes these ways:")
    for each in ways:
        print(f"  {each.in_words()}")
