"""A marketer changes a journey with people inside, and knows before she presses the key what will happen to whom."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.operator import Operator

PEOPLE = "ref;nome;email;pais\nana;Ana;ana@example.com;BR\ndavi;Davi;davi@example.com;PT\n"
MAPPING = """\
import: contacts
source: erp
columns: {ref: ref, first_name: nome, email: email, country: pais}
consent: {topics: [offers], basis: consent, text_version: "1", how: form, date: 2025-02-01}
"""
JOURNEY = """\
journey: thanks
topic: offers
trigger:
  manual: true
  where: country = "BR"
steps:
  - wait: 2 days
    id: pause
  - email: reactivation/we-miss-you
    id: first
"""


@pytest.fixture
def shop(tmp_path: Path) -> Operator:
    Operator(tmp_path)("init", "shop")
    folder = tmp_path / "shop"
    for path in (*(folder / "journeys").glob("*.yaml"), *(folder / "tests").glob("*.yaml")):
        path.unlink()
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (folder / "people.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "journeys" / "thanks.yaml").write_text(JOURNEY, encoding="utf-8")
    nurture = Operator(folder)
    nurture("import", "contacts", "people.csv", "--mapping", "people.yaml")
    nurture("run", "process-feedback")
    return nurture


def test_from_the_first_look_to_the_way_back(shop: Operator) -> None:
    seen = shop("simulate", "thanks", "--contact", "ana", "--answers", "clicks")
    assert "email reactivation/we-miss-you" in seen
    assert "Assumed:" in seen
    refused = shop("simulate", "thanks", "--contact", "davi")
    assert 'no: country = "BR" (country is PT)' in refused
    past = shop("simulate", "thanks", "--history", "30d", "--svg", "past.svg", "--people", "people-then.csv")
    assert "with 2 people known" in past
    assert "0 entered" in (shop.folder / "past.svg").read_text(encoding="utf-8")
    assert (shop.folder / "people-then.csv").read_text(encoding="utf-8").startswith("person,entered,")
    shop("publish", "--yes")
    entered = shop("enter", "thanks", "ana", "davi", "--yes")
    assert 'davi is refused: this does not hold: country = "BR"' in entered
    assert 'no: country = "BR" (country is PT)' in entered
    assert "1 person of 2 would enter thanks now" in entered
    assert "1 of 2 entered thanks" in entered
    assert "ana is refused: is inside already" in shop("enter", "thanks", "ana", "--yes")
    a_pause_is_shown_first_and_so_is_going_on(shop)

    path = shop.folder / "journeys" / "thanks.yaml"
    longer = JOURNEY.replace("2 days", "3 days")
    path.write_text(longer.replace("id: pause", "id: rest") + "in_flight: migrate\n", encoding="utf-8")
    stranded = shop("plan", "--quick", status=1)
    assert "REFUSED: 1 at 'pause', which is gone" in stranded
    assert "nothing was published" in shop("publish", "--yes", status=1)
    moves = "in_flight: {migrate: {pause: rest}}\n"
    path.write_text(longer.replace("id: pause", "id: rest") + moves, encoding="utf-8")
    planned = shop("plan", "--quick")
    assert "they go on at 'rest'" in planned
    assert "version 1 becomes 2" in planned
    assert "in the version that they entered" not in shop("publish", "--yes")
    assert "stands at 'rest'" in shop("explain", "ana", "thanks")

    found = json.loads(shop("versions", "thanks", "--json"))
    assert [each["number"] for each in found["versions"]] == [1, 2]
    assert "version 1 is live again" in shop("rollback", "thanks", "--yes")
    nameless = JOURNEY.replace("    id: pause\n", "")
    path.write_text(nameless.replace("2 days", "4 days"), encoding="utf-8")
    drawn = shop("plan", "thanks", "--quick", "--svg", "change.svg")
    assert "- pause: wait 2 days" in drawn
    assert "wait 4 days" in (shop.folder / "change.svg").read_text(encoding="utf-8")
    assert "Nothing was done" in shop("eject", "thanks", "ana", status=1, typed="n\n")
    assert "1 run" in shop("eject", "thanks", "ana", "--yes")
    assert "somebody took her out" in shop("explain", "ana", "thanks")


def test_of_how_many_it_is_unknown_what_a_negated_test_asks_for(shop: Operator) -> None:
    path = shop.folder / "journeys" / "thanks.yaml"
    path.write_text(
        JOURNEY.replace('country = "BR"', 'city != "Campinas" and country != "BR"'), encoding="utf-8"
    )
    said = "journeys/thanks.yaml:5: also true for people whose {} is unknown: {} today."
    planned = " ".join(shop("plan", "--quick").split())
    assert said.format("city", "2 people") in planned
    assert said.format("country", "0 people") in planned
    found = json.loads(shop("plan", "--quick", "--json"))["unknown"]
    assert [(each["line"], each["people"]) for each in found] == [(5, 2), (5, 0)]
    path.write_text(JOURNEY, encoding="utf-8")
    assert "is unknown" not in shop("plan", "--quick")


BY_PHONE = """\
import: contacts
source: erp
columns: {ref: ref, phone: fone, city: cidade}
"""
TEXT = (
    "{{ company.name }}: o seu pedido sai hoje e chega a {{ city | default('casa') }} em dois dias. Obrigado!"
)


def test_how_many_segments_an_sms_takes_with_the_longest_real_value(shop: Operator) -> None:
    path, text = shop.folder / "journeys" / "thanks.yaml", shop.folder / "templates" / "sms" / "sent.txt"
    path.write_text(JOURNEY + "  - sms: sent\n    class: transactional\n", encoding="utf-8")
    text.write_text(TEXT, encoding="utf-8")
    assert "N514" in shop("check", "--people")  # for somebody made up: nobody has a number yet
    known = "ref;fone;cidade\nana;11987654321;{}\ndavi;11987654322;Natal\n"
    (shop.folder / "phones.yaml").write_text(BY_PHONE, encoding="utf-8")

    def ana_lives_in(city: str) -> None:
        (shop.folder / "phones.csv").write_text(known.format(city), encoding="utf-8")
        shop("import", "contacts", "phones.csv", "--mapping", "phones.yaml")

    ana_lives_in("Campinas")
    assert "N514" not in shop("check", "--people")
    ana_lives_in("Brasília de Minas")
    said = (
        "SMS 'sent' needs 2 segments (UCS-2, 90 characters), and 1 is allowed, with the costliest values of people with "
        "a phone number: city has 17 characters, among them í"
    )
    planned = shop("plan", "--quick")
    assert f"journeys/thanks.yaml:11: {said}." in " ".join(planned.split())
    assert "Minas" not in planned
    (found,) = json.loads(shop("plan", "--quick", "--json"))["too_long"]
    assert (found["worst"]["field"], found["worst"]["length"], found["allowed"]) == ("city", 17, 1)
    (checked,) = [
        each
        for each in json.loads(shop("check", "--people", "--format", "json"))["problems"]
        if each["code"] == "N514"
    ]
    assert checked["message"] == said
    assert checked["hint"].startswith("`transliterate: true` of the channel makes it 1 segment instead of 2")
    assert f"{said}." in " ".join(shop("publish", "--yes", "--quick").split())
    assert "needs" not in shop("plan", "--quick")  # it changes nothing any more


def a_pause_is_shown_first_and_so_is_going_on(shop: Operator) -> None:
    running, paused = r"thanks +running +1 ", r"thanks +paused +1 "
    asked = shop("pause", "thanks", status=1, typed="n\n")
    assert re.search(running, asked)
    assert "Nothing was done." in asked
    asked = shop("pause", "thanks", typed="y\n")  # nothing was: it is running still
    assert re.search(running, asked)
    assert "Paused: thanks." in asked
    asked = shop("resume", "thanks", status=1, typed="n\n")
    assert re.search(paused, asked)
    assert "Nothing is overdue." in asked
    assert re.search(paused, shop("resume", "thanks", typed="y\n"))


def test_a_version_is_tried_on_a_few_first(shop: Operator) -> None:
    shop("publish", "--yes")
    path = shop.folder / "journeys" / "thanks.yaml"
    path.write_text(JOURNEY.replace("2 days", "3 days"), encoding="utf-8")
    asked = shop("publish", "thanks", "--canary", "5%", status=1, typed="n\n")
    assert "Next 30 days, were it for everybody" in asked
    assert "5% of newcomers enter version 2, the others the version before" in shop(
        "publish", "thanks", "--canary", "5%", "--yes"
    )
    planned = shop("plan", "--quick")
    assert "version 2 is for everybody who comes, no longer 1" in planned
    assert "5% of newcomers enter version 2 today, the others 1" in planned
    assert "Canaries that go on: thanks" in shop("publish", "--yes")
    assert "20% of newcomers enter version 2 from now on" in shop(
        "publish", "thanks", "--canary", "20%", "--yes"
    )
    assert "a share such as '10%'" in shop("publish", "thanks", "--canary", "few", status=2)
    assert "name the journeys" in shop("publish", "--canary", "5%", status=2)
    listed = shop("versions", "thanks")
    assert "80%" in listed
    assert "20%" in listed
    assert "All newcomers to thanks enter version 1 again" in shop("rollback", "thanks", "--yes")
    assert "version 1 becomes 3" in shop("publish", "thanks", "--canary", "100%", "--yes")
    assert re.search(r"3 \*.* 100%", shop("versions", "thanks"))
