"""Making a key for DKIM: the private half stays in the workspace, the public half goes into the DNS."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nurture.app.doctor.keys_in_dns import Signature
from nurture.channels.smtp import keys
from nurture.channels.smtp.signing import LABELS
from nurture.problems import NurtureError

FOLDER = "dkim"


@dataclass(frozen=True, slots=True)
class Made:
    """A key: the file of its private half, below the workspace, and what the DNS is to say."""

    file: str
    kind: str
    signature: Signature


def make(folder: Path, domain: str, selector: str, kind: str) -> Made:
    """Make a key. Raises NurtureError where there is one under this selector, or where it can't be written."""
    if not LABELS.fullmatch(selector):
        raise NurtureError(f"a selector is a name as the DNS has it, such as n1, not {selector!r}")
    key = keys.make(kind)
    file = f"{FOLDER}/{selector}.pem"
    try:
        _keep(folder / FOLDER, f"{selector}.pem", keys.written(key))
    except FileExistsError:
        raise NurtureError(f"{file} is there already; choose another selector: --selector NAME") from None
    except OSError as failure:
        raise NurtureError(f"{file}: {failure.strerror}") from None
    return Made(file, kind, Signature(domain, selector, keys.record(key)))


def _keep(folder: Path, name: str, text: bytes) -> None:
    """A file that nobody else may read, in a folder that git passes over."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
    handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
