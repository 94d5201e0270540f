"""Phrases that ask for help, or who it is that writes."""

from __future__ import annotations

from nurture.channels.keywords.patterns import any_of, one_of

_THIS = one_of(
    "isso; isto; esto; eso; this; it; that; these; essas?; esse; este; esta; estas; estos; esas?; esos"
)
_MESSAGES = one_of(
    r"mensage\w+; mensaje\w*; messages?; texts?; sms; promo\w*; ofertas?; offers?; avisos?; notific\w+"
)
_ONLY_MESSAGES = one_of("mensage(?:m|ns); mensajes?; messages?; texts?; sms")
_TALK = one_of(
    """
    fal(?:o|a|ando|amos); habl(?:o|a|ando); conversando; speaking; talking; chatting; texting;
    trato; tratando; tengo el gusto
    """
)
_COMPANY = one_of(
    """
    loja; empresa; lojinha; site; marca; tienda; negocio; comercio; compania; company; business; store;
    shop; brand
    """
)
_NUMBER = one_of("numero; number")
_CONTACT = one_of("numero; number; contato; contacto; telefone; telefono; datos; dados")
_HELP = "(?:ajuda|ayuda|help)"
_NEED = "preciso|necesito|need|quero|quiero|want"
# not the contrary: "why don't you send me any"
_NOT_WITHOUT = r"(?!.*\b(?:nao|no|not|never)\b)"
# what may stand behind "who is it": nothing that would make it another question
_REST = (
    any_of(
        """
        voces?; ustedes; usted; tu; vos; you; eh; e; es; are; is; por favor; here; aqui; ai; aca; rn;
        mesmo; k+; hein; gente; quem; falando; ta; esta; essa?e?s?; este; esta; esto; ese; isso; this;
        that; the; o; a; el; la; desse; deste; dono; numero; number; contato; with; from; me; again;
        anyway; exactly; lol; eu; que; fala; para; pra; com; con; plz; please; mandando;
        mensage(?:m|ns); mensajes?; pessoa; persona; mim; toda hora
        """
    )
    + "$"
)

# "quem", and what is asked of him
_QUEM = (
    r"\b(?:quem|kem)(?: (?:e|eh|sao|es|seria|sou|ta|esta|tava|que|foi)){0,2}"
    + any_of(
        rf"""
        {_TALK}; mandou; manda; (?:fica |vive )?(?:me )?mandando; mandam; enviou; enviando; envia; me;
        essa; esse; pessoa; escreve; escrevendo; chama; falar; dono
        """
    )
    + _REST
)
_QUIEN = (
    r"\b(?:quien|kien|quienes)"
    + any_of("me; es; eres; sos; son; sera; esta; estan; fue")
    + any_of(f"{_TALK}; escribe; escribiendo; manda; mando; mandando; envia; envio; llama")
    + _REST
)
_WHO = (
    r"\bwho(?:s| is| are| r| am| dis| was| sent| the)*"
    + any_of(f"dis; it; i; {_TALK}; sending; messaging; contacting; calling; sent; to")
    + _REST
)
# "de que loja é", "from which store is this"
_FROM_WHERE = (
    r"\b(?:de|da|do|from|of) (?:que|qual|quem|quien|what|which|donde|onde)"
    rf"(?: (?:{_COMPANY}|lugar|parte|place|numero))?"
    + any_of(
        """
        e; es; eh; sao; son; is; are; sois; vem; viene; fala; falam; habla; hablan; escriben?; me;
        manda; mandam; vienen; you; this
        """
    )
    + any_of(f"{_THIS}; {_MESSAGES}; numero; voces; ustedes; contato; number; you")
    + "$"
)
# "qual é o nome da loja"
_WHAT_COMPANY = (
    r"\b(?:qual|cual|what|which|que|whats)"
    + any_of("e; es; eh; is; are; o; a; el; la; the; seria")
    + rf" (?:{_COMPANY}"
    rf"|(?:nome|nombre|name)(?: (?:da|do|de|del|of|la|el|your|sua|su|the)){{1,3}} {_COMPANY})"
    + any_of("e; es; eh; is; are; de; of; da; do; seria")
    + any_of(f"{_THIS}; {_MESSAGES}; voces; ustedes; you; numero; from; with; aqui; mesmo")
    + "$"
)
# "por que recebo isso", "why do you text me"
_WHY_ALL_THIS = (
    rf"\b(?:por ?que|why|how come)\b{_NOT_WITHOUT}.*"
    r"\b(?:receb|recib|receiv|get|gett|lleg|cheg|mand|envi|send|sent|text|messag|escrib|escrev|contact)\w*"
    rf"(?: \w+){{0,3}}?(?: {_THIS}| {_MESSAGES}| me| us| mi)+"
    + any_of(
        """
        daqui; de voces; from you; all the time; toda hora; todo dia; otra vez; again; de novo; aqui;
        k+; para mim; pra mim; a mi
        """
    )
    + "$"
)
_WHY_ME = (
    rf"\b(?:por ?que|why)\b{_NOT_WITHOUT}(?: \w+){{0,3}} (?:me|nos|mi)"
    r" (?:escrib|escrev|mand|envi|llam|contact|text|lig)\w*$"
)
# "o que é isso"
_WHAT_IS_THIS = (
    r"^(?:o )?(?:que|what)"
    + any_of("e; es; eh; is; are; seria; diabos; porra; the hell")
    + f" {_THIS}"
    + any_of("about; regarding; sobre; for; number; mensaje; mensagem; message; ai; aqui; text")
    + "$"
)
# "é golpe?"
_A_FRAUD = (
    r"\b(?:e|eh|es|is|sera|isso|this|ou|or|o|parece)"
    + any_of("isso; isto; esto; this; que; e; eh; es; um; uma; un; una; a; it; tipo; algum; you")
    + " "
    + one_of(
        """
        golpe; estafa; scam; fraude; fraud; trote; robo; robot; bot; virus; phishing; legit; spam ou;
        pessoa de verdade
        """
    )
    + r"\b"
)
_NOBODY_KNOWN = (
    r"^(?:nao|no|not) (?:los |les |te |os |lo |la |sei |se )*"
    r"(?:conheco|conozco|know|quem e|quien es|entendendo|entendiendo)"
    + any_of(
        """
        voces; ustedes; you; voce; essa empresa; esta empresa; essa loja; quem; who; this; is
        """
    )
    + "$"
)
_IS_IT_REAL = (
    r"^(?:(?:is|are) (?:this|you|it)|isso e|es|e|eh|esto es|is that)(?: (?:a|um|uma|an|de))*"
    r" (?:real|verdade|verdad|legit|seguro|bot|real person|robot|scam|human|confiavel)$"
)
# "não conheço esse número"
_NUMBER_UNKNOWN = (
    r"\b(?:nao|no|not) (?:re)?"
    + one_of(
        r"""
        conheco; conozco; know; conhec\w+; recogni[sz]e; tenho; tengo; have; lembro; recuerdo;
        identifico; sei
        """
    )
    + any_of(
        """
        de; quem; e; eh; este; esse; ese; essa; o; el; su; seu; this; your; the; salvo; saved; who;
        quien; is; es; agendado; registrado
        """
    )
    + " "
    + one_of("numero; number; contato; contacto; telefone; telefono; this is; voces; ustedes")
    + r"\b"
)
_NOT_UNDERSTOOD = (
    r"\b(?:nao|no|not) (?:entendi|entendo|entiendo|understand|compreendi|comprendo)"
    + any_of(f"o que; what; {_THIS}; a; el; o; la; the; essa; nada; de; muito; bien; bem")
    + f"(?: {_MESSAGES})?"
    + any_of("que; voces; mandaram; mandaron; you; sent")
    + "$"
)
# "como conseguiu meu número"
_WHENCE_MY_NUMBER = (
    r"\b(?:como|onde|de onde|donde|how|where|quem|quien|who)\b.*\b"
    + one_of(
        """
        cons[ei]gu; peg; obtuv; obtiv; sac; got; get; ach; arrum; arranj; tienen; tem; have; has; deu;
        dio; gave; give; find; found; encontr; pass
        """
    )
    + rf"\w*(?: \w+){{0,3}} {_CONTACT}\b"
)

PHRASES = (
    # help, and more about it
    rf"\b(?:{_NEED}|gostaria|queria)(?: \w+)? (?:de |some )?{_HELP}"
    r"(?: aqui| aca| here| con esto| with this| com isso)?$",
    rf"\b(?:{_NEED}|gostaria|queria)(?: de)? {_HELP} (?:com|con|with) {_THIS} {_MESSAGES}$",
    r"\b(?:alguem|alguien|somebody|someone|anyone|voces|voce|you|pode\w*|podr\w+|puede\w*|can)\b.*"
    r"\b(?:ajudar|ajuda|ajudinha|ayudar(?:me)?|ayudita|help)(?: me| us)?$",
    rf"\b(?:{_NEED}|gostaria de|queria|send|dame|me da|give me)(?: de)? (?:mais|mas|more|some)? ?"
    r"(?:info|informac\w+|information|detalhes|detalles|details)$",
    r"^(?:me ajud\w+(?: \w+){0,2}|ayud[ae]n?me|help me"
    r"|(?:ajuda|ayuda|help|socorro|auxilio)"
    r"(?: (?:aqui|aca|ai|here|com isso|con esto|with this|urgente?))*)$",
    # who is it that writes
    _QUEM,
    _QUIEN,
    _WHO,
    rf"\bwho sent (?:me )?(?:{_THIS}|{_MESSAGES})",
    rf"\b(?:com|con) (?:quem|quien) (?:\w+ ){{0,2}}{_TALK}(?: aqui| aca| por favor)?$",
    _FROM_WHERE,
    _WHAT_COMPANY,
    rf"\b(?:qual|que|what|whose|de quem|cual) (?:o )?{_NUMBER}(?: (?:e|eh|es|is))? {_THIS}$",
    r"\b(?:identifi(?:que|quem|quese|quense)|se identifi\w+|identify yourself)",
    # why, and what is it
    _WHY_ALL_THIS,
    _WHY_ME,
    _WHAT_IS_THIS,
    rf"^(?:que|what) {_ONLY_MESSAGES}(?: (?:e|eh|es|sao|son|is|are))+ {_THIS}(?: (?:aqui|ai|aca))*$",
    r"\b(?:whats|what is) (?:this|that|it)(?: (?:about|regarding|for|number|text|message|even))*$",
    r"\b(?:do que|de que|sobre o que|a que) (?:se trata|se debe|e isso|es esto)",
    _A_FRAUD,
    r"^(?:isso|isto|esto|this)(?: (?:e|eh|es|is))?(?: sobre)? (?:o )?que$",
    _NOBODY_KNOWN,
    r"^(?:nos |te |do i |a gente se )(?:conocemos|conheco|know you|conhece)$",
    r"\bwhat (?:list|number|service|group) is this$",
    r"^what are (?:these|those)(?: \w+)?$",
    r"^who do you work for$",
    r"^como se llama(?: (?:la|su|esta) (?:empresa|tienda|marca))?$",
    _IS_IT_REAL,
    r"^(?:preciso de |quero |need )?(?:suporte|soporte|support|atendimento|atencion)$",
    r"^falar com (?:um )?(?:atendente|humano|pessoa)$",
    r"^(?:is|e|eh|es) (?:this|isso|esto|it) (?:a |um )?spam",
    # I don't know you, I don't understand
    _NUMBER_UNKNOWN,
    _NOT_UNDERSTOOD,
    _WHENCE_MY_NUMBER,
    r"\b(?:explic(?:a|ar|ame|uem|quem|arme)|explain)(?: \w+)? (?:isso|isto|esto|this|o que e|what)",
)
