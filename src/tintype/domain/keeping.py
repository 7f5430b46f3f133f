"""Decide what of a prediction's output is to be stored, and how long it is tried. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

RETENTION_S = 3600.0
"""How long upstream keeps outputs after completion."""
GIVE_UP_S = RETENTION_S + 600.0
"""When an output that could not be had is lost; upstream may be late with deleting."""
LATE_S = 1800.0
"""When an output that is not stored yet is worth an alert."""
BYTES_PER_S_MIN = 2_048
"""What comes more slowly than this comes faster over another connection, mostly."""
_DEPTH_MAX = 16
_TRIES_MAX = 4


@dataclass(frozen=True, slots=True)
class Source:
    """An output as upstream gave it: the URL of a file (`data:` too), or what is to be written to one."""

    url: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)


def sources(output: Any, *, is_text: bool = False) -> list[Source]:
    """Return what there is to store, in upstream's order.

    A text URL that stands alone is a file; pieces of text are one text; anything else is kept as JSON, behind
    the files that it names. A model that writes text may write a URL: `is_text` says that it is not meant.
    """
    if output in (None, "", [], {}):
        return []
    output = texts.keepable(output)
    pieces = [output] if isinstance(output, str) else output
    if isinstance(pieces, list) and all(isinstance(piece, str) for piece in pieces):
        if not is_text and all(map(is_file, pieces)):
            return [Source(url=piece) for piece in pieces]
        if is_text or not any(map(is_file, pieces)):
            text = "".join(pieces)
            return [Source(text=text)] if text else []
    files = [Source(url=piece) for piece in _texts(output, 0) if is_file(piece)]
    return [*([] if is_text else files), Source(text=json.dumps(output, ensure_ascii=False))]


def is_file(text: str) -> bool:
    """Whether a text stands for a file: one whole http(s) URL, or a data URI."""
    lowered = text[:8].lower()
    return lowered.startswith(("http://", "https://", "data:")) and not any(map(str.isspace, text))


def pause_s(tries: int, random: Random) -> float | None:
    """Return how long to wait within a job after so many tries of one output; None to leave it for later."""
    return None if tries >= _TRIES_MAX else 0.25 * 2**tries * random.uniform(0.5, 1.0)


def is_last_try(tries: int) -> bool:
    """Whether the next try after so many is the last of its job, which takes what it gets."""
    return tries >= _TRIES_MAX - 1


def again_s(age_s: float) -> float:
    """Return when a job whose outputs could not all be had is done again, by the time since completion."""
    if age_s < 60:
        return 2.0
    return 15.0 if age_s < 600 else 60.0


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, depth + 1)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one, depth + 1)
