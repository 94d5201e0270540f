"""Amazon's services: our requests against a server that plays them, and against its own SDK's signature."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Sdk
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from moto.server import ThreadedMotoServer
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

from nurture.channels import aws, open_carrier
from nurture.channels import ses as ses_provider
from nurture.channels import sns as sns_provider
from nurture.channels.api import Answer, Api
from nurture.channels.base import Forged, Heard, OutcomeKind, Receipt, Webhook
from nurture.channels.ses import Ses
from nurture.channels.sns import Sns
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from tests.support.channels import SENDER, email, send, sms

KEYS = {"region": "sa-east-1", "access_key": "AKIATEST", "secret_key": "secret"}
ACCOUNT = "123456789012"  # which moto takes for everybody's
TOPIC = "arn:aws:sns:sa-east-1:123456789012:mail"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def opened(channel: Channel, name: str, **options: str) -> Api:
    sender = SENDER if channel is Channel.EMAIL else Sender("+15005550006")
    carrier = open_carrier(ChannelConfig(channel, name, sender, KEYS | options))
    assert isinstance(carrier, Api)
    return carrier


def asked(amazon: str, service: str, body: dict[str, Any] | str, path: str) -> Any:
    """A request of our own to the service, to prepare it or to see what it has."""
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    who = aws.Credentials("sa-east-1", "AKIATEST", "secret")
    kind = "application/json" if not isinstance(body, str) else "application/x-www-form-urlencoded"
    headers = aws.signed(who, service, amazon, path, raw, kind, datetime.now(UTC))
    with urlopen(Request(f"{amazon}{path}", raw, headers)) as answer:
        return answer.read()


def test_a_mail_goes_out_byte_for_byte(amazon: str) -> None:
    asked(amazon, "ses", {"EmailIdentity": SENDER.address}, "/v2/email/identities")
    carrier = opened(Channel.EMAIL, "ses", api=amazon)
    ana = email(1, "ana")
    outcome = send(carrier, [ana])[1]
    carrier.close()
    assert (outcome.kind, outcome.code) == (OutcomeKind.ACCEPTED, "200")
    (sent,) = ses_backends[ACCOUNT]["sa-east-1"].sent_messages
    assert (sent.id, sent.source) == (outcome.provider_id, SENDER.address)
    assert sent.raw_data.encode() == ana.body


def test_a_mail_names_our_key_and_the_set_that_tells_of_it() -> None:
    carrier = opened(Channel.EMAIL, "ses", configuration_set="volta")
    asked = json.loads(carrier.provider.call(email(1, "ana")).body)
    carrier.close()
    assert asked["FromEmailAddress"] == SENDER.address
    assert asked["EmailTags"] == [{"Name": "nurture", "Value": "key1"}]
    assert asked["ConfigurationSetName"] == "volta"


def test_an_sms(amazon: str) -> None:
    carrier = opened(Channel.SMS, "sns", api=amazon)
    outcome = send(carrier, [sms(1, "+5511999990000", "Olá, Ana! 15% 😀")])[1]
    carrier.close()
    assert outcome.kind is OutcomeKind.ACCEPTED
    sent = sns_backends[ACCOUNT]["sa-east-1"].sms_messages
    assert sent == {outcome.provider_id: ("+5511999990000", "Olá, Ana! 15% 😀")}


@pytest.mark.parametrize("kind", ["promotional", "transactional"])
def test_an_sms_says_of_which_kind_it_is(kind: str) -> None:
    carrier = opened(Channel.SMS, "sns", type=kind)
    asked = dict(parse_qsl(carrier.provider.call(sms(1, "+5511999990000")).body.decode()))
    carrier.close()
    assert asked["MessageAttributes.entry.1.Name"] == "AWS.SNS.SMS.SMSType"
    assert asked["MessageAttributes.entry.1.Value.StringValue"] == kind.capitalize()
    assert asked["MessageAttributes.entry.2.Value.StringValue"] == "+15005550006"


def xml(code: str, message: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>".encode()


def error(kind: str, message: str = "no") -> tuple[dict[str, str], bytes]:
    return {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/"}, json.dumps(
        {"message": message}
    ).encode()


REFUSED, DEFERRED, IN_DOUBT = OutcomeKind.REFUSED, OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
MAIL_ERRORS = {
    "a sender that is not set up": (
        400,
        error("MessageRejected", "Email address is not verified."),
        DEFERRED,
    ),
    "bad content": (400, error("MessageRejected", "Illegal attachment"), REFUSED),
    "wrong keys": (403, error("UnrecognizedClientException"), DEFERRED),
    "too fast": (429, error("TooManyRequestsException"), DEFERRED),
    "used up": (400, error("LimitExceededException"), DEFERRED),
    "suspended": (400, error("AccountSuspendedException"), DEFERRED),
    "overloaded": (503, ({}, b""), DEFERRED),
    "a crash": (500, ({}, b"<html>"), IN_DOUBT),
}
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
SMS_ERRORS = {
    "no number": (400, xml("InvalidParameter", "Invalid parameter: PhoneNumber"), REFUSED, "hard_bounce"),
    "too long": (400, xml("InvalidParameter", "Invalid parameter: Message too long"), REFUSED, None),
    "a sender that isn't ours": (
        400,
        xml("InvalidParameter", "Invalid parameter: AWS.MM.SMS.OriginationNumber"),
        DEFERRED,
        None,
    ),
    "opted out": (400, xml("InvalidParameter", "The number is opted out"), REFUSED, "opt_out"),
    "a text that it can't carry": (400, xml("ParameterValueInvalid", "no"), REFUSED, None),
    "wrong keys": (403, xml("InvalidClientTokenId", "no"), DEFERRED, None),
    "too fast": (400, xml("Throttling", "Rate exceeded"), DEFERRED, None),
    "a crash": (500, b"", IN_DOUBT, None),
}


@pytest.mark.parametrize("name", MAIL_ERRORS)
def test_what_goes_wrong_with_a_mail(name: str) -> None:
    status, (headers, body), kind = MAIL_ERRORS[name]
    provider = Ses(ChannelConfig(Channel.EMAIL, "ses", SENDER, KEYS))
    outcome = provider.outcome(email(1, "ana"), Answer(status, body, headers))
    assert (outcome.kind, outcome.suppress) == (kind, None)


@pytest.mark.parametrize("name", SMS_ERRORS)
def test_what_goes_wrong_with_an_sms(name: str) -> None:
    status, body, kind, suppress = SMS_ERRORS[name]
    provider = Sns(ChannelConfig(Channel.SMS, "sns", Sender("Volta"), KEYS))
    outcome = provider.outcome(sms(1, "+5511999990000"), Answer(status, body))
    assert (outcome.kind, outcome.suppress) == (kind, suppress)


@pytest.mark.parametrize(
    ("token", "method", "path"),
    [
        (None, "POST", "/v2/email/outbound-emails"),
        ("a token", "POST", "/v2/email/outbound-emails"),
        (None, "GET", "/v2/email/account"),
        (None, "GET", "/?Action=GetSMSSandboxAccountStatus&Version=2010-03-31"),
    ],
)
def test_our_signature_is_the_sdks(token: str | None, method: str, path: str) -> None:
    who = aws.Credentials("sa-east-1", "AKIATEST", "secret", token)
    body = '{"a": "ção"}'.encode() if method == "POST" else b""
    base, at = "https://email.sa-east-1.amazonaws.com", NOW
    ours = aws.signed(who, "ses", base, path, body, "application/json", at, method)
    request = AWSRequest(method, f"{base}{path}", {"Content-Type": "application/json"}, body)
    request.context["timestamp"] = ours["x-amz-date"]
    auth = SigV4Auth(Sdk("AKIATEST", "secret", token), "ses", "sa-east-1")
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    made = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    assert ours["authorization"].endswith(f"Signature={made}")


# --- notifications -----------------------------------------------------------------------------


class Amazon:
    """Signs notifications as Amazon does, and serves its certificate."""

    url = "https://sns.sa-east-1.amazonaws.com/SimpleNotificationService-1.pem"

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = x509.CertificateBuilder(
            name, name, self._key.public_key(), 1, NOW - timedelta(1), NOW + timedelta(9)
        )
        self._pem = made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        self.fetched: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        return self._pem

    def says(self, message: object, version: str = "2", **changes: str) -> Webhook:
        said = {
            "Type": "Notification",
            "MessageId": "n1",
            "TopicArn": TOPIC,
            "Message": json.dumps(message),
            "Timestamp": NOW.isoformat().replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": self.url,
        }
        late = {name: changes.pop(name) for name in ("SigningCertURL", "Message") if name in changes}
        said |= changes
        way: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = self._key.sign(aws.signed_text(said), padding.PKCS1v15(), way)
        said |= {"Signature": base64.b64encode(signature).decode(), **late}
        return Webhook("https://links.volta.example/webhooks/ses", {}, json.dumps(said).encode())


@pytest.fixture(scope="module")
def sns() -> Amazon:
    return Amazon()


@pytest.fixture
def hear(sns: Amazon, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(aws, "_fetch", sns.fetch)
    aws._certificate.cache_clear()
    ses = Ses(ChannelConfig(Channel.EMAIL, "ses", SENDER, {**KEYS, "topic": TOPIC}))
    return lambda webhook: ses.heard(webhook, NOW)


BOUNCE = {
    "eventType": "Bounce",
    "mail": {"messageId": "m1", "destination": ["ana@example.com"], "tags": {"nurture": ["key1"]}},
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "feedbackId": "f1",
        "timestamp": "2026-11-20T11:59:00Z",
        "bouncedRecipients": [
            {
                "emailAddress": "ana@example.com",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 <ana@example.com>: user unknown",
            }
        ],
    },
}


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_bounce_names_our_message_and_says_why(hear: Any, sns: Amazon, version: str) -> None:
    heard: Heard = hear(sns.says(BOUNCE, version))
    (event,) = heard.events
    assert (event.name, event.message_key, event.source_id) == ("email_bounced", "key1", "m1:f1")
    assert event.payload["suppress"] == "hard_bounce"
    assert event.payload["code"] == "550 5.1.1"
    assert "ana" not in str(event.payload)


def test_a_full_mailbox_suppresses_nobody(hear: Any, sns: Amazon) -> None:
    bounce = BOUNCE["bounce"] | {"bounceType": "Transient", "bounceSubType": "MailboxFull"}  # type: ignore[operator]
    (event,) = hear(sns.says(BOUNCE | {"bounce": bounce})).events
    assert (event.payload["suppress"], event.payload["permanent"]) == (None, False)


GENERAL = BOUNCE["bounce"] | {"bounceType": "Transient", "bounceSubType": "General"}  # type: ignore[operator]


@pytest.mark.parametrize("known", [{}, {"emailAddress": "ana@example.com"}], ids=["nothing", "her address"])
def test_somebody_who_is_away_has_not_bounced(hear: Any, sns: Amazon, known: dict[str, str]) -> None:
    """The mail arrived: SES calls the automatic answer to it a bounce of which it knows nothing more."""
    heard: Heard = hear(sns.says(BOUNCE | {"bounce": GENERAL | {"bouncedRecipients": [known]}}))
    assert heard == Heard(receipts=(Receipt("key1", "m1"),))


def test_a_transient_bounce_of_which_something_is_known_is_one(hear: Any, sns: Amazon) -> None:
    recipient = {"emailAddress": "ana@example.com", "status": "4.4.7"}
    (event,) = hear(sns.says(BOUNCE | {"bounce": GENERAL | {"bouncedRecipients": [recipient]}})).events
    assert (event.name, event.payload["code"], event.payload["permanent"]) == (
        "email_bounced",
        "4.4.7",
        False,
    )


@pytest.mark.parametrize("kind", ["Suppressed", "OnAccountSuppressionList"])
def test_who_is_on_a_list_of_amazons_is_not_taken_for_somebody_who_is_gone(
    hear: Any, sns: Amazon, kind: str
) -> None:
    bounce = BOUNCE["bounce"] | {"bounceSubType": kind}  # type: ignore[operator]
    (event,) = hear(sns.says(BOUNCE | {"bounce": bounce})).events
    assert (event.name, event.payload["suppress"]) == ("email_bounced", "provider")
    assert "own list" in event.payload["reason"]


@pytest.mark.parametrize(("kind", "name"), [("Complaint", "complained"), ("Delivery", "delivered")])
def test_a_complaint_and_a_delivery_name_our_message(hear: Any, sns: Amazon, kind: str, name: str) -> None:
    told = {"timestamp": "2026-11-20T11:59:00Z"}
    (event,) = hear(sns.says({"eventType": kind, "mail": BOUNCE["mail"], kind.lower(): told})).events
    assert (event.name, event.message_key, event.person.email) == (
        f"email_{name}",
        "key1",
        "ana@example.com",
    )


def test_who_unsubscribes_at_amazon_is_heard_at_once(hear: Any, sns: Amazon) -> None:
    bounce = BOUNCE["bounce"] | {"bounceSubType": "UnsubscribedRecipient"}  # type: ignore[operator]
    heard: Heard = hear(sns.says(BOUNCE | {"bounce": bounce}))
    assert [(stop.person.email, stop.message_key) for stop in heard.stops] == [("ana@example.com", "key1")]
    assert heard.events == ()


def test_a_complaint_that_only_kept_a_mail_back_is_no_second_complaint(hear: Any, sns: Amazon) -> None:
    complaint = {"complaintSubType": "OnAccountSuppressionList", "timestamp": "2026-11-20T11:59:00Z"}
    note = {"eventType": "Complaint", "mail": BOUNCE["mail"], "complaint": complaint}
    (event,) = hear(sns.says(note)).events
    assert (event.name, event.payload["suppress"]) == ("email_bounced", "provider")


def test_a_mail_that_was_taken_and_never_sent_is_a_bounce(hear: Any, sns: Amazon) -> None:
    note = {"eventType": "Reject", "mail": BOUNCE["mail"], "reject": {"reason": "Bad content"}}
    (event,) = hear(sns.says(note)).events
    assert (event.name, event.message_key, event.payload["suppress"]) == ("email_bounced", "key1", None)


def codes_of(service: str, operation: str) -> set[str]:
    """The errors that Amazon's SDK knows of an operation, as they are written in an answer."""
    model = botocore.session.get_session().get_service_model(service)
    return {
        shape.metadata.get("error", {}).get("code", shape.name)
        for shape in model.operation_model(operation).error_shapes
    }


def test_every_error_that_amazon_lists_is_known() -> None:
    without_us = {code for code in codes_of("sns", "Publish") if code.startswith("KMS")}
    without_us |= {
        "NotFound",
        "EndpointDisabled",
        "PlatformApplicationDisabled",
        "InternalError",
    }  # of topics; a crash
    assert codes_of("sns", "Publish") - without_us <= set(sns_provider._ERRORS)
    assert codes_of("sesv2", "SendEmail") <= set(ses_provider._ERRORS)


FORGED = {
    "changed afterwards": {"Message": json.dumps({"eventType": "Complaint"})},
    "somebody else's topic": {"TopicArn": "arn:aws:sns:sa-east-1:999999999999:mail"},
    "somebody else's certificate": {"SigningCertURL": "https://sns.amazonaws.com.evil.example/cert.pem"},
    "a certificate in clear": {"SigningCertURL": "http://sns.sa-east-1.amazonaws.com/cert.pem"},
    "a port": {"SigningCertURL": "https://sns.sa-east-1.amazonaws.com:8443/cert.pem"},
    "an old one": {"Timestamp": "2026-11-19T12:00:00Z"},
    "no known way": {"SignatureVersion": "3"},
    "no type": {"Type": "Other"},
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_notification_says_nothing(hear: Any, sns: Amazon, name: str) -> None:
    with pytest.raises(Forged):
        hear(sns.says(BOUNCE, **FORGED[name]))


def test_an_offer_to_subscribe_is_taken(hear: Any, sns: Amazon) -> None:
    offer = "https://sns.sa-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    heard = hear(sns.says({}, Type="SubscriptionConfirmation", SubscribeURL=offer, Token="t"))
    assert heard == Heard()
    assert sns.fetched[-1] == offer


def test_an_offer_that_leads_elsewhere_is_not(hear: Any, sns: Amazon) -> None:
    with pytest.raises(Forged):
        hear(sns.says({}, Type="SubscriptionConfirmation", SubscribeURL="https://evil.example/", Token="t"))


def test_what_people_answer_by_sms(sns: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "_fetch", sns.fetch)
    provider = Sns(ChannelConfig(Channel.SMS, "sns", Sender("+15005550006"), {**KEYS, "topic": TOPIC}))
    answer = {"originationNumber": "+5511999990000", "messageBody": "Sair", "inboundMessageId": "i1"}
    heard = provider.heard(sns.says(answer), NOW)
    assert [event.name for event in heard.events] == ["sms_replied"]
    assert [stop.person.phone for stop in heard.stops] == ["+5511999990000"]
