"""`nurture preview --serve` in a real browser: it shows a mail as a person sees it, and follows the files.

`NURTURE_SHOTS=folder` keeps the screenshots.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nurture.app import process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.previewing.studio import Studio
from nurture.cli.preview import serve
from nurture.model import NewEvent, Person
from nurture.problems import NurtureError
from nurture.web.preview import Preview
from nurture.web.server import Server
from tests.support.chromium import FAINT, Browser, executable
from tests.support.operator import COMMAND, until

pytestmark = pytest.mark.browser

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
IN_FRAME = "document.getElementById('frame')?.contentDocument?.body?.innerText ?? ''"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new workspace with three of its journeys."""
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    for path in (*folder.glob("journeys/*.yaml"), *folder.glob("tests/*.yaml")):
        if path.stem not in ("welcome", "birthday", "post-sale-survey"):
            path.unlink()
    return folder


@pytest.fixture(scope="module")
def url(shop: Path) -> Iterator[str]:
    """Its preview; Davi is known there."""
    runtime = open_runtime(shop, lambda: NOW, for_work=False)
    traits = {"first_name": "Davi", "email": "davi@example.com", "phone": "+5592987654321"}
    ingest(runtime.store, [NewEvent("identified", Person("davi"), NOW, "test", "1", traits=traits)], NOW)
    process.process(runtime, NOW)
    preview = Preview(Studio(runtime))
    with Server(preview.app, "127.0.0.1:0") as server:
        yield server.url
        preview.close()
    runtime.close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = executable()
    if program is None:
        pytest.skip("no Chromium found; install it or set NURTURE_CHROMIUM to its path")
    with Browser(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def shoot(chromium: Browser, name: str) -> None:
    """A picture for whoever wants to look: they take a while."""
    if folder := os.environ.get("NURTURE_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        chromium.shoot(Path(folder) / f"preview-{name}.png")


def open_page(chromium: Browser, url: str) -> None:
    """The page, listening to the files."""
    chromium.open(url)
    until(lambda: chromium.see("document.getElementById('state').className") == "watching")


def fits_and_stands_out(chromium: Browser, width: int) -> None:
    """Nothing scrolls sideways, no text is faint, and the page keeps to its own policy."""
    assert chromium.see("document.documentElement.scrollWidth") <= width
    assert chromium.see(FAINT) == []
    assert [each for each in chromium.complaints() if "Content Security Policy" in each] == []


def write(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_is_written_is_shown_without_reloading_by_hand(shop: Path, url: str, chromium: Browser) -> None:
    chromium.screen(1200, 900)
    open_page(chromium, f"{url}/?show=welcome:hello")
    chromium.see("window.sameDocument = true")
    for file, old, new in [
        ("templates/email/welcome/hello.html", "Seu cadastro deu certo", "Seu cadastro está pronto"),
        ("templates/parts/signature.html", "Mariana", "Ana e a equipe"),
    ]:
        write(shop / file, old, new)
        until(lambda: new in chromium.see(IN_FRAME))  # noqa: B023
    write(
        shop / "journeys/welcome.yaml",
        "- email: welcome/hello",
        "- email: welcome/hello\n    subject: Um assunto da jornada",
    )
    until(lambda: chromium.see("document.querySelector('h1').textContent") == "Um assunto da jornada")
    (shop / "templates/layouts").mkdir(exist_ok=True)
    (shop / "templates/layouts/base.html").write_text(
        '<html lang="pt"><head></head><body>Outro layout {% block content %}{% endblock %}</body></html>',
        encoding="utf-8",
    )
    until(lambda: "Outro layout" in chromium.see(IN_FRAME))
    (shop / "templates/layouts/base.html").unlink()
    until(lambda: "Outro layout" not in chromium.see(IN_FRAME))
    assert chromium.see("window.sameDocument") is True
    assert chromium.see("document.getElementById('state').textContent").startswith("Updated at")


def test_a_mistake_appears_with_its_place_and_vanishes_when_it_is_mended(
    shop: Path, url: str, chromium: Browser
) -> None:
    chromium.screen(1200, 900)
    open_page(chromium, f"{url}/?show=welcome:choose")
    template = shop / "templates/email/welcome/choose.html"
    good = template.read_text(encoding="utf-8")
    template.write_text(good.replace("<h1>", "{{ cupon.code }}<h1>", 1), encoding="utf-8")
    until(lambda: chromium.see("!!document.querySelector('#shown [role=alert]')"))
    said = chromium.see("document.querySelector('#shown [role=alert]').innerText")
    assert "Nothing is called 'cupon'" in said
    line = 1 + template.read_text(encoding="utf-8").split("{{ cupon")[0].count("\n")
    assert f"templates/email/welcome/choose.html line {line}" in said
    assert "{{ cupon.code }}<h1>" in chromium.see("document.querySelector('.here').textContent")
    assert "Traceback" not in chromium.text()
    shoot(chromium, "mistake-1200")
    fits_and_stands_out(chromium, 1200)
    template.write_text(good, encoding="utf-8")
    until(lambda: not chromium.see("!!document.querySelector('[role=alert]')") and chromium.see(IN_FRAME))

    journey = shop / "journeys/welcome.yaml"
    well = journey.read_text(encoding="utf-8")
    journey.write_text(well.replace("- wait: 3 days", "- wiat: 3 days"), encoding="utf-8")
    until(lambda: "unknown step 'wiat'" in chromium.text().lower())
    journey.write_text(well, encoding="utf-8")
    until(lambda: not chromium.see("!!document.querySelector('[role=alert]')") and chromium.see(IN_FRAME))


def test_it_is_seen_as_somebody_who_is_found(url: str, chromium: Browser) -> None:
    chromium.screen(1200, 900)
    open_page(chromium, f"{url}/?show=post-sale-survey:nps")
    chromium.click("#find")
    chromium.write("DAVI@")
    until(lambda: "davi@example.com" in chromium.see("document.getElementById('people').innerText"))
    chromium.press("Tab")
    assert chromium.see("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    chromium.press("Enter")
    chromium.loaded()
    shoot(chromium, "found-1200")
    fits_and_stands_out(chromium, 1200)
    values = dict(
        chromium.see(
            "[...document.querySelectorAll('.values tbody tr')].map(r => [r.cells[0].innerText, r.cells[2].innerText])"
        )
    )
    assert values["first_name"] == "contact davi"
    assert "Davi" in chromium.see("document.querySelector('dl').innerText")


def test_an_sms_is_a_bubble_with_its_segments(shop: Path, url: str, chromium: Browser) -> None:
    write(
        shop / "templates/sms/birthday/present.txt", "{{ company.name }}", "Promoção ção {{ company.name }}"
    )
    chromium.screen(360, 740, dark=True)
    open_page(chromium, f"{url}/?show=sms/birthday/present&person=%2Blongest")
    shoot(chromium, "sms-360-dark")
    fits_and_stands_out(chromium, 360)
    assert chromium.see("document.querySelector('.bubble').innerText").startswith("Promoção")
    assert "3 segments, UCS-2" in chromium.text()
    assert chromium.see("document.querySelector('.bubble mark').textContent") == "ç"


def test_a_whatsapp_message_is_seen_with_its_buttons_and_what_to_submit(
    shop: Path, url: str, chromium: Browser
) -> None:
    write(shop / "templates/whatsapp/welcome/hello.txt", "uma mensagem por mês", "*uma mensagem* por mês")
    for width, dark in ((360, True), (1200, False)):
        chromium.screen(width, 740, dark=dark)
        open_page(chromium, f"{url}/?show=whatsapp/welcome/hello")
        shoot(chromium, f"whatsapp-{width}")
        fits_and_stands_out(chromium, width)
    assert "To submit as welcome_hello, pt_BR" in chromium.text()
    assert "Oi, {{1}}! Aqui é da {{2}}." in chromium.text()
    assert chromium.see("document.querySelector('.message b').textContent") == "uma mensagem"
    assert chromium.see("document.querySelector('.taps').innerText") == "Ver os cafés\nParar"


def test_a_mail_is_shown_dark_whatever_the_device_asks_for(url: str, chromium: Browser) -> None:
    chromium.screen(360, 740, dark=False)
    ground = "getComputedStyle(document.getElementById('frame').contentDocument.body).backgroundColor"
    seen = {}
    for scheme in ("", "1"):
        open_page(chromium, f"{url}/?show=welcome:first_order&dark={scheme}")
        fits_and_stands_out(chromium, 360)
        seen[scheme] = until(lambda: chromium.see(IN_FRAME) and chromium.see(ground))
    assert seen[""] == "rgb(243, 241, 236)"
    assert json.loads(seen["1"].replace("rgb(", "[").replace(")", "]")) < [60, 60, 60]


def test_a_mail_is_shown_as_wide_as_a_phone_and_as_a_window(url: str, chromium: Browser) -> None:
    chromium.screen(1200, 900)
    for name, width in (("phone", 360), ("desktop", 720)):
        open_page(chromium, f"{url}/?show=welcome:hello&width={name}")
        until(lambda: chromium.see(IN_FRAME))
        assert chromium.see("document.getElementById('frame').contentWindow.innerWidth") == width


def test_each_part_of_a_mail_and_each_page_behind_its_links_is_shown(url: str, chromium: Browser) -> None:
    chromium.screen(1200, 900)
    open_page(chromium, f"{url}/?show=post-sale-survey:nps&person=davi")
    tabs = "[...document.querySelectorAll('.tabs a')].map(each => [each.innerText, each.href])"
    parts = dict(chromium.see(tabs))
    chromium.open(parts["Text part"])
    letter = chromium.see("document.querySelector('pre.letter').innerText")
    assert "Davi" in letter
    assert "<" not in letter
    chromium.open(parts["Headers"])
    rows = "[...document.querySelectorAll('.headers tr')].map(each => [...each.cells].map(cell => cell.innerText))"
    headers = dict(chromium.see(rows))
    assert "davi@example.com" in headers["To"]
    assert {"Subject", "From", "List-Unsubscribe", "List-Unsubscribe-Post"} <= headers.keys()
    chromium.open(parts["HTML"])
    assert chromium.see("document.querySelector('pre.raw').innerText").startswith("<!")
    for name in ("Unsubscribe page", "Survey page"):
        chromium.open(parts[name])
        form = "!!document.getElementById('frame')?.contentDocument?.querySelector('form button')"
        until(lambda: chromium.see(form))  # noqa: B023


def test_scripts_of_a_mail_do_not_run_and_no_other_name_leads_here(
    shop: Path, url: str, chromium: Browser
) -> None:
    (shop / "templates/email/scripted.html").write_text(
        '<html lang="en"><head><title>{% block subject %}Hello{% endblock %}</title></head>'
        "<body>Hello<script>document.body.textContent = 'it ran'</script></body></html>",
        encoding="utf-8",
    )
    open_page(chromium, f"{url}/?show=email/scripted")
    assert until(lambda: chromium.see(IN_FRAME)) == "Hello"
    elsewhere = urllib.request.Request(f"{url}/?show=welcome:hello", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(elsewhere)


def test_the_command_says_where_the_page_is_and_ends_when_it_is_told_to(shop: Path) -> None:
    process = subprocess.Popen(
        [COMMAND, "preview", "birthday", "congratulate", "--serve", "-w", str(shop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:
            assert "birthday/present" in answer.read().decode()
        port = int(address.split(":")[2].partition("/")[0])
        with pytest.raises(NurtureError, match=f"port {port}; name another one by --port"):
            serve(shop, "", None, None, port)
    finally:
        process.send_signal(signal.SIGINT)
        said = "".join(process.communicate(timeout=20))
    assert process.returncode == 0, said
    assert "Traceback" not in said
