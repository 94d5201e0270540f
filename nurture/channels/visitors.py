"""Who fetched a link or a picture: a person, a mail scanner, or a proxy that says nothing of either.

Scanners follow every link of a mail within moments of its arrival; proxies fetch its pictures unseen.
Only what looks human may drive branches, scores and ROI; the others are kept, and told apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

HUMAN, SUSPECT, PROXY = "human", "suspect", "proxy"

AT_ONCE = timedelta(seconds=2)  # nobody reads a mail and clicks sooner after it was accepted

# Gmail's and Yahoo's proxies name themselves; Apple's Mail Privacy Protection sends nothing but "Mozilla/5.0".
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy|ggpht\.com|^Mozilla/5\.0$")
_MACHINES = re.compile(
    r"bot\b|bot/|crawl|spider|scan|preview|prefetch|headless|phantomjs"
    r"|barracuda|proofpoint|mimecast|trend ?micro|symantec|fireeye|forcepoint|ironport|safelinks|urldefense"
    r"|facebookexternalhit|whatsapp/|skypeuri"
    r"|^(?:curl|wget|python|java|go-http-client|okhttp|libwww|perl|ruby|php|axios|node|aiohttp|apache-httpclient)\b",
    re.IGNORECASE,
)
_AHEAD = ("purpose", "sec-purpose", "x-purpose", "x-moz")
_AHEAD_WORDS = ("prefetch", "preview", "prerender")


def classify(headers: Mapping[str, str], accepted_at: datetime | None, now: datetime) -> str:
    """`human`, `suspect` or `proxy`, by what the request says of itself and how soon it came.

    Header names are in lower case. `accepted_at` is when the provider took the message, if it is known.
    """
    agent = headers.get("user-agent", "").strip()
    if _PROXIES.search(agent):
        return PROXY
    ahead = any(word in headers.get(name, "").lower() for name in _AHEAD for word in _AHEAD_WORDS)
    return SUSPECT if not agent or ahead or hasty(accepted_at, now) or _MACHINES.search(agent) else HUMAN


def hasty(accepted_at: datetime | None, at: datetime) -> bool:
    """Whether it came sooner after the mail was accepted than anybody reads."""
    return accepted_at is not None and at - accepted_at < AT_ONCE
