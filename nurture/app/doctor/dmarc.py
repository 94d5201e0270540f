"""DMARC: a domain's policy, and which domains belong together (RFC 9989, which took the place of RFC 7489)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nurture.app.doctor.names import Dns

POLICIES = ("none", "quarantine", "reject")
_MOST_STEPS = 8
_PERCENTAGE = re.compile(r"[0-9]{1,2}|100")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a record asks of receivers. `wrong` says what in it they can't read."""

    at: str  # the domain whose record it is
    tags: dict[str, str]
    wrong: tuple[str, ...] = ()

    @property
    def p(self) -> str:
        found = self.tags.get("p", "").lower()
        return found if found in POLICIES else "none"

    def for_(self, domain: str) -> str:
        """What is asked for mail of this domain."""
        sub = self.tags.get("sp", "").lower()
        return sub if domain != self.at and sub in POLICIES else self.p

    @property
    def reports(self) -> tuple[str, ...]:
        """Where the reports of each day go, as e-mail addresses."""
        uris = (uri.strip().partition("!")[0] for uri in self.tags.get("rua", "").split(","))
        return tuple(uri[len("mailto:") :] for uri in uris if uri.lower().startswith("mailto:"))

    @property
    def share(self) -> int | None:
        """The percentage that it is for, where it says one."""
        text = self.tags.get("pct", "")
        return int(text) if _PERCENTAGE.fullmatch(text) else None

    def strict(self, tag: str) -> bool:
        """Whether domains must be the same: `adkim` or `aspf`."""
        return self.tags.get(tag, "r").lower() == "s"


@dataclass
class Found:
    """A domain's policy, where the walk for it ended, and its organization's domain."""

    policy: Policy | None
    organization: str
    several: list[str] = field(default_factory=list)  # domains with more than one record: none of them counts


def find(dns: Dns, domain: str) -> Found:
    """The policy for a domain. Raises CouldNotAsk."""
    steps = {name: _records(dns, name) for name in _walk(domain)}
    known = {name: records[0] for name, records in steps.items() if len(records) == 1}
    organization = _organization(domain, known)
    at = next((name for name in (domain, organization) if name in known), None)
    policy = Policy(at, *_tags(known[at])) if at else None
    return Found(
        policy, organization, [name for name in (domain, organization) if len(steps.get(name, ())) > 1]
    )


def organization(dns: Dns, domain: str) -> str:
    """The domain that a company registered, of which `domain` is a part. Raises CouldNotAsk."""
    return find(dns, domain).organization


def aligned(dns: Dns, one: str, other: str, strict: bool) -> bool:
    """Whether two domains count as one. Raises CouldNotAsk."""
    if one == other or strict:
        return one == other
    if one.endswith(f".{other}") or other.endswith(f".{one}"):
        return True
    return organization(dns, one) == organization(dns, other)


def _walk(domain: str) -> Iterator[str]:
    """The domain and those above it: eight names at most (RFC 9989, 4.10)."""
    labels = domain.split(".")
    yield domain
    labels = labels[max(1, len(labels) - _MOST_STEPS + 1) :]
    while labels:
        yield ".".join(labels)
        labels = labels[1:]


def _records(dns: Dns, domain: str) -> list[str]:
    found = dns.ask(f"_dmarc.{domain}", "TXT")
    return [text for text in found if text.replace(" ", "").partition(";")[0] == "v=DMARC1"]


def _organization(domain: str, known: dict[str, str]) -> str:
    """The one that says so (psd=n), the one below a public suffix (psd=y), else the highest with a record."""
    highest = domain
    for name, text in known.items():
        psd = _tags(text)[0].get("psd", "").lower()
        if psd == "n":
            return name
        if psd == "y":
            return domain if name == domain else ".".join(domain.split(".")[-len(name.split(".")) - 1 :])
        highest = name
    return highest


def _tags(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    tags: dict[str, str] = {}
    wrong: list[str] = []
    for part in filter(str.strip, text.split(";")):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals:
            wrong.append(f"'{part.strip()}' has no =")
        elif name.lower() in tags:
            wrong.append(f"'{name}' is there twice")
        else:
            tags[name.lower()] = value
    for name, choices in {"p": POLICIES, "sp": POLICIES, "adkim": ("r", "s"), "aspf": ("r", "s")}.items():
        if name in tags and tags[name].lower() not in choices:
            wrong.append(f"{name}={tags[name]} is none of {', '.join(choices)}")
    if "pct" in tags and not _PERCENTAGE.fullmatch(tags["pct"]):
        wrong.append(f"pct={tags['pct']} is no percentage")
    if any(not uri.strip().lower().startswith("mailto:") for uri in tags.get("rua", "mailto:").split(",")):
        wrong.append(f"rua={tags['rua']} is no mailto: address")
    return tags, tuple(wrong)
