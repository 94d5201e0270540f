"""Signatures, checked by dkimpy with a DNS that stands in."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import SMTP
from functools import lru_cache
from pathlib import Path

import dkim as oracle
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nurture.channels import open_carrier
from nurture.channels.smtp import Smtp, keys
from nurture.channels.smtp.dkim import SIGNED, Signer, relaxed_body, signed
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Sender

HEAD = {
    "To": "Ana <ana@example.com>",
    "Subject": "=?utf-8?b?T2zDoQ==?=\r\n =?utf-8?b?IG11bmRv?=",
    "Date": "Tue, 26 Nov 2024 09:30:00 +0000",
    "Message-ID": "<k1@volta.example>",
    "List-Unsubscribe": "<https://mail.volta.example/u/abc>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "From": "Mariana <oi@volta.example>",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain",
}
TEXT = b"Oi Ana,\r\n\r\n  two  blanks \t\r\n.a dot\r\n\r\n\r\n"


def mail(text: bytes = TEXT, **other: str | None) -> bytes:
    fields = {**HEAD, **{name.replace("_", "-"): value for name, value in other.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return lines.encode() + b"\r\n" + text


@lru_cache
def key(kind: str) -> keys.PrivateKey:
    return keys.make(kind)


def signer(kind: str, selector: str = "nurture", domain: str = "volta.example") -> Signer:
    return Signer(domain, selector, key(kind))


def holds(message: bytes, records: Mapping[str, str], number: int = 0) -> bool:
    """Whether signature `number` holds, by dkimpy, where the DNS says this."""

    def txt(name: bytes, timeout: float = 5) -> bytes | None:
        found = records.get(name.decode().rstrip("."))
        return None if found is None else found.encode()

    try:
        return bool(oracle.DKIM(message).verify(number, dnsfunc=txt))
    except oracle.ValidationError:
        return False


def published(*signers: Signer) -> dict[str, str]:
    return {f"{each.selector}._domainkey.{each.domain}": keys.record(each.key) for each in signers}


@pytest.mark.parametrize("kind", keys.KINDS)
def test_dkimpy_finds_the_signature_right(kind: str) -> None:
    by = signer(kind)
    sent = signed(mail(), [by])
    assert sent.endswith(mail())
    assert holds(sent, published(by))
    assert max(map(len, sent.split(b"\r\n"))) <= 78


def test_two_signatures_hold_each_by_itself() -> None:
    both = signer("rsa", "r2026"), signer("ed25519", "e2026")
    sent = signed(mail(), both)
    assert holds(sent, published(both[0]), 0)
    assert holds(sent, published(both[1]), 1)


@pytest.mark.parametrize("kind", keys.KINDS)
def test_every_attempt_sends_the_same_bytes(kind: str) -> None:
    assert signed(mail(), [signer(kind)]) == signed(mail(), [signer(kind)])
    assert b" t=1732613400;" in signed(mail(), [signer(kind)])  # the Date's


CHANGED = {
    "another text": (b"two", b"too"),
    "another subject": (b"T2zDoQ==", b"T2zDoA=="),
    "another way out": (b"/u/abc", b"/u/xyz"),
    "one click less": (b"List-Unsubscribe=One-Click", b"no"),
    "another sender": (b"From: Mariana", b"From: Mallory"),
    "a second sender": (b"MIME-Version", b"From: eve@evil.example\r\nMIME-Version"),
    "another time": (b"09:30:00", b"09:30:01"),
    "another person": (b"To: Ana", b"To: Eva"),
    "another form": (b"text/plain", b"text/html"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_is_changed_on_the_way_shows(name: str) -> None:
    was, now = CHANGED[name]
    by = signer("ed25519")
    sent = signed(mail(), [by])
    assert sent.count(was) == 1
    assert not holds(sent.replace(was, now), published(by))


def test_blanks_and_empty_lines_at_the_end_may_change() -> None:
    by = signer("ed25519")
    sent = signed(mail(), [by])
    folded = sent.replace(b"Oi Ana,\r\n", b"Oi \t Ana,  \r\n") + b"\r\n\r\n"
    assert holds(folded.replace(b"To: Ana", b"TO:\r\n\tAna"), published(by))


def test_it_signs_what_bulk_mail_must_have_signed() -> None:
    sent = signed(mail(), [signer("ed25519")])
    tags = str(BytesParser(policy=SMTP).parsebytes(sent)["DKIM-Signature"])
    names = re.search(r"h=([^;]+);", tags)
    assert names
    assert names[1].replace(" ", "").split(":") == [
        *("from", "from", "to", "subject", "date", "message-id"),
        *("list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"),
    ]


def test_a_transactional_mail_signs_what_it_has() -> None:
    by = signer("ed25519")
    sent = signed(mail(List_Unsubscribe=None, List_Unsubscribe_Post=None), [by])
    assert holds(sent, published(by))
    assert b"list-unsub" not in sent.partition(b"To:")[0]


def test_the_room_is_never_too_small() -> None:
    everything = {name.title(): "x" for name in SIGNED}
    for kind in keys.KINDS:
        by = signer(kind, "s" * 63, ".".join(["d" * 60] * 4))
        more = mail(Reply_To="a@b.example", Auto_Submitted=everything["Auto-Submitted"])
        assert len(signed(more, [by])) - len(more) <= by.room


SIGNS = st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"=", b"  ", "é".encode()])


@given(st.lists(SIGNS, max_size=40).map(b"".join))
@example(b"")
@example(b"\r\n\r\n")
@example(b" \t\r\n \r\n")
def test_a_body_is_hashed_as_dkimpy_hashes_it(body: bytes) -> None:
    ended = body if body.endswith(b"\r\n") else body + b"\r\n"
    assert relaxed_body(ended) == oracle.canonicalization.Relaxed.canonicalize_body(ended)


# --- keys and options -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", keys.KINDS)
def test_a_key_reads_back_from_a_file_and_from_one_line(kind: str) -> None:
    pem = keys.written(key(kind)).decode()
    alone = "".join(line for line in pem.splitlines() if not line.startswith("-"))
    for text in (pem, pem.replace("\n", "\\n"), alone):
        assert keys.record(keys.read(text)) == keys.record(key(kind))


@pytest.mark.parametrize("kind", keys.KINDS)
def test_the_length_of_a_public_key(kind: str) -> None:
    public = keys.record(key(kind)).rpartition("p=")[2]
    assert keys.bits(kind, public) == {"rsa": 2048, "ed25519": 256}[kind]
    with pytest.raises(ValueError, match=r"."):
        keys.bits(kind, base64.b64encode(b"nonsense").decode())


def opened(folder: Path, **options: str) -> Smtp:
    config = ChannelConfig(
        Channel.EMAIL, "smtp", Sender("oi@volta.example"), {"host": "localhost", **options}
    )
    carrier = open_carrier(config)
    assert isinstance(carrier, Smtp)
    return carrier


def test_selectors_and_key_files_go_in_pairs(tmp_path: Path) -> None:
    for kind in keys.KINDS:
        (tmp_path / f"{kind}.pem").write_bytes(keys.written(key(kind)))
    files = f"{tmp_path}/rsa.pem, {tmp_path}/ed25519.pem"
    carrier = opened(tmp_path, dkim_selector="r1, e1", dkim_key_file=files)
    assert [(each.selector, each.domain, keys.algorithm(each.key)) for each in carrier.signers] == [
        ("r1", "volta.example", "rsa-sha256"),
        ("e1", "volta.example", "ed25519-sha256"),
    ]


def test_a_domain_with_accents_is_signed_for_as_the_dns_has_it(tmp_path: Path) -> None:
    text = keys.written(key("ed25519")).decode()
    carrier = opened(tmp_path, dkim_selector="n", dkim_key=text, dkim_domain="pão.example")
    assert carrier.signers[0].domain == "xn--po-sia.example"


WRONG = {
    "no selector": ({"dkim_key": "x"}, "DKIM needs 'dkim_selector', for example dkim_selector: nurture"),
    "no key": ({"dkim_selector": "n"}, "in 'dkim_key_file' or, from the environment, in 'dkim_key': neither"),
    "two places": ({"dkim_selector": "n", "dkim_key": "x", "dkim_key_file": "y"}, "both are given"),
    "no file": ({"dkim_selector": "n", "dkim_key_file": "/no/such.pem"}, "/no/such.pem: No such file"),
    "no key at all": (
        {"dkim_selector": "n", "dkim_key": "hello"},
        "dkim_key: it is no private key; `nurture dkim`",
    ),
    "another sort of key": (
        {
            "dkim_selector": "n",
            "dkim_key": "MC4CAQAwBQYDK2VuBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        },
        "keys of RSA and Ed25519 alone",
    ),
    "more selectors than keys": ({"dkim_selector": "a, b", "dkim_key": "KEY"}, "2 selectors for 1 keys"),
    "an odd selector": (
        {"dkim_selector": "a b", "dkim_key": "KEY"},
        "dkim_selector must be a name as the DNS has it",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options_are_told_in_words(tmp_path: Path, name: str) -> None:
    options, says = WRONG[name]
    given_key = keys.written(key("ed25519")).decode()
    with pytest.raises(NurtureError) as told:
        opened(tmp_path, **{name: given_key if text == "KEY" else text for name, text in options.items()})
    assert says in str(told.value)
    assert "PRIVATE" not in str(told.value)
