"""The carrier: a wave of messages on as many connections, each brought to 354 before any body."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nurture import faults
from nurture.channels.base import (
    MEANINGS,
    Envelope,
    Features,
    Forged,
    Heard,
    Options,
    Outcome,
    Prepared,
    Trouble,
    Webhook,
    accepted,
    outcome,
)
from nurture.channels.checking import Checked
from nurture.channels.smtp.protocol import Stage, Unfit, on_the_wire, transaction, trouble
from nurture.channels.smtp.server import DKIM, KNOWN, Server, Unreachable, read_server, signs
from nurture.channels.smtp.wire import Moment, Reply, Wire, drive, quiet
from nurture.model import Channel
from nurture.settings import ChannelConfig

if TYPE_CHECKING:
    from nurture.channels.smtp.dkim import Signer

_FEWER_FOR = 60.0  # seconds with the number of connections that the server allowed
_QUEUED_AS = re.compile(r"\b(?:queued as|id=)\s*([\w.@<>-]+)", re.IGNORECASE)


def open_carrier(config: ChannelConfig) -> Smtp:
    """The carrier for a channel's options, which `Server` explains. Raises NurtureError."""
    options = Options(config, (*KNOWN, *DKIM))
    signers: tuple[Signer, ...] = ()
    if signs(config):
        from nurture.channels.smtp.signing import read_signers  # cryptography takes a while to load

        signers = read_signers(options, config.sender.address)
    return Smtp(read_server(options), options.whole("connections", 20, 1, 200), signers)


@dataclass(frozen=True, slots=True)
class Held:
    """A message whose server said 354 and waits for the body."""

    envelope: Envelope
    wire: Wire
    payload: bytes


class Smtp:
    """Connections are opened when a wave needs them and kept for the next ones."""

    name = "smtp"
    channel = Channel.EMAIL
    features = Features(notes="Any mail server.")

    def __init__(self, server: Server, connections: int = 20, signers: Sequence[Signer] = ()) -> None:
        self._server, self.signers = server, tuple(signers)
        self._room = sum(signer.room for signer in signers)
        self._most = self._fewer = connections
        self._fewer_until = 0.0
        self._idle: list[Wire] = []
        self._half_way: set[Wire] = set()  # in a transaction that was refused: RSET comes first

    @property
    def connections(self) -> int:
        return self._fewer if time.monotonic() < self._fewer_until else self._most

    @property
    def patience(self) -> float:
        server = self._server
        return server.connect_timeout + 4 * server.timeout + server.final_timeout

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Held]:
        wires, missing = self._wires(len(wave))
        early: list[Outcome] = []
        asked: list[tuple[Envelope, Wire]] = []
        for envelope in wave:
            if not wires:
                assert missing is not None
                early.append(outcome(envelope, missing.trouble, said=missing.said))
                continue
            try:
                self._ask(wires[-1], transaction(envelope, wires[-1].features, self._room))
                asked.append((envelope, wires.pop()))
            except Unfit as reason:
                early.append(outcome(envelope, Trouble.CONTENT, said=str(reason)))
        self._idle += wires
        held = self._agreed(asked, early)
        down = None if asked or not missing else f"{MEANINGS[missing.trouble].words} ({missing.said})"
        return Prepared(tuple(early), held, down)

    def _ask(self, wire: Wire, commands: tuple[bytes, ...]) -> None:
        first = (b"RSET\r\n",) if wire in self._half_way else ()
        wire.say(*first, *commands)

    def _agreed(self, asked: list[tuple[Envelope, Wire]], early: list[Outcome]) -> dict[int, Held]:
        sign = self._signed if self.signers else None
        payloads = [on_the_wire(envelope.body, sign) for envelope, _ in asked]  # while the servers think
        for _ in drive([wire for _, wire in asked], self._server.timeout):
            pass
        held = {}
        for (envelope, wire), payload in zip(asked, payloads, strict=True):
            refusal = self._refusal(envelope, wire)
            if refusal:
                early.append(refusal)
            else:
                held[envelope.message_id] = Held(envelope, wire, payload)
        return held

    def _signed(self, message: bytes) -> bytes:
        from nurture.channels.smtp.dkim import signed

        return signed(message, self.signers)

    def _refusal(self, envelope: Envelope, wire: Wire) -> Outcome | None:
        """The outcome of a message that did not get to 354; its wire is put in order."""
        stages = (*((Stage.RSET,) if wire in self._half_way else ()), Stage.MAIL, Stage.RCPT, Stage.DATA)
        self._half_way.discard(wire)
        answers = list(zip(stages, wire.replies, strict=False))
        no = next(((stage, reply) for stage, reply in answers if not _yes(stage, reply.code)), None)
        if no is None and wire.lost is None:
            return None
        awaited = any(reply.code == 354 for reply in wire.replies)
        if awaited or no is None or no[1].code == 421:
            wire.close()  # a body that is awaited for nobody must never come, not even an empty one
        else:
            self._half_way.add(wire)
        self._keep(wire)
        if no is None:
            return outcome(envelope, Trouble.CONNECTION, said=wire.lost or "")
        stage, reply = no
        return outcome(envelope, trouble(reply, stage), str(reply), reply.words)

    def hand_over(self, prepared: Prepared[Held], allowed: Collection[int]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        speaking: list[Held] = []
        standing = set(quiet([held.wire for held in prepared.held.values()]))
        for id_, held in prepared.held.items():
            if id_ not in allowed:
                held.wire.close()
            elif held.wire in standing:
                _speak(held)
                speaking.append(held)
            else:
                outcomes.append(outcome(held.envelope, Trouble.CONNECTION, said=held.wire.lost or ""))
        for _, moment in drive([held.wire for held in speaking], self._server.final_timeout):
            if moment is not Moment.LOST:
                faults.point(_POINT[moment])
        return outcomes + [self._outcome(held) for held in speaking]

    def _outcome(self, held: Held) -> Outcome:
        envelope, wire = held.envelope, held.wire
        reply = wire.replies[0] if wire.replies else None
        if reply is None or not _final(reply, wire):
            wire.close("its answer makes no sense")
            lost = Trouble.LOST if wire.begun else Trouble.CONNECTION
            return outcome(envelope, lost, str(reply or ""), wire.lost or "")
        if reply.code == 421:
            wire.close()
        self._keep(wire)
        if reply.code >= 400:
            return outcome(envelope, trouble(reply, Stage.BODY), str(reply), reply.words)
        queued = _QUEUED_AS.search(reply.words)
        return accepted(envelope, str(reply), queued.group(1) if queued else None)

    def check(self) -> Checked:
        opened, missing = self._server.open(1)
        for wire in opened:
            _hang_up(wire)
        if missing:
            return Checked(missing.said, missing.trouble)
        return self._server.greeted()

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("SMTP sends no webhooks: bounces come as mail")

    def close(self) -> None:
        for wire in self._idle:
            _hang_up(wire)
        self._idle = []

    def _wires(self, count: int) -> tuple[list[Wire], Unreachable | None]:
        """As many connections as can be had, up to `count`, and why some are missing."""
        if count > self._most:
            raise ValueError(f"a wave of {count} messages for {self._most} connections")
        standing = quiet(self._idle)
        self._half_way.intersection_update(standing)
        ready, self._idle = standing[:count], standing[count:]
        if len(ready) == count:
            return ready, None
        opened, missing = self._server.open(count - len(ready))
        ready += opened
        if missing and ready:
            self._fewer, self._fewer_until = len(ready), time.monotonic() + _FEWER_FOR
        return ready, missing

    def _keep(self, wire: Wire) -> None:
        if wire.lost is None:
            self._idle.append(wire)


_POINT = {Moment.SENT: "body.before_reply", Moment.ANSWERED: "body.after_reply"}


def _hang_up(wire: Wire) -> None:
    wire.say(b"QUIT\r\n")
    wire.close()


def _speak(held: Held) -> None:
    faults.point("body.before_send")
    held.wire.say(held.payload)
    if held.wire.begun and not held.wire.sending:
        faults.point("body.before_reply")


def _final(reply: Reply, wire: Wire) -> bool:
    """Whether a reply settles a body: a yes to half a body does not."""
    return 400 <= reply.code < 600 or (200 <= reply.code < 300 and not wire.unsent)


def _yes(stage: Stage, code: int) -> bool:
    return code == 354 if stage is Stage.DATA else 200 <= code < 300
