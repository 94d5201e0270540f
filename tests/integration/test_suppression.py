"""A suppression is a fact about an address: it binds everybody who has it, and all who come with it later."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture import digests
from nurture.app import changes, feedback, opt_outs
from nurture.app.ingest import ingest
from nurture.app.opening import open_runtime
from nurture.app.process import process
from nurture.app.runtime import Runtime
from nurture.channels.base import Envelope, Outcome, Prepared, Stop, Trouble, outcome
from nurture.model import HERSELF, Channel, MessageClass, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import consents, gating, messages, tables
from nurture.store.engine import Store, Tx
from tests.support.office import SECRET, Office, Provider, open_office
from tests.support.shop import NOW, PHONES, Shop, open_shop

SHARED = {"email": "ana@example.com", "phone": PHONES["ana"]}


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


def comes(shop: Shop, ref: str, **traits: str) -> None:
    tells(
        shop,
        NewEvent("identified", Person(ref=ref), NOW, "crm", f"{ref}:{sorted(traits.items())}", traits=traits),
    )


def tells(shop: Shop, *events: NewEvent) -> None:
    ingest(shop.runtime.store, events, NOW)
    process(shop.runtime, NOW)


def row(shop: Shop, ref: str) -> dict[str, Any]:
    return next(each for each in shop.rows(tables.contacts) if each["ref"] == ref)


def marks(shop: Shop, *refs: str) -> list[tuple[str | None, str | None]]:
    return [(row(shop, ref)["email_suppressed"], row(shop, ref)["phone_suppressed"]) for ref in refs]


def test_a_stop_silences_everybody_with_the_number_and_start_takes_it_back(shop: Shop) -> None:
    comes(shop, "ana-2", phone="(11) 98123-4567")
    opt_outs.stop(shop.runtime, PHONES["ana"], "STOP", NOW)
    assert marks(shop, "ana", "ana-2", "bruno") == [(None, "stop"), (None, "stop"), (None, None)]
    assert shop.message(shop.waiting["ana"])["state"] == "cancelled"
    told = {e["person"]["ref"] for e in shop.rows(tables.events) if e["name"] == "consent_withdrawn"}
    assert told == {"ana", "ana-2"}
    assert opt_outs.start_again(shop.runtime, PHONES["ana"])
    assert marks(shop, "ana", "ana-2") == [(None, None), (None, None)]


def test_a_hard_bounce_of_one_cancels_what_waits_for_the_other(shop: Shop) -> None:
    comes(shop, "bruno", phone=PHONES["ana"])
    with shop.runtime.store.begin() as tx:
        opt_outs.suppress(shop.runtime, tx, shop.people["bruno"], "sms", "hard_bounce", "twilio", NOW)
    assert marks(shop, "ana", "bruno") == [(None, "hard_bounce"), (None, "hard_bounce")]
    states = {shop.message(shop.waiting[name])["state"] for name in ("ana", "bruno")}
    assert states == {"cancelled"}


def test_who_comes_with_a_suppressed_address_is_silent_from_the_start(shop: Shop) -> None:
    opt_outs.stop(shop.runtime, PHONES["ana"], "STOP", NOW)
    with shop.runtime.store.begin() as tx:
        opt_outs.suppress(shop.runtime, tx, shop.people["ana"], "email", "complaint", "feedback loop", NOW)
    one, two = (
        NewEvent("identified", Person(ref=ref), NOW, "crm", ref, traits=SHARED) for ref in ("ana-2", "ana-3")
    )
    nameless = NewEvent("signed_up", Person(email="ana@example.com"), NOW, "shop", "s1")
    tells(shop, one, two, nameless)
    assert marks(shop, "ana", "ana-2", "ana-3") == [("complaint", "stop")] * 3


def test_who_gets_another_number_can_be_written_to(shop: Shop) -> None:
    opt_outs.stop(shop.runtime, PHONES["ana"], "STOP", NOW)
    comes(shop, "ana", phone="+5511981239999")
    assert marks(shop, "ana") == [(None, None)]
    comes(shop, "ana", phone=PHONES["ana"])
    assert marks(shop, "ana") == [(None, "stop")]


def test_the_gate_believes_the_list_more_than_the_copy(shop: Shop) -> None:
    """Somebody may come in with the number in the very moment in which it is suppressed."""
    with shop.runtime.store.begin() as tx:
        digest = row(shop, "ana")["phone_digest"]
        consents.suppress(tx, "phone", digest, reason="stop", source="test", at=NOW)
        tx.execute(tables.contacts.update().values(phone_suppressed=None))
    ask = gating.Ask(
        id=1,
        contact_id=shop.people["ana"],
        journey=None,
        channel=Channel.SMS,
        message_class=MessageClass.TRANSACTIONAL,
        topic=None,
        planned_at=NOW,
        expires_at=None,
        key="",
    )
    with shop.runtime.store.read() as tx:
        assert gating.facts(tx, [ask], NOW)[1].suppressed == "stop"
        reach = gating.reach(tx, [shop.people["ana"]], {})
    assert reach.why_not(shop.people["ana"], Channel.SMS, MessageClass.MARKETING, "offers") == "suppressed"


def test_unsubscribing_binds_the_mailbox(shop: Shop) -> None:
    comes(shop, "ana-2", email="ana@example.com")
    with shop.runtime.store.begin() as tx:
        twin = row(shop, "ana-2")["id"]
        yes = changes.consent_record(twin, "offers", None, True, "form", HERSELF, NOW - timedelta(days=1))
        consents.record(tx, [yes])
    opt_outs.withdraw(
        shop.runtime, shop.people["ana"], topic="offers", channel=None, how="one-click", now=NOW
    )
    with shop.runtime.store.read() as tx:
        for contact_id in (shop.people["ana"], twin):
            assert consents.all_withdrawn(tx, contact_id, ["offers"])
        assert not consents.all_withdrawn(tx, shop.people["bruno"], ["offers"])


def test_who_gets_messages_about_others_is_heard_before_one_of_them_leaves_or_after(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on its way to a colleague has been found open: she is heard when it is handed over, and not meanwhile."""
    office = open_office(postgres_database, tmp_path)
    digest = digests.address(SECRET, "email", "rep@volta.example")
    about = {"kind": "transactional", "recipient": "rep@volta.example", "recipient_digest": digest}
    office.write("ana@example.com", **about)
    row, store = office.rows()[0], Store(postgres_database)
    other = replace(office.runtime, store=store)
    leaving = threading.Thread(target=opt_outs.leave_recipient, args=(other, row, office.at))
    mark, waited = messages.mark_handover, []

    def marked_late(tx: Tx, marks: Any) -> set[int]:
        leaving.start()
        leaving.join(0.3)  # it would be through by now, if nothing held it
        waited.append(leaving.is_alive())
        return mark(tx, marks)

    monkeypatch.setattr(messages, "mark_handover", marked_late)
    office.deliver()
    leaving.join()
    office.write("bruno@example.com", **about)
    office.deliver()
    assert waited == [True]
    assert office.took == ["rep@volta.example"]
    store.close()
    office.runtime.close()


# --- what comes back when she has another address already ------------------------------------------


OLD, NEW = "ana@example.com", "ana.new@example.com"


def moves(office: Office) -> None:
    """Ana has another address from now on."""
    told = NewEvent("profile_updated", Person(ref=OLD), office.at, "crm", "moved", traits={"email": NEW})
    ingest(office.runtime.store, [told], office.at)
    process(office.runtime, office.at)


def closed(office: Office) -> dict[str, str | None]:
    """Why either address is closed, and what her row says of the one that she has."""
    (ana,) = office.rows(tables.contacts)
    with office.runtime.store.read() as tx:
        why = [
            consents.suppressed(tx, "email", digests.address(SECRET, "email", each)) for each in (OLD, NEW)
        ]
    assert (ana["email"], ana["email_suppressed"]) == (NEW, why[1])
    return dict(zip((OLD, NEW), why, strict=True))


def wants_offers(office: Office) -> bool:
    """Whether Ana may be written to, at the address that she has now."""
    (ana,) = office.rows(tables.contacts)
    with office.runtime.store.read() as tx:
        reach = gating.reach(tx, [ana["id"]], {})
    return reach.why_not(ana["id"], Channel.EMAIL, MessageClass.MARKETING, "offers") is None


def comes_back(office: Office, name: str, key: str, **payload: Any) -> None:
    told = NewEvent(name, Person(email=OLD), office.at, "ses", name, payload, message_key=key)
    ingest(office.runtime.store, feedback.ours(office.runtime, [told], office.at), office.at)
    process(office.runtime, office.at)


def test_a_bounce_closes_the_address_that_the_mail_went_to(office: Office) -> None:
    (key,) = office.write(OLD)
    office.deliver()
    moves(office)
    comes_back(office, "email_bounced", key, suppress="hard_bounce")
    assert closed(office) == {OLD: "hard_bounce", NEW: None}
    assert wants_offers(office)


def test_who_complains_of_a_mail_to_her_old_address_takes_her_consent_back(office: Office) -> None:
    (key,) = office.write(OLD)
    office.deliver()
    moves(office)
    comes_back(office, "email_complained", key)
    assert closed(office) == {OLD: "complaint", NEW: None}
    assert not wants_offers(office)


@pytest.mark.parametrize("named", [Person(email=OLD), Person()], ids=["named", "by its message alone"])
def test_who_unsubscribes_at_the_provider_from_her_old_address_is_heard(
    office: Office, named: Person
) -> None:
    (key,) = office.write(OLD)
    office.deliver()
    moves(office)
    said = Stop(named, Channel.EMAIL, "list-unsubscribe", message_key=key)
    feedback.unsubscribe(office.runtime, said, "ses", office.at)
    assert closed(office) == {OLD: "unsubscribed", NEW: None}
    assert not wants_offers(office)


class TurnsAway(Provider):
    """Refuses every address before a body leaves."""

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Envelope]:
        self.after()
        return Prepared(tuple(map(nobody_there, wave)), {})


def nobody_there(envelope: Envelope) -> Outcome:
    return outcome(envelope, Trouble.INVALID_RECIPIENT, "550", "no such user")


@pytest.mark.parametrize("kind", [Provider, TurnsAway], ids=["after the body", "before the body"])
def test_a_refusal_closes_the_address_that_was_refused(office: Office, kind: type[Provider]) -> None:
    office.write(OLD)
    refusing = kind(lambda: office.at, answer=nobody_there, after=lambda: moves(office))
    office.runtime.stand_in(Channel.EMAIL, refusing)
    office.deliver()
    process(office.runtime, office.at)
    assert closed(office) == {OLD: "hard_bounce", NEW: None}


def test_a_message_that_does_not_know_where_it_went_speaks_of_the_address_that_she_has(
    office: Office,
) -> None:
    """Those that were handed over before that was kept."""
    (key,) = office.write(OLD)
    office.deliver()
    with office.runtime.store.begin() as tx:
        tx.execute(tables.messages.update().values(sent_to=None))
    moves(office)
    comes_back(office, "email_bounced", key, suppress="hard_bounce")
    assert closed(office) == {OLD: None, NEW: "hard_bounce"}


# --- with another secret -----------------------------------------------------------------------------


SETTINGS = """\
company: {{name: Volta, postal_address: Rua das Flores 10}}
channels:
  sms: {{provider: outbox, sender: {{address: "+15005550006"}}}}
database: {database}
secret: [{secrets}]
"""


def opened(folder: Path, database: str, *secrets: str) -> Runtime:
    """The workspace with these of its secrets in use."""
    every = ("FIRST", "SECOND")
    (folder / ".env").write_text("".join(f"{each}={each.lower() * 8}\n" for each in every), encoding="utf-8")
    named = ", ".join(f'"${{{each}}}"' for each in secrets)
    text = SETTINGS.format(database=database, secrets=named)
    (folder / "nurture.yaml").write_text(text, encoding="utf-8")
    return open_runtime(folder, lambda: NOW)


def test_opt_outs_are_heeded_with_another_secret_only_while_the_first_stays(
    database: str, tmp_path: Path
) -> None:
    """Digests of addresses are made with the last secret: with another nobody who opted out would be known again."""
    with closing(opened(tmp_path, database, "FIRST")) as runtime:
        opt_outs.close_address(runtime, Channel.SMS, PHONES["ana"], "complaint", "twilio", NOW, NOW)
    with pytest.raises(NurtureError, match=r"would reach nobody.*Put the former secret back as the last one"):
        opened(tmp_path, database, "SECOND")
    with pytest.raises(NurtureError):
        opened(tmp_path, database, "FIRST", "SECOND")
    with closing(opened(tmp_path, database, "SECOND", "FIRST")) as runtime:
        ingest(runtime.store, [NewEvent("signed_up", Person(phone=PHONES["ana"]), NOW, "shop", "s1")], NOW)
        process(runtime, NOW)
        with runtime.store.read() as tx:
            (ana,) = tx.execute(sa.select(tables.contacts)).mappings()
    assert ana["phone_suppressed"] == "complaint"


def test_a_database_with_nobody_in_it_takes_another_secret(database: str, tmp_path: Path) -> None:
    opened(tmp_path, database, "FIRST").close()
    opened(tmp_path, database, "SECOND").close()


def test_a_database_from_before_takes_the_secret_that_it_is_opened_with(shop: Shop, tmp_path: Path) -> None:
    url = shop.runtime.store.url.render_as_string(hide_password=False)
    opened(tmp_path, url, "FIRST").close()
    with pytest.raises(NurtureError):
        opened(tmp_path, url, "SECOND")
