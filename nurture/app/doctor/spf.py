"""SPF: what a domain's record says, and whether it lets an address send (RFC 7208)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from nurture.app.doctor.names import CouldNotAsk, Dns, addresses, exchangers, reverse

MOST_LOOKUPS = 10  # RFC 7208, 4.6.4
MOST_VOID = 2
_MOST_NAMES = 10  # of an mx, or of the names of an address

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_MECHANISM = re.compile(
    r"([-+~?]?)([a-z0-9]+)(?::([^/\s]+))?((?:/[0-9]{1,3})?(?://[0-9]{1,3})?)", re.IGNORECASE
)
_IP = re.compile(r"([-+~?]?)(ip4|ip6):(\S+)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(\S*)", re.IGNORECASE)
_WIDTHS = re.compile(r"(?:/([0-9]+))?(?://([0-9]+))?")
_MACRO = re.compile(r"%(?:\{([slodiphcrtv])([0-9]{0,3})(r?)([.+,/_=-]*)\}|([%_-])|)", re.IGNORECASE)
_ASKING = frozenset(("include", "a", "mx", "ptr", "exists"))
_NAMED = frozenset(("include", "exists"))
_WIDEST = {"ip4": 8, "ip6": 16}  # bits: nobody was given a larger network


class Result(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    PERMERROR = "permerror"
    TEMPERROR = "temperror"


RESULTS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


class Broken(Exception):
    """Whoever asks this record gives up: a permanent error. Says why."""


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism: who it is about, and what is said of them."""

    sign: str
    name: str
    value: str = ""
    width4: int = 32
    width6: int = 128

    def __str__(self) -> str:
        sign = "" if self.sign == "+" and self.name != "all" else self.sign
        about = f":{self.value}" if self.value else ""
        four = f"/{self.width4}" if self.width4 != 32 else ""
        six = f"//{self.width6}" if self.width6 != 128 else ""
        return f"{sign}{self.name}{about}{four}{six}"

    @property
    def wide(self) -> bool:
        """Whether it lets the whole world in, or more of it than anybody sends from."""
        if self.name in ("ip4", "ip6"):
            return ipaddress.ip_network(self.value).prefixlen < _WIDEST[self.name]
        if self.name in ("a", "mx"):
            return self.width4 < _WIDEST["ip4"] or self.width6 < _WIDEST["ip6"]
        return self.name == "all" or (self.name == "exists" and "%" not in self.value)


@dataclass(frozen=True, slots=True)
class Record:
    """A record's mechanisms in their order, and where it leads when none of them holds."""

    text: str
    terms: tuple[Term, ...]
    redirect: str | None = None

    @property
    def all(self) -> Term | None:
        """The mechanism about everybody else."""
        return next((term for term in self.terms if term.name == "all"), None)

    @property
    def heard(self) -> tuple[Term, ...]:
        """The mechanisms that receivers come to: none after the one about everybody else."""
        return self.terms[: self.terms.index(self.all) + 1] if self.all else self.terms


def find(dns: Dns, domain: str) -> Record | None:
    """The domain's record. Raises Broken for one that nobody can use, and CouldNotAsk."""
    found = [text for text in dns.ask(domain, "TXT") if text.lower().partition(" ")[0] == "v=spf1"]
    if len(found) > 1:
        raise Broken(f"{domain} has {len(found)} SPF records; with more than one none of them counts")
    return parse(found[0]) if found else None


def parse(text: str) -> Record:
    """A record that begins with `v=spf1`. Raises Broken where it breaks the grammar."""
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in text.split(" ")[1:]:
        if not word:
            continue
        if (found := _MODIFIER.fullmatch(word)) and not _IP.fullmatch(word):
            name = found[1].lower()
            if name in ("redirect", "exp") and (name in modifiers or not found[2]):
                raise Broken(f"'{word}' is there twice or names nothing")
            modifiers[name] = found[2]
        else:
            terms.append(_term(word))
    return Record(text, tuple(terms), modifiers.get("redirect"))


def _term(word: str) -> Term:
    if found := _IP.fullmatch(word):
        sign, name, network = found[1] or "+", found[2].lower(), found[3]
        try:
            of = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
            return Term(sign, name, str(of(network, strict=False)))
        except ValueError:
            raise Broken(f"'{word}' has no network of that sort") from None
    found = _MECHANISM.fullmatch(word)
    name = found[2].lower() if found else ""
    if found is None or name not in _ASKING | {"all"}:
        raise Broken(f"'{word}' is nothing that SPF knows")
    if (name == "all" and (found[3] or found[4])) or (name in _NAMED and not found[3]):
        raise Broken(f"'{word}' says too much or too little")
    if found[4] and name not in ("a", "mx"):
        raise Broken(f"'{word}' takes no length")
    return Term(found[1] or "+", name, found[3] or "", *_widths(word, found[4]))


def _widths(word: str, text: str) -> tuple[int, int]:
    found = _WIDTHS.fullmatch(text)
    four, six = (int(each) if each else None for each in (found[1], found[2])) if found else (None, None)
    if (four or 0) > 32 or (six or 0) > 128:
        raise Broken(f"'{word}' has a length that no address has")
    return 32 if four is None else four, 128 if six is None else six


# --- whether an address may send ----------------------------------------------------------------


@dataclass
class Check:
    """One evaluation: `check_host` of RFC 7208, 4, for mail of `sender` from `address`."""

    dns: Dns
    address: _Address
    sender: str
    lookups: int = 0
    void: int = 0
    by: str = ""  # the mechanism that settled it
    why: str = ""  # of a permanent or temporary error

    @classmethod
    def of(cls, dns: Dns, address: str, sender: str) -> Check:
        return cls(dns, ipaddress.ip_address(address), sender)

    def result(self) -> Result:
        """What a receiver would find."""
        try:
            return self._host(self.sender.rpartition("@")[2])
        except Broken as broken:
            self.why = str(broken)
            return Result.PERMERROR
        except CouldNotAsk as unasked:
            self.why = str(unasked)
            return Result.TEMPERROR

    def _host(self, domain: str) -> Result:
        record = find(self.dns, domain)
        if record is None:
            return Result.NONE
        for term in record.terms:
            if self._holds(term, domain):
                self.by = str(term)
                return RESULTS[term.sign]
        if record.redirect is None:
            return Result.NEUTRAL
        self._count()
        target = self._expanded(record.redirect, domain)
        found = self._host(target)
        if found is Result.NONE:
            raise Broken(f"redirect={target} leads to a domain without a record")
        return found

    def _holds(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.name in ("ip4", "ip6"):
            return self.address in ipaddress.ip_network(term.value)
        self._count()
        target = self._expanded(term.value, domain) if term.value else domain
        if term.name == "include":
            return self._included(target)
        if term.name == "exists":
            return bool(self._noted(self.dns.ask(target, "A")))
        if term.name == "ptr":
            return any(each == target or each.endswith(f".{target}") for each in self._names())
        hosts = [target] if term.name == "a" else self._exchangers(target)
        return any(self._within(term, self._addresses(host, term.name == "a")) for host in hosts)

    def _included(self, target: str) -> bool:
        found = self._host(target)
        if found is Result.NONE:
            raise Broken(f"include:{target} has no SPF record")
        return found is Result.PASS

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise Broken(f"it takes more than {MOST_LOOKUPS} look-ups")

    def _noted(self, answer: tuple[str, ...]) -> tuple[str, ...]:
        self.void += not answer
        if self.void > MOST_VOID:
            raise Broken(f"more than {MOST_VOID} look-ups find nothing")
        return answer

    def _addresses(self, host: str, counted: bool) -> tuple[str, ...]:
        answer = self.dns.ask(host, "A" if self.address.version == 4 else "AAAA")
        return self._noted(answer) if counted else answer

    def _exchangers(self, domain: str) -> list[str]:
        found = exchangers(self.dns, domain)
        self._noted(tuple(found))
        if len(found) > _MOST_NAMES:
            raise Broken(f"mx:{domain} has more than {_MOST_NAMES} hosts")
        return found

    def _within(self, term: Term, found: tuple[str, ...]) -> bool:
        width = term.width4 if self.address.version == 4 else term.width6
        networks = (ipaddress.ip_network(f"{each}/{width}", strict=False) for each in found)
        return any(self.address in network for network in networks)

    def _names(self) -> Iterator[str]:
        """The names of the address that lead back to it."""
        for name in self._noted(self.dns.ask(reverse(str(self.address)), "PTR"))[:_MOST_NAMES]:
            if str(self.address) in addresses(self.dns, name):
                yield name.lower()

    def _expanded(self, text: str, domain: str) -> str:
        local, _, of = self.sender.rpartition("@")
        dotted = str(self.address)
        if self.address.version == 6:
            dotted = ".".join(self.address.exploded.replace(":", ""))
        letters = {"s": self.sender, "l": local, "o": of, "d": domain, "i": dotted, "h": of, "p": "unknown"}
        letters["v"] = "in-addr" if self.address.version == 4 else "ip6"
        return _MACRO.sub(lambda found: _macro(found, letters), text).lower().rstrip(".")


def _macro(found: re.Match[str], letters: dict[str, str]) -> str:
    if found[5]:
        return {"%": "%", "_": " ", "-": "%20"}[found[5]]
    if not found[1] or found[1].lower() not in letters:
        raise Broken(f"'{found[0]}' is no macro of SPF's")
    parts = re.split(f"[{re.escape(found[4] or '.')}]", letters[found[1].lower()])
    if found[3]:
        parts.reverse()
    if found[2]:
        if int(found[2]) == 0:
            raise Broken(f"'{found[0]}' keeps nothing")
        parts = parts[-int(found[2]) :]
    return ".".join(parts)


# --- what the whole of it is like ---------------------------------------------------------------


@dataclass
class Survey:
    """All that a domain's record leads to, whoever sends."""

    record: Record | None = None
    lookups: int = 0
    includes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)  # mechanisms whose names have nothing to find
    wide: list[str] = field(default_factory=list)  # mechanisms that let about everybody send
    lists: bool = False  # whether anybody may send
    all: str | None = None  # what is said of everybody else: + - ~ ?
    ptr: bool = False


def survey(dns: Dns, domain: str) -> Survey:
    """Follow every include and redirect of a domain's record and count the look-ups that it may take."""
    found = Survey()
    _follow(dns, domain, found, (), leads=True, lets=True)
    return found


def _follow(
    dns: Dns, domain: str, found: Survey, through: tuple[str, ...], *, leads: bool, lets: bool
) -> None:
    """`leads`: the record has the last word; `lets`: whom it lets send, may send."""
    try:
        record = find(dns, domain)
    except Broken as broken:
        found.broken.append(str(broken))
        return
    except CouldNotAsk as unasked:
        found.unasked.append(str(unasked))
        found.lists |= lets
        return
    if not through:
        found.record = record
    if record is None:
        if through:
            found.broken.append(f"{domain}, which {through[-1]} includes, has no SPF record")
        return
    for term in record.heard:
        _look(dns, term, domain, found, through, lets=lets and term.sign == "+")
    if leads:
        found.all = record.all.sign if record.all else None
    if record.redirect and not record.all:
        found.lookups += 1
        _further(dns, record.redirect, found, (*through, domain), leads=leads, lets=lets)


def _look(dns: Dns, term: Term, domain: str, found: Survey, through: tuple[str, ...], *, lets: bool) -> None:
    found.lookups += term.name in _ASKING
    found.ptr = found.ptr or term.name == "ptr"
    if term.name == "include":
        found.includes.append(term.value)
        _further(dns, term.value, found, (*through, domain), leads=False, lets=lets)
    elif _finds(dns, term, domain, found) and lets:
        found.lists = True
        if term.wide:
            found.wide.append(f"{term} of {domain}")


def _finds(dns: Dns, term: Term, domain: str, found: Survey) -> bool:
    """Whether a mechanism can hold for anybody."""
    name = term.value or domain
    if term.name not in _ASKED or "%" in name or found.lookups > MOST_LOOKUPS:
        return True
    try:
        answer = _ASKED[term.name](dns, name)
    except CouldNotAsk as unasked:
        found.unasked.append(str(unasked))
        return True
    if not answer:
        found.void.append(f"{term} of {domain}")
    if term.name == "mx" and len(answer) > _MOST_NAMES:
        found.broken.append(f"mx:{name} has more than {_MOST_NAMES} hosts")
    return bool(answer)


_ASKED: dict[str, Callable[[Dns, str], Sequence[str]]] = {
    "a": addresses,
    "mx": exchangers,
    "exists": lambda dns, name: dns.ask(name, "A"),
}


def _further(
    dns: Dns, domain: str, found: Survey, through: tuple[str, ...], *, leads: bool, lets: bool
) -> None:
    if domain in through:
        found.broken.append(f"{domain} includes itself")
    elif found.lookups <= 3 * MOST_LOOKUPS and "%" not in domain:
        _follow(dns, domain, found, through, leads=leads, lets=lets)
    else:
        found.lists |= lets
