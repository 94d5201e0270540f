"""Double opt-in: a yes that anybody may have typed in waits until the person presses a button behind a link that went
to her mailbox. The mail that asks is a message of no journey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nurture import digests, faults
from nurture.app import changes, hearing
from nurture.app.changes import Occasion
from nurture.app.runtime import Runtime
from nurture.model import OPENED_BY_ALL, Basis, Channel, MessageClass, Origin
from nurture.rendering import links
from nurture.store import confirmations, consents, contacts, keys, messages
from nurture.store.engine import Tx

Row = Mapping[str, Any]

TEMPLATE = "double-opt-in"
BROUGHT = frozenset(("topic", "confirm_url"))  # what the mail may name beside the person
HOW = "double opt-in"
ONCE_IN = timedelta(hours=24)  # whoever fills a form in over and over must not fill somebody's mailbox


def is_needed(runtime: Runtime, consent: Row) -> bool:
    """Whether this consent, as an event brought it, allows nothing until it is confirmed."""
    topic = runtime.settings.topics.get(consent["topic"])
    wants = topic is not None and topic.double_opt_in and consent["basis"] == Basis.CONSENT.value
    return wants and consent["given"] and not consent.get("confirmed")


def ask(runtime: Runtime, tx: Tx, said: Sequence[tuple[Row, Occasion]], now: datetime) -> None:
    """Put a mail into the outbox that asks to confirm each pending yes among these records, at most one in a day for a
    person and topic. Nobody is asked who has an address no longer, or whose yes holds already; nor is an import, which
    is silent, a reason to write to people."""
    waiting = [each for each in said if each[0]["pending"] and not each[1].silent]
    if not waiting or Channel.EMAIL not in runtime.settings.channels:
        return
    ids = {record["contact_id"] for record, _ in waiting}
    reachable = {id_ for id_, row in contacts.rows(tx, ids).items() if row["email"]}
    held, had = confirmations.held(tx, ids), confirmations.asked(tx, ids, TEMPLATE, now - ONCE_IN)
    wanted: dict[tuple[int, str], Row] = {}
    for record, occasion in waiting:
        to = record["contact_id"], record["topic"]
        if to[0] in reachable and to not in had and any((*to, each) not in held for each in _opens(record)):
            wanted.setdefault(to, _message(runtime, tx, record, occasion, now))
    messages.write(tx, list(wanted.values()))


def _opens(record: Row) -> Sequence[str]:
    return [record["channel"]] if record["channel"] else [each.value for each in OPENED_BY_ALL]


def _message(runtime: Runtime, tx: Tx, record: Row, occasion: Occasion, now: datetime) -> dict[str, Any]:
    settings = runtime.settings
    key = keys.free(tx, digests.keyed(runtime.secret, HOW, occasion.source_id), record["contact_id"])
    token = links.Signer(settings.secrets).sign(links.Purpose.CONFIRM, key)
    return {
        "key": key,
        "contact_id": record["contact_id"],
        "channel": Channel.EMAIL.value,
        "class": MessageClass.TRANSACTIONAL.value,
        "topic": record["topic"],
        "template": TEMPLATE,
        "variables": {
            "topic": settings.topics[record["topic"]].title,
            "confirm_url": f"{settings.web_url.rstrip('/')}/{links.Purpose.CONFIRM}/{token}",
        },
        "state": "scheduled",
        "planned_at": now,
        "due_at": now,
    }


def confirm(runtime: Runtime, message: Row, origin: Origin, now: datetime) -> bool:
    """The person pressed the button behind the link of this message: what waits for her holds from now on, and however
    often she presses it nothing more happens. Whether it holds; not where she has taken it back since."""
    contact_id, topic = message["contact_id"], message["topic"]
    with runtime.store.begin() as tx:
        messages.lock_contacts(tx, [contact_id])
        if contacts.rows(tx, [contact_id])[contact_id]["erased_at"]:
            return False
        waiting = {each["channel"]: each for each in _waiting(confirmations.said(tx, contact_id, topic))}
        said = [
            (_confirmed(each, origin, now), Occasion(f"consent:{HOW}:{each['id']}", now))
            for each in waiting.values()
        ]
        changes.record_consents(tx, said, hearing.heard_of_changes(runtime, tx), now)
        holds = bool(consents.given(tx, contact_id, topic))
        faults.point("confirm.before_commit")
    faults.point("confirm.after_commit")
    return holds


def _waiting(said: Sequence[Row]) -> list[Row]:
    """Each yes that waits: she has neither confirmed it since nor said no to the topic."""
    settled = [each for each in said if not each["pending"]]
    return [
        each
        for each in said
        if each["pending"] and not any(_settles(later, each) for later in settled if later["id"] > each["id"])
    ]


def _settles(later: Row, waiting: Row) -> bool:
    return not later["given"] or later["channel"] == waiting["channel"]


def _confirmed(record: Row, origin: Origin, now: datetime) -> dict[str, Any]:
    """The yes that stands for one that waited: to the same wording, by the same channel."""
    made = changes.consent_record(
        record["contact_id"], record["topic"], record["channel"], True, HOW, origin, now
    )
    return {**made, "basis": record["basis"], "text_version": record["text_version"]}


def standing(records: Sequence[Row], sent: Sequence[Row]) -> list[dict[str, Any]]:
    """These records of a person's consents, oldest first; those that are pending with when she was asked to confirm
    them (`asked_at`) and the record that confirmed them (`confirmed_by`). `sent` are her messages."""
    asking = [each for each in sent if each["journey"] is None and each["template"] == TEMPLATE]
    return [
        {**record, **(_standing(record, records, asking) if record["pending"] else {})} for record in records
    ]


def _standing(record: Row, records: Sequence[Row], asking: Sequence[Row]) -> dict[str, Any]:
    since = record["recorded_at"] - ONCE_IN
    asked = [
        each["planned_at"]
        for each in asking
        if each["topic"] == record["topic"] and each["planned_at"] > since and each["state"] != "cancelled"
    ]
    answers = (
        each["id"]
        for each in records
        if each["how"] == HOW and each["topic"] == record["topic"] and each["channel"] == record["channel"]
        if each["id"] > record["id"]
    )
    return {"asked_at": min(asked, default=None), "confirmed_by": next(answers, None)}
