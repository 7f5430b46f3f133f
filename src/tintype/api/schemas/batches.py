"""Batches, as they are asked for and told of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from tintype.api.schemas.generations import IDENT, TAG, OutputTold
from tintype.api.schemas.shapes import (
    Asked,
    IsNoTruth,
    IsNumber,
    IsWhole,
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
from tintype.service.batches import ROWS_MAX
from tintype.service.requests import Cache
from tintype.service.rows import Duplicates
from tintype.service.wishes import PROMPT_MAX

BatchState = Literal["open", "stopped", "canceled", "ended"]
RowState = Literal["broken", "waiting", "running", "succeeded", "failed", "canceled", "undone"]


class BatchDescribed(Asked):
    """What is the same for all rows. Texts name columns in braces; a row's own words win."""

    prompt: Prompt | None = Field(
        default=None,
        description="Filled with each row's values; without it the column `prompt` is the prompt.",
        examples=["a {color} paper boat"],
    )
    model: str | None = Field(default=None, max_length=255, examples=["flux-schnell"])
    mode: Mode | None = Field(default=None, description="Chooses the model by what it is for.")
    n: Whole = Field(default=1, ge=1, le=100, description="How many outputs of each row.")
    aspect_ratio: str | None = Field(default=None, max_length=20, examples=["4:3"])
    size: PixelSize | None = Field(default=None, description="In pixels.", examples=["1024x768"])
    seed: Annotated[int, Field(ge=0, le=2**63 - 1), IsWhole] | None = None
    negative_prompt: str | None = Field(default=None, max_length=PROMPT_MAX)
    format: Literal["png", "jpg", "jpeg", "webp"] | None = Field(default=None, description="Of the files.")
    quality: Literal["low", "medium", "high"] | None = None
    transparent: StrictBool = Field(default=False, description="Without a background.")
    profile: str | None = Field(default=None, max_length=40, examples=["print"])
    input: dict[str, Any] = Field(default_factory=dict, description="Inputs of the model itself.")
    strict: StrictBool = Field(
        default=False, description="Rows that the model cannot do as asked are broken."
    )
    duplicates: Duplicates = Field(
        default=Duplicates.ONCE,
        description="`once`: equal rows share what is bought for the first. `each`: they get pictures of their own.",
    )
    budget_usd: Annotated[UsdAsked, IsNoTruth] | None = Field(
        default=None,
        description="The most that all rows cost together; it stops before that.",
        examples=["5"],
    )
    max_usd: Annotated[UsdAsked, IsNoTruth] | None = Field(
        default=None,
        description="The most that each generation may cost; a row that needs more is broken.",
        examples=["0.05"],
    )
    name: Annotated[str, Field(max_length=200)] = Field(default="", examples=["spring catalogue"])
    cache: Cache = Cache.SEEDED
    deadline: Annotated[float, Field(ge=5, le=1800), IsNumber] = Field(
        default=600.0, description="Seconds that each generation may take from when its turn has come."
    )
    metadata: dict[str, Any] | None = Field(default=None, description="Goes along with each generation.")
    tags: list[TAG] = Field(default_factory=list, max_length=20)
    user: Named | None = Field(default=None, description="Your end user, for budgets and reports.")
    project: Named | None = None


class BatchAsked(BatchDescribed):
    """Rows × what is the same for all of them."""

    rows: list[dict[str, Any]] = Field(
        min_length=1, max_length=ROWS_MAX, examples=[[{"color": "red"}, {"color": "blue"}]]
    )


class BatchResumed(Asked):
    """How a batch is to go on."""

    budget_usd: Annotated[UsdAsked, IsNoTruth] | None = Field(
        default=None, description="In place of its budget.", examples=["8"]
    )


class RowsTold(Told):
    """How many rows are how far. `canceled` were ended; for those that are `undone` nothing was asked."""

    total: int = Field(examples=[300])
    succeeded: int = Field(default=0, examples=[80])
    failed: int = Field(default=0, examples=[1])
    canceled: int = Field(default=0, examples=[0])
    running: int = Field(default=0, examples=[19])
    waiting: int = Field(default=0, examples=[198])
    undone: int = Field(default=0, examples=[0])
    broken: int = Field(default=0, examples=[2])


class BrokenRow(Told):
    """A row that nothing can be bought for: where it stands, and what is wrong."""

    row: int = Field(examples=[7])
    line: int = Field(examples=[8])
    column: str | None = Field(
        description="The column's name, or the character where it is no row at all.", examples=["color"]
    )
    message: str = Field(examples=["the prompt names {color}, and this row has none"])


class BatchOutline(Told):
    """A batch in a list."""

    object: Literal["batch"] = "batch"
    id: str = Field(examples=[IDENT])
    name: str = Field(examples=["spring catalogue"])
    state: BatchState = Field(
        description="`open` while more is bought, `stopped` by its budget or its key, `canceled`, `ended`.",
        examples=["open"],
    )
    calls: int = Field(description="How many generations its rows take.", examples=[298])
    budget_usd: Usd | None = Field(examples=["5"])
    waits_for: str | None = Field(description="Why nothing is bought at the moment.", examples=[None])
    created_at: datetime = Field(examples=["2026-03-01T12:00:00Z"])
    finished_at: datetime | None = Field(
        description="Since when nothing of it runs any more.", examples=[None]
    )


class BatchTold(BatchOutline):
    """A batch as it stands."""

    rows: RowsTold
    calls_ended: int = Field(examples=[81])
    cost_usd: Usd = Field(examples=["0.24"])
    held_usd: Usd = Field(examples=["0.057"])
    left_usd: Usd | None = Field(description="What is left of its budget.", examples=["4.703"])
    seconds_left: float | None = Field(description="At the pace up to now.", examples=[95.5])
    warnings: list[str] = Field(examples=[[]])
    broken: list[BrokenRow] = Field(description="The first hundred of them.")


class BatchPage(Page):
    """Batches, newest first."""

    data: list[BatchOutline]


class RowTold(Told):
    """A row, what became of it, and its outputs. Of equal rows the first one paid."""

    row: int = Field(examples=[1])
    line: int = Field(examples=[2])
    state: RowState = Field(examples=["succeeded"])
    model: str | None = Field(examples=["black-forest-labs/flux-schnell"])
    input: dict[str, Any] | None = Field(examples=[{"prompt": "a red paper boat"}])
    reasons: list[str] = Field(
        description="Why its model was chosen, where the mode is `auto`.", examples=[[]]
    )
    same_as: int | None = Field(
        description="The first row that is equal, whose outputs these are too.", examples=[None]
    )
    cost_usd: Usd = Field(examples=["0.003"])
    generations: list[str] = Field(examples=[[IDENT]])
    outputs: list[OutputTold]
    code: str | None = Field(examples=[None])
    message: str | None = Field(examples=[None])
    column: str | None = Field(examples=[None])


class RowPage(Told):
    """Rows in the order of the file; `next` is the row to ask for those `after`."""

    data: list[RowTold]
    next: int | None = Field(examples=[None])


__all__ = [
    "BatchAsked",
    "BatchDescribed",
    "BatchOutline",
    "BatchPage",
    "BatchResumed",
    "BatchTold",
    "BrokenRow",
    "RowPage",
    "RowState",
    "RowTold",
    "RowsTold",
]
