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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from tintype.domain.catalogue import Model
    from tintype.media.files import Files


def of_content(content: bytes) -> Fraction | None:
    """Measure a picture; None for what is none, or does not say its size."""
    size = kinds.pixels(content, kinds.identify(content[: kinds.HEAD_BYTES]))
    return None if size is None else pricing.area(*size)


async def of_stored(sha256: str, *, files: Files) -> Fraction | None:
    """Measure a stored picture; None as `of_content`, and for one that is not there any more.

    Most say it at their beginning. One with much written before its size is read whole.
    """
    for end in (kinds.HEAD_BYTES, None):
        try:
            reading = await files.open(sha256, end=end)
            async with aclosing(reading.pieces) as pieces:
                area = of_content(b"".join([piece async for piece in pieces]))
        except files_errors.ObjectMissing:
            return None
        if area is not None:
            return area
    return None


def of_paths(model: Model, values: Mapping[str, Any]) -> dict[Path, Fraction]:
    """Measure the pictures of an input that are files of this machine, where the model's price counts their area."""
    found: dict[Path, Fraction] = {}
    if pricing.counts_given(model):
        for _, part in pricing.given(model, values):
            area = of_content(part.read_bytes()) if isinstance(part, Path) else None
            if area is not None:
                found[part] = area
    return found


def unmeasured(name: str) -> errors.InputError:
    """Return the error for a picture without a size, which nothing can be held for."""
    return errors.InputError(
        f"this is billed by the size of the pictures given, and the size of what {name!r} is given cannot be read; "
        "give a PNG, JPEG, WebP or GIF"
    )


__all__ = ["of_content", "of_paths", "of_stored", "unmeasured"]
