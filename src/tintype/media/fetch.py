"""Fetch or call a URL that somebody else gave, without being led where nobody outside may go.

Every such URL goes through here, whether a user gave it (inputs, callbacks) or upstream (outputs). What is refused,
and why, is written beside the code: the text in `fetch_target`, addresses in `addresses`, connecting in
`fetch_network`, the body in `fetch_answer`.

    async with fetch.Fetcher(rules) as fetcher:
        async with fetcher.get(url) as answer:
            async for piece in answer.pieces(): …
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol, Self

import httpcore2
import httpx2

from tintype import __version__
from tintype.media import fetch_target
from tintype.media.fetch_answer import Answer, Limits, within
from tintype.media.fetch_errors import FetchFailed, Rule
from tintype.media.fetch_network import GuardedNetwork, Resolver, SystemResolver
from tintype.media.fetch_target import REPLICATE_OUTPUTS, Road, Rules, Target

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

ANSWER_MAX_BYTES = 64 * 1024
"""How much of the answer to a callback is read."""
CONNECTIONS_MAX = 100
IDLE_CONNECTIONS_MAX = 20
IDLE_CONNECTION_S = 5.0
"""How long a connection waits for its next use. Its address was judged when it was made."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Ours alone to set: they say where a message goes and where it ends, or carry what we never send.
_RESERVED_HEADERS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "upgrade", "expect", "trailer"}
    | {"accept-encoding", "cookie", "user-agent"}
)


class Sink(Protocol):
    """Where a download goes."""

    async def write(self, piece: bytes, /) -> object:
        """Take the next piece."""
        ...


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download wrote: its size, its SHA-256 in hexadecimal digits, and what the server called it.

    `is_framed` is False where the server did not announce the end, so that a cut connection looks like one.
    """

    size_bytes: int
    sha256: str
    media_type: str | None
    is_framed: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a POST. `body` is its beginning, `is_cut` says that there was more or that it broke off."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    is_cut: bool


class Fetcher:
    """Fetches and calls by one set of rules. One for each purpose, so that none can stand in another's way.

    Connections are kept for a few seconds where hosts are listed, and to this machine; those to strangers are not.
    `resolver`, `network` (what connects to an address once it was judged) and `tls` (whom to trust) are the
    system's unless handed in; what is handed in stays the caller's to close. It keeps no cookies and reads no proxy
    from the environment. Belongs to one event loop.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        limits: Limits | None = None,
        resolver: Resolver | None = None,
        network: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.rules = rules or Rules()
        self.limits = limits or Limits()
        self._own_resolver: SystemResolver | None = None
        if resolver is None:
            resolver = self._own_resolver = SystemResolver()
        network = network or httpcore2.AnyIOBackend()
        tls = tls or _trusted()
        self._pools = {
            road: self._pool(road, GuardedNetwork(road, resolver=resolver, network=network), tls)
            for road in Road
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()
        if self._own_resolver is not None:
            self._own_resolver.close()

    def check(self, url: str) -> None:
        """Raise FetchRefused for what is wrong with the URL's text alone, before anything is looked up."""
        self.rules.road(fetch_target.read(url))

    @asynccontextmanager
    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, limits: Limits | None = None
    ) -> AsyncIterator[Answer]:
        """Fetch a URL, redirects followed, each judged anew; gives the answer whatever its status.

        Headers of the caller's are sent to the first origin only. Raises FetchRefused, FetchFailed, TooSlow.
        """
        limits = limits or self.limits
        own = _own_headers(headers)
        ends_at = asyncio.get_running_loop().time() + limits.total_s
        target = fetch_target.read(url)
        road, first = self.rules.road(target), target.origin
        for hop in range(limits.redirects_max + 1):
            request = _request("GET", target, own if target.origin == first else {}, None, limits)
            response = await within(
                self._pools[road].handle_async_request(request),
                host=target.host,
                limits=limits,
                ends_at=ends_at,
            )
            try:
                answer = Answer(response, url=url, host=target.host, limits=limits, ends_at=ends_at)
                location = answer.headers.get("location")
                if answer.status not in _REDIRECTS or location is None:
                    yield answer
                    return
            finally:
                await response.aclose()
            if hop == limits.redirects_max:
                break
            url = fetch_target.follow(url, location)
            target = fetch_target.read(url)
            road = self.rules.road(target, before=road)
        fetch_target.refuse(target.host, Rule.REDIRECTS, f"redirects more than {limits.redirects_max} times")

    async def download(
        self,
        url: str,
        sink: Sink,
        *,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Downloaded:
        """Fetch a URL into a sink, one piece in memory at a time.

        What was written before a failure is the caller's to throw away. Raises what `get` and `Answer.pieces`
        raise, and FetchFailed with its status for an answer other than 200.
        """
        async with self.get(url, headers=headers, limits=limits) as answer:
            if answer.status != 200:
                host = fetch_target.read(answer.url).host
                raise FetchFailed(
                    f"{host} answered HTTP {answer.status}",
                    host=host,
                    status=answer.status,
                    can_retry=answer.status in {408, 425, 429} or answer.status >= 500,
                )
            digest, size = hashlib.sha256(), 0
            async with aclosing(answer.pieces()) as pieces:
                async for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    await sink.write(piece)
            return Downloaded(size, digest.hexdigest(), answer.media_type, answer.is_framed)

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        answer_max_bytes: int = ANSWER_MAX_BYTES,
    ) -> Reply:
        """Call a URL once. A redirect is an answer like any other and never followed.

        An answer too long, too slow or broken off after its status is cut, not an error: the call was heard.
        Raises FetchRefused, FetchFailed, TooSlow; after the latter two the call may have been heard or not.
        """
        limits = limits or self.limits
        target = fetch_target.read(url)
        road = self.rules.road(target)
        ends_at = asyncio.get_running_loop().time() + limits.total_s
        request = _request("POST", target, _own_headers(headers), body, limits)
        response = await within(
            self._pools[road].handle_async_request(request), host=target.host, limits=limits, ends_at=ends_at
        )
        try:
            answer = Answer(response, url=url, host=target.host, limits=limits, ends_at=ends_at)
            beginning, is_cut = await answer.beginning(answer_max_bytes)
            return Reply(answer.status, answer.headers, beginning, is_cut)
        finally:
            await response.aclose()

    def _pool(
        self, road: Road, network: GuardedNetwork, tls: ssl.SSLContext
    ) -> httpcore2.AsyncConnectionPool:
        # A stranger's connection is not used twice: what it sends beyond its answer would pass for the answer to
        # the next request, and one that it closed meanwhile would leave open whether a POST was heard.
        is_strange = road is Road.PUBLIC and self.rules.hosts is None
        # HTTP/1.1 only: with HTTP/2 a connection may be offered for other names than its own.
        return httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=0 if is_strange else IDLE_CONNECTIONS_MAX,
            keepalive_expiry=IDLE_CONNECTION_S,
            network_backend=network,
        )


@cache
def _trusted() -> ssl.SSLContext:
    """Return what all fetchers of a process trust by default; reading the authorities takes 15 ms."""
    return httpx2.create_ssl_context()


def _own_headers(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    for name in headers or {}:
        if name.lower() in _RESERVED_HEADERS:
            raise ValueError(f"the header {name} is not the caller's to set")
    return headers or {}


def _request(
    method: str, target: Target, headers: Mapping[str, str], body: bytes | None, limits: Limits
) -> httpcore2.Request:
    sent = [
        ("Host", target.authority),
        ("User-Agent", f"tintype/{__version__}"),
        ("Accept-Encoding", "identity"),
        *headers.items(),
    ]
    if not any(name.lower() == "accept" for name in headers):
        sent.append(("Accept", "*/*"))
    if body is not None:
        sent.append(("Content-Length", str(len(body))))
    return httpcore2.Request(
        method,
        httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.resource),
        headers=sent,
        content=body,
        extensions={
            "timeout": {
                "connect": limits.connect_s,
                "read": limits.idle_s,
                "write": limits.idle_s,
                "pool": limits.total_s,
            }
        },
    )


__all__ = [
    "REPLICATE_OUTPUTS",
    "Answer",
    "Downloaded",
    "Fetcher",
    "Limits",
    "Reply",
    "Resolver",
    "Road",
    "Rules",
    "Sink",
    "SystemResolver",
]
