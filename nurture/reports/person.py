"""All that is kept about a person as one HTML file: no script, nothing from elsewhere, 360 px and up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nurture.reports.html import plain_colour, template
from nurture.reports.words import Words

Row = Mapping[str, Any]

ENGLISH = {
    "title": "What we keep about you",
    "made": "As of {at}. All times are in the zone {zone}. The JSON file says the same for machines, with every detail.",
    "nothing": "Nothing.",
    "count": "{count} in all",
    "contact": "You",
    "merged": "What else we knew you by",
    "contact_tags": "Tags",
    "scores": "Scores",
    "segment_members": "Groups",
    "consents": "What you agreed to, and took back",
    "permissions": "What holds of it now",
    "suppressions": "Addresses that we don't write to",
    "do_not_disturb": "Do-not-disturb lists with your number",
    "messages": "What we sent",
    "attempts": "How it was delivered",
    "answers": "What you answered",
    "orders": "Orders",
    "coupons": "Coupons",
    "tasks": "What colleagues were to do",
    "enrollments": "Journeys that you are in, or were",
    "traces": "What was decided in them, and why",
    "splits": "Groups of trials",
    "events": "What happened",
    "inbox": "What has come in and is not worked on yet",
    "activity": "How often, and when last",
    "said": "What it said",
    "yes": "yes",
    "no": "no",
}
PORTUGUESE = {
    "title": "O que guardamos sobre você",
    "made": "Situação em {at}. Todos os horários são do fuso {zone}. O arquivo JSON diz o mesmo para máquinas, com cada detalhe.",
    "nothing": "Nada.",
    "count": "{count} no total",
    "contact": "Você",
    "merged": "Como mais conhecíamos você",
    "contact_tags": "Etiquetas",
    "scores": "Pontuações",
    "segment_members": "Grupos",
    "consents": "O que você aceitou e o que retirou",
    "permissions": "O que vale disso agora",
    "suppressions": "Endereços para os quais não escrevemos",
    "do_not_disturb": "Listas de não perturbe com o seu número",
    "messages": "O que enviamos",
    "attempts": "Como foi entregue",
    "answers": "O que você respondeu",
    "orders": "Pedidos",
    "coupons": "Cupons",
    "tasks": "O que colegas tinham a fazer",
    "enrollments": "Jornadas em que você está ou esteve",
    "traces": "O que foi decidido nelas, e por quê",
    "splits": "Grupos de testes",
    "events": "O que aconteceu",
    "inbox": "O que chegou e ainda não foi processado",
    "activity": "Quantas vezes, e quando por último",
    "said": "O que dizia",
    "yes": "sim",
    "no": "não",
}
# What columns are called in Portuguese; in English they are called by their names.
COLUMNS = {
    "ref": "código",
    "email": "e-mail",
    "phone": "telefone",
    "first_name": "nome",
    "last_name": "sobrenome",
    "birthday": "nascimento",
    "city": "cidade",
    "state": "estado",
    "country": "país",
    "zone": "fuso",
    "zone_source": "fuso segundo",
    "locale": "idioma",
    "owner": "responsável",
    "stage": "etapa",
    "fields": "campos",
    "created_at": "desde",
    "total_orders": "pedidos",
    "lifetime_value": "total comprado",
    "first_order_at": "primeiro pedido",
    "last_order_at": "último pedido",
    "last_click_at": "último clique",
    "occurred_at": "quando",
    "topic": "assunto",
    "channel": "canal",
    "given": "aceito",
    "basis": "base legal",
    "how": "como",
    "text_version": "versão do texto",
    "recorded_by": "registrado por",
    "pending": "a confirmar",
    "handed_at": "enviado",
    "subject": "título",
    "template": "modelo",
    "reason": "motivo",
    "journey": "jornada",
    "step": "passo",
    "class": "classe",
    "provider": "por",
    "accepted_at": "aceito em",
    "delivered_at": "entregue",
    "opened_at": "aberto",
    "clicked_at": "clicado",
    "to_somebody_else": "para outra pessoa",
    "name": "nome",
    "source": "origem",
    "payload": "conteúdo",
    "ordered_at": "quando",
    "order_id": "pedido",
    "currency": "moeda",
    "issued_at": "dado em",
    "code": "código",
    "pool": "tipo",
    "redeemed_at": "usado em",
    "expires_at": "vale até",
    "discount": "desconto",
    "entered_at": "entrou",
    "ended_at": "saiu",
    "status": "situação",
    "exit_reason": "motivo",
    "memory": "lembrado",
    "title": "tarefa",
    "assign": "para",
    "outcome": "resultado",
    "tag": "etiqueta",
    "value": "pontos",
    "segment": "grupo",
    "since": "desde",
    "times": "vezes",
    "first_at": "primeira vez",
    "last_at": "última vez",
    "seen": "o que foi visto",
    "at": "quando",
    "number": "tentativa",
    "arm": "grupo",
    "survey": "pesquisa",
    "kind": "endereço",
}
# The sections in their order, and which columns come first; the others follow.
SECTIONS: Mapping[str, Sequence[str]] = {
    "consents": ("occurred_at", "topic", "channel", "given", "basis", "how", "text_version"),
    "permissions": ("topic", "channel", "given", "occurred_at"),
    "messages": ("handed_at", "channel", "subject", "template", "state", "reason"),
    "answers": ("occurred_at",),
    "orders": ("ordered_at", "order_id", "total", "currency"),
    "coupons": ("issued_at", "code", "pool", "redeemed_at"),
    "enrollments": ("entered_at", "journey", "status", "exit_reason"),
    "tasks": ("created_at", "title", "assign", "outcome"),
    "contact_tags": ("tag",),
    "scores": ("name", "value"),
    "segment_members": ("segment", "since"),
    "suppressions": ("kind", "reason", "since"),
    "do_not_disturb": ("name", "since"),
    "events": ("occurred_at", "name", "source"),
    "inbox": ("occurred_at", "name", "source"),
    "activity": ("name", "times", "last_at"),
    "traces": ("at", "step", "reason"),
    "attempts": ("at", "outcome", "code"),
    "splits": ("journey", "name", "arm"),
}
# What says nothing to a reader, or is shown by itself: it stands in the JSON.
_LEFT_OUT = frozenset(
    (
        "id",
        "enrollment_id",
        "version_id",
        "message_id",
        "event_id",
        "consent_id",
        "provider_id",
        "trigger_event_id",
    )
    + ("source_id", "key", "anchor", "sha256", "template_hash", "attempts", "segments", "cost_micros", "text")
    + (
        "processed_at",
        "received_at",
        "recorded_at",
        "planned_at",
        "due_at",
        "dated_at",
        "done_at",
        "arrived_at",
    )
    + ("enrolled_at", "updated_at", "silent", "backfilled", "message")
)


# Amounts, in the currency of their row or the company's.
_MONEY = frozenset(("lifetime_value", "total", "refunded", "discount"))
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of thing that is kept: each of its rows as pairs of a name and what it is."""

    name: str
    rows: tuple[tuple[tuple[str, Any], ...], ...]
    texts: tuple[str | None, ...]


def render(
    found: Mapping[str, Any],
    locale: str,
    currency: str,
    accent: str,
    zone: str,
    now: datetime,
    topics: Mapping[str, str] | None = None,
) -> str:
    """The page of what `exporting.export` found. `topics` are their titles by their names."""
    words = Words(locale, currency)
    own = PORTUGUESE if words.locale.language == "pt" else ENGLISH
    shown = _Shown(words, zone, own, COLUMNS if own is PORTUGUESE else {}, topics or {})
    answers = [event for event in found["events"] if event["name"] == "survey_answered"]
    rows = {**found, "answers": answers}
    sections = [_section(name, first, rows[name], shown) for name, first in SECTIONS.items()]
    others = sorted(name for name, value in found.items() if isinstance(value, list) and name not in SECTIONS)
    sections += [_section(name, (), rows[name], shown) for name in others]
    return (
        template("person.html").render(
            language=words.tag,
            company=found["company"],
            contact=shown.pairs(found["contact"], ("ref", "first_name", "last_name", "email", "phone")),
            sections=sections,
            titles=own,
            accent=plain_colour(accent),
            made=own["made"].format(at=words.at(now, zone), zone=zone),
        )
        + "\n"
    )


def _section(name: str, first: Sequence[str], rows: Sequence[Row], shown: _Shown) -> Section:
    return Section(
        name, tuple(shown.pairs(row, first) for row in rows), tuple(row.get("text") for row in rows)
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """Values as a person reads them."""

    words: Words
    zone: str
    own: Mapping[str, str]
    columns: Mapping[str, str]
    topics: Mapping[str, str]

    def pairs(self, row: Row, first: Sequence[str]) -> tuple[tuple[str, str], ...]:
        names = [name for name in first if name in row] + [name for name in row if name not in first]
        return tuple(
            (self.columns.get(name, name.replace("_", " ")), self._column(name, row))
            for name in names
            if name not in _LEFT_OUT
        )

    def _column(self, name: str, row: Row) -> str:
        if name not in _MONEY or isinstance(row[name], bool) or not isinstance(row[name], int | float):
            return self.value(name, row[name])
        words = (
            Words(str(self.words.locale).replace("_", "-"), row["currency"])
            if row.get("currency")
            else self.words
        )
        return words.money(row[name] * 100, exact=True)

    def value(self, name: str, value: Any) -> str:
        match value:
            case bool():
                return self.own["yes" if value else "no"]
            case dict():
                said = ((key, self.value(key, each)) for key, each in value.items() if key not in _LEFT_OUT)
                inner = {
                    key: f"({each})" if isinstance(value[key], dict) else each for key, each in said if each
                }
                return "; ".join(f"{key}: {each}" for key, each in inner.items())
            case list():
                return ", ".join(self.value(name, each) for each in value)
            case str() if name.endswith(("_at", "since")) or name == "at":
                return self._instant(value)
            case str() if name == "topic":
                return self.topics.get(value, value)
            case str() if _DATE.fullmatch(value):
                return self._day(value)
        return "" if value is None else str(value)

    def _day(self, text: str) -> str:
        try:
            return self.words.day(date.fromisoformat(text))
        except ValueError:
            return text

    def _instant(self, text: str) -> str:
        try:
            return self.words.at(datetime.fromisoformat(text), self.zone)
        except ValueError:
            return text
