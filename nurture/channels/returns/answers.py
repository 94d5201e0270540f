"""What somebody says who answers a mail: her own words, without the mail that she answers."""

from __future__ import annotations

import re

from nurture.channels.returns.mail import Mail, without_tags

LONGEST = 200  # characters: who writes more wants to be read
# Where mail programs put the mail that is answered, a signature, or a word about themselves.
_END = re.compile(
    r"""(?imx) ^[ \t]* (?:
        (?: on | em | el | no\ dia ) \b [^\n]{0,300} \n? [^\n]{0,200} \b (?: wrote | escreveu | escribi[oó] ) [ ]* : [ \t]* $
      | -{2,} [ ]* (?: original | mensagem | mensaje | forwarded )
      | (?: from | de ) [ ]* : [ ]* \S
      | (?: sent\ from | enviad[oa]\ (?: do | de | desde ) | get\ outlook | obter\ o\ outlook ) \b
      | _{5,}
      | --[ ]* $
    )"""
)
_QUOTED = re.compile(r"(?m)^[ \t]*[>|].*\n?")


def own_words(mail: Mail) -> str:
    """What she wrote; of an empty mail its subject."""
    text = _QUOTED.sub("", _said(mail))
    end = _END.search(text)
    return (text[: end.start()] if end else text).strip() or mail.header("subject")


def _said(mail: Mail) -> str:
    """Its text; where that is HTML alone, without what it marks as a quotation."""
    if any(text.strip() for text in mail.texts("text/plain")):
        return mail.said
    html = next(iter(mail.texts("text/html")), "")
    start, end = html.lower().find("<blockquote"), html.lower().rfind("</blockquote>")
    return without_tags(f"{html[:start]}\n{html[end:]}" if 0 <= start < end else html)


def ask_for_silence(mail: Mail) -> bool:
    """Whether a short answer asks for no more messages, as one to an SMS may: "sair"."""
    from nurture.channels import keywords  # its tables take time, and few mails are answers

    words = own_words(mail)
    return len(words) <= LONGEST and keywords.is_stop(words)
