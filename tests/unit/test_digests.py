"""Digests stay what they are: keys that were sent, and addresses that were suppressed, are found by them."""

from __future__ import annotations

import base64
import hmac

from hypothesis import given
from hypothesis import strategies as st

from nurture import digests


@given(secret=st.binary(min_size=32, max_size=32), words=st.lists(st.text(), min_size=1))
def test_a_keyed_digest_is_the_beginning_of_an_hmac_in_base32(secret: bytes, words: list[str]) -> None:
    whole = hmac.digest(secret, "\x1f".join(words).encode(), "sha256")
    assert digests.keyed(secret, *words) == base64.b32encode(whole[:20]).decode().lower()


def test_a_send_key_never_changes() -> None:
    key = digests.send_key(
        b"a secret of thirty-two characters", "welcome", "ana", "", "1", "first", "email", 0
    )
    assert key == "lod6jzhtaxw5alkospdoagenpf3jnxys"
