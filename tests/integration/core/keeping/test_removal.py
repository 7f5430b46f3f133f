"""Thumbnails follow by themselves, and a file goes with its last row (rule 18)."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.integration.core.keeping import capturing
from tests.integration.core.outlet import Says
from tintype.domain import errors, events
from tintype.service import capture, removal, thumbnails
from tintype.store import outputs

if TYPE_CHECKING:
    from tests.integration.core.asking import Asking
    from tests.integration.core.outlet import Outlet


async def test_thumbnails_follow_by_themselves(ask: Asking, tools: capture.Tools, host: Outlet) -> None:
    """Rule 18: never awaited; a job of their own makes them, also for others with the same bytes."""
    urls = [
        host.says("/a.png", Says(capturing.png(1))),
        host.says("/b.mp4", Says(capturing.FILM)),
        host.says("/c", Says(b"text")),
    ]
    ident = await capturing.capturing(ask, urls)
    await capture.capture(ident, tools)
    before = await outputs.of(ask.db, ident)

    made = await thumbnails.make(ident, db=ask.db, files=tools.files, workers=tools.pool)
    again = await thumbnails.make(ident, db=ask.db, files=tools.files, workers=tools.pool)

    after = await outputs.of(ask.db, ident)
    assert [row.thumbnail_sha256 for row in before] == [None] * 3
    assert (made, again) == (2, 0)
    assert [row.thumbnail_sha256 is None for row in after] == [False, False, True]
    with Image.open(io.BytesIO(await capturing.stored(tools, str(after[1].thumbnail_sha256)))) as poster:
        assert (poster.format, poster.size) == ("WEBP", (160, 90))
    (jobs,) = await ask.row("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'thumbnail'")
    assert jobs == 2


async def test_a_picture_that_cannot_be_decoded_goes_without(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """Rule 18: a thumbnail is never awaited: its generation succeeded all the same."""
    broken = capturing.PNG[:-30]
    urls = [host.says("/a.png", Says(broken)), host.says("/b.png", Says(capturing.png(9)))]
    ident = await capturing.capturing(ask, urls)

    assert await capture.capture(ident, tools) == events.Captured()
    assert await thumbnails.make(ident, db=ask.db, files=tools.files, workers=tools.pool) == 1
    assert [row.thumbnail_sha256 is None for row in await outputs.of(ask.db, ident)] == [True, False]


async def test_an_object_is_deleted_with_its_last_row(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """Rule 18: two generations share a film by its hash; the file goes with the second."""
    url = host.says("/a.mp4", Says(capturing.FILM))
    idents = [await capturing.capturing(ask, url) for _ in range(2)]
    for ident in idents:
        await capture.capture(ident, tools)
        await thumbnails.make(ident, db=ask.db, files=tools.files, workers=tools.pool)
    (row,) = await outputs.of(ask.db, idents[1])

    left = []
    for ident in idents:
        async with ask.db.transaction() as work:
            hashes = await removal.forget(work, ident)
        await removal.drop(hashes, db=ask.db, files=tools.files)
        left.append(await tools.files.has(row.sha256))

    assert left == [True, False]
    assert not await tools.files.has(str(row.thumbnail_sha256))
    assert await ask.row("SELECT count(*) FROM objects") == (0,)


async def test_interrupted_deletions_are_finished_and_given_files_wait(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """Rule 18: a deletion that ended before its files is swept; a file that was just given is not."""
    ident = await capturing.capturing(ask, host.says("/a.mp4", Says(capturing.FILM)))
    await capture.capture(ident, tools)
    given = await tools.files.put([b"given"])
    await outputs.reserve(ask.db, sha256=given.hash, content_type="text/plain", size_bytes=5, for_s=3600)
    async with ask.db.transaction() as work:
        await removal.forget(work, ident)

    assert await removal.sweep(db=ask.db, files=tools.files) == 1
    assert await tools.files.has(given.hash)


async def test_deleting_and_storing_the_same_bytes_at_once_loses_nothing(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """Rule 18: however the two meet, a row never names a file that is not there."""
    url = host.says("/a.mp4", Says(capturing.FILM))
    old = await capturing.capturing(ask, url)
    await capture.capture(old, tools)
    for _ in range(15):
        new = await capturing.capturing(ask, url)
        async with ask.db.transaction() as work:
            hashes = await removal.forget(work, old)

        outcome, _ = await asyncio.gather(
            capture.capture(new, tools), removal.drop(hashes, db=ask.db, files=tools.files)
        )

        assert outcome == events.Captured()
        (row,) = await outputs.of(ask.db, new)
        assert await tools.files.has(row.sha256)
        old = new


async def test_a_deleted_generation_takes_its_files_along(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """Not while it runs; its cost stays in the book, and again is harmless."""
    ident = await capturing.capturing(ask, host.says("/a.mp4", Says(capturing.FILM)))
    await capture.capture(ident, tools)
    with pytest.raises(errors.NotPossibleNow, match="capturing"):
        await removal.delete(ident, db=ask.db, files=tools.files)
    await ask.end(ident, cost=5)
    (row,) = await outputs.of(ask.db, ident)

    await removal.delete(ident, db=ask.db, files=tools.files)
    await removal.delete(ident, db=ask.db, files=tools.files)

    assert not await tools.files.has(row.sha256)
    assert await outputs.of(ask.db, ident) == []
    assert await ask.row("SELECT amount_nano_usd FROM ledger WHERE kind = 'charge'") == (5,)
    with pytest.raises(errors.UnknownGeneration):
        await removal.delete("0" * 26, db=ask.db, files=tools.files)
