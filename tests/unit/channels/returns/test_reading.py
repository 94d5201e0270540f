"""What a mail that came back is, whatever its bytes are."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.app.returns import why
from nurture.channels.returns import Kind, read
from nurture.channels.returns.mail import LARGEST
from nurture.channels.returns.providers import CATEGORIES

DAEMON = (
    "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: Undelivered Mail Returned to Sender\n"
)
KEY = "a" * 32


def mail(head: str, body: str) -> bytes:
    return f"{head}\n{body}".encode()


KINDS: dict[str, tuple[Kind, bytes]] = {
    "a bounce in words": (Kind.BOUNCE, mail(DAEMON, "<ana@example.com>: 550 5.1.1 No such user here")),
    "a bounce in Portuguese": (
        Kind.BOUNCE,
        mail(
            "From: postmaster@provedor.example\nSubject: Falha na entrega\n",
            "ana@example.com: caixa postal cheia",
        ),
    ),
    "a delay in words": (
        Kind.DELAY,
        mail(
            DAEMON,
            "THIS IS A WARNING MESSAGE ONLY.\nana@example.com\nMessage will be retried for 2 more days",
        ),
    ),
    "marked as an automatic reply": (
        Kind.AUTO_REPLY,
        mail("From: ana@example.com\nAuto-Submitted: auto-replied\nSubject: Re: Volte\n", "Obrigada!"),
    ),
    "out of the office": (Kind.AUTO_REPLY, mail("Subject: Out of Office: Volte\n", "Back on Monday.")),
    "ausente": (Kind.ABSENCE, mail("Subject: Re: Volte\n", "Olá! Estou de férias e volto no dia 10.")),
    "fuera de la oficina": (
        Kind.AUTO_REPLY,
        mail("Subject: Respuesta automática: Volte\n", "Hasta el lunes."),
    ),
    "marked as automatic by an older program": (
        Kind.AUTO_REPLY,
        mail("Precedence: auto_reply\nSubject: Re: Volte\n", "Obrigada!"),
    ),
    "a person's answer": (
        Kind.OTHER,
        mail("From: ana@example.com\nSubject: Re: Volte\n", "Quando vocês voltam de férias?"),
    ),
    "an answer about a parcel, under a subject of its own": (
        Kind.OTHER,
        mail(
            f"From: ana@example.com\nIn-Reply-To: <{KEY}@volta.example>\nSubject: Pedido não foi entregue\n",
            "Olá, meu pedido não foi entregue.\n\nAna\nana@example.com",
        ),
    ),
    "Outlook, in Portuguese and without a report": (
        Kind.BOUNCE,
        mail(
            "From: Microsoft Outlook <postmaster@outlook.example>\nSubject: Não é possível entregar: Volte\n",
            "A entrega falhou para estes destinatários:\n\nbruno@example.com\nO endereço não foi encontrado.",
        ),
    ),
    "an answer that quotes an automatic reply": (
        Kind.OTHER,
        mail("Subject: Re: Volte\n", "Pode ser.\n\n> Estou de férias até o dia 10."),
    ),
    "a report without fields": (
        Kind.BOUNCE,
        mail(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
            "--b\n\nA mensagem não pôde ser entregue: o endereço não existe.\n--b--\n",
        ),
    ),
    "a mailbox program that refuses": (
        Kind.BOUNCE,
        mail(
            "From: Mail Delivery Subsystem <admin@example.com>\nAuto-Submitted: auto-replied (rejected)\n",
            "Your message to <ana@example.com> was automatically rejected:\nQuota exceeded",
        ),
    ),
    "a warning that the mailbox is full": (
        Kind.DELAY,
        mail(
            "From: Postmaster <postmaster@example.com>\nSubject: Mail Delivery Warning\n",
            "Delivery to ana@example.com has been postponed due to a full mailbox.\nWe will keep trying.",
        ),
    ),
    "a server without a name that returns the mail": (
        Kind.BOUNCE,
        mail(
            "From: MAILER-DAEMON@mail.example\nContent-Type: multipart/mixed; boundary=b\n",
            "--b\n\n您的邮件无法到达\n--b\nContent-Type: message/rfc822\n\nSubject: Volte\n\nVolte!\n--b--\n",
        ),
    ),
    "an answer with no sender and no sign": (
        Kind.BOUNCE,
        mail(
            "From: <>\nAuto-Submitted: auto-replied\n",
            "You sent mail to ana@example.com. That's not a valid user here.",
        ),
    ),
    "a program that a person may use": (
        Kind.ABSENCE,
        mail("From: ana@example.com\nPrecedence: bulk\nSubject: Thank you\n", "I will answer soon."),
    ),
    "a help desk on Exchange": (
        Kind.ABSENCE,
        mail("From: ana@example.com\nX-Auto-Response-Suppress: All\nSubject: RE: Volte\n", "Obrigada."),
    ),
    "nothing at all": (Kind.OTHER, b""),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_it_is(name: str) -> None:
    kind, raw = KINDS[name]
    assert read(raw).kind is kind


def test_a_report_that_was_passed_on_as_an_attachment_is_read() -> None:
    report = (
        "Content-Type: multipart/report; boundary=r\n\n--r\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; ana@example.com\nAction: failed\nStatus: 5.1.1\n\n--r--\n"
    )
    raw = mail(
        f"{DAEMON}Content-Type: multipart/mixed; boundary=m\n",
        f"--m\nContent-Type: message/rfc822\n\n{report}\n--m--\n",
    )
    assert [failure.reason for failure in read(raw).failures] == ["unknown_user"]


@pytest.mark.parametrize(
    "returned",
    [
        f"--- Below this line is a copy of the message.\n\nMessage-ID: <{KEY}@volta.example>\nSubject: Volte\n\nVolte!",
        f"> Message-ID: <{KEY}@volta.example>\n",
    ],
)
def test_the_message_id_is_found_where_the_mail_is_copied_into_the_text(returned: str) -> None:
    found = read(mail(DAEMON, f"<ana@example.com>: 550 5.1.1 No such user\n\n{returned}"))
    assert f"{KEY}@volta.example" in found.about


def test_what_a_person_writes_is_never_about_the_ids_in_her_text() -> None:
    raw = mail("From: ana@example.com\nSubject: Oi\n", f"Message-ID: <{KEY}@volta.example>")
    assert read(raw).about == ()


@given(st.binary(max_size=2000))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read(raw: bytes) -> None:
    read(raw)
    read(DAEMON.encode() + b"Content-Type: multipart/report; boundary=b\n\n--b\n" + raw)


TRUNCATED = (
    f"{DAEMON}Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-7\n\n550 5.1.1\n"
    "--b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\nUmVwb3J0aW5nLU1UQTogZG5zOyBt\n"
    "--b\nContent-Type: message/rfc822\n\nMessage-ID: <a@b>\nSubject: =?utf-8?b?////?=\n\n--b--\n"
).encode()


@pytest.mark.parametrize("length", range(0, len(TRUNCATED), 17))
def test_a_mail_that_ends_anywhere_is_read(length: int) -> None:
    read(TRUNCATED[:length])


HUGE = {
    "a mail with a large attachment": mail(
        DAEMON, "<ana@example.com>: 550 5.1.1 No such user\n" + "QUJD" * 20 + "\n"
    )
    + b"A" * LARGEST,
    "parts within parts": DAEMON.encode() + b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 3000,
    "mails within mails": b"Content-Type: message/rfc822\n\n" * 3000,
    "tens of thousands of parts": DAEMON.encode()
    + b"Content-Type: multipart/report; boundary=a\n\n"
    + b"--a\n\n" * 30_000,
    "a charset that takes forever": DAEMON.encode()
    + b"Content-Type: text/plain; charset=punycode\n\n"
    + b"a9" * 250_000,
    "a header without end": b"Subject: " + b"=?utf-8?b?" + b"A" * 200_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_mail_is_read(name: str) -> None:
    read(HUGE[name])


# What hostile and broken mails are made of, to be put together in any order.
PIECES = [
    DAEMON,
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
    "Content-Type: multipart/mixed; boundary=b\n",
    "Content-Type: text/plain; charset=utf-16\n",
    "Content-Type: text/html; charset=no-such\n",
    "Content-Type: message/delivery-status\n",
    "Content-Type: message/feedback-report\n",
    "Content-Type: message/rfc822\n",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "Content-Transfer-Encoding: x-uuencode\n",
    "\n",
    "\n--b\n",
    "\n--b--\n",
    "Final-Recipient: rfc822; ana@example.com\nAction: failed\nStatus: 5.1.1\n",
    "Action: delivered\nFinal-Recipient: ;\n",
    "Status: 9.9.999999\nAction:\n",
    "Diagnostic-Code: smtp; 550 5.1.1 no such user\n",
    "Diagnostic-Code: x-unix; 67\n",
    "Feedback-Type: abuse\n",
    "begin 644 a\nM4$\n",
    "=?utf-8?b?w6E=?= =?x?q?=E9?=\n",
    "<ana@example.com>: 550 5.7.1 blocked (in reply to RCPT TO command)\n",
    "Out: 220 mx\nIn: RCPT TO:<ana@example.com>\nOut: 550 no\n",
    "\0\r\x0c\ud7ff",
    "----- Original message -----\n",
]


def report(status: str, diagnostic: str, more: str = "") -> bytes:
    """A report about Ana by `multipart/report`."""
    fields = f"Final-Recipient: rfc822; ana@example.com\nAction: failed\nStatus: {status}\n{more}"
    return mail(
        f"{DAEMON}Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
        "--b\n\nYour message could not be delivered.\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n\n{fields}Diagnostic-Code: {diagnostic}\n\n--b--\n",
    )


def followed(raw: bytes) -> tuple[str | None, bool]:
    """What follows for the person from a mail that came back: why she is suppressed, and whether it counts."""
    (failure,) = read(raw).failures
    told = why(failure)
    return told["suppress"], told["soft"]


BY_POLICY = {
    "our quota": ("5.7.1", "smtp; 550 5.7.1 Sender quota exceeded"),
    "the report alone names policy": ("5.7.0", "smtp; 550 user unknown"),
    "the server alone names policy": ("5.0.0", "smtp; 550 5.7.1 Message rejected due to policy"),
    "a full mailbox, as the report has it": ("5.7.1", "smtp; 552 mailbox is full"),
    "a program that knows no such user": ("5.7.1", "x-unix; 67"),
    "a program that knows no such host": ("5.7.1", "x-unix; 68"),
    "a program that failed": ("5.7.1", "x-unix; 75"),
}


@pytest.mark.parametrize("category", ["", *CATEGORIES])
@pytest.mark.parametrize("name", BY_POLICY)
def test_a_report_of_policy_silences_nobody_whatever_its_sender_makes_of_it(name: str, category: str) -> None:
    more = f"X-PowerMTA-BounceCategory: {category}\n" if category else ""
    raw = report(*BY_POLICY[name], more)
    assert followed(raw) == (None, False)
    assert [each.meaning.trouble for each in read(raw).failures] == ["policy"]


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("bad-mailbox", ("hard_bounce", False)),
        ("inactive-mailbox", (None, True)),
        ("policy-related", (None, False)),
    ],
)
def test_what_a_sender_makes_of_any_other_refusal_counts(
    category: str, expected: tuple[str | None, bool]
) -> None:
    raw = report("5.0.0", "smtp; 550 no", f"X-PowerMTA-BounceCategory: {category}\n")
    assert followed(raw) == expected


def test_a_program_s_own_end_counts() -> None:
    assert followed(report("5.0.0", "x-unix; 67")) == ("hard_bounce", False)


@pytest.mark.parametrize("category", ["", "bad-mailbox", "bad-domain"])
def test_an_account_that_policy_disabled_counts_and_is_never_for_good(category: str) -> None:
    more = f"X-PowerMTA-BounceCategory: {category}\n" if category else ""
    assert followed(report("5.7.13", "smtp; 525 5.7.13 User account disabled", more)) == (None, True)


@pytest.mark.parametrize("seed", range(8))
def test_pieces_of_mails_in_any_order_are_read(seed: int) -> None:
    chosen = random.Random(seed)
    for _ in range(40):
        raw = "".join(chosen.choices(PIECES, k=chosen.randint(1, 14))).encode()
        for failure in read(raw[: chosen.randint(1, len(raw))]).failures:
            assert failure.meaning
            assert "ana@" not in failure.said


def test_a_bounce_with_a_large_attachment_is_still_a_bounce() -> None:
    assert [each.reason for each in read(HUGE["a mail with a large attachment"]).failures] == ["unknown_user"]


def test_naughty_strings_are_read_wherever_they_stand(shared_data: Path) -> None:
    strings = json.loads((shared_data / "naughty" / "blns.json").read_text())
    for text in strings:
        read(mail(f"{DAEMON}X: {text}\n", f"{text}\n<{text}@example.com>: 550 {text}"))
        read(f"Subject: {text}\nIn-Reply-To: {text}\nContent-Type: {text}\n\n{text}".encode())


def test_nothing_personal_is_told_of_a_failure() -> None:
    (failure,) = read(
        mail(DAEMON, "<ana.maria@example.com>: 550 5.1.1 <ana.maria@example.com>: no such user ana.maria")
    ).failures
    assert "ana.maria" not in failure.said
    assert "no such user" in failure.said
