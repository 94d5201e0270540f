"""Messages that go again after an answer was lost: until one is heard of, what left before may have arrived."""

from __future__ import annotations

import sqlalchemy as sa

from nurture.store.tables import messages

REPEAT = "repeat"  # the reason of one whose provider drops a second one
RESENT = "resend"  # and of one that goes again because its step wants that, and may arrive twice
AGAIN = (REPEAT, RESENT)
LEFT = "left"  # of one that somebody said to leave in doubt: it may still be found, and goes no more

# What was handed over once and is to go again. A provider that says "later" has taken nothing.
PERHAPS = messages.c.reason.in_([sa.literal_column(f"'{reason}'") for reason in AGAIN])

# What a message becomes that is not to leave any more: of what may have arrived nobody can say that it was cancelled.
ENDED = sa.case((PERHAPS, "in_doubt"), else_="cancelled")
