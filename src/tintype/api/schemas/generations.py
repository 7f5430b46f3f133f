"""Generations and orders, as they are asked for and told of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool

from tintype.api.schemas.choosing import ChoiceTold
from tintype.api.schemas.shapes import (
    Asked,
    CalledUrl,
    IsNoTruth,
    IsNumber,
    IsWhole,
    Moment,
    Named,
    Page,
    PixelSize,
    Prompt,
    Told,
    Usd,
    UsdAsked,
    Whole,
)
from tintype.domain.choosing import Mode
from tintype.domain.generation import State
from tintype.domain.joining import CROSSFADE_MAX_S
from tintype.domain.ordering import Standing
from tintype.service import ratings
from tintype.service.requests import Cache
from tintype.service.wishes import PROMPT_MAX

TAG = Annotated[str, Field(min_length=1, max_length=100)]
FLUX = "black-forest-labs/flux-schnell"
IDENT = "01k9w3t8m2q7r5v6x0y4z1a2b3"


class PartAsked(Asked):
    """What is to be made. `input` holds the model's own inputs, which win over the common words beside it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prompt": "a red sports car",
                    "model": "flux-schnell",
                    "aspect_ratio": "4:3",
                    "max_usd": "0.05",
                }
            ]
        }
    )

    prompt: Prompt | None = Field(
        default=None, description="What is to be made.", examples=["a red sports car"]
    )
    model: str | None = Field(
        default=None,
        max_length=255,
        description="A model of the catalogue, or `owner/name`. Without it, the one of `mode`.",
        examples=["flux-schnell"],
    )
    mode: Mode | None = Field(default=None, description="Chooses the model by what it is for.")
    n: Whole = Field(
        default=1, ge=1, le=100, description="How many; more than the model makes at once is an order."
    )
    aspect_ratio: str | None = Field(default=None, max_length=20, examples=["4:3"])
    size: PixelSize | None = Field(default=None, description="In pixels.", examples=["1024x768"])
    seed: Annotated[int, Field(ge=0, le=2**63 - 1), IsWhole] | None = None
    negative_prompt: str | None = Field(default=None, max_length=PROMPT_MAX)
    format: Literal["png", "jpg", "jpeg", "webp"] | None = Field(default=None, description="Of the file.")
    quality: Literal["low", "medium", "high"] | None = Field(
        default=None, description="For models that have qualities."
    )
    transparent: StrictBool = Field(default=False, description="Without a background.")
    profile: str | None = Field(
        default=None,
        max_length=40,
        description="What goes along with the prompt: `plain`, `print`, `photo`, `logo`, or one of the settings.",
        examples=["print"],
    )
    input: dict[str, Any] = Field(
        default_factory=dict, description="Inputs of the model itself; files as URLs."
    )
    strict: StrictBool = Field(
        default=False, description="Refuse what the model cannot do, in place of a warning."
    )
    metadata: dict[str, Any] | None = Field(
        default=None, description="Yours, up to 4 KB; comes back unchanged."
    )
    tags: list[TAG] = Field(default_factory=list, max_length=20)
    callback_url: CalledUrl | None = Field(
        default=None, description="Called when it has ended, signed (Standard Webhooks)."
    )
    cache: Cache = Field(
        default=Cache.SEEDED, description="Which requests an equal one's outputs answer: off, seeded, always."
    )
    deadline: Annotated[float, Field(ge=5, le=1800), IsNumber] = Field(
        default=600.0, description="Seconds that it may take in all; then it is cancelled."
    )
    finish: list[str] = Field(
        default_factory=list,
        max_length=4,
        description=(
            "Steps on each picture, in turn: `upscale:FACTOR` and `remove-background` are bought, `trim` and "
            "`print:PRODUCT[:png|tiff|pdf][:fill|fit]` done here for nothing; then it is an order."
        ),
        examples=[["upscale:4"]],
    )
    max_usd: Annotated[UsdAsked, IsNoTruth] | None = Field(
        default=None,
        description="The most that all of it may cost in dollars, `n` and `finish` too; dearer is refused.",
        examples=["0.05"],
    )


class GenerationAsked(PartAsked):
    """One thing to be made, for whom."""

    user: Named | None = Field(default=None, description="Your end user, for budgets and reports.")
    project: Named | None = None


class FilmAsked(Asked):
    """How the clips of an order are joined to one film, in their order."""

    crossfade: Annotated[float, Field(ge=0, le=CROSSFADE_MAX_S), IsNumber] = Field(
        default=0.0, description="Seconds in which each clip dissolves into the next."
    )


class OrderAsked(Asked):
    """Several things to be made: all are admitted together, or none."""

    generations: list[PartAsked] = Field(min_length=1, max_length=100)
    film: FilmAsked | None = Field(default=None, description="Join the clips that they make to one film.")
    user: Named | None = Field(default=None, description="Your end user, for budgets and reports.")
    project: Named | None = None


class GenerationsWanted(Asked):
    """Which generations are listed: those that all of it fits."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=200, description="`next` of the page before.")
    state: list[State] = Field(default_factory=list, max_length=20, description="Any of these.")
    model: str | None = Field(default=None, max_length=255, examples=["flux-schnell"])
    user: Named | None = Field(default=None, description="Your end user.")
    project: Named | None = None
    tag: list[TAG] = Field(default_factory=list, max_length=20, description="All of these.")
    order: str | None = Field(default=None, max_length=64, description="The order that they belong to.")
    created_after: Moment | None = Field(default=None, examples=["2026-03-01T00:00:00Z"])
    created_before: Moment | None = None
    search: str = Field(
        default="", max_length=200, description="Looked for in prompt, model, state, failure and tags."
    )


class RatingAsked(Asked):
    """What is thought of a generation; it replaces what was thought before."""

    rating: Annotated[int, Field(ge=1, le=5), IsWhole] | Literal["up", "down"] = Field(
        description="1 (not at all) to 5 (just so); `up` is 5, `down` is 1.", examples=[4]
    )

    @property
    def number(self) -> int:
        """The rating as it is kept."""
        return ratings.read(self.rating)


class RatingTold(Told):
    """A rating as it was taken down."""

    generation_id: str = Field(examples=[IDENT])
    rating: int = Field(ge=1, le=5, examples=[4])
    rated_at: datetime


class ApprovalAsked(Asked):
    """Which picture of a proof is to be made well, and how. `input` holds the final model's own inputs, which win."""

    pick: Whole = Field(default=1, ge=1, le=100, description="Which of its pictures, counted from 1.")
    model: str | None = Field(
        default=None,
        max_length=255,
        description="A model of the catalogue. Without it, the one of the mode `final`.",
        examples=["flux-1.1-pro-ultra"],
    )
    input: dict[str, Any] = Field(
        default_factory=dict, description="Inputs of the final's model; files as URLs."
    )
    callback_url: CalledUrl | None = Field(
        default=None, description="Called when the final has ended; without it, the proof's."
    )
    max_usd: Annotated[UsdAsked, IsNoTruth] | None = Field(
        default=None, description="The most that the final may cost in dollars; dearer is refused."
    )


class ProofTold(Told):
    """The proof that a generation is the final of, and which of its pictures was picked, counted from 1."""

    generation_id: str = Field(examples=[IDENT])
    pick: int = Field(examples=[1])
    approved_at: datetime


class FinalTold(Told):
    """The final that was made of a picture of this generation; `pick` counts them from 1."""

    generation_id: str = Field(examples=[IDENT])
    pick: int = Field(examples=[1])
    approved_at: datetime


class OutputTold(Told):
    """A stored output. Its `url` opens without a key and stays the same until it is deleted.

    Positions from 1000 on are what finishing steps made here of the output 1000 before.
    """

    position: int = Field(examples=[0])
    url: str = Field(
        examples=["https://pictures.example.com/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/7hQ2v9LxR4.webp"]
    )
    thumbnail_url: str | None
    content_type: str = Field(examples=["image/webp"])
    size_bytes: int = Field(examples=[48211])
    sha256: str = Field(examples=["5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"])
    width: int | None
    height: int | None
    seconds: float | None
    made_by: str | None = Field(
        default=None, description="The finishing steps that made it here; null for what a model made."
    )
    dpi: int | None = Field(default=None, description="Of a file for the print shop, on its product.")


class FailureTold(Told):
    """Why a generation ended without success."""

    code: str = Field(examples=["upstream_failed"])
    message: str | None


class GenerationTold(Told):
    """A generation. `estimate_usd` is what it was expected to cost, `held_usd` what is held until it has ended."""

    object: Literal["generation"] = "generation"
    id: str = Field(examples=[IDENT])
    order_id: str | None
    state: State = Field(examples=["succeeded"])
    model: str = Field(examples=[FLUX])
    version: str | None
    input: dict[str, Any] = Field(examples=[{"prompt": "a red sports car"}])
    user: str | None
    project: str | None
    simulated: bool = Field(examples=[False])
    cached: bool = Field(examples=[False])
    percent: float | None
    estimate_usd: Usd
    held_usd: Usd = Field(examples=["0"])
    cost_usd: Usd | None
    outputs: list[OutputTold]
    failure: FailureTold | None = Field(examples=[None])
    metadata: dict[str, Any] = Field(examples=[{}])
    tags: list[str] = Field(examples=[["spring"]])
    prediction_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    proof: ProofTold | None = Field(
        default=None, examples=[None], description="Where it is a final: the proof that was approved."
    )
    finals: list[FinalTold] = Field(
        examples=[[]], default_factory=list, description="Where it was approved: the finals of its pictures."
    )
    warnings: list[str] = Field(
        default_factory=list, description="What was left out of the request, and why.", examples=[[]]
    )
    choices: list[ChoiceTold] = Field(
        default_factory=list, examples=[[]], description="Told once, when mode `auto` chose the model."
    )


class OrderOutline(Told):
    """An order as it stands: `states` are its generations', amounts their sums."""

    object: Literal["order"] = "order"
    id: str = Field(examples=[IDENT])
    kind: str = Field(examples=["batch"])
    state: Standing = Field(examples=["succeeded"])
    states: list[State] = Field(examples=[["succeeded"]])
    estimate_usd: Usd
    held_usd: Usd = Field(examples=["0"])
    cost_usd: Usd
    created_at: datetime
    finished_at: datetime | None


class FilmTold(Told):
    """The film that an order's clips are joined to. Its `url` opens without a key, as an output's does."""

    state: Literal["waiting", "succeeded", "failed", "canceled"] = Field(examples=["succeeded"])
    url: str | None
    poster_url: str | None = Field(description="Its first picture, as a WebP of its size.")
    size_bytes: int | None
    width: int | None
    height: int | None
    seconds: float | None
    failure: FailureTold | None = Field(examples=[None])


class OrderTold(OrderOutline):
    """An order with its generations by their place; each failed one may be repeated alone."""

    generations: list[GenerationTold]
    film: FilmTold | None = Field(default=None, description="For an order of clips that are joined.")
    warnings: list[str] = Field(default_factory=list, examples=[[]])
    choices: list[ChoiceTold] = Field(
        default_factory=list, examples=[[]], description="Told once, one for each body whose mode was `auto`."
    )


class OrderPage(Page):
    """Orders, newest first."""

    data: list[OrderOutline]


class GenerationPage(Page):
    """Generations with their outputs, newest first."""

    data: list[GenerationTold]


GenerationOrOrder = Annotated[GenerationTold | OrderTold, Field(discriminator="object")]
"""What is asked for with `n` or `finish`: one generation, or an order where it takes several."""
