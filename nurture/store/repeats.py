"""Messages that go again because their provider drops a second one: until then, the first may have arrived."""

from __future__ import annotations

import sqlalchemy as sa

from nurture.store.tables import messages

REPEAT = "repeat"  # the reason of such a message

# What was handed over once and is to go again, or was: the first may have arrived. A provider that says "later" has
# taken nothing.
PERHAPS = sa.or_(
    messages.c.reason == sa.literal_column(f"'{REPEAT}'"),
    sa.and_(
        messages.c.on_doubt == sa.literal_column("'resend'"),
        messages.c.handed_at.is_not(None),
        messages.c.state.in_(
            [sa.literal_column(f"'{state}'") for state in ("scheduled", "leased", "cancelled")]
        ),
    ),
)

# What a message becomes that is not to leave any more: of what may have arrived nobody can say that it was cancelled.
ENDED = sa.case((messages.c.reason == REPEAT, "in_doubt"), else_="cancelled")
