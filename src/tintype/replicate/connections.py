"""Connections on which a whole answer has to come in time, and on which no create goes after idling.

A timeout for reading starts anew with every byte, so a server that drips would hold a call for hours. Where a
call says `Whole(seconds)`, head and body together have that long, counted from the first look for them.

A pool looks at how long a connection was idle when it hands it out; until the first byte leaves, the process may
have been stopped or its event loop blocked. Where a call says `Fresh(seconds)`, that byte is the last look.
"""

from __future__ import annotations

import time
from typing import Any

import httpx2


class Whole(float):
    """A timeout for reading that covers the whole answer."""

    __slots__ = ()


class Fresh(float):
    """A timeout for writing that begins no request on a connection which was idle for more than 2 s."""

    __slots__ = ()


IDLE_S = 2.0
"""How long a connection may have been idle when a create begins on it."""


class _Answer:
    """When the answer that is being read has to be there, and when the connection was last in use."""

    __slots__ = ("_inner", "_is_written", "_until", "_used_at")

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._until: float | None = None
        self._used_at = time.monotonic()
        self._is_written = False

    def _begin(self, timeout: float | None) -> None:
        idle_s = time.monotonic() - self._used_at
        if isinstance(timeout, Fresh) and not self._is_written and idle_s > IDLE_S:
            raise httpx2.ConnectError("the connection was idle for too long; nothing was sent on it")
        self._is_written = True
        self._until = None

    def _took(self, data: bytes) -> bytes:
        self._used_at, self._is_written = time.monotonic(), False
        return data

    def _left(self, timeout: float | None) -> float | None:
        if not isinstance(timeout, Whole):
            return timeout
        now = time.monotonic()
        if self._until is None:
            self._until = now + timeout
        if now >= self._until:
            raise httpx2.ReadTimeout("the whole answer did not come in time")
        return self._until - now

    def get_extra_info(self, info: str) -> Any:
        """What the connection itself knows."""
        return self._inner.get_extra_info(info)


class _Stream(_Answer):
    """A connection of the blocking client; what is written begins the next answer."""

    __slots__ = ()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within what is left for the answer."""
        return self._took(self._inner.read(max_bytes, self._left(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, which begins another answer."""
        self._begin(timeout)
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> _Stream:
        """Go on encrypted."""
        return _Stream(self._inner.start_tls(*args, **kwargs))


class _AsyncStream(_Answer):
    """A connection of the async client; what is written begins the next answer."""

    __slots__ = ()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within what is left for the answer."""
        return self._took(await self._inner.read(max_bytes, self._left(timeout)))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, which begins another answer."""
        self._begin(timeout)
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(self, *args: Any, **kwargs: Any) -> _AsyncStream:
        """Go on encrypted."""
        return _AsyncStream(await self._inner.start_tls(*args, **kwargs))


class _Backend:
    """Makes connections of the blocking client."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, *args: Any, **kwargs: Any) -> _Stream:
        """Connect to a host."""
        return _Stream(self._inner.connect_tcp(*args, **kwargs))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._inner.sleep(seconds)


class _AsyncBackend:
    """Makes connections of the async client."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> _AsyncStream:
        """Connect to a host."""
        return _AsyncStream(await self._inner.connect_tcp(*args, **kwargs))

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)


class Transport(httpx2.HTTPTransport):
    """A pool of the blocking client."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        pool: Any = self._pool
        # The one thing that httpx2 has no argument for; a test with a dripping server says when it changes.
        pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001 - see above


class AsyncTransport(httpx2.AsyncHTTPTransport):
    """A pool of the async client."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        pool: Any = self._pool
        pool._network_backend = _AsyncBackend(pool._network_backend)  # noqa: SLF001 - as above
