"""Answers that are a keyword and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from nurture.channels.keywords.alike import ALIKE
from nurture.channels.keywords.meanings import Meaning


def listed(words: str) -> frozenset[str]:
    """Words and phrases with semicolons between."""
    return frozenset(word.strip() for word in words.split(";"))


_WHOLE = {
    Meaning.STOP: listed(
        """
        stop; stopall; unsubscribe; unsub; cancel; end; quit; revoke; optout; remove; block; sair; sai;
        para; parar; pare; parem; fim; chega; cancela; cancelar; cancele; cancelem; remover; remova;
        excluir; exclua; descadastrar; descadastre; descadastro; desinscrever; desativar; desativa;
        desligar; bloquear; encerra; encerrar; silencio; saia; retirar; apagar; apague; interromper;
        suspender; silenciar; baja; vaja; salir; alto; paren; basta; desuscribir; desuscribirme;
        desuscribirse; eliminar; eliminarme; borrar; borrarme; quitar; quitarme; detener; fuera; deja;
        dejen; dejenme; paro; stop all; enough; discontinue; do not want; stop sms; stop it now; stop this;
        stop it; para com isso; opt out; no more; end sms; no sms; remove me; delete me; block me; cancel
        all; unsubscribe me; not interested; wrong number; quero sair; eu quero sair; nao quero; nao quero
        mais; nao desejo; nao desejo mais; nao receber; nao receber mais; nao mais; sem interesse; nao tenho
        interesse; numero errado; fora; me tira; me tirem; me remove; dar de baja; darme de baja; darse de
        baja; no quiero; no quiero mas; no mas; cancelar suscripcion; fin; out; desist; desista; desistam;
        vaza; sumam; suma; adeus; engano; foi engano; estuvo; deu; tira; disable; mute; withdraw;
        suficiente; opted out; get lost; shut up; bloq; equivocado; detenganse; termina; terminar; terminen;
        acoso; assedio; spammer; harassment; salirme; end all; to fora; estou fora; tou fora; bloqueenme;
        aflojen; rala; xispa; elimina; eliminen; apaga; retira; quita; quiten; desliga; dejar; borra;
        borren; bloquea; bloqueia; tirar; saiam; desactivar; desactiva; deleta; deletar; removal; excluo;
        cancelo; removed; stfu; no me interesa; numero equivocado; pare mensagem; stop mensagem
        """
    ),
    Meaning.START: listed(
        """
        subscribe; inscrever; suscribir; suscribirme; start; entrar; comenzar; empezar; comecar; unstop;
        resubscribe; optin; restart; resume; volta; voltar; recadastrar; recadastro; recadastra;
        reinscribir; inscribirme; inscribir; religar; join; rejoin; iniciar; inscricao; reativar; reativa;
        retomar; reinscrever; recomecar; alta; ativar; activar; cadastrar; inscreva; undo; suscribete;
        reactivar; volver; reanudar; opt in; subscribe me; quero voltar; me inscreve; dar de alta; darme de
        alta; quiero volver; start again; start sms
        """
    ),
    Meaning.HELP: listed(
        """
        help; info; support; information; ajuda; socorro; informacao; informacoes; suporte; ayuda; ayudame;
        informacion; soporte; help me; more info; more information; need help; me ajuda; me ajudem; me
        ajude; mais informacoes; mais informacao; mas informacion; mas info; mais info; necesito ayuda;
        preciso de ajuda
        """
    ),
}
_ALPHABET = "abcdefghijlmnopqrstuvxz"


def meaning(answer: str) -> Meaning | None:
    """What an answer asks for that is nothing but keywords of one meaning, or one of them with a slip."""
    for found, words in _WHOLE.items():
        if answer in words or _misspelt(answer, found) or (answer and words.issuperset(answer.split())):
            return found
    return None


@lru_cache(maxsize=4096)
def _misspelt(answer: str, found: Meaning) -> bool:
    """Whether one word is a keyword with a slip: two letters swapped, one too many or too few."""
    if " " in answer or len(answer) < 4 or answer in ALIKE:
        return False
    return any(word in _WHOLE[found] and len(word) >= 4 for word in _slips(answer))


def _slips(word: str) -> Iterator[str]:
    """What may have been meant: a letter left out, swapped with the next, taken for another, or put in."""
    for i in range(len(word)):
        yield word[:i] + word[i + 1 :]
        yield word[:i] + word[i : i + 2][::-1] + word[i + 2 :]
        for letter in _ALPHABET if len(word) > 5 else "":
            yield word[:i] + letter + word[i + 1 :]
    for i in range(len(word) + 1):
        for letter in _ALPHABET:
            yield word[:i] + letter + word[i:]
