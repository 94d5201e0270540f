"""Phrases that ask for help, or who it is that writes."""

from __future__ import annotations

_THIS = r"(?:isso|isto|esto|eso|this|it|that|these|essas?|esse|este|esta|estas|estos|esas?|esos)"
_MESSAGES = r"(?:mensage\w+|mensaje\w*|messages?|texts?|sms|promo\w*|ofertas?|offers?|avisos?|notific\w+)"
_TALK = r"(?:fal(?:o|a|ando|amos)|habl(?:o|a|ando)|conversando|speaking|talking|chatting|texting|trato|tratando|tengo el gusto)"
_COMPANY = (
    r"(?:loja|empresa|lojinha|site|marca|tienda|negocio|comercio|compania|company|business|store|shop|brand)"
)
_REST = r"(?: (?:voces?|ustedes|usted|tu|vos|you|eh|e|es|are|is|por favor|here|aqui|ai|aca|rn|mesmo|k+|hein|gente|quem|falando|ta|esta|essa?e?s?|este|esta|esto|ese|isso|this|that|the|o|a|el|la|desse|deste|dono|numero|number|contato|with|from|me|again|anyway|exactly|lol|eu|que|fala|para|pra|com|con|plz|please|mandando|mensage(?:m|ns)|mensajes?|pessoa|persona|mim|toda hora))*$"

PHRASES = (
    r"\b(?:preciso|necesito|need|quero|quiero|want|gostaria|queria)(?: \w+)? (?:de |some )?(?:ajuda|ayuda|help)(?: aqui| aca| here| con esto| with this| com isso)?$",
    rf"\b(?:preciso|necesito|need|quero|quiero|want|gostaria|queria)(?: de)? (?:ajuda|ayuda|help) (?:com|con|with) {_THIS} {_MESSAGES}$",
    r"\b(?:alguem|alguien|somebody|someone|anyone|voces|voce|you|pode\w*|podr\w+|puede\w*|can)\b.*\b(?:ajudar|ajuda|ajudinha|ayudar(?:me)?|ayudita|help)(?: me| us)?$",
    r"\b(?:preciso|necesito|need|quero|quiero|want|gostaria de|queria|send|dame|me da|give me)(?: de)? (?:mais|mas|more|some)? ?(?:info|informac\w+|information|detalhes|detalles|details)$",
    r"^(?:me ajud\w+(?: \w+){0,2}|ayud[ae]n?me|help me|(?:ajuda|ayuda|help|socorro|auxilio)(?: (?:aqui|aca|ai|here|com isso|con esto|with this|urgente?))*)$",
    # who is it that writes
    rf"\b(?:quem|kem)(?: (?:e|eh|sao|es|seria|sou|ta|esta|tava|que|foi)){{0,2}}(?: (?:{_TALK}|mandou|manda|(?:fica |vive )?(?:me )?mandando|mandam|enviou|enviando|envia|me|essa|esse|pessoa|escreve|escrevendo|chama|falar|dono))*{_REST}",
    rf"\b(?:quien|kien|quienes)(?: (?:me|es|eres|sos|son|sera|esta|estan|fue))*(?: (?:{_TALK}|escribe|escribiendo|manda|mando|mandando|envia|envio|llama))*{_REST}",
    rf"\bwho(?:s| is| are| r| am| dis| was| sent| the)*(?: (?:dis|it|i|{_TALK}|sending|messaging|contacting|calling|sent|to))*{_REST}",
    rf"\bwho sent (?:me )?(?:{_THIS}|{_MESSAGES})",
    rf"\b(?:com|con) (?:quem|quien) (?:\w+ ){{0,2}}{_TALK}(?: aqui| aca| por favor)?$",
    rf"\b(?:de|da|do|from|of) (?:que|qual|quem|quien|what|which|donde|onde)(?: (?:{_COMPANY}|lugar|parte|place|numero))?(?: (?:e|es|eh|sao|son|is|are|sois|vem|viene|fala|falam|habla|hablan|escriben?|me|manda|mandam|vienen|you|this))*(?: (?:{_THIS}|{_MESSAGES}|numero|voces|ustedes|contato|number|you))*$",
    rf"\b(?:qual|cual|what|which|que|whats)(?: (?:e|es|eh|is|are|o|a|el|la|the|seria))* (?:{_COMPANY}|(?:nome|nombre|name)(?: (?:da|do|de|del|of|la|el|your|sua|su|the)){{1,3}} {_COMPANY})(?: (?:e|es|eh|is|are|de|of|da|do|seria))*(?: (?:{_THIS}|{_MESSAGES}|voces|ustedes|you|numero|from|with|aqui|mesmo))*$",
    rf"\b(?:qual|que|what|whose|de quem|cual) (?:o )?(?:numero|number)(?: (?:e|eh|es|is))? (?:{_THIS})$",
    r"\b(?:identifi(?:que|quem|quese|quense)|se identifi\w+|identify yourself)",
    # why, and what is it
    rf"\b(?:por ?que|why|how come)\b(?!.*\b(?:nao|no|not|never)\b).*\b(?:receb|recib|receiv|get|gett|lleg|cheg|mand|envi|send|sent|text|messag|escrib|escrev|contact)\w*(?: \w+){{0,3}}?(?: {_THIS}| {_MESSAGES}| me| us| mi)+(?: (?:daqui|de voces|from you|all the time|toda hora|todo dia|otra vez|again|de novo|aqui|k+|para mim|pra mim|a mi))*$",
    r"\b(?:por ?que|why)\b(?!.*\b(?:nao|no|not|never)\b)(?: \w+){0,3} (?:me|nos|mi) (?:escrib|escrev|mand|envi|llam|contact|text|lig)\w*$",
    rf"^(?:o )?(?:que|what)(?: (?:e|es|eh|is|are|seria|diabos|porra|the hell))* {_THIS}(?: (?:about|regarding|sobre|for|number|mensaje|mensagem|message|ai|aqui|text))*$",
    rf"^(?:que|what) (?:mensage(?:m|ns)|mensajes?|messages?|texts?|sms)(?: (?:e|eh|es|sao|son|is|are))+ {_THIS}(?: (?:aqui|ai|aca))*$",
    r"\b(?:whats|what is) (?:this|that|it)(?: (?:about|regarding|for|number|text|message|even))*$",
    r"\b(?:do que|de que|sobre o que|a que) (?:se trata|se debe|e isso|es esto)",
    r"\b(?:e|eh|es|is|sera|isso|this|ou|or|o|parece)(?: (?:isso|isto|esto|this|que|e|eh|es|um|uma|un|una|a|it|tipo|algum|you))* (?:golpe|estafa|scam|fraude|fraud|trote|robo|robot|bot|virus|phishing|legit|spam ou|pessoa de verdade)\b",
    r"^(?:isso|isto|esto|this)(?: (?:e|eh|es|is))?(?: sobre)? (?:o )?que$",
    r"^(?:nao|no|not) (?:los |les |te |os |lo |la |sei |se )*(?:conheco|conozco|know|quem e|quien es|entendendo|entendiendo)(?: (?:voces|ustedes|you|voce|essa empresa|esta empresa|essa loja|quem|who|this|is))*$",
    r"^(?:nos |te |do i |a gente se )(?:conocemos|conheco|know you|conhece)$",
    r"\bwhat (?:list|number|service|group) is this$|^what are (?:these|those)(?: \w+)?$|^who do you work for$|^como se llama(?: (?:la|su|esta) (?:empresa|tienda|marca))?$",
    r"^(?:(?:is|are) (?:this|you|it)|isso e|es|e|eh|esto es|is that)(?: (?:a|um|uma|an|de))* (?:real|verdade|verdad|legit|seguro|bot|real person|robot|scam|human|confiavel)$",
    r"^(?:preciso de |quero |need )?(?:suporte|soporte|support|atendimento|atencion)$|^falar com (?:um )?(?:atendente|humano|pessoa)$",
    r"^(?:is|e|eh|es) (?:this|isso|esto|it) (?:a |um )?spam",
    # I don't know you, I don't understand
    r"\b(?:nao|no|not) (?:re)?(?:conheco|conozco|know|conhec\w+|recogni[sz]e|tenho|tengo|have|lembro|recuerdo|identifico|sei)(?: (?:de|quem|e|eh|este|esse|ese|essa|o|el|su|seu|this|your|the|salvo|saved|who|quien|is|es|agendado|registrado))* (?:numero|number|contato|contacto|telefone|telefono|this is|voces|ustedes)\b",
    rf"\b(?:nao|no|not) (?:entendi|entendo|entiendo|understand|compreendi|comprendo)(?: (?:o que|what|{_THIS}|a|el|o|la|the|essa|nada|de|muito|bien|bem))*(?: {_MESSAGES})?(?: (?:que|voces|mandaram|mandaron|you|sent))*$",
    r"\b(?:como|onde|de onde|donde|how|where|quem|quien|who)\b.*\b(?:cons[ei]gu|peg|obtuv|obtiv|sac|got|get|ach|arrum|arranj|tienen|tem|have|has|deu|dio|gave|give|find|found|encontr|pass)\w*(?: \w+){0,3} (?:numero|number|contato|contacto|telefone|telefono|datos|dados)\b",
    r"\b(?:explic(?:a|ar|ame|uem|quem|arme)|explain)(?: \w+)? (?:isso|isto|esto|this|o que e|what)",
)
