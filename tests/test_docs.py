"""What the documents show works as shown, and leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import documents

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LIVED = [page for page in PAGES if any(f.language == "console" for f in documents.fences(page))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", LIVED, ids=name)
def test_what_a_page_shows_is_what_comes_out(page: Path, tmp_path: Path) -> None:
    assert documents.follow(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\((?!https?:|mailto:)([^)#]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []
