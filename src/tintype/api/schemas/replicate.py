"""Replicate's shapes, as far as we document them; answers are written by `service.predictions`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PredictionId = Annotated[
    str, Field(description="The prediction's id: our generation's.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])
]


class Wide(BaseModel):
    """A shape of Replicate's, which may have further members."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class PredictionAsked(Wide):
    """What is to be run. `input` holds the model's own inputs; files in it are URLs or data URIs."""

    input: dict[str, Any] = Field(examples=[{"prompt": "a lighthouse"}])
    webhook: str | None = Field(
        default=None, description="Called as it goes on, signed with the key's secret."
    )
    webhook_events_filter: list[Literal["start", "output", "logs", "completed"]] | None = None
    stream: bool | None = Field(default=None, description="Ignored: text can always be followed.")


class VersionedAsked(PredictionAsked):
    """What is to be run, by a version's id, `owner/name:id`, or an official model's name."""

    version: str = Field(examples=["black-forest-labs/flux-schnell"])


class PredictionTold(Wide):
    """A prediction, as Replicate tells of it."""

    id: PredictionId
    model: str
    version: str
    input: dict[str, Any]
    output: Any
    error: str | None
    status: Literal["starting", "processing", "succeeded", "failed", "canceled", "aborted"]
    logs: str
    data_removed: bool
    source: str
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    metrics: dict[str, Any] | None = None
    urls: dict[str, str]


class PredictionPage(Wide):
    """A page of a key's predictions, newest first."""

    previous: str | None
    next: str | None
    results: list[PredictionTold]


class FileTold(Wide):
    """A file that was uploaded; `urls.download` opens without a key."""

    id: str
    name: str
    content_type: str
    size: int
    etag: str
    checksums: dict[str, str]
    metadata: dict[str, Any]
    created_at: datetime
    expires_at: datetime
    urls: dict[str, str]


class FilePage(Wide):
    """A page of a key's uploads, newest first."""

    previous: str | None
    next: str | None
    results: list[FileTold]


class Open(Wide):
    """What upstream says, as it says it."""


class Listed(Wide):
    """A page of what upstream lists."""

    previous: str | None = None
    next: str | None = None
    results: list[Any]


class AccountTold(Wide):
    """The key that asks."""

    type: str
    username: str
    name: str


class SecretTold(Wide):
    """The secret that webhooks are signed with, `whsec_…`."""

    key: str


class ReplicateProblem(Wide):
    """A refusal in Replicate's shape."""

    title: str | None = None
    detail: str
    status: int
    retry_after: int | None = None
    invalid_fields: list[dict[str, str]] | None = None
