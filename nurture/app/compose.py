"""Turning rows of the outbox into finished messages, the same bytes at every attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nurture.app import calls
from nurture.app.runtime import Runtime
from nurture.channels.base import Envelope
from nurture.model import ADDRESS, Channel, MessageClass
from nurture.problems import NurtureError, in_a_line
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Rendered, again
from nurture.rendering.sources import Bundle
from nurture.store import contacts, events, template_versions
from nurture.store.engine import Tx

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished message, and the columns that are kept with its handover mark.

    `sent_to` is the digest of the person's address that it goes to; None: it goes to somebody else.
    """

    envelope: Envelope
    kept: Mapping[str, Any] = field(default_factory=dict)
    sent_to: str | None = None


def compose(
    runtime: Runtime, tx: Tx, rows: Sequence[Row], now: datetime
) -> tuple[list[Composed], list[tuple[Row, str]]]:
    """Finish these messages; those that can't be, with the reason in words.

    A message that was finished before is made again from what was kept then.
    """
    people = contacts.rows(tx, {row["contact_id"] for row in rows})
    started_by = events.payloads(tx, {row["trigger_event_id"] for row in rows if row["trigger_event_id"]})
    before = Before(runtime, tx)
    finished: list[Composed] = []
    unfit: list[tuple[Row, str]] = []
    fresh: dict[str, Bundle] = {}
    for number, row in enumerate(rows, 1):
        if not number % _STAY:
            runtime.store.stay(tx)
        person = people[row["contact_id"]]
        try:
            if row["channel"] == Channel.WEBHOOK.value:
                finished.append(
                    _called(runtime, tx, row, person, started_by.get(row["trigger_event_id"]), now)
                )
                continue
            recipient = _recipient(row, person)
            if row["values"] is not None:
                rendered = before.again(row)
            else:
                rendered, bundle = _render(runtime, row, person, started_by.get(row["trigger_event_id"]), now)
                fresh[rendered.template_hash] = bundle
        except NurtureError as error:
            unfit.append((row, in_a_line(error)))
            continue
        sent_to = None if row["recipient"] else person[f"{ADDRESS[Channel(row['channel'])]}_digest"]
        finished.append(Composed(*_composed(runtime, row, recipient, rendered, now), sent_to))
    template_versions.keep(tx, fresh, now)
    return finished, unfit


_STAY = 10  # messages, each of which may take the two seconds that a template has


class Before:
    """Makes messages again that were finished at an earlier attempt."""

    def __init__(self, runtime: Runtime, tx: Tx) -> None:
        self._settings, self._tx = runtime.settings, tx
        self._bundles: dict[str, Bundle] = {}

    def again(self, row: Row) -> Rendered:
        """The same bytes as before. Raises NurtureError where what they were made with is gone."""
        rendered = self.made(row)
        if rendered.sha256 != row["sha256"]:
            raise NurtureError("the message came out differently when it was made again")
        return rendered

    def made(self, row: Row) -> Rendered:
        """The message from what was kept of it, whether or not it is the same. Raises NurtureError."""
        digest = row["template_hash"]
        if digest not in self._bundles:
            self._bundles[digest] = template_versions.bundle(self._tx, digest)
        date = row["dated_at"] if row["channel"] == Channel.EMAIL.value else None
        try:
            return again(
                self._bundles[digest], row["values"], row["key"], row["link_key"], date, self._settings
            )
        except ValueError as gone:
            raise NurtureError(f"the message can't be made again: {gone}") from gone


def _render(
    runtime: Runtime, row: Row, person: Row, trigger: Row | None, now: datetime
) -> tuple[Rendered, Bundle]:
    """A message made for the first time, and the template that it was made from."""
    values = _values(runtime, row, person, trigger)
    locale = person["locale"] or runtime.settings.company.locale
    links = LinkContext(
        key=row["key"],
        base_url=runtime.settings.web_url,
        utm={**runtime.settings.utm, "utm_campaign": row["journey"] or "", "utm_content": row["step"] or ""},
        survey=row["survey"],
        track_clicks=row["recipient"] is None,  # what a colleague does is not the person's
        track_opens=row["recipient"] is None,
    )
    if row["channel"] == Channel.NOTE.value:
        name = row["template"].removeprefix("tasks/")
        bundle = runtime.renderer.bundle(name, "tasks", locale)
        return runtime.renderer.note(name, locale, values, links), bundle
    bundle = runtime.renderer.bundle(row["template"], row["channel"], locale)
    if row["channel"] == Channel.SMS.value:
        return runtime.renderer.sms(row["template"], locale, values, links), bundle
    if row["channel"] == Channel.WHATSAPP.value:
        return runtime.renderer.whatsapp(row["template"], locale, values, links), bundle
    header = HeaderContext(
        to_address=row["recipient"] or person["email"],
        to_name=None if row["recipient"] else _name(person),
        sender=runtime.settings.channels[Channel.EMAIL].sender,
        date=now,
        message_class=MessageClass(row["class"]),
        subject=row["subject"],
    )
    return runtime.renderer.email(row["template"], locale, values, links, header), bundle


def _called(runtime: Runtime, tx: Tx, row: Row, person: Row, trigger: Row | None, now: datetime) -> Composed:
    """A webhook's call."""
    step = calls.step_of(runtime, tx, row)
    return Composed(*calls.call(runtime, step, row, person, _values(runtime, row, person, trigger), now))


def _values(runtime: Runtime, row: Row, person: Row, trigger: Row | None) -> dict[str, Any]:
    """What its template may name."""
    values = variables(runtime, person, trigger, row["memory"] or {}, row["variables"] or {})
    own = {name: row[column] for name, column in _OF_THE_RUN.items() if row[column] is not None}
    return {**values, "trigger": {**values["trigger"], **own}}


# What `trigger` has beside the fields of the event.
_OF_THE_RUN = {"item": "item", "name": "trigger_name"}


def _name(person: Row) -> str | None:
    return " ".join(filter(None, (person["first_name"], person["last_name"]))) or None


def variables(
    runtime: Runtime, person: Row, trigger: Row | None, memory: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, Any]:
    """What a template may name: the person's fields bare and under `contact`, what started the run under
    `trigger`, what steps brought under their ids, and the step's own `with`."""
    contact = {
        name: _shown(person, field_.column, field_.scale) if field_.column else person["fields"].get(name)
        for name, field_ in runtime.contact_fields.items()
    }
    contact["locale"] = contact["locale"] or runtime.settings.company.locale
    started = {**trigger["payload"], "occurred_at": trigger["occurred_at"]} if trigger else {}
    # the zone is for the filters: dates and times are shown on the person's clock
    return {"zone": person["zone"], **contact, "contact": contact, "trigger": started, **memory, **own}


def _shown(person: Row, column: str, scale: int) -> Any:
    value = person[column]
    return value / scale if scale != 1 and value is not None else value


def _recipient(row: Row, person: Row) -> str:
    """Where it goes. Raises NurtureError where she has lost her address since it was leased: she may have been erased."""
    recipient: str | None = row["recipient"] or person[ADDRESS[Channel(row["channel"])]]
    if recipient is None:
        raise NurtureError("the person has no address any more")
    return recipient


def _composed(
    runtime: Runtime, row: Row, recipient: str, rendered: Rendered, now: datetime
) -> tuple[Envelope, Mapping[str, Any]]:
    channel = Channel(row["channel"])
    sender = runtime.settings.channels[channel].sender
    envelope = Envelope(
        message_id=row["id"],
        key=row["key"],
        channel=channel,
        sender=_return_path(runtime, row, rendered) or sender.address,
        recipient=recipient,
        body=rendered.body,
    )
    kept = {
        "template_hash": rendered.template_hash,
        "link_key": rendered.key_id,
        "dated_at": row["dated_at"] or now,
        "values": dict(rendered.used),
        "sha256": rendered.sha256,
        "segments": rendered.segments,
        "cost_micros": 0 if channel is Channel.NOTE else _cost_micros(runtime, rendered),
    }
    return envelope, kept


def _return_path(runtime: Runtime, row: Row, rendered: Rendered) -> str | None:
    """The envelope sender that a mail's bounce comes back to, the same at every attempt; None: the sender's own."""
    base = runtime.return_path
    if base is None or row["channel"] != Channel.EMAIL.value:
        return None
    from nurture.channels.returns import verp  # only where it is used

    secrets = runtime.settings.secrets
    return verp.address(base, row["key"], dict(secrets).get(rendered.key_id, secrets[0][1]))


def _cost_micros(runtime: Runtime, rendered: Rendered) -> int:
    """What the message costs, in millionths of the currency."""
    costs = runtime.settings.costs
    if rendered.category is not None:
        return int(costs.whatsapp.get(rendered.category, 0) * 1_000_000)
    segments = rendered.segments
    return int((costs.email if segments is None else costs.sms_segment * segments) * 1_000_000)
