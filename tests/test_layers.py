"""Who may import whom: low never imports high."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LEVELS: dict[str, int] = {
    **dict.fromkeys(
        (
            "model",
            "limits",
            "problems",
            "clock",
            "vocabulary",
            "settings",
            "faults",
            "nodes",
            "digests",
            "identity",
            "hosts",
            "whatsapp",
        ),
        0,
    ),
    **dict.fromkeys(("criteria", "options"), 1),
    **dict.fromkeys(("triggers", "steps"), 2),
    **dict.fromkeys(("compiler", "engine", "reports", "insights", "rendering", "journeys", "templates"), 3),
    **dict.fromkeys(("store", "channels"), 4),
    "app": 5,
    **dict.fromkeys(("schedule", "scheduler", "cli", "web", "demo"), 6),
    "flows": 7,
}
ONLY_IN = {"sqlalchemy": "store", "alembic": "store", "prefect": "flows", "premailer": "rendering"}
NEVER = {("store", "channels"), ("channels", "store")}


def modules() -> list[Path]:
    return sorted([*ROOT.glob("nurture/**/*.py"), *ROOT.glob("flows/**/*.py")])


def room(path: Path) -> str | None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "flows":
        return "flows"
    return parts[1] if parts[1] != "__init__" else None


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def target(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] == "flows":
        return "flows"
    return parts[1] if parts[0] == "nurture" and len(parts) > 1 else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_low_never_imports_high(path: Path) -> None:
    here = room(path)
    if here is None:
        return
    assert here in LEVELS, f"{here} has no level: give it one in architecture and here"
    for name in imported(path):
        there = target(name)
        if there and there in LEVELS:
            assert LEVELS[there] <= LEVELS[here], f"{path.name} ({here}) imports {name}"
            assert (here, there) not in NEVER, f"{path.name} ({here}) imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_effects_stay_in_their_rooms(path: Path) -> None:
    for name in imported(path):
        only = ONLY_IN.get(name.split(".")[0])
        assert only in (None, room(path)), f"{path.name} imports {name}: only {only} may"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_rooms_have_no_clock_and_no_chance(path: Path) -> None:
    here = room(path)
    if here is None or LEVELS[here] > 3 or here == "faults":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            assert (owner, node.func.attr) not in {
                ("datetime", "now"),
                ("datetime", "utcnow"),
                ("date", "today"),
                ("time", "time"),
                ("os", "getenv"),
                ("uuid", "uuid4"),
                ("secrets", "token_hex"),
                ("random", "random"),
            }, f"{path.name}:{node.lineno} {owner}.{node.func.attr}"
    assert "random" not in {name.split(".")[0] for name in imported(path)}, f"{path.name} imports random"


def test_the_page_tells_of_every_room_and_its_level() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = {name: int(level) for name, level in re.findall(r"^\| `(\w+)` \| (\d) \|", page, re.MULTILINE)}
    assert told == LEVELS
    assert {found for path in modules() if (found := room(path))} == set(told)
