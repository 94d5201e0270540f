"""What `nurture.yaml` may say of a channel: who carries it and from whom its messages come. The rest is the provider's."""

from __future__ import annotations

import re

from nurture import hosts
from nurture.app import pace_options
from nurture.model import PERSONAL, Channel
from nurture.nodes import Mapping, Node, Scalar, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import read_table, sub_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import Flag, Integer, Matching, OneOrMore, TableOf, Text, Value
from nurture.settings import ChannelConfig, Sender

# A host of one's own network, such as localhost, has no dot.
_EMAIL = Matching("an e-mail address", re.compile(r"[^@\s<>]+@[^@\s<>]+"))
SENDER = Table(
    "'sender'",
    (
        Option(
            "address",
            Text(),
            "E-mail address, phone number or service id.",
            "oi@shop.example",
            required=True,
            default="",
        ),
        Option("name", Text(), "The name that people see.", "Mariana"),
        Option("reply_to", _EMAIL, "Where answers go.", "oi@shop.example"),
    ),
    anchor="workspace",
)


class _Host(Value[str]):
    words = "a host such as 'crm.example' or '10.0.0.5:8080'"

    def of(self, text: str) -> str:
        return hosts.entry(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, r"[^\s/]+(/\d{1,3})?")


WEBHOOK = (
    Option(
        "hosts",
        OneOrMore(_Host()),
        "Where webhooks may go: names, addresses and networks. A private address only where it is listed itself.",
        "[crm.example]",
        default=(),
    ),
    Option(
        "secret",
        OneOrMore(Text()),
        "Signs each call; of several the newest stands first, and receivers may check any.",
        "${WEBHOOK_SECRET}",
        default=(),
    ),
)


_REPLACED = (
    'Replace signs outside the GSM alphabet (ã by a, “ by ") where the text takes fewer segments so. One with an emoji '
    "stays as it is."
)


def _channel_table(channel: Channel) -> Table:
    """What a channel says whoever carries it."""
    provider = Option("provider", Text(), "Who carries it.", "outbox", required=True, default="outbox")
    if channel is Channel.WEBHOOK:
        return Table(f"'{channel}'", (provider, *WEBHOOK, *pace_options.table(channel)))
    if channel is Channel.NOTE:
        places = Option(
            "places",
            TableOf(Text(), "addresses by the names of places"),
            "Where colleagues chat: the name that `notify` says, and the address as Apprise writes it.",
            "{sales: ${SLACK_SALES}}",
        )
        return Table(f"'{channel}'", (provider, places, *pace_options.table(channel)))
    options: tuple[Option, ...] = (
        provider,
        Option("sender", sub_table(SENDER), "From whom messages come.", "{address: ...}", required=True),
    )
    if channel is Channel.SMS:
        words = "How many segments a text may need; where it needs more, check warns."
        options = (
            *options,
            Option("segments", Integer(1, 10), words, "2", default=1),
            Option("transliterate", Flag(), _REPLACED, "true", default=False),
        )
    return Table(f"'{channel}'", (*options, *pace_options.table(channel)))


def channels(node: Node, desk: Desk) -> dict[Channel, ChannelConfig] | None:
    if not isinstance(node, Mapping):
        desk.error(
            "N104", f"expected channels, found {sort_of(node)}", node.mark, "email: {provider: outbox, ...}"
        )
        return None
    found = {}
    for key, value in node:
        if key.text not in list(Channel):
            hint = f"there is {', '.join(Channel)}"
            desk.error("N101", f"unknown channel '{key.text}'", key.mark, hint)
        elif (config := _channel(Channel(key.text), value, desk)) is not None:
            found[config.channel] = config
    return found


def _check_sender(channel: Channel, sender: Sender, nodes: dict[str, Node], desk: Desk) -> None:
    """What no message could leave with. An empty address is a variable that isn't set here."""
    if channel is Channel.EMAIL and sender.address:
        _EMAIL.read(nodes["address"], desk)
    if sender.name and not sender.name.isprintable():
        desk.error("N105", "expected a name on one line", nodes["name"].mark)


def _channel(channel: Channel, node: Node, desk: Desk) -> ChannelConfig | None:
    """A channel: provider and sender are ours, the rest is checked by the provider."""
    if not isinstance(node, Mapping):
        desk.error(
            "N104", f"expected a channel, found {sort_of(node)}", node.mark, "{provider: outbox, sender: ...}"
        )
        return None
    table = _channel_table(channel)
    own = {option.name for option in table.options}
    options = read_table(Mapping(tuple(pair for pair in node if pair[0].text in own), node.mark), table, desk)
    if options is None or (channel in PERSONAL and options["sender"] is None):
        return None
    rest = {key.text: value.text for key, value in node if key.text not in own and isinstance(value, Scalar)}
    for key, value in node:
        if key.text not in own and not isinstance(value, Scalar):
            desk.error("N104", f"expected text for '{key.text}', found {sort_of(value)}", value.mark)
    pace = pace_options.pace(options)
    if channel is Channel.WEBHOOK:
        return ChannelConfig(
            channel,
            options["provider"],
            Sender(""),
            rest,
            options["hosts"],
            tuple(filter(None, options["secret"])),
            pace=pace,
        )
    if channel is Channel.NOTE:
        return ChannelConfig(
            channel, options["provider"], Sender(""), rest, places=options["places"] or {}, pace=pace
        )
    sender = Sender(**{"address": "", **options["sender"].written()})
    _check_sender(channel, sender, options["sender"].nodes, desk)
    if channel is not Channel.SMS:
        return ChannelConfig(channel, options["provider"], sender, rest, pace=pace)
    segments, transliterate = options["segments"], options["transliterate"]
    return ChannelConfig(
        channel, options["provider"], sender, rest, segments=segments, transliterate=transliterate, pace=pace
    )


def shape(desk: Desk) -> Schema:
    other = {"additionalProperties": shapes.scalar("text")}  # the provider's own options
    tables = {channel.value: shapes.table(_channel_table(channel), desk) | other for channel in Channel}
    return {"type": "object", "properties": tables, "additionalProperties": False}
