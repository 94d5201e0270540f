"""Who is a person, and who only looks like one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture.channels.visitors import classify

SENT = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = SENT + timedelta(hours=1)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "visitor"),
    [
        pytest.param(IPHONE, "human", id="a phone"),
        pytest.param(CHROME, "human", id="a desk"),
        pytest.param(CHROME + " Edg/142.0", "human", id="another browser"),
        pytest.param(
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "proxy",
            id="Gmail",
        ),
        pytest.param(
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "proxy", id="Yahoo"
        ),
        pytest.param("Mozilla/5.0", "proxy", id="Apple's privacy protection"),
        pytest.param("", "suspect", id="nothing said"),
        pytest.param(
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "suspect", id="crawler"
        ),
        pytest.param("BarracudaCentral/1.0", "suspect", id="mail scanner"),
        pytest.param("Mimecast Link Checker", "suspect", id="link checker"),
        pytest.param(
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "suspect", id="preview in a chat"
        ),
        pytest.param("WhatsApp/2.24.1 A", "suspect", id="preview in WhatsApp"),
        pytest.param("python-requests/2.32", "suspect", id="a program"),
        pytest.param("curl/8.5.0", "suspect", id="the command line"),
        pytest.param(
            "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/142.0", "suspect", id="a browser without a screen"
        ),
    ],
)
def test_what_it_says_of_itself(agent: str, visitor: str) -> None:
    assert classify({"user-agent": agent}, SENT, LATER) == visitor


@pytest.mark.parametrize(
    "header",
    [
        ("purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("x-moz", "prefetch"),
        ("x-purpose", "preview"),
    ],
)
def test_fetched_ahead_of_a_click(header: tuple[str, str]) -> None:
    assert classify({"user-agent": IPHONE, header[0]: header[1]}, SENT, LATER) == "suspect"


@pytest.mark.parametrize(
    ("after", "visitor"),
    [(timedelta(seconds=0), "suspect"), (timedelta(seconds=1.9), "suspect"), (timedelta(seconds=2), "human")],
)
def test_nobody_clicks_within_two_seconds(after: timedelta, visitor: str) -> None:
    assert classify({"user-agent": IPHONE}, SENT, SENT + after) == visitor


def test_an_unknown_time_of_sending_says_nothing() -> None:
    assert classify({"user-agent": IPHONE}, None, LATER) == "human"
