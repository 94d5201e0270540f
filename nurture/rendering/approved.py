"""WhatsApp templates that a provider approved: fixed text with numbered places, and what one message puts there.

The approved text is made from the template's own: each `{{ expression }}` and each link becomes {{1}}, {{2}}, ... in
the order in which they stand. Its last lines may be buttons: `[Acompanhar](https://...)` is a link, `[Parar]` an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from jinja2 import nodes

from nurture.rendering.errors import Unfit
from nurture.rendering.program import Program
from nurture.rendering.sources import Bundle, Sources, bundle_hash, locate
from nurture.rendering.structure import BareLinkHole, Filled, Hole, Tokens, one_newline, text_pieces
from nurture.settings import Settings
from nurture.whatsapp import Button

APPROVAL = ".approved"  # what a bundle calls the provider's words for a template
LONGEST_BODY = 1024  # characters of an approved text, filled in
LONGEST_TEXT = 4096  # of a free one
LONGEST_BUTTON = 25
MOST_BUTTONS = 10
MOST_LINKS = 2  # among them
_BUTTON = re.compile(r"\[([^\[\]\n]+)\](?:\((\S+)\))?")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{[-+]?\s*(.*?)\s*[-+]?\}\}", re.DOTALL)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w")
Place: TypeAlias = Hole | BareLinkHole
Said: TypeAlias = str | Place


class NotFixed(Unfit):
    """An approved template whose text isn't the same for everybody. `line` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class ButtonForm:
    text: str
    address: tuple[Said, ...] | None  # of a link

    def url(self, filled: Filled) -> str:
        """Where it leads in this message: through our own address, where it is counted who follows it."""
        pieces = self.address or ()
        written = "".join(piece if isinstance(piece, str) else piece.put(filled) for piece in pieces)
        return filled.links.track(written)


@dataclass(frozen=True, slots=True)
class Form:
    """A template as the provider keeps it."""

    source: str  # with tokens where the expressions stand: what each message must look like
    body: tuple[Said, ...]
    buttons: tuple[ButtonForm, ...]
    names: tuple[str, ...]  # what stands at each place of the body, as the template says it

    @property
    def text(self) -> str:
        """The text to submit."""
        number = 0
        shown = []
        for piece in self.body:
            number += not isinstance(piece, str)
            shown.append(piece if isinstance(piece, str) else f"{{{{{number}}}}}")
        return "".join(shown)

    def to_submit(self, base_url: str) -> list[str]:
        """Its buttons in words."""
        linked = f"{base_url.rstrip('/')}/{{{{1}}}}"
        return [f"{each.text}: {linked if each.address else 'an answer'}" for each in self.buttons]


def form_of(tree: nodes.Template, text: str, tokens: Tokens) -> Form:
    """The approved form of a template's text. Raises NotFixed where control flow changes it."""
    source = "".join(_with_tokens(tree, tokens))
    written, lines = _cut_off(source)
    body = tuple(_places(text_pieces(written, tokens)))
    expressions = _EXPRESSION.findall(_COMMENT.sub("", text))
    return Form(
        source, body, tuple(_button(found, tokens) for found in lines), tuple(_names(body, expressions))
    )


def _with_tokens(tree: nodes.Template, tokens: Tokens) -> Iterator[str]:
    number = 0
    for node in tree.body:
        if not isinstance(node, nodes.Output):
            raise NotFixed("an approved template has the same text for everybody", node.lineno)
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                yield part.data
            else:
                yield f"{tokens.nonce}{number:05d}"
                number += 1


def _cut_off(source: str) -> tuple[str, list[re.Match[str]]]:
    """The body, and the buttons that stand in its last lines."""
    lines = one_newline(source).strip().split("\n")
    found: list[re.Match[str]] = []
    while len(lines) > 1 and (match := _BUTTON.fullmatch(lines[-1].strip())):
        found.insert(0, match)
        lines.pop()
    return "\n".join(lines).strip(), found


def has_buttons(text: str) -> bool:
    """Whether the last line of a text, as its template says it, is a link written as a button."""
    last = _cut_off(_EXPRESSION.sub("x", text))[1]
    return any(found[2] for found in last)


def _button(found: re.Match[str], tokens: Tokens) -> ButtonForm:
    address = tuple(_places(text_pieces(found[2], tokens))) if found[2] else None
    return ButtonForm(found[1].strip(), address)


def _places(pieces: Iterable[object]) -> Iterator[Said]:
    for piece in pieces:
        if isinstance(piece, str | Hole | BareLinkHole):
            yield piece


def _names(body: Sequence[Said], expressions: Sequence[str]) -> Iterator[str]:
    """What the author wrote at each place."""
    for piece in body:
        if isinstance(piece, Hole):
            yield expressions[piece.value] if piece.value < len(expressions) else "?"
        elif isinstance(piece, BareLinkHole):
            yield "".join(
                each if isinstance(each, str) else f"{{{{ {expressions[each.value]} }}}}"
                for each in piece.pieces
            )


# --- what the provider calls it ---------------------------------------------------------------


def with_approval(program: Program, sources: Sources, settings: Settings) -> Program:
    """With what the provider calls it, which belongs to the bytes as its text does."""
    bundle, declared = program.bundle, settings.whatsapp.get(program.bundle.name)
    said = sources.text(f"{program.name}{APPROVAL}")  # of a message that is made again
    if said is None and declared is not None:
        file, _ = text_of(sources, program.name, bundle.locale)
        said = json.dumps(declared.said(_locale_of(file) or settings.company.locale), sort_keys=True)
    if said is None:
        return program
    texts = {**bundle.sources, f"{program.name}{APPROVAL}": said}
    digest = bundle_hash(program.name, bundle.locale, texts)
    return replace(program, bundle=replace(bundle, hash=digest, sources=texts))


def approval(bundle: Bundle) -> Mapping[str, Any] | None:
    """What the provider calls a WhatsApp template, and what it charges it as; None for a free text."""
    said = bundle.sources.get(f"whatsapp/{bundle.name}{APPROVAL}")
    found: Mapping[str, Any] | None = json.loads(said) if said is not None else None
    return found


def text_of(sources: Sources, name: str, locale: str) -> tuple[str, str]:
    """The file of a template's text, and the text."""
    found = locate(sources, f"{name}.txt", locale)
    assert found is not None  # it was loaded
    return found


def _locale_of(file: str) -> str | None:
    """`pt-BR` of `hello.pt-BR.txt`; None where the name says none."""
    parts = file.rpartition("/")[2].split(".")
    return parts[-2] if len(parts) > 2 else None


# --- one message -------------------------------------------------------------------------------


def parameters(form: Form, filled: Filled) -> tuple[str, ...]:
    """What this message puts at the places of the body: without line ends, tabs and runs of blanks, which providers
    refuse. Raises Unfit for a place that stays empty."""
    found = []
    places = [piece for piece in form.body if not isinstance(piece, str)]
    for number, (place, name) in enumerate(zip(places, form.names, strict=True), 1):
        said = _SPACE.sub(" ", place.put(filled)).strip()
        if not said:
            raise Unfit(f"{{{{{number}}}}} of the approved template, '{name}', is empty; give it a default")
        found.append(said)
    return tuple(found)


def read(form: Form, given: Sequence[str]) -> str:
    """The text that the person reads."""
    values = iter(given)
    text = "".join(piece if isinstance(piece, str) else next(values) for piece in form.body)
    if len(text) > LONGEST_BODY:
        raise Unfit(f"its text has {len(text):,} characters, and WhatsApp takes {LONGEST_BODY:,}")
    return text


def buttons(form: Form, filled: Filled, base_url: str) -> tuple[Button, ...]:
    """The buttons of this message. A link that isn't counted has no parameter: it is only looked at."""
    base = base_url.rstrip("/") + "/"
    made = []
    for each in form.buttons:
        if each.address is None:
            made.append(Button("reply", each.text))
            continue
        url = each.url(filled)
        counted = url.removeprefix(base) if url.startswith(base) else None
        made.append(Button("url", each.text, url, counted))
    return tuple(made)


# --- what the provider would refuse ---------------------------------------------------------------


def mistakes(form: Form) -> Iterator[str]:
    """WhatsApp's rules for what is submitted, where it breaks them."""
    text = form.text
    places = [(number, not isinstance(piece, str)) for number, piece in enumerate(form.body)]
    holes = [number for number, is_hole in places if is_hole]
    if holes and not _worded(form.body[: holes[0]]):
        yield "it begins with a value; put words before the first"
    if holes and not _worded(form.body[holes[-1] + 1 :]):
        yield "it ends with a value; put words after the last"
    for one, other in pairwise(holes):
        if not _worded(form.body[one + 1 : other]):
            yield "two values stand side by side; put words between them"
            break
    if len(text) > LONGEST_BODY:
        yield f"its text has {len(text):,} characters; {LONGEST_BODY:,} are allowed"
    if "\n\n\n" in text:
        yield "it has more than one empty line in a row"
    yield from _button_mistakes(form.buttons)


def _button_mistakes(buttons: Sequence[ButtonForm]) -> Iterator[str]:
    if len(buttons) > MOST_BUTTONS:
        yield f"it has {len(buttons)} buttons; {MOST_BUTTONS} are allowed"
    if sum(each.address is not None for each in buttons) > MOST_LINKS:
        yield f"it has more than {MOST_LINKS} buttons that are links"
    for each in buttons:
        if each.address and isinstance(each.address[0], str):
            yield f"the button '{each.text}' leads to no address that begins with https://"
        if len(each.text) > LONGEST_BUTTON:
            yield f"the button '{each.text}' is longer than {LONGEST_BUTTON} characters"


def _worded(pieces: Sequence[Said]) -> bool:
    """Whether there is a word among them, not only blanks and punctuation."""
    return any(isinstance(piece, str) and _WORD.search(piece) for piece in pieces)
