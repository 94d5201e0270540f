"""Values to look at templates with: somebody made up, what a journey would bring, and links that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nurture import clock
from nurture.app.uses import Sent
from nurture.compiler.checks import brought
from nurture.compiler.plan import Plan
from nurture.model import Field, FieldType
from nurture.settings import CouponPool, Settings
from nurture.steps import Coupon
from nurture.vocabulary import contact_fields, event_fields

if TYPE_CHECKING:
    from nurture.rendering.links import LinkContext

PERSON: Mapping[str, Any] = {
    "ref": "sample",
    "email": "ana@example.com",
    "phone": "+5511987654321",
    "first_name": "Ana",
    "last_name": "Souza",
    "country": "BR",
    "state": "SP",
    "city": "Campinas",
    "birthday": date(1990, 5, 17),
    "owner": None,
    "total_orders": 3,
    "lifetime_value": 349.9,
}
# What shops send, by the name of an event's or step's field.
_FIELDS: Mapping[str, Any] = {
    "order_id": "10042",
    "total": 89.9,
    "ebook": "guia",
    "page": "/",
    "score": 9,
    "comment": "Chegou rápido.",
    "outcome": "meeting",
}
_BY_TYPE: Mapping[FieldType, Any] = {
    FieldType.NUMBER: 3,
    FieldType.BOOLEAN: True,
    FieldType.DATE: date(2026, 12, 1),
    FieldType.LIST: ["A-1", "A-2"],
    FieldType.TEXT: "exemplo",
}
# What is never unknown, and must stay what it is for a message to reach anybody.
_KEPT = ("ref", "email", "phone", "country", "locale", "created_at")
_LONGEST: Mapping[FieldType, Any] = {
    FieldType.NUMBER: 98_765_432.1,
    FieldType.TEXT: "Conceição & Filhos <b>Ltda</b>, «Ünïcödé» ✨ شركة Sociedade Brasileira de Cafés Especiais",
    FieldType.LIST: ["Conceição & Filhos <i>A-1</i>", *(f"A-{number}" for number in range(2, 13))],
}
_AWKWARD: Mapping[str, Any] = {
    "email": "ana.davi.bruno.chloe.com-um-endereco-bem-comprido-de-verdade@correio.example.com",
    "first_name": "Ana-Chloé-Conceição Davi <b>Bruno</b> & 🎁 آنا",
    "last_name": 'd\'Ávila Souza-Guimarães "de Ação" e Übermaß von Ñandú',
    "total_orders": 9_876,
}
_LONG = {"first_name": "Maria Aparecida", "last_name": "Albuquerque", "city": "São José dos Campos"}
_NOW = datetime(2026, 12, 28, 15, tzinfo=UTC)  # a date that is long when it is written out


def person(settings: Settings, now: datetime) -> dict[str, Any]:
    """Somebody made up, of whom everything is known, as templates see her."""
    company = settings.company
    known = {
        **PERSON,
        "locale": company.locale,
        "zone": company.zone,
        "created_at": now - timedelta(days=200),
        "first_order_at": now - timedelta(days=180),
        "last_order_at": now - timedelta(days=61),
        "last_click_at": now - timedelta(days=61),
    }
    fields = contact_fields(settings.fields)
    contact = {name: known[name] if name in known else _example(field, now) for name, field in fields.items()}
    return {**contact, "contact": contact}


def longest(settings: Settings, now: datetime) -> dict[str, Any]:
    """Somebody awkward: long names with accents, emoji, another direction and HTML, and huge amounts."""
    usual = person(settings, now)["contact"]
    fields = contact_fields(settings.fields)
    long = {name: _LONGEST.get(field.type, usual[name]) for name, field in fields.items()}
    kept = {name: usual[name] for name in _KEPT if name in usual}
    contact = {**long, **kept, **_AWKWARD}
    return {**contact, "zone": settings.company.zone, "contact": contact}


def unknown(settings: Settings, now: datetime) -> dict[str, Any]:
    """Somebody of whom only the addresses are known."""
    usual = person(settings, now)["contact"]
    kept = {**{name: usual[name] for name in _KEPT if name in usual}, "total_orders": 0, "lifetime_value": 0}
    contact = {name: kept.get(name) for name in usual}
    return {**contact, "zone": settings.company.zone, "contact": contact}


def event(fields: Iterable[Field], now: datetime) -> dict[str, Any]:
    """An event with these fields, as an example."""
    return {each.name: _example(each, now) for each in fields}


def brought_by(plan: Plan | None, settings: Settings, now: datetime) -> dict[str, Any]:
    """What the trigger and the steps of a journey bring; of no journey, what most bring."""
    if plan is None:
        return {
            "coupon": _coupon(next(iter(settings.coupons.values()), None), now),
            "trigger": _trigger((), now),
        }
    kinds = event_fields(settings.events)
    fields = plan.trigger.fields(kinds)
    values: dict[str, Any] = {"trigger": _trigger(fields, now)}
    for step in plan.steps.values():
        found = {field.name: _example(field, now) for field in brought(step, kinds)}
        if isinstance(step, Coupon):
            found = _coupon(settings.coupons.get(step.pool), now)
            values[step.save_as or step.id] = found
        values[step.id] = {**found, "at": now}
    return values


def values(plan: Plan, settings: Settings, sent: Sent) -> dict[str, Any]:
    """Values of somebody made up, whose name and city are long."""
    somebody = person(settings, _NOW)
    given = dict.fromkeys(sent.own, "exemplo")
    found = {**brought_by(plan, settings, _NOW), **somebody, **_LONG, **given}
    found["contact"] = {**somebody["contact"], **_LONG}
    return found


def links(sent: Sent, settings: Settings) -> LinkContext:
    """Links of a message that nobody is sent."""
    from nurture.rendering.links import LinkContext

    return LinkContext("check", settings.web_url, settings.utm, survey=sent.survey)


def _trigger(fields: Iterable[Field], now: datetime) -> dict[str, Any]:
    named = {field.name: _example(field, now) for field in fields}
    return {
        "occurred_at": now,
        **{name: _FIELDS[name] for name in ("order_id", "total", "ebook", "page")},
        **named,
    }


def _coupon(pool: CouponPool | None, now: datetime) -> dict[str, Any]:
    if pool is None:
        return {"code": "PRESENTE", "percent": 15, "amount": None, "expires_at": now + timedelta(days=14)}
    expires = clock.add(now, pool.valid, "UTC") if pool.valid else None
    return {
        "code": pool.pattern.replace("#", "7"),
        "percent": pool.percent,
        "amount": pool.amount,
        "expires_at": expires,
    }


def _example(field: Field, now: datetime) -> Any:
    if field.name in _FIELDS:
        return _FIELDS[field.name]
    if field.type is FieldType.INSTANT:
        return now - timedelta(days=7)
    if field.type is FieldType.TEXT and field.example:
        return field.example
    return _BY_TYPE[field.type]
