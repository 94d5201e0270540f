"""Messages as files in a folder: for the first day, the demo and tests.

A file is named by the message's send key alone, so a message handed over again is the same file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from nurture import faults
from nurture.channels.base import (
    Envelope,
    Features,
    Forged,
    Found,
    Heard,
    Options,
    Outcome,
    Prepared,
    Sought,
    Trouble,
    Webhook,
    Whereabouts,
    accepted,
    outcome,
)
from nurture.model import Channel
from nurture.settings import ChannelConfig

_SUFFIX = {
    Channel.EMAIL: ".eml",
    Channel.SMS: ".txt",
    Channel.WHATSAPP: ".whatsapp.json",
    Channel.WEBHOOK: ".http",
    Channel.NOTE: ".note.txt",
}
_DRAFT = ".part"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def open_carrier(config: ChannelConfig) -> Outbox:
    """Options: `folder`, `fsync` (true: a message that was accepted survives a power cut)."""
    options = Options(config, ("folder", "fsync"))
    folder = options.text("folder", "outbox") or "outbox"
    return Outbox(Path(folder), config.channel, fsync=options.flag("fsync", True))


class Outbox:
    """The carrier. Accepting the same key twice keeps one file."""

    name = "outbox"
    features = Features(
        idempotency=timedelta.max, notes="Files in a folder: for the first day and for tests."
    )
    connections = 200  # a wave shares its syncs
    patience = 60.0
    appears_within = timedelta()

    def __init__(self, folder: Path, channel: Channel, fsync: bool = True) -> None:
        self.folder, self.channel, self._fsync = folder, channel, fsync
        self._open: dict[int, int] = {}  # drafts of the wave being written
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> str:
        """Where the message with this send key stands."""
        return f"{self.folder}/{self.file_name(key)}"

    def file_name(self, key: str) -> str:
        return key + _SUFFIX[self.channel]

    def files_of(self, keys: Collection[str]) -> list[str]:
        """Where these messages stand or would, and what a process that died had begun to write of them."""
        with os.scandir(self.folder) as entries:
            drafts = [entry.path for entry in entries if entry.name.endswith(_DRAFT)]
        begun = [path for path in drafts if os.path.basename(path).rsplit(".", 2)[0] in keys]
        return [*(self.path(key) for key in keys), *begun]

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Envelope]:
        unfit = [envelope for envelope in wave if not _KEY.fullmatch(envelope.key)]
        early = tuple(
            outcome(envelope, Trouble.CONTENT, said="its key is no file name") for envelope in unfit
        )
        return Prepared(early, {e.message_id: e for e in wave if e not in unfit})

    def hand_over(self, prepared: Prepared[Envelope], allowed: Collection[int]) -> list[Outcome]:
        chosen = [envelope for id_, envelope in prepared.held.items() if id_ in allowed]
        failed: dict[int, Outcome] = {}
        # Each act over the whole wave: the first sync then commits the journal for all its files.
        for act in (self._write, self._sync, self._publish):
            for envelope in chosen:
                if envelope.message_id not in failed:
                    try:
                        act(envelope)
                    except OSError as failure:
                        self._discard(envelope)
                        failed[envelope.message_id] = outcome(
                            envelope, Trouble.SERVER, said=failure.strerror or ""
                        )
        if chosen and self._fsync:
            self._sync_folder()
        for _ in chosen:
            faults.point("body.after_reply")
        return [failed.get(e.message_id) or accepted(e, "", self.file_name(e.key)) for e in chosen]

    def _draft(self, envelope: Envelope) -> str:
        return f"{self.folder}/{envelope.key}.{os.getpid()}{_DRAFT}"

    def _write(self, envelope: Envelope) -> None:
        # A half-written file never has its final name, whatever dies meanwhile.
        if os.path.exists(self.path(envelope.key)):
            return
        faults.point("body.before_send")
        handle = os.open(self._draft(envelope), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._open[envelope.message_id] = handle
        rest = memoryview(_shown(envelope))
        while rest:  # a disk that fills up takes a part first and fails at the next write
            rest = rest[os.write(handle, rest) :]

    def _sync(self, envelope: Envelope) -> None:
        if self._fsync and envelope.message_id in self._open:
            os.fsync(self._open[envelope.message_id])

    def _publish(self, envelope: Envelope) -> None:
        if envelope.message_id in self._open:
            os.close(self._open.pop(envelope.message_id))
            faults.point("body.before_reply")
            os.replace(self._draft(envelope), self.path(envelope.key))

    def _discard(self, envelope: Envelope) -> None:
        with suppress(OSError):
            if envelope.message_id in self._open:
                os.close(self._open.pop(envelope.message_id))
        with suppress(OSError):
            os.unlink(self._draft(envelope))

    def _sync_folder(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def search(self, sought: Sequence[Sought]) -> list[Found]:
        """A file has its name only when it is whole."""
        found = []
        for one in sought:
            there = os.path.exists(self.path(one.key))
            whereabouts = Whereabouts.ARRIVED if there else Whereabouts.ABSENT
            found.append(Found(one.message_id, whereabouts, self.file_name(one.key) if there else None))
        return found

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("files send no webhooks")

    def close(self) -> None:
        pass


def _shown(envelope: Envelope) -> bytes:
    """What the file says: of a call also where it would go."""
    if envelope.channel is not Channel.WEBHOOK:
        return envelope.body
    method = "POST" if envelope.body else "GET"
    return f"{method} {envelope.recipient}\n\n".encode() + envelope.body
