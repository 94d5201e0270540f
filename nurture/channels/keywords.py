"""The words by which people answer an SMS to get no more of them."""

from __future__ import annotations

import re
import unicodedata

# English as carriers prescribe it (CTIA), Portuguese and Spanish as people write it; without accents.
_STOP = frozenset(
    (
        *(
            "stop",
            "stopall",
            "stop all",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "revoke",
            "optout",
            "opt out",
        ),
        *("sair", "quero sair", "parar", "pare", "parar de receber", "cancelar", "remover", "descadastrar"),
        *("me descadastre", "nao quero", "nao quero mais", "nao quero receber", "nao quero mais receber"),
        *("baja", "dar de baja", "salir", "alto", "no quiero", "no quiero mas"),
    )
)
_POLITE = re.compile(r"\s+(please|por favor|pf|pfv|obrigad[oa]|gracias|thanks)$")


def is_stop(text: str) -> bool:
    """Whether the whole text asks for no more messages: "SAIR", "Parar, por favor!", "stop"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    words = " ".join(re.findall(r"[a-z0-9]+", plain))
    return _POLITE.sub("", words) in _STOP
