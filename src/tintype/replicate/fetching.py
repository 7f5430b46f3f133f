"""The conversation of fetching a file: allowed hosts, redirects within them, a size cap, repeats from the start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tintype.domain import errors
from tintype.replicate import calling, policy, settings, steps, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SIZE_MAX = 512 * 1024 * 1024
"""The largest output that is fetched when nobody says, in bytes."""
_DELIVERY = "replicate.delivery"
_REDIRECTS_MAX = 5
_BREAKS_MAX = 20
_BYTES_PER_S_LEAST = 1_000
# Ranges count bytes of the file, so it must not come compressed.
_PLAIN = (("Accept", "*/*"), ("Accept-Encoding", "identity"))


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Which hosts outputs may come from, and how large they may be.

    Allowed are replicate.delivery and its subdomains, the API's own origin, and `hosts` (each `host` or
    `host:port`). A loopback upstream may use any of its machine's loopback names at its own port.
    """

    context: calling.Context
    origin: str
    hosts: frozenset[str]
    size_max: int = SIZE_MAX

    def check(self, address: str) -> None:
        """Raise OutputRefused when an address may not be fetched."""
        parts = settings.fetchable(address)
        if parts is None:
            raise errors.OutputRefused("an output's address is not a URL that can be fetched")
        port, host, own = parts.port, (parts.hostname or "").lower(), urlsplit(self.origin)
        is_own = host == own.hostname or (
            settings.is_loopback(host) and settings.is_loopback(own.hostname or "")
        )
        if is_own and parts.scheme == own.scheme and port == own.port and parts.username is None:
            return
        named = host in self.hosts or f"{host}:{port}" in self.hosts
        if parts.scheme != "https" and not (named and settings.is_loopback(host)):
            raise errors.OutputRefused(
                f"an output is on {host or 'no host'} without https; it is not fetched"
            )
        delivered = host == _DELIVERY or host.endswith(f".{_DELIVERY}")
        if parts.username is not None or not (named or (delivered and port in {None, 443})):
            raise errors.OutputRefused(
                f"an output is on {host}, which is not among the allowed hosts; if you trust it, make the client with "
                f"output_hosts={[host]!r}"
            )


def allowed(hosts: Iterable[str]) -> frozenset[str]:
    """The hosts that a caller allows, in lower case."""
    return frozenset(host.strip().lower() for host in hosts)


@dataclass(slots=True)
class Got:
    """A whole file."""

    body: bytes = field(repr=False)
    media_type: str | None


def whole(fetcher: Fetcher, address: str) -> steps.Op[Got]:
    """Fetch a file into memory."""
    pieces_got: list[bytes] = []

    def keep(piece: bytes) -> steps.Step | None:
        pieces_got.append(piece)
        return None

    media_type = yield from pieces(fetcher, address, keep)
    return Got(b"".join(pieces_got), media_type)


def pieces(
    fetcher: Fetcher, address: str, hand: Callable[[bytes], steps.Step | None]
) -> steps.Op[str | None]:
    """Fetch a file and hand each piece on; gives its media type.

    A transfer that breaks is taken up where it ended, by a range if the server gives one, else by reading
    past what was handed on already. Raises OutputRefused, RetentionPassed, or the last failure.
    """
    context, done, attempt = fetcher.context, 0, 0
    pace = _Pace(context)
    for breaks in range(_BREAKS_MAX):
        attempt += 1
        yield from calling.admit(context, context.limits.others)
        before = done
        pace.begin()
        try:
            opened, skip = yield from _open(fetcher, address, done, attempt)
            try:
                _check_size(fetcher, opened.reply, done - skip)
                while (piece := (yield steps.Chunk(opened))) is not None:
                    pace.check(len(piece))
                    fresh = piece[skip:] if skip else piece
                    skip = max(0, skip - len(piece))
                    if not fresh:
                        continue
                    done += len(fresh)
                    if done > fetcher.size_max:
                        raise _too_large(fetcher)
                    step = hand(fresh)
                    if step is not None:
                        yield step
            finally:
                yield steps.Close(opened)
        except errors.UpstreamError as fault:
            error = fault
        else:
            media_type: str | None = opened.reply.headers.get("content-type")
            return media_type
        if done > before and not isinstance(error, errors.TimedOut):
            attempt = 1  # it moved on: the patience is for standing still, and for crawling
        verdict = policy.decide(
            context.policy, kind=wire.Kind.REPEATABLE, attempt=attempt, error=error, chance=context.chance()
        )
        if not isinstance(verdict, policy.Again) or breaks == _BREAKS_MAX - 1:
            raise error
        yield steps.Sleep(verdict.after_s)
    raise AssertionError("the last break raises")


class _Pace:
    """How fast a transfer is: bytes that drip one by one would keep every other timeout from coming."""

    __slots__ = ("_bytes", "_context", "_since")

    def __init__(self, context: calling.Context) -> None:
        self._context = context
        self._bytes, self._since = 0, context.monotonic()

    def begin(self) -> None:
        """Start anew."""
        self._bytes, self._since = 0, self._context.monotonic()

    def check(self, size: int) -> None:
        """Take a piece in. Raises TimedOut when less than 1 kB/s came over as long as an answer may take."""
        self._bytes += size
        seconds = self._context.monotonic() - self._since
        if seconds < self._context.read_s:
            return
        if self._bytes < _BYTES_PER_S_LEAST * seconds:
            raise errors.TimedOut(
                f"an output came at less than {_BYTES_PER_S_LEAST} bytes a second", can_retry=True
            )
        self.begin()


def _open(fetcher: Fetcher, address: str, done: int, attempt: int) -> steps.Op[tuple[Any, int]]:
    """Open an address, following redirects; gives the opened reply and how much of it is known already."""
    for _ in range(_REDIRECTS_MAX + 1):
        fetcher.check(address)
        headers = (*_PLAIN, ("Range", f"bytes={done}-")) if done else _PLAIN
        call = wire.Call("GET", urlsplit(address).path or "/", url=address, headers=headers, with_token=False)
        started = fetcher.context.monotonic()
        opened = yield steps.Open(call, fetcher.context.read_s)
        reply: wire.Reply = opened.reply
        calling.note(fetcher.context, call, reply.status, started, attempt)
        if reply.status == 200:
            return opened, done
        if (
            reply.status == 206
            and done
            and reply.headers.get("content-range", "").startswith(f"bytes {done}-")
        ):
            return opened, 0
        yield steps.Close(opened)
        location = reply.headers.get("location")
        if reply.status in {301, 302, 303, 307, 308} and location:
            address = _joined(address, location)
            continue
        if reply.status in {404, 410}:
            raise errors.RetentionPassed(
                f"the output is no longer there ({reply.status}): Replicate removes outputs an hour after completion",
                status=reply.status,
            )
        raise errors.ServerError(
            f"the output's host answered HTTP {reply.status}",
            status=reply.status,
            can_retry=reply.status in {206, 408, 429} or reply.status >= 500,
            retry_after_s=wire.retry_after_s(reply),
        )
    raise errors.OutputRefused(f"an output redirects more than {_REDIRECTS_MAX} times")


def _joined(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        raise errors.OutputRefused("an output redirects to what is not a URL") from None


def _check_size(fetcher: Fetcher, reply: wire.Reply, before: int) -> None:
    length = reply.headers.get("content-length", "")
    if length.isdecimal() and before + int(length) > fetcher.size_max:
        raise _too_large(fetcher)


def _too_large(fetcher: Fetcher) -> errors.OutputRefused:
    return errors.OutputRefused(
        f"an output is larger than {fetcher.size_max} bytes; make the client with a larger output_bytes_max to allow it"
    )
