"""Computed dates of fields.yaml, for one person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from nurture import clock
from nurture.model import Computed, Field, FieldType, Json, LeapDay


def dates(
    fields: Mapping[str, Field],
    known: Mapping[str, Any],
    zone: str,
    told: Collection[str] | None = None,
    leap_day: LeapDay = LeapDay.FEBRUARY_28,
) -> dict[str, Json]:
    """What these computed fields are for somebody of whom this is known, in her zone; None: their base is unknown.

    With `told` only those whose base was told of now.
    """
    return {
        name: _sum(known.get(field.computed.base), field.computed, field.type, zone, leap_day)
        for name, field in fields.items()
        if field.computed is not None and (told is None or field.computed.base in told)
    }


def _sum(base: Any, computed: Computed, kind: FieldType, zone: str, leap_day: LeapDay) -> Json:
    try:
        if kind is FieldType.DATE:
            noon = datetime.combine(date.fromisoformat(str(base)[:10]), time(12), UTC)
            return clock.add(noon, computed.plus, "UTC", leap_day).date().isoformat()
        at = datetime.fromisoformat(str(base))
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return clock.add(at, computed.plus, zone, leap_day).isoformat()
    except (ValueError, OverflowError):
        return None  # no date: nothing can be made of it
