"""What servers say, and what it means for the person: the phrases are those that providers publish."""

from __future__ import annotations

import pytest

from nurture.channels.base import Trouble
from nurture.channels.returns.judging import judge
from nurture.channels.returns.reasons import MEANINGS, Reason
from nurture.channels.told import failure

SAID = """
unknown_user|550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the address.
disabled|550-5.2.1 The email account that you tried to reach is inactive.
full|452-4.2.2 The recipient's inbox is out of storage space. See https://support.google.com/mail/?p=OverQuotaTemp
full|552-5.2.2 The email account that you tried to reach is over quota.
rate|450-4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message later.
authentication|550-5.7.26 This mail has been blocked because the sender is unauthenticated, by SPF or DKIM.
reputation|550-5.7.25 The IP address sending this message does not have a PTR record.
reputation|421-4.7.0 This message is suspicious due to the very low reputation of the sending IP address.
rate|421-4.7.28 Gmail has detected an unusual rate of mail from your IP address; it has been temporarily rate limited.
spam|550-5.7.1 Our system has detected that this message is likely unsolicited mail.
too_big|552-5.3.4 Your message exceeded Google's message size limits.
unknown_user|550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
policy|550 5.7.1 RESOLVER.RST.AuthRequired; authentication required
full|554 5.2.2 mailbox full; STOREDRV.Deliver; mailbox full
reputation|550 5.7.606 Access denied, banned sending IP [192.0.2.4]. See https://sender.office.com/
reputation|550 5.7.1 Unfortunately, messages from [192.0.2.4] weren't sent: part of their network is on our block list (S3150).
unknown_user|550 5.5.0 Requested action not taken: mailbox unavailable (in reply to RCPT TO command)
authentication|550 5.7.515 Access denied, sending domain shop.example doesn't meet the required authentication level.
unreachable|550 4.4.7 QUEUE.Expired; message expired
unknown_user|554 delivery error: dd This user doesn't have a yahoo.com account (ana@yahoo.com) [0]
reputation|421 4.7.0 [TSS04] Messages from 192.0.2.4 temporarily deferred due to unexpected volume or user complaints
disabled|554 30 Sorry, your message to ana@yahoo.com cannot be delivered. This mailbox is disabled (554.30).
full|552 5.2.2 <ana@icloud.com>: user is over quota
full|552 5.2.2 Caixa postal de ana@uol.com.br está cheia
unknown_user|550 5.1.1 <ana@bol.com.br>: Usuário desconhecido
unknown_user|550 <ana@terra.com.br>: Destinatário inexistente (in reply to RCPT TO command)
unknown_user|550 5.1.1 <ana@example.com>: Usuario desconocido
reputation|554 5.7.1 Service unavailable; Client host [192.0.2.4] blocked using zen.spamhaus.org
reputation|450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.4]
rate|450 4.2.0 <ana@example.com>: Recipient address rejected: Greylisted
unknown_host|Host or domain name not found. Name service error for name=exmaple.com type=A: Host not found
unreachable|connect to mx.example.com[192.0.2.4]:25: Connection refused
no_mail|Domain example.com does not accept mail (nullMX)
policy|554 5.7.1 <ana@example.com>: Relay access denied
policy|550 5.7.1 This message was blocked because its content presents a potential security issue.
spam|550 5.7.1 Message contains a virus
moved|551 5.1.6 User has moved; please try <bia@example.org>
full|mailbox is full (MTA-imposed quota exceeded while writing to file /var/mail/ana)
policy|550 5.7.1 The mailbox of ana is over quota
policy|550 5.7.1 recipient error
reputation|554 IP 192.0.2.4 found on one or more DNSBLs
rate|452 4.5.3 Too many recipients
policy|550 5.7.1 Sender address rejected: not logged in
policy|553 5.1.8 <oi@shop.example>... Domain of sender address oi@shop.example does not exist
system|451 4.3.5 Server configuration problem
unreachable|retry timeout exceeded
disabled|525 5.7.13 User account disabled
no_mail|556 5.1.10 Recipient address has null MX
filtered|550 5.2.0 Message Filtered
system|Internal error in the mail system
unclear|554 Sorry
full|452 4.2.2 A caixa de correio do destinatário está cheia
full|552 5.2.2 <ana@example.com.br>: Caixa postal sem espaço para novas mensagens
full|452 Espaço insuficiente na conta do destinatário
full|El buzón del destinatario está lleno
full|552 5.1.1 Boîte du destinataire pleine
full|452 <ana@example.com> Mailbox size limit exceeded
full|550 <ana@example.com> User has too many messages on the server.
full|maildir delivery failed: disc quota exceeded
unknown_user|550 5.1.1 Usuário não encontrado
unknown_user|550 Endereço não cadastrado neste servidor (in reply to RCPT TO command)
unknown_user|550 Não foi possível localizar o destinatário (in reply to RCPT TO command)
unknown_user|550 La dirección no existe (in reply to RCPT TO command)
unknown_user|550 Adresse inconnue (in reply to RCPT TO command)
unknown_user|550 Empfänger unbekannt (in reply to RCPT TO command)
unknown_user|550 5.4.1 [ana@example.com]: Recipient address rejected: Access denied. [AM5EUR02FT019.mail.example]
unknown_user|550 BAD_RECIPIENT (in reply to RCPT TO command)
unknown_user|550-ana@example.com is not an active address at this host (in reply to RCPT TO command)
unknown_user|550 <ana@example.com> does not exist (in reply to RCPT TO command)
unknown_user|There is no user by that name at this server.
disabled|550 5.1.1 Conta desativada
disabled|550 5.1.1 Mailbox currently suspended
disabled|554 delivery error: dd Your message to ana@example.com cannot be delivered. This account has been disabled [#102].
disabled|550 5.2.1 Mailbox not available (in reply to RCPT TO command)
unknown_host|550 5.1.2 Domínio não existe
unreachable|Name service error for name=shop.example type=MX: Host not found, try again
unreachable|5.4.4 Name service error for name=shop.example type=MX: Malformed or unexpected name server reply
unreachable|554 5.4.6 Too many hops
unreachable|all hosts for example.com have been failing for a long time
rate|450 4.2.1 Muitas mensagens, tente mais tarde
rate|550 5.2.121 Recipient's per hour message receive limit from specific sender exceeded
rate|550 Domain frequency limited
spam|550 Mensagem rejeitada por conter spam
spam|550 5.7.1 Message cannot be accepted, content filter rejection
reputation|550 IP bloqueado por lista negra
policy|550 Remetente rejeitado
policy|553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
policy|554 5.7.1 Message filtered
policy|553 5.3.0 <ana@example.com>... Mail from 192.0.2.4 refused, see https://blocklist.example/?ip=192.0.2.4
unknown_user|550 No existe dicha persona (in reply to RCPT TO command)
unknown_user|550 Não há nenhum usuário com este nome (in reply to RCPT TO command)
unknown_host|Unrouteable address
filtered|550 Message refused due to recipient preferences
"""


@pytest.mark.parametrize(
    ("reason", "said"), [line.split("|", 1) for line in SAID.strip().splitlines()], ids=lambda each: each[:50]
)
def test_what_a_server_says_means(reason: str, said: str) -> None:
    assert judge(said)[0] == reason


# The words, the status in the report, and why this must not silence somebody for good.
NOT_HARD = {
    "5.7.x is about us": ("550 5.7.1 Recipient address rejected: User unknown", ""),
    "so is the report's own 5.7.x": ("User unknown", "5.7.1"),
    "a later code of 5.7.x counts": ("5.1.0 - Unknown address error 550-'5.7.1 Access denied'", ""),
    "DMARC under the code of an unknown address": (
        "550 5.1.1 rejected by the DMARC policy of shop.example",
        "",
    ),
    "unknown to the message itself may be a filter": (
        "550 User unknown (in reply to end of DATA command)",
        "",
    ),
    "under a code that speaks of something else": ("550 5.0.0 User unknown", ""),
    "the sender is unknown": ("550 5.1.0 unknown user (in reply to MAIL FROM command)", ""),
    "a temporary code": ("450 4.1.1 <ana@example.com>: User unknown", ""),
    "a full mailbox under the code of an unknown address": ("552 sorry, mailbox is over quota (#5.1.1)", ""),
    "our own host is not let in": ("553 unknown host (in reply to EHLO command)", ""),
    "the sender is refused under a code of addresses": ("550 5.1.0 sender denied", ""),
    "a server that takes no mail from us": ("550 this server does not accept mail from you", ""),
    "a name server that doesn't answer now": ("Host not found, try again", "5.4.4"),
    "a suspended mailbox that our own server calls unknown": ("550 Mailbox suspended", "5.1.1"),
    "not available is not unknown": ("550 5.2.1 Mailbox not available (in reply to RCPT TO command)", ""),
    "the person takes no mail from us": ("550 5.1.1 Refused due to recipient preferences", ""),
    "another server may have meant the message": ("550 user unknown", ""),
}


@pytest.mark.parametrize("name", NOT_HARD)
def test_nobody_is_silenced_for_good_for(name: str) -> None:
    reason, _ = judge(*NOT_HARD[name])
    assert not MEANINGS[reason].hard


def test_policies_never_count_towards_a_suppression() -> None:
    ours = {Reason.SPAM, Reason.REPUTATION, Reason.AUTHENTICATION, Reason.POLICY, Reason.RATE, Reason.CONTENT}
    assert not [reason for reason in ours if MEANINGS[reason].hard or MEANINGS[reason].counts]


BY_POLICY = [
    "user unknown, no such user here, mailbox not found",
    "Sender quota exceeded",
    "Message rejected: sender over quota",
    "your domain is over quota",
    "mailbox is full",
    "account disabled",
    "Recipient address rejected: account inactive",
    "recipient error",
    "Message filtered",
    "Host or domain name not found",
    "no longer employed here",
    "this domain does not accept mail",
    "Connection timed out",
    "Internal error",
    "Sorry",
]


def tells_nothing_of_the_mailbox(said: str) -> bool:
    meaning = MEANINGS[judge(said)[0]]
    return not meaning.hard and not meaning.counts


@pytest.mark.parametrize("words", BY_POLICY)
def test_no_code_of_policy_is_hard_or_counts_whatever_is_said(words: str) -> None:
    for detail in (each for each in range(40) if each != 13):
        assert tells_nothing_of_the_mailbox(f"550 5.7.{detail} <ana@example.com>: {words}")


@pytest.mark.parametrize("filed", [None, *Reason])
@pytest.mark.parametrize("words", BY_POLICY)
def test_no_code_of_policy_closes_an_address_whatever_the_provider_makes_of_it(
    words: str, filed: Reason | None
) -> None:
    for hard in (True, False, None):
        for said, status in (
            (f"550 5.7.1 {words}", ""),
            (f"smtp;554 5.7.0 {words}", "5.0.0"),
            (words, "5.7.1"),
        ):
            found = failure(said, status, hard=hard, reason=filed)
            assert (found.suppress, found.soft) == (None, False), (said, status, hard)
            assert "5.7." in found.code


@pytest.mark.parametrize("words", BY_POLICY)
def test_a_refusal_by_policy_is_told_as_one(words: str) -> None:
    found = failure(f"550 5.7.1 {words}", hard=True)
    assert (found.trouble, found.reason) == (
        Trouble.POLICY,
        "The other side's rules do not let this message in.",
    )


@pytest.mark.parametrize("hard", [True, False, None])
def test_an_account_that_policy_disabled_counts_and_is_never_for_good(hard: bool | None) -> None:
    found = failure("525 5.7.13 User account disabled", hard=hard)
    assert (found.suppress, found.soft, found.reason) == (None, True, "The mailbox is disabled.")


NOT_COUNTED = [
    "550 5.7.1 Message filtered",
    "554 5.7.1 Service temporarily unavailable",
    "550 5.7.0 Connection timed out",
    "550 5.7.322 certificate-expired: the destination mail server's certificate has expired",
    "550 5.7.1 account disabled",
    "550 5.7.1 Sender quota exceeded",
    "550 5.7.0 Quota exceeded (policy)",
    "550 5.7.13 mailbox is full",
    "550 5.7.1 Mailbox unavailable",
]


@pytest.mark.parametrize("said", NOT_COUNTED)
def test_what_is_refused_by_policy_tells_nothing_of_the_mailbox(said: str) -> None:
    assert tells_nothing_of_the_mailbox(said)


def test_a_mailer_s_own_words_after_the_answer_are_not_the_answer() -> None:
    said = "SMTP error after MAIL FROM:<oi@shop.example>: 450 unverifiable address\n\nDelivery attempts will continue."
    assert judge(said)[0] == Reason.POLICY


def test_a_report_of_the_last_server_needs_no_command() -> None:
    assert judge("unknown user: ana", "5.0.0", reported=True)[0] == Reason.UNKNOWN_USER


def test_pages_that_a_server_points_to_decide_nothing() -> None:
    assert judge("550 Sorry https://example.com/user-unknown")[0] == Reason.UNCLEAR


def test_the_code_is_told_with_the_reply() -> None:
    assert judge("550-5.1.1 No such user\n550 5.1.1 Really")[1] == "550 5.1.1"
    assert judge("Host not found", "5.4.4")[1] == "5.4.4"
