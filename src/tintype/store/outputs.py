"""What generations made and were given, as rows that name stored files by their hash.

A file goes with the last row that names it. Whoever names one first locks the object's row (`name`), and looks
whether the file is there before the transaction ends; whoever deletes one holds the same lock. So neither can
happen behind the other's back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Output:
    """One output. `sha256` is that of our file, `upstream_sha256` of the bytes as they came."""

    generation_id: str
    position: int
    sha256: str
    upstream_sha256: str
    upstream_url: str | None
    content_type: str
    size_bytes: int
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    thumbnail_sha256: str | None = None
    blurred: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to: a file of a generation's, or None where there is none (any more)."""

    model: str
    is_deleted: bool
    sha256: str | None
    content_type: str | None
    thumbnail_sha256: str | None


@dataclass(frozen=True, slots=True)
class OrphanOutput:
    """An output of a prediction that was bought for a generation and belongs to nobody."""

    generation_id: str
    prediction_id: str
    position: int
    sha256: str
    upstream_url: str | None
    content_type: str
    size_bytes: int
    width: int | None
    height: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class _Named:
    sha256: str


async def of(on: Database | Session, generation_id: str) -> list[Output]:
    """Return a generation's outputs in their order."""
    return await on.all("outputs_of", Output, generation_id=generation_id)


async def linked(on: Database | Session, generation_id: str, position: int) -> Linked | None:
    """Return what a link leads to, whoever asks; None where there never was such a generation."""
    return await on.one("linked_output", Linked, generation_id=generation_id, position=position)


async def of_several(on: Database | Session, ids: Sequence[str]) -> dict[str, list[Output]]:
    """Return the outputs of some generations by their ids, each's in their order."""
    found: dict[str, list[Output]] = {}
    for one in await on.all("outputs_of_several", Output, ids=list(ids)):
        found.setdefault(one.generation_id, []).append(one)
    return found


async def name(work: Session, *, sha256: str, content_type: str, size_bytes: int) -> None:
    """Know an object, and keep its file from being deleted until the transaction ends."""
    await work.run("put_object", sha256=sha256, content_type=content_type, size_bytes=size_bytes)


async def reserve(
    on: Database | Session, *, sha256: str, content_type: str, size_bytes: int, for_s: float
) -> None:
    """Know an object that no row names yet, a given file for one, and keep it for so long."""
    await on.run(
        "reserve_object", sha256=sha256, content_type=content_type, size_bytes=size_bytes, for_s=for_s
    )


async def reserve_known(on: Database | Session, sha256: str, *, for_s: float) -> bool:
    """Keep an object for so long; False when there is none of this hash."""
    return await on.run("reserve_known_object", sha256=sha256, for_s=for_s) == 1


async def put(work: Session, output: Output) -> bool:
    """Write down an output; whether it was new. Its object was named before in the same transaction."""
    return (
        await work.run(
            "put_output",
            generation_id=output.generation_id,
            position=output.position,
            sha256=output.sha256,
            upstream_sha256=output.upstream_sha256,
            upstream_url=output.upstream_url,
            content_type=output.content_type,
            size_bytes=output.size_bytes,
            width=output.width,
            height=output.height,
            duration_ms=output.duration_ms,
            note=output.note,
        )
        == 1
    )


async def of_order(on: Database | Session, order_id: str) -> list[Output]:
    """Return what the generations of an order made that stand for it now, in their order."""
    return await on.all("outputs_of_order", Output, order_id=order_id)


async def of_orphans(on: Database | Session, generation_id: str) -> list[OrphanOutput]:
    """Return what a generation's orphans made."""
    return await on.all("orphan_outputs_of", OrphanOutput, generation_id=generation_id)


async def put_orphaned(work: Session, output: Output, *, prediction_id: str) -> None:
    """Write down an output of an orphan, once; as `put` otherwise."""
    await work.run(
        "put_orphan_output",
        generation_id=output.generation_id,
        prediction_id=prediction_id,
        position=output.position,
        sha256=output.sha256,
        upstream_url=output.upstream_url,
        content_type=output.content_type,
        size_bytes=output.size_bytes,
        width=output.width,
        height=output.height,
        note=output.note,
    )


async def put_thumbnail(work: Session, *, sha256: str, thumbnail_sha256: str, blurred: str) -> None:
    """Give all outputs with these bytes their thumbnail."""
    await work.run("put_thumbnail", sha256=sha256, thumbnail_sha256=thumbnail_sha256, blurred=blurred)


async def forget(work: Session, generation_id: str) -> list[str]:
    """Delete a generation's rows of files; returns the hashes that may be unused now."""
    return [one.sha256 for one in await work.all("forget_files", _Named, generation_id=generation_id)]


async def drop_unused(work: Session, sha256: str) -> bool:
    """Forget an object that no row names; whether it was so. Its file is to be deleted before the commit."""
    await work.run("lock_object", sha256=sha256)
    return await work.run("drop_unused_object", sha256=sha256) == 1


async def unused(on: Database | Session, *, at_most: int) -> list[str]:
    """Return hashes that no row names."""
    return [one.sha256 for one in await on.all("unused_objects", _Named, at_most=at_most)]
