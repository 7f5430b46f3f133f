"""What operators look at: the throttle, and the record of administrative acts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from tintype.api.schemas.shapes import Asked, IsNumber, Page, Told


class Lane(StrEnum):
    """Calls that cost money, and all others."""

    CREATES = "creates"
    CALLS = "calls"


class LaneTold(Told):
    """How fast upstream is called: never above the ceiling, below it after a 429."""

    lane: Lane
    ceiling_per_minute: int = Field(examples=[600])
    pace_per_minute: float = Field(examples=[600.0])
    paused_until: datetime | None
    pause_reason: str | None = Field(
        description="`operator`, `upstream_payment` or `upstream_auth`.", examples=["operator"]
    )


class ThrottleTold(Told):
    """The throttle of the upstream account."""

    upstream: str = Field(examples=["https://api.replicate.com"])
    simulated: bool
    lanes: list[LaneTold]


class PauseAsked(Asked):
    """How long creates are paused."""

    for_s: Annotated[float, Field(gt=0, le=7 * 86_400, allow_inf_nan=False), IsNumber] = Field(
        default=3_600.0,
        description="Seconds; then it goes on by itself.",
    )


class ActTold(Told):
    """An administrative act. `by` is the id of the key that did it, `local` for the machine's own owner."""

    id: int = Field(examples=[17])
    at: datetime
    by: str = Field(examples=["local"])
    action: str = Field(examples=["key.create"])
    subject: str = Field(examples=["key:01k9w3t8m2q7r5v6x0y4z1a2b3"])
    facts: dict[str, Any] = Field(examples=[{"name": "shop"}])


class ActPage(Page):
    """Acts, newest first."""

    data: list[ActTold]
