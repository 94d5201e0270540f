"""Many SMTP dialogues at once from one thread: no line ever waits for another."""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import NamedTuple

_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_LINE = re.compile(rb"(\d{3})(?:([ -])(.*))?")
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})(?:[ \t]+|$)", re.MULTILINE)
_LONGEST_REPLY = 65536  # octets; RFC 5321 promises 512 a line


class Reply(NamedTuple):
    """What a server answered to one command (RFC 5321, enhanced codes RFC 3463)."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """The enhanced status code, such as 5.1.1, or an empty string."""
        found = _ENHANCED.match(self.text)
        return found.group(1) if found else ""

    @property
    def words(self) -> str:
        """The text without its codes."""
        return _ENHANCED.sub("", self.text)

    def __str__(self) -> str:
        return f"{self.code} {self.enhanced}".rstrip()


class Moment(Enum):
    """What has just happened on a wire."""

    SENT = auto()  # the last byte that was said has left
    ANSWERED = auto()  # the last reply that was expected is there
    LOST = auto()  # closed by the other side, broken or silent for too long


class Wire:
    """One connection past EHLO and AUTH. It never blocks; `lost` says why it is of no use any more."""

    def __init__(self, sock: socket.socket, features: Mapping[str, str]) -> None:
        sock.setblocking(False)
        self.features = features  # EHLO keywords in lower case
        self.lost: str | None = None
        self.replies: list[Reply] = []
        self.begun = False  # a byte of what was last said has left
        self.since = time.monotonic()  # when bytes last left or a reply last came
        self.socket = sock
        self.encrypted = isinstance(sock, ssl.SSLSocket)
        self._commands: deque[bytes] = deque()
        self._out = memoryview(b"")
        self._in = b""  # the beginning of a line
        self._texts: list[str] = []  # lines of a reply that has more to come
        self._expected = 0

    @property
    def sending(self) -> bool:
        """Whether bytes of what was said have not left yet."""
        return self.lost is None and self.unsent

    @property
    def unsent(self) -> bool:
        """Whether some of what was said never left."""
        return len(self._out) > 0

    @property
    def busy(self) -> bool:
        """Whether something remains to be sent or answered."""
        return self.lost is None and (self._expected > 0 or self.unsent)

    def say(self, *commands: bytes) -> None:
        """Begin to send commands, each of which will have one reply.

        All at once to a server that offers PIPELINING; else one by one, and a refusal drops the rest.
        """
        self.replies, self.begun, self.since = [], False, time.monotonic()
        self._commands = deque(commands)
        self._queue()
        self._try(self._send)

    def pump(self) -> None:
        """Receive and send what is possible now, in this order: last words come before a broken pipe."""
        self._try(self._receive)
        if self._out:
            self._try(self._send)

    def quiet(self) -> bool:
        """Whether the wire still stands and the server has said nothing unasked, such as a late 421."""
        self._try(self._receive)
        if self._in or self._texts:
            self.close("the server spoke out of turn")
        return self.lost is None

    def close(self, why: str = "closed") -> None:
        """Drop the line at once and without a word, so that nothing half-said is taken for a message."""
        self.lost = self.lost or why
        with suppress(OSError):
            self.socket.close()

    def _queue(self) -> None:
        count = len(self._commands) if "pipelining" in self.features else min(1, len(self._commands))
        self._out = memoryview(b"".join([self._commands.popleft() for _ in range(count)]))
        self._expected += count

    def _try(self, act: Callable[[], None]) -> None:
        if self.lost is not None:
            return
        try:
            act()
        except _LATER:
            pass
        except OSError as failure:
            self.close(failure.strerror or type(failure).__name__)

    def _send(self) -> None:
        while self._out:
            count = self.socket.send(self._out)
            self._out = self._out[count:]
            self.begun, self.since = True, time.monotonic()

    def _receive(self) -> None:
        while self.lost is None:
            data = self.socket.recv(65536)
            if not data:
                self.close("the server closed the connection")
            self._read_lines(data)
            if not self.encrypted:  # TLS may hold more than the socket shows
                break

    def _read_lines(self, data: bytes) -> None:
        *lines, self._in = (self._in + data).split(b"\n")
        for line in lines:
            self._read_line(line.rstrip(b"\r"))
        if len(self._in) + sum(map(len, self._texts)) > _LONGEST_REPLY:
            self.close("the server's reply has no end")

    def _read_line(self, line: bytes) -> None:
        found = _LINE.fullmatch(line)
        if found is None or self._expected == 0:
            self.close(f"the server spoke out of turn: {line.decode('utf-8', 'replace')[:80]}")
            return
        code, more, text = found.groups()
        self._texts.append(text.decode("utf-8", "replace") if text else "")
        if more != b"-":
            self._answered(Reply(int(code), "\n".join(self._texts)))

    def _answered(self, reply: Reply) -> None:
        self.replies.append(reply)
        self.since = time.monotonic()
        self._texts = []
        self._expected -= 1
        if self._expected == 0 and self._commands:
            if reply.code < 400:
                self._queue()
            else:
                self._commands.clear()


def drive(wires: Iterable[Wire], timeout: float) -> Iterator[tuple[Wire, Moment]]:
    """Let all dialogues run side by side until each is answered or lost, and tell what happens.

    A wire on which for `timeout` seconds neither bytes left nor a reply came is closed.
    """
    waiting = dict.fromkeys(wire for wire in wires if wire.busy)
    watch = _Watch(waiting)
    while waiting:
        deadline = min([wire.since for wire in waiting]) + timeout  # by then others may have a later one
        left = 1.0
        while (
            waiting and left > 0
        ):  # so that what came while we were asleep is read before anything is closed
            left = deadline - time.monotonic()
            for wire in watch.ready(left):
                was_sending = wire.sending
                wire.pump()
                if was_sending and not wire.sending and wire.lost is None:
                    yield wire, Moment.SENT
                if not wire.busy:
                    del waiting[wire]
                    watch.leave(wire)
                    yield wire, Moment.LOST if wire.lost else Moment.ANSWERED
                elif wire.sending is not was_sending:
                    watch.turn(wire)
        now = time.monotonic()
        for wire in [each for each in waiting if now - each.since >= timeout]:
            wire.close(f"no answer within {timeout:g} seconds")
            del waiting[wire]
            watch.leave(wire)
            yield wire, Moment.LOST


class _Watch:
    """Which of these wires have something to say or, where bytes wait to be sent, room for them.

    poll() takes any number of sockets, and keeps them from one look to the next; Windows has only select().
    """

    def __init__(self, wires: Iterable[Wire]) -> None:
        self._wires = {wire.socket.fileno(): wire for wire in wires if wire.lost is None}
        self._numbers = {wire: number for number, wire in self._wires.items()}  # a closed socket has none
        self._poll = select.poll() if hasattr(select, "poll") else None
        for wire in self._numbers:
            self.turn(wire)

    def turn(self, wire: Wire) -> None:
        """Look for what it has come to wait for: something to hear, or also room to speak."""
        if self._poll is not None:
            wanted = select.POLLIN | select.POLLOUT if wire.sending else select.POLLIN
            self._poll.register(self._numbers[wire], wanted)

    def ready(self, timeout: float) -> list[Wire]:
        """Waits for the first, for at most so many seconds."""
        if self._poll is not None:
            return [self._wires[number] for number, _ in self._poll.poll(max(0.0, timeout) * 1000)]
        sending = [number for number, wire in self._wires.items() if wire.sending]
        found = select.select(list(self._wires), sending, [], max(0.0, timeout))
        return [self._wires[number] for number in {*found[0], *found[1]}]

    def leave(self, wire: Wire) -> None:
        """It is answered, or lost."""
        number = self._numbers[wire]
        del self._wires[number]
        if self._poll is not None:
            self._poll.unregister(number)


def quiet(wires: Sequence[Wire]) -> list[Wire]:
    """Those that are quiet. One look at all sockets tells which of them need a closer one."""
    speaking = set(_Watch(wires).ready(0.0))
    # A socket doesn't show what TLS holds already.
    doubtful = [wire for wire in wires if wire in speaking or wire.encrypted or wire.lost]
    loud = {wire for wire in doubtful if not wire.quiet()}
    return [wire for wire in wires if wire not in loud]
