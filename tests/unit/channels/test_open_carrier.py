"""What a wrong configuration is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from nurture.channels import PROVIDERS, open_carrier
from nurture.channels.api import Api
from nurture.channels.twilio import Twilio
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Sender

SID = "AC" + "0" * 32


class Case(NamedTuple):
    provider: str
    options: Mapping[str, str]
    says: str
    channel: Channel = Channel.EMAIL


CASES = {
    "misspelt provider": Case("stmp", {}, "channels.email: unknown provider 'stmp'; did you mean 'smtp'?"),
    "unknown provider": Case(
        "pigeon", {}, f"unknown provider 'pigeon'; known are {', '.join(sorted(PROVIDERS))}"
    ),
    "wrong channel": Case("twilio", {}, "channels.email: twilio cannot carry it; use one of outbox, smtp"),
    "no host": Case("smtp", {}, "smtp needs 'host', for example host: smtp.example.com"),
    "misspelt option": Case("smtp", {"hots": "x"}, "unknown option 'hots'; did you mean 'host'?"),
    "port in words": Case("smtp", {"host": "x", "port": "smtp"}, "port must be a number, not 'smtp'"),
    "port out of range": Case("smtp", {"host": "x", "port": "70000"}, "port must lie between 1 and 65535"),
    "port in fractions": Case(
        "smtp", {"host": "x", "port": "25.5"}, "port must be a whole number, not '25.5'"
    ),
    "not a number at all": Case("smtp", {"host": "x", "timeout": "nan"}, "timeout must lie between"),
    "odd tls": Case("smtp", {"host": "x", "tls": "yes"}, "tls must be one of tls, starttls, none, not 'yes'"),
    "half a login": Case(
        "smtp", {"host": "x", "user": "volta", "password": ""}, "user and password go together"
    ),
    "a password with an accent": Case(
        "smtp",
        {"host": "x", "user": "volta", "password": "s\N{LATIN SMALL LETTER E WITH ACUTE}same"},
        "no letters beyond",
    ),
    "a password in clear": Case(
        "smtp",
        {"host": "x", "user": "volta", "password": "p", "tls": "none"},
        "must not travel in clear text",
    ),
    "odd fsync": Case("outbox", {"fsync": "maybe"}, "fsync must be one of true, false, not 'maybe'"),
    "no account": Case("twilio", {"token": "t"}, "channels.sms: twilio needs 'account'", Channel.SMS),
    "odd account": Case("twilio", {"account": "AC1", "token": "t"}, "account must be AC and 32", Channel.SMS),
    "no token": Case("twilio", {"account": SID}, "twilio needs 'token'", Channel.SMS),
    "half a key": Case(
        "twilio", {"account": SID, "token": "t", "api_key": "SK1"}, "api_key and api_secret", Channel.SMS
    ),
    "a key with its line's end": Case("brevo", {"key": "xkeysib-1\n"}, "key holds a line break or another"),
    "a key with a dash of a word processor": Case(
        "zenvia", {"token": "x\N{EN DASH}1"}, "token holds a line break or another", Channel.SMS
    ),
    "a misspelt region": Case(
        "mailgun", {"key": "k", "domain": "shop.example", "region": "ue"}, "region must be one of us, eu"
    ),
    "callback in clear": Case(
        "twilio",
        {"account": SID, "token": "t", "callback": "http://news.example.com/hooks"},
        "callback must begin with https://",
        Channel.SMS,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_configuration_is_told_what_and_where(name: str) -> None:
    case = CASES[name]
    with pytest.raises(NurtureError) as caught:
        open_carrier(ChannelConfig(case.channel, case.provider, Sender("volta@example.com"), case.options))
    assert case.says in str(caught.value)
    assert str(caught.value).startswith(f"channels.{case.channel}: ")


DEFAULTS = {
    "on this machine": ({"host": "127.0.0.1"}, "none", 25),
    "elsewhere": ({"host": "smtp.example.com"}, "starttls", 587),
    "port 465": ({"host": "smtp.example.com", "port": "465"}, "tls", 465),
    "tls": ({"host": "smtp.example.com", "tls": "tls"}, "tls", 465),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_safe_way_to_connect_is_the_default(name: str) -> None:
    from nurture.channels.smtp import Smtp

    options, tls, port = DEFAULTS[name]
    carrier = open_carrier(ChannelConfig(Channel.EMAIL, "smtp", Sender("volta@example.com"), options))
    assert isinstance(carrier, Smtp)
    assert (carrier._server.tls, carrier._server.port) == (tls, port)
    assert carrier.patience >= 600  # RFC 5321 gives the last reply ten minutes


def test_an_api_key_signs_in_and_the_token_checks_webhooks() -> None:
    options = {"account": SID, "token": "t", "api_key": "SK1", "api_secret": "s"}
    carrier = open_carrier(ChannelConfig(Channel.SMS, "twilio", Sender("+15005550006"), options))
    assert isinstance(carrier, Api)
    assert isinstance(carrier.provider, Twilio)
    assert carrier.provider.headers["Authorization"] == "Basic U0sxOnM="
    assert carrier.provider.token == "t"
    carrier.close()
