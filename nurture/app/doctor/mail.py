"""What mailbox providers ask of the domain that mail comes from: SPF, DKIM, DMARC, alignment, MX, PTR."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nurture.app.doctor import dmarc, keys_in_dns, spf
from nurture.app.doctor.finding import Finding, Verdict, unknown
from nurture.app.doctor.keys_in_dns import Signature
from nurture.app.doctor.names import CouldNotAsk, Dns, addresses, exchangers, reverse

OK, WARNING, WRONG, SKIPPED = Verdict.OK, Verdict.WARNING, Verdict.WRONG, Verdict.SKIPPED
AREA = "mail"
_BULK = "Gmail, Yahoo and Microsoft ask it of everybody who sends in bulk"
_MAILBOXES = re.compile(
    r"(gmail|googlemail|ymail|live|msn|aol|icloud|me|protonmail)\.com|proton\.me|gmx\.(de|net|com)|web\.de"
    r"|(uol|bol|terra|ig|globo)\.com\.br|(yahoo|hotmail|outlook)\.((com?|net)(\.[a-z]{2})?|[a-z]{2})"
)
_SPF_WHY = (
    f"SPF says which servers may send for your domain. {_BULK}; without it mail lands in spam or is refused."
)
_DMARC_WHY = f"DMARC says what becomes of mail that only pretends to be yours. {_BULK}."


@dataclass(frozen=True, slots=True)
class Sending:
    """How this workspace sends mail: the domains that it names, who signs, and from where it comes."""

    sender: str  # the domain of From
    envelope: str | None  # the domain of the return path; None: a provider has one of its own
    signatures: tuple[Signature, ...]
    provider: str
    addresses: tuple[str, ...] = ()  # of the sending host, where they are known
    return_path: str = ""  # the whole address


def look(dns: Dns, sending: Sending) -> Iterator[Finding]:
    """Every finding about mail."""
    for name, check in _CHECKS.items():
        try:
            yield from check(dns, sending)
        except CouldNotAsk as unasked:
            yield unknown(AREA, name, str(unasked))


def _from(dns: Dns, sending: Sending) -> Iterator[Finding]:
    if _MAILBOXES.fullmatch(sending.sender):
        why = "Only its own servers may send for it: Gmail and others put mail that pretends to come from there away."
        said = f"{sending.sender} belongs to a mailbox provider"
        yield Finding(
            AREA, "From", WRONG, said, why, "Send from a domain of your own; answers may go there (reply_to)."
        )


def _spf(dns: Dns, sending: Sending) -> Iterator[Finding]:
    domain = sending.envelope or sending.sender
    seen = spf.survey(dns, domain)
    if seen.broken:
        do = "Mend the record. There must be one TXT record that begins with v=spf1, and what it includes must be there."
        yield Finding(AREA, "SPF", WRONG, "; ".join(seen.broken), _SPF_WHY, do)
    elif seen.record is not None:
        yield _spf_judged(domain, sending, seen)
        yield from _spf_of_addresses(dns, sending)
    elif seen.unasked:
        yield unknown(AREA, "SPF", "; ".join(seen.unasked), _SPF_WHY)
    else:
        yield _spf_missing(domain, sending)


def _spf_missing(domain: str, sending: Sending) -> Finding:
    said = f"{domain} has no SPF record"
    if sending.envelope is None:
        why = "It is asked of the return path, which is your provider's unless you have it set to a domain of yours."
        do = "Ask your provider for the record that goes with a return path of your own."
        return Finding(AREA, "SPF", WARNING, said, why, do)
    do = f"Add a TXT record to {domain}. The part that lets your mail server send is in your provider's help."
    return Finding(AREA, "SPF", WRONG, said, _SPF_WHY, do, (domain, "v=spf1 include:… -all"))


def _spf_judged(domain: str, sending: Sending, seen: spf.Survey) -> Finding:
    assert seen.record is not None
    said = f"{domain} says {seen.record.text} ({seen.lookups} of {spf.MOST_LOOKUPS} look-ups)"
    if wrong := _spf_given_up(said, seen) or _spf_of_all_or_none(said, sending, seen):
        return wrong
    if seen.unasked:
        return unknown(AREA, "SPF", "; ".join(seen.unasked), _SPF_WHY)
    if seen.all in (None, "?"):
        why = "The record says nothing of servers that it doesn't list, so it protects nobody."
        return Finding(
            AREA, "SPF", WARNING, said, why, "End it with ~all, and with -all when all that sends is listed."
        )
    if seen.ptr:
        why = "ptr is slow and many receivers pass over it (RFC 7208, 5.5)."
        return Finding(AREA, "SPF", WARNING, said, why, "Name the servers with ip4:, a: or include: instead.")
    return Finding(AREA, "SPF", OK, said, _SPF_WHY)


def _spf_given_up(said: str, seen: spf.Survey) -> Finding | None:
    """Too much to look up."""
    if seen.lookups > spf.MOST_LOOKUPS:
        do = "Take out services that no longer send for you, or ask one for its addresses (ip4:) instead of an include."
        why = f"Receivers stop after {spf.MOST_LOOKUPS} look-ups and take the record for broken."
        return Finding(AREA, "SPF", WRONG, said, why, do)
    if len(seen.void) > spf.MOST_VOID:
        said = f"{said}: there is nothing to find for {', '.join(dict.fromkeys(seen.void))}"
        why = f"After {spf.MOST_VOID} look-ups that find nothing receivers take the record for broken."
        return Finding(AREA, "SPF", WRONG, said, why, "Take out the names that are no longer there.")
    return None


def _spf_of_all_or_none(said: str, sending: Sending, seen: spf.Survey) -> Finding | None:
    """Everybody may send, or nobody."""
    if seen.wide:
        said = f"{said}: about everybody may send by {', '.join(dict.fromkeys(seen.wide))}"
        why = "It lets the world send as you. Receivers take such domains for spammers'."
        do = "Name only the servers that send for you, take out what includes everybody, and end it with -all or ~all."
        return Finding(AREA, "SPF", WRONG, said, why, do)
    if not seen.lists and sending.envelope:
        why = "The record is that of a domain that sends no mail: all of yours fails."
        do = "Name before what ends in all who sends for you: ip4: and the address of your mail server, or your provider's include:."
        return Finding(AREA, "SPF", WRONG, f"{said}: nobody may send", why, do)
    return None


def _spf_of_addresses(dns: Dns, sending: Sending) -> Iterator[Finding]:
    domain = sending.envelope or sending.sender
    for address in sending.addresses:
        check = spf.Check.of(dns, address, sending.return_path)
        result, name = check.result(), f"SPF of {address}"
        if result is spf.Result.PASS:
            yield Finding(AREA, name, OK, f"may send for {domain} (by {check.by})", _SPF_WHY)
        elif result is spf.Result.TEMPERROR:
            yield unknown(AREA, name, check.why, _SPF_WHY)
        else:
            settled = check.why or check.by or "nothing in the record names it"
            do = f"Add ip{'6' if ':' in address else '4'}:{address} to the record, before what ends in all."
            said = f"may not send for {domain}: {result} ({settled})"
            yield Finding(AREA, name, WRONG, said, _SPF_WHY, do)


def _dkim(dns: Dns, sending: Sending) -> Iterator[Finding]:
    if not sending.signatures:
        yield _unsigned(sending)
    for signature in sending.signatures:
        try:
            yield keys_in_dns.look(dns, signature)
        except CouldNotAsk as unasked:
            yield unknown(AREA, f"DKIM {signature.selector}", str(unasked), keys_in_dns.WHY)
    kinds = {signature.kind for signature in sending.signatures}
    if kinds == {"ed25519"}:
        why = "Gmail, Microsoft and others can't check Ed25519 yet: for them the mail is not signed."
        do = "Sign with RSA as well: nurture dkim --kind rsa, and both selectors in dkim_selector."
        yield Finding(AREA, "DKIM kinds", WARNING, "all signatures are Ed25519", why, do)


def _unsigned(sending: Sending) -> Finding:
    if sending.provider == "outbox":
        said = "mails go into files: nobody signs them yet"
        do = "Ask again when a provider is configured."
        return Finding(AREA, "DKIM", SKIPPED, said, keys_in_dns.WHY, do)
    if sending.provider == "smtp":
        do = (
            "Make a key with nurture dkim. Where your mail server signs already, name its selector: "
            "nurture doctor --selector NAME."
        )
        return Finding(AREA, "DKIM", WARNING, "nothing here signs", keys_in_dns.WHY, do)
    do = "Name the selector that your provider gave you: nurture doctor --selector NAME."
    return Finding(
        AREA, "DKIM", SKIPPED, "your provider signs; which key it uses is not known here", keys_in_dns.WHY, do
    )


def _dmarc(dns: Dns, sending: Sending) -> Iterator[Finding]:
    found = dmarc.find(dns, sending.sender)
    if found.several:
        said = f"_dmarc.{found.several[0]} has more than one record, so none of them counts"
        yield Finding(AREA, "DMARC", WRONG, said, _DMARC_WHY, "Keep one of them.")
        return
    if found.policy is None:
        at = found.organization
        do = "Add a TXT record. It changes nothing for your mail at first, and brings you a report of each day."
        record = (f"_dmarc.{at}", f"v=DMARC1; p=none; rua=mailto:dmarc@{at}")
        yield Finding(AREA, "DMARC", WRONG, f"{sending.sender} has no DMARC record", _DMARC_WHY, do, record)
        return
    yield _dmarc_judged(found.policy, sending.sender)
    yield from _reports_elsewhere(dns, found.policy, found.organization)


def _dmarc_judged(policy: dmarc.Policy, sender: str) -> Finding:
    said = f"_dmarc.{policy.at} says {'; '.join(f'{name}={value}' for name, value in policy.tags.items())}"
    if policy.wrong or "p" not in policy.tags:
        wrong = "; ".join(policy.wrong) or "it has no p="
        return Finding(AREA, "DMARC", WRONG, f"{said}: {wrong}", _DMARC_WHY, "Mend the record.")
    if not policy.reports:
        why = "Nobody tells you which servers send in your name. Yahoo asks for a working rua."
        return Finding(AREA, "DMARC", WARNING, said, why, f"Add rua=mailto:dmarc@{policy.at} to the record.")
    if policy.share not in (None, 100):
        why = f"It is for {policy.share} of 100 mails, and RFC 9989 has dropped pct: receivers differ in what they make of it."
        return Finding(AREA, "DMARC", WARNING, said, why, "Take pct out when the reports are clean.")
    if policy.for_(sender) == "none":
        do = (
            "When the reports name no server of yours that fails, go on to p=quarantine and then to p=reject."
        )
        return Finding(AREA, "DMARC", OK, f"{said}: nothing is held back yet", _DMARC_WHY, do)
    return Finding(AREA, "DMARC", OK, said, _DMARC_WHY)


def _reports_elsewhere(dns: Dns, policy: dmarc.Policy, own: str) -> Iterator[Finding]:
    """A domain that gets reports about another one has to say that it wants them (RFC 9990, 4)."""
    for address in policy.reports:
        domain = address.rpartition("@")[2].lower()
        if dmarc.aligned(dns, domain, own, strict=False):
            continue
        name = f"{policy.at}._report._dmarc.{domain}"
        if not any(text.startswith("v=DMARC1") for text in dns.ask(name, "TXT")):
            why = f"Without it nobody sends the reports to {address}."
            do = f"Ask {domain} to add it, or choose an address of your own."
            said = f"{domain} does not say that it takes reports about {policy.at}"
            yield Finding(AREA, "DMARC reports", WARNING, said, why, do, (name, "v=DMARC1"))


def _alignment(dns: Dns, sending: Sending) -> Iterator[Finding]:
    policy = dmarc.find(dns, sending.sender).policy
    strict = {tag: policy is not None and policy.strict(tag) for tag in ("aspf", "adkim")}
    path = sending.envelope
    by_spf = path is not None and dmarc.aligned(dns, path, sending.sender, strict["aspf"])
    signing = sorted({one.domain for one in sending.signatures})
    by_dkim = [one for one in signing if dmarc.aligned(dns, one, sending.sender, strict["adkim"])]
    parts = [f"From is {sending.sender}"]
    if path:
        parts.append(_beside("the return path is", [path], sending.sender, by_spf, strict["aspf"]))
    parts.append(
        _beside("DKIM signs for", signing, sending.sender, bool(by_dkim), strict["adkim"])
        if signing
        else "no DKIM is known"
    )
    said = "; ".join(parts)
    why = "DMARC counts a signature or SPF only where its domain is that of From: else the mail is nobody's."
    if by_dkim:
        yield Finding(AREA, "alignment", OK, said, why)
    elif not signing and sending.provider != "smtp":
        do = "Name the selector that your provider signs with: nurture doctor --selector NAME."
        yield Finding(AREA, "alignment", SKIPPED, said, why, do)
    elif by_spf:
        do = f"Sign with a key of {sending.sender}: SPF alone breaks as soon as somebody forwards the mail."
        yield Finding(AREA, "alignment", WARNING, said, why, do)
    else:
        do = f"Sign with a key of {sending.sender} (dkim_domain), or have your provider do it."
        yield Finding(AREA, "alignment", WRONG, said, why, do)


def _beside(what: str, domains: list[str], sender: str, holds: bool, strict: bool) -> str:
    if domains == [sender]:
        return f"{what} the same"
    return (
        f"{what} {', '.join(domains)}, {'' if holds else 'not '}aligned ({'strict' if strict else 'relaxed'})"
    )


def _mx(dns: Dns, sending: Sending) -> Iterator[Finding]:
    for domain in dict.fromkeys((sending.sender, sending.envelope or sending.sender)):
        yield _mx_of(dns, domain)


def _mx_of(dns: Dns, domain: str) -> Finding:
    why = "Answers and bounces go there. Some receivers refuse mail from a domain that takes none."
    hosts = exchangers(dns, domain)
    if not hosts:
        if addresses(dns, domain):
            said = f"{domain} has no MX record; mail goes to the address of its website"
            return Finding(AREA, "MX", WARNING, said, why, "Add an MX record that names your mail server.")
        return Finding(
            AREA, "MX", WRONG, f"{domain} takes no mail: it has no MX record", why, "Add an MX record."
        )
    if hosts == ["."]:
        do = "Name the host that takes your mail, or send from a domain that takes mail."
        return Finding(AREA, "MX", WRONG, f"{domain} says that it takes no mail (MX 0 .)", why, do)
    lost = [host for host in hosts if not addresses(dns, host)]
    if lost:
        said = f"{domain} names {', '.join(lost)}, which has no address"
        return Finding(AREA, "MX", WRONG, said, why, "Mend the record.")
    return Finding(AREA, "MX", OK, f"{domain} takes mail at {', '.join(hosts)}", why)


def _ptr(dns: Dns, sending: Sending) -> Iterator[Finding]:
    why = "Gmail and Yahoo refuse mail from addresses without a name that leads back to them."
    if not sending.addresses:
        do = "Is the mail server yours? Then: nurture doctor --ip ITS-ADDRESS. Else it is your provider's business."
        yield Finding(AREA, "PTR", SKIPPED, "from which address mail leaves is not known here", why, do)
    for address in sending.addresses:
        names = dns.ask(reverse(address), "PTR")
        back = [name for name in names if address in addresses(dns, name)]
        if back:
            yield Finding(AREA, "PTR", OK, f"{address} is {back[0]}, and {back[0]} is {address}", why)
            continue
        said = (
            f"{address} is {names[0]}, but {names[0]} is not {address}" if names else f"{address} has no name"
        )
        do = "Ask who rents you the server to set the reverse name, and give that name this address."
        yield Finding(AREA, "PTR", WRONG, said, why, do)


_CHECKS: dict[str, Callable[[Dns, Sending], Iterator[Finding]]] = {
    "From": _from,
    "SPF": _spf,
    "DKIM": _dkim,
    "DMARC": _dmarc,
    "alignment": _alignment,
    "MX": _mx,
    "PTR": _ptr,
}
