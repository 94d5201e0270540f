import smtplib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.channels.base import Envelope, Trouble
from nurture.channels.smtp.protocol import Stage, Unfit, on_the_wire, transaction, trouble
from nurture.channels.smtp.wire import Reply
from nurture.model import Channel

ALL = {"size": "1000", "8bitmime": "", "smtputf8": "", "pipelining": ""}
PLAIN = b"Subject: x\r\n\r\nOi\r\n"
ACCENTS_BELOW = "Subject: x\r\n\r\nOlá\r\n".encode()
ACCENTS_ABOVE = "Subject: Olá\r\n\r\nOi\r\n".encode()


def _envelope(recipient: str, sender: str = "volta@example.com", body: bytes = PLAIN) -> Envelope:
    return Envelope(1, "key1", Channel.EMAIL, sender, recipient, body)


SAID = {
    "plain": (_envelope("ana@example.com"), {}, b"MAIL FROM:<volta@example.com>", b"ana@example.com"),
    "size": (_envelope("ana@example.com"), ALL, b"MAIL FROM:<volta@example.com> SIZE=18", b"ana@example.com"),
    "nobody to return to": (_envelope("ana@example.com", ""), {}, b"MAIL FROM:<>", b"ana@example.com"),
    "accents in the text": (
        _envelope("ana@example.com", body=ACCENTS_BELOW),
        ALL,
        b"MAIL FROM:<volta@example.com> SIZE=20 BODY=8BITMIME",
        b"ana@example.com",
    ),
    "accents in the header": (
        _envelope("ana@example.com", body=ACCENTS_ABOVE),
        ALL,
        b"MAIL FROM:<volta@example.com> SIZE=21 BODY=8BITMIME SMTPUTF8",
        b"ana@example.com",
    ),
    "accents in the address": (
        _envelope("joão@example.com"),
        ALL,
        b"MAIL FROM:<volta@example.com> SIZE=18 SMTPUTF8",
        "joão@example.com".encode(),
    ),
    "accents in the domain, whatever the server takes": (
        _envelope("ana@straße.example"),
        ALL,
        b"MAIL FROM:<volta@example.com> SIZE=18",
        b"ana@xn--strae-oqa.example",
    ),
    "accents in the domain, plain server": (
        _envelope("ana@münchen.example"),
        {},
        b"MAIL FROM:<volta@example.com>",
        b"ana@xn--mnchen-3ya.example",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name: str) -> None:
    envelope, features, mail, recipient = SAID[name]
    assert transaction(envelope, features) == (mail + b"\r\n", b"RCPT TO:<%s>\r\n" % recipient, b"DATA\r\n")


UNFIT = {
    "a line break": "ana@example.com>\r\nRCPT TO:<bruno@example.com",
    "a bracket": "ana@example.com> NOTIFY=NEVER",
    "a space": "ana maria@example.com",
    "no domain": "ana",
    "accents for a plain server": "joão@example.com",
    "no domain at all": "ana@-é-.example",
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_never_said(name: str) -> None:
    with pytest.raises(Unfit):
        transaction(_envelope(UNFIT[name]), {})


def test_letters_in_the_header_are_refused_in_words_before_the_body() -> None:
    with pytest.raises(Unfit, match=r"letters that the mail server does not take \(SMTPUTF8\)"):
        transaction(_envelope("ana@example.com", body=ACCENTS_ABOVE), {"8bitmime": ""})


def test_the_size_that_is_announced_has_room_for_signatures() -> None:
    mail, *_ = transaction(_envelope("ana@example.com"), {"size": ""}, room=700)
    assert mail == b"MAIL FROM:<volta@example.com> SIZE=718\r\n"


@given(st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"", b"\r\n.\r\n"])).map(b"".join))
def test_a_body_ends_exactly_once(body: bytes) -> None:
    payload = on_the_wire(body)
    assert payload.endswith(b"\r\n.\r\n") or payload == b".\r\n"
    assert (b"\r\n" + payload).count(b"\r\n.\r\n") == 1
    assert payload.replace(b"\r\n", b"").count(b"\n") == 0
    assert payload.replace(b"\r\n", b"").count(b"\r") == 0


@given(st.text(alphabet=".ab\n", max_size=30))
def test_dots_are_doubled_as_the_standard_library_does_it(text: str) -> None:
    expected = smtplib._quote_periods(smtplib._fix_eols(text).encode())  # type: ignore[attr-defined]
    ended = expected if expected.endswith(b"\r\n") else expected + b"\r\n"
    assert on_the_wire(text.encode()) == ended + b".\r\n"


R, M, P, C, S = (
    Trouble.INVALID_RECIPIENT,
    Trouble.MAILBOX,
    Trouble.POLICY,
    Trouble.CONTENT,
    Trouble.SETUP,
)
REPLIES = {
    "unknown user": ("550 5.1.1 no such user", Stage.RCPT, R),
    "unknown domain": ("550 5.1.2 no such domain", Stage.RCPT, R),
    "a domain without mail": ("556 5.1.10 null MX", Stage.RCPT, R),
    "unknown user after the body": ("550 5.1.1 no such user", Stage.BODY, R),
    "a bad sender, said at RCPT": ("550 5.1.8 sender's domain", Stage.RCPT, M),
    "no enhanced code": ("550 no", Stage.RCPT, M),
    "5.1.1 in the words only": ("550 see RFC 3463 5.1.1", Stage.RCPT, M),
    "mailbox full": ("552 5.2.2 over quota", Stage.RCPT, M),
    "mailbox full after the body": ("552 5.2.2 over quota", Stage.BODY, M),
    "policy": ("554 5.7.1 blocked", Stage.RCPT, P),
    "policy with 550": ("550 5.7.26 not authenticated by SPF", Stage.BODY, P),
    "spam, no enhanced code": ("554 looks like spam", Stage.BODY, P),
    "too big": ("552 5.3.4 too big", Stage.MAIL, C),
    "too big, old style": ("552 too big", Stage.BODY, C),
    "our sender": ("550 5.7.1 not yours", Stage.MAIL, S),
    "not logged in": ("530 5.7.0 log in first", Stage.MAIL, Trouble.AUTH),
    "grey list": ("450 4.7.1 try again", Stage.RCPT, Trouble.RATE),
    "later": ("451 4.3.0 try again", Stage.RCPT, Trouble.SERVER),
    "closing": ("421 4.3.2 bye", Stage.MAIL, Trouble.SERVER),
}


@pytest.mark.parametrize("name", REPLIES)
def test_what_a_reply_means(name: str) -> None:
    line, stage, expected = REPLIES[name]
    assert trouble(Reply(int(line[:3]), line[4:]), stage) is expected


def test_a_reply_in_several_lines_is_read_as_one() -> None:
    reply = Reply(550, "5.1.1 no such user\n5.1.1 ask the postmaster")
    assert (str(reply), reply.words) == ("550 5.1.1", "no such user\nask the postmaster")


def test_what_a_body_looks_like_on_the_wire() -> None:
    body = b"Subject: x\r\n\r\n.hidden\r\n..\r\nplain.\r\n.\r\n"
    assert on_the_wire(body) == b"Subject: x\r\n\r\n..hidden\r\n...\r\nplain.\r\n..\r\n.\r\n"
