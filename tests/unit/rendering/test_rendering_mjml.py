"""Mails written in MJML, and style sheets that the inliner doesn't know everything of."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.rendering.errors import RenderError
from nurture.rendering.inline import inline
from nurture.rendering.renderer import Renderer
from nurture.rendering.sources import TemplateSources
from tests.unit.rendering.shop import SETTINGS, header, links, renderer

MAIL = """\
<mjml><mj-head><mj-title>{% block subject %}Oi, {{ first_name }}{% endblock %}</mj-title></mj-head><mj-body>
<mj-raw>{% if total > 3 and total < 9 %}</mj-raw>
<mj-section><mj-column>
<mj-text>Oi, {{ first_name | default("você") }}! {% for tea in teas %}<b>{{ tea }}</b> {% endfor %}</mj-text>
<mj-button href="https://shop.example/?a={{ code }}&amp;b=2">Ver</mj-button>
</mj-column></mj-section>
<mj-raw>{% else %}</mj-raw>
<mj-section><mj-column><mj-text>Até já</mj-text></mj-column></mj-section>
<mj-raw>{% endif %}</mj-raw>
</mj-body></mjml>
"""


def workspace(folder: Path, **files: str) -> TemplateSources:
    (folder / "email").mkdir()
    for suffix, text in files.items():
        (folder / "email" / f"hello.{suffix}").write_text(text)
    return TemplateSources(folder)


def test_a_mail_in_mjml_is_rendered_like_any_other(tmp_path: Path) -> None:
    sources = workspace(tmp_path, mjml=MAIL)
    values = {"first_name": "Ana", "total": 5, "teas": ["mate", "<camomila>"], "code": "X1"}
    made = Renderer(sources, SETTINGS).email("hello", None, values, links(utm={}), header(subject=None))
    assert made.html is not None
    assert "Oi, Ana! <b>mate</b> <b>&lt;camomila&gt;</b>" in made.html
    assert (made.subject, made.links) == ("Oi, Ana", ("https://shop.example/?a=X1&b=2",))
    assert "Até já" not in made.html
    assert list(sources.names()) == ["email/hello.html"]


def test_html_of_the_same_name_goes_before_mjml(tmp_path: Path) -> None:
    sources = workspace(tmp_path, mjml=MAIL, html="<p>oi</p>")
    assert sources.text("email/hello.html") == "<p>oi</p>"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param(
            "<mjml>\n<mj-body>\n<mj-section></mj-body></mjml>", 1, "unexpected end", id="not closed"
        ),
        pytest.param("<p>oi</p>", 1, "unexpected token", id="no MJML"),
        pytest.param(
            '<mjml><mj-body>\n<mj-include path="/etc/passwd"/></mj-body></mjml>',
            2,
            "included",
            id="an include",
        ),
    ],
)
def test_what_is_no_mjml_is_said_with_its_file(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(RenderError, match=said) as raised:
        workspace(tmp_path, mjml=text).text("email/hello.html")
    (problem,) = raised.value.problems
    assert problem.mark is not None
    assert (problem.code, problem.mark.file, problem.mark.line) == (
        "N811",
        "templates/email/hello.mjml",
        line,
    )
    assert problem.hint


def test_mustache_is_recognised() -> None:
    with pytest.raises(RenderError, match="Mustache") as raised:
        renderer({"email/it.html": "<p>\n{{#each items}}{{name}}{{/each}}</p>"}).program("email", "it", None)
    (problem,) = raised.value.problems
    assert problem.mark is not None
    assert problem.mark.line == 2
    assert problem.hint == "write {% for item in items %} ... {% endfor %} and {% if item %} ... {% endif %}"


@pytest.mark.parametrize(
    "query", ["screen, yahoo", "(400px <= width <= 600px)", "screen and (min-width: 1px)"]
)
def test_a_media_query_is_kept_whether_the_inliner_knows_it_or_not(query: str) -> None:
    source = f"<html><head><style>@media {query} {{ p {{ color: red }} }}</style></head><body><p>x</p></body></html>"
    assert f"@media {query} {{\n    p {{\n        color: red !important" in inline(source, "it.html")
