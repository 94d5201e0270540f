"""The public halves of DKIM keys, as the DNS has them (RFC 6376, 3.6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.app.doctor.finding import Finding, Verdict
from nurture.app.doctor.names import Dns
from nurture.channels.smtp import keys

WHY = (
    "A DKIM signature proves that a mail is yours and was not changed on its way. Gmail, Yahoo and Microsoft ask it of "
    "everybody who sends in bulk."
)
_SHORT, _GOOD = 1024, 2048  # bits of RSA: RFC 8301, 3.2; Gmail recommends the second
_KINDS = ("rsa", "ed25519")


@dataclass(frozen=True, slots=True)
class Signature:
    """A domain and selector, and the record that our key belongs to; None where somebody else has the key."""

    domain: str
    selector: str
    record: str | None = None

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def kind(self) -> str | None:
        return _tags(self.record).get("k", "rsa") if self.record else None


def look(dns: Dns, signature: Signature) -> Finding:
    """What the DNS says of a key. Raises CouldNotAsk."""
    found = dns.ask(signature.name, "TXT")
    if not found:
        return _finding(signature, Verdict.WRONG, f"{signature.name} is not in the DNS", _publish(signature))
    if len(found) > 1:
        said = f"{signature.name} has {len(found)} records; receivers may read either"
        return _finding(signature, Verdict.WRONG, said, "Keep the one that belongs to the key.")
    wrong = _wrong(_tags(found[0]), signature)
    if wrong:
        return _finding(signature, Verdict.WRONG, f"{signature.name} {wrong}", _publish(signature))
    return _judged(_tags(found[0]), signature)


def _publish(signature: Signature) -> str:
    return (
        "Put this record into the DNS of your domain; until it is there no signature holds."
        if signature.record
        else "Ask your provider for the record, or for the name of the selector."
    )


def _wrong(tags: dict[str, str], signature: Signature) -> str | None:
    """Why no signature can hold with this record."""
    kind = tags.get("k", "rsa")
    if tags.get("v", "DKIM1") != "DKIM1" or kind not in _KINDS:
        return "is no record of DKIM's"
    if "p" not in tags:
        return "has no key in it (p=)"
    if not tags["p"]:
        return "says that the key is withdrawn (p= is empty)"
    if signature.record and "".join(tags["p"].split()) != _tags(signature.record)["p"]:
        return "has another key than the one that signs here"
    if "h" in tags and "sha256" not in tags["h"].replace(" ", "").split(":"):
        return f"allows only {tags['h']}, and signatures are made with sha256"
    if not {"*", "email"} & set(tags.get("s", "*").replace(" ", "").split(":")):
        return f"is for {tags['s']} and not for mail"
    return None


def _judged(tags: dict[str, str], signature: Signature) -> Finding:
    kind = tags.get("k", "rsa")
    try:
        bits = keys.bits(kind, tags["p"])
    except ValueError:
        return _finding(
            signature, Verdict.WRONG, f"{signature.name} has a key that can't be read", _publish(signature)
        )
    said = f"{signature.name} has {'our' if signature.record else 'a'} key, {kind} of {bits} bits"
    if kind == "rsa" and bits < _GOOD:
        verdict = Verdict.WRONG if bits < _SHORT else Verdict.WARNING
        do = "Make a longer one under another selector: nurture dkim. Keep the old record for a week."
        return _finding(signature, verdict, f"{said}: {_GOOD} are recommended", do)
    if "y" in tags.get("t", "").replace(" ", "").split(":"):
        said += ", and says that it is only being tried (t=y)"
        return _finding(
            signature, Verdict.WARNING, said, "Take t=y out: receivers pass over such signatures."
        )
    return Finding("mail", f"DKIM {signature.selector}", Verdict.OK, said, WHY)


def _finding(signature: Signature, verdict: Verdict, said: str, do: str) -> Finding:
    publish = signature.record if verdict is Verdict.WRONG else None
    record = (signature.name, publish) if publish else None
    return Finding("mail", f"DKIM {signature.selector}", verdict, said, WHY, do, record)


def _tags(text: str | None) -> dict[str, str]:
    pairs = (part.partition("=") for part in (text or "").split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
