"""Callbacks that were sent or are to be."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tintype.api.schemas.generations import IDENT
from tintype.api.schemas.shapes import Asked, CalledUrl, IsNumber, Page, Told


class State(StrEnum):
    """How a callback stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class DeliveryTold(Told):
    """A callback; its id is its `webhook-id` at every attempt."""

    id: str = Field(examples=["msg_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5"])
    generation_id: str = Field(examples=[IDENT])
    event_number: int = Field(description="Which event of its generation it tells of.", examples=[4])
    kind: str = Field(examples=["completed"])
    url: str = Field(examples=["https://app.example.com/hooks"])
    state: State = Field(examples=["delivered"])
    attempts: int = Field(examples=[1])
    created_at: datetime
    next_at: datetime | None = Field(
        description="When it is tried next; null when it is not.", examples=[None]
    )
    ends_at: datetime = Field(description="When it is given up.")
    delivered_at: datetime | None


class AttemptTold(Told):
    """One try: the answer's status, or the error when there was none."""

    number: int = Field(examples=[1])
    at: datetime
    status: int | None = Field(examples=[200])
    error: str | None
    elapsed_ms: int = Field(examples=[84])


class DeliveryWithLog(DeliveryTold):
    """A callback with all its attempts, oldest first."""

    log: list[AttemptTold]


class DeliveryPage(Page):
    """Callbacks, those of the newest generations first."""

    data: list[DeliveryTold]


class TestAsked(Asked):
    """Where a callback that tells of nothing is to be sent."""

    url: CalledUrl = Field(examples=["https://app.example.com/hooks"])


class TestTold(Told):
    """How that went. `delivered` says that the receiver took it, with a 2xx."""

    delivered: bool
    status: int | None = Field(examples=[200])
    error: str | None
    elapsed_ms: int = Field(examples=[84])


class SecretAsked(Asked):
    """How long the secret before signs along."""

    overlap_s: Annotated[float, Field(ge=0, le=30 * 86_400, allow_inf_nan=False), IsNumber] = 86_400.0


class SecretTold(Told):
    """The secret that signs a key's callbacks (Standard Webhooks)."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
