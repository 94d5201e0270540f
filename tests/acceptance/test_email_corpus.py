"""Real mails keep what people see through rendering and inlining: text, links, images, `@media` rules.

Placeholders of these mails are names in braces, as ours are; each is given a value. What is written in
another template language is refused, with its reason, and stands in a table below: nothing is skipped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from lxml import etree, html

from nurture.rendering.errors import RenderError
from nurture.rendering.mjml import to_html
from nurture.rendering.renderer import Rendered, Renderer
from nurture.rendering.sources import TemplateSources
from tests.unit.rendering.shop import SETTINGS, header, links

pytestmark = pytest.mark.shared_data

MUSTACHE = "this is Mustache or Handlebars, not Jinja"
_POSTMARK = [
    f"postmark-templates/{folder}/{layout}/{mail}/content.html"
    for folder in ("templates", "templates-inlined")
    for layout in ("basic", "basic-full", "plain")
    for mail in ("comment-notification", "invoice", "receipt")
]
# The files that are no template of ours, each with what is said of it.
REFUSED = {
    **dict.fromkeys(_POSTMARK, MUSTACHE),
    "cerberus/docs/templates/404.html": "expected token 'end of statement block', got 'title'",
    "cerberus/docs/templates/default-template.html": "expected token 'end of statement block', got 'title'",
    "cerberus/docs/templates/index.html": "nothing is called 'get_url'",
}
COUNTS = {"rendered": 94, "refused": 21}
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@pytest.fixture(scope="module")
def corpus(shared_data: Path) -> Path:
    return shared_data / "email_templates"


def mails(corpus: Path) -> list[Path]:
    return sorted([*corpus.rglob("*.html"), *corpus.rglob("*.mjml")])


def values(source: str) -> dict[str, str]:
    """A value for each placeholder: an address where one is meant, else a few words."""
    return {name: _value(name) for name in _PLACEHOLDER.findall(source)}


def _value(name: str) -> str:
    if name.endswith("_email"):
        return "ajuda@shop.example"
    return f"https://shop.example/{name}?a=1&b=2" if name.endswith("_url") else f"Um {name} & dois"


def rendered(mail: Path) -> Rendered:
    """The file as a template of a workspace, rendered for Ana. Twice, so that the second comes from the cache."""
    renderer = Renderer(TemplateSources(mail.parent.parent), SETTINGS)
    given = values(mail.read_text(encoding="utf-8"))
    first, second = (
        renderer.email(mail.stem, None, given, links(utm={}), header(subject="Oi")) for _ in range(2)
    )
    assert first.body == second.body
    return first


def as_workspace(mail: Path, folder: Path) -> Path:
    """A copy below `email/`, where templates stand."""
    copy = folder / "email" / f"it{mail.suffix}"
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(mail.read_bytes())
    return copy


def filled(mail: Path) -> str:
    """What should be seen: the file with its placeholders replaced, as HTML, made without the renderer."""
    source = mail.read_text(encoding="utf-8")
    for name, value in values(source).items():
        source = re.sub(rf"\{{\{{\s*{name}\s*\}}\}}", value.replace("&", "&amp;"), source)
    return to_html(source, mail.name) if mail.suffix == ".mjml" else source


def test_every_mail_of_the_corpus_is_rendered_whole_or_refused_with_its_reason(
    corpus: Path, tmp_path: Path
) -> None:
    refused, wrong, whole = {}, {}, 0
    for mail in mails(corpus):
        name = mail.relative_to(corpus).as_posix()
        try:
            found = rendered(as_workspace(mail, tmp_path))
        except RenderError as error:
            refused[name] = error.problems[0].message
            continue
        finally:
            (tmp_path / "email" / f"it{mail.suffix}").unlink()
        whole += 1
        lost = differences(seen(filled(mail)), seen(untracked(found)))
        if lost:
            wrong[name] = lost
    assert refused == REFUSED
    assert wrong == {}
    assert {"rendered": whole, "refused": len(refused)} == COUNTS


def test_mjml_keeps_its_text_links_and_images(corpus: Path) -> None:
    """What the MJML itself says is in the HTML made of it."""
    for mail in sorted(corpus.rglob("*.mjml")):
        source = mail.read_text(encoding="utf-8")
        made = html.fromstring(to_html(source, mail.name))
        tree = etree.fromstring(source.encode(), etree.HTMLParser(encoding="utf-8"))
        body = tree.find(".//mj-body")
        for leave_out in body.xpath(".//comment()"):
            leave_out.getparent().remove(leave_out)
        # what is markup in <mj-raw> is nothing that is read
        said = Counter(" ".join(text for text in body.itertext() if "<" not in text).split())
        assert not said - Counter(" ".join(visible(made)).split()), mail.name
        given = Counter(body.xpath(".//a/@href | .//mj-button/@href | .//mj-image/@href"))
        assert not given - Counter(made.xpath("//a/@href")), mail.name
        assert not set(body.xpath(".//mj-image/@src")) - set(made.xpath("//img/@src")), mail.name


# --- what a person sees ---------------------------------------------------------------------------


def seen(source: str) -> dict[str, Any]:
    tree = html.fromstring(source)
    return {
        "text": " ".join(" ".join(visible(tree)).split()),
        "links": Counter(map(_address, tree.xpath("//a/@href | //area/@href"))),
        "images": Counter((img.get("src"), img.get("alt")) for img in tree.iter("img")),
        "backgrounds": Counter(tree.xpath("//@background")),
        "media": Counter(media_rules(source)),
        "Outlook's links": Counter(outlook_links(tree)),
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def visible(tree: Any) -> Iterator[str]:
    """The pieces of text that are shown."""
    for element in tree.iter():
        hidden = not isinstance(element.tag, str) or element.tag in ("style", "script", "title", "head")
        if element.text and not hidden:
            yield element.text
        if element.tail:
            yield element.tail


def untracked(found: Rendered) -> str:
    """The HTML with each tracked link as it was, and without the picture that tells of an opening."""
    assert found.html is not None
    back = re.sub(r"https://mail\.volta\.example/c/[^\"'\s>]+", _target, found.html)
    return re.sub(r'<img src="https://mail\.volta\.example/o/[^>]+>', "", back)


def _target(tracked: re.Match[str]) -> str:
    (target,) = parse_qs(urlsplit(tracked[0].replace("&amp;", "&")).query)["u"]
    return target.replace("&", "&amp;")


def outlook_links(tree: Any) -> Iterator[str]:
    for comment in tree.iter(etree.Comment):
        yield from re.findall(r'href="([^"]+)"', comment.text or "")


def media_rules(source: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(query, selector, declarations) of every rule in an `@media` block of the style sheets."""
    without_comments = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    for sheet in re.findall(r"<style[^>]*>(.*?)</style>", without_comments, re.DOTALL | re.IGNORECASE):
        css = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
        for query, block in re.findall(r"@media([^{]*)\{((?:[^{}]*\{[^{}]*\})*)[^{}]*\}", css):
            for selector, declarations in re.findall(r"([^{}]*)\{([^{}]*)\}", block):
                each = filter(None, map(_plain, declarations.split(";")))
                yield _plain(query), _plain(selector), tuple(map(_winning, each))


def _plain(css: str) -> str:
    return re.sub(r"\s*([:,!>+()])\s*", r"\1", " ".join(css.split())).lower()


def _winning(declaration: str) -> str:
    """As an inlined mail has to say it: only what is important wins over a style attribute.

    Colours are compared in their short form.
    """
    short = re.sub(r"#(\w)\1(\w)\2(\w)\3\b", r"#\1\2\3", declaration)
    return short if short.endswith("!important") else f"{short}!important"


def _address(link: str) -> str:
    """Two ways of writing one address are one: `{` is `%7B`."""
    return quote(unquote(link.strip()))
