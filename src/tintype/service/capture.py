"""Store what a prediction made, before upstream deletes it an hour after completion (rule 18).

Every output is received, checked by its content, marked with its generation and put into the store; then its row is
written. Done again after any interruption, it goes on with what is missing. It ends with a fact for
`service.progress`, which alone changes states: Captured when all outputs are rows, CaptureLost when one is gone.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from tintype.domain import events, keeping
from tintype.domain.generation import State
from tintype.media import endings, fetch, fetch_errors, files_errors, kinds, pool, provenance
from tintype.media.files import SIZE_MAX_BYTES
from tintype.media.kinds import Family, Kind
from tintype.store import alerts, generations, outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.domain.keeping import Source
    from tintype.media.files import Draft, Files
    from tintype.replicate.results import Prediction
    from tintype.store.database import Database, Session
    from tintype.store.generations import Generation

OUTPUTS_AT_ONCE = 4
"""How many outputs of one generation are received at the same time."""
_PIECE_BYTES = 1024 * 1024
# Films are large, and their hosts sometimes slow.
_TOTAL_S = 900.0
_IDLE_S = 20.0
_CUT = "its end seems to be missing"

_log = logging.getLogger("tintype.capture")


@dataclass(frozen=True, slots=True)
class Tools:
    """What capturing works with. The fetcher's rules say which hosts outputs may come from.

    `now` is upstream's clock, by which its hour passes. `is_text` says whether a model's output is words, so that a URL
    among them is one of them. `with_mark` writes the generation's id into pictures.
    """

    db: Database
    files: Files
    fetcher: fetch.Fetcher
    pool: pool.Pool
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Random = field(default_factory=Random)
    is_text: Callable[[str], bool] = lambda _model: False
    size_max_bytes: int = SIZE_MAX_BYTES
    with_mark: bool = True


@dataclass(frozen=True, slots=True)
class Again:
    """Not all could be had; what is missing is to be tried again."""

    after_s: float


@dataclass(frozen=True, slots=True)
class _Whose:
    """What an output is of: a generation, or with `orphan_id` a prediction that was bought for it in vain."""

    generation_id: str
    orphan_id: str | None = None


class _Gone(Exception):
    """An output is lost for good; `code` and the message say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Unusable(Exception):
    """What came is not what an output can be, this time."""


_LATER = (fetch_errors.FetchError, files_errors.FilesError, _Unusable)


async def capture(ident: str, tools: Tools) -> events.Captured | events.CaptureLost | Again | None:
    """Store the outputs of a generation; None when there is nothing to do (any more).

    What upstream said of the prediction is read from the generation's row. Never raises for what upstream or the
    store do wrong; what it could not store it tells, and alerts where a person can help.
    """
    generation = await generations.get(tools.db, ident)
    if generation is None or generation.state != State.CAPTURING:
        return None
    sources = keeping.sources(
        (generation.prediction or {}).get("output"), is_text=tools.is_text(generation.model)
    )
    if not sources:
        return events.CaptureLost("no_output", "It succeeded upstream without an output.")
    there = {one.position for one in await outputs.of(tools.db, ident)}
    since = generation.completed_at or generation.submitted_at or generation.created_at
    return await _all(_Whose(ident), sources, there, since, tools)


async def capture_orphan(
    generation: Generation, record: Prediction, tools: Tools
) -> events.Captured | events.CaptureLost | Again:
    """Store what a prediction made that was bought for a generation and belongs to nobody (rule 6).

    As `capture`: never raises for what upstream or the store do wrong, and goes on with what is missing.
    """
    sources = keeping.sources(record.output, is_text=tools.is_text(generation.model))
    if not sources:
        return events.CaptureLost("output_gone", "Upstream has its outputs no more.")
    kept = await outputs.of_orphans(tools.db, generation.id)
    there = {one.position for one in kept if one.prediction_id == record.id}
    since = record.completed_at or record.created_at or generation.created_at
    return await _all(_Whose(generation.id, record.id), sources, there, since, tools)


async def _all(
    whose: _Whose, sources: list[Source], there: set[int], since: datetime, tools: Tools
) -> events.Captured | events.CaptureLost | Again:
    """Store the outputs that are not there yet."""
    ident = whose.generation_id
    turns = asyncio.Semaphore(OUTPUTS_AT_ONCE)

    async def one(position: int, source: Source) -> Exception | None:
        async with turns:
            try:
                await _capture_one(whose, position, source, tools)
            except (_Gone, *_LATER) as fault:
                _log.warning("output %d of %s is not stored: %s", position, ident, fault)
                return fault
            return None

    missing = [(position, source) for position, source in enumerate(sources) if position not in there]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(position, source)) for position, source in missing]
    faults = [fault for task in tasks if (fault := task.result()) is not None]
    if not faults:
        return events.Captured()
    return await _judge(ident, faults, age_s=(tools.now() - since).total_seconds(), tools=tools)


async def enqueue(on: Database | Session, ident: str, *, after_s: float = 0.0) -> None:
    """Defer the job that captures a generation; the one whose hour ends first goes first."""
    await on.value("enqueue_capture", id=ident, after_s=after_s)


async def alert_late(on: Database | Session) -> int:
    """Alert for each generation that is not stored half an hour after completion; return their number."""
    return await on.run("alert_late_captures", after_s=keeping.LATE_S)


async def _judge(
    ident: str, faults: list[Exception], *, age_s: float, tools: Tools
) -> events.CaptureLost | Again:
    """Decide between trying again and giving up, and tell a person who can help."""
    for fault in faults:
        if isinstance(fault, _Gone):
            return events.CaptureLost(fault.code, str(fault))
    first = faults[0]
    if age_s > keeping.GIVE_UP_S:
        return events.CaptureLost("output_lost", f"The output could not be stored in time: {first}")
    match first:
        case files_errors.StorageFull() | files_errors.StorageRefused():
            await alerts.note(tools.db, first.code, subject="storage", message=str(first))
        case fetch_errors.FetchRefused():
            await alerts.note(tools.db, "output_refused", subject=ident, message=str(first))
    if age_s > keeping.LATE_S:
        await alert_late(tools.db)
    return Again(keeping.again_s(age_s))


async def _capture_one(whose: _Whose, position: int, source: Source, tools: Tools) -> None:
    """Receive an output, trying a few times, and store it."""
    tries = 0
    while True:
        async with tools.files.draft(size_max_bytes=tools.size_max_bytes) as draft:
            try:
                told = await _receive(source, draft, tools, is_last=keeping.is_last_try(tries))
                return await _store(whose, position, source, draft, told, tools)
            except files_errors.ObjectTooLarge as fault:
                raise _too_large(tools) from fault
            except fetch_errors.TooLarge as fault:
                raise _too_large(tools) from fault
            except _LATER as fault:
                tries += 1
                is_worth_it = isinstance(fault, _Unusable) or getattr(fault, "can_retry", False)
                # One look may have come before the file was everywhere; two say that it is gone.
                is_gone = getattr(fault, "status", None) in {404, 410}
                if is_gone and tries > 1:
                    raise _Gone(
                        "output_gone", "Upstream says that the output is not there any more."
                    ) from fault
                pause_s = keeping.pause_s(tries, tools.random)
                if pause_s is None or not (is_worth_it or is_gone):
                    raise
        await asyncio.sleep(pause_s)


async def _receive(source: Source, draft: Draft, tools: Tools, *, is_last: bool) -> kinds.Hint:
    """Fill a draft with an output; returns what was said of it. The last try takes what drips, or seems cut."""
    if source.url is None:
        await draft.write((source.text or "").encode())
        await draft.end()
        return kinds.Hint()
    if source.url[:5].lower() == "data:":
        stated, content = _data(source.url)
        await draft.write(content)
        await draft.end()
        return kinds.hint("data:", stated)
    limits = fetch.Limits(
        size_max_bytes=tools.size_max_bytes,
        total_s=_TOTAL_S,
        idle_s=_IDLE_S,
        bytes_per_s_min=0.0 if is_last else keeping.BYTES_PER_S_MIN,
    )
    done = await tools.fetcher.download(source.url, draft, limits=limits)
    await draft.end()
    if not done.is_framed:
        # Nobody said where it ends, so a cut connection looks like the end: only the same bytes again are believed.
        again = await tools.fetcher.download(source.url, _Nowhere(), limits=limits)
        if again.sha256 != done.sha256:
            raise _Unusable("the output came in different lengths, and its host does not say which is right")
    if not is_last and _is_cut(draft, kinds.identify(draft.head)):
        raise _Unusable("the end of the output is missing")
    return kinds.hint(source.url, done.media_type)


async def _store(
    whose: _Whose, position: int, source: Source, draft: Draft, told: kinds.Hint, tools: Tools
) -> None:
    """Check what was received, mark it, put it into the store and write its row."""
    kind = kinds.identify(draft.head)
    if source.url is not None and kind is Kind.HTML and not told.expects_page:
        raise _Unusable("a page of HTML came in place of the output")
    if source.url is not None and draft.size_bytes == 0:
        raise _Unusable("nothing came in place of the output")
    facts = await _measure(draft, kind, tools)
    note = kinds.mismatch(kind, told) or facts.note or (_CUT if _is_cut(draft, kind) else None)
    async with tools.files.draft(size_max_bytes=tools.size_max_bytes + _PIECE_BYTES) as marked:
        kept = draft
        if tools.with_mark and await _mark(whose.generation_id, kind, draft, marked):
            kept = marked
        stored = await kept.keep()
    row = outputs.Output(
        generation_id=whose.generation_id,
        position=position,
        sha256=stored.hash,
        upstream_sha256=draft.hash,
        upstream_url=source.url if source.url and source.url[:5].lower() != "data:" else None,
        content_type=kind.value,
        size_bytes=stored.size_bytes,
        width=facts.width,
        height=facts.height,
        duration_ms=facts.duration_ms,
        note=note,
    )
    async with tools.db.transaction() as work:
        await outputs.name(work, sha256=row.sha256, content_type=row.content_type, size_bytes=row.size_bytes)
        if not await tools.files.has(row.sha256):
            raise _Unusable("an equal file was deleted at the same moment")
        if whose.orphan_id is not None:
            await outputs.put_orphaned(work, row, prediction_id=whose.orphan_id)
            return
        await outputs.put(work, row)
        if kind.family in {Family.PICTURE, Family.FILM} and kind is not Kind.SVG:
            await work.value("enqueue_job", queue="thumbnail", id=row.generation_id, priority=0, after_s=0.0)


@dataclass(frozen=True, slots=True)
class _Facts:
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    note: str | None = None


async def _measure(draft: Draft, kind: Kind, tools: Tools) -> _Facts:
    """Return size and length. Headers of pictures are read here, films and sound are opened in the pool."""
    if kind.family is Family.PICTURE:
        size = kinds.pixels(draft.head, kind)
        return _Facts(*size) if size else _Facts(note="its size could not be told")
    if kind.family not in {Family.FILM, Family.SOUND}:
        return _Facts()
    try:
        found = await tools.pool.measure(str(draft.path))
    except pool.WorkFailed as fault:
        return _Facts(note=str(fault))
    return _Facts(found["width"], found["height"], found["duration_ms"])


async def _mark(ident: str, kind: Kind, draft: Draft, marked: Draft) -> bool:
    """Write the marked file; False when this kind, or this file, is left as it is."""
    read = _reading(draft)
    pieces = provenance.mark(kind, ident, read=read, size_bytes=draft.size_bytes)
    if pieces is None:
        return False
    for piece in pieces:
        if piece.data:
            await marked.write(piece.data)
        for start in range(piece.start, piece.end, _PIECE_BYTES):
            length = min(_PIECE_BYTES, piece.end - start)
            await marked.write(await asyncio.to_thread(read, start, length))
    await marked.end()
    return True


def _is_cut(draft: Draft, kind: Kind) -> bool:
    return endings.is_cut(kind, read=_reading(draft), size_bytes=draft.size_bytes)


def _reading(draft: Draft) -> Callable[[int, int], bytes]:
    """Give what reads bytes of a draft, fewer at its end."""

    def read(start: int, length: int) -> bytes:
        with draft.path.open("rb") as file:
            return os.pread(file.fileno(), max(length, 0), start)

    return read


def _data(url: str) -> tuple[str | None, bytes]:
    """Return type and content of a data URI; raises _Gone for one that cannot be read."""
    head, comma, body = url[5:].partition(",")
    raw = unquote_to_bytes(body)
    try:
        content = base64.b64decode(raw, validate=True) if head.lower().endswith(";base64") else raw
    except binascii.Error:
        content, comma = b"", ""
    if not comma:
        raise _Gone("output_unusable", "Upstream gave an output as a data URI that cannot be read.")
    return head.partition(";")[0] or None, content


def _too_large(tools: Tools) -> _Gone:
    return _Gone(
        "output_too_large", f"The output is larger than the {tools.size_max_bytes:,} bytes that are allowed."
    )


class _Nowhere:
    """A sink that only counts on being hashed."""

    async def write(self, piece: bytes, /) -> Any:
        """Take the piece."""
