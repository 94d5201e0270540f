"""What the gate looks at, read for many messages in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from nurture.limits import GateFacts
from nurture.model import ADDRESS, BY_PHONE, CLOSED_BY, SUPPRESSIONS, Basis, Channel, MessageClass
from nurture.store import bulk, do_not_disturb, messages
from nurture.store.canaries import HELD
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.messages import Sent
from nurture.store.tables import contacts, enrollments, journeys, permissions, suppressions
from nurture.store.tables import messages as message_table


class Person(NamedTuple):
    """A person as one channel sees her, with what she last said to a topic."""

    zone: str
    has_address: bool
    suppressed: str | None
    erased: bool
    given: bool | None
    consent_id: int | None


class Ask(NamedTuple):
    """A message about which the gate is asked."""

    id: int  # the caller's own: a message's id, or a draft's place
    contact_id: int
    journey: str | None
    channel: Channel
    message_class: MessageClass
    topic: str | None
    planned_at: datetime
    expires_at: datetime | None
    key: str  # by which it is spread over a release
    basis: Basis = Basis.CONSENT
    run_active: bool = True
    paused: bool = False
    version_id: int | None = None  # whose limits bind it
    on_cap: str | None = None
    person: Person | None = None  # where she was read together with the message
    template: str | None = None  # of a message that isn't in the outbox yet


# The list of suppressions decides; what stands on the contact is a copy for conditions, and somebody may
# be coming in with an address at the very moment at which it is suppressed.
_LISTS = {kind: suppressions.alias(f"suppressed_{kind}") for kind in SUPPRESSIONS}


def _with_lists() -> sa.Select[Any]:
    """People with why each of their addresses is closed."""
    why = [
        sa.func.coalesce(contacts.c[f"{kind}_suppressed"], listed.c.reason).label(f"{kind}_suppressed")
        for kind, listed in _LISTS.items()
    ]
    own = (contacts.c.id, contacts.c.zone, contacts.c.email, contacts.c.phone, contacts.c.erased_at)
    chosen = sa.select(*own, *why)
    for kind, listed in _LISTS.items():
        address = contacts.c[f"{SUPPRESSIONS[kind]}_digest"]
        chosen = chosen.outerjoin(listed, sa.and_(listed.c.kind == kind, listed.c.digest == address))
    return chosen.where(bulk.given(contacts.c.id))


_CONTACT = _with_lists()


_LIST = suppressions.alias("suppressed")


def _person(channel: Any, recipient: Any = None) -> tuple[Any, ...]:
    """The columns of a `Person`, for a channel that is a column or a parameter. A message to a `recipient` of its
    own looks at that address, which only the list of suppressions knows."""
    address: Any = _by_channel(channel, {c: contacts.c[name] for c, name in ADDRESS.items()})
    marked = _by_channel(channel, {c: contacts.c[f"{kind}_suppressed"] for c, kind in CLOSED_BY.items()})
    if recipient is not None:
        address = sa.func.coalesce(recipient, address)
        marked = sa.case((recipient.is_(None), marked))
    return (
        contacts.c.zone,
        sa.and_(address.is_not(None), address != "").label("has_address"),
        sa.func.coalesce(marked, _LIST.c.reason, type_=sa.Text).label("suppressed"),
        contacts.c.erased_at.is_not(None).label("erased"),
        permissions.c.given,
        permissions.c.consent_id,
    )


def _by_channel(channel: Any, values: Mapping[Channel, Any]) -> Any:
    """What belongs to the channel; what is no other one is an e-mail."""
    others = [
        (channel == sa.literal_column(f"'{each}'"), value)
        for each, value in values.items()
        if each is not Channel.EMAIL
    ]
    return sa.case(*others, else_=values[Channel.EMAIL])


def _with_person(chosen: sa.Select[Any], channel: Any, topic: Any, recipient: Any = None) -> sa.Select[Any]:
    """Joined to what `_person` reads; `recipient` is the digest of an own address."""
    digest: Any = _by_channel(channel, {c: contacts.c[f"{name}_digest"] for c, name in ADDRESS.items()})
    if recipient is not None:
        digest = sa.func.coalesce(recipient, digest)
    kind = _by_channel(channel, {c: sa.literal_column(f"'{name}'") for c, name in CLOSED_BY.items()})
    listed = sa.and_(_LIST.c.kind == kind, _LIST.c.digest == digest)
    said = sa.and_(
        permissions.c.contact_id == contacts.c.id,
        permissions.c.topic == topic,
        permissions.c.channel == channel,
    )
    return chosen.outerjoin(_LIST, listed).outerjoin(permissions, said)


def _seen_by() -> Direct:
    channel, topic = (sa.bindparam(name, type_=sa.Text) for name in ("channel", "topic"))
    chosen = (
        sa.select(contacts.c.id, *_person(channel)).select_from(contacts).where(bulk.given(contacts.c.id))
    )
    return Direct(_with_person(chosen, channel, topic))


_SEEN_BY = _seen_by()


def facts(tx: Tx, asks: Sequence[Ask], since: datetime | None) -> dict[int, GateFacts]:
    """Facts for each ask, by its id. Messages handed over after `since` count towards caps; None: there are none."""
    sent = messages.recent(tx, {ask.contact_id for ask in asks}, since) if since else {}
    people = _people_of(tx, [ask for ask in asks if ask.person is None])
    return {ask.id: _facts(ask, ask.person or people[ask.id], sent.get(ask.contact_id, ())) for ask in asks}


def _people_of(tx: Tx, asks: Sequence[Ask]) -> dict[int, Person]:
    """The people of these asks, by the asks' ids."""
    alike: dict[tuple[Channel, str | None], list[Ask]] = defaultdict(list)
    for ask in asks:
        alike[ask.channel, ask.topic].append(ask)
    seen: dict[int, Person] = {}
    for (channel, topic), group in alike.items():
        ids = {ask.contact_id for ask in group}
        found = _SEEN_BY.all(tx, channel=channel.value, topic=topic, ids=ids)
        people = {row[0]: Person._make(row[1:]) for row in found}
        seen.update({ask.id: people[ask.contact_id] for ask in group})
    return seen


def homes(tx: Tx, ids: Collection[int]) -> dict[int, tuple[str | None, str | None, str | None]]:
    """What says where these people live: phone, country and state."""
    return {id_: (phone, country, state) for id_, phone, country, state in _HOMES.all(tx, ids=ids)}


_HOMES = Direct(
    sa.select(contacts.c.id, contacts.c.phone, contacts.c.country, contacts.c.state).where(
        bulk.given(contacts.c.id)
    )
)


def _facts(ask: Ask, person: Person, sent: Sequence[Sent]) -> GateFacts:
    zone, has_address, suppressed, erased, given, consent_id = person
    facts = GateFacts(  # in the order of its fields: this is made for every message, twice
        ask.message_class,
        ask.channel,
        zone,
        has_address,
        suppressed,
        erased,
        consent_id if given else None,
        bool(given),
        ask.run_active,
        ask.paused,
        ask.planned_at,
        ask.expires_at,
        ask.basis,
        given is False,
        ask.on_cap,
        ask.key,
    )
    return _counting(facts, ask, sent) if sent else facts


def _counting(facts: GateFacts, ask: Ask, sent: Sequence[Sent]) -> GateFacts:
    """With what counts towards caps. What goes again is no message more."""
    others = [one for one in sent if one.key != ask.key]
    own = [one for one in others if one.journey == ask.journey]
    return facts._replace(
        sent_journey=tuple([one.at for one in own]),
        sent_workspace=tuple([one.at for one in others]),
        sent_channel_journey=tuple([one.at for one in own if one.channel == ask.channel]),
        sent_channel_workspace=tuple([one.at for one in others if one.channel == ask.channel]),
        sent_by_phone=tuple([one.at for one in others if one.channel in BY_PHONE]),
    )


def _people(tx: Tx, ids: Collection[int]) -> dict[int, Any]:
    return {row.id: row for row in tx.execute(_CONTACT, {"ids": ids}).all()}


def asks(tx: Tx, message_ids: Collection[int], bases: Mapping[str, Basis]) -> list[Ask]:
    """What to ask about messages of the outbox, as they and their people stand now. `bases` are the topics' own."""
    return [
        Ask(
            id=id_,
            contact_id=contact_id,
            journey=journey,
            channel=_CHANNELS[channel],
            message_class=_CLASSES[kind],
            topic=topic,
            planned_at=planned_at,
            expires_at=expires_at,
            key=key,
            basis=bases.get(topic or "", Basis.CONSENT),
            # who has come to the end, or left on her way, has left nothing out: what was in doubt may go again
            run_active=status in (None, "active", "completed") or to_other or on_her_way,
            paused=bool(paused),
            version_id=version_id,
            on_cap=on_cap,
            person=Person(*person),
        )
        for id_, key, contact_id, journey, version_id, channel, kind, topic, planned_at, expires_at, status, on_her_way, paused, on_cap, to_other, *person in _ASKS.all(
            tx, ids=message_ids
        )
    ]


_CHANNELS = {channel.value: channel for channel in Channel}
_CLASSES = {kind.value: kind for kind in MessageClass}
_ASKS = Direct(
    _with_person(
        sa.select(
            message_table.c.id,
            message_table.c.key,
            message_table.c.contact_id,
            message_table.c.journey,
            message_table.c.version_id,
            message_table.c.channel,
            message_table.c["class"].label("message_class"),
            message_table.c.topic,
            message_table.c.planned_at,
            message_table.c.expires_at,
            enrollments.c.status,
            sa.func.coalesce(enrollments.c.leaving == enrollments.c.exit_reason, sa.false()).label(
                "on_her_way"
            ),
            sa.or_(journeys.c.paused_at.is_not(None), message_table.c.version_id.in_(HELD)).label("paused"),
            message_table.c.on_cap,
            message_table.c.recipient.is_not(None).label("to_other"),  # it outlives the run
            *_person(message_table.c.channel, message_table.c.recipient),
        )
        .select_from(message_table)
        .join(contacts, contacts.c.id == message_table.c.contact_id)
        .outerjoin(enrollments, enrollments.c.id == message_table.c.enrollment_id)
        .outerjoin(journeys, journeys.c.name == message_table.c.journey),
        message_table.c.channel,
        message_table.c.topic,
        message_table.c.recipient_digest,
    )
    .where(bulk.given(message_table.c.id))
    .order_by(message_table.c.due_at, message_table.c.id)
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which channels could reach whom, before any limits."""

    contacts: Mapping[int, Any]
    allowed: Mapping[tuple[int, str, str], bool]
    bases: Mapping[str, Basis]
    listed: Collection[int] = ()  # whose number is on a do-not-disturb list

    def why_not(
        self, contact_id: int, channel: Channel, message_class: MessageClass, topic: str | None
    ) -> str | None:
        """None: the channel reaches the person; else `no_address`, `suppressed`, `do_not_disturb` or `no_consent`."""
        contact = self.contacts[contact_id]
        if contact.erased_at is not None or not getattr(contact, ADDRESS[channel]):
            return "no_address"
        if getattr(contact, f"{CLOSED_BY[channel]}_suppressed"):
            return "suppressed"
        if message_class is MessageClass.MARKETING and channel in BY_PHONE and contact_id in self.listed:
            return "do_not_disturb"
        word = self.allowed.get((contact_id, topic or "", channel.value))
        if message_class is MessageClass.TRANSACTIONAL or word:
            return None
        by_law = self.bases.get(topic or "", Basis.CONSENT) is not Basis.CONSENT and word is None
        return None if message_class is MessageClass.SURVEY and by_law else "no_consent"


def reach(tx: Tx, people: Collection[int], bases: Mapping[str, Basis]) -> Reach:
    """Who can be reached how, for these people."""
    rows = _people(tx, people)
    said = tx.execute(_SAID, {"ids": people}).all()
    allowed = {(c, topic, channel): given for c, topic, channel, given in said}
    return Reach(rows, allowed, bases, do_not_disturb.people(tx, people))


_SAID = sa.select(
    permissions.c.contact_id, permissions.c.topic, permissions.c.channel, permissions.c.given
).where(bulk.given(permissions.c.contact_id))
