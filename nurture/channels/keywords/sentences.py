"""Sentences that ask for silence, whatever words they choose.

A clause is read as a row of letters, one for each word that matters: an end (E), of (D), me (P), sending (S), messages
(M). "Parem de me mandar mensagem" is EDPSM, "stop sending messages" is ESM. `_LETTERS` says which words are which letter;
of several the first counts. Articles have none, "sáquenme" has two (RP), and any other word is an x.

What is asked for is then a pattern of letters: an end of sending with up to four words between, none of them a no (N),
a why (Y) or something that was bought (C), is `E[^CNY&]{0,4}S`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from nurture.channels.keywords.whole import listed


def ask_for_silence(clauses: Sequence[str]) -> bool:
    """Whether these clauses ask for an end of it. "Não quero mais" may be about what was bought."""
    rows = [_row(clause) for clause in clauses]
    if any(map(_asks, rows)):
        return True
    if len(rows) == 1 and _BRIEFLY.search(rows[0]):
        return True
    if any("L" in row for row in rows) and any(map(_TAKE_IT_OUT.search, rows)):
        return True
    return not any("C" in row for row in rows) and any(map(_NO_MORE.search, rows))


def _asks(row: str) -> bool:
    """Whether a row asks for silence. It may say why behind that; what stands behind a "why" is no wish."""
    if "Y" in row or row.endswith("y"):
        return False
    asked = _SILENCE.search(row)
    return asked is not None and "y" not in row[: asked.end()]


def _row(clause: str) -> str:
    """The clause as letters, one for each word that matters; x: some other."""
    for spoken, means in _SPOKEN:
        clause = spoken.sub(means, clause)
    row = "".join(_letter(word) for word in clause.split() if word not in _DROPPED)
    row = row.rstrip("&")
    if len(row) > 1 and row[-1] == "N":  # "manda mais não": the no at the end stands for one before
        return row[:-1] if "N" in row[:-1] else f"N{row[:-1]}"
    return row


@lru_cache(maxsize=8192)
def _letter(word: str) -> str:
    for letter, words in _ONE_LETTER:
        if words.fullmatch(word):
            return letter
    if (match := _WITH_ME.fullmatch(word)) and (stem := _letter(match[1])) in "ERSJK":
        return stem + "P"
    if (match := _WITH_IT.fullmatch(word)) and _letter(match[1]) == "R":
        return "RH"
    return "x"


# --- words ---------------------------------------------------------------------------------

_LETTERS = {
    # and
    "&": "e y and",
    # no: it turns round what follows
    "N": "nao no nunca jamais jamas never not nem ni tampoco",
    # why, when: what follows is a question or a reason
    "Y": "why when quando cuando what which",
    # why, because: what stands before it may be asked for
    "y": "porque",
    # an end, demanded or wished
    "E": r"""
        par(ar|are|e|em|en|ad|arem|ando|es|eis|emos|arse|assem|asse|ase|asen|aran|enle|ale)
        baj(enle|ale)
        aflojen(le)? afloja cort(ala|enla|ela) stop(ping)? cease quit ces~ar cess~ar
        """,
    # leaves off: an end only where it is "deixem de"
    "J": r"dej~ar dejo deix~ar deixo desist~ir refrain abst\w+",
    # an end of something that has to be named: "cancelem as mensagens"
    "K": r"""
        encerr~ar interromp~er suspend~er suspenda can[cs]el~ar cancell? cancelo bloque~ar
        bloquei(e|em|a) block silenci~ar des(at|act)iv~ar desabilit~ar deshabilit~ar inabilit~ar
        detener detengan? deteng[ao] finaliz~ar cort~ar suspend interrupt discontinue anul~ar
        cancelamento cancelacion deslig~ar desconect~ar mute mutar blacklist disable deactivate
        terminate halt acabem acaben termine[mn] terminar paus~ar paralis~ar fren~ar
        """,
    # "they don't stop": a complaint
    "Q": "param paran dejan deixam cansam? cansan?",
    # that is enough
    "B": r"""
        chega basta enough cansei cansad[oa] hart[oae] tired sick demasiad[oa]s? cheio cheia farto
        farta fed canse cansaron hartaron harte aburrieron
        """,
    # the end
    "F": "fim fin end [bv]aja",
    # taking somebody out of a list
    "R": r"""
        tir~ar retir~ar remov~er remuev(e|a|an) exclu~ir exclui excluid[oa]s? apag~ar delet~ar erase
        borr~ar elimin~ar quit~ar saquen? saque(n|s|is)? sac~ar risc~ar exclusao retirada remocao
        eliminacion removal deletion removing deleting erasing (borr|elimin|quit|sac)an borrais
        desvincul\w+ descart\w+ (apagad|borrad|eliminad|removid|deletad|retirad|quitad|tirad)[oa]s?
        (delet|remov|eras)ed suprim~ir suprimid[oa]s? desassoci\w+ limp~ar expuls~ar baixa supresion
        taken unlist withdraw
        """,
    # unsubscribing, in one word
    "U": r"""
        descadastr(?!aram|ou|ei|amos)\w+ descadrast\w+ desinscr\w+ des?uscri\w+ des+ubs?cri\w+ unsub
        unsubscribe unsubscribing unsu[bs]{0,2}cr?i[bp]\w* unsubcribe optout desincri\w+ desinscir\w+
        deregister unregister unenroll? delist desafili~ar desapunt\w+ desapunt~ar desapuntadme
        desregistr~ar unfollow
        """,
    # sending and disturbing, demanded or wished: no past tense
    "S": r"""
        mand~ar envi~ar escrev~er escrib~ir contat~ar contact~ar contact(ing)? send(ing)? texting
        messaging message text spam(ming|ear|mear)? spamear emailing perturb\w+ incomod\w+ ench~er
        molest\w+ jod~er fastidi\w+ bother(ing)? bug(ging)? harass\w* bombarde\w+ encaminh~ar chate~ar
        disturb(ing)? insist~ir bombard\w* cham~ar avis~ar write writing dispar~ar repass~ar remet~er
        import?un~ar atorment~ar aborrec~er aborrezcan spamm~ar spamee?(n|s|is)? entup~ir lot~ar
        abarrot~ar procur(e|em) busqu?(en|es|e) adicion(e|em) amol~ar aporrinh~ar romp~er hinch~ar
        acos~ar mensaje~ar textear whatsappear whatsapear chingu?~ar satur~ar hostig~ar pester(ing)?
        annoy(ing)? hound(ing)? blasting pinging notify(ing)? notifi(car|quen|quem) trouble troubling
        bothrin azucrin~ar torr~ar habl(en|es|eis) ench(endo|ham) pertub~ar pertube\w* contate\w*
        mail(ing)? whatsapping irritat\w+ irrit~ar
        """,
    # calling, which isn't sending
    "c": "call(ing)? lig~ar llam~ar phoning ring(ing)?",
    # messages, and what they are sent for
    "M": r"""
        mens?ag\w+ mensaje\w* message[sz] texts sms torpedos? whatsapp\w* zap notific\w+ alert\w*
        avisos? promo\w* ofertas? offers? propagandas? publicidad\w* comunic\w+ communic\w+
        correspondence e?mails? correos? marketing ads anuncios? newsletters? cupons coupons cupones
        informac\w+ information conteudos? contenidos? contents? novidades inscric\w+ inscripc\w+ suscripc\w+ subscri(ption|coes)
        recebimento publis? reclames? descontos deals discounts notices? reminders? lembretes
        recordatorios telemarketing spams? info boletin(es|s)? boletim advertis\w+ mamadas pendejadas
        tonterias boludeces chingaderas? mierdas? shit crap bullshit besteiras? lixo basura garbage
        junk coisas? cosas? stuff noticias? recados bobagens porcarias? porqueria\w* palhacada
        perturbacao chatice assedio acoso nonsense rubbish bs
        """,
    # contact
    "I": "contato contacto contatos contactos",
    # sending, as a noun
    "T": "envios? disparos?",
    # my number, my data
    "L": r"""
        numero numeros telefone telefono celular dados datos number numbers phone sistema system data
        nr nome nombre name details cpf fone mobile cell
        """,
    # a list
    "X": r"""
        lists? listas? grupos? group cadastros? base mailing transmissao difusion broadcast(ing)?
        databas[ae] directory registros? agenda program(a|as)?
        """,
    # from here; this
    "H": r"""
        daqui dai dali disso disto isso isto dessa desse esto eso aqui ahi aca alli here this these it
        fora fuera disto dela
        """,
    # off
    "O": "off out",
    # wishing, agreeing, bearing
    "W": r"""
        quero queria quer queremos desejo desejamos gostaria pretendo aceito autoriz\w+ permito quiero
        quisiera deseo want wanna wish like care consent aguent\w+ aguant\w+ suport\w+ soport\w+
        concordo concordei concuerdo acepto acept\w+ curto tolero interes\w* interested prefiro
        prefiero prefer quieren gosto gusta gustan appreciate consiento consinto apetece ganas vontade
        looking
        """,
    # asking
    "q": "exijo demand solicito request peco pido ruego",
    # needing
    "u": r"preciso? precis(a|am|amos) necesit\w+ need",
    # receiving
    "G": r"""
        receber recibir receive get getting receiving hear hearing saber lleguen? cheguem? llegar
        ouvir chegar chegando llegando texted emailed recebendo recibiendo reciba recib~ir receb~er
        leer ler llegue oir escuchar contacted messaged bothered spammed disturbed annoyed
        (incomod|perturb|molest|contact|contat|notific|avis)ad[oa]s?
        """,
    # more, again, anything
    "A": r"""
        mais mas again anymore more nada anything nothing ever any longer further jamas else
        tant[oa]s? vuelv[ae]\w* voltem? volver torn(em|ar) sigan sigas sigais seguir continu(ar|em)
        keep(ing)? nenhum\w* ningun\w* novamente forever permanently completely definitivamente
        """,
    # all of it
    "t": "tudo everything tod[oa]s?",
    # can you, could you
    "w": r"""
        pode podem podes poderia poderiam podria podrian podrias puede pueden puedes podeis can could
        would will
        """,
    # me, us
    "P": "me nos us mim myself mi conmigo comigo",
    # you
    "V": "voces voce ustedes vosotros usted you loja tienda empresa",
    # of, from, by
    "D": "de da do das dos del con com of from with by dess[ae]s? dest[ae]s? por sobre",
    # leaving
    "Z": "sair saio salir salgo salirme saia saiam salgan? salganse",
    # what else can be ended, cancelled or taken off
    "C": r"""
        pedidos? orders? compras? purchases? ite(m|ns|ms) produtos? productos? products? entregas?
        delivery carrinho carrito cart citas? consultas? reservas? booking appointment troca
        devoluc\w+ cart[ao]o card conta cuenta account box clube? club pacote paquete linea linha
        internet servicio servico plano plan gimnasio academia membresia membership matricula seguro
        revista magazine jornal newspaper package factura boleto comprovante recibo receipt gift turno
        mesa visita agendamento horario assinatura tarjeta reservation ticket fatura cursos? course
        class clase turma aula evento event app
        """,
}
# how verbs end that are demanded or wished, in Portuguese and Spanish; never in a past tense
_ENDINGS = {
    "ar": (
        "ar are arem ares armos aran ad a ando asse assem asses as ase asen ases aseis arais",
        "e em en es eis emos",
    ),
    "er": ("er erem a am an as amos e es endo esse essem esses iera ieran ieras iese iesen", ""),
    "ir": ("ir irem a am an as amos ais e es indo iendo isse issem iera ieran ieras iese iesen", ""),
}
_SOFTLY = {"c": "qu", "g": "gu", "z": "c"}  # "apagar", "apaguem"
# articles and other words without a letter
_DROPPED = listed(
    """
    o; a; os; as; um; uma; uns; umas; el; la; los; las; un; una; unos; unas; lo; the; an; your; ur; su;
    sus; sua; suas; seu; seus; meu; minha; meus; minhas; my; mi; mis; essa; esse; essas; esses; esta;
    este; estas; estes; esas; esos; esa; ese; estos; those; that; all; to; ser; be; being; que; ver; ter;
    eu; yo; i; se; do; am; im; is; are; really; just; so; mesmo; please; ficar; estar; querer; tipo;
    tipos; tambem; too; em; en; in; te; lhe; le; les; ai; then; seja; sejam; sea; sean; vuestras;
    vuestros; vuestra; tus; tu; logo; estou; estoy; tou; estamos; relacao; future; upcoming; fucking;
    stupid; malditas; malditos; aquelas; aqueles; ill; id; ive; dare; them; would; esten; esteis; estejam;
    fiquem; anden; personal; pessoais; personales; only; simply; even; porra; any; favor
    """
)


def _verb(word: str) -> str:
    """The forms of a verb that is written "mand~ar"; another word as it is."""
    stem, found, kind = word.partition("~")
    if not found:
        return word
    hard, soft = (ending.replace(" ", "|") for ending in _ENDINGS[kind])
    softly = f"{stem[:-1]}{_SOFTLY.get(stem[-1], stem[-1])}"
    return f"{stem}(?:{hard})|{softly}(?:{soft})" if soft else f"{stem}(?:{hard})"


_ONE_LETTER = [
    (letter, re.compile(rf"(?:{'|'.join(map(_verb, words.split()))})")) for letter, words in _LETTERS.items()
]
_WITH_ME = re.compile(r"(\w{3,}?)(?:me|nos)")  # "sáquenme": one word in Spanish
_WITH_IT = re.compile(r"(\w{3,}?)l[oa]s?")  # "bórrenlo"
# words that mean something only together, and what they mean
_TOGETHER = (
    # "para de": an end, where it isn't "for"
    (
        r"^((?:\w+ ){0,3})(?:para|pra|par) (?=(?:de|com|con (?:los|las|el|la|esto|eso|tus|sus|tanto)) )",
        r"\1parem ",
    ),
    (r"\b(?:para|pra) (?=de (?:me |nos )?(?:mand|envi|escrev|ench|perturb|incomod|lig|cham)\w*)", "parem "),
    (r"\balto (?:a|con) (?=los|las|la|el|todo|estos?|sus|tus|eso)", "paren "),
    # "quería que no me mandara": a wish, where "mandará" tells what will be
    (
        r"\b(queria|quisiera|gustaria|gostaria|gostava|agradeceri\w+|pedi\w*|pido|preferi\w+|prefiero)"
        r" que ((?:\w+ ){0,4}?\w{2,})aras?\b",
        r"\1 que \2ar",
    ),
    # nothing of that, without that
    (
        r"^(?:mais |mas |e )?(?:nada|zero|cero|nem vem|corta|fim|fin|enough|alto|ni un[oa]?) (?:de|com|con|of|with|mais) (?!voce|usted)",
        "chega de ",
    ),
    (
        r"^(?:sem|sin|without) (?:(?:mais|mas|tant[oa]s?) )?(?=mens|sms|promo|public|propag|ofert|whats|ligac|spam|alert|avis|notif)",
        "nao mais ",
    ),
    (r"\bno longer\b", "not more"),
    (r"\b(?:stay|keep) (?:away )?from (?=text|messag|send|contact|call)", "stop "),
    (r"\b(?:do|say) no\b", "no"),
    # switch off
    (
        r"\b(?:turn|switch|shut) (?:(?:the|these|those|this|all|your|my) )*(?:texts|messages|notifications|alerts|sms|promo\w*|ads) off\b",
        "disable messages",
    ),
    (
        r"\b(?:turn|switch|shut) off(?: (?:the|these|those|this|all|your|my))* (?=texts|messages|notif|alerts|sms|promo|ads)",
        "disable ",
    ),
    (
        r"^(?:please |how do i |how to |how can i |can you |can i )?(?:turn|switch|shut) (?:(?:this|these|it|them|all)(?: \w+)? off|off)(?: (?:this|these|it|them))?$",
        "disable messages",
    ),
    (r"\bsign me off\b", "remove me"),
    # what was or wasn't so is no wish
    (r"\b(?:does|did|has|had|could|was|were) not\b(?! (?:ask|mean|want))", "x"),
    (r"\b(?:am|are|is|be) not (?=receiv|gett|hear)", "x "),
    (r"\bnot get (?:it|that|in|to|into|an?|much|my|enough)\b", "not understand"),
    (r"\b(?:your|tu) (?=name|nome|nombre|number|numero)", "x "),
    (r"^quite$", "x"),
    (r"\b(?:wipe|drop|strike|cross|kick|scratch|scrub|purge) (?=me|us|my|this number|number)", "remove "),
    (r"\breach(?:ing)? out\b", "contacting"),
    # my e-mail, my WhatsApp: where I am reached, not what is sent
    (r"\be mails?\b", "email"),
    (r"\b(?:my|meu|mi|this) (?:no|nao)\b", "numero"),
    (r"\b(?:this|that|my|the) contact\b", "numero"),
    (
        r"\bget (?:rid of (?=my|this number|me)|(?=(?:my|our|this) (?:number|name|phone|cell|info|numero) (?:off|out of|removed)))",
        "remove ",
    ),
    (
        r"\btake (?=(?:me|us|my|our|this|these|that|the|number)(?: \w+){0,2} (?:off|out)|(?:off|out) (?:my|me|us|this number|number|list))",
        "remove ",
    ),
    (r"\btake (?=this off|these off)", "remove "),
    # whoever does marketing has a list
    (
        r"\b(?:from|off|out of|d[oa]) (?:(?:all|any|your|the) )*(?:tele)?marketing(?: (?:texts|messages|sms))?$",
        "from list",
    ),
    (r"\bput (?:a |an )?(?:stop|end) to\b", "stop"),
    (r"\b(?:tenho|tengo|temos|tenemos|have|tem) (?=(?:mais |mas |any |more )*interes)", "quero "),
    (r"\bno (?:mames|mamen|manches|manchen|inventes|inventen)\b", ""),
    (r"\b(?:ela|ele|eles|her|him|them) (?=dai|daqui|d[ae]ssa|da lista|off|from)", "me "),
    (r"\b(?:esse|este|ese|this) (?:servico|servicio|service)\b", "messages"),
    (r"\b(tir\w+|remov\w+|exclu\w+|apag\w+|bloque\w+) (?:eu|nois|a gente)\b", r"\1 me"),
    (r"\bget (?:this|these|it|my (?:name|number)) (?=off|out)", "remove me "),
    (r"\bfaco questao de\b", "quero"),
    (r"\b(?:e|era) (?:pra|para) (?=me |nos |mand|envi|receb)", ""),
    (
        r"\b(?:entr\w+|pong\w+se|ponerse|get|stay|be)(?: (?:mais|mas))? (?:em |en |in )?(?:contato|contacto|touch|contact)\b",
        "contate",
    ),
    (
        r"\b(?:nao|no|not) (?:precisa|precisam|necesita|necesitan|need)\w*(?: to)?(?: me)? (?:lig|llam|call)\w*",
        "x",
    ),
    (r"\bbaj(?:a|e|en|an|ad)me\b|\bme baj(?:a|an|as|e|en)\b(?= de)", "sacame"),
    (r"\bacab(?:a|em|en|ar|e) com\b", "parem com"),
    (r"\bir(?:me|nos)? de (?=esta|la|este|aqui|aca)", "salir de "),
    # "I can't get off the list": no refusal to leave
    (
        r"\b(?:nao|no|not) (?:consigo|sei como|se como|puedo|logro|know how to|able to)(?: me)?"
        r" (?=sair|salir|desinscr|descadastr|desuscr|unsubscri|optout|opt|dar|get off|parar de receb|me|cancelar (?:o envio|as|mens|essas))",
        "quero ",
    ),
    (r"\bcan not (?=unsubscri|opt|get off|get out)", "want "),
    (r"\b(?:pra|para) (?:sempre|siempre)\b", "forever"),
    (r"\b(no|do|pelo|pro|ao|meu|mi|por) whats\b", r"\1 whatsapp"),
    (
        r"\b(?:meu|mi|my|este|esse|this) (?:e ?mail|zap|whatsapp|wpp|correo|contato|contacto|info|fone|cel)\b",
        "numero",
    ),
    # a service of messages is messages
    (
        r"\b(?:clube?|assinatura|servico|servicio|service|plano?)(?: de| das?| dos| del?| of| for)*"
        r" (?=mens|sms|ofert|promo|notif|public|descont|avis|alert|mail|mess|news|text|offers|whats)",
        "lista de ",
    ),
    (
        r"\b(?:text|sms|message|messaging|texting|messages) (?:service|club|plan|program|alerts?|subscription|list)\b",
        "messages",
    ),
    (
        r"\b(?:dar|deem|dao|deram|solicito) baixa\b(?! (?:no|do|em) (?:boleto|pedido|pagamento|conta|nota|titulo|fatura))",
        "optout",
    ),
    (r"\bda baixa (?=n[oa]|d[oa] (?:meu|minha))", "optout "),
    (r"\bpor que\b", "porque"),
    (r"\bno (?=meu|minha|numero|sistema|cadastro|meio|celular|telefone|dia|site|app|final|momento)", ""),
    (r"\b(?:hace falta|faz falta)\b", "necesito"),
    # opting out of our messages, and not of something else
    (r"\bopt(?:ing|ed)?(?: me)? out\b(?! of (?!this|these|all|your|mensagem|text|sms|messages))", "optout"),
    (
        r"\b(?:dar(?:me|se|nos)?|dame|dadme|denme|deme|deis|des|den|dan|dais|das|date|diera|dieran|dieras|doy|solicito|pido|quiero|quisiera|deseo|tramit\w+|necesito|procedan a)"
        r"(?: me| nos| mi| con)* (?:de |la |mi )*baja\b(?! (?:de )?(?:calidad|precio|talla|luz|internet|gym|gimnasio))",
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
    r"(?:E|JP?D)[^CNY&]{0,4}(?:S|c(?:$|P|H?L|&|D)|[IMT](?!D?C))",
    r"K(?:[^CNYx]|xD){0,4}(?:S|[IM](?![DN]?C))",
    # stop doing whatever it is to me
    r"(?:E|J)DP",
    # stop receiving
    r"(?:E|JD|KD)P?D?G",
    # stop, you there
    r"^[WPVw]*E[APV]*$",
    # block my number
    r"K(?:[^CNY]{0,2}[LX](?!D?C)|T$)",
    # enough of messages, of this, of you
    r"B[AVxH]?D[^CN]{0,2}[MGS]",
    r"BA?(?:D?H|DVx?)A?$",
    # remove my number
    r"R[^CN]{0,3}[LIX]",
    r"[Wq][^CEN]{0,3}[LI][^CN]{0,3}R",
    r"L[PwWx]{0,2}RP?H?$",
    # take me out of it
    r"(?:Pw?R|RP)(?:$|D?H|D?[^Cx]{0,2}[LMXVT]|Dt)",
    # take me off
    r"R[^CN]{0,2}O(?:H?$|Hx$|[^CN]{0,3}[LXM])",
    # let me out
    r"W[AP]*O(?:H|X|$)",
    # unsubscribe me, and not from the club
    r"U(?![^N]{0,3}C)",
    # leave the list
    r"Z(?:D?[^CN]?[LX])",
    r"(?:(?<!D)|(?<=WD)|(?<=xWD))ZD?H[AMx]?$",
    r"W[APD]*ZA?$",
)
# what nothing turns round
_REFUSALS = (
    # block me, block you; the end of messages; "não param de me mandar"
    r"(?:PK|KP|KV)$",
    r"^FH?D?M",
    r"NQ.?P?S",
    # I don't want messages
    r"N[APV]*W[APVDHTW]{0,3}(?:G[AH]*(?:$|D?S$|D?[^C]?[MV]|DA?[MV])|[MI]|S[APM]|S$|DV|AD?V)",
    r"NA*WAP?S",
    r"N[APV]*u[APVDHTW]{0,3}(?:G[AH]*(?:$|D?[^C]?[MV])|M|S[PH]*[AM])",
    r"N[APV]*u[VD]*[AP]+S",
    r"NP?A+S",
    r"NA*W[^CEKRUZY]{0,3}X",
    r"NW[AVPD]*HL$",
    r"NWA*VL",
    # don't send me any more
    r"N[APVW]*S[PH]{0,2}(?:x?S$|$|N?A|D?V|[^CxN]?M|PL|HL)",
    r"NPSH?D?[LX]",
    # no more calls, no calls and no messages
    r"N[APVW]*c[PH]?A",
    r"NP?A+c",
    r"N[APVW]*c[PH]?[xN&]?P?S",
    r"N[APVW]*MP",
    # not to receive
    r"N[APV]*G[AH]*(?:D?[MI]|$)",
    # no more messages
    r"N[A]+M(?!C)",
    r"^NAD?H$",
)
_NOT_BEFORE = r"(?<!N)(?<!N[^&])(?<!N[^&][^&])"
_SILENCE = re.compile("|".join((*(f"{_NOT_BEFORE}(?:{wish})" for wish in _WISHES), *_REFUSALS)))
_NO_MORE = re.compile(r"N[AV]*WA+$")  # unless something that was bought is spoken of
_TAKE_IT_OUT = re.compile(r"^[AWPVw]*RP?H?$")  # where a number is spoken of
_BRIEFLY = re.compile(
    r"^(?:[PV]?NA*W[AH]*|N[AV]*WA*DH|NWD?G|[PV]?NA*u[AH]+|[PV]?NuS|NP?cP?|R[Wq]|[PV]?NA*W+[AH]*|RH|[WPVwAq]*ED?H|FH|FS|RD[LMX]|FxL|wGR|EF|QDSH|[WPVwA]*RM|DF|Et|NA*M+A?|BM|PB|[WPVw][WAPVDw]*ZA?|[APWVwq]*[KR][PHAVt]*(?:xP)?)$"
)  # where nothing else is said
