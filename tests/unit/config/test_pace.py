"""How fast a channel may send, as nurture.yaml says it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from nurture.app.workspace import load
from nurture.model import Channel
from nurture.settings import Pace, Rate, StopRules

SETTINGS = """
company: {name: Loja da Ana, postal_address: Rua das Flores 10}
channels:
  email:
    provider: outbox
    sender: {address: oi@loja.example}
    rate: 10/second
    burst: 25
    domains: {gmail.com: 300/minute, yahoo.com: 500/day}
    warm_up: [50, 100]
    stop_at: {complaints: 0.1%, at_least: 1000, within: 1 day}
  sms: {provider: outbox, sender: {address: "+5511900000000"}, rate: "2 / hour"}
  webhook: {provider: outbox, hosts: crm.example, rate: 5/second}
topics: {offers: Ofertas}
secret: ${PACE_SECRET}
"""


def paces(folder: Path, text: str) -> dict[Channel, Pace]:
    (folder / "nurture.yaml").write_text(text, encoding="utf-8")
    (folder / ".env").write_text("PACE_SECRET=a secret of thirty-two characters\n", encoding="utf-8")
    settings = load(folder, with_journeys=False).settings
    assert settings is not None
    return {channel: config.pace for channel, config in settings.channels.items()}


def test_each_channel_has_its_own(tmp_path: Path) -> None:
    found = paces(tmp_path, SETTINGS)
    assert found[Channel.EMAIL] == Pace(
        Rate(10, timedelta(seconds=1), 25, "10/second"),
        {
            "gmail.com": Rate(300, timedelta(minutes=1), 5, "300/minute"),
            "yahoo.com": Rate(500, timedelta(days=1), 1, "500/day"),
        },
        (50, 100),
        StopRules(complaints=10, at_least=1000, within=found[Channel.EMAIL].stop_at.within),
    )
    assert found[Channel.EMAIL].stop_at.within.elapsed() == timedelta(days=1)
    assert found[Channel.SMS] == Pace(Rate(2, timedelta(hours=1), 1, "2/hour"))
    assert found[Channel.WEBHOOK].rate == Rate(5, timedelta(seconds=1), 5, "5/second")


def test_a_channel_that_says_nothing_has_no_limit(tmp_path: Path) -> None:
    text = SETTINGS.replace("    rate: 10/second\n    burst: 25\n", "").replace(", rate: 5/second", "")
    found = paces(tmp_path, text)
    assert (found[Channel.EMAIL].rate, found[Channel.WEBHOOK].limited) == (None, False)
    assert found[Channel.WEBHOOK].stop_at == StopRules(30, 500, 1000, 500)
