"""What the documents show works as shown, and leads somewhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.support import documents

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
HOW_TOS = sorted((ROOT / "docs" / "how-to").glob("*.md"))
ONE_SCREEN = 60
NAMED = re.compile(r"(?<![\w/.])docs/[\w/-]+\.md(?:#[\w-]+)?")
LIVED = [page for page in PAGES if any(f.language == "console" for f in documents.fences(page))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", LIVED, ids=name)
def test_what_a_page_shows_is_what_comes_out(page: Path, tmp_path: Path) -> None:
    assert documents.follow(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", HOW_TOS, ids=name)
def test_a_how_to_is_one_screen(page: Path) -> None:
    lines = len(page.read_text(encoding="utf-8").splitlines())
    assert lines <= ONE_SCREEN, (
        f"{name(page)} has {lines} lines, {ONE_SCREEN} are one screen: what is looked up and not done belongs to a page "
        "of docs/reference, and a second task to a how-to of its own"
    )


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in reached:
            reached.add(page)
            ahead += [target for link in links(page) if (target := aim(page, link)) in PAGES]
    assert [name(page) for page in PAGES if page not in reached] == []


def test_pages_that_messages_name_are_there() -> None:
    told = [*(ROOT / "nurture").rglob("*.py"), *(ROOT / "nurture").rglob("*.toml")]
    told += (
        path for path in (ROOT / "tests" / "problems").rglob("*") if path.suffix in {".expected", ".txt"}
    )
    named = {link for path in told for link in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 10
    assert [link for link in sorted(named) if not leads_somewhere(ROOT / "README.md", link)] == []


def links(page: Path) -> list[str]:
    """What a page links to beside it, with the anchor where there is one."""
    return re.findall(r"\]\((?!https?:|mailto:)([^)]+)\)", outside_fences(page))


def leads_somewhere(page: Path, link: str) -> bool:
    target, (_, _, anchor) = aim(page, link), link.partition("#")
    return target.exists() and (not anchor or anchor in anchors(target))


def aim(page: Path, link: str) -> Path:
    path = link.partition("#")[0]
    return (page.parent / path).resolve() if path else page


@cache
def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", outside_fences(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def outside_fences(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
