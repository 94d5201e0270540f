"""Phrases that ask for messages again, or for the first time."""

from __future__ import annotations

import re

_WISH = r"(?:quero|queria|queremos|gostaria de|gostaria|aceito|desejo|prefiro|(?<!eu )(?<!antes )(?<!sempre )gostava(?: muito| imenso)? de(?!.*\b(?:mas|porem|agora|antes|ate|so que)\b)|quiero|quisiera|acepto|deseo|me gustaria|want to|wanna|want|like to|love to|can i|could i|may i|id like to|let me|please|posso|puedo|como faco pra|como hago para|how do i)"
_RECEIVE = r"(?:receber|recebendo|recibir|recibiendo|receive|get|getting|receiving|hear(?:ing)? from)"
_SEND = r"(?:mand|envi|send|text|messag|escrev|escrib)\w*"
_MESSAGES = r"(?:mensage\w+|mensaje\w*|messages?|texts?|sms|promo\w*|ofertas?|offers?|deals|novidades|novedades|noticias|news|updates|cupons|cupones|coupons|avisos|alerts?|notific\w+|whatsapp|descontos?|newsletter)"
_OF = r"(?: (?:de|da|do|das|dos|del|as|os|los|las|la|el|o|a|sus|sua|suas|seus|vossas|vossos|your|the|those|these|my|minhas|mis|meus|mi|meu|minha|essas?|esses?|esas|esos|more|mais|mas|voces|ustedes|you|all|todas?|todos|for|este|this|por|pelo|via))*"
_AGAIN = r"(?:de volta|de nov[oa]|de nuevo|outra vez|otra vez|novamente|nuevamente|again|back)"
_GO_ON = r"(?:continu(?:ar|o|e|em|en|ing)?|seguir|sigan|sigue|keep|stay)"
_RESUME = r"(?:voltar?|voltem|volver|vuelvan|vuelve|vuelva|volved|resume|restart|start|begin|comecar?|comecem|recomecar?|recomecem|empezar|empiecen|comenzar|retomar?|retomem|reanudar|reanuden|reiniciar|unpause|unblock|desbloque\w+|reativ\w+|reactiv\w+|religar?|ativar?|ativem|activar?|activen|activame|reenable|enable|turn on)"
_LIST = r"(?:(?:listas?|list)(?! (?:de |of |for )?(?:espera|presente|casamento|materia|boda|regalo|waiting|wait))|grupo|group|cadastro|transmissao|difusion|base|programa|clube?)"
_ADD = r"(?:re)?(?:(?:coloc|coloqu|bot|adicion|inclu|inscrev|inscrib|cadastr|insir|ponh|pong|agreg|anot|apunt|anad|activ|ativ|suscrib|subscrib|assin|registr|met[ae]|sum[ae])\w*|poe|pon|ponme|add|put|sign|enroll?|count)"
_ME = r"(?:me|nos|us|eu|a gente|my|meu|mi|minha)"

# leaving that wasn't meant
_SORRY = r"(?:por (?:engano|error|erro|equivocac\w+|accidente|acidente|descuido)|(?:sem|sin) (?:querer|intencao)|by (?:mistake|accident|error)|accidentally|mistakenly|na brincadeira|de brincadeira|brincando|jugando)"
_LEFT = (
    r"(?:sai|saimos|sali|salimos|cancelei|cancele|cancell?ed|stopped|unsubscribed?|opted out|optout|descadastrei|desinscrevi"
    r"|desuscribi|bloqueei|blocked|(?:di|dado) de baja|(?:mandei|enviei|digitei|respondi|escrevi|apertei|cliquei|sent|texted|typed"
    r"|replied|said|hit|pressed|puse|escribi|mande|envie) (?:o |a |la |el |the |em )?(?:sair|parar|pare|stop|baja|salir|cancelar))"
)
_REGRET = r"(?:arrependi|arrepenti|changed my mind|mudei de (?:ideia|opiniao)|cambie de (?:idea|opinion))"
_REGRETTED = (
    r"\b(?:parar|pararem|parassem|sair|stop|baja|salir|descadastr\w+|nao receber|no recibir)\b"
    rf"(?!.*\b(?:pedido|compra|order|produto|producto)\b)(?: \w+){{0,4}} (?:mas|pero|but|e|y|and)(?: \w+){{0,2}} {_REGRET}\b"
)
_RELATIVE = r"(?:kids?|son|daughter|child|children|toddler|baby|wife|husband|friend|filh[oa]|hij[oa]|net[oa]|niet[oa]|sobrin[oa]|esposa|esposo|marido|mulher|crianca|bebe|menin[oa]|nin[oa]|mae|mama|cat|gato)"
_TEXTED = r"(?:texted|sent|typed|replied|hit|pressed|said|wrote|mandou|respondeu|digitou|apertou|escreveu|enviou|mando|respondio|escribio|envio|puso|apreto)"
MISTAKEN = re.compile(
    rf"{_REGRETTED}|"
    r"^undo\b|\b(?:not mean to|nao era (?:pra|para)|no era para|no queria) (?:unsubscribe|stop|opt|sair|parar|cancelar|salir|darme de baja)|"
    rf"\b{_RELATIVE} (?:\w+ ){{0,3}}{_TEXTED} (?:o |la |el |the )?(?:stop|sair|parar|pare|baja|salir|cancelar)\b|"
    rf"\b{_LEFT}(?: \w+){{0,5}} {_SORRY}\b|\b{_SORRY}(?: \w+){{0,3}} (?:sai|saimos|sali|cancel(?:ei|e|ed)|unsubscribed|opted out|stopped|descadastrei|(?:mandei|enviei|digitei|respondi|escribi|envie|sent|texted|typed|puse) (?:o |la |el |the )?(?:sair|parar|stop|baja|salir|cancelar))\b"
)

PHRASES = (
    # I want to receive them, again
    rf"\b{_WISH}(?: sim| si| yes| muito| mucho| sempre| to)?(?: (?:{_RESUME}|{_GO_ON}|again)(?: a| to)?)?(?: estar| ficar| being)? (?:me )?{_RECEIVE}(?: sim| {_AGAIN})?(?:$|{_OF} {_MESSAGES}\b)",
    rf"\b{_WISH}(?: \w+){{0,2}} {_RECEIVE}(?: \w+){{0,5}} {_AGAIN}\b(?!.*\bpedido)",
    rf"\b{_RESUME}(?: (?:{_AGAIN}))?(?: a| to)? (?:{_RECEIVE})(?:$| {_AGAIN}|{_OF} {_MESSAGES}\b)",
    r"^sign up(?: again)?$",
    rf"\b(?:volver|vuelv\w+|voltem|voltar?|empiecen|comecem) a {_RECEIVE}\b",
    rf"^(?:receber|recibir|assinar|inscrever|cadastrar|inscribir|suscribir|subscribe) {_AGAIN}$",
    r"^(?:volver|voltar) a (?:me )?(?:suscribir|inscribir|anotar|apuntar|registrar|assinar|inscrever|cadastrar)(?:me|nos)?$",
    # send them again
    rf"\b(?:volve|vuelve|vuelva|vuelvan|volvan)(?:me|nos) a {_SEND}(?:$|{_OF} {_MESSAGES}\b)",
    rf"\b{_RESUME}(?: {_AGAIN})?(?: a| to)? (?:me |nos )?{_SEND}",
    rf"^(?!.*\b(?:nao|no|not|never|nunca)\b)(?:\w+ ){{0,3}}?{_GO_ON}(?: a| me)* (?:{_SEND}|(?:the )?(?:texts|messages|offers|promos|deals)(?: coming)?)",
    rf"\b(?:pode\w*|puede\w*|you can|can you|manda|manden|mandem|envie[nm]?|send|quero que|quiero que|please)(?: \w+){{0,2}} (?:{_SEND}|me)(?: \w+){{0,4}} (?:promo\w*|ofertas?|mensage\w+|mensaje\w*|novidades|novedades|texts|messages|offers|deals|updates|sms)(?: \w+){{0,3}} {_AGAIN}\b",
    rf"\b(?:pode\w*|puede\w*|you can|can you) (?:me )?(?:{_SEND})(?:me)?{_OF} (?:promo\w*|ofertas|novidades|novedades|offers|deals)(?: sim| si)?$",
    # put me on the list
    rf"\b(?:{_ME} {_ADD}|(?:{_ADD}) {_ME}|{_ADD}(?:me|nos))\b(?: \w+){{0,4}} (?:{_AGAIN}|{_LIST})\b",
    rf"\b(?:me )?(?:{_ADD})(?: {_ME})?(?: (?:de volta|on|in|up|na|no|en|to|a|la|the|your|sua))* (?:(?:lista|list)(?! (?:de )?(?:espera|presente|casamento|materia|boda|regalo))|grupo|cadastro)\b",
    r"\bsign me (?:back )?up\b(?! for (?!text|messag|offer|your|the list|sms|promo|deal))",
    r"\b(?:re)?subscribe me\b",
    r"\b(?:re)?subscribe(?: again)?$",
    r"\bopt(?: me)? ?(?:back )?in\b",
    r"\b(?:re)?join (?:the|your|this) (?:\w+ )?(?:list|group|club|texts?)\b",
    rf"\b{_WISH} (?:to )?(?:me )?(?:re)?(?:inscrever|cadastrar|inscribirme|suscribirme|registrarme|subscribe|join|sign up|rejoin|anotarme|apuntarme|assinar)(?: me)?(?: {_AGAIN}| na lista| a la lista)*$",
    rf"\b{_WISH} (?:voltar (?:a|para|pra) |volver a |get back (?:in|on) ?)?(?:me inscrever|me cadastrar|me reinscrever|entrar|participar|fazer parte|estar|ser parte|be)(?: (?:na|no|nas|en|pra|para|a|da|do|de|la|el|on|in|your|the|sua|su))* {_LIST}\b",
    r"\bquero (?:me (?:inscrever|cadastrar|reinscrever)(?! n[oa]s? (?!lista|grupo))|entrar (?:na|no|pra|para a?))",
    r"\bme inscrev\w+\b(?! n[oa]s? (?!lista|grupo))",
    r"\b(?:entrar|voltar|volver|back|participar|in|on)(?: (?:na|no|en|a|pra|para|la|the|your|sua))* (?:lista|list) (?:de |of )?(?:ofertas|promo\w*|transmissao|offers|deals|difusion)",
    rf"\b(?:anotar|apuntar|cadastrar|inscrever|inscribir|incluir|adicionar|suscribir)\w* {_AGAIN}",
    r"\bme (?:re)?(?:cadastr|assin|inscrib|suscrib|ativ|adicion|inclu)(?:a|e|am|em|an|en|ar|ir|ame|anme|i)$",
    r"^(?:re)?(?:inscrib|suscrib)\w*(?:me|nos)$",
    # turn them on again
    rf"\b(?:re)?(?:ativ|activ|habilit|lig)\w+(?: {_AGAIN})?{_OF} (?:{_MESSAGES}|numero|number|recebimento|envios?|cadastro|inscric\w+|suscripc\w+|subscription|servic\w+)\b",
    rf"\b(?:re)?(?:start|restart|resume|unpause|reanud\w+|reinici\w+|retom\w+|recomec\w+|renew|renov\w+)(?: \w+){{0,2}}?{_OF} (?:{_MESSAGES}|subscription|suscripcion|inscricao|envios?)\b",
    r"\b(?:dar(?:me)?|dame|darme|denme|dadme|deme|quiero(?: el)?|solicito|pido) (?:de )?(?:el |la )?alta\b(?! (?:mi|la|una|meu|minha) (?:tarjeta|linea|cuenta|conta|tv))",
    rf"^(?:la |de |el )?alta(?: {_AGAIN}| sms| mensajes| promos)*$",
    r"\bquiero (?:volver$|suscribir)",
    r"\bvolta\w* a receber$",
    r"\bget me back on\b",
    rf"^(?:me )?(?:mand|envi|send)\w*(?: me)?(?: {_AGAIN})?{_OF} (?:promo\w*|ofertas|mensage\w+|mensajes|novidades|texts|offers|deals|messages) {_AGAIN}$",
    rf"^(?:me )?(?:mand|envi|send)\w*(?: me)? {_AGAIN}{_OF} (?:promo\w*|ofertas|mensage\w+|mensajes|novidades|texts|offers|deals|messages)$",
    rf"^(?:send me|bring back|voltem com|traigan){_OF} (?:promo\w*|ofertas|mensage\w+|mensajes|novidades|texts|offers|deals|messages)$",
    rf"\b{_WISH} (?:me )?(?:voltar|volver|entrar|ir)(?: de volta)? (?:pra|para a?|na|a la|para) (?:a )?{_LIST}",
    rf"\b{_WISH} (?:to )?(?:{_GO_ON}|{_RESUME})(?: {_AGAIN})?$",
    rf"\b{_WISH} volver a (?:suscribirme|inscribirme|anotarme)",
    r"\b(?:autorizo|aceito|acepto|libera)(?: (?:o|os|as|receber|recibir|el|los|a))* (?:envios?|mensage(?:m|ns)|mensajes|promocoes|ofertas)\b",
    r"^(?:turn|switch) (?:messages|texts|them|alerts) (?:back )?on$|^(?:keep|put|leave) me on (?:the|your) list$|^(?:let me|count me|im) (?:back )?in$|^add my number$|^join (?:the )?list$|^undo\b",
    r"^(?:inscreva|cadastre|inscriba|suscriba|adicione|cadastra|inclua)n?(?: me| meu numero| mi numero| o numero| numero)+$",
    r"\b(?:not mean to|nao era (?:pra|para)|no era para|no queria) (?:unsubscribe|stop|optout|opt out|sair|parar|cancelar|salir|darme de baja)\b",
    r"^stopped by (?:mistake|accident)$|^desfa\w+ (?:o )?cancelamento$",
    rf"\b{_WISH}{_OF} {_MESSAGES}(?: \w+)? {_AGAIN}$",
    rf"\b{_WISH} (?:me )?{_GO_ON}(?: (?:na|no|en|la|el|on|in|the|your|sua))* {_LIST}\b",
    r"\b(?:turn|switch)(?: \w+){0,3} back on\b|\bwant (?:back in|in again)\b|^rejoin$",
    r"^(?:me (?:adicion|inclu|inscrev|cadastr|assin)\w*|add me|(?:agreg|apunt|anot|inscrib|suscrib|registr|sum[ae])\w*(?:me|nos))$",
    rf"\b(?:still|ainda|aun|todavia) {_WISH}(?: \w+)?{_OF} {_MESSAGES}\b",
    rf"^(?:cancelei|cancele|bloqueei) {_SORRY}$",
    r"\b(?:quero|queria|gostaria de|want to|wanna) (?:voltar|come back|be back|rejoin|estar de volta)$",
    rf"^(?:me )?(?:desbloque\w+|unblock)(?: me| (?:o |my |meu |mi )?(?:numero|number))?(?: {_AGAIN})?$",
    rf"^(?:unstop|start|resume|volta|voltar|volver|reativar?|reactivar?|alta|sim|si|yes) (?:{_AGAIN}|{_RECEIVE}|{_MESSAGES})$",
    rf"\b(?:miss|saudades? d[aeo]s?|extran\w+|echo de menos)(?: \w+){{0,2}} (?:{_MESSAGES})\b",
    # leaving is regretted
    rf"\b{_REGRET} {_RESUME}(?: (?:{_AGAIN}|por favor|(?:a (?:me )?{_SEND}|com|con){_OF}(?: {_MESSAGES})?))*$",
    _REGRETTED,
    # leaving wasn't meant
    rf"\b(?:sai|saimos|sali|(?:sair|parar|stop|baja|salir)|unsubscribed?|optout|opted out|descadastrei|desinscrevi)(?: \w+){{0,2}} {_SORRY}\b",
)
