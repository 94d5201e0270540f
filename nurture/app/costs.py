"""What messages that nobody has made yet would cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from nurture.settings import Settings
from nurture.whatsapp import SERVICE


def of(settings: Settings, sent: Mapping[str, int], by_whatsapp: Mapping[str, int]) -> Decimal:
    """What so many messages of each channel cost, an SMS counted as one segment; those by WhatsApp also by template."""
    costs = settings.costs
    told = costs.email * sent.get("email", 0) + costs.sms_segment * sent.get("sms", 0)
    return told + sum(_a_message(settings, template) * count for template, count in by_whatsapp.items())


def _a_message(settings: Settings, template: str) -> Decimal:
    approved = settings.whatsapp.get(template)
    return settings.costs.whatsapp.get(approved.category if approved else SERVICE, Decimal(0))
