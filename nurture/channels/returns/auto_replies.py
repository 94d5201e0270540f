"""Answers that a machine gave: neither a bounce nor a word of the person (RFC 3834)."""

from __future__ import annotations

import re

from nurture.channels.returns.mail import Mail

_SUBJECT = re.compile(
    r"(?i)\bout[- ]of[- ](the )?office\b|^\W*(auto(mati(c|sche|que|sk))?[- :]?(reply|response|antwort|svar)|autoreply|autoresponse)|automatic (e?mail )?(reply|response)|auto-?respon|"
    r"\b(i am|i'm|currently) (away|on leave|on vacation)|^\W*(away|on (vacation|leave|holiday))\b|vacation (reply|response|notice|message)|"
    r"resposta autom[aá]tica|aus[eê]ncia|fora do escrit[oó]rio|\b(de|em) f[eé]rias\b|n[aã]o estou no escrit[oó]rio|ausente d[oa]|mensagem autom[aá]tica|"
    r"respuesta autom[aá]tica|ausencia|fuera de (la |mi )?oficina|de vacaciones|abwesen|absence|r[eé]ponse automatique"
)
_TEXT = re.compile(
    r"(?i)\b(i am|i'm|i will be|i'll be|we are) (currently |presently )?(out of (the |my )?office|away (from|until|on|returning|till)|on (annual |maternity |paternity |sick |parental )?leave|on (vacation|holidays?))"
    r"|this is an automat(ic|ed) (reply|response|answer)|automatic (reply|response)|will (respond|reply|get back)( to \w+)? (up)?on my return|limited access to (my )?e-?mail"
    r"|estou (de f[eé]rias|fora do escrit[oó]rio|ausente|em licen[cç]a|de licen[cç]a)|estarei (de f[eé]rias|fora|ausente|em licen[cç]a|de licen[cç]a)|(esta [eé] uma )?(resposta|mensagem) autom[aá]tica|encontro-me (ausente|de f[eé]rias|fora)"
    r"|(estoy|estar[eé]) (de vacaciones|fuera de (la |mi )?oficina|ausente|de baja)|me encuentro (fuera|de vacaciones|ausente)|respuesta autom[aá]tica|mensaje autom[aá]tico"
)
_MARKS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-auto-response", "x-vacation")
_READ = 600  # characters: what a machine says it says at the beginning


def is_auto_reply(mail: Mail) -> bool:
    """Whether a machine answered for the person."""
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no") or any(mail.header(name) for name in _MARKS):
        return True
    if mail.header("precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    return _SUBJECT.search(mail.header("subject")) is not None or _TEXT.search(own_words(mail)) is not None


def own_words(mail: Mail) -> str:
    """The beginning of the answer, without what it quotes."""
    lines = [line for line in mail.said[: 4 * _READ].splitlines() if not line.lstrip().startswith(">")]
    return "\n".join(lines)[:_READ]
