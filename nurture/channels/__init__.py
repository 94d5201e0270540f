"""Carriers: a module a provider; Twilio's and SMTP's are packages, for they have more to say."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module

from nurture.channels.base import Carrier, Misfit, unknown
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig

# provider -> the channels it carries; its module has the same name and an `open_carrier`.
PROVIDERS: dict[str, tuple[Channel, ...]] = {
    "outbox": (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.WEBHOOK, Channel.NOTE),
    "smtp": (Channel.EMAIL,),
    "ses": (Channel.EMAIL,),
    "mailgun": (Channel.EMAIL,),
    "sparkpost": (Channel.EMAIL,),
    "sendgrid": (Channel.EMAIL,),
    "postmark": (Channel.EMAIL,),
    "resend": (Channel.EMAIL,),
    "brevo": (Channel.EMAIL,),
    "mailjet": (Channel.EMAIL,),
    "listmonk": (Channel.EMAIL,),
    "twilio": (Channel.SMS, Channel.WHATSAPP),
    "vonage": (Channel.SMS,),
    "zenvia": (Channel.SMS,),
    "infobip": (Channel.SMS,),
    "meta": (Channel.WHATSAPP,),
    "sns": (Channel.SMS,),
    "http": (Channel.WEBHOOK,),
    "apprise": (Channel.NOTE,),
}

# those that are told with each message where to report: option `callback`
CALLBACKS = frozenset({"twilio", "infobip"})


def open_carrier(config: ChannelConfig) -> Carrier:
    """The carrier that a channel is configured for; nothing is connected yet.

    Raises NurtureError for an unknown provider and for wrong or missing options.
    """
    channels = PROVIDERS.get(config.provider)
    if channels is None:
        said = f"channels.{config.channel}: {unknown('provider', config.provider, PROVIDERS)}"
        raise Misfit(said, "provider")
    if config.channel not in channels:
        carriers = ", ".join(name for name, carried in PROVIDERS.items() if config.channel in carried)
        said = f"channels.{config.channel}: {config.provider} cannot carry it; use one of {carriers}"
        raise Misfit(said, "provider")
    carrier: Carrier = import_module(f"nurture.channels.{config.provider}").open_carrier(config)
    return carrier


_WORDS = re.compile(r"\w+")


def misfits(config: ChannelConfig) -> list[NurtureError]:
    """All that is wrong with what a channel is configured for: what was found is taken for mended, and it is opened
    again, until it opens or what is wrong is about no single option."""
    found: list[NurtureError] = []
    mended: set[str] = set()
    meant: set[str] = set()  # is missing because it is misspelt
    while True:
        try:
            open_carrier(config).close()
        except Misfit as error:
            wrong = [error, *error.others]
            # what is said of a stand-in is nobody's mistake
            found += [each for each in wrong if (mended | meant).isdisjoint(_WORDS.findall(str(each)))]
            names = {each.option for each in wrong}
            if "" in names or "provider" in names or names <= mended:
                return found
            mended |= names
            meant |= {each.meant for each in wrong if each.meant is not None}
            examples = {each.option: each.example for each in wrong if each.example is not None}
            kept = {name: text for name, text in config.options.items() if name not in names}
            config = replace(config, options={**kept, **examples})
        except NurtureError as error:
            return [*found, error]
        else:
            return found
