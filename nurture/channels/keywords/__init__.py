"""What people mean who answer a text: that they want silence, to hear from us again, or to know who we are.

English keywords are those that carriers prescribe (CTIA, Messaging Principles and Best Practices); Portuguese and
Spanish ones are what people write. Wanting silence is taken seriously: "pare de me mandar isso" ends it, "não pare"
doesn't, and "cancelar meu pedido" is about an order.

A text is made plain (`plain`): clauses in small letters without accents, shortenings and slips (`spelling`) written out,
courtesy left out. Then it is looked for in three ways, the surest first: the whole of it is a keyword (`whole`), a clause
says in its own words that there shall be silence (`sentences`), or it has a set phrase (`phrases`; those that ask for
messages stand in `returning`, those that ask who we are in `asking`). Who left by mistake doesn't want silence.

A rule is changed where its words stand, with the answer that it is for in tests/unit/channels/answers.tsv.
"""

from __future__ import annotations

from nurture.channels.keywords import phrases, plain, returning, sentences, whole
from nurture.channels.keywords.meanings import Meaning

__all__ = ["LONGEST", "Meaning", "is_stop", "meaning"]

LONGEST = 1000  # characters that are looked at


def meaning(text: str) -> Meaning | None:
    """What an answer asks for; None: something else, or nothing. Where it asks for several things, silence wins."""
    written = plain.clauses(text[:LONGEST])
    clauses = [plain.bare(clause) for clause in written]
    if found := whole.meaning(plain.bare(" ".join(written))):
        return found
    meant = [clause for clause in clauses if not returning.MISTAKEN.search(clause)]
    return Meaning.STOP if sentences.ask_for_silence(meant) else phrases.meaning(clauses)


def is_stop(text: str) -> bool:
    """Whether somebody asks for no more messages: "SAIR", "Parar, por favor!", "pare de me mandar isso"."""
    return meaning(text) is Meaning.STOP
