"""Complaints as the providers send them: RFC 5965, and Microsoft's way before it."""

from __future__ import annotations

import pytest

from nurture.channels.returns import Kind, read

KEY = "a" * 32
RETURNED = f"From: oi@shop.example\nTo: redacted@example.com\nSubject: Volte\nMessage-ID: <{KEY}@volta.example>\n\nVolte!\n"
REPORT = 'multipart/report; report-type=feedback-report; boundary="b"'


def report(
    fields: str, sender: str = "abuse@provider.example", kind: str = REPORT, encoding: str = "7bit"
) -> bytes:
    return (
        f"From: {sender}\nSubject: FW: Volte\nContent-Type: {kind}\n\n--b\n\nThis is a report.\n--b\n"
        f"Content-Type: message/feedback-report\nContent-Transfer-Encoding: {encoding}\n\n{fields}\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    ).encode()


def old_hotmail(kind: str, before: str = "", after: str = "") -> bytes:
    return (
        f"From: <staff@hotmail.com>\nSubject: complaint about message from 192.0.2.1\nContent-Type: {kind}\n\n"
        f"{before}X-HmXmrOriginalRecipient: ana@hotmail.com\n{RETURNED}{after}"
    ).encode()


COMPLAINTS = {
    "Yahoo": report(
        "Feedback-Type: abuse\nUser-Agent: Yahoo!-Mail-Feedback/2.0\nVersion: 0.1\nOriginal-Rcpt-To: \nReported-Domain: shop.example",
        "Yahoo! Mail AntiSpam Feedback <feedback@arf.mail.yahoo.com>",
    ),
    "Comcast and Fastmail, by Validity": report(
        "Feedback-Type: abuse\nUser-Agent: ReturnPathFBL/2.0\nAbuse-Type: complaint\nSource-IP: 192.0.2.1"
    ),
    "Microsoft": report("Feedback-Type: abuse\nUser-Agent: Microsoft", "staff@hotmail.com"),
    "Microsoft, before": old_hotmail(
        "multipart/mixed; boundary=b", "--b\nContent-Type: message/rfc822\n\n", "--b--\n"
    ),
    "Microsoft, without a text": old_hotmail("message/rfc822"),
    "in capitals": report(
        "FEEDBACK-TYPE: ABUSE", kind='MULTIPART/REPORT; REPORT-TYPE="FEEDBACK-REPORT"; BOUNDARY="b"'
    ),
    "of an unnamed type": report("Feedback-Type: opt-out", kind='multipart/mixed; boundary="b"'),
}
NONE = {
    "not spam": report("Feedback-Type: not-spam"),
    "not spam, encoded": report("RmVlZGJhY2stVHlwZTogbm90LXNwYW0K", encoding="base64"),
    "a forgery": report("Feedback-Type: auth-failure\nAuth-Failure: dmarc"),
}


@pytest.mark.parametrize("name", COMPLAINTS)
def test_a_complaint_names_the_message(name: str) -> None:
    returned = read(COMPLAINTS[name])
    assert returned.kind is Kind.COMPLAINT
    assert returned.about == (f"{KEY}@volta.example",)


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_complaint_opts_nobody_out(name: str) -> None:
    assert read(NONE[name]).kind is Kind.FEEDBACK


def test_a_receipt_is_a_machine_s() -> None:
    raw = (
        "Subject: Lida: Volte\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        "--b\n\nSua mensagem foi lida.\n--b\nContent-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822; ana@example.com\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
    )
    assert read(raw.encode()).kind is Kind.AUTO_REPLY
