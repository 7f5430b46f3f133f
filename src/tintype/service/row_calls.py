"""How many outputs one call of a row makes, what it costs at most, and what makes two rows equal. Pure.

    row_calls.per_call(model, values, most=8)       # 4, or 1 where a call that makes four is dearer

Several are made by one call where that is no dearer than calls of one each.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from tintype.domain import pricing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from tintype.domain.catalogue import Catalogue, Model


def counter(model: Model | None) -> str | None:
    """Return the input that says how many a call makes, where the model has one."""
    return (
        model.count.input if model is not None and model.count is not None and not model.count.when else None
    )


def call_input(
    known: Catalogue, model: str, values: Mapping[str, Any], *, skip: int, count: int
) -> dict[str, Any]:
    """Return the input of a call that makes `count` outputs after `skip` others of the same input."""
    made = dict(values)
    name = counter(known.get(model))
    if name is not None and count > 1:
        made[name] = count
    seed = made.get("seed")
    if skip and isinstance(seed, int) and not isinstance(seed, bool):
        # The same seed would buy the same picture again.
        made["seed"] = seed + skip
    return made


def per_call(model: Model | None, values: Mapping[str, Any], *, most: int) -> int:
    """Return how many one call makes: as many as the model can where that is no dearer than calls of one each."""
    name = counter(model)
    if model is None or name is None or model.per_run_max == 1:
        return 1
    one = pricing.estimate(model, {**values, name: 1})
    together = min(model.per_run_max, max(most, 2))
    all_ = pricing.estimate(model, {**values, name: together})
    each = one * together
    is_dearer = all_.expected_nano_usd > each.expected_nano_usd or all_.bound_nano_usd > each.bound_nano_usd
    return 1 if is_dearer else model.per_run_max


def bound(
    model: Model, values: Mapping[str, Any], deadline_s: float, areas: Mapping[str, Fraction], count: int
) -> int:
    """Return the most that a call which makes `count` costs, in nano-dollars."""
    name = counter(model)
    own = values if name is None or count == 1 else {**values, name: count}
    return pricing.estimate(model, own, run_s_max=math.ceil(deadline_s), areas=areas).bound_nano_usd


def digest(model: Model | None, slug: str, values: Mapping[str, Any]) -> str:
    """Return what is the same for rows that ask for the same, however many of it."""
    filled = dict(values) if model is None else model.filled(values)
    filled.pop(counter(model) or "", None)
    text = json.dumps([slug, filled], sort_keys=True)
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


__all__ = ["bound", "call_input", "counter", "digest", "per_call"]
