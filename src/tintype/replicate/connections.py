"""Connections on which a whole answer has to come in time, not only each of its pieces.

A timeout for reading starts anew with every byte, so a server that drips would hold a call for hours. Where a
call says `Whole(seconds)`, head and body together have that long, counted from the first look for them.
"""

from __future__ import annotations

import time
from typing import Any

import httpx2


class Whole(float):
    """A timeout for reading that covers the whole answer."""

    __slots__ = ()


class _Answer:
    """When the answer that is being read has to be there."""

    __slots__ = ("_inner", "_until")

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._until: float | None = None

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
        data: bytes = self._inner.read(max_bytes, self._left(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, which begins another answer."""
        self._until = None
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
        data: bytes = await self._inner.read(max_bytes, self._left(timeout))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, which begins another answer."""
        self._until = None
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
