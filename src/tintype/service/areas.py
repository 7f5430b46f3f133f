"""The area of given pictures, read from their headers before anything is held for a run that is billed by it.

    area = areas.of_content(content)
    area = await areas.of_stored(sha256, files=files)

Areas are in megapixels, each to the hundredth, as they are billed.
"""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, pricing
from tintype.media import files_errors, kinds
from tintype.media.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from tintype.domain.catalogue import Model
    from tintype.media.files import Files


HEADER_MAX_BYTES = 4 * 1024 * 1024
"""Where the size of a JPEG stands at the latest, behind what is written before it; others say it at once."""
# An SVG has no pixels before it is drawn, and no model takes one.
_KINDS = frozenset({Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF})


def of_content(content: bytes) -> Fraction | None:
    """Measure a picture by its beginning; None for what is none, is larger than can be, or does not say its size there.

    A header may state any size, and the price would follow it.
    """
    kind = kinds.identify(content[: kinds.HEAD_BYTES])
    size = kinds.pixels(content[:HEADER_MAX_BYTES], kind) if kind in _KINDS else None
    return None if size is None or size[0] * size[1] > kinds.PIXELS_MAX else pricing.area(*size)


def may_say_more(head: bytes) -> bool:
    """Whether a file that does not say its size in this much of its beginning may say it in more."""
    is_short = len(head) < HEADER_MAX_BYTES
    return is_short and of_content(head) is None and kinds.identify(head[: kinds.HEAD_BYTES]) is Kind.JPEG


async def of_stored(sha256: str, *, files: Files) -> Fraction | None:
    """Measure a stored picture; None as `of_content`, and for one that is not there any more.

    Most say it at once. Of a JPEG with much written before its size more is read.
    """
    head = b""
    for end in (kinds.HEAD_BYTES, HEADER_MAX_BYTES):
        try:
            reading = await files.open(sha256, end=end)
            async with aclosing(reading.pieces) as pieces:
                head = b"".join([piece async for piece in pieces])
        except files_errors.ObjectMissing:
            return None
        if not may_say_more(head):
            break
    return of_content(head)


def of_paths(model: Model, values: Mapping[str, Any]) -> dict[Path, Fraction]:
    """Measure the pictures of an input that are files of this machine, where the model's price counts their area."""
    found: dict[Path, Fraction] = {}
    if pricing.counts_given(model):
        for _, part in pricing.given(model, values):
            area = of_content(_beginning(part)) if isinstance(part, Path) else None
            if area is not None:
                found[part] = area
    return found


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_MAX_BYTES)


class Unfit(errors.InputError):
    """What an input is given as a file is none that can be used; `name` is the input."""

    code = "file_unfit"

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Unmeasured(Unfit):
    """What an input is given has no size that could be read, and nothing can be held for it."""

    code = "picture_unmeasured"


def unmeasured(name: str) -> Unmeasured:
    """Return the error for what is no picture that can be measured."""
    return Unmeasured(
        name,
        f"this is billed by the size of the pictures given, and the size of what {name!r} is given cannot be read, or "
        f"not be true; give a PNG, JPEG, WebP or GIF of at most {kinds.PIXELS_MAX // 10**6} million pixels",
    )


__all__ = [
    "HEADER_MAX_BYTES",
    "Unfit",
    "Unmeasured",
    "may_say_more",
    "of_content",
    "of_paths",
    "of_stored",
    "unmeasured",
]
