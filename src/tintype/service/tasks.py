"""What the jobs of the queues do, each with the id that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.service import films, notices, thumbnails

if TYPE_CHECKING:
    from tintype.engine.app import Task
    from tintype.media import pool
    from tintype.media.files import Files
    from tintype.service.progress import Progress
    from tintype.store.database import Database


def following(progress: Progress) -> Task:
    """Advance a generation."""

    async def follow(ident: str) -> None:
        await progress.advance(ident)

    return follow


def picturing(database: Database, files: Files, workers: pool.Pool) -> Task:
    """Make thumbnails of outputs."""

    async def picture(ident: str) -> None:
        await thumbnails.make(ident, db=database, files=files, workers=workers)

    return picture


def calling(tools: notices.Tools) -> Task:
    """Deliver a callback."""

    async def call(ident: str) -> None:
        await notices.deliver(ident, tools)

    return call


def filming(tools: films.Tools) -> Task:
    """End a film whose clips have ended."""

    async def film(ident: str) -> None:
        await films.make(ident, tools)

    return film
