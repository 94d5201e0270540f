"""A shop and people to look at templates with: one like most, one awkward, one of whom little is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from nurture.model import Channel
from nurture.settings import ChannelConfig, Company, Sender, Settings, SurveySpec, Topic

COMPANY = Company(
    name="Café Serra Azul",
    postal_address="Rua das Araucárias, 214, Vila Mariana, São Paulo, SP, 04012-900",
    accent="#1f4e79",
    website="https://cafeserraazul.example",
)
SENDER = Sender("mariana@cafeserraazul.example", "Mariana, Café Serra Azul")
SURVEY = SurveySpec(
    name="post-sale-nps",
    question="De 0 a 10, qual a chance de você nos recomendar a um amigo?",
    low="nenhuma chance",
    high="com certeza",
    comment="O que mais pesou na sua nota?",
    thanks="Sua resposta já está com a equipe. Lemos todas, uma por uma.",
)
SETTINGS = Settings(
    company=COMPANY,
    channels={Channel.EMAIL: ChannelConfig(Channel.EMAIL, "outbox", SENDER)},
    topics={"offers": Topic("offers", "Ofertas e cupons")},
    surveys={SURVEY.name: SURVEY},
    secrets=(("k1", b"for pictures only, never for mail"),),
    web_url="https://mail.cafeserraazul.example",
)
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
ANA: dict[str, Any] = {
    "first_name": "Ana",
    "last_name": "Souza",
    "email": "ana@example.com",
    "phone": "+5511987654321",
    "city": "Campinas",
    "birthday": date(1990, 11, 23),
    "owner": None,
    "total_orders": 4,
    "lifetime_value": 512.4,
    "last_order_at": datetime(2026, 9, 24, 15, 0, tzinfo=UTC),
    "coupon": {"code": "VOLTA-7K3M9P", "percent": 15, "expires_at": datetime(2026, 12, 7, 13, 0, tzinfo=UTC)},
    "nps": {"score": 9, "comment": "Um dos pacotes chegou aberto."},
    "trigger": {
        "order_id": "A-1042",
        "ebook": "cafe-no-escritorio",
        "product_id": "P-7",
        "name": "Café Serra do Caparaó",
        "plan": "Equipe",
        "ends_at": datetime(2026, 11, 26, 13, 0, tzinfo=UTC),
        "limit": "contatos",
        "used": 85,
        "invoice_id": "F-2026-118",
        "amount": 149.9,
        "webinar_id": "visitas",
        "title": "Café para quem recebe visitas",
        "course_id": "barista",
        "course": "Barista em seis aulas",
        "starts_at": datetime(2026, 12, 1, 22, 0, tzinfo=UTC),
    },
    "plan": "Equipe",
    "renews_on": date(2026, 12, 23),
    "serviced_on": date(2025, 12, 8),
    "company_name": "Estúdio Jatobá",
    "company_size": 60,
    "topic": "Ofertas e cupons",
    "confirm_url": "https://mail.cafeserraazul.example/d/k1.message-1.none",
}
BARELY = {
    name: ANA["trigger"][name]
    for name in ("order_id", "product_id", "invoice_id", "webinar_id", "course_id", "ends_at")
}
PEOPLE: Mapping[str, dict[str, Any]] = {
    "": ANA,
    "awkward": ANA
    | {
        "first_name": "Wolfeschlegelsteinhausenbergerdorff <b>José</b>",
        "last_name": "d’Alcântara & Filhos",
        "coupon": {"code": "W" * 18, "percent": 12.5, "expires_at": datetime(2027, 9, 28, 23, 0, tzinfo=UTC)},
        "nps": {"score": 10, "comment": "á" * 300},
        "trigger": ANA["trigger"]
        | {
            each: f"{ANA['trigger'][each]} " * 3 + "<b>à parte</b>"
            for each in ("name", "plan", "title", "course")
        },
        "plan": "W" * 40,
        "topic": "Ofertas, <b>cupons</b> & mais",
    },
    "nameless": ANA
    | {"first_name": None, "last_name": None, "last_order_at": None, "phone": None, "city": None}
    | {"trigger": BARELY, "plan": None, "company_name": None, "company_size": None},
}
PAGES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "unsubscribe": ("unsubscribe", {"topic": "Ofertas e cupons"}),
    "unsubscribe-plain": ("unsubscribe", {"topic": None}),
    "unsubscribed": ("unsubscribed", {"topic": "Ofertas e cupons", "everything": False}),
    "unsubscribed-everything": ("unsubscribed", {"topic": None, "everything": True}),
    "survey": ("survey", {"survey": SURVEY, "scores": list(range(11)), "score": 8}),
    "survey-missing": (
        "survey",
        {
            "survey": SURVEY,
            "scores": list(range(11)),
            "score": None,
            "missing": True,
            "comment": "Chegou rápido.",
        },
    ),
    "survey-thanks": ("survey-thanks", {"survey": SURVEY, "score": 9}),
    "survey-thanks-low": ("survey-thanks", {"survey": SURVEY, "score": 3}),
    "confirm": ("confirm", {"topic": "Ofertas e cupons"}),
    "confirmed": ("confirmed", {"topic": "Ofertas e cupons"}),
    "not-found": ("not-found", {}),
    "error": ("error", {}),
}
