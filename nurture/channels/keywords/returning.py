"""Phrases that ask for messages again, or for the first time."""

from __future__ import annotations

import re

from nurture.channels.keywords.patterns import any_of, one_of

_WISH = one_of(
    r"""
    quero; queria; queremos; gostaria de; gostaria; aceito; desejo; prefiro;
    (?<!eu )(?<!antes )(?<!sempre )gostava(?: muito| imenso)? de(?!.*\b(?:mas|porem|agora|antes|ate|so que)\b);
    quiero; quisiera; acepto; deseo; me gustaria; want to; wanna; want; like to; love to; can i; could i;
    may i; id like to; let me; please; posso; puedo; como faco pra; como hago para; how do i
    """
)
_RECEIVE = one_of(
    "receber; recebendo; recibir; recibiendo; receive; get; getting; receiving; hear(?:ing)? from"
)
_SEND = r"(?:mand|envi|send|text|messag|escrev|escrib)\w*"
_MESSAGES = one_of(
    r"""
    mensage\w+; mensaje\w*; messages?; texts?; sms; promo\w*; ofertas?; offers?; deals; novidades;
    novedades; noticias; news; updates; cupons; cupones; coupons; avisos; alerts?; notific\w+; whatsapp;
    descontos?; newsletter
    """
)
_OURS = one_of(r"promo\w*; ofertas; mensage\w+; mensajes; novidades; texts; offers; deals; messages")
_OF = any_of(
    """
    de; da; do; das; dos; del; as; os; los; las; la; el; o; a; sus; sua; suas; seus; vossas; vossos; your;
    the; those; these; my; minhas; mis; meus; mi; meu; minha; essas?; esses?; esas; esos; more; mais; mas;
    voces; ustedes; you; all; todas?; todos; for; este; this; por; pelo; via
    """
)
_AGAIN = one_of("de volta; de nov[oa]; de nuevo; outra vez; otra vez; novamente; nuevamente; again; back")
_GO_ON = "(?:continu(?:ar|o|e|em|en|ing)?|seguir|sigan|sigue|keep|stay)"
_RESUME = one_of(
    r"""
    voltar?; voltem; volver; vuelvan; vuelve; vuelva; volved; resume; restart; start; begin; comecar?;
    comecem; recomecar?; recomecem; empezar; empiecen; comenzar; retomar?; retomem; reanudar; reanuden;
    reiniciar; unpause; unblock; desbloque\w+; reativ\w+; reactiv\w+; religar?; ativar?; ativem; activar?;
    activen; activame; reenable; enable; turn on
    """
)
_NOT_OURS = "espera|presente|casamento|materia|boda|regalo"  # lists of somebody else
_LIST = one_of(
    rf"""
    (?:listas?|list)(?! (?:de |of |for )?(?:{_NOT_OURS}|waiting|wait));
    grupo; group; cadastro; transmissao; difusion; base; programa; clube?
    """
)
_ADDING = one_of(
    """
    coloc; coloqu; bot; adicion; inclu; inscrev; inscrib; cadastr; insir; ponh; pong; agreg; anot; apunt;
    anad; activ; ativ; suscrib; subscrib; assin; registr; met[ae]; sum[ae]
    """
)
_ADD = rf"(?:re)?(?:{_ADDING}\w*|poe|pon|ponme|add|put|sign|enroll?|count)"
_ME = "(?:me|nos|us|eu|a gente|my|meu|mi|minha)"
_CAN_YOU = r"pode\w*|puede\w*|you can|can you"
_SENT = one_of(
    r"""
    promo\w*; ofertas?; mensage\w+; mensaje\w*; novidades; novedades; texts; messages; offers; deals;
    updates; sms
    """
)
_SUBSCRIBE = one_of(
    """
    inscrever; cadastrar; inscribirme; suscribirme; registrarme; subscribe; join; sign up; rejoin;
    anotarme; apuntarme; assinar
    """
)
_TAKE_PART = one_of(
    """
    me inscrever; me cadastrar; me reinscrever; entrar; participar; fazer parte; estar; ser parte; be
    """
)

# leaving that wasn't meant
_SORRY = one_of(
    r"""
    por (?:engano|error|erro|equivocac\w+|accidente|acidente|descuido);
    (?:sem|sin) (?:querer|intencao);
    by (?:mistake|accident|error);
    accidentally; mistakenly; na brincadeira; de brincadeira; brincando; jugando
    """
)
_KEYWORD = "(?:sair|parar|stop|baja|salir|cancelar)"
_KEYWORD_OR_PARE = "(?:sair|parar|pare|stop|baja|salir|cancelar)"
_WROTE = one_of(
    """
    mandei; enviei; digitei; respondi; escrevi; apertei; cliquei; sent; texted; typed; replied; said; hit;
    pressed; puse; escribi; mande; envie
    """
)
_LEFT = one_of(
    rf"""
    sai; saimos; sali; salimos; cancelei; cancele; cancell?ed; stopped; unsubscribed?; opted out; optout;
    descadastrei; desinscrevi; desuscribi; bloqueei; blocked; (?:di|dado) de baja;
    {_WROTE} (?:o |a |la |el |the |em )?{_KEYWORD_OR_PARE}
    """
)
_LEFT_BEHIND = one_of(
    rf"""
    sai; saimos; sali; cancel(?:ei|e|ed); unsubscribed; opted out; stopped; descadastrei;
    (?:mandei|enviei|digitei|respondi|escribi|envie|sent|texted|typed|puse) (?:o |la |el |the )?{_KEYWORD}
    """
)
_NOT_MEANT = "not mean to|nao era (?:pra|para)|no era para|no queria"
_REGRET = one_of(
    "arrependi; arrepenti; changed my mind; mudei de (?:ideia|opiniao); cambie de (?:idea|opinion)"
)
_REGRETTED = (
    r"\b(?:parar|pararem|parassem|sair|stop|baja|salir|descadastr\w+|nao receber|no recibir)\b"
    r"(?!.*\b(?:pedido|compra|order|produto|producto)\b)(?: \w+){0,4}"
    rf" (?:mas|pero|but|e|y|and)(?: \w+){{0,2}} {_REGRET}\b"
)
_RELATIVE = one_of(
    """
    kids?; son; daughter; child; children; toddler; baby; wife; husband; friend; filh[oa]; hij[oa];
    net[oa]; niet[oa]; sobrin[oa]; esposa; esposo; marido; mulher; crianca; bebe; menin[oa]; nin[oa]; mae;
    mama; cat; gato
    """
)
_TEXTED = one_of(
    """
    texted; sent; typed; replied; hit; pressed; said; wrote; mandou; respondeu; digitou; apertou;
    escreveu; enviou; mando; respondio; escribio; envio; puso; apreto
    """
)
_NO_LEAVING = (
    _REGRETTED,
    r"^undo\b",
    rf"\b(?:{_NOT_MEANT}) (?:unsubscribe|stop|opt|sair|parar|cancelar|salir|darme de baja)",
    rf"\b{_RELATIVE} (?:\w+ ){{0,3}}{_TEXTED}"
    r" (?:o |la |el |the )?(?:stop|sair|parar|pare|baja|salir|cancelar)\b",
    rf"\b{_LEFT}(?: \w+){{0,5}} {_SORRY}\b",
    rf"\b{_SORRY}(?: \w+){{0,3}} {_LEFT_BEHIND}\b",
)
MISTAKEN = re.compile("|".join(_NO_LEAVING))

PHRASES = (
    # I want to receive them, again
    rf"\b{_WISH}(?: sim| si| yes| muito| mucho| sempre| to)?"
    rf"(?: (?:{_RESUME}|{_GO_ON}|again)(?: a| to)?)?(?: estar| ficar| being)?"
    rf" (?:me )?{_RECEIVE}(?: sim| {_AGAIN})?(?:$|{_OF} {_MESSAGES}\b)",
    rf"\b{_WISH}(?: \w+){{0,2}} {_RECEIVE}(?: \w+){{0,5}} {_AGAIN}\b(?!.*\bpedido)",
    rf"\b{_RESUME}(?: (?:{_AGAIN}))?(?: a| to)? (?:{_RECEIVE})(?:$| {_AGAIN}|{_OF} {_MESSAGES}\b)",
    r"^sign up(?: again)?$",
    rf"\b(?:volver|vuelv\w+|voltem|voltar?|empiecen|comecem) a {_RECEIVE}\b",
    rf"^(?:receber|recibir|assinar|inscrever|cadastrar|inscribir|suscribir|subscribe) {_AGAIN}$",
    r"^(?:volver|voltar) a (?:me )?"
    r"(?:suscribir|inscribir|anotar|apuntar|registrar|assinar|inscrever|cadastrar)(?:me|nos)?$",
    # send them again
    rf"\b(?:volve|vuelve|vuelva|vuelvan|volvan)(?:me|nos) a {_SEND}(?:$|{_OF} {_MESSAGES}\b)",
    rf"\b{_RESUME}(?: {_AGAIN})?(?: a| to)? (?:me |nos )?{_SEND}",
    rf"^(?!.*\b(?:nao|no|not|never|nunca)\b)(?:\w+ ){{0,3}}?{_GO_ON}(?: a| me)*"
    rf" (?:{_SEND}|(?:the )?(?:texts|messages|offers|promos|deals)(?: coming)?)",
    rf"\b(?:{_CAN_YOU}|manda|manden|mandem|envie[nm]?|send|quero que|quiero que|please)"
    rf"(?: \w+){{0,2}} (?:{_SEND}|me)(?: \w+){{0,4}} {_SENT}(?: \w+){{0,3}} {_AGAIN}\b",
    rf"\b(?:{_CAN_YOU}) (?:me )?(?:{_SEND})(?:me)?{_OF}"
    r" (?:promo\w*|ofertas|novidades|novedades|offers|deals)(?: sim| si)?$",
    # put me on the list
    rf"\b(?:{_ME} {_ADD}|(?:{_ADD}) {_ME}|{_ADD}(?:me|nos))\b(?: \w+){{0,4}} (?:{_AGAIN}|{_LIST})\b",
    rf"\b(?:me )?(?:{_ADD})(?: {_ME})?"
    r"(?: (?:de volta|on|in|up|na|no|en|to|a|la|the|your|sua))*"
    rf" (?:(?:lista|list)(?! (?:de )?(?:{_NOT_OURS}))|grupo|cadastro)\b",
    r"\bsign me (?:back )?up\b(?! for (?!text|messag|offer|your|the list|sms|promo|deal))",
    r"\b(?:re)?subscribe me\b",
    r"\b(?:re)?subscribe(?: again)?$",
    r"\bopt(?: me)? ?(?:back )?in\b",
    r"\b(?:re)?join (?:the|your|this) (?:\w+ )?(?:list|group|club|texts?)\b",
    rf"\b{_WISH} (?:to )?(?:me )?(?:re)?{_SUBSCRIBE}(?: me)?(?: {_AGAIN}| na lista| a la lista)*$",
    rf"\b{_WISH} (?:voltar (?:a|para|pra) |volver a |get back (?:in|on) ?)?{_TAKE_PART}"
    rf"(?: (?:na|no|nas|en|pra|para|a|da|do|de|la|el|on|in|your|the|sua|su))* {_LIST}\b",
    r"\bquero (?:me (?:inscrever|cadastrar|reinscrever)(?! n[oa]s? (?!lista|grupo))"
    r"|entrar (?:na|no|pra|para a?))",
    r"\bme inscrev\w+\b(?! n[oa]s? (?!lista|grupo))",
    r"\b(?:entrar|voltar|volver|back|participar|in|on)(?: (?:na|no|en|a|pra|para|la|the|your|sua))*"
    r" (?:lista|list) (?:de |of )?(?:ofertas|promo\w*|transmissao|offers|deals|difusion)",
    rf"\b(?:anotar|apuntar|cadastrar|inscrever|inscribir|incluir|adicionar|suscribir)\w* {_AGAIN}",
    r"\bme (?:re)?(?:cadastr|assin|inscrib|suscrib|ativ|adicion|inclu)(?:a|e|am|em|an|en|ar|ir|ame|anme|i)$",
    r"^(?:re)?(?:inscrib|suscrib)\w*(?:me|nos)$",
    # turn them on again
    rf"\b(?:re)?(?:ativ|activ|habilit|lig)\w+(?: {_AGAIN})?{_OF}"
    rf" (?:{_MESSAGES}|numero|number|recebimento|envios?|cadastro|inscric\w+|suscripc\w+|subscription|servic\w+)\b",
    rf"\b(?:re)?(?:start|restart|resume|unpause|reanud\w+|reinici\w+|retom\w+|recomec\w+|renew|renov\w+)"
    rf"(?: \w+){{0,2}}?{_OF} (?:{_MESSAGES}|subscription|suscripcion|inscricao|envios?)\b",
    r"\b(?:dar(?:me)?|dame|darme|denme|dadme|deme|quiero(?: el)?|solicito|pido)"
    r" (?:de )?(?:el |la )?alta\b(?! (?:mi|la|una|meu|minha) (?:tarjeta|linea|cuenta|conta|tv))",
    rf"^(?:la |de |el )?alta(?: {_AGAIN}| sms| mensajes| promos)*$",
    r"\bquiero (?:volver$|suscribir)",
    r"\bvolta\w* a receber$",
    r"\bget me back on\b",
    rf"^(?:me )?(?:mand|envi|send)\w*(?: me)?(?: {_AGAIN})?{_OF} {_OURS} {_AGAIN}$",
    rf"^(?:me )?(?:mand|envi|send)\w*(?: me)? {_AGAIN}{_OF} {_OURS}$",
    rf"^(?:send me|bring back|voltem com|traigan){_OF} {_OURS}$",
    rf"\b{_WISH} (?:me )?(?:voltar|volver|entrar|ir)(?: de volta)? (?:pra|para a?|na|a la|para) (?:a )?{_LIST}",
    rf"\b{_WISH} (?:to )?(?:{_GO_ON}|{_RESUME})(?: {_AGAIN})?$",
    rf"\b{_WISH} volver a (?:suscribirme|inscribirme|anotarme)",
    r"\b(?:autorizo|aceito|acepto|libera)(?: (?:o|os|as|receber|recibir|el|los|a))*"
    r" (?:envios?|mensage(?:m|ns)|mensajes|promocoes|ofertas)\b",
    r"^(?:turn|switch) (?:messages|texts|them|alerts) (?:back )?on$",
    r"^(?:keep|put|leave) me on (?:the|your) list$",
    r"^(?:let me|count me|im) (?:back )?in$",
    r"^add my number$",
    r"^join (?:the )?list$",
    r"^undo\b",
    r"^(?:inscreva|cadastre|inscriba|suscriba|adicione|cadastra|inclua)n?"
    r"(?: me| meu numero| mi numero| o numero| numero)+$",
    rf"\b(?:{_NOT_MEANT})"
    r" (?:unsubscribe|stop|optout|opt out|sair|parar|cancelar|salir|darme de baja)\b",
    r"^stopped by (?:mistake|accident)$",
    r"^desfa\w+ (?:o )?cancelamento$",
    rf"\b{_WISH}{_OF} {_MESSAGES}(?: \w+)? {_AGAIN}$",
    rf"\b{_WISH} (?:me )?{_GO_ON}(?: (?:na|no|en|la|el|on|in|the|your|sua))* {_LIST}\b",
    r"\b(?:turn|switch)(?: \w+){0,3} back on\b",
    r"\bwant (?:back in|in again)\b",
    r"^rejoin$",
    r"^(?:me (?:adicion|inclu|inscrev|cadastr|assin)\w*|add me"
    r"|(?:agreg|apunt|anot|inscrib|suscrib|registr|sum[ae])\w*(?:me|nos))$",
    rf"\b(?:still|ainda|aun|todavia) {_WISH}(?: \w+)?{_OF} {_MESSAGES}\b",
    rf"^(?:cancelei|cancele|bloqueei) {_SORRY}$",
    r"\b(?:quero|queria|gostaria de|want to|wanna) (?:voltar|come back|be back|rejoin|estar de volta)$",
    rf"^(?:me )?(?:desbloque\w+|unblock)(?: me| (?:o |my |meu |mi )?(?:numero|number))?(?: {_AGAIN})?$",
    rf"^(?:unstop|start|resume|volta|voltar|volver|reativar?|reactivar?|alta|sim|si|yes)"
    rf" (?:{_AGAIN}|{_RECEIVE}|{_MESSAGES})$",
    rf"\b(?:miss|saudades? d[aeo]s?|extran\w+|echo de menos)(?: \w+){{0,2}} (?:{_MESSAGES})\b",
    # leaving is regretted
    rf"\b{_REGRET} {_RESUME}"
    rf"(?: (?:{_AGAIN}|por favor|(?:a (?:me )?{_SEND}|com|con){_OF}(?: {_MESSAGES})?))*$",
    _REGRETTED,
    # leaving wasn't meant
    r"\b(?:sai|saimos|sali|(?:sair|parar|stop|baja|salir)|unsubscribed?|optout|opted out"
    rf"|descadastrei|desinscrevi)(?: \w+){{0,2}} {_SORRY}\b",
)
