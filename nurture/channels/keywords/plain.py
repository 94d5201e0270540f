"""A text made plain: its clauses in small letters without accents, as if everybody wrote words out."""

from __future__ import annotations

import re
import unicodedata

# pictures that say stop
_SIGNS = "\N{OCTAGONAL SIGN}\N{NO ENTRY}\N{NO ENTRY SIGN}\N{NO ONE UNDER EIGHTEEN SYMBOL}"
_SIGNATURE = re.compile(
    r"^(?:enviado (?:do|pelo|desde)|sent from|obtenha o outlook|get outlook)\b.*", re.MULTILINE
)
_QUOTED = re.compile(r"^\s*>.*", re.MULTILINE)
_APOSTROPHE = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")  # "sairrrr"
_SPELT_OUT = re.compile(r"\b[a-z](?:[ .\-][a-z]\b){2,}")  # "S.A.I.R"
_CLAUSE = re.compile(r"[.,;:!?\n…/()|–—]+")
_NO_WORD = re.compile(r"[^a-z0-9]+")
# what people write shorter or otherwise; a word without a meaning of its own is left out
_WRITTEN_OUT = {
    "nao": "n ñ nn naum nao num",
    "que": "q qui ke",
    "quero": "qro kero keru qero",
    "quiero": "qiero kiero qero",
    "voces": "vc vcs voces voce ces",
    "por favor": "pf pfv pff pfvr pfavor",
    "please": "pls plz plss plis",
    "mensagem": "msg msgs mensagen mensagens msn msgm mensgem",
    "mensajes": "msj msjs mjs mensaje mensajitos",
    "receber": "recebe recebr receba",
    "": "ta",
    "you": "u ur",
    "text": "txt txts txting",
    "do not": "dont",
    "does not": "doesnt",
    "did not": "didnt",
    "can not": "cant",
    "receive": "recieve",
    "receiving": "recieving",
    "ayuda": "alluda",
    "hoje": "hj",
    "tudo": "td",
    "o que": "oq",
    "porque": "pq",
    "obrigado": "obg brigado",
    "obrigada": "brigada",
    "tambem": "tmb",
    "de la": "dl",
}
_SHORT = {short: long for long, shorts in _WRITTEN_OUT.items() for short in shorts.split()}
# what may stand beside a keyword: courtesy, greetings, impatience, its number in a menu
_BESIDE = re.compile(
    r"\b(?:"
    r"(?:nao|no) (?:obrigad[oa]|gracias|thank you|thanks)|por favor|porfa(?:vor)?|please|kindly|favor"
    r"|por gentileza|(?:muito |muy )?obrigad[oa]|(?:muchas |mil )?gracias|grat[oa]|thank you|thanks"
    r"|thx|ola|oi|hola|hi|hello|hey|bom dia|boa (?:tarde|noite)|buen(?:os|as) (?:dias|tardes|noches)"
    r"|att|abracos?|tudo bem|ja|ya|agora|ahora|now|ne|opcao|opcion|option|gente|pessoal|urgente"
    r"|pel[oa] amor de deus|por (?:amor de )?dios|for gods sake|already|immediately|logo|de vez"
    r"|caralho|porra|carajo|tf|the hell|the fuck|\d+"
    r")\b"
)


def clauses(text: str) -> list[str]:
    """The clauses of a text in small letters without accents, quoted lines and signatures; shortenings written out."""
    own = _APOSTROPHE.sub("", _SIGNATURE.sub("", _QUOTED.sub("", _folded(text))))
    for sign in _SIGNS:
        own = own.replace(sign, " stop ")
    joined = _SPELT_OUT.sub(lambda match: re.sub(r"[ .\-]", "", match[0]), own)
    cut = "".join("\n" if unicodedata.category(letter) == "So" else letter for letter in joined)  # at emoji
    short = _STRETCHED.sub(r"\1", cut)
    return [words for clause in _CLAUSE.split(short) if (words := _words(clause))]


def _folded(text: str) -> str:
    """In small letters without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _words(clause: str) -> str:
    """A clause's words with blanks between."""
    found = (_SHORT.get(word, word) for word in _NO_WORD.sub(" ", clause).split())
    return " ".join(word for word in found if word)


def bare(words: str) -> str:
    """Without courtesy; a word that is only repeated stands once."""
    rest = _BESIDE.sub(" ", words).split() or words.split()
    return rest[0] if len(set(rest)) == 1 else " ".join(rest)
