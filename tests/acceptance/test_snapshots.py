"""`nurture test --snapshots`: what each text says is kept, and a change of it is read before anybody gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operator import Operator

SNAPSHOTS = Path("tests", "snapshots")
BARE = "<html lang='pt'><head><title>{% block subject %}Oi{% endblock %}</title></head><body>Em {{ city }}</body></html>"
JOURNEY = """\
journey: hello
topic: news
trigger: {event: signed_up}
steps:
  - email: welcome/hello
  - wait: 1 day
  - email: welcome/hello
    subject: "{{ first_name | default('Oi') }}, de novo"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """A workspace with one journey, and snapshots of what it says."""
    folder = tmp_path_factory.mktemp("shops") / "shop"
    Operator(folder.parent)("init", "shop")
    for path in (
        *folder.glob("journeys/*.yaml"),
        *folder.glob("tests/*.yaml"),
        *folder.glob("templates/*/*/*"),
    ):
        if not path.name.startswith("hello."):
            path.unlink()
    (folder / "journeys" / "hello.yaml").write_text(JOURNEY, encoding="utf-8")
    nurture = Operator(folder)
    assert (
        nurture("test", "--update-snapshots") == "69 snapshots in tests/snapshots: 69 written, 0 taken away\n"
    )
    return nurture


def write(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_they_are_the_same_at_another_time_and_with_another_secret(shop: Operator) -> None:
    (shop.folder / ".env").write_text(f"NURTURE_SECRET={'ab' * 32}\n", encoding="utf-8")
    assert "all as they were" in shop("test", "hello", "--snapshots")


def test_a_worst_case_is_among_them_and_no_link_has_a_token(shop: Operator) -> None:
    folder = shop.folder / SNAPSHOTS / "email" / "welcome"
    letter = (folder / "hello.pt-BR.longest.txt").read_text(encoding="utf-8")
    assert "To: Ana-Chloé-Conceição Davi <b>Bruno</b> & 🎁 آنا d'Ávila" in letter
    assert "\nOr: Ana-Chloé-Conceição Davi <b>Bruno</b> & 🎁 آنا, de novo\n" in letter
    assert "/u/TOKEN\n" in letter
    html = (folder / "hello.pt-BR.longest.html").read_text(encoding="utf-8")
    assert "<b>Bruno" not in html
    assert (folder / "hello.en.unknown.txt").read_text(encoding="utf-8").count("Hello") >= 1
    assert {path.name.split(".")[1] for path in folder.iterdir()} == {"pt-BR", "en"}
    on_whatsapp = folder.parents[1] / "whatsapp" / "welcome" / "hello.pt-BR.longest.txt"
    said = on_whatsapp.read_text(encoding="utf-8")
    assert said.startswith("WhatsApp, marketing\n\nOi, Ana-Chloé-Conceição Davi <b>Bruno</b> & 🎁 آنا!")
    assert "\n[Ver os cafés](https://cafeserraazul.example/cafes)\n[Parar]" in said


def test_the_pages_behind_links_are_among_them_in_each_language(shop: Operator) -> None:
    pages = shop.folder / SNAPSHOTS / "pages"
    assert 'lang="en"' in (pages / "unsubscribe.en.everybody.html").read_text(encoding="utf-8")
    asked = (pages / "survey-post-sale-nps.pt-BR.everybody.html").read_text(encoding="utf-8")
    assert "recomend" in asked


def test_a_change_is_shown_in_words(shop: Operator) -> None:
    html = shop.folder / "templates" / "email" / "welcome" / "hello.html"
    good = html.read_text(encoding="utf-8")
    write(html, "Seu cadastro deu certo.", "Seu cadastro está pronto.")
    said = shop("test", "--snapshots", status=1)
    assert "CHANGED email/welcome/hello\n        pt-BR, longest (HTML); pt-BR, unknown (HTML)" in said
    assert "~ Seu cadastro [-deu certo.-] {+está pronto.+} A gente torra café ..." in said
    assert said.count("CHANGED") == 1
    assert "3 changed" in said

    html.write_text(good.replace("<h1>", '<h1 class="big">'), encoding="utf-8")
    said = shop("test", "--snapshots", status=1)
    assert "the same words and links; 1 line of markup changed" in said
    assert "class" not in said

    html.write_text(good.replace('"/cafes"', '"/loja"'), encoding="utf-8")
    said = shop("test", "--snapshots", status=1)
    assert (
        "~ [-https://cafeserraazul.example/cafes-]\n          {+https://cafeserraazul.example/loja+}" in said
    )
    html.write_text(good, encoding="utf-8")


def test_new_and_stale_ones_are_named_and_updating_settles_them(shop: Operator) -> None:
    new = shop.folder / "templates" / "email" / "where.html"
    new.write_text(BARE, encoding="utf-8")
    stale = shop.folder / SNAPSHOTS / "sms" / "gone.pt-BR.usual.txt"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.write_text("1 segment, GSM-7\n\nOi\n", encoding="utf-8")
    said = shop("test", "--snapshots", status=1)
    assert "NEW     email/where: has no snapshot yet" in said
    assert "STALE   sms/gone: its text is gone" in said
    assert "STALE" not in shop("test", "hello", "--snapshots")
    assert "5 written, 1 taken away" in shop("test", "--update-snapshots")
    assert not stale.exists()
    why_not = (shop.folder / SNAPSHOTS / "email" / "where.pt-BR.unknown.txt").read_text(encoding="utf-8")
    assert why_not.startswith("Not sent: this value is not known for everybody")
    assert "templates/email/where.html:1" in why_not


def test_a_journey_that_is_added_asks_for_its_own(shop: Operator) -> None:
    assert "nurture test --update-snapshots" in shop("add", "birthday")
    (shop.folder / "tests" / "birthday.yaml").unlink()
    assert "NEW     sms/birthday/present" in shop("test", "birthday", "--snapshots", status=1)


def test_a_journey_that_is_not_there_is_refused(shop: Operator) -> None:
    assert "there is no journey 'welcom'" in shop("test", "welcom", "--update-snapshots", status=1)
