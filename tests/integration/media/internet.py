"""A small internet on loopback: names that change, public addresses that lead to servers of the test's own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.integration.media import nameserver, peers
from tintype.media import fetch

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Sequence

PUBLIC = "93.184.216.34"
"""A public address, which here leads to loopback."""


class Internet:
    """Everything between a fetcher and the servers that it reaches."""

    def __init__(self, names: nameserver.NameServer, port: int, authority: peers.Authority) -> None:
        self.names = names
        self.resolver = nameserver.DnsResolver(port)
        self.wires = peers.Wires()
        self.authority = authority
        self.stack = contextlib.AsyncExitStack()

    async def host(
        self,
        behaviour: Callable[[peers.Exchange], Awaitable[None]],
        *hosts: str,
        address: str = PUBLIC,
        tls: ssl.SSLContext | None = None,
        is_plain: bool = False,
    ) -> peers.Peer:
        """Give public hosts a server, with a certificate for them unless told otherwise."""
        context = None if is_plain else tls or self.authority.server(*hosts)
        peer = await self.stack.enter_async_context(peers.Peer(behaviour).run(context))
        for host in hosts:
            self.names.names.setdefault(host, [(address,)])
        self.wires.routes[address] = peer.port
        return peer

    async def fetcher(
        self,
        *,
        limits: fetch.Limits | None = None,
        resolver: fetch.Resolver | None = None,
        ports: Sequence[int] = (443, 8443),
        allow_loopback: bool = False,
        hosts: Sequence[str] | None = None,
        origins: Sequence[str] = (),
    ) -> fetch.Fetcher:
        """Make a fetcher in this internet."""
        rules = fetch.Rules(
            allow_loopback=allow_loopback,
            ports=frozenset(ports),
            hosts=None if hosts is None else frozenset(hosts),
            origins=frozenset(origins),
        )
        made = fetch.Fetcher(
            rules,
            limits=limits or fetch.Limits(total_s=5.0, idle_s=2.0, connect_s=2.0),
            resolver=resolver or self.resolver,
            network=self.wires,
            tls=self.authority.trusted(),
        )
        return await self.stack.enter_async_context(made)
