import pytest

from nurture.channels.keywords import is_stop

STOPS = ["STOP", "Stop.", "stop please", "SAIR", "Sair!", " parar ", "PARAR, por favor", "pare 🙏", "Não quero mais", "BAJA", "Stop all", "me descadastre"]  # fmt: skip
OTHERS = [
    "",
    "9 - ótimo atendimento 😀",
    "quando vai sair o pedido?",
    "não pare de mandar",
    "stop by tomorrow",
    "ok",
    "🙏",
]


@pytest.mark.parametrize("text", STOPS)
def test_a_person_who_wants_out_is_understood(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize("text", OTHERS)
def test_another_answer_is_not_mistaken(text: str) -> None:
    assert not is_stop(text)
