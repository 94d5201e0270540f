"""The mailbox to which mails come back, over IMAP (RFC 3501).

Nothing is changed by looking: mails are marked or deleted only when that is asked for, by their UIDs.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nurture.channels.returns.mail import LARGEST
from nurture.channels.returns.oauth import access_token, initial_response
from nurture.problems import NurtureError
from nurture.settings import MailboxConfig

TIMEOUT = 60.0  # seconds for a connection or an answer
_AT_ONCE = 500  # UIDs in one command
_NUMBER = re.compile(rb"\d+")
_NOT_PLAIN = re.compile(r"[^ -~]+")
_UID = re.compile(rb"\bUID (\d+)")
_FAULTS = (imaplib.IMAP4.error, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An open folder. UIDs are counted anew whenever `validity` changes."""

    server: imaplib.IMAP4
    validity: int
    count: int  # of mails, when it was opened

    def newer(self, than: int) -> list[int]:
        """UIDs above `than`, in their order. They are fetched: what a search finds comes as one line, which is too long
        for `imaplib` from some 125,000 mails on."""
        if not self.count:  # then some servers call "1:*" a mistake
            return []
        answer = self._said(*self.server.uid("FETCH", f"{than + 1}:*", "(UID)"))
        found = {int(uid) for part in answer if isinstance(part, bytes) for uid in _UID.findall(part)}
        return sorted(uid for uid in found if uid > than)  # "9:*" names the last mail even if that is 8

    def fetch(self, uid: int) -> bytes | None:
        """The beginning of a mail, as much as is looked at; nothing of one that the server can't give, and None where
        it is gone."""
        status, answer = self.server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LARGEST}>)")
        if status != "OK":
            return b""
        return next((part[1] for part in answer if isinstance(part, tuple)), None)

    def mark_read(self, uids: Collection[int]) -> None:
        for chosen in _chunks(uids):
            self._said(*self.server.uid("STORE", chosen, "+FLAGS.SILENT", r"(\Seen)"))

    def delete(self, uids: Collection[int]) -> None:
        """Delete these mails and no others: without UIDPLUS they are only marked as deleted."""
        for chosen in _chunks(uids):
            self._said(*self.server.uid("STORE", chosen, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
            if "UIDPLUS" in self.server.capabilities:
                self._said(*self.server.uid("EXPUNGE", chosen))

    def unread(self, uids: Collection[int]) -> list[int]:
        """Those of these mails that are still there and that nobody has read."""
        found = [uid for chosen in _chunks(uids) for uid in self._search(f"UNSEEN UID {chosen}")]
        return sorted(set(found) & set(uids))

    def _search(self, criteria: str) -> list[int]:
        answer = self._said(*self.server.uid("SEARCH", criteria))
        return [int(each) for part in answer if isinstance(part, bytes) for each in _NUMBER.findall(part)]

    def _said(self, status: str, data: list[object]) -> list[object]:
        if status != "OK":
            raise imaplib.IMAP4.error(f"the server said {status}")
        return data


def _chunks(uids: Collection[int]) -> Iterator[str]:
    ordered = sorted(uids)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ",".join(map(str, ordered[start : start + _AT_ONCE]))


@contextmanager
def opened(config: MailboxConfig) -> Iterator[Mailbox]:
    """The configured folder until the block ends. Raises NurtureError where it can't be opened or breaks off."""
    try:
        server = _connect(config)
    except _FAULTS as failure:
        raise _told(config, failure) from failure
    try:
        yield _select(server, config)
    except (imaplib.IMAP4.error, OSError) as failure:
        raise _told(config, failure) from failure
    finally:
        _leave(server)


def _connect(config: MailboxConfig) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if config.ca_file:
        context.load_verify_locations(config.ca_file)
    if config.tls == "tls":
        server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            config.host, config.port, ssl_context=context, timeout=TIMEOUT
        )
    else:
        server = imaplib.IMAP4(config.host, config.port, timeout=TIMEOUT)
    try:
        if config.tls == "starttls":
            server.starttls(context)
        _log_in(server, config)
    except BaseException:
        _leave(server)
        raise
    return server


def _log_in(server: imaplib.IMAP4, config: MailboxConfig) -> None:
    if config.oauth is None:
        server.login(config.user, config.password)
        return
    given = [initial_response(config.user, access_token(config.oauth))]
    # a refusal is explained first, and has to be answered with nothing
    server.authenticate("XOAUTH2", lambda challenge: given.pop() if given else b"")


def _select(server: imaplib.IMAP4, config: MailboxConfig) -> Mailbox:
    status, count = server.select(_written(config.folder))
    if status != "OK":
        raise imaplib.IMAP4.error(f"there is no folder {config.folder!r}")
    _, validity = server.response("UIDVALIDITY")
    return Mailbox(server, _number(validity), _number(count))


def _written(folder: str) -> str:
    """A folder's name as IMAP has it: in modified UTF-7 (RFC 3501, 5.1.3), and in quotes."""
    name = _NOT_PLAIN.sub(_in_base64, folder.replace("&", "&-"))
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_base64(found: re.Match[str]) -> str:
    octets = found[0].encode("utf-16-be", "surrogatepass")
    return f"&{b64encode(octets, b'+,').decode().rstrip('=')}-"


def _number(said: Sequence[object]) -> int:
    return next((int(each) for each in said if isinstance(each, bytes) and each.isdigit()), 0)


def _leave(server: imaplib.IMAP4) -> None:
    """Say good-bye, as far as the line still stands. Nothing is expunged by it, as CLOSE would."""
    try:
        server.logout()
    except _FAULTS:
        server.shutdown()


def _told(config: MailboxConfig, failure: Exception) -> NurtureError:
    said = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
    said = re.sub(r"^b'(.*)'$", r"\1", said) or type(failure).__name__
    secret = "oauth" if config.oauth else "password"
    return NurtureError(
        f"returns: the mailbox at {config.host}:{config.port} cannot be read ({said[:200]}); check host, port, "
        f"folder, user and {secret}. Nothing is lost: the mails stay there"
    )
