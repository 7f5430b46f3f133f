"""The answer to a request: its status and headers, and a body that never exceeds its limits of size and time."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import httpcore2

from tintype.media.fetch_errors import CertificateRefused, FetchError, FetchFailed, TooLarge, TooSlow

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping

T = TypeVar("T")
_PIECE_MAX = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take.

    `total_s` counts from the first look-up to the last byte, redirects and the reader's own pauses included;
    `idle_s` is how long nothing may come, `connect_s` bounds looking up and connecting, and TLS once more.
    `size_max_bytes` is that of the body, unpacked. A body of which fewer than `bytes_per_s_min` come, over `idle_s`,
    counts as silent.
    """

    size_max_bytes: int = 64 * 1024 * 1024
    total_s: float = 60.0
    idle_s: float = 10.0
    connect_s: float = 5.0
    redirects_max: int = 3
    bytes_per_s_min: float = 0.0


class Answer:
    """An answer whose body is still to be read, once.

    `url` is where it came from in the end, `headers` have lower-case names. `is_framed` says that the end of the
    body is announced, so that a connection cut short is noticed; without it, a body may be cut off unseen.
    """

    def __init__(
        self, response: httpcore2.Response, *, url: str, host: str, limits: Limits, ends_at: float
    ) -> None:
        self.status = response.status
        self.url = url
        self.headers: Mapping[str, str] = _headers(response)
        self.is_framed = "content-length" in self.headers or "transfer-encoding" in self.headers
        self._response = response
        self._host = host
        self._limits = limits
        self._ends_at = ends_at

    @property
    def media_type(self) -> str | None:
        """The announced media type, without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() or None

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Give the body piece by piece, at most 256 KB each.

        Raises TooLarge, TooSlow, or FetchFailed when it broke off.
        """
        size, size_max = 0, self._limits.size_max_bytes
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > size_max:
            raise self._too_large()
        unpack = _unpacker(self.headers.get("content-encoding", ""), self._host)
        packed = 0
        async with aclosing(self._coded()) as arriving:
            async for coded in arriving:
                # What came is counted too: a body may unpack to nothing at all for ever.
                packed += len(coded)
                if packed > size_max:
                    raise self._too_large()
                for piece in unpack.feed(coded):
                    size += len(piece)
                    if size > size_max:
                        raise self._too_large()
                    yield piece
                    # Unpacking waits for nothing by itself; others get their turn between the pieces.
                    await asyncio.sleep(0)
        unpack.end()

    async def read(self) -> bytes:
        """Give the whole body. Raises what `pieces` raises."""
        async with aclosing(self.pieces()) as pieces:
            return b"".join([piece async for piece in pieces])

    async def beginning(self, size_max_bytes: int) -> tuple[bytes, bool]:
        """Give what comes first, and whether it is less than all: too long, too slow, broken off or unreadable."""
        found = bytearray()
        try:
            async with aclosing(self.pieces()) as pieces:
                async for piece in pieces:
                    found += piece
                    if len(found) > size_max_bytes:
                        return bytes(found[:size_max_bytes]), True
        except FetchError:
            return bytes(found[:size_max_bytes]), True
        return bytes(found), False

    async def _coded(self) -> AsyncGenerator[bytes]:
        stream = self._response.aiter_stream()
        now = asyncio.get_running_loop().time
        since, came = now(), 0
        try:
            while True:
                piece = await within(
                    anext(stream, None), host=self._host, limits=self._limits, ends_at=self._ends_at
                )
                if piece is None:
                    return
                came += len(piece)
                over_s = now() - since
                if over_s >= self._limits.idle_s:
                    if came < self._limits.bytes_per_s_min * over_s:
                        raise self._too_slow()
                    since, came = now(), 0
                yield piece
        finally:
            await stream.aclose()

    def _too_slow(self) -> TooSlow:
        least = self._limits.bytes_per_s_min
        return TooSlow(
            f"{self._host} sent less than {least:,.0f} bytes a second",
            host=self._host,
            after_s=self._limits.idle_s,
        )

    def _too_large(self) -> TooLarge:
        size_max = self._limits.size_max_bytes
        return TooLarge(
            f"{self._host} sends more than the {size_max:,} bytes that are allowed",
            host=self._host,
            size_max_bytes=size_max,
        )


async def within(step: Awaitable[T], *, host: str, limits: Limits, ends_at: float) -> T:
    """Do a step of a call before its end, and put its failures into our words.

    `ends_at` is on the event loop's clock. Raises TooSlow, FetchFailed, or what was raised below the pool.
    """
    try:
        async with asyncio.timeout_at(ends_at):
            return await step
    except TimeoutError as fault:
        raise TooSlow(
            f"{host} was not done after {limits.total_s:g} s", host=host, after_s=limits.total_s
        ) from fault
    except httpcore2.PoolTimeout as fault:
        raise FetchFailed(
            f"too many calls were under way to call {host}", host=host, can_retry=True
        ) from fault
    except httpcore2.ConnectTimeout as fault:
        raise TooSlow(
            f"{host} could not be connected to within {limits.connect_s:g} s",
            host=host,
            after_s=limits.connect_s,
        ) from fault
    except httpcore2.TimeoutException as fault:
        raise TooSlow(
            f"{host} was silent for {limits.idle_s:g} s", host=host, after_s=limits.idle_s
        ) from fault
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as fault:
        raise _failed(fault, host) from fault


def _failed(fault: Exception, host: str) -> FetchError:
    # The pool drops the cause, but the failure underneath is still the argument.
    beneath = fault.args[0] if fault.args else None
    if isinstance(beneath, ssl.SSLError):
        return CertificateRefused(f"{host} has no certificate that can be trusted for it", host=host)
    if isinstance(fault, httpcore2.ConnectError):
        return FetchFailed(f"{host} could not be connected to", host=host, can_retry=True)
    if isinstance(fault, httpcore2.LocalProtocolError):
        return FetchFailed(f"{host} was not called: a header is not valid", host=host)
    return FetchFailed(
        f"{host} broke off, or answered with something that is not HTTP", host=host, can_retry=True
    )


class _Plain:
    """A body as it is."""

    def feed(self, coded: bytes) -> Iterator[bytes]:
        for start in range(0, len(coded), _PIECE_MAX):
            yield coded[start : start + _PIECE_MAX]

    def end(self) -> None:
        """Nothing is left over."""


class _Gzip:
    """A body packed once with gzip, unpacked in steps of bounded size."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._state = zlib.decompressobj(_GZIP)
        self._has_begun = False

    def feed(self, coded: bytes) -> Iterator[bytes]:
        self._has_begun = True
        while True:
            if self._state.eof:
                # One member after the other is allowed by the format, sent by nobody, and a way to keep us busy.
                raise self._broken()
            try:
                piece = self._state.decompress(coded, _PIECE_MAX)
            except zlib.error as fault:
                raise self._broken() from fault
            if piece:
                yield piece
            coded = self._state.unconsumed_tail or self._state.unused_data
            # A full piece may leave more behind inside, even when all input was taken.
            if not coded and (len(piece) < _PIECE_MAX or self._state.eof):
                return

    def end(self) -> None:
        """Complain when the end did not come."""
        if self._has_begun and not self._state.eof:
            raise self._broken()

    def _broken(self) -> FetchFailed:
        return FetchFailed(
            f"{self._host} sent a body whose gzip cannot be read", host=self._host, can_retry=True
        )


def _unpacker(coding: str, host: str) -> _Plain | _Gzip:
    # It was asked for as it is; some servers keep a packed file and send nothing else.
    match coding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Gzip(host)
        case _:
            raise FetchFailed(f"{host} sent a body in a coding that was not asked for", host=host)


def _headers(response: httpcore2.Response) -> dict[str, str]:
    """Return the headers by lower-case name; repeated ones joined by a comma, as HTTP allows."""
    found: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
