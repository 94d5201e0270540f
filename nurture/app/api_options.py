"""Who may let people in by HTTP, as `nurture.yaml` says it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from nurture.app.pace_options import HOW_FAST
from nurture.options.reader import Options
from nurture.options.tables import Option, Table
from nurture.options.values import OneOrMore, Text
from nurture.settings import ApiAccess

SHORTEST = 32

API = Table(
    "'api'",
    (
        Option(
            "keys",
            OneOrMore(Text()),
            "Who says one of them may let people into journeys; to change one, write the new one beside it first.",
            "${NURTURE_API_KEY}",
            required=True,
            default=(),
        ),
        Option("rate", HOW_FAST, "How many requests a key may make.", "20/second"),
    ),
    anchor="workspace",
)


def access(options: Options | None, for_work: bool) -> ApiAccess:
    if options is None:
        return ApiAccess()
    for key in options["keys"]:
        if len(key) < SHORTEST and (key or for_work):
            mark = replace(options.mark_of("keys"), text=None)  # the excerpt might show it
            message = f"a key is shorter than {SHORTEST} characters"
            options.desk.error("N603", message, mark, "make one with: openssl rand -hex 32")
    keys = tuple(hashlib.sha256(key.encode()).digest() for key in options["keys"] if key)
    return ApiAccess(keys, options["rate"] or ApiAccess().rate)
