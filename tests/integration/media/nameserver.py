"""A name server on loopback whose answers change from one look-up to the next, and a resolver that asks it."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, cast

from tintype.media.fetch_errors import HostUnknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

_A, _AAAA, _IN = 1, 28, 1
_RECURSION_WANTED = 0x0100
_ANSWER, _NO_SUCH_NAME = 0x8180, 3
_HEADER = struct.Struct("!HHHHHH")
_SILENT = "silent"


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA questions over UDP.

    `names[host]` lists what each look-up gets, the last for ever; `lookups` counts them. A look-up is an A question
    and the AAAA question that follows. The answer `silent` is none at all.
    """

    def __init__(self) -> None:
        self.names: dict[str, list[Sequence[str]]] = {"localhost": [("127.0.0.1", "::1")]}
        self.lookups: Counter[str] = Counter()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        number, *_ = _HEADER.unpack_from(data)
        host, end = _read_name(data, _HEADER.size)
        kind, _ = struct.unpack_from("!HH", data, end)
        question = data[_HEADER.size : end + 4]
        if kind == _A:
            self.lookups[host] += 1
        turns = self.names.get(host)
        if turns is None:
            self._transport.sendto(_HEADER.pack(number, _ANSWER | _NO_SUCH_NAME, 1, 0, 0, 0) + question, addr)
            return
        found = turns[min(self.lookups[host], len(turns)) - 1]
        if _SILENT in found:
            return
        version = 4 if kind == _A else 6
        packed = [one.packed for one in map(ipaddress.ip_address, found) if one.version == version]
        # Each record names the question's own name, by a pointer to it, and may be kept for no time at all.
        records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, _IN, 0, len(one)) + one for one in packed)
        self._transport.sendto(_HEADER.pack(number, _ANSWER, 1, len(packed), 0, 0) + question + records, addr)

    @classmethod
    @asynccontextmanager
    async def run(cls) -> AsyncIterator[tuple[Self, int]]:
        """Serve on a free port of loopback."""
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        try:
            yield server, transport.get_extra_info("sockname")[1]
        finally:
            transport.close()


class _Question(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        self.answer.set_result(data)


class DnsResolver:
    """Asks one name server over UDP, IPv4 first, and keeps nothing."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str) -> Sequence[str]:
        found = [*await self._ask(host, _A), *await self._ask(host, _AAAA)]
        if not found:
            raise HostUnknown(f"{host} has no address", host=host)
        return found

    async def _ask(self, host: str, kind: int) -> list[str]:
        labels = b"".join(bytes([len(one)]) + one for one in host.encode("ascii").split(b"."))
        question = labels + b"\0" + struct.pack("!HH", kind, _IN)
        loop = asyncio.get_running_loop()
        transport, waiting = await loop.create_datagram_endpoint(
            _Question, remote_addr=("127.0.0.1", self._port)
        )
        try:
            transport.sendto(_HEADER.pack(kind, _RECURSION_WANTED, 1, 0, 0, 0) + question)
            data = await waiting.answer
        finally:
            transport.close()
        _, flags, _, count, _, _ = _HEADER.unpack_from(data)
        assert flags & 0x8000
        at = _HEADER.size + len(question)
        found = []
        for _ in range(count):
            size = struct.unpack_from("!H", data, at + 10)[0]
            found.append(str(ipaddress.ip_address(data[at + 12 : at + 12 + size])))
            at += 12 + size
        return found


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    labels = []
    while size := data[at]:
        labels.append(data[at + 1 : at + 1 + size].decode("ascii"))
        at += 1 + size
    return ".".join(labels), at + 1
