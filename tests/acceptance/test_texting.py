"""A shop that writes by SMS: what a text costs, and whom a list of the authorities keeps it from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operator import Operator

JOURNEY = """\
journey: offer
topic: offers
trigger: {manual: true}
steps:
  - sms: offer/today
    id: text
"""
TEXT = "{{ company.name }}: só hoje, {{ first_name | default('oi') }}! “Frete grátis” na coleção nova. Não perca. Para sair, responda SAIR"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Operator:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    Operator(folder.parent)("init", "shop")
    for path in (*folder.glob("journeys/*.yaml"), *folder.glob("tests/*.yaml")):
        path.unlink()
    (folder / "journeys" / "offer.yaml").write_text(JOURNEY, encoding="utf-8")
    (folder / "templates" / "sms" / "offer").mkdir()
    (folder / "templates" / "sms" / "offer" / "today.txt").write_text(TEXT, encoding="utf-8")
    return Operator(folder)


def folded(shop: Operator, *words: str, typed: str = "", status: int = 0) -> str:
    """What is printed, in one line."""
    return " ".join(shop(*words, typed=typed, status=status).replace("|", " ").split())


def settings(shop: Operator, old: str, new: str) -> None:
    path = Path(shop.folder, "nurture.yaml")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_replacing_signs_saves_is_said_before_anything_is_sent(shop: Operator) -> None:
    would = "`transliterate: true` of the channel makes it 1 segment instead of 2 (saves BRL 0.12 a message)"
    assert would in folded(shop, "check")
    assert would in folded(shop, "preview", "sms/offer/today")
    assert f"SMS 'offer/today': {would}." in folded(shop, "publish", typed="n\n", status=1)
    settings(shop, "# transliterate: true", "transliterate: true")
    does = "ransliterated: 1 segment instead of 2 (saves BRL 0.12 a message)"
    assert "everything is right" in shop("check")
    seen = folded(shop, "preview", "sms/offer/today")
    assert '"Frete gratis" na colecao nova' in seen
    assert f"T{does}." in seen
    assert f"SMS 'offer/today': t{does}." in folded(shop, "publish", typed="n\n", status=1)


def test_a_number_on_a_list_gets_no_text_and_explain_says_which_list(shop: Operator) -> None:
    people = "ref;nome;celular\nana;Ana;(11) 8123-4567\ndavi;Davi;92 98123-4568\n"
    Path(shop.folder, "people.csv").write_text(people, encoding="utf-8")
    mapping = (
        "import: contacts\nsource: erp\ncolumns: {ref: ref, first_name: nome, phone: celular}\n"
        'consent: {topics: [offers], basis: consent, text_version: "1", how: form, date: 2025-02-01}\n'
    )
    Path(shop.folder, "people.yaml").write_text(mapping, encoding="utf-8")
    Path(shop.folder, "lista.txt").write_text("Telefone\n11981234567\n", encoding="utf-8")
    assert "say which list it is" in shop("import", "do-not-disturb", "lista.txt", status=1)
    assert "is for a list" in shop("import", "orders", "lista.txt", "--list", "procon-sp", status=1)
    unread = shop("import", "do-not-disturb", "lista.txt", "--list", "procon-sp", "--preview", status=1)
    assert "nothing previews it" in unread
    seen = shop("import", "do-not-disturb", "lista.txt", "--list", "procon-sp")
    assert seen.startswith("procon-sp: 1 number, 1 new, 0 let go.")
    Path(shop.folder, "lista.txt").write_text("DDD;Telefone\n11;11981234567\n11;8123\n", encoding="utf-8")
    seen = shop("import", "do-not-disturb", "lista.txt", "--list", "procon-sp")
    assert seen.startswith("procon-sp: 1 number, 0 new, 0 let go.")
    assert "1 line holds no telephone number: 3; who is meant there isn't on the list." in seen
    shop("import", "contacts", "people.csv", "--mapping", "people.yaml")
    assert "on the list procon-sp since" in shop("explain", "ana")
    seen = shop("explain", "davi")
    assert "procon-sp" not in seen
    assert "her clock: America/Manaus (by her area code)" in seen
    shop("publish", "--yes", "--quick")
    assert "her number is on a do-not-disturb list" in folded(shop, "simulate", "offer", "--contact", "ana")
    assert "do-not-disturb" not in shop("simulate", "offer", "--contact", "davi")
