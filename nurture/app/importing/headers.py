"""Columns of well-known exports, by the names that programs give them in Portuguese and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from nurture.app.importing.mapping import Kind

# Our field -> names beside its own, most telling first; compared without case, accents and signs.
_PERSON: Mapping[str, tuple[str, ...]] = {
    "ref": (
        "customer id", "contact id", "client id", "user id", "id do cliente", "codigo do cliente",
        "codigo cliente", "cliente id", "euid", "record id",
    ),
    "email": (
        "email", "e-mail", "email address", "e-mail address", "e-mail 1 - value", "endereco de e-mail",
        "customer email", "email do cliente", "email cliente", "billing email", "correio eletronico",
    ),
    "phone": (
        "celular", "mobile phone", "mobilephone", "mobile phone number", "mobile", "whatsapp", "telefone celular", "phone",
        "phone number", "telefone", "phone 1 - value", "fone", "billing phone", "shipping phone",
    ),
    "first_name": ("first name", "firstname", "given name", "primeiro nome", "billing first name"),
    "last_name": (
        "last name", "lastname", "family name", "surname", "sobrenome", "ultimo nome", "billing last name",
    ),
    "full_name": (
        "name", "nome", "full name", "nome completo", "customer name", "nome do cliente", "billing name",
        "cliente nome", "razao social",
    ),
    "country": ("country", "pais", "cc", "country/region", "billing country", "shipping country"),
    "state": ("state", "estado", "uf", "state/region", "region", "province", "billing state"),
    "city": ("city", "cidade", "municipio", "billing city", "shipping city"),
    "birthday": ("birthday", "data de nascimento", "birth date", "date of birth", "nascimento", "aniversario"),
    "zone": ("timezone", "time zone", "fuso horario"),
    "locale": ("locale", "idioma", "language"),
}  # fmt: skip
_CONTACT: Mapping[str, tuple[str, ...]] = {
    **_PERSON,
    "ref": ("id", "codigo", *_PERSON["ref"]),
    "updated_at": ("last changed", "updated at", "last modified", "atualizado em", "ultima atualizacao"),
}
_ORDER: Mapping[str, tuple[str, ...]] = {
    **_PERSON,
    "order_id": (
        "order id", "order number", "order", "pedido", "numero do pedido", "id do pedido", "n do pedido",
        "n pedido", "codigo do pedido", "name", "id",
    ),
    "ref": ("cliente", "customer", *_PERSON["ref"]),
    "ordered_at": (
        "ordered at", "order date", "data do pedido", "data da compra", "data da venda", "paid at", "created at",
        "date created", "purchase date", "data", "date",
    ),
    "total": (
        "total", "order total", "valor total", "total do pedido", "valor do pedido", "total price", "grand total",
        "amount", "valor",
    ),
    "currency": ("currency", "moeda"),
    "status": ("status", "order status", "situacao", "status do pedido", "financial status"),
    "delivered_at": ("delivered at", "data de entrega", "data da entrega", "delivery date", "entregue em"),
    "cancelled_at": ("cancelled at", "canceled at", "data do cancelamento", "cancelado em"),
}  # fmt: skip
_EVENT: Mapping[str, tuple[str, ...]] = {
    "email": ("context traits email", *_PERSON["email"]),
    "phone": _PERSON["phone"],
    "properties": (),
    "ref": ("userid", "cliente", "customer", *_PERSON["ref"]),
    "event": ("event name", "event type", "evento", "nome do evento"),
    "occurred_at": (
        "occurred at", "timestamp", "event time", "event date", "data do evento", "created at", "time", "date",
        "data",
    ),
    "id": ("messageid", "message id", "event id", "id do evento"),
}  # fmt: skip
SYNONYMS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.CONTACTS: _CONTACT,
    Kind.ORDERS: _ORDER,
    Kind.EVENTS: _EVENT,
}


def plain(name: str) -> str:
    """A column's name without case, accents and signs: `E-mail 1 - Value` is `email 1 value`."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    bare = re.sub(r"e-mail", "email", bare)
    return re.sub(r"[^a-z0-9]+", " ", bare).strip()


def recognise(kind: Kind, header: Sequence[str]) -> dict[str, str]:
    """Which of these columns are which of our fields. A column serves one field only."""
    known = {plain(name): name for name in reversed(header) if name}
    found: dict[str, str] = {}
    for ours, synonyms in SYNONYMS.get(kind, {}).items():
        column = next((known[p] for p in map(plain, (ours, *synonyms)) if p in known), None)
        if column is not None and column not in found.values():
            found[ours] = column
    if "first_name" in found and "last_name" in found:
        found.pop("full_name", None)
    if kind is Kind.EVENTS:
        found |= _of_the_event([name for name in header if name and name not in found.values()])
    return found


def _of_the_event(rest: Sequence[str]) -> dict[str, str]:
    """What else an event's row says is a field of the event, by its column's name."""
    named = {plain(name).replace(" ", "_"): name for name in rest}
    return {f"properties.{field}": name for field, name in named.items() if field and field != "type"}


def looks_like(header: Sequence[str]) -> Kind:
    """Orders if a column names an order and another its total; else contacts."""
    orders = recognise(Kind.ORDERS, header)
    return Kind.ORDERS if {"order_id", "total", "ordered_at"} <= orders.keys() else Kind.CONTACTS
