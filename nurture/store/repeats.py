"""Messages that go again because their provider drops a second one: until then, the first may have arrived."""

from __future__ import annotations

import sqlalchemy as sa

from nurture.store.tables import messages

REPEAT = "repeat"  # the reason of such a message

# What a message becomes that is not to leave any more: of what may have arrived nobody can say that it was cancelled.
ENDED = sa.case((messages.c.reason == REPEAT, "in_doubt"), else_="cancelled")
