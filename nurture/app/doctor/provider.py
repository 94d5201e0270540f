"""Whether the provider of each channel would take messages: asked without sending one."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from nurture.app.doctor.finding import Finding, Verdict, unknown
from nurture.app.runtime import Runtime
from nurture.channels.base import MEANINGS, Trouble
from nurture.channels.checking import Checkable, Checked
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, MailboxConfig

AREA = "provider"
_WHY = "Without it nothing leaves: what is due waits."
_RETURNS_WHY = "Without it nobody hears of bounces, complaints and answers."
_KEY_WHY = "Who has the key can sign mail as you."
_UNREACHED = (Trouble.CONNECTION, Trouble.SERVER, Trouble.RATE, Trouble.LOST)


def look(runtime: Runtime) -> tuple[list[Finding], dict[str, timedelta]]:
    """A finding for each channel, and for each file with a key; and by how much providers' clocks are ahead of ours."""
    findings: list[Finding] = []
    ahead: dict[str, timedelta] = {}
    for channel, config in runtime.settings.channels.items():
        try:
            carrier = runtime.carrier(channel)
            answer = carrier.check() if isinstance(carrier, Checkable) else None
            findings.append(_judged(channel.value, config, answer))
            if answer and answer.clock:
                ahead[config.provider] = answer.clock - runtime.now()
        except NurtureError as error:
            do = "Mend it in nurture.yaml."
            findings.append(Finding(AREA, channel.value, Verdict.WRONG, str(error), _WHY, do))
        findings += _keys(config)
    return findings, ahead


def look_at_mailbox(config: MailboxConfig) -> Finding:
    """Whether the mailbox to which mails come back can be opened. Nothing in it is changed."""
    from nurture.channels.returns.mailbox import opened

    try:
        with opened(config) as mailbox:
            count = len(mailbox.newer(0))
    except NurtureError as error:
        said = str(error).removeprefix("returns: ")
        return Finding(AREA, "returns", Verdict.WRONG, said, _RETURNS_WHY, _mending(config))
    by = "OAuth 2" if config.oauth else "password"
    said = f"{config.user} at {config.host} can be read, by {by} (mails in {config.folder}: {count:,})"
    return Finding(AREA, "returns", Verdict.OK, said, _RETURNS_WHY)


def _mending(config: MailboxConfig) -> str:
    if config.oauth is None:
        return "Mend 'returns' in nurture.yaml. Microsoft 365 takes no password over IMAP; there you need 'oauth'."
    return "Mend 'returns' in nurture.yaml. A refresh token that ended has to be given anew by the mailbox's owner."


def _judged(name: str, config: ChannelConfig, answer: Checked | None) -> Finding:
    if config.provider == "outbox":
        do = "Name a provider in nurture.yaml before you go live."
        return Finding(AREA, name, Verdict.SKIPPED, "messages go into files; nothing leaves", do=do)
    if answer is None:
        said = f"{config.provider} can't be asked without sending"
        return Finding(AREA, name, Verdict.SKIPPED, said, _WHY, "Try it with nurture send-test.")
    if answer.trouble in _UNREACHED:
        return unknown(AREA, name, f"{config.provider}: {answer.said}", _WHY)
    if answer.trouble:
        said = f"{MEANINGS[answer.trouble].words} ({answer.said})"
        do = " ".join(filter(None, (answer.advice, f"Look at channels.{name} in nurture.yaml.")))
        return Finding(AREA, name, Verdict.WRONG, said, _WHY, do)
    verdict = Verdict.WARNING if answer.advice else Verdict.OK
    return Finding(AREA, name, verdict, answer.said, _WHY, answer.advice)


def _keys(config: ChannelConfig) -> Iterator[Finding]:
    """Files of keys that others may read."""
    for file in filter(None, config.options.get("dkim_key_file", "").split(",")):
        path = Path(file)
        if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            said = f"{path.name} may be read by others on this machine"
            yield Finding(AREA, "DKIM key", Verdict.WARNING, said, _KEY_WHY, f"chmod 600 {file}")
