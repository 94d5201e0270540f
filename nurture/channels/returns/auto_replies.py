"""Answers that a machine gave: neither a bounce nor a word of the person (RFC 3834).

Marks in the headers are sure. Words are not: somebody may well answer that she is on vacation.
"""

from __future__ import annotations

import re

from nurture.channels.returns.mail import Mail

# At the very beginning: behind "Re:" stands what we wrote ourselves.
_SUBJECT = re.compile(
    r"(?i)\W*("
    r"(auto(mati(c|sche|que|sk))?[- :]?)(e?mail )?(reply|response|antwort|svar)|autoreply|auto-?respon|out[- ]of[- ](the )?office\b|(i am |i'm )?(currently )?away\b"
    r"|(i am |i'm |currently )?(on (vacation|leave|holiday)|out of office)|vacation (reply|response|notice|message)"
    r"|(resposta|mensagem|e-?mail) autom[aá]tic[ao]|(aviso de )?(aus[eê]ncia|f[eé]rias)\b|fora do escrit[oó]rio|(estou )?(de|em) f[eé]rias\b|ausente\b"
    r"|(respuesta|mensaje|correo) autom[aá]tic[ao]|(aviso de )?(ausencia|vacaciones)\b|fuera de (la |mi )?oficina|(estoy )?de vacaciones"
    r"|abwesen|automatische antwort|absence\b|r[eé]ponse automatique)"
)
_TEXT = re.compile(
    r"(?i)\bthis is an automat(ic|ed) (reply|response|answer|message)|\bautomatic (reply|response)\b"
    r"|\b(i am|i'm|i will be|i'll be|we are) (currently |presently |now )?(out of (the |my )?office|away from (the |my )(office|desk))"
    r"|\b(i am|i'm|i will be|i'll be) (currently |presently )?(away|on (\w+ )?leave|on (vacation|holidays?))\b.{0,120}\b(return|until|back|limited access)"
    r"|will (respond|reply|get back)( to \w+)? (up)?on my return|limited access to (my )?e-?mail"
    r"|\b(esta [eé] uma )?(resposta|mensagem) autom[aá]tica|n[aã]o responda (a )?(este|esse) e-?mail"
    r"|\b(estou|estarei|encontro-me) (ausente|fora do escrit[oó]rio|de f[eé]rias|em f[eé]rias|de licen[cç]a|em licen[cç]a)\b.{0,120}\b(at[eé]|retorn|volt|a partir|per[ií]odo|urg[eê]n|contat)"
    r"|\b(respuesta|mensaje) autom[aá]tic[ao]\b"
    r"|\b(estoy|estar[eé]|me encuentro) (ausente|fuera de (la |mi )?oficina|de vacaciones|de baja)\b.{0,120}\b(hasta|regres|vuel|volver|a partir|urgen|contact)",
    re.DOTALL,
)
_MARKS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-auto-response", "x-vacation")
_READ = 600  # characters: what a machine says it says at the beginning


def is_marked(mail: Mail) -> bool:
    """Whether a machine says that it answered for the person."""
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no") or any(mail.header(name) for name in _MARKS):
        return True
    precedence = mail.header("precedence").strip().lower()
    return precedence in ("auto_reply", "auto-reply") or _SUBJECT.match(mail.header("subject")) is not None


def sounds_so(mail: Mail) -> bool:
    """Whether its words are those of a machine, or of somebody who is away."""
    return _TEXT.search(own_words(mail)) is not None


def own_words(mail: Mail) -> str:
    """The beginning of the answer, without what it quotes."""
    lines = [line for line in mail.said[: 4 * _READ].splitlines() if not line.lstrip().startswith(">")]
    return "\n".join(lines)[:_READ]
