"""Which model was chosen and why, and which one is recommended for a budget."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictBool

from tintype.api.schemas.shapes import Asked, IsNoTruth, PixelSize, Told, Usd, UsdAsked, Whole
from tintype.domain.catalogue import Quality


class CandidateTold(Told):
    """A model that was looked at: what it scores and how that is made up, or why it could not be chosen."""

    model: str
    expected_usd: Usd | None
    usual_s: float
    score: float | None = Field(description="Liking, less what price and time take off.")
    prior: float | None = Field(description="How much it is expected to be liked before any vote, 0 to 1.")
    liking: float | None = Field(description="The same with the user's votes.")
    votes: float | None = Field(
        description="Votes of the user; one about another kind of prompt counts 0.15."
    )
    price_cost: float | None
    time_cost: float | None
    unfit: str | None = Field(description="Why it could not be chosen.")


class ChoiceTold(Told):
    """The model that mode `auto` chose, why, and what it was chosen from."""

    model: str = Field(examples=["bytedance/seedream-4"])
    complexity: float = Field(description="How much the prompt asks for, 0 to 1.", examples=[0.33])
    subject: str = Field(description="The kind of picture that the prompt asks for.", examples=["photo"])
    explores: bool = Field(description="Whether it was chosen to learn how it is liked.", examples=[False])
    reasons: list[str] = Field(examples=[["next is bytedance/seedream-4 with 0.710"]])
    candidates: list[CandidateTold]


class RecommendationAsked(Asked):
    """What money there is, for how many tries, and what the picture is to be."""

    budget: Annotated[UsdAsked, IsNoTruth] = Field(description="Dollars in all.", examples=["5.00"])
    iterations: Whole = Field(
        ge=1, le=1_000_000, description="How many pictures that is for.", examples=[100]
    )
    needs_high_quality: StrictBool = False
    transparent: StrictBool = Field(default=False, description="Without a background.")
    lettering: StrictBool = Field(default=False, description="With text that can be read.")
    edit: StrictBool = Field(default=False, description="Of a picture that is given.")
    aspect_ratio: str | None = Field(default=None, max_length=20, examples=["4:3"])
    size: PixelSize | None = None
    models: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=50,
        description="Among these only.",
    )


class RecommendationTold(Told):
    """The model that is recommended, with the finishing steps that it needs, and why."""

    model: str = Field(examples=["bytedance/seedream-4"])
    name: str = Field(examples=["Seedream 4"])
    quality: Quality = Field(examples=["standard"])
    price_usd: Usd = Field(description="Expected for one, its steps with it.", examples=["0.03"])
    total_usd: Usd = Field(description="For all iterations.", examples=["3.00"])
    per_iteration_usd: Usd = Field(description="What the budget leaves for each.", examples=["0.05"])
    fits: bool = Field(description="Whether the budget is enough for all iterations.")
    iterations_possible: int = Field(description="How many the budget is enough for.", examples=[166])
    input: dict[str, Any] = Field(
        examples=[{"aspect_ratio": "1:1", "size": "4K"}],
        description="The model's own inputs for the size or shape that was asked for.",
    )
    finish: list[str] = Field(examples=[["remove-background"]])
    reasons: list[str] = Field(examples=[["$5.00 for 100 iterations leave $0.05 for each"]])
