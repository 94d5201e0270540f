"""Sentences that ask for silence, whatever words they choose.

A clause is read as a row of letters, one for each word that matters: an end (E), of (D), me (P), sending (S), messages
(M). "Parem de me mandar mensagem" is EDPSM, "stop sending messages" is ESM. `_LETTERS` says which words are which letter;
of several the first counts. Articles have none, "sáquenme" has two (RP), and any other word is an x.

What is asked for is then a pattern of letters: an end of sending with up to four words between, none of them a no (N),
a why (Y) or something that was bought (C), is `E[^CNY]{0,4}S`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from nurture.channels.keywords.whole import listed


def ask_for_silence(clauses: Sequence[str]) -> bool:
    """Whether these clauses ask for an end of it. "Não quero mais" may be about what was bought."""
    rows = [_row(clause) for clause in clauses]
    if any(_SILENCE.search(row) for row in rows if "Y" not in row):
        return True
    if len(rows) == 1 and _BRIEFLY.search(rows[0]):
        return True
    return not any("C" in row for row in rows) and any(map(_NO_MORE.search, rows))


def _row(clause: str) -> str:
    """The clause as letters, one for each word that matters; x: some other."""
    for spoken, means in _SPOKEN:
        clause = spoken.sub(means, clause)
    return "".join(_letter(word) for word in clause.split() if word not in _DROPPED)


@lru_cache(maxsize=8192)
def _letter(word: str) -> str:
    for letter, words in _ONE_LETTER:
        if words.fullmatch(word):
            return letter
    if (match := _WITH_ME.fullmatch(word)) and (stem := _letter(match[1])) in "ERS":
        return stem + "P"
    return "x"


# --- words ---------------------------------------------------------------------------------

_LETTERS = {
    # no: it turns round what follows
    "N": "nao no nunca jamais jamas never not nem ni tampoco",
    # why, when: what follows is a question or a reason
    "Y": "porque why when quando cuando",
    # an end, demanded or wished
    "E": "par(ar|e|em|en|ad|arem|ando) cort(ala|enla|ela) stop(ping)? cease quit ces(ar|en) stahp",
    # leaves off: an end only where it is "deixem de"
    "J": r"dej(ar|e|en|es|ad|a) deix(ar|e|em|a) desist\w+",
    # an end of something that has to be named: "cancelem as mensagens"
    "K": r"""encerr(ar|e|em|a) interromp(er|a|am) suspend(er|a|am|an)? can[cs]el(ar|a|e|em|en|ad|o)? bloque(ar|i?[ae]|i?em|en)
        block silenci(ar|e|em|a) des(at|act)iv(ar|e|em|en|a) desabilit(ar|e|em|a) detener detengan
        finaliz(ar|e|em|en) cort(ar|en|em|e) discontinue anul(ar|e|en|ad|a) cancelamento cancelacion""",
    # "they don't stop": a complaint
    "Q": "param paran dejan deixam cansam? cansan?",
    # that is enough
    "B": "chega basta enough cansei cansad[oa] hart[oa] tired sick demasiad[oa]s?",
    # the end
    "F": "fim fin end [bv]aja",
    # taking somebody out of a list
    "R": r"""tir(ar|e|em|a|arem) retir(ar|e|em|en|a) remov(er|a|e|am) remuev(e|a|an) exclu(ir|a|i|am|irem) apag(ar|ue|uem|a)
        delet(ar|e|em|a) erase borr(ar|e|en|a|ad) elimin(ar|e|em|en|a|ad) quit(ar|en|a|ad) saquen? sac(ar|a|ad) take
        scratch risc(ar|a|em) drop exclusao retirada remocao eliminacion removal deletion desvincul\w+ descart\w+""",
    # unsubscribing, in one word
    "U": r"""descadastr(?!aram|ou|ei|amos)\w+ descadrast\w+ desinscr\w+ desuscri\w+ desubscri\w+ unsub unsubscribe unsubscribing unsuscrib\w*
        unsubcribe optout""",
    # sending and disturbing, demanded or wished: no past tense
    "S": r"""mand(ar|em|e|a|ando|arem|assem|en|es|eis|ad|aran) envi(ar|em|e|a|ando|arem|assem|en|es|eis|ad|aran)
        escrev(er|am|a|e|endo|erem) escrib(ir|an|as|ais|e) contat(ar|em|e|a|arem) contact(ar|en|es|e|ing)? send(ing)?
        texting messaging message text spam(ming|ear|mear)? emailing calling call lig(ar|uem|ue|arem) llam(ar|en|es|e)
        perturb\w+ incomod\w+ ench(er|am|a|e|endo) molest\w+ jod(er|an|as) fastidi\w+ bother(ing)? bug(ging)?
        harass\w* bombarde\w+ encaminh(ar|em|e) chatear disturb insist(ir|a|am|an) bombard\w* cham(ar|em|e|a|ando) avis(ar|en|em|e) write writing""",
    # messages, and what they are sent for
    "M": r"""mensage\w+ mensaje\w* messages texts sms torpedos? whats\w* zap notific\w+ alert\w* avisos? promo\w* ofertas?
        offers? propagandas? publicidad\w* comunic\w+ e?mails? correos? marketing ads anuncios? newsletters? cupons coupons cupones informac\w+ information
        novidades inscric\w+ inscripc\w+ suscripc\w+ subscription recebimento""",
    # contact
    "I": "contato contacto",
    # sending, as a noun
    "T": "envios?",
    # my number, my data
    "L": r"""numero telefone telefono fone celular dados datos number phone sistema data info nr""",
    # a list
    "X": "lists? listas? grupo group cadastro base mailing transmissao",
    # from here; this
    "H": "daqui dai dali disso disto isso isto dessa desse esto eso aqui ahi aca alli here this these it fora fuera",
    # off
    "O": "off out",
    # wishing, agreeing, bearing
    "W": r"""quero queria quer desejo gostaria preciso? pretendo aceito autoriz\w+ permito quiero quisiera deseo want wanna wish
        like need care consent aguent\w+ aguant\w+ suport\w+ soport\w+ precisa\w* necesit\w+ tolero tengo tenho""",
    # receiving
    "G": "receber recibir receive get getting receiving hear saber lleguen? cheguem? llegar ouvir chegar chegando",
    # more, again, anything
    "A": r"mais mas again anymore more nada anything nothing ever any longer further jamas else tant[oa]s? vuelv[ae]\w* voltem? volver torn(em|ar) sigan sigas sigais seguir continu(ar|em) keep(ing)?",
    # me, us
    "P": "me nos us mim",
    # you
    "V": "voces voce ustedes vosotros usted you loja tienda empresa",
    # of, from, by
    "D": "de da do das dos con com of from with dess[ae]s? dest[ae]s? por sobre",
    # leaving
    "Z": "sair saio salir salgo salirme",
    # what else can be ended, cancelled or taken off
    "C": r"""pedidos? orders? compras? purchases? ite(m|ns|ms) produtos? productos? products? entregas? delivery carrinho carrito cart
        cita consulta reserva booking appointment troca devoluc\w+ cart[ao]o card conta cuenta account box clube club
        pacote paquete linea linha internet servicio servico plano plan gimnasio academia membresia matricula seguro revista magazine jornal newspaper package factura boleto comprovante recibo receipt gift""",
}
# articles and other words without a letter
_DROPPED = listed(
    """
    o; a; os; as; um; uma; uns; umas; el; la; los; las; un; una; unos; unas; lo; the; an; your; ur; su; sus;
    sua; suas; seu; seus; meu; minha; meus; minhas; my; mi; mis; essa; esse; essas; esses; esta; este;
    estas; estes; esas; esos; esa; ese; those; that; all; to; ser; be; being; que; ver; ter; eu; yo; i; se;
    do; am; im; is; are; really; just; so; mesmo; please; ficar; estar; querer; tipo; tipos; tambem; too;
    te; lhe; le; les; ai; then
    """
)
_ONE_LETTER = [(letter, re.compile(rf"(?:{'|'.join(words.split())})")) for letter, words in _LETTERS.items()]
_WITH_ME = re.compile(r"(\w{3,}?)(?:me|nos)")  # "sáquenme": one word in Spanish
# words that mean something only together, and what they mean
_TOGETHER = (
    # "para de": an end, where it isn't "for"
    (r"^((?:\w+ )?)(?:para|pra|par) (?=(?:de|com) )", r"\1parem "),
    (r"\b(?:para|pra) (?=de (?:me |nos )?(?:mand|envi|escrev|ench|perturb|incomod|lig|cham)\w*)", "parem "),
    (r"\balto a (?=los|las|estos|sus|tus)", "paren "),
    (r"\bpor que\b", "porque"),
    (r"\b(?:hace falta|faz falta)\b", "necesito"),
    # opting out of our messages, and not of something else
    (r"\bopt(?:ing)?(?: me)? out\b(?! of (?!this|these|all|your|mensagem|text|sms|messages))", "optout"),
    (
        r"\b(?:dar(?:me|se|nos)?|dame|dadme|denme|deme|den|doy|solicito|pido|tramit\w+)(?: me)? (?:de |la )*baja\b",
        "optout",
    ),
    # "do me a favor", of which the favor is gone; "do meu": of mine
    (r"\bdo me\b", "me"),
    (r"\b(?:do|da|de) (?=meu|minha)", ""),
)
_SPOKEN = tuple((re.compile(pattern), means) for pattern, means in _TOGETHER)


# --- rows of letters -----------------------------------------------------------------------

# what a "no" within the three words before turns round: "não pare de mandar"
_WISHES = (
    # stop sending, cancel messages
    r"(?:E|JD)[^CNY]{0,4}(?:S|[IM](?!C))",
    r"K(?:[^CNYx]|xD){0,4}(?:S|[IM](?!C))",
    # stop receiving
    r"(?:E|JD|KD)P?D?G",
    # block my number
    r"K(?:[^CNY]{0,2}[LX]|T$)",
    # enough of messages
    r"B[AVxH]?D[^CN]{0,2}[MGS]",
    # remove my number
    r"R[^CN]{0,3}[LIX]",
    # take me out of it
    r"(?:PR|RP)(?:$|D?H|D[^C]{0,2}[LX])",
    # take me off
    r"R[^CN]{0,2}O(?:H?$|[^CN]{0,3}[LXM])",
    # unsubscribe me, and not from the club
    r"U(?![^N]{0,3}C)",
    # leave the list
    r"Z(?:D?[^CN]?X|D?H)",
)
# what nothing turns round
_REFUSALS = (
    # block me, block you; the end of messages; "não param de me mandar"
    r"(?:PK|KP|KV)$",
    r"^FM",
    r"NQ.?P?S",
    # I don't want messages
    r"N[AV]*W[APVDHT]{0,3}(?:G[AH]*(?:$|D?[^C]?[MV]|DA?[MV])|[MI]|S[APM]|S$|DV|AD?V)",
    r"NA*WAP?S",
    r"NP?A+S",
    r"NA*W[^CEKRUZY]{0,3}X",
    # don't send me any more
    r"N[APVW]*S[PH]?(?:$|N?A|D?V|[^CxN]?M|PL|HL)",
    # not to receive
    r"N[AV]*P?G[AH]*(?:D?[MI]|$)",
    # no more messages
    r"N[A]+M(?!C)",
)
_NOT_BEFORE = r"(?<!N)(?<!N.)(?<!N..)"
_SILENCE = re.compile("|".join((*(f"{_NOT_BEFORE}(?:{wish})" for wish in _WISHES), *_REFUSALS)))
_NO_MORE = re.compile(r"N[AV]*WA+$")  # unless something that was bought is spoken of
_BRIEFLY = re.compile(r"^(?:[PV]?NA*W[AH]*|RH)$")  # where nothing else is said
