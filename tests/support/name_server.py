"""A name server on loopback that knows what it is told, for asking the DNS in earnest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@contextmanager
def answering(records: Mapping[tuple[str, str], list[str]], mute: tuple[str, ...] = ()) -> Iterator[int]:
    """Its port. Names without a record don't exist; to a question about one of `mute` it says nothing."""
    known = {name for name, _ in records}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    asked, whom = server.recvfrom(4096)
                except TimeoutError:
                    continue
                query = dns.message.from_wire(asked)
                name = query.question[0].name.to_text(omit_final_dot=True)
                kind = dns.rdatatype.to_text(query.question[0].rdtype)
                if name in mute:
                    continue
                reply = dns.message.make_response(query)
                reply.flags |= dns.flags.RA
                if found := records.get((name, kind)):
                    reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *found))
                elif name not in known:
                    reply.set_rcode(dns.rcode.NXDOMAIN)
                server.sendto(reply.to_wire(), whom)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join()
