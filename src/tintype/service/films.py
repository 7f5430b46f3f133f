"""Films: one clip of each image, an order of generations, joined into one MP4 when the last of them has ended.

    asked = await generations.submit(films.plan(catalogue, images, model=model), actor=actor, kind=films.KIND)

The joining is a job: it outlives the request that asked for the film and the process that began it. Done again after
any interruption, it ends the film once, stored and with its callback owed, or with what kept it from being made. When
the clip that failed is repeated, the film is made after all.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue, errors, inputs, joining, pricing
from tintype.domain.generation import State
from tintype.media import disk, files_errors, pool, thumbnails
from tintype.media.kinds import Kind
from tintype.service.links import Place
from tintype.service.requests import Request
from tintype.store import films, generations, outputs
from tintype.store.films import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Catalogue, Model
    from tintype.media.files import Files, Stored
    from tintype.service.links import Links
    from tintype.store.database import Database
    from tintype.store.films import Film
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output

KIND = "film"
"""The kind of an order whose clips are joined."""
NOT_JOINED = "film_not_joined"
"""The failure of a film whose clips are all there: repeating none of them helps."""
PROMPT = "Slow, natural movement; the scene stays as it is."
WORDS_MODEL = "wan-video/wan-2.2-t2v-fast"
"""What makes a film of words alone, unless another model is named."""
IMAGES_MAX = 100
JOIN_S = 900.0
"""How long joining may take, and as much of the processor it may use."""
_PIECE_BYTES = 1024 * 1024
_SCHEMES = ("https://", "http://", "data:")

_log = logging.getLogger("tintype.films")


@dataclass(frozen=True, slots=True)
class Tools:
    """What films are made with. `joiners` is a pool with room and time for films."""

    db: Database
    files: Files
    joiners: pool.Pool
    links: Links


def plan(
    known: Catalogue,
    images: Sequence[Any],
    *,
    model: str,
    prompt: str | None = None,
    given: Mapping[str, Any] | None = None,
    deadline_s: float = 600.0,
    crossfade_s: float = 0.0,
) -> list[Request]:
    """Return the requests for a clip of each image, or for one of the prompt alone where there is no image.

    `given` are further inputs of the model. Raises InputError, UnknownModel.
    """
    maker = known.find(model)
    if len(images) > IMAGES_MAX:
        raise errors.InputError(f"a film is made of 1 to {IMAGES_MAX} images, not {len(images)}")
    if maker.kind is not catalogue.Kind.VIDEO or (images and maker.image_input is None):
        raise errors.InputError(f"{maker.slug} makes no film of an image; tintype models lists those that do")
    if not images and not prompt:
        raise errors.InputError("a film is made of at least one image, or of a prompt")
    if not images and maker.image_input is not None and maker.image_input.required:
        raise errors.InputError(f"{maker.slug} makes films of images; name one that makes them of words")
    for number, image in enumerate(images):
        if isinstance(image, str) and not image.lower().startswith(_SCHEMES):
            raise errors.InputError(f"image {number + 1} is no address; give https://… or a data URI")
    words = {"prompt": prompt or PROMPT} if "prompt" in maker.inputs else {}
    shared = {**words, **(given or {})}
    asked = [
        Request(maker.slug, {**shared, **_shown(maker, image)}, deadline_s=deadline_s)
        for image in images or [None]
    ]
    check_crossfade(known, asked, crossfade_s)
    return asked


def check_crossfade(known: Catalogue, asked: Sequence[Request], crossfade_s: float) -> None:
    """Raise InputError for clips that are none, or too short to dissolve into each other for so long."""
    makers = [known.find(one.model) for one in asked]
    for maker, one in zip(makers, asked, strict=True):
        if maker.kind is not catalogue.Kind.VIDEO:
            raise errors.InputError(f"{maker.slug} makes no clips, so they cannot be joined to a film")
        try:
            inputs.check_all(maker, one.input)
        except inputs.UnfitInput as fault:
            raise errors.InputError(str(fault)) from None
    joining.check_crossfade(
        crossfade_s,
        [float(pricing.seconds(maker, one.input)) for maker, one in zip(makers, asked, strict=True)],
    )


def _shown(maker: Model, image: Any) -> dict[str, Any]:
    if image is None or maker.image_input is None:
        return {}
    return {maker.image_input.name: [image] if maker.image_input.type == "array" else image}


async def get(order_id: str, *, db: Database, actor: Actor) -> Film | None:
    """Return a film of the actor's, None where there is none of theirs."""
    film = await films.get(db, order_id)
    return film if film is not None and film.key_id == actor.key else None


async def make(order_id: str, tools: Tools) -> None:
    """End a film whose clips have all ended: joined and stored, or not, and why. Doing so again is harmless.

    Raises FilesError when the store does not work, so that the job is done again.
    """
    film = await films.get(tools.db, order_id)
    clips = await generations.of_order(tools.db, order_id)
    if film is None or film.state == "succeeded":
        return
    ended_at = [clip.finished_at for clip in clips if clip.finished_at is not None]
    if not clips or len(ended_at) < len(clips):
        return
    crossfade_s = float(film.plan.get("crossfade_s") or 0)
    ending = _unmade(clips) or await _joined(order_id, clips, tools, crossfade_s=crossfade_s)
    poster = None if ending.sha256 is None else await _poster(ending.sha256, tools)
    if film.is_final and ending.sha256 is None:
        return
    last = clips[ended_at.index(max(ended_at))]
    told = result(film, ending, links=tools.links)
    async with tools.db.transaction() as work:
        if ending.sha256 is not None:
            await outputs.name(
                work,
                sha256=ending.sha256,
                content_type=ending.content_type or "",
                size_bytes=ending.size_bytes or 0,
            )
            if poster is not None:
                await outputs.name(
                    work, sha256=poster.hash, content_type=Kind.WEBP, size_bytes=poster.size_bytes
                )
                ending = replace(ending, poster_sha256=poster.hash)
            named = {ending.sha256, ending.poster_sha256} - {None}
            if not all([await tools.files.has(str(one)) for one in named]):
                raise files_errors.StorageAway("an equal film was deleted at the same moment", can_retry=True)
        await films.end(work, order_id, ending, generation_id=last.id, told=told)


def result(film: Film, ending: Film | Ending, *, links: Links) -> dict[str, Any]:
    """Return what became of a film, as its callback says it."""
    is_made = ending.sha256 is not None
    return {
        "success": is_made,
        "video_url": url(film, links=links) if is_made else None,
        "error": None if is_made else ending.failure_message,
        "prediction_id": film.order_id,
        "duration_seconds": round((ending.duration_ms or 0) / 1000),
    }


def url(film: Film, *, links: Links) -> str:
    """Return a made film's address, at the origin where it was asked for."""
    path = links.path(Place(film.order_id, 0), extension=Kind.MP4.extension)
    return f"{film.plan.get('origin', '')}{path}"


def _unmade(clips: Sequence[Generation]) -> Ending | None:
    """Return the ending that a clip without success brings; a failure weighs more than a wish to cancel."""
    failed = [clip for clip in clips if clip.state == State.FAILED]
    for clip in failed or [clip for clip in clips if clip.state != State.SUCCEEDED]:
        why = clip.failure_message or f"it was {clip.state}"
        return Ending(
            "failed" if clip.state == State.FAILED else "canceled",
            clip.failure_code or clip.state,
            f"clip {clip.position + 1} of {len(clips)} was not made: {why}",
        )
    return None


async def _joined(order_id: str, clips: Sequence[Generation], tools: Tools, *, crossfade_s: float) -> Ending:
    """Join the clips and store the film. A single clip is the film."""
    found = [await _clip(clip, tools) for clip in clips]
    shown = [clip for clip in found if clip is not None]
    if len(shown) < len(found):
        return Ending("failed", NOT_JOINED, "a clip has no film any more, so they cannot be joined")
    if len(shown) == 1:
        (only,) = shown
        return Ending(
            "succeeded",
            sha256=only.sha256,
            content_type=only.content_type,
            size_bytes=only.size_bytes,
            width=only.width,
            height=only.height,
            duration_ms=only.duration_ms,
        )
    folder = disk.new_draft(tools.files.drafts)
    folder.mkdir(mode=0o700)
    target = folder / "film.mp4"
    try:
        async with AsyncExitStack() as stack:
            paths = [await stack.enter_async_context(tools.files.local(clip.sha256)) for clip in shown]
            made = await tools.joiners.run(
                "join",
                sources=[str(path) for path in paths],
                target=str(target),
                crossfade_s=crossfade_s,
            )
        return await _stored(target, made, tools)
    except (pool.WorkFailed, files_errors.ObjectMissing) as fault:
        # Trying again would end the same way.
        _log.warning("the clips of %s cannot be joined: %s", order_id, fault)
        return Ending("failed", NOT_JOINED, f"the clips cannot be joined: {fault}")
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _poster(sha256: str, tools: Tools) -> Stored | None:
    """Store the first frame of a film as a WebP of its size; None where there is none to be had."""
    target = disk.new_draft(tools.files.drafts)
    try:
        async with tools.files.local(sha256) as source:
            await tools.joiners.thumbnail(str(source), str(target), side_px=thumbnails.POSTER_MAX_PX)
        return await tools.files.put([target.read_bytes()])
    except (pool.WorkFailed, files_errors.ObjectMissing) as fault:
        _log.warning("a film has no poster: %s", fault)
        return None
    finally:
        target.unlink(missing_ok=True)


async def _clip(clip: Generation, tools: Tools) -> Output | None:
    kept = await outputs.of(tools.db, clip.id)
    return next((one for one in kept if one.content_type.startswith("video/")), None)


async def _stored(target: Path, made: Mapping[str, Any], tools: Tools) -> Ending:
    async with tools.files.draft() as draft:
        with target.open("rb") as film:
            while piece := await asyncio.to_thread(film.read, _PIECE_BYTES):
                await draft.write(piece)
        await draft.end()
        kept = await draft.keep()
    return Ending(
        "succeeded",
        sha256=kept.hash,
        content_type=Kind.MP4.value,
        size_bytes=kept.size_bytes,
        width=made["width"],
        height=made["height"],
        duration_ms=made["duration_ms"],
    )
