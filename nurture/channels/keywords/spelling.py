"""Words with a slip in them, as they are rightly written: "mensagns", "unsubcribe", "mandme"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from nurture.channels.keywords.alike import ALIKE

_SHORTEST, _LONGEST = 5, 20  # letters; in shorter words one letter makes another word
# what is asked for in these words, most often first
_WORDS = """
    parar parem paren parad manda mande mandem mandar manden enviar envie enviem envien envia escrever
    escriban escribir quero quiero queria quiere tirar tirem retirar remover remova remove salir
    saquen quiten quitar borrar borren texts texting dejen dejar deixem deixa cancelar cancela cancele
    cancelem cancelen cancel delete deletar deletem apagar apague apaguem lista listas grupo numero
    number phone nunca never please favor sending bother leave alone basta chega fuera excluir
    exclua excluam eliminar elimine eliminen baixa receber recibir receive recebendo mensagem mensagens
    mensajes messages message promocao promocoes promociones promotions propaganda publicidad ofertas
    notificacoes notificaciones notifications whatsapp cadastro inscricao suscripcion subscription
    recebimento descadastrar descadastre descadastrem desinscrever desuscribir desuscribirme unsubscribe
    bloquear bloqueiem bloquea bloqueen desativar desative desactivar interromper suspender encerrar
    silenciar mandando enviando enviarme mandarme messaging contacting contact spamming perturbar
    perturbe perturbem incomodar incomode incomodem molestar molesten molestando escribirme contatar
    contactar telefone telefono celular contato contacto interesse interesado interesada interested
    autorizo consentimento consentimiento consent sacarme saquenme quitarme quitenme borrarme borrenme
    voltar volver subscribe longer anymore again against desejo deseo gostaria quisiera dados datos
    details enough mailing block wrong precisa precisam esquecam esqueca insistam chamem descadastra
    desinscreva desinscrevam bloqueie molestes mandes envies llamen escriba lleguen enviarem contate
    contatem withdraw revoke revogo revoco denme darme dejenme harassing bothering
"""
_KNOWN = _WORDS.split()
_WELL = ALIKE.union(_KNOWN)
_PAST = ("ei", "ou", "aram", "aron", "ado", "ada", "ados", "adas")  # what was done is not what is asked for


@lru_cache(maxsize=8192)
def right(word: str) -> str:
    """The word that is meant: this one, or a known one that is a letter less, more, changed or swapped away."""
    if word in _WELL or word.endswith(_PAST) or not _SHORTEST <= len(word) <= _LONGEST:
        return word
    return next(_meant(word), word)


def _meant(word: str) -> Iterator[str]:
    """Known words that are one slip away; the first letter is right."""
    yield from (known for known, _ in _SHORTER.get(word, ()))
    for at in range(1, len(word)):
        for known, left_out in _SHORTER.get(_without(word, at), ()):
            if left_out is None or abs(left_out - at) <= 1:
                yield known


def _without(word: str, at: int) -> str:
    return word[:at] + word[at + 1 :]


def _shorter() -> dict[str, list[tuple[str, int | None]]]:
    """Known words by what is left of them without one letter, and which one; None: by themselves."""
    found: dict[str, list[tuple[str, int | None]]] = {}
    for known in _KNOWN:
        found.setdefault(known, []).append((known, None))
        for at in range(1, len(known)):
            found.setdefault(_without(known, at), []).append((known, at))
    return found


_SHORTER = _shorter()
