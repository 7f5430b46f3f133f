"""Films in one's own process: a clip of each image, joined by the core into one that is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, money
from tintype.local import generation, targets
from tintype.service import films, sameness
from tintype.store import generations, outputs
from tintype.store.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.store.films import Film as Row

LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Film:
    """A film joined of clips: where it is, its length in seconds, and the generations that made the clips.

    `order_id` names all of it. `poster` is its first picture, a WebP, where there is one. `cost_nano_usd` counts clips
    that were repeated too.
    """

    path: Path
    seconds: float
    clips: tuple[Generation, ...]
    order_id: str
    width: int | None
    height: int | None
    poster: bytes | None
    cost_nano_usd: int

    @property
    def cost_usd(self) -> Decimal:
        """What was booked for it, in dollars."""
        return Decimal(self.cost_nano_usd) / money.NANO_PER_USD


async def begin(
    studio: Studio,
    images: Sequence[Path | bytes | str],
    *,
    to: Path | str,
    prompt: str | None,
    model: str | None,
    crossfade_s: float,
    idempotency_key: str | None,
    inputs: Mapping[str, Any],
) -> str:
    """Ask for a film that is to be at `to`; returns its order's id.

    Raises OSError where nothing can be written there, InputError, and what `Studio.submit` raises.
    """
    await targets.tried(to)
    core = studio.core
    by = model or (core.settings.model_video if images else films.WORDS_MODEL)
    asked = films.plan(core.catalogue, images, model=by, prompt=prompt, given=inputs, crossfade_s=crossfade_s)
    said = None
    if idempotency_key is not None:
        # Files are read for it.
        said = await asyncio.to_thread(sameness.words, [list(images), prompt, model, crossfade_s, inputs])
    begun = await core.generations.submit(
        asked,
        actor=studio.actor,
        idempotency_key=idempotency_key,
        kind=films.KIND,
        plan={"crossfade_s": crossfade_s},
        said=said,
    )
    return begun.order_id or ""


async def made(studio: Studio, order_id: str, *, timeout_s: float | None = None) -> Row:
    """Return a film when it is there. Raises GenerationFailed for a clip or a joining that failed, TimedOut."""
    core = studio.core
    try:
        async with asyncio.timeout(timeout_s):
            for row in await patiently(lambda: generations.of_order(core.database, order_id)):
                (await studio.wait(row.id)).raise_for_failure()
            while True:
                film = await patiently(lambda: films.get(order_id, db=core.database, actor=studio.actor))
                if film is None:
                    raise errors.UnknownOrder(f"there is no film {order_id[:64]!r}")
                # One whose clip was repeated is made after all, and has failed until then.
                if film.state == "succeeded" or film.failure_code == films.NOT_JOINED:
                    break
                await studio.beside(asyncio.sleep(LOOK_S))
    except TimeoutError:
        raise errors.TimedOut(
            f"film {order_id} was not made within {timeout_s:g} s; it goes on, wait for it again",
            can_retry=True,
        ) from None
    if film.sha256 is None:
        error = errors.GenerationFailed(f"film {order_id}: {film.failure_message or 'it was deleted'}")
        error.failure_code = film.failure_code
        raise error
    return film


async def brought(studio: Studio, order_id: str, *, to: Path | str, timeout_s: float | None) -> Film:
    """Wait for a film and write it to a file that is not there yet. Raises as `made` and `saved`."""
    path = await targets.tried(to)
    return await saved(studio, await made(studio, order_id, timeout_s=timeout_s), path)


async def saved(studio: Studio, film: Row, to: Path) -> Film:
    """Write a film to a file that is not there yet, and tell of it.

    Raises FileExistsError, or another OSError, which says how the film is had that is made.
    """
    try:
        path = await studio.save_file(film.sha256 or "", to)
    except OSError as error:
        words = f"film {film.order_id} is made and kept: film({film.order_id!r}, to=…) saves it elsewhere"
        raise targets.told(error, words) from error
    return await told(studio, film, path)


async def told(studio: Studio, film: Row, path: Path) -> Film:
    """Tell of a film that is at a path."""
    core = studio.core
    order = await core.orders.get(film.order_id, actor=studio.actor)
    poster = None if film.poster_sha256 is None else await studio.read_file(film.poster_sha256)
    kept = await outputs.of_several(core.database, [row.id for row in order.generations])
    return Film(
        path=path,
        seconds=(film.duration_ms or 0) / 1000,
        clips=tuple(generation.of(row, kept.get(row.id, ())) for row in order.generations),
        order_id=film.order_id,
        width=film.width,
        height=film.height,
        poster=poster,
        cost_nano_usd=order.cost_nano_usd,
    )


__all__ = ["Film", "begin", "brought", "made", "saved", "told"]
