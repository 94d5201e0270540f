"""A text made plain: its clauses in small letters without accents, as if everybody wrote words out."""

from __future__ import annotations

import re
import unicodedata

from nurture.channels.keywords.spelling import right

# pictures that say stop
_SIGNS = "\N{OCTAGONAL SIGN}\N{NO ENTRY}\N{NO ENTRY SIGN}\N{NO ONE UNDER EIGHTEEN SYMBOL}"
_SIGNATURE = re.compile(
    r"^(?:enviado (?:do|pelo|desde)|sent from|obtenha o outlook|get outlook)\b.*", re.MULTILINE
)
_QUOTED = re.compile(r"^\s*>.*", re.MULTILINE)
_RECITED = re.compile(
    r"[\"“«][^\"”»\n]*\w\s+[^\"”»\n]*\w\s+[^\"”»\n]*[\"”»](?=\W*\w)"
)  # three words of ours, and an answer
_APART = re.compile(r"\b(un|de|re)[ -](?=subscri|regist|list\b)")  # "un-subscribe"
_APOSTROPHE = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]")
_NUMBER = re.compile(r"\b[nN] ?[º°](?!\w)|(?<=[Ww]rong) ?#")
_THEIR_NUMBER = re.compile(r"\b(my|this|your|phone|mobile|cell|contact|wrong) no\.(?!\S)", re.IGNORECASE)
_REGRET = re.compile(
    r"\b(arrependi|arrepenti|changed my mind)[,.;!\s]+(?=(?:volt|volv|vuelv|start|resume)\w*)"
)
_UNSEEN = ("Mn", "Mc", "Me", "Cf")  # accents, and marks of direction, joining and hyphenation
_STRETCHED = re.compile(r"([a-z])\1{2,}")  # "sairrrr"
_SPELT_OUT = re.compile(r"\b[a-z](?:[ .\-][a-z]\b){2,}")  # "S.A.I.R"
_BEGGING = re.compile(
    r"\b(?:please|pls|plz|por favor|pfv|kindly) (?=(?:stop|quit|remove|delete|unsubscribe|take me|tir(?:a|e|em)|retir|exclu|remov|borr|elimin|par(?:e|em|en))\b)"
)  # what is begged for is a clause
# who is weary of it and ends with "para" begs for an end: what is weary comes before
_WEARY = (
    r"\b(?:"
    r"que (?:saco|inferno|porre|chatice|chateacao|perturbacao|encheca[om])"
    r"|(?:so|fica|ficam|ficando|vivem?|estao|tao|continuam?|toda hora|todo dia)(?: \w+)?"
    r" (?:mandando|enviando|enchendo|apitando|vibrando|ligando|perturbando|incomodando|chegando)"
    r"|(?:nao|nn?) (?:pedi|autorizei) (?:nada|isso|isto)|saco cheio|ench\w+ o saco"
    r")\b"
)
_SOMETHING_ELSE = r"\b(?:pedido|compra|entrega|produto|troca|atraso|chuva|obra|barulho|onibus|metro|trem|app|site|jogo|filme)s?\b"
_PARA = re.compile(
    rf"^(?=.*{_WEARY})(?!.*{_SOMETHING_ELSE})(.*)(?<!\bn)(?<!\bnn)(?<!\bnao)(?<!\bnunca)(?<!\bque)(?<!\bsempre) "
    r"(?=para (?:por ?favor|porfa|p?fv?r?|pff|pfvr|please|pl[sz]|pelo amor(?: de deus)?|com (?:isso|isto))\W*$)",
    re.DOTALL,
)
_CLAUSE = re.compile(r"[.,;:!?\n…/()|–—]+")
_NO_WORD = re.compile(r"[^a-z0-9]+")
# what people write shorter or otherwise; a word without a meaning of its own is left out
_WRITTEN_OUT = {
    "nao": "n ñ nn naum nao num naun noa ñao naoo",
    "que": "q qui ke",
    "quem": "qm qem",
    "quero": "qro kero keru qero qru quro queo qeuro qurro",
    "queria": "qria keria",
    "quiero": "qiero kiero qiro quiro kieor kieor",
    "quieren": "kieren",
    "voces": "vc vcs voces voce ces oce oces vces",
    "por favor": "pf pfv pff pfvr pfavor porfavor xfavor pufavo fvr",
    "porfa": "xfa porfis porfiss",
    "please": "pls plz plss plis pliz plsss pleas plase pleease",
    "mensagem": "msg msgs mensagen mensagens msn msgm mensgem mensage mensages msgns mgs msgz",
    "mensajes": "msj msjs mjs mensaje mensajitos msjes mjes msjitos",
    "receber": "recebe recebr receba rcb recb recbr",
    "": "ta",
    "you": "u ur yall ya'll",
    "text": "txt txts tx",
    "texting": "txtn txting txtin textin texing texin",
    "messaging": "msging msgin messagin msgn",
    "sending": "sendin sendng",
    "stop": "stp stahp stopp sstop stopit",
    "do not": "dont dnt donot dun",
    "does not": "doesnt",
    "did not": "didnt",
    "can not": "cant cannot",
    "will not": "wont",
    "is not": "isnt aint",
    "want": "wnt wan",
    "receive": "recieve",
    "receiving": "recieving receving",
    "number": "numbr nbr nmbr",
    "ayuda": "alluda",
    "hoje": "hj",
    "tudo": "td tds",
    "nada": "nd nda",
    "pra": "p",
    "o que": "oq",
    "porque": "pq pk xq xque",
    "por": "x",
    "de": "d",
    "com": "c",
    "obrigado": "obg brigado obgd",
    "obrigada": "brigada obgda",
    "tambem": "tmb tbm tb",
    "de la": "dl",
    "de novo": "dnv denovo dnovo",
    "whatsapp": "wpp zapp wts wasap wasa guasap wsp watsapp watsap",
    "promo": "promos prom promosao",
    "numero": "nro nmr numeo numro",
    "telefone": "tel fone celu cel cell",
    "ninguem": "ngm",
    "agora": "agr",
    "email": "emails mail",
    "hello": "helo",
    "out of": "outta",
    "this": "dis",
    "take": "tk",
    "let me": "lemme",
}
_SHORT = {short: long for long, shorts in _WRITTEN_OUT.items() for short in shorts.split()}
# what may stand beside a keyword: courtesy, greetings, impatience, whom one speaks to, its number in a menu
_BESIDE = re.compile(
    r"\b(?:"
    r"(?:nao|no) (?:obrigad[oa]|gracias|thank you|thanks|thx|ty)|por favor|porfa(?:vor)?|please|kindly|favor"
    r"|por gentileza|(?:muito |muy )?obrigad[oa]|agradecid[oa]|agradeco|(?:muchas |mil )?gracias|grat[oa]"
    r"|thank you|thanks|thx|cheers|ty|valeu|vlw|ola|oi+|opa|hola|hi|hello|hey|bom dia|boa (?:tarde|noite)"
    r"|buen(?:os|as) (?:dias|tardes|noches)|buenas|saludos|regards|att|abracos?|abs|bjs|tudo bem"
    r"|ja|ya|agora(?: mesmo)?|ahora(?: mismo)?|(?:right )?now|ne|viu|visse|hein|ein|pois|entao|enfim|pues|entonces"
    r"|opcao|opcion|option|gente|pessoal|galera|urgente|urgentemente"
    r"|pel[oa] amor(?: de deus)?|por (?:el )?(?:amor de )?dios|for (?:gods|the love of god|fucks|petes|heavens) sakes?"
    r"|already|immediately|imediatamente|inmediatamente|(?:de )?(?:imediato|inmediato)|asap|at once|right away"
    r"|de una (?:buena )?vez(?: por todas)?|de uma vez(?: por todas)?|once and for all|de vez|ok|okay|okey|blz|beleza"
    r"|caralho|carai|caraio|krl|crl|porra|po|poxa|merda|droga|desgraca|carajo|cono|mierda|hostia"
    r"|tf|the hell|the fuck|ffs|fucking|fuckin|damn|bloody|goddamn|jfc|omg|affs?|pqp|puta que pariu|aff?e"
    r"|pesados?|pesad[oa]s|chat[oa]s|cabrones|idiotas|morons|assholes?|guys|folks|sir|madam|maam|mam|bro|bruh|dude|mate"
    r"|mano|moc[oa]|amig[oa]s?|meu (?:filho|deus|pai)|minha filha|senhor(?:a|es|as)?|senor(?:a|es|ita)?|tche|bah|vei|veio"
    r"|wey|guey|che|loco|boludo|tio|tia|oxe|uai|eita|na (?:moral|boa)|serio|(?<!as )(?<!at )\d+x?"
    r")\b"
)


def clauses(text: str) -> list[str]:
    """The clauses of a text in small letters without accents, quoted lines and signatures; shortenings written out."""
    said = _RECITED.sub("\n", _QUOTED.sub("", _folded(_numbers(text))))
    own = _APOSTROPHE.sub("", _SIGNATURE.sub("", said))
    for sign in _SIGNS:
        own = own.replace(sign, " stop ")
    joined = _APART.sub(r"\1", _SPELT_OUT.sub(lambda match: re.sub(r"[ .\-]", "", match[0]), own))
    joined = _PARA.sub(r"\1\n", _BEGGING.sub("\n", _REGRET.sub(r"\1 ", joined)))
    cut = "".join("\n" if unicodedata.category(letter) == "So" else letter for letter in joined)  # at emoji
    short = _STRETCHED.sub(r"\1", cut)
    return [words for clause in _CLAUSE.split(short) if (words := _words(clause))]


def _numbers(text: str) -> str:
    """With words for the signs of a number: "nº", "my no. "."""
    return _THEIR_NUMBER.sub(r"\1 number ", _NUMBER.sub(" numero ", text))


def _folded(text: str) -> str:
    """In small letters without accents, also those of fancy alphabets, and without what nobody sees."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in letters if unicodedata.category(letter) not in _UNSEEN)


def _words(clause: str) -> str:
    """A clause's words with blanks between."""
    found = (_SHORT.get(word, word) for word in _NO_WORD.sub(" ", clause).split())
    found = (right(word) if " " not in word else word for word in found)
    return " ".join(word for word in found if word)


def bare(words: str) -> str:
    """Without courtesy; a word that is only repeated stands once."""
    rest = _BESIDE.sub(" ", words).split() or words.split()
    return rest[0] if len(set(rest)) == 1 else " ".join(rest)
