"""Templates whose structure depends on their values, each in its own way, and people to fill them.

The fast way of rendering must give for each what the reference gives; the benchmark times the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LAYOUT = """<!DOCTYPE html>
<html lang="pt-BR"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{% block subject %}Oi{% endblock %}</title>
<style>
body { margin: 0; background-color: #f4f4f0; font-family: Georgia, serif }
table { border-collapse: collapse; width: 100% } td { padding: 8px 16px; vertical-align: top; color: #222 }
h1 { font-size: 24px; line-height: 32px } p { font-size: 16px; margin: 0 0 16px }
.button { background-color: #0b6e4f; color: #fff; padding: 12px 24px; text-decoration: none }
.button:hover { background-color: #095c42 } .small { font-size: 13px; color: #666 } .footer a { color: #666 }
.red { color: #c00 } .blue { color: #00c } .vip { border: 2px solid #c90 } .price { text-align: right }
@media (max-width: 600px) { td { padding: 8px !important } .button { display: block } }
@media (prefers-color-scheme: dark) { body { background: #111 } p { color: #eee } }
{% block css %}{% endblock %}
</style></head><body>
<div style="display:none">{% block preheader %}{% endblock %}</div>
<table role="presentation" class="frame"><tr><td><h1>{{ company.name }}</h1></td></tr><tr><td>
{% block content %}{% endblock %}
</td></tr><tr><td class="footer small"><p>{{ company.name }}, {{ company.postal_address }}</p>
<p><a href="{{ unsubscribe_url }}">Sair da lista</a> &middot; <a href="mailto:oi@volta.example">Fale com a gente</a></p>
</td></tr></table></body></html>
"""
MACROS = """{% macro button(label, url) %}<a class="button" href="{{ url }}">{{ label }}</a>{% endmacro %}
{% macro frame(title) %}<div class="small"><p>{{ title }}</p>{{ caller() }}</div>{% endmacro %}
"""


@dataclass(frozen=True, slots=True)
class Construct:
    """`changes` are the values that may change the structure, in turn."""

    name: str
    content: str
    css: str = ""
    changes: tuple[Mapping[str, Any], ...] = ({},)
    subject: str = "Olá, {{ first_name | default('você') }}"
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> dict[str, str]:
        text = "Olá, {{ first_name | default('você') }}\n\nVeja https://loja.example/novidades\n\n{{ unsubscribe_url }}\n"
        page = (
            '{% extends "layouts/base.html" %}{% import "parts/ui.html" as ui %}'
            f"{{% block subject %}}{self.subject}{{% endblock %}}{{% block css %}}{self.css}{{% endblock %}}"
            f"{{% block content %}}<p>Oi, {{{{ first_name | default('tudo bem') }}}}.</p>{self.content}{{% endblock %}}"
        )
        shared = {"layouts/base.html": LAYOUT, "parts/ui.html": MACROS, "email/it.txt": text}
        return {**shared, "email/it.html": page, **self.more}


def person(number: int, change: Mapping[str, Any]) -> dict[str, Any]:
    """Values that differ for everybody in text, and only as `change` says in structure."""
    return {
        "first_name": f"Ana {number}",
        "city": f"São {number} & Cia <sul>",
        "code": f"VOLTA-{number:06d}",
        "url": f"https://loja.example/p/{number}?a=1&b=ç {number}",
        "total": number * 1.5,
        "items": [{"name": f'Caneca "{number}"', "price": number}, {"name": "Livro", "price": 10}],
        "flag": False,
        "css_class": "red",
        "style": "color: #123",
        "tag": "p",
        "ref": "a1",
        "width": 320,
        **change,
    }


def _each(name: str, *values: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple({name: value} for value in values)


_BOTH = _each("flag", True, False)

CONSTRUCTS = (
    Construct("values in text", "<p>{{ city }}: {{ total | money }}, {{ code }}</p>"),
    Construct(
        "dynamic class",
        '<p class="{{ css_class }}">{{ city }}</p><p class="a {{ css_class }} b">x</p>',
        changes=_each("css_class", "red", "blue", "vip red", ""),
    ),
    Construct(
        "dynamic id",
        '<p id="{{ ref }}">{{ city }}</p>',
        css="#a1 { color: red } #b2 { color: blue }",
        changes=_each("ref", "a1", "b2", "c3"),
    ),
    Construct(
        "whole style",
        '<p style="{{ style }}">{{ city }}</p>',
        changes=_each("style", "color: #123", "font-size: 20px; color: red", ""),
    ),
    Construct(
        "part of a style",
        '<p style="color: red; width: {{ width }}px">{{ city }}</p>',
        changes=_each("width", 100, 200, 320),
    ),
    Construct(
        "if in style sheet",
        '<p class="x">{{ city }}</p>',
        css="{% if flag %}.x { color: red }{% else %}.x { font-weight: bold }{% endif %}",
        changes=_BOTH,
    ),
    Construct(
        "value in style sheet",
        '<p class="x">{{ city }}</p>',
        css=".x { color: {{ style }} }",
        changes=_each("style", "red", "#00c", "rgb(1, 2, 3)"),
    ),
    Construct(
        "value in @media",
        '<p class="x">{{ city }}</p>',
        css="@media (max-width: {{ width }}px) { .x { color: red } }",
        changes=_each("width", 480, 600),
    ),
    Construct(
        "p + p across an if",
        "<div><p>{{ city }}</p>{% if flag %}<span>novo</span>{% endif %}<p>{{ code }}</p></div>",
        css="p + p { margin-top: 20px; color: red }",
        changes=_BOTH,
    ),
    Construct(
        "safe with classes",
        "<div>{{ html | safe }}</div><p>{{ city }}</p>",
        changes=_each(
            "html", '<p class="red">a <b>b</b></p>', "", '<p class="blue vip">c</p>', "no tags & <br>"
        ),
    ),
    Construct(
        "macro under a descendant selector",
        '<div class="x">{{ ui.button(code, url) }}</div>{{ ui.button("Ver", "https://loja.example/") }}',
        css=".x a { color: red } .x .button { padding: 4px }",
    ),
    Construct(
        "call block",
        "{% call ui.frame(city) %}<p>{{ code }}</p><p class='red'>x</p>{% endcall %}",
        css=".small p { margin: 4px }",
    ),
    Construct(
        "macro in the template itself",
        "{% macro row(a, b='-') %}<tr><td>{{ a }}</td><td class='price'>{{ b }}</td></tr>{% endmacro %}"
        "<table>{{ row(city, total) }}{{ row(code) }}{{ row('x', 2) if flag else '' }}</table>",
        changes=_BOTH,
    ),
    Construct(
        "macro used as a value",
        "{% set b = ui.button(code, url) %}<div>{{ b }}{{ ui.button('x', url) | length }}</div>",
        changes=tuple({"code": f"C{n}", "url": f"https://loja.example/{n}"} for n in range(3)),
    ),
    Construct(
        "attribute selector",
        '<a href="{{ url }}">{{ city }}</a><a href="http://x.example">b</a>',
        css='[href^=http] { font-weight: bold } a[href$="/2"] { color: red } [title] { color: blue }',
        changes=_each("url", "https://loja.example/2", "http://loja.example", "mailto:x@loja.example"),
    ),
    Construct(
        "empty and other pseudo-classes",
        "<div>{% if flag %}{{ city }}{% endif %}</div><ul><li>{{ code }}</li><li>b</li></ul>",
        css="div:empty { height: 20px } li:first-child { color: red } li:last-child { color: blue } a:hover { color: red }",
        changes=_BOTH,
    ),
    Construct(
        "loop rows",
        "<table>{% for item in items %}<tr class=\"{{ 'red' if loop.first }}\"><td>{{ loop.index }}</td>"
        "<td>{{ item.name }}</td><td>{{ item.price | money }}</td></tr>{% else %}<tr><td>nada</td></tr>"
        "{% endfor %}</table>",
        css="tr + tr td { border-top: 1px solid #ccc }",
        changes=_each("items", *([{"name": f"n{i}", "price": i} for i in range(n)] for n in (0, 1, 2, 5))),
    ),
    Construct(
        "in-tag conditional",
        "<td {% if flag %}class=\"vip\" bgcolor='#eeeeee'{% endif %} title='{{ city }}'>{{ code }}</td>",
        changes=_BOTH,
    ),
    Construct(
        "boolean attribute by value",
        "<select><option {{ 'selected' if flag }}>{{ code }}</option><option>b</option></select>",
        changes=_BOTH,
    ),
    Construct(
        "dynamic tag",
        "<{{ tag }} class='red'>{{ city }}</{{ tag }}>",
        changes=_each("tag", "p", "h1", "div"),
    ),
    Construct(
        "unquoted attributes",
        "<td width={{ width }} class={{ css_class }}>{{ city }}</td>",
        changes=_each("width", 100, 200),
    ),
    Construct(
        "MSO comment",
        "<!--[if mso]><v:roundrect href=\"{{ url }}\" style='width:{{ width }}px'><center>{{ city }}</center>"
        "</v:roundrect><![endif]--><!--[if !mso]><!--><a class=\"button\" href='{{ url }}'>{{ code }}</a><!--<![endif]-->",
    ),
    Construct(
        "values in attributes",
        '<img src="https://img.example/{{ code }}/{{ city }}.png" alt="Foto de {{ city }}" title=\'{{ first_name }}\' '
        'width="{{ width }}"><td background="{{ url }}" data-x="{{ city }}">x</td><a name="{{ city }}">y</a>',
    ),
    Construct(
        "values in links",
        '<a href="{{ url }}">a</a><a href="https://loja.example/?c={{ code }}&amp;n={{ city }}">b</a>'
        '<a href="https://loja.example/?c={{ code | urlencode }}#x">c</a><a href="#{{ code }}">d</a>'
        '<a href="tel:{{ code }}">e</a><a href="mailto:{{ code }}@x.example?subject={{ city }}">f</a>'
        '<map><area href="{{ url }}"></map>',
    ),
    Construct(
        "ampersand before a value",
        '<p>A&{{ code }} &lt{{ code }} &amp;{{ code }}</p><a href="https://loja.example/?a&{{ code }}=1&copy{{ code }}">x</a>',
        changes=_each("code", "amp;x", "lt;", "#65;", "z"),
    ),
    Construct(
        "escaped twice and marked safe",
        "<p>{{ city | e }} {{ city | escape | upper }} {{ city | safe }} {{ (city ~ code) | upper }}</p>"
        "{% autoescape false %}<p>{{ city }}</p>{% endautoescape %}",
        changes=_each("city", "a & b", "São <b>x</b>"),
    ),
    Construct(
        "set and filter blocks",
        "{% set hello %}<b>{{ first_name }}</b>, {{ code }}{% endset %}<p>{{ hello }}</p>"
        "{% filter upper %}{{ css_class }} {{ tag }}{% endfilter %}",
        changes=tuple({"first_name": f"n{n}", "code": f"c{n}"} for n in range(3)),
    ),
    Construct(
        "include in a loop",
        '{% for item in items %}{% include "parts/item.html" %}{% endfor %}',
        css=".item + .item { border-top: 1px solid #ccc }",
        more={
            "parts/item.html": "<div class='item'><p>{{ item.name }}</p><p>{{ item.price | number(2) }}</p></div>"
        },
    ),
    Construct(
        "block with super",
        "<p>{{ city }}</p>{% endblock %}{% block preheader %}{{ super() }}{{ first_name }}, leia",
    ),
    Construct(
        "values that depend on others",
        "{% set n = namespace(sum=0) %}{% for i in items %}{% set n.sum = n.sum + i.price %}{% endfor %}"
        "<p>{{ n.sum | money }}</p>{% if n.sum > 50 %}<p class='vip'>{{ code }}</p>{% endif %}"
        "<p>{{ first_name | length }} {{ first_name | first }} {{ items | map(attribute='name') | join(', ') }}</p>",
    ),
    Construct(
        "float and align of pictures",
        '<img src="a.png" style="float:{{ style }}" alt="{{ city }}"><img class="left" src="b.png" alt="">',
        css=".left { float: left; width: 40px }",
        changes=_each("style", "left", "right", "none"),
    ),
    Construct(
        "text in odd places",
        "<pre>\n{{ city }}\n</pre><textarea>{{ code }}</textarea><table>{{ city }}<tr><td>{{ code }}</table>"
        "<p>a <5 {{ code }} 3<4> <p>{{ first_name }}<!-- {{ city }} --><style>.late { color: red }</style>"
        "<script>var a = '{{ tag }}'</script>",
    ),
    Construct(
        "important and unset",
        '<p class="x y">{{ city }}</p><p class="x" style="color: green !important">{{ code }}</p>',
        css=".x { color: red !important; border: unset } p.y { color: blue; border: 1px solid }",
    ),
)
"""At least 28, each a way in which inlining a template before it is filled goes wrong."""
