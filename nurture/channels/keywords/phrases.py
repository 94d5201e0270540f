"""Set phrases, which no pattern of single words would tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nurture.channels.keywords.meanings import Meaning


def meaning(clauses: Sequence[str]) -> Meaning | None:
    """What one of these clauses asks for in a set phrase."""
    return next((found for found in Meaning if any(_says(clause, found) for clause in clauses)), None)


def _says(clause: str, found: Meaning) -> bool:
    """Whether a clause says so in a phrase that nothing before it turns round."""
    return any(
        not _TURNED.search(clause[: match.start()].rstrip()) for match in _PHRASES[found].finditer(clause)
    )


# what turns round a phrase that comes after it
_TURNED = re.compile(r"\b(?:nao|no|not|nunca|never|jamais)(?: \w+){0,3}$|\b(?:porque|why)\b")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_PHRASES = {
    Meaning.STOP: _any(
        # rightly and formally
        r"\b(?:revog|retir|withdraw|revok|revoc|anul)\w* (?:o |a |el |la |mi |my |meu |minha |todo |all )*(?:consent|autoriz|permis)\w*",
        r"\b(?:never|not) sign(?:ed)? up",
        r"\b(?:nao|no) autoriz\w+",
        r"\bnao (?:me cadastrei|me inscrevi|solicitei|dei autorizacao)",
        r"\bno me (?:suscribi|inscribi)",
        # no interest, or somebody else's number
        r"\b(?:nao|no) (?:me )?interes\w+(?: mais| mas)?$",
        r"\binteres\w+ (?:em|en|in) (?:receb|recib|receiv)",
        r"\bnao (?:tenho|ha|tem) (?:mais )?interesse$",
        r"\bnot int\w*rested\b(?! in)",
        r"\b(?:numero|persona|pessoa) (?:errad[oa]|equivocad[oa])$",
        r"\bwrong (?:number|person)\b",
        # said before
        r"\b(?:pedi|mandei|disse|falei|digitei|respondi|dije|asked|told|said|wrote)\b.{0,25}\b(?:parar|parem|sair|cancelar|stop|pararem|paren|baja|tirarem|remover|(?:nao|no) (?:quero|quiero)(?: mais| mas| receber| recibir)*)(?: \w+ (?:vezes|veces|times)| twice| ontem| yesterday)?$",
        r"\b(?:pedi|falei|disse|dije|asked|told|mandei)\b.{0,25}\b(?:sair|parar|parem|pararem|stop|paren|tirarem)\b",
        r"\bmandei (?:sair|parar|stop|cancelar)\b",
        # asking for it, or threatening with an authority
        r"\bquer\w+ (?:dar )?(?:um )?stop\b",
        r"\bquero silencio\b",
        r"\bblock\w* you\b",
        r"(?:\bn[oa] |\bao )?\b(?:procon|anatel)\b.*\bse\b",
        r"\bget (?:me )?off (?:this|your|the|it|that)",
        r"\b(?:pode|podem|poderia|poderiam|puede|pueden|podrian) parar$",
        # angrily
        r"\b(?:se|si|if) .*(?:continua\w*|siguen?|seguir\w*|keep|one more|again)\b.*(?:mand\w+|envi\w+|denunci\w+|process\w+|report\w*)",
        r"\bif you text\b",
        r"\b(?:se|si|if)\b.*\b(?:mand|envi|escri|vuelv|volt|send|text)\w*.*\b(?:bloque|denunci|process|report)\w*",
        r"\b(?:bloque|denunci|report)\w*\b.*\b(?:se|si|if)\b.*\b(?:mand|envi|escri|vuelv|volt|send|text)\w*",
        r"\btext me one more\b",
        r"\b(?:denunci|process|report)\w*\b.*\b(?:spam|procon|anatel|mensage\w+|sms|text\w*)\b",
        r"\b(?:isso|isto|esto|eso|this|it|its|thats) ?(?:e|es|is|eh)? (?:um |puro |so |all )?(?:spam|harassment|assedio|acoso)\b",
        # leave me in peace, forget me, go away
        r"\b(?:deix|dej|leave|let)\w*(?: ?me| us| a gente| nos| eu)? (?:em paz|en paz|tranquil\w+|alone|the (?:hell|fuck) alone|be$)",
        r"\bme (?:deix|dej)\w+ (?:em|en) paz",
        r"\bme (?:esquec\w+|erra|erre|olvid\w+)$",
        r"\bolvid\w*me\b",
        r"\bforget (?:about )?me\b",
        r"\besque[cç]\w+ que eu existo",
        r"\bsom(?:e|am|em) (?:da minha|daqui)",
        r"\bsai (?:fora|do meu pe)",
        r"\blargu?[ae]m? do meu pe\b",
        r"^(?:e?stou |to )?fora$",
        r"\b(?:fuck|piss|screw|bugger|f) (?:off|you)\b",
        r"^(?:parem|para|pare) com (?:isso|isto)\b(?! k)",
        r"\bgo (?:away|to hell)\b",
        r"\bget lost\b",
        r"\bv(?:ai|ao) (?:se|te|tomar|a merda|pro inferno|a pqp)\b",
        r"\bvtnc\b",
        r"\bvsf\b",
        r"\bv(?:ete|ayan|ayanse) (?:a la|al) ",
        # had enough of it
        r"\b(?:aguent|aguant|suport|soport)\w+ (?:mais|mas)\b.*(?:mensage\w+|sms|propaganda|receber|recibir|voces)",
        r"\blose (?:my|this) number\b",
        r"\bcease and desist\b",
        r"\bnao perturbe\b",
        r"\bi(?:m| am) (?:out|done)$",
        r"\b(?:me tienen|estou|estoy|toy|ando) (?:hart|cansad|cheia|cheio)\w* .*(?:mensage|mensaje|sms|spam|public|propag)\w*",
        r"\bnada (?:de|com) (?:voces|ustedes)$",
        r"\bsaber (?:mais )?(?:nada )?de (?:voces|ustedes)$",
        # a keyword that is a clause by itself, or its last word
        r"^(?:pare|stop|unsubscribe|baja|sair|descadastrar|optout|chega|no mas|nao mais|no more|remov(?:er|am|a)|tir(?:em|ar)|exclu(?:ir|am|a)|delete)$",
        r"\b(?:parem|paren)$",
        r"\b(?<!bus )(?<!pit )(?<!non )(?<!door )(?<!next )(?<!full )(?<!the )(?<!a )stop$",
    ),
    Meaning.START: _any(
        # I want to receive them, again
        r"\b(?:quero|queria|gostaria de|aceito|desejo|quiero|quisiera|acepto|deseo|want to|like to|can i) (?:sim )?(?:voltar a |volver a |again )?(?:receber|recibir|receive|get|receiving)(?: sim| de nov[oa]| de nuevo| again| novamente| otra vez)*(?:$| (?:de |da |as |os |las |los |sus |your |the |suas |a |more |mais |mas )*(?:mensage\w+|mensaje\w*|messages|texts?|sms|promo\w*|ofertas?|offers?|novidades|noticias|news|updates|cupons|cupones|coupons|avisos)\b)",
        r"\b(?:voltar?|voltem|volver|vuelvan|vuelve|volved|keep|start|resume|continu\w+|sigan)(?: a)? (?:me )?(?:mand|envi|send|text|messag|escrev|escrib)\w*",
        # put me on the list
        r"\b(?:me )?(?:coloc\w+|coloqu\w+|bota\w*|poe|ponha|adicion\w+|inclu\w+|inscrev\w+|cadastr\w+|add|put|sign|pon|pongan\w*|ponme|agreg\w+|anot\w+|suscrib\w+)(?: me| nos)? (?:de volta |back |again |up |on |in |de nuevo |de novo |na |no |en |to |a |la |the |your |sua )*(?:lista|list|grupo|volta|back|up|again|novo|nuevo|cadastro)\b",
        r"\bsign me (?:back )?up\b",
        r"\b(?:re)?subscribe me\b",
        r"\bsubscribe(?: again)?$",
        r"\bopt(?: me)? ?(?:back )?in\b",
        r"\bjoin (?:the|your) list\b",
        r"\bquero (?:me (?:inscrever|cadastrar|reinscrever)|entrar (?:na|no|pra|para a?))",
        r"\bme inscrev\w+\b",
        r"\b(?:anotar|apuntar|cadastrar|inscrever|incluir|adicionar|suscribir)\w* (?:de novo|de nuevo|otra vez|novamente|again)",
        r"\bme (?:re)?cadastr[ae]$",
        # turn them on again
        r"\b(?:re)?(?:ativ|activ)\w+ (?:de nov[oa] |de nuevo )?(?:as |os |los |las |minhas |mis |my |meus )*(?:mensage\w+|mensaje\w*|messages|texts|sms|avisos|promo\w*|ofertas)",
        r"\b(?:dar|dame|darme|denme|dadme|quiero(?: el)?) (?:de )?alta\b",
        r"\bquiero (?:volver$|suscribir)",
        r"\bvolta\w* a receber$",
        r"\bget me back on\b",
        r"\bquero voltar$",
    ),
    Meaning.HELP: _any(
        r"\b(?:preciso|necesito|need|quero|quiero|want|gostaria|queria)(?: \w+)? (?:de |some )?(?:ajuda|ayuda|help)(?: aqui| aca| here| con esto| with this| com isso)?$",
        r"\b(?:alguem|alguien|somebody|someone|anyone|voces|voce|you|pode\w*|podr\w+|puede\w*|can)\b.*\b(?:ajudar|ajuda|ajudinha|ayudar(?:me)?|ayudita|help)(?: me| us)?$",
        r"\b(?:preciso|necesito|need|quero|quiero|want|gostaria de|queria|send|dame)(?: de)? (?:mais|mas|more|some)? ?(?:info|informac\w+|information|detalhes|detalles|details)$",
        r"^(?:me ajud\w+(?: \w+){0,2}|ayud[ae]n?me|help me)$",
    ),
}
