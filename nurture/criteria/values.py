"""A name or a value."""

from __future__ import annotations

from datetime import date

from nurture.criteria import mistakes
from nurture.criteria.stream import Stream
from nurture.criteria.tokens import Kind, Stop, number
from nurture.criteria.tree import Literal, Name, Value


def parse_value(stream: Stream) -> Value:
    """A name, text, number, day, true or false. Raises Stop."""
    token = stream.take()
    match token.kind:
        case Kind.TEXT:
            return Literal(token.text, token.at)
        case Kind.NUMBER:
            return Literal(number(token.text), token.at)
        case Kind.DAY:
            return Literal(date.fromisoformat(token.text), token.at)
        case Kind.WORD if token.text in ("true", "false"):
            return Literal(token.text == "true", token.at)
        case Kind.WORD if not stream.is_keyword(token):
            parts = tuple(token.text.split("."))
            return Name(parts[1:] if parts[0] == "contact" and len(parts) > 1 else parts, token.at)
    raise Stop(mistakes.no_value(stream, token))
