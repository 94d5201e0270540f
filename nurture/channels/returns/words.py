"""What servers say in words, where no code says it, or says it wrong. The first rule that matches counts.

They are the phrases of mail servers and providers (such as https://support.google.com/a/answer/3726730): in English as
nearly all write them, in Portuguese and Spanish, and the usual ones in French, German and Italian. Nothing here is
about one mail. Before they are looked for, addresses become `@` and pages are left out.
"""

from __future__ import annotations

import re

from nurture.channels.returns.reasons import Reason

_R = Reason

_WHO = (
    r"\b(users?( ?(name|id))?|recipients?|rcpts?|mail ?box(es)?|inbox|accounts?|(e-?mail )?address(es)?|addressees?|persons?"
    r"|alias(es)?|subscribers?|customers?|destinations?|logins?|local[- ]?part|names?)\b"
)
_NOT = (
    r"(unknown|(not|n.t|no longer|never)( \w+)? (exist|found|know|recogni[sz]ed|valid|available|listed|present|"
    r"a (known|valid)|be (found|located|verified)|have (an?|any|such)|(an? )?active \w+)|(not|n.t) exists?"
    r"|invalid|unavailable|"
    r"un(deliverable|route?able)|non-?existent|illegal|incorrect)"
)
_GONE = (
    r"(disabled|suspended|inactive|in-active|frozen|deactivated|locked|discontinued|not active|expired|on hold|closed"
    r"|terminated|dormant|not accepting (any )?(e?mail|messages)|has been (blocked|removed))"
)
_HOST = r"(?<!this )(?<!our )\b(hosts?( ?name)?|domains?( name)?|mx( records?)?|mail exchangers?|dns( name)?|server name|site)\b"
_OURS = r"\b(your?|sender|sending|client|connecting|source|remote)( \w+)?"

# Who is refused is the sender: us, not the address.
_SENDER = (
    r"\bfrom:? ?(header |address |domain )*(is |was )?(invalid|missing|rejected|not )"
    rf"|\b(sender|mail from|return[- ]path|reverse[- ]path|originator)\b[^.;]{{0,30}} (rejected|refused|verify|denied|{_NOT})"
    rf"|\b{_NOT} (sender|from)\b|(rejected|refused|bad) (sender|from)\b"
    rf"|\bsender (domain )?(is )?(denied|not|empty|in my)\b"
    rf"|(remetente|remitente|emetteur|absender)\b.{{0,30}} (rejeitad|recusad|rechazad|inv[aá]lid|invalide|abgelehnt|n[aã]o|no )"
)

# From the most particular to the most general: "mailbox full" is said beside "rejected", never the other way round.
_RULES: tuple[tuple[Reason, str], ...] = (
    (
        _R.AUTHENTICATION,
        r"\bdmarc\b|\bspf\b|\bdkim\b|sender policy framework|unauthenticated e?mail|sender.?id\b"
        r"|(pass|lacks?|have|without|failed) (\w+ ){0,2}authentication (checks?|information)"
        r"|authori[sz]ed to send (mail |messages )?(on behalf|from|for)",
    ),
    (_R.POLICY, _SENDER),
    (
        _R.REPUTATION,
        r"(reverse (dns|lookup|name)|\brdns\b|\bptr\b)|(bad|poor|low|no|ip) reputation"
        r"|reputation (of|is|was|score|filter)"
        r"|\b(dns|rh|r|x|z|s)?bls?\b(?! ?(url|link))|black ?list(ed|s|ing)?\b(?! ?(url|link|uri))"
        r"|block ?list(ed)?\b|dnsbl"
        r"|\bspamhaus\b|\bspamcop\b|barracudacentral|\bsorbs\b|senderbase|(user|spam) complaints"
        r"|block(ed)? (for|due to|because of) (abuse|spam)"
        r"|\b(ip|host|network|netblock|client|hostname|connection)s?\b[^;]{0,60}\b(block(ed)?|banned|listed|refused by|rejected|denied)\b"
        r"|\b(blocked|banned|rejected|denied|refused)\b[^;]{0,30}\b(ip|your (host|server|network|address)|client)\b"
        r"|blocked by|refused to talk to me|(bad|invalid|malformed) (helo|ehlo)"
        r"|\b(helo|ehlo)\b.{0,30} (reject|invalid|denied|not|must)|my name was rejected"
        r"|not accepting connections"
        r"|connections? (from you )?(is |was |are )?(refused by|not accepted|denied|rejected|not allowed)"
        r"|part of their network is on|mismatch\w* (the )?client|server of your (isp|provider)"
        r"|(suspicious|dynamic|residential|generic) (ip|host|address)|lista (negra|de bloque\w+)"
        r"|\bip\b.{0,30} bloque(ad|o)",
    ),
    (
        _R.FULL,
        r"too (many|much) (e-?)?(mails?|messages?)( data)? (on|in) "
        r"|\b(mail ?box|inbox|account|folder) (has )?(size (limit|exceed)|exceed)|full (mail ?box|inbox)"
        r"|(bo[iî]te|messagerie)\b.{0,40} (pleine|satur[ée]e)|postfach\b.{0,30} voll|casella\b.{0,30} piena"
        r"|\b(mail ?box|inbox|storage) space not enough|zu ?viele mails auf",
    ),
    (
        _R.UNREACHABLE,
        r"too many hops|hop count|\b(mail|routing|forwarding|message)? ?loop(s|ing)?\b|loops back"
        r"|not found, try again|malformed( or unexpected)? name ?server reply"
        r"|temporary (dns |name ?server )?(lookup|resolution) failure|name ?server failure|servfail",
    ),
    (
        _R.RATE,
        r"too many |(muitas|demasiadas) (conex\w+|mensage\w+|tentativas)|demasiados (correos|mensajes)"
        r"|rate limit|frequency (is )?limit|(per|this|each) hour\b|(receive|submission) (limit|quota)"
        r"|rate[- ]?control|limit.{0,20} (rate|per (hour|minute|day))|(too|sent) (fast|quickly)|throttl"
        r"|receiving mail (at a rate|too quickly)|(hourly|daily|sending|relay) (\w+ )?(limit|quota)"
        r"|(connection|message|sending|delivery) rate"
        r"|gr[ea]y ?list|temporarily deferred|slow(ing)? down"
        r"|(connection|message|concurrency|session)s? limit",
    ),
    (
        _R.SYSTEM,
        r"(insufficient|out of|not enough|no) (\w+ )?system (storage|space|resources)|insufficient disk"
        r"|disk full",
    ),
    (_R.FULL, r"\bquota\b|\bdis[ck] (space|quota)|\b(mail ?box|inbox|storage) (space|allocation)"),
    (
        _R.TOO_BIG,
        r"(message|mail|e-?mail|letter|attachment|body|header|size|length)\b[^.;]{0,30} (too (big|large)|exceed\w*)(?!.{0,40}(quota|mail ?box|storage))"
        r"|exceed\w* (the |our |its )?(max\w*|allowed|inbound)( \w+){0,3} size"
        r"|(message|line|header)s? (is |are )?too long|(size|line|length)( limit)? (limit|exceed)"
        r"|too (large|big)|larger than|max(imum)? (message |mail |allowed )*size",
    ),
    (
        _R.FULL,
        r"\b(mail ?box|inbox|account|user|folder|drop|box|storage|quota|maildir|recipient)\b[^.;]{0,50} (full|over ?quota|out of space|exceed\w*|over (its|his|the|their) \w+|used up)\b"
        r"|exceed\w*[^.;]{0,40} (storage|mail ?box|disk|space)"
        r"|(no|not enough|insufficient|out of) (\w+ )?(space|storage)|storage (limit|allocation)"
        r"|full (mail ?box|inbox)"
        r"|caixa (postal|de correio|de entrada)\b.{0,40} (cheia|lotada|sem espa[cç]o)"
        r"|(espa[cç]o|armazenamento)\b.{0,30} (insuficiente|esgotad|excedid)"
        r"|excedeu\b.{0,40} (cota|quota|espa[cç]o|armazenamento)"
        r"|(buz[oó]n|bandeja)\b.{0,30} llen[oa]"
        r"|(cota|quota|cuota|limite|l[ií]mite|espacio)\b.{0,30} (excedid|esgotad|superad|agotad|insuficiente)",
    ),
    (
        _R.DISABLED,
        rf"({_WHO}[^.;]{{0,50}}|@ is( currently)?) {_GONE}"
        rf"|\b(disabled|inactive|suspended|locked|expired|deactivated) (\w+ )?{_WHO}"
        r"|(mail ?box|account|service|domain)\b.{0,30} (temporarily )?(locked|suspended|parked)"
        r"|(conta|caixa (postal|de correio)|usu[aá]rio)\b.{0,20} (desativad|desabilitad|suspens|bloquead|inativ|encerrad|cancelad)"
        r"|(cuenta|buz[oó]n|usuario)\b.{0,20} (desactivad|suspendid|bloquead|inactiv|cancelad|deshabilitad)"
        r"|(compte|bo[iî]te)\b.{0,20} (d[eé]sactiv|suspendu|ferm[eé])|konto\b.{0,20} (deaktiviert|gesperrt)",
    ),
    (
        _R.MOVED,
        r"no longer (on|at|with|works?|employed|in use|used|a customer|accepts?)|has (moved|left|changed)"
        r"|not our (user|customer)"
        r"|(new|forwarding|another) (e-?mail )?address (is|:)|user (has )?moved"
        r"|please (try|use) (the )?(following|new)|(trabalha|pertence) mais",
    ),
    (
        _R.NO_MAIL,
        r"null ?mx|no (valid )?mx|mx records? (found|exists?) for"
        rf"|({_HOST}|\b(system|server|machine)\b)[^.;]{{0,30}}(not|n.t)( (currently|now))? (receiv|accept|tak)(e|es|ing)? (any |network |incoming |external |e-?)*(mail|messages)(?! from)"
        rf"|not configured (to accept|for) mail",
    ),
    (
        _R.UNKNOWN_HOST,
        rf"{_HOST}[^;:]{{0,50}} ({_NOT}|does not resolve|not resolv\w*)|domain (is )?not reachable"
        rf"|\b(unknown|no such|illegal|invalid|bad|non-?existent|un(route|rout)able)( \w+)? {_HOST}"
        r"|nxdomain|name or service not known|un(route|rout)able address|unable to route"
        r"|un(route|rout)able (mail )?domain"
        r"|(could ?n.t|could not|can ?not|can.t|cannot|unable to) (find|resolve|locate|look ?up)( any| a| the)? (host|domain|mx|mail exchanger)"
        r"|dom[ií]nio\b.{0,30} (n[aã]o (existe|foi encontrado)|inexistente|inv[aá]lido|desconhecido|no existe)",
    ),
    (
        _R.UNKNOWN_USER,
        rf"{_WHO}[^.;]{{0,60}} {_NOT}"
        rf"|@:? (is )?(unknown|not (a |an )?(\w+ )?(valid|known|found|active)|does(n.t| not) exist)"
        rf"|\b{_NOT}( \w+){{0,3}}? {_WHO}"
        rf"|\bno (such|valid|matching|local)( \w+)? ?{_WHO}"
        rf"|\bno {_WHO}( \w+)? (by|here|found|with|named|accepted|at)"
        rf"|no such (user|person|customer|member|mail)"
        rf"|\b(bad|wrong|undeliverable|no(t a)?) {_WHO}"
        rf"|there is no( one| such|\b.{{0,20}}\b(user|account|mail ?box))|no one (by|here)|who is that"
        r"|(doesn.t|does not|do not|did not) have (an? |any |such )?(\S+ )?account|recipnotfound"
        r"|recipient ?not ?found"
        r"|(unable|could not|cannot|couldn.t|can.t) (to )?(verify|find|locate|look ?up)( \w+)? (recipient|user|address|mail ?box|account)"
        r"|(usu[aá]rio|destinat[aá]rio|conta|caixa (postal|de correio)|endere[cç]o)\b.{0,40} (desconhecid|inexistente|inv[aá]lid|n[aã]o (existe|foi encontrad|foi localizad|encontrad|localizad|cadastrad))"
        r"|n[aã]o (foi poss[ií]vel|p[oô]de|conseguimos) (localizar|encontrar) (o |a )?(destinat|endere|usu|caixa|conta|@)"
        r"|(usuario|destinatario|cuenta|buz[oó]n|direcci[oó]n)\b.{0,40} (desconocid|inexistente|inv[aá]lid|no (existe|se (ha )?enc[ou]\w+|encontrad|v[aá]lid))"
        r"|\bno existe (\w+ )?(usuario|persona|destinatario|cuenta|buz[oó]n|direcci[oó]n)"
        r"|\bn[aã]o (existe|h[aá]) (\w+ )?(usu[aá]rio|destinat[aá]rio|conta|caixa|pessoa)"
        r"|(utilisateur|destinataire|adresse|bo[iî]te|compte)\b.{0,40} (inconnue?|inexistante?|invalide|n.existe (pas|plus)|introuvable)"
        r"|(empf[aä]nger|benutzer|adresse|postfach)\b.{0,40} (unbekannt|existiert nicht|nicht (bekannt|gefunden|vorhanden))"
        r"|(utente|destinatario|indirizzo|casella)\b.{0,30} (sconosciut|inesistente|non (esiste|valid|trovat))",
    ),
    (
        _R.SPAM,
        r"\bspam|\bube\b|\buce\b|junk|unsolicited|bulk (e-?)?mail|mass mail|\bvirus(es)?\b|malware|phish"
        r"|infected|trojan|\buribl\b|\bsurbl\b"
        r"|(blacklisted|listed|suspicious|bad|malicious) (url|link|uri|content|attachment)"
        r"|content (was |is )?(rejected|refused|blocked|unacceptable)|suspicious|abus(e|ive)",
    ),
    (
        _R.CONTENT,
        r"media (error|type|not)"
        r"|(message|mail|content|header)s?\b[^.;]{0,20} (invalid|not supported|malformed|illegal)"
        r"|\bbare (lf|cr|line)|(invalid|bad|illegal|unsupported) (mime|charset|encoding|content)|conversion"
        r"|malformed (message|mime|header)|8-?bit (data|mime|char)",
    ),
    (
        _R.POLICY,
        r"\brelay|rcpt ?hosts\b|(n.t|not) handle mail for|\bbatv\b"
        r"|(closed|private|moderated) (mailing )?list|organi[sz]ational settings|requires? confirmation"
        r"|polic(y|ies)|protocol (violation|error)|access denied"
        r"|(not|n.t|no) (\w+ )?(permitted|allowed|authori[sz]ed|permission)|denied"
        r"|auth\w* (is )?required|authrequired|unauthenticated|purported responsible"
        r"|(not|n.t) (a )?(\w+ )?member|header error|security|not verified"
        r"|prohibit|violat|restrict|(starttls|\btls|encryption)\b.{0,20} (required|must|needed)"
        r"|not (a )?(registered|subscri)|potential|no permission|forbidden|banned|must (issue|be|use)",
    ),
    (_R.SPAM, r"(content|spam|virus) filter"),
    (_R.UNCLEAR, r"recipient error"),  # Apple's: neither the address nor the server is named
    (
        _R.FILTERED,
        r"filter(ed|ing)?\b|(rejected|refused|blocked) (due to|because of) (the )?(user|recipient)"
        r"|only accept(s|ing) (e-?)?mail from|user rejects?\b"
        r"|(rejected|refused|blocked) by (the )?(user|recipient|customer|addressee)"
        r"|(user|recipient|addressee)\b(s)? (rejects|refuses|(does|do)(n.t| not) (accept|wish|want))"
        r"|message (was |is )?refused|mail ?box (is )?protected",
    ),
    (
        _R.UNKNOWN_USER,
        r"recipient (address )?(was |is )?(rejected|refused|denied)|address (was )?(rejected|refused)"
        r"|rejected (the )?(address|recipient)",
    ),
    (
        _R.UNREACHABLE,
        r"timed? ?-?out|name service error|failing for a long time"
        r"|(multiple|many|maximum) (delivery )?(retries|attempts)|no route to host"
        r"|connection (refused|reset|closed|dropped|lost|was|failed|died|broken|attempt)|queue too long"
        r"|deliver(ed)? (it )?for|\d+ (attempts|times|tries|hours?|days?)\b"
        r"|\b(un|not )reachable|(unable|failed|could not|cannot|can.t) (to )?(be )?connect|socket error"
        r"|did not accept our requests"
        r"|(queue|delivery|retry|message|maximum|retries)\b.{0,20} (time|period|expired|attempts|age|timeout|limit|exhausted|exceeded)"
        r"|delayed|aborted after|(be|being) retried|giving up|\bconnect to"
        r"|(wasn.t|was not|not) able to (establish|connect|reach)|expired|keep trying"
        r"|(no|not) (an )?(answer|respon\w+)|look ?up failure|undelivered for|been trying|still (in|being)"
        r"|network (error|problem|is)",
    ),
    (
        _R.SYSTEM,
        r"system (error|failure|problem|busy|is|full|config\w*)|(queue )?file write error"
        r"|error while being processed|internal|local (configuration )?error|server (error|busy|fail)"
        r"|i/o error|pipe to"
        r"|(command|child|program|mailer|process|exec\w*|script)\b.{0,60} (fail\w*|error|exit\w*|died|status|output|timed|return\w*)"
        r"|(temporar\w+ )(system|local|server) (failure|problem|error)|temporarily (unavailable|unable)"
        r"|service (\w+ )?(not |un)available|transaction failed|ldap|can.?t (create|open|write|lock)"
        r"|(unable|failed) to (open|write|create|lock|read)"
        r"|(mis)?configur|(improper|bad|unrecogni[sz]ed|unimplemented) (sequence|command)|command (not|un)"
        r"|syntax|malformed address|(not|n.t) support (tls|starttls)|unexpected|fatal|resources?",
    ),
)
_ABOUT_SENDER = re.compile(_SENDER)
_COMPILED = tuple((reason, re.compile(pattern)) for reason, pattern in _RULES)
_URL = re.compile(r"\b(?:https?://|www\.)\S+")
_ADDRESS = re.compile(r"[^\s<>()\"',;:@]{1,80}@[^\s<>()\"',;:@]{1,255}")
_LEFT_OUT = re.compile(r"[\"<>()\[\]*]+|(?<!n)'|'(?!t)|\.\.\.|\b[245]\.\d{1,3}\.\d{1,3}\b|\b[245]\d\d[ -]")
# What one server tells of another stands before that one's own words; so does the wrapper of many refusals.
_QUOTING = re.compile(
    r"(?i)(?:error that the other server returned was|remote host said|responded with failure):"
)
_WRAPPER = re.compile(r"(?:recipient|sender) address rejected: (?=\w)")
_REPLY = re.compile(r"(?<![\w.])(?:[45]\d\d[ -](?=\D|[45]\.\d)|[45]\.\d{1,3}\.\d{1,3} )")
_END = re.compile(r"\n[ \t]*\n")  # after it a mailer speaks again, who only passes the answer on
_REFUSAL = re.compile(
    r"\b(rejected|refused|denied|blocked|reject|not (accepted|allowed|permitted|welcome)|rejeitad[oa]|recusad[oa]|rechazad[oa])\b"
)
_LONGEST = 4000


def by_words(said: str) -> Reason | None:
    """What a server's words mean; None for words that say nothing. Addresses of pages count for nothing.

    What stands from the refusal's code on are its own words, and the rest is another server's frame about them.
    """
    own = _QUOTING.split(said[:_LONGEST])[-1]
    reply = _REPLY.search(own)
    answer = own[reply.start() :] if reply else ""
    return _first(_END.split(answer, 1)[0]) or _first(answer) or _first(own) or _first(said)


# Words that say that nobody is there; "unavailable" and "rejected" may be said of anybody.
_NOBODY = re.compile(
    r"\b(unknown|no such|not (a |an )?(\w+ )?(known|valid|found|exist\w*|listed|recogni[sz]ed|active)|doesn.t (exist|have)|non-?existent|invalid|wrong"
    r"|no (\w+ )?(mail ?box|account|user|recipient)|no longer (valid|exists?)"
    r"|bad (recipient|address|user|mail ?box)|there is no"
    r"|inexistente|desconhecid[oa]|desconocid[oa]"
    r"|n[aã]o (foi )?(existe|encontrad|localizad|cadastrad|localizar)|no (existe|encontrad)|inconnu"
    r"|n.existe (pas|plus)|introuvable|unbekannt|existiert nicht|sconosciut)"
)

# A server that speaks of itself is the last one on the way: it knows who is there.
_ITSELF = re.compile(
    r"\blocal (user|mail ?box|address|recipient)|\bhere\b"
    r"|\b(at|on|of|by) (the|this|our) (local )?(server|system|host|site|domain|machine)"
    r"|\b(neste|nesse|deste|nosso) (servidor|sistema|dom[ií]nio)|\b(en )?este (servidor|sistema|dominio)"
)


def about_sender(said: str) -> bool:
    """Whether a server refuses the sender."""
    return _ABOUT_SENDER.search(plain(said)) is not None


def refuses(said: str) -> bool:
    """Whether a server says no more than that it doesn't want the message."""
    return _REFUSAL.search(plain(said)) is not None


def names_nobody(said: str) -> bool:
    """Whether a server says outright that there is no such person."""
    return by_words(said) is _R.UNKNOWN_USER and _NOBODY.search(plain(said)) is not None


def speaks_of_itself(said: str) -> bool:
    """Whether a server speaks of its own users."""
    return _ITSELF.search(plain(said)) is not None


def _first(said: str) -> Reason | None:
    text = plain(said)
    return next((reason for reason, pattern in _COMPILED if pattern.search(text)), None)


def plain(said: str) -> str:
    """Words as the rules have them: one line in small letters, without codes, quotes, brackets and pages."""
    text = said[:_LONGEST].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("_", " ").lower()
    text = _LEFT_OUT.sub(" ", _ADDRESS.sub("@", _URL.sub(" ", text)))
    return _WRAPPER.sub("", " ".join(text.split()))
