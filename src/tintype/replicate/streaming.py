"""Streamed output: server-sent events decoded piece by piece, taken up again where a connection ended."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tintype.domain import errors
from tintype.replicate import calling, policy, settings, steps, transport, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVENT_MAX = 1_000_000
_RECONNECTS_MAX = 100
_READ_S = 60.0
_STREAM_HOSTS = ("replicate.com", "replicate.net")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: `output` with a piece of text or an address, `logs`, `error` or `done`.

    `str(event)` is the piece of output, and empty for other events, so that joining them gives the text.
    """

    event: str
    data: str = field(repr=False)
    id: str = ""

    def __str__(self) -> str:
        return self.data if self.event == "output" else ""


class Decoder:
    """Bytes in, events out, by the rules of server-sent events."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._event, self._data, self._size = "", [], 0
        self.last_id = ""

    _data: list[str]

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Take a piece of the body and give the events that it completes. Raises ServerError beyond 1 MB."""
        text = self._rest + self._decode(piece)
        held = text.endswith("\r")
        lines = (text[:-1] if held else text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + ("\r" if held else "")
        for line in lines:
            self._size += len(line)
            event = self._line(line)
            if event is not None:
                yield event
        if self._size + len(self._rest) > _EVENT_MAX:
            raise errors.ServerError(f"the stream sent an event of more than {_EVENT_MAX} characters")

    def _line(self, line: str) -> Event | None:
        if not line:
            event = (
                Event(self._event or "message", "\n".join(self._data), self.last_id)
                if self._has_any
                else None
            )
            self._event, self._data, self._size = "", [], 0
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None

    @property
    def _has_any(self) -> bool:
        return bool(self._data or self._event)


def follow(
    context: calling.Context, address: str, origin: str, prediction_id: str, *, until: float
) -> steps.Op[None]:
    """Yield the events of a stream up to `done`, reconnecting with Last-Event-ID.

    The token goes along on the API's own origin only. Raises PredictionFailed on an `error` event,
    PredictionCanceled when the prediction was canceled, ServerError when the stream cannot be had, TimedOut at
    `until`, a moment of the monotonic clock.
    """
    check(address, origin)
    decoder = Decoder()
    failures = 0
    for _ in range(_RECONNECTS_MAX):
        before = decoder.last_id
        error: errors.UpstreamError = errors.NetworkError(
            "the stream ended before it was done", can_retry=True
        )
        try:
            is_done = yield from _once(context, address, origin, decoder, prediction_id, until)
            if is_done:
                return
        except errors.PredictionError:
            raise
        except errors.UpstreamError as fault:
            error = fault
        if context.monotonic() >= until:
            raise _late(prediction_id) from error
        failures = 1 if decoder.last_id != before else failures + 1
        verdict = policy.decide(
            context.policy, kind=wire.Kind.REPEATABLE, attempt=failures, error=error, chance=context.chance()
        )
        if not isinstance(verdict, policy.Again):
            error.prediction_id = prediction_id
            raise error
        yield steps.Sleep(0.0 if decoder.last_id != before else verdict.after_s)
    raise errors.ServerError("the stream ended too often before it was done", prediction_id=prediction_id)


def check(address: str, origin: str) -> None:
    """Raise OutputRefused when a stream is neither Replicate's nor the upstream's own."""
    parts = settings.fetchable(address)
    if parts is None:
        raise errors.OutputRefused("the stream's address is not a URL that can be read")
    if transport.same_origin(address, origin):
        return
    host, own = parts.hostname or "", urlsplit(origin)
    if settings.is_loopback(host) and settings.is_loopback(own.hostname or "") and parts.port == own.port:
        return
    if parts.scheme != "https" or not any(host == one or host.endswith(f".{one}") for one in _STREAM_HOSTS):
        raise errors.OutputRefused(
            f"the stream is on {host or 'no host'}, which is not Replicate's; it is not read"
        )


def _once(
    context: calling.Context, address: str, origin: str, decoder: Decoder, prediction_id: str, until: float
) -> steps.Op[bool]:
    headers = [
        ("Accept", "text/event-stream"),
        ("Cache-Control", "no-store"),
        ("Accept-Encoding", "identity"),
    ]
    if decoder.last_id:
        headers.append(("Last-Event-ID", decoder.last_id))
    call = wire.Call(
        "GET",
        urlsplit(address).path or "/",
        url=address,
        headers=tuple(headers),
        with_token=transport.same_origin(address, origin),
    )
    yield from calling.admit(context, context.limits.others, until)
    started = context.monotonic()
    opened = yield steps.Open(call, min(_READ_S, max(0.01, until - started)))
    calling.note(context, call, opened.reply.status, started, 1)
    try:
        if opened.reply.status != 200:
            raise wire.problem(opened.reply, call)
        while (piece := (yield steps.Chunk(opened))) is not None:
            if context.monotonic() >= until:
                raise _late(prediction_id)
            for event in decoder.feed(piece):
                if event.event == "error":
                    raise _failed(event, prediction_id)
                yield steps.Item(event)
                if event.event == "done":
                    _check_reason(event, prediction_id)
                    return True
    finally:
        yield steps.Close(opened)
    return False


def _late(prediction_id: str) -> errors.TimedOut:
    return errors.TimedOut(
        f"the stream of prediction {prediction_id} was not done at the deadline; the prediction still runs "
        "upstream: wait for it by its id, or cancel it",
        can_retry=True,
        prediction_id=prediction_id,
    )


def _members(event: Event) -> dict[str, object]:
    try:
        found = json.loads(event.data or "{}")
    except ValueError:
        return {"detail": event.data}
    return found if isinstance(found, dict) else {"detail": event.data}


def _failed(event: Event, prediction_id: str) -> errors.PredictionFailed:
    detail = str(_members(event).get("detail") or "no reason given")
    failed = errors.PredictionFailed(
        f"prediction {prediction_id} failed while it streamed: {' '.join(detail.split())[:500]}",
        prediction_id=prediction_id,
    )
    failed.reason = detail
    return failed


def _check_reason(event: Event, prediction_id: str) -> None:
    reason = _members(event).get("reason")
    if reason == "canceled":
        raise errors.PredictionCanceled(
            f"prediction {prediction_id} was canceled", prediction_id=prediction_id
        )
    if reason == "error":
        raise errors.PredictionFailed(
            f"prediction {prediction_id} failed while it streamed", prediction_id=prediction_id
        )
