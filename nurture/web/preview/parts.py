"""What of a message can be looked at: the message, what it is made of, and the pages that its links lead to."""

from __future__ import annotations

from nurture.app.confirming import TEMPLATE
from nurture.app.previewing.studio import View
from nurture.model import Channel, MessageClass

PARTS = {"message": "Mail", "text": "Text part", "headers": "Headers", "html": "HTML"}
PAGES = {
    "unsubscribe": "Unsubscribe page",
    "unsubscribed": "After unsubscribing",
    "survey": "Survey page",
    "survey-thanks": "After the survey",
    "confirm": "Confirming page",
    "confirmed": "After confirming",
}


def pages_of(view: View) -> dict[str, str]:
    """The pages that the links of this message lead to, and what they are called."""
    piece = view.piece
    if piece is None or piece.kind != Channel.EMAIL.value:
        return {}
    if piece.template == TEMPLATE:
        return {name: PAGES[name] for name in ("confirm", "confirmed")}
    sent = piece.sent
    leaves = sent is None or sent.message_class is not MessageClass.TRANSACTIONAL
    names = (["unsubscribe", "unsubscribed"] if leaves else []) + (
        ["survey", "survey-thanks"] if sent is not None and sent.survey else []
    )
    return {name: PAGES[name] for name in names}
