"""Links to what was made, for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from tintype.api.schemas.shapes import Asked, IsWhole, Told, Whole

DAY_S = 24 * 60 * 60


class ShareAsked(Asked):
    """What is to be shared, and for how long."""

    position: Annotated[int, Field(ge=0, le=9999), IsWhole] | None = Field(
        default=None, description="One output; all of them when left out.", examples=[0]
    )
    expires_in: Whole = Field(
        default=DAY_S, ge=60, le=90 * DAY_S, description="Seconds until the links end.", examples=[3600]
    )


class SharedTold(Told):
    """A link to an output that opens for anybody until it ends."""

    position: int = Field(examples=[0])
    url: str = Field(
        examples=["https://pictures.example.com/share/01k9w3t8m2q7r5v6x0y4z1a2b3/0/7hQ2v9LxR4.webp"]
    )
    content_type: str = Field(examples=["image/webp"])


class ShareTold(Told):
    """Links that end; their outputs stay."""

    object: Literal["share"] = "share"
    expires_at: datetime
    links: list[SharedTold]
