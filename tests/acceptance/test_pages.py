"""The pages for a person in a real browser, on a phone: unsubscribing and answering a survey.

`NURTURE_SHOTS=folder` keeps the screenshots.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.store import tables
from nurture.web.app import create_app
from nurture.web.server import Server
from tests.support.chromium import FAINT, Browser, executable
from tests.support.shop import Shop, open_shop

pytestmark = pytest.mark.browser

WIDTHS = [pytest.param(360, id="phone"), pytest.param(1200, id="desk")]


@pytest.fixture
def shop(sqlite_database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(sqlite_database, tmp_path)
    yield shop
    shop.runtime.close()


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    with Server(create_app(shop.runtime, lambda: shop.now), "127.0.0.1:0") as server:
        yield server.url


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = executable()
    if program is None:
        pytest.skip("no Chromium found; install it or set NURTURE_CHROMIUM to its path")
    with Browser(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("NURTURE_SHOTS") or tmp_path / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_unsubscribing_by_keyboard_on_a_phone(shop: Shop, url: str, chromium: Browser, shots: Path) -> None:
    chromium.screen(360, 740)
    chromium.open(url + shop.links("ana").unsubscribe())
    chromium.shoot(shots / "unsubscribe-360.png")
    chromium.press("Tab")
    assert chromium.see("document.activeElement.matches('form button')")
    assert chromium.see("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    chromium.press("Enter")
    chromium.loaded()
    chromium.shoot(shots / "unsubscribed-360.png")
    assert "Ofertas" in chromium.text()
    assert shop.message(shop.waiting["ana"])["state"] == "cancelled"
    held = [row for row in shop.rows(tables.permissions) if row["contact_id"] == shop.people["ana"]]
    assert not any(row["given"] for row in held)


def test_answering_a_survey_on_a_phone(shop: Shop, url: str, chromium: Browser, shots: Path) -> None:
    chromium.screen(360, 740)
    chromium.open(url + shop.links("ana").survey(9))
    chromium.shoot(shots / "survey-360.png")
    assert chromium.see("document.querySelector('input:checked').value") == "9"
    assert shop.rows(tables.events) == []
    chromium.click("input[name=score][value='10']")
    chromium.click("textarea")
    chromium.write("Entrega rápida")
    chromium.click("form button")
    chromium.loaded()
    chromium.shoot(shots / "survey-thanks-360.png")
    assert "Lemos cada resposta" in chromium.text()
    (event,) = shop.rows(tables.events)
    assert (event["payload"]["score"], event["payload"]["comment"]) == (10, "Entrega rápida")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [pytest.param(False, id="light"), pytest.param(True, id="dark")])
def test_pages_fit_are_styled_and_can_be_touched(
    shop: Shop, url: str, chromium: Browser, shots: Path, width: int, dark: bool
) -> None:
    chromium.screen(width, 740, dark=dark)
    links = shop.links("ana")
    paths = {"unsubscribe": links.unsubscribe(), "survey": links.survey(), "not-found": "/u/x"}
    for name, path in paths.items():
        chromium.open(url + path)
        chromium.shoot(shots / f"{name}-{width}-{'dark' if dark else 'light'}.png")
        assert chromium.see("document.documentElement.scrollWidth") <= width, name
        assert chromium.see("document.styleSheets.length") == 1, name
        assert chromium.see("[...document.querySelectorAll('button')].every(b => b.offsetHeight >= 44)"), name
    assert [each for each in chromium.complaints() if "Content Security Policy" in each] == []


@pytest.mark.parametrize("dark", [pytest.param(False, id="light"), pytest.param(True, id="dark")])
def test_text_stands_out(shop: Shop, url: str, chromium: Browser, dark: bool) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, 1.4.3) for every text that is seen."""
    chromium.screen(360, 740, dark=dark)
    links = shop.links("ana")
    for path in (links.unsubscribe(), links.survey(9), "/u/x"):
        chromium.open(url + path)
        assert chromium.see(FAINT) == [], path
