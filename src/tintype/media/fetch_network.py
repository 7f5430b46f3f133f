"""Resolve a name once, judge every address it has, and connect to one of these very addresses.

It stands below the connection pool, so that Host, SNI and the certificate's check keep the name, and so that no
connection can come about that was not judged.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import httpcore2

from tintype.media import addresses
from tintype.media.addresses import Zone
from tintype.media.fetch_errors import HostUnknown, Rule
from tintype.media.fetch_target import Road, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from httpcore2 import SOCKET_OPTION

LOOKUPS_AT_ONCE = 16
"""How many names a system resolver looks up at the same time. One that hangs is waited for by nobody."""
_TRIED_MAX = 4


class Resolver(Protocol):
    """What gives a name its addresses."""

    async def resolve(self, host: str) -> Sequence[str]:
        """Return the addresses of a host, best first. Raises HostUnknown where there are none."""
        ...


class SystemResolver:
    """The operating system's resolver: hosts file, search domains and all.

    It has threads of its own. A name whose server never answers holds one for as long as the system waits, and
    must neither stop the program's other threads nor, with a resolver for each purpose, the other fetchers.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="resolver")

    async def resolve(self, host: str) -> Sequence[str]:
        """Return the addresses in the system's order of preference (RFC 6724)."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host)
        except socket.gaierror as fault:
            may_pass = fault.errno == socket.EAI_AGAIN
            raise HostUnknown(f"{host} has no address", host=host, can_retry=may_pass) from fault
        except (OSError, UnicodeError) as fault:
            raise HostUnknown(f"{host} could not be looked up", host=host, can_retry=True) from fault
        return found

    def close(self) -> None:
        """Take no more names. Look-ups under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connections of one road, to addresses that are right for it."""

    def __init__(self, road: Road, *, resolver: Resolver, network: httpcore2.AsyncNetworkBackend) -> None:
        self._road = road
        self._resolver = resolver
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers; all share one time.

        One address that is wrong for the road refuses the host as a whole: a name with a public and a private
        address is either an attack or a name of the inner network. Raises FetchRefused or FetchFailed.
        """
        try:
            async with asyncio.timeout(timeout) as limit:
                found = await self._addresses(host)
                ends = limit.when()
        except TimeoutError as fault:
            raise HostUnknown(f"{host} was not looked up in time", host=host, can_retry=True) from fault
        tried = found[:_TRIED_MAX]
        now = asyncio.get_running_loop().time
        for position, address in enumerate(tried, 1):
            share = None if ends is None else max(0.0, ends - now()) / (len(tried) - position + 1)
            try:
                return await self._network.connect_tcp(
                    str(address), port, share, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if position == len(tried):
                    raise
        raise HostUnknown(f"{host} has no address", host=host)

    async def sleep(self, seconds: float) -> None:
        """Wait, on behalf of the pool."""
        await self._network.sleep(seconds)

    async def _addresses(self, host: str) -> list[addresses.Address]:
        written = addresses.parse(host)
        texts = [host] if written is not None else await self._resolver.resolve(host)
        found: list[addresses.Address] = []
        for text in texts:
            address = addresses.parse(text)
            zone = Zone.RESERVED if address is None else addresses.zone(address)
            if address is None or not _fits(self._road, zone):
                refuse(host, Rule.ADDRESS, _why(self._road, zone), zone=zone)
            found.append(address)
        return found


def _fits(road: Road, zone: Zone) -> bool:
    match road:
        case Road.PUBLIC:
            return zone is Zone.PUBLIC
        case Road.LOOPBACK:
            return zone is Zone.LOOPBACK
        case Road.OWN:
            return True


def _why(road: Road, zone: Zone) -> str:
    if road is Road.LOOPBACK:
        return f"stands for this machine, but its address is {zone}"
    hint = " (TINTYPE_ALLOW_LOOPBACK_URLS=1 allows localhost)" if zone is Zone.LOOPBACK else ""
    return f"leads to an address that is {zone}, not public{hint}"
