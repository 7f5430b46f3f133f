"""The requests and answers of `/api/generate`, with the names and shapes that its first users know."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tintype.api.schemas.generations import FLUX, IDENT
from tintype.api.schemas.shapes import Asked, CalledUrl, IsNumber, Matching, Prompt, Told, Whole
from tintype.domain.joining import CROSSFADE_MAX_S
from tintype.service.films import IMAGES_MAX

SKYREELS = "fofr/skyreels-2"
_COUNT_MAX = 1_000_000_000
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
ImageUrl = Annotated[
    str,
    Matching(
        rf"^(?:[hH][tT][tT][pP][sS]?://\S+|data:[\w.+/;=-]*;base64,{_BASE64})$",
        "it is no address of an image; give https://… or a data URI in base64",
    ),
]


class ImageGenerationRequest(Asked):
    """A picture from a prompt."""

    prompt: Prompt = Field(description="What is to be seen.", examples=["a red sports car"])
    model: str = Field(default=FLUX, max_length=255, description="A model of the catalogue, or `owner/name`.")


class ImageGenerationResponse(Told):
    """A picture that was made."""

    success: bool
    image_url: str | None = Field(
        default=None,
        examples=["https://pictures.example.com/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/7hQ2v9LxR4.webp"],
    )
    error: str | None = None
    prediction_id: str | None = Field(default=None, examples=[IDENT])


class VideoGenerationRequest(Asked):
    """A film from pictures: a clip of each, joined in their order."""

    image_urls: list[ImageUrl] = Field(
        max_length=IMAGES_MAX,
        # Without any it is a 400 with words of its own.
        json_schema_extra={"minItems": 1},
        description="Addresses of the pictures, at least one.",
        examples=[["https://example.com/img1.jpg", "https://example.com/img2.jpg"]],
    )
    model: str = Field(
        default=SKYREELS,
        max_length=255,
        description=f"A model that makes a clip of a picture. `{SKYREELS}` stands for TINTYPE_MODEL_VIDEO.",
    )
    prompt: Prompt | None = Field(
        default=None, description="What is to happen in each clip; a slow natural movement without it."
    )
    crossfade: Annotated[float, Field(ge=0, le=CROSSFADE_MAX_S), IsNumber] = Field(
        default=0.0, description="Seconds in which each clip dissolves into the next."
    )


class VideoGenerationResponse(Told):
    """A film that was made."""

    success: bool
    video_url: str | None = Field(
        default=None,
        examples=["https://pictures.example.com/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/7hQ2v9LxR4.mp4"],
    )
    error: str | None = None
    prediction_id: str | None = Field(default=None, examples=[IDENT])
    duration_seconds: int = 0


class AsyncVideoGenerationRequest(VideoGenerationRequest):
    """A film that is made while nobody waits."""

    callback_url: CalledUrl | None = Field(
        default=None,
        description="Called with the result when it has ended, however it ended; signed (Standard Webhooks).",
        examples=["https://app.example.com/films"],
    )


class AsyncVideoGenerationResponse(Told):
    """That a film will be made: it is durable when this is said."""

    status: Literal["accepted"] = "accepted"
    message: str = "Video generation started in background"
    prediction_id: str = Field(examples=[IDENT])
    status_url: str = Field(
        description="Where it is shown how far it is.",
        examples=["https://pictures.example.com/api/orders/01k9w3t8m2q7r5v6x0y4z1a2b3"],
    )


class PollRequest(Asked):
    """What is to be waited for, and how long, in seconds."""

    prediction_id: str = Field(max_length=255, examples=[IDENT])
    timeout: Whole = Field(default=600, ge=1, le=3600, description="Seconds to wait at most.")
    interval: Whole = Field(
        default=5, ge=1, le=60, description="Seconds between two looks; an end is told at once all the same."
    )


class PollResponse(Told):
    """How it stands, in Replicate's words."""

    status: Literal["starting", "processing", "succeeded", "failed", "canceled"] = Field(
        examples=["succeeded"]
    )
    output: Any | None = Field(
        default=None,
        examples=["https://pictures.example.com/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/7hQ2v9LxR4.webp"],
    )
    error: str | None = None


class CostEstimateRequest(Asked):
    """So many pictures, and seconds of film."""

    num_images: Whole = Field(default=0, ge=0, le=_COUNT_MAX, examples=[10])
    video_duration: Whole = Field(default=0, ge=0, le=_COUNT_MAX, examples=[30], description="Seconds.")


class CostEstimateResponse(Told):
    """What that costs in dollars, by the two prices of `ReplicateClient`."""

    estimated_cost: float = Field(examples=[1.53])
    breakdown: dict[str, float] = Field(examples=[{"images": 0.03, "video": 1.5}])
