"""`python -m tools.providers` writes docs/reference/providers.md: what each provider can do and needs, asked of the
code that carries it."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from nurture.channels import PROVIDERS, open_carrier
from nurture.channels.api import COMMON, Api
from nurture.channels.base import Carrier, Features
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Sender

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "providers.md"
TITLES = {
    Channel.EMAIL: "E-mail",
    Channel.SMS: "SMS",
    Channel.WHATSAPP: "WhatsApp",
    Channel.WEBHOOK: "Webhooks",
    Channel.NOTE: "Notes",
}
# what else stands in the settings of a channel
BESIDE = {
    Channel.WEBHOOK: ("hosts: [crm.example]", "secret: ${WEBHOOK_SECRET}"),
    Channel.NOTE: ('places: {sales: "${SLACK_SALES}"}',),
}
SENDERS = {
    Channel.EMAIL: "oi@shop.example",
    Channel.SMS: '"+5511900000000"',
    Channel.WHATSAPP: '"+5511900000000"',
}
HEAD = """# Providers

Who can carry the messages of a channel. A channel names its provider in `nurture.yaml`; what else it says there is the
provider's own, and `nurture check` tells what is missing or misspelt.
[How to change over to one](../how-to/send-through-a-provider.md).

- **a lost answer** leaves a message [in doubt](../reliability.md) until a webhook, or somebody, speaks of it. Where the
  provider drops a second request for the same message, it is handed over again early in that time; where messages can be
  looked up, nurture asks for it after some minutes.
- **tells**: what comes back by webhook, at `/webhooks/PROVIDER` of `web.url`. Each can be repeated, late and out of order.
- **proof**: how a webhook shows where it comes from. Without the secret for it, none gets in. Where a time is signed, an old
  request is refused (SendGrid's and Mailgun's, which are repeated for hours, later than the others'). One that is recorded and
  sent again tells nothing new: each event counts once. Mailgun's signature covers no body, so it holds for the first that comes
  with it, and for no other.
"""
API = f"""All that are asked over HTTPS also know {", ".join(f"`{name}`" for name in COMMON)}: where the API stands, how many
requests may be under way at once (10; a crash leaves at most as many in doubt), and how many seconds an answer may take (30).
"""
_NEEDS = re.compile(r"needs '(?P<name>\w+)', for example (?P=name): (?P<value>.+)$")
_KNOWN = re.compile(r"known are (.+)$")
_SAYS = re.compile(r"Options: (?P<said>.+?)(?:\n\s*\n|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A provider on one of its channels: what it can do, what it needs, what it knows."""

    name: str
    channel: Channel
    features: Features
    needs: tuple[tuple[str, str], ...]
    knows: tuple[str, ...]
    says: str  # of its options, in its own words
    proved_by: str | None = None


def entries(channel: Channel) -> list[Entry]:
    """The providers of a channel by name; files, which are the product's own, are left out."""
    names = [name for name, carried in PROVIDERS.items() if channel in carried and name != "outbox"]
    return [_entry(name, channel) for name in sorted(names)]


def _entry(name: str, channel: Channel) -> Entry:
    needs, carrier = _opened(name, channel)
    carrier.close()
    said = "the option that is not there"
    try:
        open_carrier(_config(name, channel, {said: "x"})).close()
    except NurtureError as error:
        known = _KNOWN.search(str(error))
    return Entry(
        name,
        channel,
        carrier.features,
        tuple(needs.items()),
        tuple(known[1].split(", ")) if known else (),
        _says(name, carrier),
        carrier.provider.proved_by if isinstance(carrier, Api) else None,
    )


def _opened(name: str, channel: Channel) -> tuple[dict[str, str], Carrier]:
    """The options without which the provider does not open, each as its error suggests it."""
    needs: dict[str, str] = {}
    while True:
        try:
            return needs, open_carrier(_config(name, channel, needs))
        except NurtureError as error:
            if (missing := _NEEDS.search(str(error))) is None:
                raise
            needs[missing["name"]] = missing["value"]


def _config(name: str, channel: Channel, options: dict[str, str]) -> ChannelConfig:
    sender = Sender(SENDERS.get(channel, "").strip('"'))
    return ChannelConfig(
        channel, name, sender, options, ("crm.example",), ("a secret of thirty-two characters",)
    )


def _says(name: str, carrier: Carrier) -> str:
    """What the code says of the options, on one line."""
    about = type(carrier.provider) if isinstance(carrier, Api) else import_module(f"nurture.channels.{name}")
    written = inspect.getdoc(about if isinstance(carrier, Api) else about.open_carrier) or ""
    found = _SAYS.search(written)
    return " ".join(found["said"].split()) if found else ""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    for channel in TITLES:
        if found := entries(channel):
            yield f"## {TITLES[channel]}\n"
            yield from _table(found)
            for entry in found:
                yield from _section(entry)
    yield "## Options of all\n"
    yield API


def _table(found: list[Entry]) -> Iterator[str]:
    yield "| provider | a lost answer | tells | proof |"
    yield "|---|---|---|---|"
    for entry in found:
        features = entry.features
        tells = ", ".join(features.tells) or "nothing"
        proof = f"{features.proof} (`{entry.proved_by}`)" if entry.proved_by else features.proof or "-"
        yield f"| [{entry.name}](#{_anchor(entry)}) | {_doubt(features)} | {tells} | {proof} |"
    yield ""


def _doubt(features: Features) -> str:
    """What is done about a message whose answer was lost."""
    if features.searched:
        return "can be looked up"
    if features.idempotency is None:
        return "sends it again" if features.again else "-"
    hours, minutes = features.idempotency // timedelta(hours=1), features.idempotency // timedelta(minutes=1)
    return f"drops repeats for {f'{hours} hours' if hours * 60 == minutes else f'{minutes} minutes'}"


def _anchor(entry: Entry) -> str:
    return f"{entry.name}-{TITLES[entry.channel].lower()}" if _twice(entry) else entry.name


def _twice(entry: Entry) -> bool:
    return sum(channel in PROVIDERS[entry.name] for channel in TITLES) > 1


def _section(entry: Entry) -> Iterator[str]:
    yield f"### {entry.name} {TITLES[entry.channel]}\n" if _twice(entry) else f"### {entry.name}\n"
    if entry.features.notes:
        yield _wrapped(entry.features.notes)
    own = [name for name in entry.knows if name not in COMMON]
    if entry.says or own:
        yield _wrapped(f"Options: {entry.says or ', '.join(own) + '.'}")
    yield "```yaml"
    yield "channels:"
    yield f"  {entry.channel}:"
    yield f"    provider: {entry.name}"
    if entry.channel in SENDERS:
        yield f"    sender: {{address: {SENDERS[entry.channel]}}}"
    yield from (f"    {line}" for line in BESIDE.get(entry.channel, ()))
    yield from (f"    {name}: {value}" for name, value in entry.needs)
    yield "```\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(Path.cwd())}\n")
