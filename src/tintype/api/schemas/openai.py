"""The requests and answers of `/openai/v1`, as the SDKs for OpenAI's images know them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from tintype.api.schemas.generations import FLUX, IDENT
from tintype.api.schemas.shapes import Asked, IsWhole, Matching, Prompt, Told

Size = Annotated[
    str, Matching(r"^(?:auto|[1-9]\d{0,4}x[1-9]\d{0,4})$", "it is no size; write it as 1024x1024, or auto")
]


class ImagesAsked(Asked):
    """Pictures from a prompt. What a model has no input for is left out and told in `warnings`."""

    prompt: Prompt = Field(description="What is to be seen.", examples=["a red sports car"])
    model: str | None = Field(
        default=None,
        max_length=255,
        description="A model of `GET /models`; without one, `quality` chooses it: low a quick one, high the best.",
        examples=[FLUX],
    )
    n: Annotated[int, Field(ge=1, le=10), IsWhole] | None = Field(default=1, description="How many.")
    size: Size | None = Field(
        default="auto",
        description="Width and height, or auto; a model that makes shapes makes the nearest.",
        examples=["1024x1024"],
    )
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] | None = "auto"
    response_format: Literal["url", "b64_json"] | None = Field(
        default="url", description="A link that stays as it is, or the file itself in base64."
    )
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100), IsWhole] | None = None
    background: Literal["auto", "transparent", "opaque"] | None = None
    style: str | None = Field(default=None, max_length=100)
    moderation: Literal["auto", "low"] | None = Field(
        default=None, description="Left to the model, which has its own."
    )
    stream: Literal[False] | None = Field(default=None, description="Pictures come whole.")
    user: str | None = Field(default=None, max_length=255, description="Your end user, for budgets.")
    safety_identifier: str | None = Field(default=None, max_length=255, description="Wins over `user`.")
    input: dict[str, Any] = Field(
        default_factory=dict, description="The model's own inputs, which win over the words beside it."
    )

    @field_validator("stream", mode="before")
    @classmethod
    def _is_no_stream(cls, value: Any) -> Any:
        if value is not None and value is not False:
            raise ValueError("pictures come whole; leave stream out")
        return value


class ImageTold(Told):
    """A picture: its link, or the file itself."""

    url: str | None = Field(
        default=None,
        examples=["https://pictures.example.com/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/7hQ2v9LxR4.webp"],
    )
    b64_json: str | None = None
    revised_prompt: str | None = None


class ImagesTold(Told):
    """Pictures that were made; `ids` are their generations, `warnings` what could not be done of the request."""

    created: int = Field(description="When, in seconds since 1970.", examples=[1772366400])
    data: list[ImageTold]
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    size: str | None = Field(default=None, examples=["1024x1024"])
    ids: list[str] = Field(examples=[[IDENT]])
    warnings: list[str] = Field(default_factory=list, examples=[[]])


class ModelTold(Told):
    """A model that makes pictures."""

    id: str = Field(examples=[FLUX])
    object: Literal["model"] = "model"
    created: int = Field(description="The day of its price, in seconds since 1970.", examples=[1770422400])
    owned_by: str = Field(examples=["black-forest-labs"])


class ModelsTold(Told):
    """The models that make pictures."""

    object: Literal["list"] = "list"
    data: list[ModelTold]


class ErrorFacts(Told):
    """What went wrong."""

    message: str = Field(examples=["the size is none that this model makes"])
    type: str = Field(examples=["invalid_request_error"])
    code: str | None = Field(examples=["bad_input"])
    param: str | None = Field(default=None, examples=["size"])


class ErrorTold(Told):
    """An error in the shape that these SDKs read."""

    error: ErrorFacts
