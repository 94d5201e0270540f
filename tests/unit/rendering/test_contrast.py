"""What is hard to read, what mail programs leave out, and what is shown though it may be unknown."""

from __future__ import annotations

import pytest

from nurture.rendering.contrast import faint, ratio
from nurture.rendering.css_support import left_out
from nurture.rendering.unknowns import shown_bare


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (255, 255, 255), 1.0),
        ((118, 118, 118), (255, 255, 255), 4.54),  # #767676: the lightest grey that is enough on white
        ((119, 119, 119), (255, 255, 255), 4.48),
    ],
)
def test_contrast_is_that_of_wcag(
    one: tuple[int, int, int], other: tuple[int, int, int], expected: float
) -> None:
    assert ratio(one, other) == pytest.approx(expected, abs=0.005)
    assert ratio(other, one) == ratio(one, other)


# What stands in the mail: the texts that are too faint.
FAINT = {
    "grey on white": ('<p style="color: #aaa">a</p>', ["a"]),
    "dark enough": ('<p style="color: #767676">a</p>', []),
    "from a style sheet": ("<style>.s {color: #aaaaaa}</style><p class='s'>a</p>", ["a"]),
    "the more exact rule": ("<style>p.s {color: #000} .s {color: #aaa}</style><p class='s'>a</p>", []),
    "the style beside it": ("<style>p {color: #aaa}</style><p style='color: #000'>a</p>", []),
    "what it is inside of": ('<div style="color: rgb(170, 170, 170)"><b>a</b> b</div>', ["a"]),
    "white on a button": ('<td bgcolor="#1f4e79"><a style="color: white">a</a></td>', []),
    "white on yellow": ('<p style="background-color: #ffdd00; color: #fff">a</p>', ["a"]),
    "large text needs less": ('<p style="color: #8a8a8a; font-size: 24px">a</p>', []),
    "bold text of 19 px too": ('<p style="color: #8a8a8a; font-size: 19px; font-weight: 700">a</p>', []),
    "a weight that is no number": ('<p style="color: #8a8a8a; font-size: 19px; font-weight: ²">a</p>', ["a"]),
    "hidden text": ('<p style="display: none; color: #fff">a</p>', []),
    "on a picture nobody knows": ('<p style="background-image: url(a.png); color: #fff">a</p>', []),
    "the dark mode is another matter": (
        "<style>@media (prefers-color-scheme: dark) {p {color: #fff}}</style><p>a</p>",
        [],
    ),
    "nothing": ("", []),
}


@pytest.mark.parametrize("name", FAINT)
def test_faint_text_is_found(name: str) -> None:
    html, expected = FAINT[name]
    assert [each.text for each in faint(html)] == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<style>.a {display: flex}</style>", ["display: flex"]),
        ("<p style='position:absolute; z-index: 2'>a</p>", ["position", "z-index"]),
        ("<style>.a {width: calc(100% - 8px)}</style>", ["calc()"]),
        ("<style>@media (max-width: 480px) {.a {display: flex}} .b {margin: 0}</style>", []),
        ("<style>@import url(a.css); .b {gap: 4px}</style>", ["gap"]),
        ("<style>/* position: fixed */ .a {background-position: top}</style>", []),
        ("<!--[if mso]><style>.a {position: fixed}</style><![endif]-->", []),
        ("<p style='border-radius: 4px'>a</p>", []),
    ],
)
def test_css_that_is_left_out_is_named(html: str, expected: list[str]) -> None:
    assert [name for name, _ in left_out(html)] == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ name }}", {"name"}),
        ("{{ contact.name | upper }}", {"contact.name"}),
        ("{{ name | default('you') }}", set()),
        ("{{ name or 'you' }}", set()),
        ("{{ (name or city) }}", {"city"}),
        ("{% if name %}{{ name }}, {{ city }}{% endif %}", {"city"}),
        ("{% if not name %}you{% else %}{{ name }}{% endif %}", set()),
        ("{{ name if name else 'you' }}", set()),
        ("{{ name if vip else 'you' }}", {"name"}),
        ("{{ 'Dear ' ~ name }}", {"name"}),
        ("{% block content %}{{ name }}{% endblock %}", {"name"}),
        ("{% macro greet(name) %}{{ name }}{% endmacro %}", set()),
        ("{% for name in names %}{{ name }}{% endfor %}", set()),
        ("{{ broken", set()),
    ],
)
def test_what_is_shown_without_a_default_is_found(template: str, expected: set[str]) -> None:
    assert shown_bare([template]) == expected
