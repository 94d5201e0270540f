"""What the doctor says of a domain's mail, for each thing that may be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from nurture.app.doctor import Finding, Verdict, dmarc, mail, read_book
from nurture.app.doctor.keys_in_dns import Signature
from nurture.app.doctor.mail import Sending
from nurture.app.doctor.names import Book, CouldNotAsk
from nurture.channels.smtp import keys
from nurture.problems import NurtureError

OK, WARNING, WRONG, UNKNOWN, SKIPPED = Verdict
HOST = "192.0.2.10"


@lru_cache
def record(kind: str = "rsa") -> str:
    return keys.record(keys.make(kind))


@lru_cache
def short(bits: int) -> str:
    return keys.record(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def good() -> dict[str, dict[str, tuple[str, ...]]]:
    """A domain with which everything is in order."""
    return {
        "shop.example": {
            "TXT": ("v=spf1 ip4:192.0.2.10 -all", "verification=1"),
            "MX": ("10 mx.shop.example",),
        },
        "mx.shop.example": {"A": (HOST,)},
        "n1._domainkey.shop.example": {"TXT": (record(),)},
        "_dmarc.shop.example": {"TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@shop.example",)},
        "10.2.0.192.in-addr.arpa": {"PTR": ("mx.shop.example",)},
    }


SENDING = Sending(
    sender="shop.example",
    envelope="shop.example",
    signatures=(),
    provider="smtp",
    addresses=(HOST,),
    return_path="oi@shop.example",
)


def look(changes: dict[str, dict[str, Any]], **other: Any) -> dict[str, Finding]:
    records = good() | changes
    ours = Signature("shop.example", "n1", record())
    sending = replace(SENDING, **{"signatures": (ours,), **other})
    return {each.name: each for each in mail.look(Book(records), sending)}


def test_where_all_is_in_order_nothing_is_asked_for() -> None:
    found = look({})
    assert {name: each.verdict for name, each in found.items()} == dict.fromkeys(
        ("SPF", f"SPF of {HOST}", "DKIM n1", "DMARC", "alignment", "MX", "PTR"), OK
    )
    assert all(each.why for each in found.values())


class Case(NamedTuple):
    changes: dict[str, dict[str, Any]]
    name: str
    verdict: Verdict
    says: str
    do: str = ""
    other: Mapping[str, Any] = MappingProxyType({})


def spf(*texts: str, **more: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    return {"shop.example": {"TXT": texts, "MX": ("10 mx.shop.example",), **more}}


def dkim(text: str) -> dict[str, dict[str, Any]]:
    return {"n1._domainkey.shop.example": {"TXT": (text,)}}


def policy(*texts: str) -> dict[str, dict[str, Any]]:
    return {"_dmarc.shop.example": {"TXT": texts}}


CASES = {
    "a mailbox provider's domain": Case(
        {},
        "From",
        WRONG,
        "yahoo.com.br belongs to a mailbox provider",
        "a domain of your own",
        {"sender": "yahoo.com.br"},
    ),
    "no SPF": Case(spf(), "SPF", WRONG, "shop.example has no SPF record", "Add a TXT record to shop.example"),
    "no SPF, where the return path is the provider's": Case(
        spf(),
        "SPF",
        WARNING,
        "has no SPF record",
        "a return path of your own",
        {"envelope": None, "provider": "ses"},
    ),
    "two of them": Case(
        spf("v=spf1 -all", "v=spf1 ~all"), "SPF", WRONG, "2 SPF records; with more than one none"
    ),
    "a broken one": Case(
        spf("v=spf1 ipv4:192.0.2.10 -all"), "SPF", WRONG, "'ipv4:192.0.2.10' is nothing that SPF"
    ),
    "a network without an end": Case(
        spf("v=spf1 a/" + "9" * 5000 + " -all"), "SPF", WRONG, "9' is nothing that SPF"
    ),
    "everybody may send": Case(spf("v=spf1 +all"), "SPF", WRONG, "v=spf1 +all", "-all or ~all"),
    "everybody may send, said shorter": Case(spf("v=spf1 all"), "SPF", WRONG, "v=spf1 all", "-all or ~all"),
    "everybody may send, by another's record": Case(
        spf("v=spf1 include:old.example -all") | {"old.example": {"TXT": ("v=spf1 +all",)}},
        "SPF",
        WRONG,
        "about everybody may send by +all of old.example",
        "take out what includes everybody",
    ),
    "another's record says it of those whom ours turns away": Case(
        spf("v=spf1 ip4:192.0.2.10 -include:old.example -all") | {"old.example": {"TXT": ("v=spf1 +all",)}},
        "SPF",
        OK,
        "(1 of 10 look-ups)",
    ),
    "half of everybody may send": Case(
        spf("v=spf1 ip4:0.0.0.0/1 ip6:::/0 a/0 exists:mx.shop.example -all", A=(HOST,)),
        "SPF",
        WRONG,
        "by ip4:0.0.0.0/1 of shop.example, ip6:::/0 of shop.example, a/0 of shop.example, exists:mx.shop.example of",
        "Name only the servers",
    ),
    "what nobody comes to": Case(
        spf("v=spf1 ip4:192.0.2.10 -all ip4:0.0.0.0/0 a:x.example"), "SPF", OK, "(0 of"
    ),
    "nobody may send": Case(spf("v=spf1 -all"), "SPF", WRONG, "nobody may send", "Name before what ends in"),
    "nobody may send, by another's record": Case(
        spf("v=spf1 ?ip4:192.0.2.10 ~include:old.example a:gone.example ~all")
        | {"old.example": {"TXT": ("v=spf1 ip4:192.0.2.10 -all",)}},
        "SPF",
        WRONG,
        "nobody may send",
    ),
    "nobody may send, and the return path is the provider's": Case(
        spf("v=spf1 -all"), "SPF", OK, "v=spf1 -all", other={"envelope": None, "provider": "ses"}
    ),
    "names that are gone": Case(
        spf("v=spf1 a:no1.example a:no2.example mx:no3.example ip4:192.0.2.10 -all"),
        "SPF",
        WRONG,
        "nothing to find for a:no1.example of shop.example, a:no2.example of shop.example, mx:no3.example of",
        "Take out the names",
    ),
    "two names that are gone": Case(
        spf("v=spf1 a:no1.example exists:no2.example ip4:192.0.2.10 -all"), "SPF", OK, "(2 of 10 look-ups)"
    ),
    "too many exchangers": Case(
        spf("v=spf1 mx -all", MX=tuple(f"10 mx{i}.shop.example" for i in range(11))),
        "SPF",
        WRONG,
        "mx:shop.example has more than 10 hosts",
        "Mend the record",
    ),
    "nobody answers for a host of SPF": Case(
        spf("v=spf1 a:mute.example -all") | {"mute.example": {"A": ("timeout",)}},
        "SPF",
        UNKNOWN,
        "could not ask: A of mute.example",
    ),
    "nobody answers, and everybody may send": Case(
        spf("v=spf1 a:mute.example include:mute.example +all") | {"mute.example": {"CNAME": ("timeout",)}},
        "SPF",
        WRONG,
        "about everybody may send by +all of shop.example",
    ),
    "nobody is kept out": Case(spf("v=spf1 mx"), "SPF", WARNING, "v=spf1 mx (1 of 10", "End it with ~all"),
    "too many look-ups": Case(
        spf("v=spf1 " + "a " * 11 + "-all", A=(HOST,)),
        "SPF",
        WRONG,
        "(11 of 10 look-ups)",
        "Take out services",
    ),
    "an include that is gone": Case(
        spf("v=spf1 include:gone.example -all"),
        "SPF",
        WRONG,
        "gone.example, which shop.example includes, has no SPF",
    ),
    "ptr": Case(spf("v=spf1 ptr ip4:192.0.2.10 -all"), "SPF", WARNING, "ptr", "Name the servers"),
    "nobody answers for SPF": Case(spf("timeout"), "SPF", UNKNOWN, "could not ask: TXT of shop.example"),
    "an address that is not listed": Case(
        spf("v=spf1 ip4:192.0.2.11 -all"),
        f"SPF of {HOST}",
        WRONG,
        "may not send for shop.example: fail (-all)",
        "Add ip4:192.0.2.10",
    ),
    "nothing signs": Case({}, "DKIM", WARNING, "nothing here signs", "nurture dkim", {"signatures": ()}),
    "a provider signs": Case(
        {}, "DKIM", SKIPPED, "your provider signs", "--selector NAME", {"signatures": (), "provider": "ses"}
    ),
    "the key is not published": Case(
        {"n1._domainkey.shop.example": {}},
        "DKIM n1",
        WRONG,
        "is not in the DNS",
        "Put this record into the DNS",
    ),
    "another key is published": Case(
        dkim("v=DKIM1; k=rsa; p=MIIB"), "DKIM n1", WRONG, "another key than the one that signs here"
    ),
    "the key is withdrawn": Case(dkim("v=DKIM1; p="), "DKIM n1", WRONG, "withdrawn"),
    "only tried": Case(dkim(record() + "; t=y:s"), "DKIM n1", WARNING, "only being tried (t=y)"),
    "not for mail": Case(dkim(record() + "; s=tlsrpt"), "DKIM n1", WRONG, "is for tlsrpt and not for mail"),
    "another hash": Case(dkim(record() + "; h=sha1"), "DKIM n1", WRONG, "allows only sha1"),
    "nobody answers for the key": Case(
        {"n1._domainkey.shop.example": {"TXT": ("timeout",)}}, "DKIM n1", UNKNOWN, "could not ask"
    ),
    "a short key of a provider": Case(
        dkim(short(1024)),
        "DKIM n1",
        WARNING,
        "has a key, rsa of 1024 bits: 2048 are recommended",
        "Make a longer one",
        {"signatures": (Signature("shop.example", "n1"),)},
    ),
    "Ed25519 alone": Case(
        {"e1._domainkey.shop.example": {"TXT": (record("ed25519"),)}},
        "DKIM kinds",
        WARNING,
        "all signatures are Ed25519",
        "Sign with RSA as well",
        {"signatures": (Signature("shop.example", "e1", record("ed25519")),)},
    ),
    "no DMARC": Case(policy(), "DMARC", WRONG, "shop.example has no DMARC record", "Add a TXT record"),
    "two DMARC records": Case(
        policy("v=DMARC1; p=none", "v=DMARC1; p=reject"), "DMARC", WRONG, "has more than one record"
    ),
    "no policy in it": Case(policy("v=DMARC1; rua=mailto:a@shop.example"), "DMARC", WRONG, "it has no p="),
    "a policy that there isn't": Case(
        policy("v=DMARC1; p=drop"), "DMARC", WRONG, "p=drop is none of none, quarantine"
    ),
    "nobody gets reports": Case(policy("v=DMARC1; p=none"), "DMARC", WARNING, "p=none", "Add rua=mailto:"),
    "for some mails only": Case(
        policy("v=DMARC1; p=reject; pct=20; rua=mailto:a@shop.example"),
        "DMARC",
        WARNING,
        "pct=20",
        "Take pct out",
    ),
    "a share that is no number": Case(
        policy("v=DMARC1; p=reject; pct=²; rua=mailto:a@shop.example"),
        "DMARC",
        WRONG,
        "pct=² is no percentage",
        "Mend the record",
    ),
    "a share without an end": Case(
        policy("v=DMARC1; p=reject; pct=" + "9" * 5000), "DMARC", WRONG, "9 is no percentage"
    ),
    "nothing is held back": Case(
        policy("v=DMARC1; p=none; rua=mailto:a@shop.example"),
        "DMARC",
        OK,
        "nothing is held back yet",
        "p=quarantine",
    ),
    "reports to somebody who didn't ask for them": Case(
        policy("v=DMARC1; p=none; rua=mailto:shop@reports.example"),
        "DMARC reports",
        WARNING,
        "reports.example does not say that it takes reports about shop.example",
        "Ask reports.example",
    ),
    "nobody answers for DMARC": Case(policy("timeout"), "DMARC", UNKNOWN, "could not ask"),
    "another domain signs and returns": Case(
        {
            "n1._domainkey.esp.example": {"TXT": (record(),)},
            "esp.example": {"TXT": ("v=spf1 ip4:192.0.2.10 -all",)},
        },
        "alignment",
        WRONG,
        "From is shop.example; the return path is esp.example, not aligned (relaxed); DKIM signs for esp.example, not aligned",
        "Sign with a key of shop.example",
        {"signatures": (Signature("esp.example", "n1", record()),), "envelope": "esp.example"},
    ),
    "a provider whose signature is not known": Case(
        {},
        "alignment",
        SKIPPED,
        "From is shop.example; no DKIM is known",
        "--selector NAME",
        {"signatures": (), "provider": "ses", "envelope": None},
    ),
    "only the return path fits": Case(
        {},
        "alignment",
        WARNING,
        "From is shop.example; the return path is the same; no DKIM is known",
        "SPF alone breaks",
        {"signatures": ()},
    ),
    "a domain below, relaxed": Case(
        {},
        "alignment",
        OK,
        "DKIM signs for mail.shop.example, aligned (relaxed)",
        other={"signatures": (Signature("mail.shop.example", "n1", record()),), "envelope": "b.shop.example"},
    ),
    "a domain beside, relaxed": Case(
        {},
        "alignment",
        OK,
        "DKIM signs for mail.shop.example, aligned (relaxed)",
        other={
            "signatures": (Signature("mail.shop.example", "n1", record()),),
            "sender": "news.shop.example",
        },
    ),
    "a domain below, strict": Case(
        policy("v=DMARC1; p=none; adkim=s; aspf=s; rua=mailto:a@shop.example"),
        "alignment",
        WRONG,
        "DKIM signs for mail.shop.example, not aligned (strict)",
        other={"signatures": (Signature("mail.shop.example", "n1", record()),), "envelope": "b.shop.example"},
    ),
    "no MX": Case({"shop.example": {}}, "MX", WRONG, "it has no MX record"),
    "mail goes to the website": Case(
        {"shop.example": {"A": (HOST,)}}, "MX", WARNING, "the address of its website"
    ),
    "takes no mail": Case(
        {"shop.example": {"MX": ("0 .",)}}, "MX", WRONG, "(MX 0 .)", "send from a domain that takes"
    ),
    "an MX without an address": Case(
        {"mx.shop.example": {}}, "MX", WRONG, "mx.shop.example, which has no address"
    ),
    "no name": Case(
        {"10.2.0.192.in-addr.arpa": {}}, "PTR", WRONG, f"{HOST} has no name", "Ask who rents you"
    ),
    "a name that leads elsewhere": Case(
        {"mx.shop.example": {"A": ("192.0.2.99",)}}, "PTR", WRONG, f"but mx.shop.example is not {HOST}"
    ),
    "nobody knows from where": Case(
        {}, "PTR", SKIPPED, "is not known here", "--ip ITS-ADDRESS", {"addresses": ()}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_found_and_what_to_do(name: str) -> None:
    case = CASES[name]
    found = look(case.changes, **case.other)[case.name]
    assert (found.verdict, case.says in found.found) == (case.verdict, True), found.found
    assert found.why or found.verdict is UNKNOWN
    assert found.do or found.verdict is OK
    assert case.do in found.do


@pytest.mark.parametrize(
    "domain", ["live.shop.example", "yahoo.shop.example", "minhagmail.com", "gmail.com.shop.example"]
)
def test_a_domain_that_only_looks_like_a_mailbox_providers(domain: str) -> None:
    assert "From" not in look({}, sender=domain)


def test_a_record_to_publish_comes_with_what_is_missing() -> None:
    found = look({"n1._domainkey.shop.example": {}} | policy())
    assert found["DKIM n1"].record == ("n1._domainkey.shop.example", record())
    assert found["DMARC"].record == ("_dmarc.shop.example", "v=DMARC1; p=none; rua=mailto:dmarc@shop.example")


ORGANIZATIONS = {
    "its own": ("shop.example", {}, "shop.example"),
    "the one above": ("a.b.shop.example", {"shop.example": "v=DMARC1; p=none"}, "shop.example"),
    "the highest": (
        "a.shop.example",
        {"a.shop.example": "v=DMARC1; p=none", "shop.example": "v=DMARC1"},
        "shop.example",
    ),
    "one that says so": (
        "a.shop.example",
        {"a.shop.example": "v=DMARC1; psd=n", "shop.example": "v=DMARC1"},
        "a.shop.example",
    ),
    "below a public suffix": ("a.shop.example", {"example": "v=DMARC1; psd=y; p=none"}, "shop.example"),
    "very deep": (".".join("abcdefghijk") + ".shop.example", {"shop.example": "v=DMARC1"}, "shop.example"),
}


@pytest.mark.parametrize("name", ORGANIZATIONS)
def test_whose_domain_it_is(name: str) -> None:
    domain, records, expected = ORGANIZATIONS[name]
    book = Book({f"_dmarc.{at}": {"TXT": (text,)} for at, text in records.items()})
    assert dmarc.organization(book, domain) == expected


# --- answers from a file ------------------------------------------------------------------------


def read(tmp_path: Path, text: str) -> Book:
    (tmp_path / "answers.yaml").write_text(text, encoding="utf-8")
    return read_book(tmp_path / "answers.yaml")


def test_a_file_answers_like_the_dns(tmp_path: Path) -> None:
    book = read(
        tmp_path,
        "Shop.example:\n  TXT: [one, v=spf1 -all]\n  MX: 10 MX.shop.example.\nwww.shop.example: {CNAME: shop.example}\n",
    )
    assert book.ask("shop.example.", "TXT") == ("one", "v=spf1 -all")
    assert book.ask("WWW.shop.example", "MX") == ("10 mx.shop.example",)
    assert book.ask("nobody.example", "A") == ()
    assert read(tmp_path, "x.example: {CNAME: []}").ask("x.example", "A") == ()
    assert read(tmp_path, "x.example: {AAAA: '2001:DB8::0:1'}").ask("x.example", "AAAA") == ("2001:db8::1",)


@pytest.mark.parametrize("mute", ["{CNAME: timeout}", "{A: timeout}", "{A: [192.0.2.1, timeout]}"])
def test_a_name_may_not_answer_in_a_file(tmp_path: Path, mute: str) -> None:
    book = read(tmp_path, f"shop.example: {mute}\nwww.shop.example: {{CNAME: shop.example}}\n")
    for name in ("shop.example", "www.shop.example"):
        with pytest.raises(CouldNotAsk, match=r"A of shop\.example: no answer in time"):
            book.ask(name, "A")


WRONG_FILES = {
    "a kind that there isn't": ("shop.example: {TXTT: x}", "unknown kind of record 'TXTT'"),
    "no address": ("shop.example: {A: nowhere}", "'nowhere' is no address of the kind A"),
    "the other sort of address": ("shop.example: {AAAA: 192.0.2.1}", "no address of the kind AAAA"),
    "no rank": ("shop.example: {MX: mx.shop.example}", "'mx.shop.example' is no rank and host"),
    "a rank that is no number": ("shop.example: {MX: ² mx}", "'² mx' is no rank and host"),
    "a list": ("- shop.example", "expected names, each with its records"),
    "no records": ("shop.example: x", "expected records by kind"),
    "no YAML": ("a: [", "answers.yaml:2:1: this bracket is never closed"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_file_that_is_wrong_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    text, says = WRONG_FILES[name]
    with pytest.raises(NurtureError) as told:
        read(tmp_path, text)
    said = " ".join(f"{problem.mark}: {problem.message}" for problem in told.value.problems)
    assert says in said
