"""Planners for rows of the catalogue that is brought along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tintype import catalogue
from tintype.domain import errors, profiles
from tintype.domain.access import Actor
from tintype.domain.choosing import Mode
from tintype.domain.complexity import Subject
from tintype.domain.preference import Vote
from tintype.service.choices import Chooser
from tintype.service.row_choices import RowChoices
from tintype.service.row_files import RowFiles
from tintype.service.rows import Planned, Planner, Template

if TYPE_CHECKING:
    from tintype.service import requests
    from tintype.store.database import Database

KNOWN = catalogue.load()
ACTOR = Actor("key")
VOTES = [Vote("bytedance/seedream-4", Subject.PHOTO, 1.0)] * 30
MODELS = {
    None: "flux-schnell",
    Mode.STANDARD: "flux-schnell",
    Mode.PROOF: "flux-schnell",
    Mode.FINAL: "imagen4_ultra",
}


def planner(
    template: Template, models: frozenset[str] | None = None, files: RowFiles | None = None
) -> Planner:
    """Return a planner for a key that may use some models."""

    def check(request: requests.Request) -> None:
        if models is not None and request.model not in models:
            raise errors.ModelNotAllowed("this key may not")

    return Planner(
        KNOWN,
        template,
        model_of=MODELS.__getitem__,
        profile_of=lambda name: profiles.find(name or "plain"),
        check=check,
        files=files or RowFiles(),
        choose=RowChoices(Chooser(KNOWN, cast("Database", None)), VOTES, actor=ACTOR, lot=b"lot"),
    )


def plan(row: dict[str, Any], **template: Any) -> Planned:
    """Plan a row alone."""
    return planner(Template(**template)).plan(row)
