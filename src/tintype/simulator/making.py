"""Decide what a prediction makes: how many files of which size, length and format. Pure: nothing is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.models import Model


@dataclass(frozen=True, slots=True)
class Source:
    """Facts of the picture or film that was given: pixels, and for films the length and frames a second."""

    width: int
    height: int
    seconds: Decimal = Decimal(0)
    fps: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """A file that an input names: which input, its URL or data URI, and whether the model works on it."""

    field: str
    url: str
    medium: str
    is_source: bool


@dataclass(frozen=True, slots=True)
class Making:
    """What one prediction makes.

    `act` names the way: draw, edit, enlarge, cut_out, vector, film, enlarge_film, cut_out_film or write.
    `count` files of `format` (png, jpg, webp, svg, mp4, text), each `width` by `height` pixels; films have
    `seconds`, `fps` and perhaps `audio`. `quality` is 1 to 100. Texts read `tokens_in` and write at most
    `tokens_max`. `megapixels_in` is the area of the pictures given (1,048,576 pixels each).
    """

    kind: str
    act: str
    count: int
    format: str
    width: int
    height: int
    seed: int
    prompt: str
    seconds: Decimal = Decimal(0)
    fps: int = 0
    audio: bool = False
    transparent: bool = False
    quality: int = 80
    tokens_in: int = 0
    tokens_max: int = 0
    megapixels_in: Decimal = Decimal(0)
    megapixels: Decimal = Decimal(0)


def plan(
    model: Model,
    input: Mapping[str, Any],  # noqa: A002 - the API's own word
    seed: int,
    source: Source | None = None,
) -> Making:
    """Return what a valid input asks of a model.

    `seed` counts where the input states none. `source` is what the first source input holds; None where
    nothing is given or its size is not known yet, and then a square of the model's usual size is assumed.
    """
    raise NotImplementedError(model, input, seed, source)


def given(model: Model, input: Mapping[str, Any]) -> tuple[Given, ...]:  # noqa: A002 - the API's own word
    """Return the files that an input names, the one to work on first."""
    raise NotImplementedError(model, input)
