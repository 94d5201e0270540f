"""A preview under somebody's hands: where values come from, who may look, and what a mistake leaves standing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nurture.app import process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.previewing.look import Look
from nurture.app.previewing.studio import Asked, Studio
from nurture.app.publish import publish
from nurture.app.workspace import journey_of
from nurture.model import NewEvent, Person

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
JOURNEY = """\
journey: carts
topic: offers
trigger:
  event: cart_added
steps:
  - email: carts/left
    id: left
    with: {products: last 2 cart_added, sign: Até já}
  - email: carts/left
    id: told
    subject: "{{ first_name }}, {{ trigger.name }}"
"""
TEMPLATE = """\
<html lang="pt"><head><title>{% block subject %}Oi{% endblock %}</title></head><body>
{{ trigger.product_id }} {{ city | default("sua cidade") }} {% if state %}{{ state }}{% endif %} {{ sign | default("-") }}
{% for each in products | default([]) %}{{ each.product_id }},{% endfor %} {{ company.name }} {{ unsubscribe_url }}
</body></html>
"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A workspace in which Davi put two things into his cart."""
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    (folder / "journeys" / "carts.yaml").write_text(JOURNEY, encoding="utf-8")
    (folder / "templates" / "email" / "carts").mkdir()
    (folder / "templates" / "email" / "carts" / "left.html").write_text(TEMPLATE, encoding="utf-8")
    runtime = open_runtime(folder, lambda: NOW, for_work=False)
    traits = {"first_name": "Davi", "email": "davi@example.com"}
    events = [NewEvent("identified", Person("davi"), NOW, "test", "1", traits=traits)]
    events += [
        NewEvent(
            "cart_added",
            Person("davi"),
            NOW - timedelta(days=day),
            "test",
            f"cart-{day}",
            {"product_id": f"P-{day}"},
        )
        for day in (1, 2)
    ]
    ingest(runtime.store, events, NOW)
    process.process(runtime, NOW)
    yield Studio(runtime)
    runtime.close()


def values(look: Look) -> dict[str, tuple[str, str, str]]:
    return {each.name: (each.shown, each.source, each.state) for each in look.variables}


def test_each_value_says_where_it_came_from(studio: Studio) -> None:
    found = values(studio.view(Asked("carts:left", "davi")).look)
    assert found["trigger.product_id"] == ("P-1", "event cart_added of 2026-05-31, her last one", "known")
    assert found["city"] == ("sua cidade", "default filter, since it is empty: contact davi", "default")
    assert found["state"] == ("", "contact davi; the template goes on without it", "empty")
    assert found["sign"] == ("Até já", "'with' of step left", "known")
    assert found["products"][1:] == ("her last 2 cart_added", "known")
    assert "P-1" in found["products"][0]
    assert found["company.name"][1] == "nurture.yaml"
    assert found["unsubscribe_url"][1] == "a link signed for this message"


def test_a_subject_of_the_step_is_shown_with_what_it_takes(studio: Studio) -> None:
    look = studio.view(Asked("carts:told")).look
    assert "first_name" in values(look)
    assert dict(look.headers)["Subject"].startswith("Ana, ")


def test_who_may_look(studio: Studio) -> None:
    people = {each.key: each for each in studio.view(Asked("welcome:hello")).others}
    assert [people[key].name for key in ("", "+longest", "+unknown")] == ["Ana", "Long values", "Few values"]
    assert any(key.startswith("+tests/welcome.yaml:") for key in people)
    assert studio.search("DAV") == [("davi", "Davi", "davi@example.com")]
    assert studio.search("") == []
    assert studio.search("%") == []


def test_the_steps_that_are_not_yet_live_are_marked(studio: Studio) -> None:
    """What is published is compared with the file."""
    path: Path = studio.folder / "journeys" / "carts.yaml"
    runtime = open_runtime(studio.folder, lambda: NOW, for_work=False)
    publish(runtime, [journey_of(studio.folder, "carts")], NOW)
    runtime.close()
    longer = JOURNEY.replace(
        "  - email: carts/left\n    id: told",
        "  - wait: 1 day\n    id: pause\n  - email: carts/left\n    id: told",
    )
    path.write_text(longer.replace("{{ first_name }},", "{{ first_name }}:"), encoding="utf-8")
    published = studio.view(Asked("carts:left")).published
    assert published["carts"].number == 1
    assert published["carts"].changes == {"pause": "added", "told": "changed"}
    assert "welcome" not in published
    path.write_text(JOURNEY, encoding="utf-8")
    assert studio.view(Asked("carts:left")).published["carts"].changes == {}


def test_what_her_run_brought_goes_before_what_others_might(studio: Studio) -> None:
    runtime = open_runtime(studio.folder, lambda: NOW, for_work=False)
    publish(runtime, [journey_of(studio.folder, "carts")], NOW)
    event = NewEvent("cart_added", Person("davi"), NOW, "test", "cart-0", {"product_id": "P-0"})
    ingest(runtime.store, [event], NOW)
    process.process(runtime, NOW)
    runtime.close()
    found = values(studio.view(Asked("carts:left", "davi")).look)
    assert found["trigger.product_id"] == (
        "P-0",
        "event cart_added of 2026-06-01, her run of 2026-06-01",
        "known",
    )


def test_html_in_a_name_is_text(studio: Studio) -> None:
    made = studio.view(Asked("welcome:hello", "+longest")).look.rendered
    assert made is not None
    assert made.html is not None
    assert "<b>" not in made.html


def test_nobody_of_that_name_is_said_in_the_page(studio: Studio) -> None:
    (mistake,) = studio.view(Asked("welcome:hello", "nobody")).look.mistakes
    assert "nobody is known as 'nobody'" in mistake.problem.message


def test_settings_with_a_mistake_leave_the_ones_before_in_force(studio: Studio) -> None:
    path: Path = studio.folder / "nurture.yaml"
    good = path.read_text(encoding="utf-8")
    try:
        path.write_text(good.replace("company:", "compny:"), encoding="utf-8")
        view = studio.view(Asked("welcome:hello"))
        assert view.look.rendered is not None
        assert any("compny" in each.problem.message for each in view.elsewhere)
    finally:
        path.write_text(good, encoding="utf-8")
    assert studio.view(Asked("welcome:hello")).elsewhere == ()


def test_a_mistake_in_a_part_is_shown_with_the_lines_of_the_part(studio: Studio) -> None:
    part: Path = studio.folder / "templates" / "parts" / "signature.html"
    good = part.read_text(encoding="utf-8")
    try:
        part.write_text(good + "\n{{ nam }}\n", encoding="utf-8")
        (mistake,) = studio.view(Asked("welcome:hello")).look.mistakes
        assert mistake.problem.mark is not None
        assert mistake.problem.mark.file == "templates/parts/signature.html"
        assert [text for _, text, here in mistake.excerpt if here] == ["{{ nam }}"]
    finally:
        part.write_text(good, encoding="utf-8")
