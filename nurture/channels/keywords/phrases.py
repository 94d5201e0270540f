"""Set phrases, which no pattern of single words would tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nurture.channels.keywords import asking, returning
from nurture.channels.keywords.meanings import Meaning


def meaning(clauses: Sequence[str]) -> Meaning | None:
    """What one of these clauses asks for in a set phrase."""
    meant = [clause for clause in clauses if not returning.MISTAKEN.search(clause)]
    if any(_says(clause, Meaning.STOP) for clause in meant) or meant[-1:] == ["para"]:
        return Meaning.STOP
    others = (Meaning.START, Meaning.HELP)
    return next((found for found in others if any(_says(clause, found) for clause in clauses)), None)


def _says(clause: str, found: Meaning) -> bool:
    """Whether a clause says so in a phrase that nothing before it turns round."""
    return any(
        not _TURNED.search(clause[: match.start()].rstrip()) for match in _PHRASES[found].finditer(clause)
    )


_AUTHORITY = r"(?:\bn[oa] |\bao )?\b(?:procon|anatel|senacon|ministerio publico|consumidor\w*|profeco|sernac|indecopi|aepd|ftc|fcc|trai|ico|lawyer|attorney|solicitor|advogad[oa]|abogad[oa])\b"
# what turns round a phrase that comes after it
_TURNED = re.compile(r"\b(?:nao|no|not|nunca|never|jamais)(?: \w+){0,3}$|\b(?:porque|why)\b")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_SAID = r"(?<!he )(?<!they )(?<!who )(?:pedi|pedimos|mandei|disse|falei|digitei|respondi|solicitei|escrevi|coloquei|avisei|dije|escribi|puse|envie|mande(?= stop| baja| parar)|solicite|conteste|avise|asked|told|said|wrote|replied|typed|texted|sent|responded|requested)"

_PHRASES = {
    Meaning.STOP: _any(
        # rightly and formally
        r"\b(?:revog|retir|withdraw|revok|revoc|anul)\w* (?:o |a |el |la |mi |my |meu |minha |todo |all )*(?:consent|autoriz|permis)\w*",
        r"\b(?:never|not) (?:signe?d? up|opt(?:ed)? in|subscribed?|give (?:you )?my number|agreed? to (?:this|these|get|receive|be)|shopped)\b",
        r"\b(?:nao|no|nunca) (?:los |les |o |te |lhes |eu |yo )*autori[zc]\w+\b(?! (?:a |o |la |el |essa |esta |ese |este |esse |las |os )*(?:compra|cobranca|cargo|pagamento|pago|transac|debito|cobro|troca|devoluc|cambio))",
        r"\b(?:not|never) consent",
        r"\b(?:not|never|nobody) (?:ever )?ask(?:ed)? for (?:this|these|it|your|any|text|messag)",
        r"\bnao (?:me cadastrei|me inscrevi|solicitei (?:isso|isto|essas?|nada|mens|sms)|dei (?:autorizacao|permissao|consentimento|meu numero))",
        r"\b(?:no|nunca|jamas|nao) (?:les |le |lhes |te )?(?:di|dei|he dado|dimos) (?:meu |mi |el |ningun |o |les )*(?:consent|permis|autoriz|numero)",
        r"\bnever (?:gave|opted|subscribed|agreed)",
        r"\b(?:lgpd|gdpr|rgpd|anpd|tcpa|tsr|robinson|habeas data|do not call (?:list|registry)|do not disturb|ley de (?:proteccion de )?datos|lei geral de protecao|data protection|proteccion de datos|protecao de dados)\b",
        r"\b(?:no|nunca) me (?:suscribi|inscribi)",
        r"\b(?:nunca|jamais) (?:me )?(?:inscrevi|cadastrei|assinei)|\bnao assinei (?:nada|isso|isto)",
        r"\b(?:nunca|nao|no) (?:pedi|solicitei|solicite|autorizei)(?: \w+)? (?:receb|recib)",
        # no interest, or somebody else's number
        r"\b(?:nao|no) (?:me |estou |estoy |estamos |tengo |tenho |temos |tenemos |to )?(?:mais |mas |ningun |nenhum )?interes\w+(?: mais| mas| nenhum| alguno)?(?=$| pode| podem| tira| sair| obrig)",
        r"\binteres\w+ (?:em|en|in) (?:receb|recib|receiv)",
        r"\bnao (?:tenho|ha|tem) (?:mais )?interesse$",
        r"\bnot int\w*rested\b(?! in| unless| if)",
        r"\b(?:numero|persona|pessoa) (?:errad[oa]|equivocad[oa]|trocad[oa])(?: ai| aqui)?$",
        r"^numero (?:errado|equivocado)(?! (?:n[oa]|d[aoe]l?|en|em)\b)(?: \w+){1,2}$",
        r"\b(?:mother|father|mom|mum|dad|husband|wife|brother|sister|son|daughter|owner|mae|pai|marido|esposa|esposo|don[oa]|titular|irmao|irma|avo|papa|mama|padre|madre|herman[oa]|duen[oa]|hij[oa]|filh[oa])(?: \w+){0,4} (?:passed away|faleceu|fallecio)\b",
        r"\b(?:nao|no) (?:usa|tem|tiene|ocupa|possui)(?: mais| mas)? (?:esse|este|ese|o|el) (?:numero|telefone|telefono|celular|chip)",
        r"\bno longer (?:has|uses|owns) this (?:number|phone)|\bnumber is no longer\b",
        r"\b(?:phone|number|celular|chip|telefone|numero) belongs to (?:someone|somebody|another|a different)",
        r"\b(?:nao e mais|ya no es|no es) (?:o|el) (?:numero|telefone|telefono)\b",
        r"\b(?:no soy|nao sou|im not|i am not|am not) (?:yo|(?:la|a|the) (?:persona|pessoa|person|guy|one you))\b|\b(?:no conozco a|nao conheco) (?:esa|essa|ninguna|nenhuma) (?:persona|pessoa)",
        r"\b(?:numero|number|telefone|telefono) .{0,25}\b(?:outra pessoa|otra persona|someone else|somebody else)",
        r"\b(?:nao sou|no soy|^im not|^i am not) (?:mais )?(?:essa|esta|esa|the right|that) (?:pessoa|persona|person)\b",
        r"\bwrong (?:number|numero|person|phone|guy|lady)\b(?! (?:on|in|for|of|to|\w+ed)\b)",
        r"\b(?:se|te) equivoc(?:aron|o|aste|an|a)(?: de (?:numero|persona|telefono)|$)|\bestan? equivocad[oa]s?(?: de (?:numero|persona|telefono))",
        r"\b(?:numero|number|telefone|telefono|celular|phone)(?: \w+){0,2} (?:nao|no|not)(?: \w+)? (?:e|es|is|belongs?|pertence|pertenece)(?: mais| mas)? (?:d[aeo]s?|del|a|to|dela|dele)\b",
        r"\bthis is not (?:\w+ (?:number|phone)\b|who you)",
        r"^(?:this is )?not my (?:number|phone)$",
        r"\b(?:errar?am|erraste|erro[ua]|errou) (?:o |de |el )?(?:numero|telefone)",
        r"\bwrong (?:num|nao|no)$",
        r"\b(?:numero|telefone|telefono) (?:incorrecto|incorreto)$",
        r"\b(?:no ?body|no one|nadie|ninguem|ningun\w*|no hay|nao tem)(?: \w+)? (?:by that name|con ese nombre|com esse nome|called that)",
        r"\bthere is no \w+ (?:here|at this number)$",
        r"\baqui (?:nao e|no es|no vive|nao mora|nao tem|no hay)(?: (?:a|o|la|el|ningun|nenhum|nenhuma|ninguna))? \w+$",
        r"\b(?:este|esse|ese) (?:nao|no) e?s? ?(?:e )?(?:o|el) (?:numero|telefone|telefono) d",
        r"\bno es el numero de\b",
        r"\b(?:nao sou mais|ya no soy|nunca fui|no longer an?|never been an?)(?: your| su)? (?:cliente|customer|client|socia?o?|member)\b",
        r"\b(?:nao|no) (?:quero|quiero|desejo|deseo|faco|pretendo)(?: mais| mas)?(?: ser| fazer| formar| estar)* (?:participar|parte)(?: (?:disso|mais|mas|de esto|da lista|do grupo|desse grupo|dessa lista|de la lista|del grupo))*$",
        # said before
        rf"\b{_SAID}\b.{{0,25}}\b(?:parar|parem|sair|cancelar|stop|pararem|paren|baja|tirarem|remover|(?:nao|no) (?:quero|quiero)(?: mais| mas| receber| recibir)*)(?: \w+ (?:vezes|veces|times)| twice| ontem| yesterday)?$",
        rf"\b{_SAID}\b.{{0,25}}\b(?:sair|parar|parem|pararem|quit|stop(?! by| in| (?!text|send|messag|contact|call|spam)\w+ing)|paren|tirarem)\b",
        rf"\b{_SAID}\b.{{0,25}}\bcancel\w*$",
        rf"\b{_SAID}\b(?: \w+)? (?:baja|unsubscribe|optout|descadastr\w+|(?:las? |el |o )?(?:baja|descadastro))\b",
        # they go on and on
        r"\b(?:continuam?|siguen|sigue|insisten|insistem|still|you keep|they keep|keeps) (?:me |nos |a |on |on and on )*(?:mand|envi|perturb|molest|enchendo|send|text|messag|spam|bother|call|getting|lleg|cheg|insist)\w*(?: me| us)?(?: \w+){0,2}$",
        # how do I get out of it
        r"^(?:como|onde|donde|how|tem (?:como|jeito|forma|de)|(?:hay|existe|tiene[ns]?) (?:\w+ )?(?:forma|manera|modo|de)|se puede|is there (?:a|any) way|any way|is it possible|es posible|e possivel|seria possivel)\b.{0,40}\b(?:sair|sai|saio|salgo|salir|cancela|cancelo|cancelar|cancel|desinscrev\w+|descadastr\w+|desuscri\w+|parar|paro|borro|borrarme|unsubscribe|stop|optout|get (?:out|off|removed)|be removed|desativ\w+|desactiv\w+|deslig\w+|quito|elimino|evito|paro de receber|remov[oe] (?:meu numero|my number|myself)|end|turn off|leave)(?: (?:disso|daqui|dai|isso|isto|essas?|de esto|de aqui|esto|this|these|it|of this|of here|a|as|os|los|las|mi|minha|que me lleguen|list|mensagem|mensage(?:m|ns)|mensajes|messages|texts|sms|suscripcion|inscricao|subscription))*$",
        r"^como (?:e |faz )?(?:que |pra |se )?(?:eu |a gente )?sai (?:disso|daqui|d[ae]ss[ae]s? (?:listas?|grupos?|mens\w+|sms|promo\w*))(?: ai)?$",
        # asking for it, or threatening with an authority
        r"\b(?:quer\w+ |da |dar |deem )(?:dar )?(?:um )?stop\b",
        r"\bquero silencio\b",
        r"^(?:interesse|interes) zero$|^(?:zero|cero|nenhum|ningun) interes\w*$",
        r"\b(?:odeio|detesto|odio|hate)(?: \w+){0,2} (?:receb|recib|receiv|getting|mens|text|messag|promo|propag|public|spam)",
        r"\b(?:estao|tao|estan|esta|are|youre|voces) (?:me |nos )?(?:perturbando|molestando|incomodando|enchendo|annoying|bothering|harassing|fastidiando|importunando)\b",
        r"\b(?:quantas vezes|cuantas veces|how many times)\b.*\b(?:sair|parar\w*|parem|tirar\w*|baja|paren|salir|stop|unsubscribe|remov\w*|nao quero|no quiero)\b",
        r"\b(?:da (?:pra|para)|tem como|pedindo (?:pra|para)|da|hay manera de) parar$",
        r"\b(?:derecho|direito) (?:de|a|ao) (?:oposic|supres|cancelac|exclus)",
        r"\bwhy (?:will|do|can) not you (?:just |ever )?(?:stop|quit)\b",
        r"\b(?:way )?(?:too many|muitas|demasiad[oa]s) (?:of these|of your|mens|text|sms|messag)",
        r"^stop (?:this|these|with (?:this|these|the))\b",
        r"\b(?:in|on|activated?|have|registered) dnd\b|^dnd\b(?! and)",
        r"\bblock\w* you\b",
        r"\b(?:anatel|fcc|ftc|ico|nao me perturbe)\b",
        r"\b(?:se nao|si no|if you (?:do not|will not)) (?:me )?(?:parar\w*|par[ae]n|dejan|stop|quit)\b",
        r"\ba ver si (?:paran|dejan)\b",
        r"\bno (?:me |nos )?(?:deis|des|den) (?:mas )?la (?:mas )?(?:lata|brasa|tabarra|vara)",
        r"^(?:iros|iros todos|idos|andate|vayanse) (?:a|al) ",
        r"^(?:ya )?chole\b",
        r"\b(?!\w*(?:ed|ei|ou|aron|aram)\b)(?:elimin|borr|quit|cancel|anul|remov|exclu|apag|delet|tir)\w*(?: \w+){0,2} (?:suscripcion|inscricao|subscription)(?=$| (?:de|das|dos|a|of|to|for) (?:las |los |these |the |your |as |os )?(?:mens|sms|promo|text|ofert|news|list|alert|notif|whats|messag))",
        r"\bnothing to do with (?:you|this|it)\b",
        r"\basked(?: \w+){0,3} to be (?:removed|taken)",
        r"\b(?:nao|no|not) (?:permito|autorizo|acepto|aceito|concordo com) (?:o |el |que )?(?:uso|uses?|usen|usem)\b",
        r"\bafter i (?:said|texted|replied|typed) stop\b|\bthis is not my account$|^(?:os|los|te) (?:denuncio|reporto)\b(?!.*(?:lleg|pedido|devuelv|dinero))",
        r"^can you not$|^can not you$",
        r"\bdo not use my (?:number|phone|data)",
        r"\bleave (?:me|us|my \w+) (?:out|off)\b|\bleave (?:this|the|your) (?:list|group|program)\b",
        r"^get me off$",
        r"^give (?:me|us) (?:some )?peace\b",
        r"\b(?:legal action|my solicitor|my attorney)\b",
        r"^alto (?:a )?(?:mens|sms|public|spam|todo)\w*$",
        r"^(?:suma|sumam|some|vaza|vazem|cai|caiam|xispa|rala|rapa)(?: fora| daqui| peito| do meu \w+)$",
        r"^me deix(?:a|em|e)(?: quiet[oa]| eu| sossegad[oa])?$",
        r"\b(?:quero|queria|want) (?:o )?(?:numero|meu numero|my number)(?: \w+)? (?:fora|off|out|removed)\b",
        rf"{_AUTHORITY}.*\b(?:se|si|if|porque)\b(?!.*(?:entreg|cheg|devol|devuelv|dinero|dinheiro|money|plata|produto|producto|garantia|reembols|refund|deliver))",
        r"\b(?:vou|vamos|irei|voy a|vamos a|will|ill|going to|gonna|im|i am|estou|to|tou|te|los|os)(?: ter que| tener que| have to| te| los| os| ja| just)* (?:bloque|block|denunci|report|process|sue|suing)\w*(?: (?:voces|vcs|ustedes|you|this|esse|este|isso|esto|eso|esta|tudo|it|o|el|the|to|ftc|fcc|siguen|sigan|continuar|continuarem|mandan|mandarem|numero|number|como|as|spam|se|si|if|all)(?!\w))*$",
        r"\b(?:as|como|de|por|mark\w*|marc\w+|report\w*|denunci\w*|reclam\w*) (?:as |como |de |por |it |this |isso |esto )*spam\b",
        r"^(?:(?:muito|mucho|puro|so|pure|just) )?spam(?: demais)?$",
        r"\b(?:chill|ease up|lay off|back off|dial back|cool it)(?: (?:on|with|it))* (?:the |these |your )?(?:text|messag|promo|spam)\w*",
        r"\bthought i(?:d| had| have)? (?:cancel\w+|unsubscribed|optout|opted out)\b",
        r"\bwhat do i (?:text|reply|send|say|do) to (?:stop|opt|unsubscribe|end|get)\b",
        r"\bcan not get (?:this|these|it|them) to stop\b|\blet me (?:off|out)\b|^stop doing (?:this|it|that)$",
        r"\b(?:nao sou|no soy|im not|not) (?:o |a |el |la |the )?(?:titular|don[oa]|duen[oa]|proprietari[oa]|owner)\b|\bcambio de duen[oa]\b",
        r"\bte bloque(?:ando|o|ar|io)\b",
        r"\b(?:dije|pedi|falei|disse|told|asked|said|avise)\b.{0,20}\b(?:no|nao|not) (?:to )?(?:me )?(?:escrib|mand|envi|text|contact|messag)",
        r"\b(?:my lawyer|meu advogado|mi abogado)\b(?!.*(?:refund|reembols|devol|pedido|order))",
        r"\bget (?:me|us) off (?:this|your|the|it|that|my|of)\b|\bget off (?:(?:this|the|your|my|that) )?(?:list|phone|line|thing|text\w*)\b|\bget off this$",
        r"\b(?:pode|podem|poderia|poderiam|puede|pueden|podrian) parar$",
        # angrily
        r"\b(?:se|si|if) .*(?:continua\w*|siguen?|seguir\w*|keep|one more|again)\b.*(?:mand\w+|envi\w+|denunci\w+|process\w+|report\w*)",
        r"\bif you text\b",
        r"\b(?:se|si|if)\b.*\b(?:mand|envi|escri|vuelv|volt|send|text)\w*.*\b(?:bloque|denunci|process|report)\w*",
        r"\b(?:bloque|denunci|report)\w*\b.*\b(?:se|si|if)\b.*\b(?:mand|envi|escri|vuelv|volt|send|text)\w*",
        r"\btext me one more\b",
        r"\b(?:denunci|process|report)\w*\b.*\b(?:spam|procon|anatel|mensage\w+|sms|text\w*)\b",
        rf"(?:mensag|mensaj|messag|text|sms|spam|mand\w+ (?:mais )?(?:isso|mens)|contact).*{_AUTHORITY}",
        rf"{_AUTHORITY}.*\b(?:mensag|mensaj|messag|text|sms|spam|contact)",
        r"(?<!is )(?<!\be )(?<!\beh )(?<!\bes )\b(?:isso|isto|esto|eso|this|it|its|thats) ?(?:e|es|is|eh)? (?:um |puro |so |all )?(?:spam|harassment|assedio|acoso)\b",
        # leave me in peace, forget me, go away
        r"\b(?:deix|dej|leave|let)\w*(?: ?me| us| a gente| nos| eu)? (?:em paz|en paz|tranquil\w+)|\bleav\w+(?: (?:me|us|my \w+))? (?:alone|the (?:hell|fuck) alone)|\b(?:leave|let) (?:me|us) be$",
        r"\b(?:deix|dej)\w+(?: \w+){0,3} (?:em|en) paz",
        r"\bme (?:esquec\w+|erra|erre|olvid\w+)$",
        r"\bolvid\w*me\b",
        r"\bforget (?:about )?(?:me|us|(?:that )?i exist)\b",
        r"\b(?:esquec(?:a|am|e|er|erem)|olvid(?:a|e|en|ense|ate|ad|ar|arse)|forget|lose|perd(?:e|am|er)|percam|rasgu?(?:a|em|e)|jog(?:a|uem|ue) fora|throw away|risqu?(?:a|em)) (?:de |do |da |o |el |que |about )*(?:(?:meu|minha|mi|mis|my|este|esse|this|that) )?(?:numero|number|telefone|telefono|contato|contacto|celular|zap|whatsapp|phone|nome|nombre|que eu existo|existo)\b",
        r"\besque[cç]\w+ que eu existo",
        r"\bsom(?:e|am|em) (?:da minha|daqui)",
        r"\bsai (?:fora|do meu pe)",
        r"\blargu?[ae]m? do meu pe\b",
        r"^(?:e?stou |to |tou |quero (?:ficar |estar )?)?fora d\w+(?: (?:lista|grupo|isso|ofertas))?$|^quero (?:ficar|estar) fora$",
        r"\b(?:fuck|piss|screw|bugger|f|buzz|eff|sod|shove) (?:off|you)\b",
        r"\b(?:stop|quit|cease) \w+ing (?:me|us|(?:up )?my (?:time|phone|inbox|number|family|wife|kid|husband)|our)\b(?!.*\b(?:lol|ha|haha|k)\b)",
        r"\b(?:dej(?:ar|a|e|en|ad|as|es|eis)|par(?:ar|a|e|en|ad)) de \w+r(?:me|nos)\b",
        r"\b(?:knock it off|cut it out|pack it in|leave it out|give over|do one|jog on|bog off|naff off|wind your neck in|give it a rest|give me a break)\b",
        r"^(?:that is|thats|its) enough(?: \w+)?$",
        r"^enough(?: is enough)?$",
        r"^sai(?:a|am)? (?:daqui|dai|da minha|do meu)(?: \w+)?$",
        r"^(?:eu )?dispens(?:o|amos)(?: (?:as|os|essas?|esses?|suas|seus|qualquer|mais))*(?: (?:mens|propag|promo|sms|ofert|contato|avis|notif)\w*)?$",
        r"^(?:ja |te |los |les |im |i |eu )*(?:reportad[oa]s?|denunciad[oa]s?|bloquead[oa]s?|bloqueei|bloqueando|denunciando|denunciei|blocked|reported|blocking|reporting|bloqueo|reporto|denuncio)(?: (?:e|y|and|you|spam|voces|ustedes|por|as|como|this (?:number|phone)|ess?te numero|esse numero|blocked|reported|bloquead[oa]|denunciad[oa]|reportad[oa]|acoso|assedio))*$",
        r"^(?:me|nos|ya me) (?:cansaron|hartaron|aburrieron|tienen (?:hart|cansad|podrid)\w+)$",
        r"^(?:parem|para|pare|paren|parad) co[mn] (?:isso|isto|eso|esto)\b(?! k)",
        r"\bgo (?:away|to hell)\b",
        r"^get lost$",
        r"\bv(?:ai|ao) (?:se|te|tomar|a merda|pro inferno|a pqp)\b",
        r"\bvtnc\b",
        r"\bvsf\b",
        r"^v(?:ete|ayan|ayanse|ayase)(?: (?:a|al|de|a la)\b.*)?$",
        r"^largo$|^larguense$|^get a life$|^(?:que )?les den$|^xo$|^me cago en .*(?:mens|promo|public)\w*",
        # had enough of it
        r"\b(?:aguent|aguant|suport|soport)\w+ (?:mais|mas)\b.*(?:mensage\w+|sms|propaganda|receber|recibir|voces)",
        r"\blose (?:my|this) number\b",
        r"\bcease and desist\b",
        r"\bnao perturbe\b",
        r"\bi(?:m| am) (?:out|done)(?: with (?:this|these|you|it))?$",
        r"^(?:estoy|ando|toy|e?stou|to) (?:hart[oa]s?|de saco cheio|fart[oa])$",
        r"^(?:ya )?(?:es )?suficiente(?: \w+)?$",
        r"^fuera de (?:mi \w+|aqui|aca)$",
        r"\bfavor de parar$|\bmake (?:this|it|these|them)(?: \w+)? stop\b|\bi object to (?:market|text|messag|direct)|\bneed off (?:this|your|the) list|^(?:la|mi|una) baja$|\bparen un poco$|^reportenlos$",
        r"\b(?:nao|no|not) (?:quero|quiero|want|wanna|desejo|deseo)(?: \w+)? (?:estar|ser|continuar|be|to be) (?:mais |mas )?(?:suscrit|inscrit|cadastrad|subscribed|registrad)\w*",
        r"\b(?:not live here|no longer lives? (?:here|at))\b",
        r"\b(?:poner|interponer|abrir|registrar|hacer) una? denuncia\b(?!.*(?:pedido|producto|entreg))",
        r"^(?:solicito|peco|pido|exijo|requiero|demando|i request|request|i demand)(?: (?:a|la|o|el|the|my|minha|mi))* (?:exclus|remoc|eliminac|cancelament|cancelac|descadast|supres|baja|removal|deletion|retirada)\w*(?: (?:imediata|inmediata|immediately|now|ja|ya|definitiva|total))?$",
        r"\b(?:delete|remove|erase|borr\w+|elimin\w+|apag\w+) (?:my |mi |meu |the |el |o )?(?:contact|contato|contacto)(?: info\w*| details)?$",
        r"^end (?:this |the |all )?(?:service|messages?|texts?|subscription)\b",
        r"\b(?:me tienen|estou|estoy|toy|ando) (?:hart|cansad|cheia|cheio)\w* .*(?:mensage|mensaje|sms|spam|public|propag)\w*",
        r"\bnada (?:de|com) (?:voces|ustedes)$",
        r"\bsaber (?:mais )?(?:nada )?de (?:voces|ustedes)$",
        r"\bno (?:me )?(?:jodan|jodas|joder|chinguen|molesten|fastidien)\b",
        r"\b(?:ya |me )?(?:me )?tienen (?:hasta|hart|podrid|cansad|aburrid)\w*",
        r"\b(?:hasta (?:los|las|la|el) (?:cojones|huevos|narices|madre|pelotas|cono|gorro|polla|bolas)|de saco cheio|saco cheio|sick of (?:you|this|these|it)|fed up)\b",
        r"\b(?:ninguem|nadie|nobody|no one)(?: \w+){0,2} (?:pediu|aguenta|pidio|aguanta|asked|quer(?: receber)?|quiere(?: recibir)?|wants)(?: (?:isso|isto|esto|eso|mais|mas|por|for|this|these|it|essas?|mensagens|mensajes|promo|sms|texts?))*$",
        r"^(?:da ?me|me da|give me|da) (?:um |un |a )?(?:tempo|sossego|paz|descanso|respiro|break|rest)$",
        r"^(?:me )?(?:poupem?|poupe me|spare me)(?: disso)?$",
        r"^(?:deu|estuvo|deu pra mim|bueno estuvo|estuvo bueno|ate aqui|hasta aqui|se acabo|acabou)(?: (?:isso|disso|de mensagem|com isso|de esto|con esto))?$",
        r"^(?:la |mi )?baja(?: (?:definitiv[ao]|total|inmediata|del servicio|de (?:la )?lista|de todo|de esto|sms|mensajes|gracias))+$",
        r"^(?:i )?(?:want|wanna|let me|count me|get me|im) out(?: of (?:this|here|it|your|the) ?(?:list|group|thing)?)?$",
        # a keyword that is a clause by itself, or its last word
        r"^(?:pare|stop|unsubscribe|baja|sair|descadastrar|optout|chega|no mas|nao mais|no more|cancelem|cancelen|remov(?:er|am|a)|tir(?:em|ar)|exclu(?:ir|am|a)|delete|basta|enough|unsub|cancelar|tira|borrar|borrame|me tira|salir|remove(?: me)?|eliminar|sal(?:ir|gan))$",
        r"\b(?:parem|paren)$",
        r"(?:^|\b(?:just|said|say|and|so|again|must|interested|bruh|bro|fam|yo|nah|quero|pra|para|um|number|person|please|messages|texts|this|is|god|means|text|reply|saying|gracias|thanks|favor|mensagem|sms|anymore|ya|ja|obrigad[oa]|you|alone|off|texted|replied|sent) |\b(?:you|yall|these|this|them|it|want|like|ask\w*|told|beg\w*|texts|messages|how|i need|said) to (?:just |please )?)(?<!the )stop$",
    ),
    Meaning.START: _any(*returning.PHRASES),
    Meaning.HELP: _any(*asking.PHRASES),
}
