"""What Twilio's error codes mean for a message (https://www.twilio.com/docs/api/errors)."""

from __future__ import annotations

from nurture.channels.base import Trouble

_CODES: dict[Trouble, tuple[int, ...]] = {
    # not a number, a short code, not a mobile, a landline, unknown to the carrier, not on WhatsApp
    Trouble.INVALID_RECIPIENT: (21211, 21265, 21614, 21635, 30005, 30006, 63003),
    # answered STOP; told WhatsApp to stop our messages, or our marketing
    Trouble.OPTED_OUT: (21610, 63033, 63050),
    # switched off, blocked by the phone or carrier, unknown, too late; a WhatsApp that can't take it
    # (https://www.twilio.com/docs/whatsapp/tutorial/error-codes)
    Trouble.MAILBOX: (30003, 30004, 30008, 30036, 63014, 63024),
    # filtered as spam or fraud, no route
    # ... WhatsApp: its policy, a free text outside the window, spam, an experiment, held back, a country
    Trouble.POLICY: (30007, 30450, 30453, 21612, 63013, 63016, 63026, 63032, 63049, 63058),
    # no text, too long, other variables than its template has, what the channel doesn't take; to ourselves
    Trouble.CONTENT: (
        *(21602, 21605, 21617, 21618, 21619, 21654, 21656, 21658),
        *(63005, 63021, 63028, 63029, 63030, 63031),
    ),
    # sender missing, invalid, not ours, cannot send SMS; region not enabled; trial; callback; no service or no numbers
    # ... not registered or verified with the carriers (yet); sending switched off
    # ... WhatsApp: template missing, rejected, paused, disabled; sender; sandbox; account
    Trouble.SETUP: (
        *(20404, 21212, 21408, 21603, 21606, 21607, 21608, 21609, 21655, 21657, 21659, 21660, 21661, 21663),
        *(21701, 21702, 21703, 21704, 21705, 21709, 21711, 21910, 30042),
        *(30024, 30032, 30034, 30035, 30037, 30040, 30041, 30044),
        *(63001, 63002, 63007, 63015, 63022, 63027, 63040, 63041, 63042, 63053, 63054, 63056, 63059),
        *(63109, 63110, 63111),
    ),
    Trouble.AUTH: (20003, 20008),
    # suspended, closed, dearer than allowed, daily limit, locked, a suspended campaign
    Trouble.QUOTA: (20005, 30002, 30010, 30023, 30027, 30033, 63020, 63038, 63051, 63112, 63120),
    Trouble.RATE: (20429, 14107, 21611, 30001, 30022, 63017, 63018, 63119),
    Trouble.SERVER: (21730, 30017, 63009, 63010, 63012, 63117),
}
_BY_CODE = {code: trouble for trouble, codes in _CODES.items() for code in codes}


def by_code(code: str) -> Trouble | None:
    """What an error code means; None for one that we don't know."""
    return _BY_CODE.get(int(code)) if code.isdecimal() else None
