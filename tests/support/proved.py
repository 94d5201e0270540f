"""Webhooks of providers of SMS and WhatsApp, with the proof that each gives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime

from nurture.channels.base import Webhook


def proved(name: str, said: object, secret: str, at: datetime) -> Webhook:
    """A webhook as the provider proves it."""
    body = json.dumps(said).encode()
    if name == "meta":
        head = {
            "x-hub-signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
        }
    elif name == "vonage":
        claims = {"iat": int(at.timestamp()), "payload_hash": hashlib.sha256(body).hexdigest()}
        parts = [json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps(claims)]
        signed = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
        signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
        head = {
            "authorization": f"Bearer {signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        }
    else:
        head = {"authorization": f"Bearer {secret}"}
    return Webhook(f"https://links.volta.example/webhooks/{name}", head, body)
