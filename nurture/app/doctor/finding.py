"""One thing that was looked at: what was found, why it matters, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"  # works, but not as well as it should
    WRONG = "wrong"
    UNKNOWN = "unknown"  # nobody answered: not the same as wrong
    SKIPPED = "skipped"  # there was nothing to ask, or nothing was said that it could be asked with


@dataclass(frozen=True, slots=True)
class Finding:
    """`area` groups what belongs together: mail, links, provider, machine. `name` is the same at every run."""

    area: str
    name: str
    verdict: Verdict
    found: str
    why: str = ""
    do: str = ""
    record: tuple[str, str] | None = None  # what to put into the DNS: the name and the text of a TXT record


def unknown(area: str, name: str, said: str, why: str = "") -> Finding:
    """What could not be asked."""
    do = "Try again; where it stays so, look at this machine's network."
    return Finding(area, name, Verdict.UNKNOWN, f"could not ask: {said}", why, do)
