"""`on_cap:` of a message: what becomes of it where a cap is full."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nurture.model import PERSONAL, Channel, Draft
from nurture.nodes import Mapping, Node, Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options, read_table
from nurture.options.tables import Option, Table
from nurture.options.values import Choice, Custom, Named

WORDS = ("defer", "skip")
CHANNELS = tuple(channel.value for channel in PERSONAL)
# Slots of a message with a replacement: itself, the other one, and itself again where that can't go out either.
FIRST, OTHER, AFTER_ALL = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Instead:
    """The message of another channel that goes out where the cap leaves no room for the step's own."""

    channel: Channel
    template: str = ""  # that of the step's own name, until the step is read

    def of(self, draft: Draft) -> Draft:
        """The replacement of the step's own message. It isn't put off: then the own one is the better."""
        return draft._replace(
            channel=self.channel,
            template=self.template,
            slot=OTHER,
            subject=None,
            on_cap="skip",
            arm=None,
        )


def _messages(channels: tuple[str, ...]) -> Table:
    """The message that goes out instead, by its channel."""
    return Table(
        "'instead'",
        tuple(
            Option(
                name,
                Named(f"{name} template", "N405"),
                f"Its template below templates/{name}/.",
                "welcome/hello",
            )
            for name in channels
        ),
        rules=(shapes.exactly_one(*channels),),
    )


_ANY_MESSAGE = _messages(CHANNELS)  # the step's own channel is read, too, to say why it makes no sense


def _read_instead(node: Node, desk: Desk) -> Instead | None:
    if isinstance(node, Scalar):
        channel = Choice(CHANNELS).read(node, desk)
        return Instead(Channel(channel)) if channel is not None else None
    options = read_table(node, _ANY_MESSAGE, desk)
    if options is None:
        return None
    given = [name for name in CHANNELS if options.given(name)]
    if len(given) != 1:
        desk.error("N106", "expected one message here, such as 'sms: welcome/hello'", node.mark)
        return None
    return Instead(Channel(given[0]), options[given[0]]) if options[given[0]] is not None else None


def _replaced(channels: tuple[str, ...]) -> Table:
    """What `on_cap` says where a message of one of these channels goes out instead."""
    messages = _messages(channels)
    instead = Custom(
        "a channel, or a message of it",
        _read_instead,
        lambda desk: {"anyOf": [shapes.choice("a channel", channels), shapes.table(messages, desk)]},
    )
    option = Option(
        "instead",
        instead,
        "The channel, whose template has the name of the step's own; or its message.",
        channels[-1],
        required=True,
    )
    return Table("'on_cap'", (option,))


_ANY_REPLACED = _replaced(CHANNELS)


def _read(node: Node, desk: Desk) -> str | Instead | None:
    if not isinstance(node, Mapping):
        return _WORD.read(node, desk)
    options = read_table(node, _ANY_REPLACED, desk)
    return options["instead"] if options is not None else None


_WORD = Choice(WORDS)


def on_cap(own: Channel) -> Option:
    """The option of a channel's messages; only another channel's can go out instead."""
    others = tuple(name for name in CHANNELS if name != own)
    table = _replaced(others)
    return Option(
        "on_cap",
        Custom(
            "'defer', 'skip' or {instead: a channel}",
            _read,
            lambda desk: {"anyOf": [_WORD.schema(desk), shapes.table(table, desk)]},
        ),
        "What becomes of it where a cap is full, whatever the cap itself says: it waits, is skipped, or another "
        "channel's message goes out if that reaches the person and has room. If not, it is as the cap says.",
        f"{{instead: {'sms' if own is not Channel.SMS else 'email'}}}",
    )


# In a list of messages the next one is what comes instead.
WORD_ALONE = Option(
    "on_cap", _WORD, "What becomes of it where a cap is full, whatever the cap itself says.", "skip"
)


def replaced(options: Options, own: Channel, template: str | None, binds: bool) -> Instead | None:
    """The replacement that makes sense for a message of this channel; `binds`: caps bind it."""
    given: str | Instead | None = options["on_cap"]
    if not isinstance(given, Instead):
        return None
    if not binds:
        hint = "leave 'on_cap' out"
        options.error(
            "N525", "no cap binds a transactional message, so nothing goes out instead", "on_cap", hint
        )
    elif given.channel is own:
        hint = f"name another channel than {own}"
        options.error("N525", f"an {own} instead of an {own} meets the same cap", "on_cap", hint)
    if given.template or template is None:
        return given
    return replace(given, template=_of_the_same_name(options, given.channel, template))


def _of_the_same_name(options: Options, channel: Channel, template: str) -> str:
    known = options.desk.names.get(f"{channel} template", ())
    if template not in known:
        hint = f"{suggestion(template, known, 'template')}; name it by 'instead: {{{channel}: ...}}'"
        options.error("N405", f"unknown {channel} template '{template}'", "on_cap", hint)
    return template


def word(value: str | Instead | None) -> str | None:
    """What the gate is told: a message with a replacement isn't put off."""
    return "skip" if isinstance(value, Instead) else value
