"""The table of the README is what `nurture demo` prints: run by `make docs`, since it takes a minute."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support import documents

README = Path(__file__).parents[1] / "README.md"


def test_the_demo_ends_as_the_readme_shows(tmp_path: Path) -> None:
    (shown,) = (fence.body for fence in documents.fences(README) if fence.language == "text")
    command = [str(documents.BIN / "nurture"), "demo", str(tmp_path / "shop")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert shown.strip() in done.stdout, done.stdout
