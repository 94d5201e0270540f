"""`nurture preview`: the values that a message shows, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from nurture import whatsapp
from nurture.app import preview, process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.runtime import Runtime
from nurture.model import NewEvent, Person
from nurture.problems import NurtureError

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)  # 12:00 in São Paulo, 11:00 in Manaus
CLOCK = "Pedido às {{ trigger.occurred_at | time }}, {{ city | default('sem cidade') }}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A new workspace in which Davi of Manaus is known, with a template that shows the time."""
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    (folder / "templates" / "sms" / "clock.txt").write_text(CLOCK, encoding="utf-8")
    runtime = open_runtime(folder, lambda: NOW)
    traits = {"first_name": "Davi", "zone": "America/Manaus"}
    ingest(runtime.store, [NewEvent("identified", Person("davi"), NOW, "test", "1", traits=traits)], NOW)
    process.process(runtime, NOW)
    yield runtime
    runtime.close()


def sources(shown: preview.Shown) -> dict[str, str]:
    return {value.name: value.source for value in shown.values}


def test_values_name_their_source(shop: Runtime) -> None:
    shown = preview.show(shop, "reactivation/coupon", "davi", NOW)
    assert sources(shown)["first_name"] == "contact davi"
    assert sources(shown)["coupon.code"] == "made up, of the pool WINBACK15 (step winback)"


def test_a_coupon_is_of_the_pool_that_the_journey_takes(shop: Runtime) -> None:
    assert "FESTA-777777" in preview.show(shop, "birthday/present", None, NOW).text
    assert "VOLTA-777777" in preview.show(shop, "reactivation/coupon", None, NOW).text


def test_times_are_on_the_persons_clock(shop: Runtime) -> None:
    assert preview.show(shop, "sms/clock", "davi", NOW).text == "Pedido às 11:00, sem cidade"
    assert preview.show(shop, "sms/clock", None, NOW).text == "Pedido às 12:00, Campinas"


def test_another_language_can_be_asked_for(shop: Runtime) -> None:
    made = preview.show(shop, "welcome/hello", None, NOW, locale="en").rendered
    assert made is not None
    assert made.html is not None
    assert '<html lang="en"' in made.html
    assert "Hello Ana," in made.text


def test_a_whatsapp_template_is_shown_with_what_to_submit(shop: Runtime) -> None:
    shown = preview.show(shop, "whatsapp/welcome/hello", "davi", NOW)
    assert shown.text.startswith("Oi, Davi! Aqui é da Café Serra Azul.")
    assert shown.whatsapp is not None
    assert shown.whatsapp.submitted.startswith("Oi, {{1}}! Aqui é da {{2}}.")
    assert shown.whatsapp.places[0] == ('first_name | default("tudo bem")', "Davi")
    assert shown.whatsapp.buttons == ("Ver os cafés: http://127.0.0.1:8025/{{1}}", "Parar: an answer")


def test_a_whatsapp_message_goes_to_my_own_phone(shop: Runtime) -> None:
    _, outcome = preview.send(shop, "whatsapp/welcome/hello", None, "11 98765-4321", NOW)
    assert outcome.kind.value == "accepted"
    (path,) = (shop.folder / "outbox").glob("*.whatsapp.json")
    message = whatsapp.load(path.read_bytes())
    assert message.filled is not None
    assert (message.filled.template, message.filled.category) == ("welcome_hello", "marketing")
    with pytest.raises(NurtureError, match="is no phone number"):
        preview.send(shop, "whatsapp/welcome/hello", None, "ana@example.com", NOW)


def test_a_brief_is_shown_with_what_a_journey_brings(shop: Runtime) -> None:
    shown = preview.show(shop, "tasks/unhappy-customer", "davi", NOW)
    assert shown.rendered is None
    assert shown.text.startswith("Quem: Davi")
    assert "Nota: 9 de 10" in shown.text


def test_a_survey_asks_its_own_question(shop: Runtime) -> None:
    text = preview.show(shop, "survey/post-sale-nps", None, NOW).text
    assert "De 0 a 10, qual a chance de você nos recomendar a um amigo?" in text


@pytest.mark.parametrize("name", ["welcome/helo", "email/nothing", "../nurture", "layouts/base"])
def test_what_is_no_message_is_refused(shop: Runtime, name: str) -> None:
    with pytest.raises(NurtureError, match="there is no template"):
        preview.show(shop, name, None, NOW)
