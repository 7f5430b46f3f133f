"""Replicate's shapes, as far as we document them; answers are written by `service.predictions`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Said = TypeVar("Said")
FLUX = "black-forest-labs/flux-schnell"
IDENT = "01k9w3t8m2q7r5v6x0y4z1a2b3"
VERSION = "c846a69991daf4c0e5d016514849d14ee5b2e6846ce6b9d6f21369e564cfe51e"
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
    model: str = Field(examples=[FLUX])
    version: str = Field(examples=["hidden"])
    input: dict[str, Any] = Field(examples=[{"prompt": "a lighthouse"}])
    output: Any = Field(
        examples=[["https://pictures.example.com/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/7hQ2v9LxR4.webp"]]
    )
    error: str | None
    status: Literal["starting", "processing", "succeeded", "failed", "canceled", "aborted"] = Field(
        examples=["succeeded"]
    )
    logs: str = Field(examples=[""])
    data_removed: bool = Field(examples=[False])
    source: str = Field(examples=["api"])
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    metrics: dict[str, Any] | None = Field(default=None, examples=[{"predict_time": 0.6}])
    urls: dict[str, str] = Field(
        examples=[{"get": "https://pictures.example.com/replicate/v1/predictions/01k9w3t8m2q7r5v6x0y4z1a2b3"}]
    )


class PredictionPage(Wide):
    """A page of a key's predictions, newest first."""

    previous: str | None
    next: str | None
    results: list[PredictionTold]


class FileTold(Wide):
    """A file that was uploaded; `urls.download` opens without a key."""

    id: str = Field(examples=[IDENT])
    name: str = Field(examples=["boat.png"])
    content_type: str = Field(examples=["image/png"])
    size: int = Field(examples=[48211])
    etag: str = Field(examples=["5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"])
    checksums: dict[str, str] = Field(
        examples=[{"sha256": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}]
    )
    metadata: dict[str, Any] = Field(examples=[{}])
    created_at: datetime
    expires_at: datetime
    urls: dict[str, str] = Field(
        examples=[{"get": "https://pictures.example.com/replicate/v1/files/01k9w3t8m2q7r5v6x0y4z1a2b3"}]
    )


class FilePage(Wide):
    """A page of a key's uploads, newest first."""

    previous: str | None
    next: str | None
    results: list[FileTold]


class ModelSaid(Wide):
    """A model, as upstream tells of it."""

    owner: str = Field(examples=["black-forest-labs"])
    name: str = Field(examples=["flux-schnell"])
    visibility: str | None = Field(default=None, examples=["public"])


class VersionSaid(Wide):
    """A version of a model, as upstream tells of it."""

    id: str = Field(examples=[VERSION])
    cog_version: str | None = Field(default=None, examples=["0.16.9"])


class CollectionSaid(Wide):
    """A collection of models, as upstream tells of it."""

    name: str = Field(examples=["Text to image"])
    slug: str = Field(examples=["text-to-image"])


class HardwareSaid(Wide):
    """A machine that models run on, as upstream tells of it."""

    name: str = Field(examples=["Nvidia L40S GPU"])
    sku: str = Field(examples=["gpu-l40s"])


class SearchSaid(Wide):
    """What upstream found for some words."""

    query: str | None = Field(default=None, examples=["pictures"])
    models: list[Any] = Field(examples=[[{"model": {"owner": "black-forest-labs", "name": "flux-schnell"}}]])
    collections: list[Any] = Field(examples=[[]])
    pages: list[Any] = Field(examples=[[]])


class DeploymentSaid(Wide):
    """A deployment of the operator's account, as upstream tells of it."""

    owner: str = Field(examples=["acme"])
    name: str = Field(examples=["shop-pictures"])


class TrainingSaid(Wide):
    """A training of the operator's account, as upstream tells of it."""

    id: str = Field(examples=["zz4ibbonubfz7carwiefibzgga"])
    status: str = Field(examples=["starting"])


class Listed(Wide, Generic[Said]):
    """A page of what upstream lists."""

    previous: str | None = None
    next: str | None = None
    results: list[Said]


class DeploymentAsked(Wide):
    """A deployment that upstream is to make; what it takes is for upstream to say."""

    name: str = Field(examples=["shop-pictures"])
    model: str = Field(examples=[FLUX])
    version: str = Field(examples=[VERSION])
    hardware: str = Field(examples=["gpu-l40s"])
    min_instances: int = Field(examples=[0])
    max_instances: int = Field(examples=[1])


class DeploymentChange(Wide):
    """What upstream is to change of a deployment."""

    max_instances: int | None = Field(default=None, examples=[2])


class ModelAsked(Wide):
    """A model that upstream is to make."""

    owner: str = Field(examples=["acme"])
    name: str = Field(examples=["hot-dogs"])
    visibility: str = Field(examples=["private"])
    hardware: str = Field(examples=["gpu-l40s"])


class ModelChange(Wide):
    """What upstream is to change of a model."""

    description: str | None = Field(default=None, examples=["Knows a hot dog when it sees one"])


class TrainingAsked(Wide):
    """A training that upstream is to run."""

    destination: str = Field(examples=["acme/hot-dogs"])
    input: dict[str, Any] = Field(examples=[{"input_images": "https://example.com/data.zip"}])


class AccountTold(Wide):
    """The key that asks."""

    type: str = Field(examples=["organization"])
    username: str = Field(examples=["shop"])
    name: str = Field(examples=["shop"])


class SecretTold(Wide):
    """The secret that webhooks are signed with, `whsec_…`."""

    key: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class ReplicateProblem(Wide):
    """A refusal in Replicate's shape."""

    title: str | None = None
    detail: str = Field(examples=["The requested resource could not be found."])
    status: int = Field(examples=[404])
    retry_after: int | None = None
    invalid_fields: list[dict[str, str]] | None = None
