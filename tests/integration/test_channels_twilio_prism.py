"""Our requests against Twilio's own description of its API, served by Prism."""

from __future__ import annotations

import dataclasses
import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nurture.channels.api import Api
from nurture.channels.base import Envelope, OutcomeKind
from nurture.model import Channel
from tests.support import prism
from tests.support.channels import send, twilio

pytestmark = [pytest.mark.node, pytest.mark.shared_data]

SID = "AC" + "0" * 31 + "1"
HELLO = Envelope(
    1, "key1", Channel.SMS, "+15005550006", "+5511999990000", "Olá, Ana! 15% até sexta 😀".encode()
)


@pytest.fixture(scope="module")
def api(shared_data: Path) -> Iterator[str]:
    with prism.serving(shared_data / "twilio" / "twilio_api_v2010.json") as url:
        yield url


@pytest.fixture
def carrier(api: str) -> Iterator[Api]:
    with twilio(api, account=SID, callback="https://news.example.com/hooks/twilio") as found:
        yield found


@pytest.mark.parametrize("sender", ["+15005550006", "MG" + "0" * 32], ids=["number", "messaging service"])
def test_our_request_conforms(carrier: Api, sender: str) -> None:
    outcome = send(carrier, [dataclasses.replace(HELLO, sender=sender)])[1]
    assert (outcome.kind, outcome.code) == (OutcomeKind.ACCEPTED, "201")
    assert outcome.provider_id is not None
    assert outcome.provider_id.startswith("SM")


def test_a_wave_goes_over_several_connections(carrier: Api) -> None:
    wave = [dataclasses.replace(HELLO, message_id=number, key=f"key{number}") for number in range(10)]
    for _ in range(3):
        assert {one.kind for one in send(carrier, wave).values()} == {OutcomeKind.ACCEPTED}


BREACHES = {
    "no recipient": (f"/2010-04-01/Accounts/{SID}/Messages.json", "From=%2B15005550006&Body=Oi", True, 422),
    "an account that cannot be": ("/2010-04-01/Accounts/AC1/Messages.json", "To=%2B5511999990000", True, 422),
    "a number that is none": (
        f"/2010-04-01/Accounts/{SID}/Messages.json",
        "To=%2B5511999990000&ValidityPeriod=soon",
        True,
        422,
    ),
    "no credentials": (
        f"/2010-04-01/Accounts/{SID}/Messages.json",
        "To=%2B5511999990000&Body=Oi",
        False,
        401,
    ),
}


@pytest.mark.parametrize("name", BREACHES)
def test_the_description_does_refuse(carrier: Api, api: str, name: str) -> None:
    path, body, signed, expected = BREACHES[name]
    headers = dict(carrier.provider.call(HELLO).headers)
    if not signed:
        del headers["Authorization"]
    connection = http.client.HTTPConnection(urlsplit(api).netloc)
    connection.request("POST", path, body, headers)
    assert connection.getresponse().status == expected
    connection.close()


def test_a_wrong_account_is_refused_through_the_carrier_too(carrier: Api) -> None:
    carrier.provider.path = "/2010-04-01/Accounts/AC1/Messages.json"
    assert send(carrier, [HELLO])[1].kind is OutcomeKind.REFUSED
