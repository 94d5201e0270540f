"""What somebody says who answers a mail, and whether she asks for no more of them."""

from __future__ import annotations

import pytest

from nurture.channels import returns
from nurture.channels.returns import answers
from nurture.channels.returns.mail import take_apart

OURS = "Oi, Ana. Para não receber mais, responda SAIR ou clique em parar de receber."
WAYS = {
    "alone": "{}",
    "Gmail, Portuguese": "{}\n\nEm qui., 26 de nov. de 2026 às 10:00, Café Volta <oi@volta.example>\nescreveu:\n\n> "
    + OURS,
    "Gmail, English": "{}\n\nOn Thu, Nov 26, 2026 at 10:00 AM Café Volta <oi@volta.example> wrote:\n\n> "
    + OURS,
    "Gmail, Spanish": "{}\n\nEl jue, 26 nov 2026 a las 10:00, Café Volta (<oi@volta.example>) escribió:\n\n> "
    + OURS,
    "Outlook": "{}\n\n________________________________\nDe: Café Volta <oi@volta.example>\nEnviado: quinta-feira\nPara: Ana\n\n"
    + OURS,
    "Outlook, English": "{}\n\n-----Original Message-----\nFrom: Café Volta\nTo: Ana\n\n" + OURS,
    "a phone": "{}\n\nEnviado do meu iPhone\n\n> Em 26 de nov. de 2026, à(s) 10:00, Café Volta escreveu:\n> \n> "
    + OURS,
    "a signature": "{}\n\n-- \nAna Souza\nPare de imprimir: pense no ambiente",
    "below": "> " + OURS + "\n\n{}",
}
STOPS = (
    "sair",
    "SAIR",
    "Pare de me mandar e-mails, por favor.",
    "unsubscribe",
    "No quiero recibir más correos",
)
OTHERS = ("Quero saber mais. Obrigada!", "Posso cancelar meu pedido?", "Não pare, eu adoro!", "")


def mail(text: str, subject: str = "Re: Volte") -> bytes:
    head = f"From: ana@example.com\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n"
    return f"{head}{text}\n".encode()


@pytest.mark.parametrize("way", WAYS)
def test_a_wish_is_heard_and_what_it_answers_is_not_taken_for_one(way: str) -> None:
    for text in STOPS:
        raw = mail(WAYS[way].format(text))
        assert answers.own_words(take_apart(raw)) == text
        assert returns.read(raw).stop, text
    for text in OTHERS:
        assert not returns.read(mail(WAYS[way].format(text))).stop, text


@pytest.mark.parametrize("text", ["sair", "Quero saber mais. Obrigada!"])
def test_a_quotation_in_html_alone_is_not_hers(text: str) -> None:
    html = f"<p>{text}</p><blockquote type=cite><div>{OURS * 4}</div><blockquote>Oi</blockquote></blockquote>"
    raw = mail(html).replace(b"text/plain", b"text/html")
    assert answers.own_words(take_apart(raw)) == text
    assert returns.read(raw).stop is (text == "sair")


def test_an_empty_mail_says_its_subject() -> None:
    assert returns.read(mail("", "sair")).stop
    assert not returns.read(mail("Quero trocar o café.", "sair")).stop


def test_a_long_letter_is_for_a_person_to_read() -> None:
    assert not returns.read(
        mail("Parem de me mandar mensagens. " + "O café chegou frio e o pacote aberto. " * 6)
    ).stop


PROGRAMS = ("X-Auto-Response-Suppress: All", "X-Auto-Response-Suppress: OOF, AutoReply", "Precedence: bulk")


@pytest.mark.parametrize("header", PROGRAMS)
@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("SAIR", True),
        ("Please remove me from your list.", True),
        ("Obrigada.", False),
        ("Estou de férias e volto no dia 10. Para sair da fila, escreva à Ana.", False),
        ("This is an automated reply. Your request to unsubscribe was received.", False),
    ],
)
def test_what_a_program_puts_in_takes_nobody_her_word(header: str, text: str, stop: bool) -> None:
    """These ask others not to answer; a company's mail server may put them into all mails."""
    raw = f"From: ana@example.com\nSubject: Re: Volte\n{header}\n\n{text}\n".encode()
    found = returns.read(raw)
    assert (found.stop, found.kind) == (stop, returns.Kind.OTHER if stop else returns.Kind.ABSENCE)
