"""What clips can be joined to a film, before any is bought. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

CROSSFADE_MAX_S = 10.0


def check_crossfade(crossfade_s: float, lengths_s: Sequence[float]) -> None:
    """Raise InputError where clips are too short to dissolve into each other for so long."""
    if not 0 <= crossfade_s <= CROSSFADE_MAX_S:
        raise errors.InputError(f"a crossfade is 0 to {CROSSFADE_MAX_S:g} seconds, not {crossfade_s:g}")
    shortest_s = min(lengths_s, default=0.0)
    # A clip in the middle dissolves at both ends.
    if len(lengths_s) > 1 and crossfade_s * 2 > shortest_s:
        raise errors.InputError(
            f"a crossfade of {crossfade_s:g} s is too long for clips of {shortest_s:.2f} s; half of that at most"
        )


__all__ = ["CROSSFADE_MAX_S", "check_crossfade"]
