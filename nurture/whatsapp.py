"""A WhatsApp message as carriers get it: a free text, or a template that the provider approved, filled in.

Its bytes are JSON in UTF-8 with sorted keys:

    {"text": "Oi, Ana! Seu pedido saiu."}

    {"buttons": [{"parameter": "c/Xy12", "text": "Acompanhar", "type": "url", "url": "https://mail.shop.example/c/Xy12"},
                 {"text": "Parar", "type": "reply"}],
     "category": "utility", "content": "HX0123...", "language": "pt_BR", "parameters": ["Ana", "1042"],
     "template": "order_shipped", "text": "Oi, Ana! Seu pedido 1042 saiu."}

`template`, `language` and `category` are the provider's words, `parameters` go into {{1}}, {{2}}, ... of its body.
`buttons` stand in the template's order (left out where it has none); a `url` button's `parameter` goes into the {{1}}
of its own address, which is our web address with {{1}} behind it. `content` is the id of a provider that names contents
by ids (Twilio, whose variables are numbered on: the body's, then the buttons'); left out where none is declared.
`text` is what the person reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CATEGORIES = ("marketing", "utility", "authentication")
SERVICE = "service"  # what providers call a free text inside the 24-hour window


@dataclass(frozen=True, slots=True)
class Button:
    """Below the text: a link (`url`), or an answer that a tap gives (`reply`)."""

    type: str
    text: str
    url: str | None = None  # where it leads
    parameter: str | None = None  # what follows the fixed part of that address


@dataclass(frozen=True, slots=True)
class Filled:
    """A template that the provider approved, with what goes into it."""

    template: str  # the provider's name
    language: str  # the provider's code, such as pt_BR
    category: str
    parameters: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    content: str | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The body's parameters and the buttons', for providers that number them on."""
        return (*self.parameters, *(each.parameter for each in self.buttons if each.parameter is not None))


@dataclass(frozen=True, slots=True)
class WhatsAppMessage:
    """What one person gets. Without `filled` it is a free text."""

    text: str
    filled: Filled | None = None

    @property
    def category(self) -> str:
        """What the provider charges it as."""
        return self.filled.category if self.filled else SERVICE

    @property
    def shown(self) -> str:
        """The text with its buttons below, for somebody who looks at it as text."""
        buttons = self.filled.buttons if self.filled else ()
        lines = [f"[{each.text}]({each.url})" if each.url else f"[{each.text}]" for each in buttons]
        return "\n".join([self.text, *([""] if lines else []), *lines])

    def dump(self) -> bytes:
        """The bytes of an `Envelope`."""
        return json.dumps(self._plain(), ensure_ascii=False, sort_keys=True, indent=1).encode()

    def _plain(self) -> dict[str, Any]:
        if self.filled is None:
            return {"text": self.text}
        filled = self.filled
        said: dict[str, Any] = {
            "template": filled.template,
            "language": filled.language,
            "category": filled.category,
            "parameters": list(filled.parameters),
            "text": self.text,
        }
        if filled.buttons:
            said["buttons"] = [_without_nothing(each) for each in filled.buttons]
        if filled.content:
            said["content"] = filled.content
        return said


def load(body: bytes) -> WhatsAppMessage:
    """The message that these bytes of an `Envelope` say."""
    said: Mapping[str, Any] = json.loads(body)
    if "template" not in said:
        return WhatsAppMessage(said["text"])
    filled = Filled(
        said["template"],
        said["language"],
        said["category"],
        tuple(said["parameters"]),
        tuple(Button(**each) for each in said.get("buttons", ())),
        said.get("content"),
    )
    return WhatsAppMessage(said["text"], filled)


def _without_nothing(button: Button) -> dict[str, str]:
    found = {"type": button.type, "text": button.text, "url": button.url, "parameter": button.parameter}
    return {name: value for name, value in found.items() if value is not None}
