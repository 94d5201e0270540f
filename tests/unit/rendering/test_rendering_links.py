"""Links of a mail: tracked, signed for one purpose and one address, with UTM parameters; and how one unsubscribes."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

import pytest

from nurture.model import MessageClass
from nurture.rendering.links import Purpose, Signer
from tests.unit.rendering.shop import SECRET, header, links, mail, renderer

UTM = "utm_campaign=volta&utm_source=nurture"
NEWER = ("k2", b"another secret of thirty-two signs")


def sent(content: str, message_class: MessageClass = MessageClass.MARKETING, **more: object) -> EmailMessage:
    made = renderer(mail(content)).email("it", None, {}, links(**more), header(message_class=message_class))
    found = message_from_bytes(made.body, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def href(content: str, **more: object) -> str:
    part = sent(content, **more).get_body(("html",))
    assert part is not None
    found = re.search(r'href="([^"]*)"', part.get_content())
    assert found is not None
    return found[1].replace("&amp;", "&")


LEADS_TO = {
    "https://volta.example": f"https://volta.example?{UTM}",
    "https://volta.example/p?size=2#top": f"https://volta.example/p?size=2&{UTM}#top",
    "https://volta.example/?utm_source=mine": "https://volta.example/?utm_source=mine&utm_campaign=volta",
    "https://volta.example/café?q=pão": f"https://volta.example/caf%C3%A9?q=p%C3%A3o&{UTM}",
}


@pytest.mark.parametrize("url", LEADS_TO)
def test_a_link_leads_by_us_to_its_page_with_utm(url: str) -> None:
    written = urlsplit(href(f'<a href="{url}">x</a>'))
    assert (written.netloc, written.path[:3]) == ("mail.volta.example", "/c/")
    (target,) = parse_qs(written.query)["u"]
    assert target == LEADS_TO[url]
    claim = Signer((SECRET,)).read(written.path[3:], Purpose.CLICK, target)
    assert claim is not None
    assert claim.key == "M1"


UNTRACKED = {
    "mailto:oi@volta.example": "mailto:oi@volta.example",
    "tel:+551199": "tel:+551199",
    "#top": "#top",
    "javascript:alert(1)": "#",
    "data:text/html,x": "#",
}


@pytest.mark.parametrize("url", UNTRACKED)
def test_what_is_no_page_stays_and_what_would_harm_goes(url: str) -> None:
    assert href(f'<a href="{url}">x</a>') == UNTRACKED[url]


def test_without_tracking_only_utm_is_added() -> None:
    assert href('<a href="https://volta.example">x</a>', track_clicks=False) == f"https://volta.example?{UTM}"
    assert "/o/" not in str(sent("<p>x</p>", track_opens=False))
    assert "/o/" in str(sent("<p>x</p>"))


def test_a_token_serves_its_purpose_its_address_and_its_message_alone() -> None:
    signer = Signer((SECRET,))
    token = signer.sign(Purpose.CLICK, "M1", "https://volta.example")
    assert signer.read(token, Purpose.CLICK, "https://volta.example") is not None
    assert signer.read(token, Purpose.CLICK, "https://evil.example") is None
    assert signer.read(token, Purpose.UNSUBSCRIBE, "https://volta.example") is None
    assert signer.read(token.replace("M1", "M2"), Purpose.CLICK, "https://volta.example") is None
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert signer.read(flipped, Purpose.CLICK, "https://volta.example") is None
    assert Signer((NEWER,)).read(token, Purpose.CLICK, "https://volta.example") is None


def test_an_old_secret_still_reads_and_the_newest_signs() -> None:
    old = Signer((SECRET,)).sign(Purpose.UNSUBSCRIBE, "M1")
    both = Signer((NEWER, SECRET))
    assert both.read(old, Purpose.UNSUBSCRIBE) is not None
    assert both.sign(Purpose.UNSUBSCRIBE, "M1").startswith("k2.")


@pytest.mark.parametrize("message_class", [MessageClass.MARKETING, MessageClass.SURVEY])
def test_the_mail_programs_own_button_by_rfc_8058(message_class: MessageClass) -> None:
    made = sent("<p>x</p>", message_class)
    found = re.fullmatch(r"<https://mail\.volta\.example/u/([^>]+)>", made["List-Unsubscribe"])
    assert found is not None
    assert Signer((SECRET,)).read(found[1], Purpose.UNSUBSCRIBE) is not None
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_needs_no_consent_has_nothing_to_unsubscribe_from() -> None:
    made = sent("<p>x</p>", MessageClass.TRANSACTIONAL)
    assert made["List-Unsubscribe"] is None
    assert made["List-Unsubscribe-Post"] is None
