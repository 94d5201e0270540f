"""The shop and the people of the rendering tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nurture.model import MessageClass
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Renderer
from nurture.rendering.sources import FixedSources
from nurture.settings import Company, Sender, Settings, SurveySpec

SECRET = ("k1", b"a secret of thirty-two characters")
SETTINGS = Settings(
    company=Company("Volta", "Rua das Flores, 12, São Paulo"),
    channels={},
    topics={},
    web_url="https://mail.volta.example",
    secrets=(SECRET,),
    surveys={"nps": SurveySpec("nps", "Você nos recomendaria?", low="Não", high="Sim")},
)
SENDER = Sender("oi@volta.example", "Loja Volta", "ajuda@volta.example")
SENT = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def links(key: str = "M1", **more: Any) -> LinkContext:
    utm = {"utm_source": "nurture", "utm_campaign": "volta"}
    return LinkContext(key, "https://mail.volta.example", **({"utm": utm} | more))


def header(**more: Any) -> HeaderContext:
    given: dict[str, Any] = {
        "to_address": "ana@example.com",
        "sender": SENDER,
        "date": SENT,
        "to_name": "Ana",
    }
    return HeaderContext(**(given | more))


def marketing_and_not() -> tuple[MessageClass, ...]:
    return tuple(MessageClass)


def renderer(sources: Mapping[str, str], settings: Settings = SETTINGS) -> Renderer:
    return Renderer(FixedSources(sources), settings)


def mail(content: str, subject: str = "Oi", **more: str) -> dict[str, str]:
    """A template of one block, without a layout."""
    page = (
        f"<html><head><title>{{% block subject %}}{subject}{{% endblock %}}</title></head>"
        f"<body>{{% block content %}}{content}{{% endblock %}}</body></html>"
    )
    return {"email/it.html": page, **more}
