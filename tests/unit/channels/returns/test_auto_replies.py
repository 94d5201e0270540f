"""Who answered: a machine, or the person."""

from __future__ import annotations

import pytest

from nurture.channels.returns import Kind, read

MACHINES = """
Automatic reply: Volte|Thank you for your message.
Out of Office|I will be back on Monday.
Out of the office: Re: Volte|Back soon.
AutoReply: Sentimos sua falta|.
Resposta automática: Volte|Obrigado pela mensagem.
Mensagem automática|Recebemos seu e-mail.
Ausência temporária|Volto dia 10.
Aviso de férias|Volto dia 10.
Fora do escritório Re: Volte|Volto dia 10.
Estou de férias|Volto dia 10.
Respuesta automática: Volte|Gracias.
Fuera de la oficina|Vuelvo el lunes.
Ausencia|Vuelvo el lunes.
Away until May 5|I have limited access to e-mail.
Vacation reply|.
OOO: Volte|.
Respuesta de ausencia|.
Réponse automatique : Volte|.
Risposta automatica: Volte|.
Abwesenheitsnotiz: Volte|.
"""
ABSENCES = """
Re: Volte|I am currently out of the office. For urgent matters call Davi.
Re: Volte|I will be on vacation until the 10th and will respond on my return.
Re: Volte|This is an automated response. We have received your message.
Re: Volte|Olá! Estou de férias e volto no dia 10. Em caso de urgência, fale com o Davi.
RES: Volte|Encontro-me ausente no período de 3 a 10 de maio.
Re: Volte|Esta é uma resposta automática. Recebemos a sua mensagem.
Re: Volte|Hola, estaré de vacaciones hasta el 10 de mayo.
Re: Volte|Me encuentro fuera de la oficina; en caso urgente contacte a Davi.
Re: Volte|Obrigado pelo contato! Recebi seu e-mail e responderei assim que possível.
Re: Volte|Recebemos sua mensagem e retornaremos em até 48 horas úteis.
Re: Volte|Estou em viagem com acesso limitado ao e-mail até 15/03. Assuntos urgentes: (11) 5555-0000.
Re: Volte|Bom dia, estou em período de férias entre 01/07 e 20/07.
Re: Volte|Este é um e-mail automático, por favor não responda.
Re: Volte|Não trabalho mais nesta empresa. Por favor, contate Bruno.
RES: Volte|No momento não estou disponível. Retorno em 10/05.
Atendimento recebido [#12345]|Seu chamado foi aberto com o protocolo 12345.
[Ticket#20261] Volte|Your request has been received and a ticket has been created.
Re: Volte|Thank you for contacting us. We will respond within 2 business days.
Re: Volte|I'm travelling this week with intermittent access to email and will reply when I return.
Re: Volte|I no longer work at Example. Please write to Davi.
Re: Volte|This mailbox is not monitored.
Re: Volte|Gracias por su mensaje. Le responderemos a la brevedad.
Re: Volte|Actualmente me encuentro de viaje con acceso limitado al correo hasta el lunes.
"""
PEOPLE = """
Re: Sentimos sua ausência|Obrigada pelo carinho! Vou passar aí.
Re: Férias com desconto|Quero saber o preço.
RES: Out of office? Coffee helps|Ha, that made me laugh. Two bags please.
Re: Volte|Quando vocês voltam das férias?
Re: Volte|I was away last week; is the offer still on?
Re: Volte|Adorei o café. Dá para comprar em grão?
Re: Volte|Não consigo abrir o link, o site fica fora do ar.
Dúvida sobre entrega|Meu pedido chega antes das férias?
Re: Volte|¿Tienen tienda en Buenos Aires? Estoy de paso.
Re: We were away and are back|Welcome back!
Re: Delivery problem|My order could not be delivered, the address was not found.
RES: Falha na entrega|O pacote não foi entregue: destinatário desconhecido.
Re: Volte|Estive de licença-maternidade, agora quero voltar a assinar.
Re: Volte|Estou em viagem até sexta. Dá para entregar depois?
Re: Volte|Estou de férias! Finalmente vou testar o café. Quanto custa?
Re: Volte|Recebi sua mensagem e queria saber o preço.
Re: Volte|I'm away from home a lot; do you ship to the office?
Re: Volte|Isto é uma mensagem automática?
Re: Volte|I no longer drink coffee. Please remove me.
Re: Volte|Não trabalho mais lá, mas quero continuar recebendo neste e-mail.
Re: Volte|A caixa de correio do prédio está cheia, entreguem na portaria.
Re: Volte|Gracias, ya no vivo en Brasil.
"""


def cases(kind: Kind, text: str) -> list[tuple[Kind, str]]:
    return [(kind, line) for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("kind", "line"),
    [*cases(Kind.AUTO_REPLY, MACHINES), *cases(Kind.ABSENCE, ABSENCES), *cases(Kind.OTHER, PEOPLE)],
    ids=lambda each: str(each)[:40],
)
def test_who_answered(kind: Kind, line: str) -> None:
    subject, _, text = line.partition("|")
    assert read(f"From: ana@example.com\nSubject: {subject}\n\n{text}\n".encode()).kind is kind
