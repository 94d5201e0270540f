"""What people mean who answer a text: that they want silence, to hear from us again, or to know who we are.

English keywords are those that carriers prescribe (CTIA, Messaging Principles and Best Practices); Portuguese and
Spanish ones are what people write. A text is looked at clause by clause, without accents, with its usual shortenings
written out. Wanting silence is taken seriously: "pare de me mandar isso" ends it, "não pare" doesn't, and "cancelar
meu pedido" is about an order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

LONGEST = 1000  # characters that are looked at


class Meaning(StrEnum):
    """What an answer asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


def meaning(text: str) -> Meaning | None:
    """What an answer asks for; None: something else, or nothing. Where it asks for several things, silence wins."""
    plain = _plain(text[:LONGEST])
    whole = _bare(" ".join(plain))
    for found, words in _WHOLE.items():
        if whole in words or _misspelt(whole, found) or (whole and words.issuperset(whole.split())):
            return found
    clauses = [_bare(clause) for clause in plain]
    if _enough([_letters(clause) for clause in clauses]):
        return Meaning.STOP
    return next((found for found in Meaning if any(_says(clause, found) for clause in clauses)), None)


def is_stop(text: str) -> bool:
    """Whether somebody asks for no more messages: "SAIR", "Parar, por favor!", "pare de me mandar isso"."""
    return meaning(text) is Meaning.STOP


# --- plain words -------------------------------------------------------------------------

_SIGN = "\N{OCTAGONAL SIGN}\N{NO ENTRY}\N{NO ENTRY SIGN}\N{NO ONE UNDER EIGHTEEN SYMBOL}"
_SIGNATURE = re.compile(
    r"^(?:enviado (?:do|pelo|desde)|sent from|obtenha o outlook|get outlook)\b.*", re.MULTILINE
)
_QUOTED = re.compile(r"^\s*>.*", re.MULTILINE)
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SPELT_OUT = re.compile(r"\b[a-z](?:[ .\-][a-z]\b){2,}")
_CLAUSE = re.compile(r"[.,;:!?\n…/()|–—]+")
_NO_WORD = re.compile(r"[^a-z0-9]+")
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
# what may stand beside a keyword: courtesy, greetings, its number in a menu
_BESIDE = re.compile(
    r"\b(?:(?:nao|no) (?:obrigad[oa]|gracias|thank you|thanks)|por favor|porfa(?:vor)?|please|kindly|favor|por gentileza|(?:muito |muy )?obrigad[oa]"
    r"|(?:muchas |mil )?gracias|grat[oa]|thank you|thanks|thx|ola|oi|hola|hi|hello|hey|bom dia"
    r"|boa (?:tarde|noite)|buen(?:os|as) (?:dias|tardes|noches)|att|abracos?|tudo bem|ja|ya|agora|ahora|now|ne"
    r"|opcao|opcion|option|gente|pessoal|urgente"
    r"|pel[oa] amor de deus|por (?:amor de )?dios|for gods sake|already|immediately|logo|de vez|caralho|porra|carajo"
    r"|tf|the hell|the fuck|\d+)\b"
)


def _plain(text: str) -> list[str]:
    """The clauses of a text in small letters without accents, quoted lines and signatures; shortenings written out."""
    folded = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(letter)
    )
    kept = (
        _SIGNATURE.sub("", _QUOTED.sub("", folded))
        .replace("'", "")
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    )
    for sign in _SIGN:
        kept = kept.replace(sign, " stop ")
    joined = _SPELT_OUT.sub(lambda match: re.sub(r"[ .\-]", "", match[0]), kept)
    joined = "".join("\n" if unicodedata.category(letter) == "So" else letter for letter in joined)
    short = _STRETCHED.sub(r"\1", joined)
    return [words for clause in _CLAUSE.split(short) if (words := _words(clause))]


def _words(clause: str) -> str:
    found = (_SHORT.get(word, word) for word in _NO_WORD.sub(" ", clause).split())
    return " ".join(word for word in found if word)


def _bare(words: str) -> str:
    """Without courtesy; a word that is only repeated stands once."""
    rest = _BESIDE.sub(" ", words).split() or words.split()
    return rest[0] if len(set(rest)) == 1 else " ".join(rest)


def _listed(words: str) -> frozenset[str]:
    return frozenset(word.strip() for word in words.split(";"))


# --- whole answers -----------------------------------------------------------------------

_WHOLE = {
    Meaning.STOP: _listed(
        """
        stop; stopall; unsubscribe; unsub; cancel; end; quit; revoke; optout; remove; block; sair; sai;
        para; parar; pare; parem; fim; chega; cancela; cancelar; cancele; cancelem; remover; remova;
        excluir; exclua; descadastrar; descadastre; descadastro; desinscrever; desativar; desativa;
        desligar; bloquear; encerra; encerrar; silencio; saia; retirar; apagar; apague; interromper;
        suspender; silenciar; baja; vaja; salir; alto; paren; basta; desuscribir; desuscribirme; desuscribirse;
        eliminar; eliminarme; borrar; borrarme; quitar; quitarme; detener; fuera; deja; dejen; dejenme;
        paro; stop all; enough; discontinue; do not want; stop sms; stop it now; stop this; stop it; para com isso; opt out; no more; end sms;
        no sms; remove me; delete me; block me; cancel all; unsubscribe me; not interested; wrong number;
        quero sair; eu quero sair; nao quero; nao quero mais; nao desejo; nao desejo mais; nao receber; nao
        receber mais; nao mais; sem interesse; nao tenho interesse; numero errado; fora; me tira; me tirem;
        me remove; dar de baja; darme de baja; darse de baja; no quiero; no quiero mas; no mas; cancelar
        suscripcion; no me interesa; numero equivocado; pare mensagem; stop mensagem
        """
    ),
    Meaning.START: _listed(
        """
        subscribe; inscrever; suscribir; suscribirme; start; entrar; comenzar; empezar; comecar; unstop; resubscribe; optin; restart; resume;
        volta; voltar; iniciar; inscricao; reativar; reativa; retomar; reinscrever; recomecar; alta;
        suscribete; reactivar; volver; reanudar; opt in; subscribe me; quero voltar; me inscreve; dar de
        alta; darme de alta; quiero volver; start again; start sms
        """
    ),
    Meaning.HELP: _listed(
        """
        help; info; support; information; ajuda; socorro; informacao; informacoes; suporte; ayuda; ayudame;
        informacion; soporte; help me; more info; more information; need help; me ajuda; me ajudem; me
        ajude; mais informacoes; mais informacao; mas informacion; mas info; mais info; necesito ayuda; preciso de ajuda
        """
    ),
}
# words that are one slip away from a keyword and mean something else
_LIKE = _listed(
    """
    air; aire; alba; alta; alto; altos; and; are; baje; bajo; bala; basto; bata; cair; caja; cancer; cart;
    chegar; chegou; cheia; end; ende; falta; fama; par; parada; parado; parede; pares; pari; quiet; quite;
    remote; saida; saio; saiu; sala; sale; salio; shop; sop; star; state; step; stock; stopped; stops; top;
    volte; volto; vota; vuelve
    """
)


@lru_cache(maxsize=4096)
def _misspelt(whole: str, found: Meaning) -> bool:
    """Whether one word is a keyword with a slip: two letters swapped, one too many or too few."""
    if " " in whole or len(whole) < 4 or whole in _LIKE:
        return False
    return any(word in _WHOLE[found] and len(word) >= 4 for word in _slips(whole))


def _slips(word: str) -> Iterator[str]:
    for i in range(len(word)):
        yield word[:i] + word[i + 1 :]
        yield word[:i] + word[i : i + 2][::-1] + word[i + 2 :]
        for letter in "abcdefghijlmnopqrstuvxz" if len(word) > 5 else "":
            yield word[:i] + letter + word[i + 1 :]
    for i in range(len(word) + 1):
        for letter in "abcdefghijlmnopqrstuvxz":
            yield word[:i] + letter + word[i:]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


# --- sentences ---------------------------------------------------------------------------
#
# A clause is read as a row of letters, one for each word that matters, and what it asks for is a pattern of letters:
# "parem de me mandar mensagem" is "EDPSM": an end of (E) ... sending (S) ... messages (M). Articles have no letter.

_LETTERS = {
    # no: it turns round what follows
    "N": "nao no nunca jamais jamas never not nem ni tampoco",
    "Y": "porque why when quando cuando",
    # an end, demanded or wished
    "E": "par(ar|e|em|en|ad|arem|ando) cort(ala|enla|ela) stop(ping)? cease quit ces(ar|en) stahp",
    "J": r"dej(ar|e|en|es|ad|a) deix(ar|e|em|a) desist\w+",  # leaves off only where it is "deixem de"
    "K": r"""encerr(ar|e|em|a) interromp(er|a|am) suspend(er|a|am|an)? can[cs]el(ar|a|e|em|en|ad|o)? bloque(ar|i?[ae]|i?em|en)
        block silenci(ar|e|em|a) des(at|act)iv(ar|e|em|en|a) desabilit(ar|e|em|a) detener detengan
        finaliz(ar|e|em|en) cort(ar|en|em|e) discontinue anul(ar|e|en|ad|a) cancelamento cancelacion""",
    "Q": "param paran dejan deixam cansam? cansan?",  # "they don't stop": a complaint
    "B": "chega basta enough cansei cansad[oa] hart[oa] tired sick demasiad[oa]s?",  # that is enough
    "F": "fim fin end [bv]aja",
    # taking somebody out of a list
    "R": r"""tir(ar|e|em|a|arem) retir(ar|e|em|en|a) remov(er|a|e|am) remuev(e|a|an) exclu(ir|a|i|am|irem) apag(ar|ue|uem|a)
        delet(ar|e|em|a) erase borr(ar|e|en|a|ad) elimin(ar|e|em|en|a|ad) quit(ar|en|a|ad) saquen? sac(ar|a|ad) take
        scratch risc(ar|a|em) drop exclusao retirada remocao eliminacion removal deletion desvincul\w+ descart\w+""",
    "U": r"""descadastr(?!aram|ou|ei|amos)\w+ descadrast\w+ desinscr\w+ desuscri\w+ desubscri\w+ unsub unsubscribe unsubscribing unsuscrib\w*
        unsubcribe optout""",
    # sending and disturbing, demanded or wished: no past tense
    "S": r"""mand(ar|em|e|a|ando|arem|assem|en|es|eis|ad|aran) envi(ar|em|e|a|ando|arem|assem|en|es|eis|ad|aran)
        escrev(er|am|a|e|endo|erem) escrib(ir|an|as|ais|e) contat(ar|em|e|a|arem) contact(ar|en|es|e|ing)? send(ing)?
        texting messaging message text spam(ming|ear|mear)? emailing calling call lig(ar|uem|ue|arem) llam(ar|en|es|e)
        perturb\w+ incomod\w+ ench(er|am|a|e|endo) molest\w+ jod(er|an|as) fastidi\w+ bother(ing)? bug(ging)?
        harass\w* bombarde\w+ encaminh(ar|em|e) chatear disturb insist(ir|a|am|an) bombard\w* cham(ar|em|e|a|ando) avis(ar|en|em|e) write writing""",
    "M": r"""mensage\w+ mensaje\w* messages texts sms torpedos? whats\w* zap notific\w+ alert\w* avisos? promo\w* ofertas?
        offers? propagandas? publicidad\w* comunic\w+ e?mails? correos? marketing ads anuncios? newsletters? cupons coupons cupones informac\w+ information
        novidades inscric\w+ inscripc\w+ suscripc\w+ subscription recebimento""",
    "I": "contato contacto",
    "T": "envios?",
    "L": r"""numero telefone telefono fone celular dados datos number phone sistema data info nr""",
    "X": "lists? listas? grupo group cadastro base mailing transmissao",
    "H": "daqui dai dali disso disto isso isto dessa desse esto eso aqui ahi aca alli here this these it fora fuera",
    "O": "off out",
    # wishing, agreeing, bearing
    "W": r"""quero queria quer desejo gostaria preciso? pretendo aceito autoriz\w+ permito quiero quisiera deseo want wanna wish
        like need care consent aguent\w+ aguant\w+ suport\w+ soport\w+ precisa\w* necesit\w+ tolero tengo tenho""",
    "G": "receber recibir receive get getting receiving hear saber lleguen? cheguem? llegar ouvir chegar chegando",
    "A": r"mais mas again anymore more nada anything nothing ever any longer further jamas else tant[oa]s? vuelv[ae]\w* voltem? volver torn(em|ar) sigan sigas sigais seguir continu(ar|em) keep(ing)?",
    "P": "me nos us mim",
    "V": "voces voce ustedes vosotros usted you loja tienda empresa",
    "D": "de da do das dos con com of from with dess[ae]s? dest[ae]s? por sobre",
    "Z": "sair saio salir salgo salirme",
    # what else can be ended, cancelled or taken off
    "C": r"""pedidos? orders? compras? purchases? ite(m|ns|ms) produtos? productos? products? entregas? delivery carrinho carrito cart
        cita consulta reserva booking appointment troca devoluc\w+ cart[ao]o card conta cuenta account box clube club
        pacote paquete linea linha internet servicio servico plano plan gimnasio academia membresia matricula seguro revista magazine jornal newspaper package factura boleto comprovante recibo receipt gift""",
}
_DROPPED = _listed(
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
_SPOKEN = (  # words that mean something only together
    (re.compile(r"^((?:\w+ )?)(?:para|pra|par) (?=(?:de|com) )"), r"\1parem "),
    (
        re.compile(
            r"\b(?:para|pra) (?=de (?:me |nos )?(?:mand|envi|escrev|ench|perturb|incomod|lig|cham)\w*)"
        ),
        "parem ",
    ),
    (re.compile(r"\balto a (?=los|las|estos|sus|tus)"), "paren "),
    (re.compile(r"\bpor que\b"), "porque"),
    (re.compile(r"\b(?:hace falta|faz falta)\b"), "necesito"),
    (
        re.compile(r"\bopt(?:ing)?(?: me)? out\b(?! of (?!this|these|all|your|mensagem|text|sms|messages))"),
        "optout",
    ),
    (
        re.compile(
            r"\b(?:dar(?:me|se|nos)?|dame|dadme|denme|deme|den|doy|solicito|pido|tramit\w+)(?: me)? (?:de |la )*baja\b"
        ),
        "optout",
    ),
    (re.compile(r"\bdo me\b"), "me"),
    (re.compile(r"\b(?:do|da|de) (?=meu|minha)"), ""),
)
_NOT_BEFORE = r"(?<!N)(?<!N.)(?<!N..)"
_SILENCE = _any(
    rf"{_NOT_BEFORE}(?:E|JD)[^CNY]{{0,4}}(?:S|[IM](?!C))|{_NOT_BEFORE}K(?:[^CNYx]|xD){{0,4}}(?:S|[IM](?!C))",  # stop sending, cancel messages
    rf"{_NOT_BEFORE}(?:E|JD|KD)P?D?G",  # stop receiving
    rf"{_NOT_BEFORE}K(?:[^CNY]{{0,2}}[LX]|T$)|(?:PK|KP|KV)$|^FM|NQ.?P?S",  # block my number
    rf"{_NOT_BEFORE}B[AVxH]?D[^CN]{{0,2}}[MGS]",  # enough of messages
    rf"{_NOT_BEFORE}R[^CN]{{0,3}}[LIX]",  # remove my number
    rf"{_NOT_BEFORE}(?:PR|RP)(?:$|D?H|D[^C]{{0,2}}[LX])",  # take me out of it
    rf"{_NOT_BEFORE}R[^CN]{{0,2}}O(?:H?$|[^CN]{{0,3}}[LXM])",  # take me off
    rf"{_NOT_BEFORE}U(?![^N]{{0,3}}C)",
    rf"{_NOT_BEFORE}Z(?:D?[^CN]?X|D?H)",  # leave the list
    r"N[AV]*W[APVDHT]{0,3}(?:G[AH]*(?:$|D?[^C]?[MV]|DA?[MV])|[MI]|S[APM]|S$|DV|AD?V)",  # I don't want messages
    r"NA*WAP?S|NP?A+S|NA*W[^CEKRUZY]{0,3}X",
    r"N[APVW]*S[PH]?(?:$|N?A|D?V|[^CxN]?M|PL|HL)",  # don't send me any more
    r"N[AV]*P?G[AH]*(?:D?[MI]|$)",  # not to receive
    r"N[A]+M(?!C)",  # no more messages
)
_NO_MORE = re.compile(r"N[AV]*WA+$")  # unless something that was bought is spoken of
_BRIEFLY = re.compile(r"^(?:[PV]?NA*W[AH]*|RH)$")  # where nothing else is said
_PHRASES = {
    Meaning.STOP: _any(
        # rightly and formally
        r"\b(?:revog|retir|withdraw|revok|revoc|anul)\w* (?:o |a |el |la |mi |my |meu |minha |todo |all )*(?:consent|autoriz|permis)\w*",
        r"\b(?:never|not) sign(?:ed)? up|\b(?:nao|no) autoriz\w+|\bnao (?:me cadastrei|me inscrevi|solicitei|dei autorizacao)|\bno me (?:suscribi|inscribi)",
        r"\b(?:nao|no) (?:me )?interes\w+(?: mais| mas)?$|\binteres\w+ (?:em|en|in) (?:receb|recib|receiv)|\bnao (?:tenho|ha|tem) (?:mais )?interesse$|\bnot int\w*rested\b(?! in)",
        r"\b(?:numero|persona|pessoa) (?:errad[oa]|equivocad[oa])$|\bwrong (?:number|person)\b",
        # said before
        r"\b(?:pedi|mandei|disse|falei|digitei|respondi|dije|asked|told|said|wrote)\b.{0,25}\b(?:parar|parem|sair|cancelar|stop|pararem|paren|baja|tirarem|remover|(?:nao|no) (?:quero|quiero)(?: mais| mas| receber| recibir)*)(?: \w+ (?:vezes|veces|times)| twice| ontem| yesterday)?$",
        r"\b(?:pedi|falei|disse|dije|asked|told|mandei)\b.{0,25}\b(?:sair|parar|parem|pararem|stop|paren|tirarem)\b|\bmandei (?:sair|parar|stop|cancelar)\b|\bquer\w+ (?:dar )?(?:um )?stop\b|\bquero silencio\b|\bblock\w* you\b|(?:\bn[oa] |\bao )?\b(?:procon|anatel)\b.*\bse\b",
        r"\bget (?:me )?off (?:this|your|the|it|that)|\b(?:pode|podem|poderia|poderiam|puede|pueden|podrian) parar$",
        # angrily
        r"\b(?:se|si|if) .*(?:continua\w*|siguen?|seguir\w*|keep|one more|again)\b.*(?:mand\w+|envi\w+|denunci\w+|process\w+|report\w*)|\bif you text\b|\b(?:se|si|if)\b.*\b(?:mand|envi|escri|vuelv|volt|send|text)\w*.*\b(?:bloque|denunci|process|report)\w*|\b(?:bloque|denunci|report)\w*\b.*\b(?:se|si|if)\b.*\b(?:mand|envi|escri|vuelv|volt|send|text)\w*|\btext me one more\b",
        r"\b(?:denunci|process|report)\w*\b.*\b(?:spam|procon|anatel|mensage\w+|sms|text\w*)\b",
        r"\b(?:isso|isto|esto|eso|this|it|its|thats) ?(?:e|es|is|eh)? (?:um |puro |so |all )?(?:spam|harassment|assedio|acoso)\b",
        r"\b(?:deix|dej|leave|let)\w*(?: ?me| us| a gente| nos| eu)? (?:em paz|en paz|tranquil\w+|alone|the (?:hell|fuck) alone|be$)",
        r"\bme (?:deix|dej)\w+ (?:em|en) paz|\bme (?:esquec\w+|erra|erre|olvid\w+)$|\bolvid\w*me\b|\bforget (?:about )?me\b|\besque[cç]\w+ que eu existo",
        r"\bsom(?:e|am|em) (?:da minha|daqui)|\bsai (?:fora|do meu pe)|\blargu?[ae]m? do meu pe\b|^(?:e?stou |to )?fora$",
        r"\b(?:fuck|piss|screw|bugger|f) (?:off|you)\b|^(?:parem|para|pare) com (?:isso|isto)\b(?! k)|\bgo (?:away|to hell)\b|\bget lost\b|\bv(?:ai|ao) (?:se|te|tomar|a merda|pro inferno|a pqp)\b|\bvtnc\b|\bvsf\b|\bv(?:ete|ayan|ayanse) (?:a la|al) ",
        r"\b(?:aguent|aguant|suport|soport)\w+ (?:mais|mas)\b.*(?:mensage\w+|sms|propaganda|receber|recibir|voces)",
        r"\blose (?:my|this) number\b|\bcease and desist\b|\bnao perturbe\b|\bi(?:m| am) (?:out|done)$",
        r"\b(?:me tienen|estou|estoy|toy|ando) (?:hart|cansad|cheia|cheio)\w* .*(?:mensage|mensaje|sms|spam|public|propag)\w*",
        r"\bnada (?:de|com) (?:voces|ustedes)$|\bsaber (?:mais )?(?:nada )?de (?:voces|ustedes)$",
        r"^(?:pare|stop|unsubscribe|baja|sair|descadastrar|optout|chega|no mas|nao mais|no more|remov(?:er|am|a)|tir(?:em|ar)|exclu(?:ir|am|a)|delete)$|\b(?:parem|paren)$|\b(?<!bus )(?<!pit )(?<!non )(?<!door )(?<!next )(?<!full )(?<!the )(?<!a )stop$",
    ),
    Meaning.START: _any(
        r"\b(?:quero|queria|gostaria de|aceito|desejo|quiero|quisiera|acepto|deseo|want to|like to|can i) (?:sim )?(?:voltar a |volver a |again )?(?:receber|recibir|receive|get|receiving)(?: sim| de nov[oa]| de nuevo| again| novamente| otra vez)*(?:$| (?:de |da |as |os |las |los |sus |your |the |suas |a |more |mais |mas )*(?:mensage\w+|mensaje\w*|messages|texts?|sms|promo\w*|ofertas?|offers?|novidades|noticias|news|updates|cupons|cupones|coupons|avisos)\b)",
        r"\b(?:voltar?|voltem|volver|vuelvan|vuelve|volved|keep|start|resume|continu\w+|sigan)(?: a)? (?:me )?(?:mand|envi|send|text|messag|escrev|escrib)\w*",
        r"\b(?:me )?(?:coloc\w+|coloqu\w+|bota\w*|poe|ponha|adicion\w+|inclu\w+|inscrev\w+|cadastr\w+|add|put|sign|pon|pongan\w*|ponme|agreg\w+|anot\w+|suscrib\w+)(?: me| nos)? (?:de volta |back |again |up |on |in |de nuevo |de novo |na |no |en |to |a |la |the |your |sua )*(?:lista|list|grupo|volta|back|up|again|novo|nuevo|cadastro)\b",
        r"\bsign me (?:back )?up\b|\b(?:re)?subscribe me\b|\bsubscribe(?: again)?$|\bopt(?: me)? ?(?:back )?in\b|\bjoin (?:the|your) list\b",
        r"\bquero (?:me (?:inscrever|cadastrar|reinscrever)|entrar (?:na|no|pra|para a?))|\bme inscrev\w+\b|\b(?:anotar|apuntar|cadastrar|inscrever|incluir|adicionar|suscribir)\w* (?:de novo|de nuevo|otra vez|novamente|again)|\bme (?:re)?cadastr[ae]$",
        r"\b(?:re)?(?:ativ|activ)\w+ (?:de nov[oa] |de nuevo )?(?:as |os |los |las |minhas |mis |my |meus )*(?:mensage\w+|mensaje\w*|messages|texts|sms|avisos|promo\w*|ofertas)",
        r"\b(?:dar|dame|darme|denme|dadme|quiero(?: el)?) (?:de )?alta\b|\bquiero (?:volver$|suscribir)|\bvolta\w* a receber$|\bget me back on\b|\bquero voltar$",
    ),
    Meaning.HELP: _any(
        r"\b(?:preciso|necesito|need|quero|quiero|want|gostaria|queria)(?: \w+)? (?:de |some )?(?:ajuda|ayuda|help)(?: aqui| aca| here| con esto| with this| com isso)?$",
        r"\b(?:alguem|alguien|somebody|someone|anyone|voces|voce|you|pode\w*|podr\w+|puede\w*|can)\b.*\b(?:ajudar|ajuda|ajudinha|ayudar(?:me)?|ayudita|help)(?: me| us)?$",
        r"\b(?:preciso|necesito|need|quero|quiero|want|gostaria de|queria|send|dame)(?: de)? (?:mais|mas|more|some)? ?(?:info|informac\w+|information|detalhes|detalles|details)$",
        r"^(?:me ajud\w+(?: \w+){0,2}|ayud[ae]n?me|help me)$",
    ),
}
_TURNED = re.compile(r"\b(?:nao|no|not|nunca|never|jamais)(?: \w+){0,3}$|\b(?:porque|why)\b")


def _says(clause: str, found: Meaning) -> bool:
    """Whether a clause says so in a phrase that nothing before it turns round."""
    return any(
        not _TURNED.search(clause[: match.start()].rstrip()) for match in _PHRASES[found].finditer(clause)
    )


def _enough(clauses: Sequence[str]) -> bool:
    """Whether these clauses, as letters, ask for an end of it. "Não quero mais" may be about what was bought."""
    if any(_SILENCE.search(clause) for clause in clauses if "Y" not in clause):
        return True
    if len(clauses) == 1 and _BRIEFLY.search(clauses[0]):
        return True
    return not any("C" in clause for clause in clauses) and any(map(_NO_MORE.search, clauses))


def _letters(clause: str) -> str:
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
