"""Files that are uploaded to be given as input."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from tintype.api.schemas.generations import IDENT
from tintype.api.schemas.shapes import Page, Told


class FileTold(Told):
    """An upload. Its `url` can be given wherever a model takes a file; only its owner's key opens it."""

    object: Literal["file"] = "file"
    id: str = Field(examples=[IDENT])
    url: str = Field(examples=["https://pictures.example.com/api/files/01k9w3t8m2q7r5v6x0y4z1a2b3/download"])
    name: str = Field(examples=["boat.png"])
    content_type: str = Field(examples=["image/png"])
    size_bytes: int = Field(examples=[48211])
    sha256: str = Field(examples=["5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"])
    created_at: datetime
    expires_at: datetime = Field(description="When it is forgotten; what was made with it stays.")


class FilePage(Page):
    """Uploads, newest first."""

    data: list[FileTold]
