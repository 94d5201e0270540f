"""A template used often is rendered in one with its layout and parts; nobody may notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
import pytest

from nurture.problems import NurtureError
from nurture.rendering.renderer import Renderer
from nurture.rendering.sandbox import Sandbox
from nurture.rendering.sources import FixedSources
from nurture.rendering.whole import whole
from tests.unit.rendering.constructs import CONSTRUCTS, Construct, person
from tests.unit.rendering.shop import header, links, renderer

LAYOUT = (
    "<html><head><title>{% block subject %}Oi{% endblock %}</title></head><body>"
    "{% if city %}{% block top %}T{% endblock %}{% endif %}{% block content %}{% endblock %}"
    '{% include "parts/foot.html" %}</body></html>'
)
SHARED = {"layouts/base.html": LAYOUT, "parts/foot.html": "<p>{{ company.name }} {{ city }}</p>"}
CHILD = '{% extends "layouts/base.html" %}'

# What would mean something else in one tree: each stays several, or keeps its names apart.
TRICKY: dict[str, dict[str, str]] = {
    "a block that adds to its layout's": {
        "email/it.html": CHILD + "{% block top %}{{ super() }}!{% endblock %}"
    },
    "a block that is said again": {
        "email/it.html": CHILD + "{% block top %}B{% endblock %}{% block content %}{{ self.top() }}{% endblock %}"
    },
    "a block within a block, whose names it doesn't see": {
        "email/it.html": CHILD + "{% block content %}{% set city = 'X' %}{% block inner %}{{ city }}{% endblock %}"
        "{{ city }}{% endblock %}"
    },
    "a block in a loop": {
        "email/it.html": "<html><body>{% for i in items %}{% block one %}{{ i | default('-') }}{% endblock %}"
        "{% endfor %}</body></html>"
    },
    "names of a block stay in it": {
        "email/it.html": CHILD + "{% block top %}{% set city = 'X' %}{{ city }}{% endblock %}"
        "{% block content %}{{ city }}{% endblock %}"
    },
    "names that a template gives before its layout": {
        "email/it.html": "{% set city = 'Z' %}" + CHILD + "{% set tag = city ~ '!' %}"
        "{% block content %}{{ tag }}{{ city }}{% endblock %}"
    },
    "text before a layout is said, after it isn't": {
        "email/it.html": "<!-- first -->" + CHILD + "lost{% block content %}kept{% endblock %}lost"
    },
    "a layout that gives a name late": {
        "email/it.html": CHILD + "{% block content %}{{ city }}{% endblock %}",
        "layouts/base.html": "<html><body>{% block content %}{% endblock %}{% set city = 'late' %}{{ city }}"
        '{% include "parts/foot.html" %}</body></html>',
    },
    "a layout that gives a name where it may": {
        "email/it.html": CHILD + "{% block content %}{{ tag | default('none') }}{% endblock %}",
        "layouts/base.html": "<html><body>{% if flag %}{% set tag = 'X' %}{% endif %}"
        "{% block content %}{% endblock %}</body></html>",
    },
    "a part that uses the loop's name": {
        "email/it.html": '<html><body>{% for city in ["A", "B"] %}{% include "parts/foot.html" %}{% endfor %}'
        "</body></html>"
    },
    "a part that asks for a name given later": {
        "email/it.html": CHILD + '{% block content %}{% include "parts/foot.html" %}{% set city = "L" %}{{ city }}'
        "{% endblock %}"
    },
    "a part that gives names of its own": {
        "email/it.html": CHILD + '{% block content %}{% include "parts/own.html" %}{{ city }}{% endblock %}',
        "parts/own.html": "{% set city = 'own' %}{{ city }}",
    },
    "a part that counts": {
        "email/it.html": '<html><body>{% for i in items %}{% include "parts/count.html" %}{% endfor %}</body></html>',
        "parts/count.html": "{{ loop.index | default('-') }}",
    },
    "a part with macros and a part of its own": {
        "email/it.html": CHILD + '{% block content %}{% include "parts/m.html" %}{% endblock %}',
        "parts/m.html": '{% macro b(x) %}<b>{{ x }}</b>{% endmacro %}{{ b(city) }}{% include "parts/foot.html" %}',
    },
    "a part in captured text": {
        "email/it.html": CHILD + '{% block content %}{% set it %}{% include "parts/foot.html" %}{% endset %}'
        '{{ it | upper }}{% filter lower %}{% include "parts/foot.html" %}{% endfilter %}{% endblock %}'
    },
    "a text in a page": {
        "email/it.html": CHILD + '{% block content %}{% include "parts/plain.txt" %}{% endblock %}',
        "parts/plain.txt": "{{ city }}",
    },
    "a layout of a layout": {
        "email/it.html": '{% extends "layouts/mid.html" %}{% block content %}{{ city }}{% endblock %}',
        "layouts/mid.html": CHILD + "{% block top %}mid{% endblock %}{% block content %}none{% endblock %}",
    },
    "a part that includes itself": {
        "email/it.html": CHILD + '{% block content %}{% include "parts/self.html" %}{% endblock %}',
        "parts/self.html": '{% if items | length > 9 %}{% include "parts/self.html" %}{% endif %}s',
    },
    "a value that isn't known, in a part": {
        "email/it.html": CHILD + '{% block content %}{% include "parts/bad.html" %}{% endblock %}',
        "parts/bad.html": "<p>ok</p>\n{{ nobody }}",
    },
}  # fmt: skip


def said(of: Renderer, values: Mapping[str, Any]) -> str:
    """The mail, or what is wrong with it."""
    try:
        return of.email("it", None, values, links(), header()).body.decode()
    except NurtureError as problem:
        return str(problem)


@pytest.mark.parametrize("name", TRICKY)
def test_names_mean_what_they_mean_in_several_templates(name: str) -> None:
    sources = {**SHARED, **TRICKY[name]}
    for change in ({}, {"city": ""}, {"items": list(range(12)), "flag": True}):
        values = person(7, change)
        assert said(renderer(sources), values) == said(as_written(sources), values)


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda construct: construct.name)
def test_the_same_mails_come_out(construct: Construct) -> None:
    quick, plain = renderer(construct.sources), as_written(construct.sources)
    for number, change in enumerate(construct.changes):
        values = person(number, change)
        assert said(quick, values) == said(plain, values)


def as_written(sources: Mapping[str, str]) -> Renderer:
    """One that renders file by file."""
    made = renderer(sources)
    written = made.program("email", "it", None).as_written()
    made._programs["email", "it", written.bundle.locale] = written
    return made


def test_layout_and_parts_are_put_in_place() -> None:
    sources = {**SHARED, "email/it.html": CHILD + "{% block content %}{{ city }}{% endblock %}"}
    environment = Sandbox(FixedSources(sources), "pt-BR")
    parts = {name: environment.parse(text, name) for name, text in sources.items()}
    made = whole(parts, "email/it.html")
    assert made is not None
    kinds = (jinja2.nodes.Extends, jinja2.nodes.Include, jinja2.nodes.Block, jinja2.nodes.Scope)
    assert not list(made.find_all(kinds))


def test_what_is_wrong_is_said_of_its_own_file_and_line() -> None:
    assert "templates/parts/bad.html:2" in said(
        renderer({**SHARED, **TRICKY["a value that isn't known, in a part"]}), person(1, {})
    )


def test_a_part_is_not_rendered_once_for_all() -> None:
    page = "<html><body>\n{% include 'parts/foot.html' without context %}</body></html>"
    shown = said(renderer({**SHARED, "email/it.html": page}), person(1, {}))
    assert "templates/email/it.html:2" in shown
    assert "leave out 'without context'" in shown
