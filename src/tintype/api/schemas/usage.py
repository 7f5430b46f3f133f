"""What was asked for and what became of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from tintype.api.schemas.shapes import Told, Usd
from tintype.service.usage import By


class UsageLine(Told):
    """The use of one key, user, project, model, tag or day."""

    name: str = Field(description="Empty for what has no user, project or tag.", examples=["alice"])
    key_name: str | None = Field(description="What the key is called, where `name` is its id.")
    generations: int = Field(examples=[120])
    succeeded: int = Field(examples=[117])
    failed: int = Field(examples=[2])
    canceled: int = Field(examples=[1])
    unfinished: int = Field(examples=[0])
    cached: int = Field(description="Answered from the store, without a purchase.", examples=[9])
    images: int = Field(examples=[117])
    video_seconds: float = Field(examples=[0.0])
    cost_usd: Usd
    held_usd: Usd
    saved_usd: Usd = Field(description="What equal requests would have cost again.")
    saved_by_proofs_usd: Usd = Field(
        description="How much more all pictures of proofs would have cost as finals; below 0 where each was approved."
    )


class UsageTold(Told):
    """A report over what was asked for in a span of time. With several tags a generation counts for each of them."""

    by: By
    since: datetime | None
    until: datetime | None
    simulated: bool
    data: list[UsageLine]
    total: UsageLine
