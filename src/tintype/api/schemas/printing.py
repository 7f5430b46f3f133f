"""Pictures on products, as they are asked about and told of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from tintype.api.schemas.shapes import Asked, Told, Usd, Whole
from tintype.domain.printing import Fit, Verdict


class PrintCheckAsked(Asked):
    """A picture on a product: its size in pixels, or a stored output of a generation."""

    product: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="A preset, or a size in mm, cm or in, with its bleed.", examples=["poster-a3", "8x10in"]
    )
    width: Annotated[Whole, Field(ge=1, le=100_000)] | None = Field(default=None, examples=[4096])
    height: Annotated[Whole, Field(ge=1, le=100_000)] | None = Field(default=None, examples=[4096])
    generation: str | None = Field(
        default=None, max_length=64, description="A generation of yours, in place of a size."
    )
    position: Annotated[Whole, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="Which of its outputs."
    )
    transparent: StrictBool = Field(
        default=False, description="It has a transparent background: it fits unless `fit` says otherwise."
    )
    fit: Fit | None = Field(default=None, description="Fill the product, cut at the edges, or fit whole.")


class ProductTold(Told):
    """Something to print on, in millimetres; `needed_px` are width and height for 300 DPI, bleed included."""

    name: str = Field(examples=["poster-a3"])
    title: str = Field(examples=["Poster, A3"])
    width_mm: float = Field(examples=[297.0])
    height_mm: float = Field(examples=[420.0])
    bleed_mm: float = Field(examples=[3.0])
    needed_px: tuple[int, int] = Field(examples=[[3579, 5032]])
    source: str = Field(description="Where its size is from.", examples=["ISO 216"])


class RemedyTold(Told):
    """A model that makes the picture large enough in one pass, at its own price."""

    model: str = Field(examples=["nightmareai/real-esrgan"])
    factor: int = Field(examples=[4])
    dpi: int = Field(description="What it has then.", examples=[350])
    expected_usd: Usd
    at_most_usd: Usd


class PrintCheckTold(Told):
    """How a picture will look on a product, and what would help."""

    product: ProductTold
    width_px: int = Field(examples=[1024])
    height_px: int = Field(examples=[1448])
    fit: Fit
    dpi: int = Field(examples=[87])
    verdict: Verdict
    cut_percent: float = Field(
        description="How much is cut off where it fills, with the bleed.", examples=[1.5]
    )
    sharp_up_to_mm: tuple[float, float] = Field(
        description="How large it is at 300 DPI.", examples=[[86.7, 122.6]]
    )
    factor: int = Field(
        description="How many times larger it has to be to be sharp; 1 where it is, 99 for that and more.",
        examples=[4],
    )
    advice: str = Field(examples=["Scale it up four times; at this size its pixels show."])
    remedies: list[RemedyTold] = Field(description="The cheapest first.")


class ProductsTold(Told):
    """The presets."""

    data: list[ProductTold]
