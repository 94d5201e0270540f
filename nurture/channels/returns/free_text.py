"""Bounces that are no reports: the words that a server wrote for a human reader."""

from __future__ import annotations

import re
from dataclasses import replace

from nurture.channels.returns import providers
from nurture.channels.returns.judging import Failure, failure
from nurture.channels.returns.mail import Mail
from nurture.channels.returns.reasons import Reason
from nurture.channels.returns.words import by_words

_DAEMON = re.compile(
    r"(?i)\b(mailer[-_. ]?daemon|mdaemon|post[-_. ]?master|mail[-_. ]?(delivery|deliver|system|server)\b|mail delivery|ndr|bounces?)\b"
)
_SUBJECT = re.compile(
    r"(?i)(returned|undeliver(ed|able)|undelivered|failed|failing) (e?mail|message)|failure notice|"
    r"(mail|message|delivery|messages?)( delivery)? (has )?(fail(ed|ure)|status notif|delayed|error|problem)"
    r"|delivery (has )?(fail|status|report|delay|problem)|"
    r"fail(ed|ure) deliver|undeliverable|undelivered|non[- ]?deliver|could not be delivered|delayed mail"
    r"|mail (system )?error|mail failed|delivery incomplete|"
    r"warning: (could not|message)|n(ã|a)o (foi |(foi|(é|e)) poss(í|i)vel )?entreg|falha (na|de|no) entrega|devolvid"
    r"|no (se )?(ha podido |pudo )?entreg|error de entrega"
)
_MACHINE = re.compile(r"(?i)\bmailer-daemon@|^<>$")
_ANSWERED = re.compile(r"(?i)\s*(re|res|rv|aw|sv|enc|fwd?)\s*:")
_PASSED_ON = re.compile(r"(?im)^[> \t]*from:.*mailer-daemon")
_REFUSED = re.compile(
    r"(?i)(could ?n.t|could not|cannot|can't|not|unable to|fail(ed|ure)) (be )?(deliver|reach)|undeliver"
    r"|delivery (has )?(failed|failure)|permanent(ly)? (error|fail)|"
    r"transcript of (the )?session|returned (to sender|mail)|user unknown|mail ?box (is )?full"
    r"|full mail ?box|did not reach|action not taken|no such user|automatically rejected|has been postponed"
    r"|(not a valid|no) user (by that name|here)|"
    r"n(ã|a)o (foi|p(ô|o)de ser|foi poss(í|i)vel) (ser )?(entreg|receb)|entrega falhou"
    r"|no (se )?(ha podido|pudo) (ser )?entregar?|n.a pas pu (e|ê)tre (d(e|é)livr|remis)|n.existe pas"
    r"|nicht zugestellt"
)
# Where the returned mail begins.
_RETURNED = re.compile(
    r"(?im)^(?:>? ?[-=|_*# ]{2,}.{0,60}(?:copy of|original message|returned message|message text|header of the|message header|unsent message|message follows).*"
    r"|(?:the )?(?:original )?message (?:headers? |contents? )?follows?\b.*"
    r"|.{0,40}(?:is a|are the) (?:copy|headers?) of (?:the|your|my|this) .{0,30}message.*"
    r"|original message:?|(?:return-path|received|x-received|dkim-signature): ?.*\S.*)$"
)
_ABOUT = re.compile(
    r"(?im)^[ \t>*|-]{0,12}(?:(?:final |original )?recipient(?: address)?: *|[45]\d\d )?[<\"(]?([^\s<>()\[\]\"',;:*=]{1,80}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9]))[>\")]?(?=[\s:<.,]|$)"
)
_NOT_YET = re.compile(
    r"(?i)warning (message )?only|do not need to resend|not need to re-?send"
    r"|will (be retried|keep trying|continue)|still being retried|has been delayed|delayed mail"
)
_MOST = 20


def is_bounce(mail: Mail) -> bool:
    """Whether a mail server wrote this about a mail that it could not deliver."""
    if mail.header("x-failed-recipients") or mail.parameters.get("report-type") == "delivery-status":
        return True
    if _MACHINE.search(mail.header("from")) and mail.texts("message/rfc822", "text/rfc822-headers"):
        return True
    about = _SUBJECT.search(mail.header("subject")) is not None
    if _DAEMON.search(mail.header("from")):
        return (
            about
            or _REFUSED.search(mail.said[:4000]) is not None
            or _SUBJECT.search(mail.said[:400]) is not None
        )
    nobody = is_from_nobody(mail)
    if _answers(mail):  # a person, unless she passes a server's words on
        about = about and _PASSED_ON.search(mail.said[:2000]) is not None
    return (about or nobody) and _REFUSED.search(mail.said[:4000]) is not None


def _answers(mail: Mail) -> bool:
    return _ANSWERED.match(mail.header("subject")) is not None or bool(mail.header("in-reply-to"))


def is_from_nobody(mail: Mail) -> bool:
    """Whether no answer to it is possible: the sender of the envelope is empty, as a server's is."""
    return mail.header("return-path") in ("<>", "<MAILER-DAEMON>") or mail.header("from") == "<>"


def read(mail: Mail) -> list[Failure]:
    """What became of each recipient that the text names; one without a name where it names none."""
    failed = mail.header("x-failed-recipients").partition(",")[0].strip()
    if providers.is_google_group(failed.lower(), mail.header("from")):
        return [Failure(failed, Reason.POLICY)]
    text = told(mail)
    delayed = _NOT_YET.search(f"{mail.header('subject')}\n{text}") is not None
    about = by_recipient(text)
    if len(about) == 1 and providers.looked_up(text):  # the reason may stand above the address
        about = dict.fromkeys(about, text)
    found = [failure(who, refusals(said), context=text, delayed=delayed) for who, said in about.items()]
    clear = [each for each in found if each.reason is not Reason.UNCLEAR]
    if clear:
        return clear[:_MOST]
    who = failed or next(iter(about), "")
    return [failure(who, refusals(text), context=mail.header("subject"), delayed=delayed)]


_REFUSAL = re.compile(r"(?m)^\s*(?:Out:|<<<)\s*([45]\d\d[ -].*)$")


def refusals(text: str) -> str:
    """Of a transcript of a whole session, only what was refused in it; any other text as it is."""
    return "\n".join(_REFUSAL.findall(text)) if "Out: 220" in text else text


def gentler(found: Failure, text: str) -> Failure:
    """What a report says, unless the words beside it tell a reader of a full mailbox: then nobody is lost by it."""
    return (
        replace(found, reason=Reason.FULL) if found.meaning.hard and by_words(text) is Reason.FULL else found
    )


def told(mail: Mail) -> str:
    """What the server wrote itself: the text down to where the returned mail begins."""
    text = mail.said.replace("\r\n", "\n")
    cut = _RETURNED.search(text, 1)
    own = text[: cut.start()] if cut and text[: cut.start()].strip() else text
    return own[:16000]


def by_recipient(text: str) -> dict[str, str]:
    """Each address that begins a line, with what stands from there to the next one."""
    places = list(_ABOUT.finditer(text))
    found: dict[str, str] = {}
    for number, place in enumerate(places[: _MOST * 2]):
        end = places[number + 1].start() if number + 1 < len(places) else len(text)
        address = place[1].lower()
        found[address] = f"{found.get(address, '')}\n{text[place.start() : end]}".strip()
    return found
