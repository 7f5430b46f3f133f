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
    url: str
    name: str = Field(examples=["boat.png"])
    content_type: str = Field(examples=["image/png"])
    size_bytes: int
    sha256: str
    created_at: datetime
    expires_at: datetime = Field(description="When it is forgotten; what was made with it stays.")


class FilePage(Page):
    """Uploads, newest first."""

    data: list[FileTold]
