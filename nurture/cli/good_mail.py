"""Mail that arrives: `nurture doctor` looks at what it needs, `nurture dkim` makes a key to sign it with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder
from nurture.cli.spans import time_of

if TYPE_CHECKING:
    from nurture.app.doctor import Finding

_COULD_NOT_ASK = 3
_INDENT = 11
_AREAS = {"mail": "Mail", "links": "Links", "provider": "Providers", "machine": "This machine"}


def register(app: typer.Typer) -> None:
    app.command(short_help="Has mail all that it needs? DNS, HTTPS, provider, clock, database.")(doctor)
    app.command(short_help="Make a key to sign mail with, and show what goes into the DNS.")(dkim)


def doctor(
    workspace: Folder = HERE,
    dns: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the DNS's answers from this YAML file.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Ask this name server, such as 1.1.1.1, and not this machine's."
        ),
    ] = None,
    selector: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A DKIM selector that your provider signs with; may come again."),
    ] = None,
    ip: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="An address from which your mail leaves; may come again."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for each answer.")] = 10,
    shape: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people or machines.")
    ] = "text",
) -> None:
    """Look at everything that mail needs around it: SPF, DKIM, DMARC, alignment, MX and PTR of the sender's domain,
    HTTPS and certificate of the links' address, providers' credentials, clock and database.

    Nothing is sent and nothing changed. Exit status 1 where something is wrong, 3 where nothing is but something could
    not be asked.
    """
    from nurture.app.doctor import Asking, Resolver, Verdict, examine, read_book
    from nurture.app.opening import as_it_is

    timeout = time_of(timeout, timedelta(seconds=1), "--timeout").total_seconds()
    at = _name_server(server) if server else None
    answers = read_book(dns) if dns else Resolver(timeout, at)
    with closing(as_it_is(workspace)) as opened:
        asking = Asking(
            answers, tuple(selector or ()), tuple(_address(each, "--ip") for each in ip or ()), timeout
        )
        found = examine(opened, asking)
        now = opened.now()
    counted = Counter(each.verdict for each in found)
    if shape == "json":
        tables.as_json(
            {"at": now, "well": not counted[Verdict.WRONG], "findings": [_document(each) for each in found]}
        )
    else:
        _show(found)
    if counted[Verdict.WRONG]:
        raise typer.Exit(1)
    if counted[Verdict.UNKNOWN]:
        raise typer.Exit(_COULD_NOT_ASK)


def _name_server(text: str) -> tuple[str, int]:
    """An address, and a port where it isn't 53: `127.0.0.1:5353`, `[::1]:5353`."""
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and (host.startswith("[") or ":" not in host):
        return _address(host.strip("[]"), "--server"), int(port)
    return _address(text, "--server"), 53


def _address(text: str, option: str) -> str:
    from ipaddress import ip_address

    try:
        return str(ip_address(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no address such as 192.0.2.10", param_hint=option) from None


def _document(finding: Finding) -> dict[str, object]:
    name, text = finding.record or ("", "")
    return {
        "area": finding.area,
        "name": finding.name,
        "verdict": finding.verdict.value,
        "found": finding.found,
        "why": finding.why,
        "do": finding.do,
        "record": {"name": name, "type": "TXT", "value": text} if name else None,
    }


def _show(found: Sequence[Finding]) -> None:
    for area, title in _AREAS.items():
        here = [each for each in found if each.area == area]
        if here:
            print(title, *(line for each in here for line in _lines(each)), "", sep="\n")
    print(_summary(found))


def _lines(finding: Finding) -> list[str]:
    verdict = finding.verdict.value
    shown = "WRONG" if verdict == "wrong" else verdict
    lines = _wrapped(f"  {shown:<{_INDENT - 2}}", f"{finding.name}: {finding.found}")
    if verdict != "ok":
        margin = " " * _INDENT
        lines += _wrapped(margin, f"Why: {finding.why}") if finding.why else []
        lines += _wrapped(margin, f"Do: {finding.do}") if finding.do else []
    if finding.record:
        lines += [f"{' ' * _INDENT}{line}" for line in _record(*finding.record)]
    return lines


def _wrapped(first: str, text: str) -> list[str]:
    return wrap(
        text,
        tables.WIDTH,
        initial_indent=first,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _record(name: str, text: str) -> list[str]:
    """A record to be copied, its text on one line whatever its length."""
    return [f"Name   {name}", "Type   TXT", f"Value  {text}"]


def _summary(found: Sequence[Finding]) -> str:
    counted = Counter(each.verdict.value for each in found)
    parts = [
        f"{counted['wrong']} wrong" if counted["wrong"] else "",
        tables.plural(counted["warning"], "warning") if counted["warning"] else "",
        f"{counted['unknown']} could not be asked" if counted["unknown"] else "",
        f"{counted['skipped']} left out" if counted["skipped"] else "",
    ]
    said = ", ".join(filter(None, parts))
    return f"{said}; {counted['ok']} in order." if said else "All is in order."


def dkim(
    workspace: Folder = HERE,
    selector: Annotated[str, typer.Option(metavar="NAME", help="The key's name in the DNS.")] = "nurture",
    domain: Annotated[
        str | None, typer.Option(metavar="DOMAIN", help="Who signs.", show_default="the sender's domain")
    ] = None,
    kind: Annotated[Literal["rsa", "ed25519"], typer.Option(help="Everybody can check RSA.")] = "rsa",
) -> None:
    """Make a key to sign mail with (DKIM), for mail that goes to a mail server of your own (provider: smtp).

    The private half stays in the workspace, in dkim/; the public half is shown as it goes into the DNS.
    """
    from nurture.app.dkim_keys import make
    from nurture.app.workspace import load
    from nurture.identity import ascii_domain
    from nurture.model import Channel

    channel = load(workspace, for_work=False, with_journeys=False).as_read.channels.get(Channel.EMAIL)
    of = ascii_domain(domain or (channel.sender.address.rpartition("@")[2] if channel else "")).lower()
    if domain and not re.fullmatch(r"([a-z0-9-]+\.)+[a-z0-9-]{2,}", of):
        raise typer.BadParameter(f"{domain!r} is no domain such as shop.example", param_hint="--domain")
    if not of:
        raise typer.BadParameter(
            "nurture.yaml names no sender of mail; name the domain", param_hint="--domain"
        )
    made = make(workspace, of, selector, kind)
    assert made.signature.record
    lines = [f"  {line}" for line in _record(made.signature.name, made.signature.record)]
    print(f"{made.file} holds the private key. Keep it out of git, and in your backups.")
    print(f"\n1. Put this into the DNS of {of}:\n", *lines, sep="\n")
    print(
        f"\n2. When `nurture doctor --selector {made.signature.selector}` finds it, sign. In nurture.yaml:\n"
    )
    print("  channels:", "    email:", sep="\n")
    print(f"      dkim_selector: {made.signature.selector}", f"      dkim_key_file: {made.file}", sep="\n")
    if channel and of != ascii_domain(channel.sender.address.rpartition("@")[2]).lower():
        print(f"      dkim_domain: {of}")
