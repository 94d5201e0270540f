"""The options of a channel that say with which keys its mails are signed."""

from __future__ import annotations

import re
from pathlib import Path

from nurture.channels.base import Options
from nurture.channels.smtp import dkim, keys
from nurture.identity import ascii_domain

LABELS = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)


def read_signers(options: Options, sender: str) -> tuple[dkim.Signer, ...]:
    """Who signs: a selector with its key, or several of each with commas between. Raises NurtureError.

    The domain is that of the sender's address unless `dkim_domain` names another.
    """
    selectors = _several(options.text("dkim_selector"))
    if not selectors:
        raise options.error("DKIM needs 'dkim_selector', for example dkim_selector: nurture")
    found = _keys(options)
    if len(selectors) != len(found):
        raise options.error(
            f"{len(selectors)} selectors for {len(found)} keys: each selector has its own key"
        )
    domain = ascii_domain(options.text("dkim_domain") or sender.rpartition("@")[2]).lower()
    for name, value in (("dkim_domain", domain), *(("dkim_selector", each) for each in selectors)):
        if not LABELS.fullmatch(value):
            raise options.error(
                f"{name} must be a name as the DNS has it, such as 'shop.example', not {value!r}"
            )
    return tuple(dkim.Signer(domain, selector, key) for selector, key in zip(selectors, found, strict=True))


def _keys(options: Options) -> list[keys.PrivateKey]:
    files, texts = _several(options.text("dkim_key_file")), _several(options.text("dkim_key"))
    if bool(files) == bool(texts):
        given = "both are given" if files else "neither is given"
        raise options.error(
            f"the private key stands in 'dkim_key_file' or, from the environment, in 'dkim_key': {given}"
        )
    named = [("dkim_key", text) for text in texts]
    for file in files:
        try:
            named.append((f"dkim_key_file {file}", Path(file).read_text(encoding="ascii")))
        except OSError as failure:
            raise options.error(f"dkim_key_file {file}: {failure.strerror}") from None
        except UnicodeDecodeError:
            raise options.error(f"dkim_key_file {file}: it is no text; `nurture dkim` makes a key") from None
    return [_key(options, name, text) for name, text in named]


def _key(options: Options, name: str, text: str) -> keys.PrivateKey:
    try:
        return keys.read(text)
    except ValueError as wrong:
        raise options.error(f"{name}: {wrong}") from None


def _several(text: str | None) -> list[str]:
    return [part for each in (text or "").split(",") if (part := each.strip())]
