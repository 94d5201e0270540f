"""Webhooks: what a call says, and what is kept of its answer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from nurture.app.runtime import Runtime
from nurture.channels.base import Envelope, Outcome
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.steps import Webhook
from nurture.store import enrollments
from nurture.store.engine import Tx

LARGEST = 256 * 1024
_ONE_NAME = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*\}\}")
Row = Mapping[str, Any]


def step_of(runtime: Runtime, tx: Tx, row: Row) -> Webhook:
    """The step that wants the call. Raises NurtureError where there is none."""
    step = runtime.plan(tx, row["version_id"]).steps.get(row["step"])
    if not isinstance(step, Webhook):
        raise NurtureError(f"version {row['version_id']} has no webhook at step {row['step']!r}")
    return step


def call(
    runtime: Runtime, step: Webhook, row: Row, person: Row, values: Mapping[str, Any], now: datetime
) -> tuple[Envelope, dict[str, Any]]:
    """The call, and the columns that are kept with its handover mark: the same bytes at every attempt.

    Raises NurtureError where it can't be made.
    """
    kept = row["values"]
    if kept is None:
        locale = person["locale"] or runtime.settings.company.locale
        kept = _said(step, _filled(runtime, step.body or _about(row, person), values, locale))
    body = kept["body"].encode()
    envelope = Envelope(
        message_id=row["id"],
        key=row["key"],
        channel=Channel.WEBHOOK,
        sender="",
        recipient=kept["to"],
        body=body,
        timeout=step.timeout.elapsed().total_seconds(),
    )
    return envelope, {
        "template_hash": None,
        "link_key": None,
        "dated_at": row["dated_at"] or now,
        "values": kept,
        "sha256": hashlib.sha256(body).hexdigest(),
        "segments": None,
        "cost_micros": 0,
    }


def _about(row: Row, person: Row) -> dict[str, Any]:
    return {"contact": person["ref"], "journey": row["journey"], "step": row["step"]}


def _said(step: Webhook, filled: Mapping[str, Any]) -> dict[str, str]:
    """Address and body, as they are kept."""
    if step.method == "get":
        query = urlencode({name: _in_address(value) for name, value in filled.items() if value is not None})
        joint = "&" if "?" in step.url else "?"
        return {"to": f"{step.url}{joint}{query}" if query else step.url, "body": ""}
    body = json.dumps(filled, ensure_ascii=False, separators=(",", ":"))
    if len(body) > LARGEST:
        raise NurtureError("the webhook's body is larger than 256 kB")
    return {"to": step.url, "body": body}


def _in_address(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _filled(runtime: Runtime, value: Any, values: Mapping[str, Any], locale: str) -> Any:
    """A body with every text rendered."""
    match value:
        case str():
            return _text(runtime, value, values, locale)
        case Mapping():
            return {name: _filled(runtime, each, values, locale) for name, each in value.items()}
        case list():
            return [_filled(runtime, each, values, locale) for each in value]
    return value


def _text(runtime: Runtime, text: str, values: Mapping[str, Any], locale: str) -> Any:
    """A text that is one name alone is that value, with its type; unknown where there is none."""
    if "{" not in text:
        return text
    one = _ONE_NAME.fullmatch(text.strip())
    if one is None:
        return runtime.renderer.line(text, values, locale)
    found: Any = {"company": runtime.settings.company, **values}
    for part in one[1].split("."):
        found = found.get(part) if isinstance(found, Mapping) else getattr(found, part, None)
    return _json(found)


def _json(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case date():  # and instants, which are dates too
            return value.isoformat()
        case Mapping():
            return {str(name): _json(each) for name, each in value.items()}
        case list() | tuple():
            return [_json(each) for each in value]
    return str(value)


def remember(runtime: Runtime, tx: Tx, answered: Iterable[tuple[Row, Outcome]]) -> None:
    """Keep what the steps want of the answers."""
    for row, outcome in answered:
        if outcome.answer is None or row["enrollment_id"] is None:
            continue
        kept = step_of(runtime, tx, row).kept(outcome.answer)
        if kept:
            enrollments.remember(tx, row["enrollment_id"], row["step"], kept)
