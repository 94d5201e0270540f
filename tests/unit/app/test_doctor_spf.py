"""SPF: whole evaluations beside pyspf, and what a survey of a record counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from ipaddress import IPv6Address
from random import Random
from typing import Any

import pytest
import spf as oracle

from nurture.app.doctor.names import Book
from nurture.app.doctor.spf import Check, Result, survey

DOMAINS = ("a.example", "b.example", "c.example", "d.example", "none.example")
HOSTS = ("h1.example", "h2.example", "h6.example", "void.example")
ADDRESSES = ("192.0.2.1", "192.0.2.77", "198.51.100.9", "2001:db8::1")
SENDER = "ana@shop.example"
Records = dict[str, dict[str, tuple[str, ...]]]


def book(**texts: str) -> Book:
    """The records of domains by their first label; host.example has an address that nobody sends from."""
    records = {f"{label}.example": {"TXT": (text,)} for label, text in texts.items()}
    return Book(records | {"host.example": {"A": ("203.0.113.1",)}})


# --- beside pyspf -----------------------------------------------------------------------------


def _term(random: Random) -> str:
    host, domain = random.choice(DOMAINS + HOSTS), random.choice(DOMAINS)
    return random.choice(["", "", "-", "~", "?", "+"]) + random.choice(
        [
            *("all", "a", "mx", "ptr", "a/24", "mx//32", f"a:{host}", f"mx:{host}/25//64", f"ptr:{host}"),
            *(f"include:{domain}", f"include:{domain}", f"exists:{host}", "exists:%{i}.x.example"),
            *("exists:%{l}.%{o}", "exists:%{d2}", "exists:%{ir}.%{v}.z.example", "ip4:192.0.2.1"),
            *("ip4:192.0.2.0/25", "ip4:0.0.0.0/0", "ip6:2001:db8::/32", "ip6:::/0", "ip4:198.51.100.0/24"),
            *("ip4:1.2.3", "ip4:1.2.3.4/33", "a:", "include", "foo", "all:x.example", "x=y", "redirect="),
        ]
    )


def _world(random: Random) -> Records:
    """Some domains that speak of one another, and hosts."""
    found: Records = defaultdict(dict)
    for domain in DOMAINS[:-1]:
        more = f" redirect={random.choice(DOMAINS)}" if random.random() < 0.3 else ""
        text = " ".join(["v=spf1", *(_term(random) for _ in range(random.randrange(5)))]) + more
        found[domain]["TXT"] = (text,) if random.random() < 0.95 else (text, "v=spf1 -all")
        if random.random() < 0.5:
            found[domain]["A"] = (random.choice(ADDRESSES[:3]),)
        if random.random() < 0.5:
            hosts = random.sample(HOSTS, 2)
            found[domain]["MX"] = tuple(f"{rank} {host}" for rank, host in enumerate(hosts))
    return found | {
        "h1.example": {"A": ("192.0.2.1",)},
        "h2.example": {"A": ("198.51.100.9", "192.0.2.200")},
        "h6.example": {"AAAA": ("2001:db8::1",)},
        "1.2.0.192.in-addr.arpa": {"PTR": ("h1.example",)},
        "192.0.2.1.x.example": {"A": ("127.0.0.2",)},
        "1.2.0.192.in-addr.z.example": {"A": ("127.0.0.2",)},
    }


def _as_pyspf_asks(records: Book) -> Any:
    def look_up(name: str, kind: str, *_: object, **__: object) -> list[tuple[tuple[str, str], Any]]:
        read = {
            "TXT": lambda text: (text.encode(),),
            "MX": lambda text: (int(text.split(" ")[0]), text.split(" ")[1]),
            "AAAA": lambda text: IPv6Address(text).exploded,
        }
        asked = () if kind == "SPF" else records.ask(name, kind)
        return [((name, kind), read.get(kind, str)(text)) for text in asked]

    return look_up


def test_what_receivers_find_is_what_pyspf_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, int] = defaultdict(int)
    for number in range(600):
        random = Random(number)
        records = Book(_world(random))
        monkeypatch.setattr(oracle, "DNSLookup", _as_pyspf_asks(records))
        address, sender = random.choice(ADDRESSES), f"ana@{random.choice(DOMAINS)}"
        theirs, _, why = oracle.query(i=address, s=sender, h=sender.partition("@")[2]).check()
        # it refuses a domain that includes itself before it gets there, and counts other look-ups as void
        if "trivial recursion" in why or "Void lookup" in why:
            continue
        assert str(Check.of(records, address, sender).result()) == theirs, (
            f"world {number}: {address} as {sender}"
        )
        seen[theirs] += 1
    assert min(seen[each] for each in ("pass", "fail", "softfail", "neutral", "none", "permerror")) > 10


# --- limits -----------------------------------------------------------------------------------

LIMITS: Mapping[str, tuple[Book, Result, str]] = {
    "eleven look-ups": (
        book(shop=f"v=spf1 {'a:host.example ' * 11}-all"),
        Result.PERMERROR,
        "it takes more than 10 look-ups",
    ),
    "ten look-ups": (book(shop=f"v=spf1 {'a:host.example ' * 10}-all"), Result.FAIL, ""),
    "three names that there aren't": (
        book(shop="v=spf1 a:x.example a:y.example a:z.example -all"),
        Result.PERMERROR,
        "more than 2 look-ups find nothing",
    ),
    "includes in a ring": (
        book(shop="v=spf1 include:two.example -all", two="v=spf1 include:shop.example -all"),
        Result.PERMERROR,
        "more than 10 look-ups",
    ),
    "nobody answers": (
        Book(
            {
                "shop.example": {"TXT": ("v=spf1 include:two.example -all",)},
                "two.example": {"TXT": ("timeout",)},
            }
        ),
        Result.TEMPERROR,
        "TXT of two.example: no answer in time",
    ),
    "a macro that there isn't": (
        book(shop="v=spf1 exists:%{z}.example"),
        Result.PERMERROR,
        "no macro of SPF's",
    ),
    "an include that says nothing": (
        book(shop="v=spf1 include:two.example"),
        Result.PERMERROR,
        "include:two.example has no SPF record",
    ),
    "two records": (
        Book({"shop.example": {"TXT": ("v=spf1 -all", "v=spf1 +all")}}),
        Result.PERMERROR,
        "has 2 SPF records",
    ),
    "another record beside it": (
        Book({"shop.example": {"TXT": ("v=spf10 +all", "some-verification=1", "v=spf1 -all")}}),
        Result.FAIL,
        "",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_where_receivers_give_up(name: str) -> None:
    records, result, why = LIMITS[name]
    check = Check.of(records, "192.0.2.1", SENDER)
    assert check.result() is result
    assert why in check.why


def test_a_survey_follows_everything_and_counts_it() -> None:
    found = survey(
        book(
            shop="v=spf1 a mx include:one.example include:two.example redirect=last.example",
            one="v=spf1 include:two.example ip4:192.0.2.1 -all",
            two="v=spf1 exists:%{i}.list.example ?all",
            last="v=spf1 ptr ~all",
        ),
        "shop.example",
    )
    assert (found.lookups, found.all, found.ptr, found.broken) == (9, "~", True, [])
    assert found.includes == ["one.example", "two.example", "two.example"]


def test_a_survey_ends_where_records_lead_in_a_ring() -> None:
    found = survey(book(shop="v=spf1 include:two.example", two="v=spf1 include:shop.example"), "shop.example")
    assert found.broken == ["shop.example includes itself"]
