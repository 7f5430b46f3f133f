"""API keys as they are made and told of."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StrictFloat, StrictInt, model_validator

from tintype.api.schemas.budgets import BudgetTold
from tintype.api.schemas.shapes import Asked, IsNumber, IsWhole, Moment, Page, Told
from tintype.domain.access import Scope

AMOUNT_MAX = 2**62
_Count = Annotated[int, Field(ge=0, le=AMOUNT_MAX), IsWhole]


class Period(StrEnum):
    """A stretch of the calendar in which amounts add up, or all of time."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


class State(StrEnum):
    """Whether a key counts."""

    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyAsked(Asked):
    """A key that is to be made, with what it may do and its limits."""

    name: str = Field(min_length=1, max_length=100, description="What it is called.", examples=["shop"])
    scopes: list[Scope] = Field(
        default=[Scope.GENERATE, Scope.READ],
        min_length=1,
        max_length=3,
        description="What it may do; `admin` holds the others.",
    )
    models: list[Annotated[str, Field(min_length=1, max_length=255)]] | None = Field(
        default=None,
        max_length=200,
        description="The only models that it may use; all when it is left out.",
        examples=[["flux-schnell"]],
    )
    expires_at: Moment | None = Field(default=None, examples=["2030-01-31T00:00:00Z"])
    budget_usd: str | StrictInt | StrictFloat | None = Field(
        default=None,
        description="Dollars that it may spend, to nine decimals; 0 is a budget.",
        examples=["5"],
    )
    per: Period = Field(default=Period.TOTAL, description="In which time it may spend them.")
    rate: str | None = Field(
        default=None,
        max_length=40,
        description="Creates in a time: N/second, N/minute, N/hour or N/day.",
        examples=["10/minute"],
    )
    concurrent: _Count | None = Field(default=None, description="Generations at once.")
    images_per_day: _Count | None = None
    video_seconds_per_day: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False), IsNumber] | None = None

    @model_validator(mode="after")
    def _has_budget(self) -> Self:
        if "per" in self.model_fields_set and self.budget_usd is None:
            raise ValueError("per says for how long a budget is; say how much it is in budget_usd")
        return self


class RotationAsked(Asked):
    """How long the secrets before count yet."""

    overlap_s: Annotated[float, Field(ge=0, le=30 * 86_400, allow_inf_nan=False), IsNumber] = Field(
        default=86_400.0,
        description="Seconds that the old secret counts yet; 0 ends it at once.",
    )


class KeyTold(Told):
    """A key. `hints` are the last characters of its good secrets, the newest first."""

    id: str = Field(examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])
    name: str = Field(examples=["shop"])
    scopes: list[Scope]
    models: list[str] | None = Field(
        description="The only models that it may use; null for all.", examples=[["flux-schnell"]]
    )
    state: State
    hints: list[str] = Field(examples=[["x7Qa"]])
    created_at: datetime
    expires_at: datetime | None = Field(examples=[None])
    revoked_at: datetime | None = Field(examples=[None])
    last_used_at: datetime | None = Field(description="To the minute.")


class KeyWithLimits(KeyTold):
    """A key with the limits that are its own."""

    limits: list[BudgetTold]


class KeyMade(KeyWithLimits):
    """A key with its secret, which is told this once."""

    key: str = Field(
        description="The secret: send it as `Authorization: Bearer tt_…`. It cannot be shown again.",
        examples=["tt_1Y8hR0dWm3vC5bN7xZ9qL2kJ4gF6sD8aP0oI1uY3tR5"],
    )
    warnings: list[str] = Field(
        default_factory=list, description="Such as models that the catalogue does not know.", examples=[[]]
    )


class KeyPage(Page):
    """Keys, newest first."""

    data: list[KeyTold]
