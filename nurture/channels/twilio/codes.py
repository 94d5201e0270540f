"""What Twilio's error codes mean for a message (https://www.twilio.com/docs/api/errors)."""

from __future__ import annotations

from nurture.channels.base import Trouble

_CODES: dict[Trouble, tuple[int, ...]] = {
    # not a number, a short code, not a mobile, a landline, unknown to the carrier
    Trouble.INVALID_RECIPIENT: (21211, 21265, 21614, 21635, 30005, 30006, 63003),
    Trouble.OPTED_OUT: (21610,),
    # switched off, blocked by the phone or carrier, unknown; a WhatsApp that can't take it
    # (https://www.twilio.com/docs/whatsapp/tutorial/error-codes)
    Trouble.MAILBOX: (30003, 30004, 30008, 63024),
    # filtered as spam, sender not registered with the carriers, no route
    # ... a free text outside WhatsApp's window, a marketing message that Meta held back, its policy
    Trouble.POLICY: (30007, 30034, 21612, 63013, 63016, 63049),
    # no text, too long, other variables than its template has
    Trouble.CONTENT: (21602, 21605, 21617, 21619, 21656),
    # sender missing, invalid, not ours, cannot send SMS; region not enabled; trial; callback; no numbers; WhatsApp: template, sender
    Trouble.SETUP: (
        21212,
        21603,
        21606,
        21607,
        21659,
        21660,
        21661,
        21408,
        21608,
        21609,
        21703,
        20404,
        21655,
        63007,
        63015,
    ),
    Trouble.AUTH: (20003, 20008),
    # suspended, closed, dearer than allowed, daily limit
    Trouble.QUOTA: (20005, 30002, 30010, 63038, 63051, 63112),
    Trouble.RATE: (20429, 14107, 21611, 30001, 63018),
}
_BY_CODE = {code: trouble for trouble, codes in _CODES.items() for code in codes}


def by_code(code: str) -> Trouble | None:
    """What an error code means; None for one that we don't know."""
    return _BY_CODE.get(int(code)) if code.isdecimal() else None
