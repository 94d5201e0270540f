"""Vonage with an application instead of the account's key: signed tokens, and who hears of a message."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nurture.channels.api import Api, Provider
from nurture.channels.vonage import Vonage
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Sender
from tests.support.channels import sms

ANA = "+5511999990000"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def of_an_application(private_key: str, **more: str) -> Provider:
    options = {"application": "78d335fa-323d", "private_key": private_key} | more
    return Vonage(ChannelConfig(Channel.SMS, "vonage", Sender("+15005550006"), options))


@pytest.mark.parametrize("line_end", ["\n", "\\n"])
def test_an_application_of_vonage_signs_a_token(key: rsa.RSAPrivateKey, line_end: str) -> None:
    provider = of_an_application(pem(key).replace("\n", line_end))
    scheme, _, token = provider.call(sms(1, ANA)).headers["Authorization"].partition(" ")
    head, claims, signature = (base64.urlsafe_b64decode(f"{part}==") for part in token.split("."))
    key.public_key().verify(signature, token.rpartition(".")[0].encode(), PKCS1v15(), SHA256())
    said = json.loads(claims)
    assert (scheme, json.loads(head)) == ("Bearer", {"alg": "RS256", "typ": "JWT"})
    assert (said["application_id"], said["exp"] - said["iat"]) == ("78d335fa-323d", 900)
    assert said["jti"]
    assert provider.call(sms(2, ANA)).headers["Authorization"] == f"Bearer {token}"


def test_nothing_can_be_asked_with_an_applications_token(key: rsa.RSAPrivateKey) -> None:
    carrier = Api(of_an_application(pem(key)))
    assert carrier.check() is None
    carrier.close()


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(NurtureError, match=r"channels\.sms: private_key must be"):
        of_an_application("a word")


def test_vonage_is_told_who_hears_of_a_message(key: rsa.RSAPrivateKey) -> None:
    asked = json.loads(
        of_an_application(pem(key), callback="https://links.volta.example/v").call(sms(1, ANA)).body
    )
    assert (asked["webhook_url"], asked["webhook_version"]) == ("https://links.volta.example/v", "v1")
