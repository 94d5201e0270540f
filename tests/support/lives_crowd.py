"""A crowd in a lived journey: as many people as an A/B test asks for, who do things together and stand in no line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.app.timelines import consent
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.store import tables

if TYPE_CHECKING:
    from tests.support.lives import Lives

NAME = "crowd-"  # with a number behind it
CONSENTS = ("news", "offers", "news by whatsapp")
PAST = {"clicks": "clicked", "opens": "opened"}


def arrive(lives: Lives, number: int) -> None:
    """So many people become known, with every consent."""
    said = [consent(words) for words in CONSENTS]
    given = tuple(ConsentRecord(topic, True, how="form", channel=channel) for topic, channel in said)
    known = (Person(f"{NAME}{n:03}", f"{n:03}@example.com", f"+55119812{n:05}") for n in range(number))
    told = [NewEvent("identified", who, lives.at, "crowd", f"{who.ref}", consents=given) for who in known]
    ingest(lives.runtime.store, told, lives.at)
    process(lives.runtime, lives.at)


def happen(lives: Lives, happening: Mapping[str, Any]) -> None:
    """`{crowd: signed_up}` for all of them; `{crowd: clicks, of: mail, got: {mail: b}}` for those with that arm."""
    ingest(lives.runtime.store, list(_told(lives, happening)), lives.at)


def _told(lives: Lives, happening: Mapping[str, Any]) -> Iterator[NewEvent]:
    did, about, got = happening["crowd"], happening.get("of"), happening.get("got", {})
    for ref, sent in _sent(lives).items():
        if any(step not in sent or sent[step].arm != arm for step, arm in got.items()):
            continue
        place = lives.at, "crowd", f"{ref}:{did}:{about}:{lives.at:%d%H%M}"
        if about is None:
            yield NewEvent(did, Person(ref), *place, payload={"order_id": ref, "total": 10})
        else:
            name = f"{sent[about].channel}_{PAST[did]}"
            yield NewEvent(name, Person(), *place, payload={"class": "human"}, message_key=sent[about].key)


def _sent(lives: Lives) -> Mapping[str, Mapping[str, sa.Row[Any]]]:
    """By person and step what each of the crowd was sent."""
    c, m = tables.contacts, tables.messages
    chosen = sa.select(c.c.ref, m.c.step, m.c.arm, m.c.key, m.c.channel).outerjoin_from(c, m)
    found: dict[str, dict[str, sa.Row[Any]]] = defaultdict(dict)
    with lives.runtime.store.read() as tx:
        for row in tx.execute(chosen.where(c.c.ref.startswith(NAME)).order_by(c.c.id, m.c.id)):
            found[row.ref][row.step] = row
    return found
