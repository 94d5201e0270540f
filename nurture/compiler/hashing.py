"""The hash of what a journey does. Labels, comments and spelling leave it as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any

from nurture.criteria import Condition
from nurture.model import Span

LABELS = frozenset(("hash", "description", "owner", "mark", "marks", "text"))


def behavior_hash(*parts: Any) -> str:
    """32 hexadecimal digits that change when the behavior does."""
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    if isinstance(value, Condition):
        return value.text
    if isinstance(value, Span):
        return [value.months, value.days, value.seconds]
    if is_dataclass(value) and not isinstance(value, type):
        named = {
            each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.name not in LABELS
        }
        return {"is": type(value).__name__, **named}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value
