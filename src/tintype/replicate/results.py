"""What Replicate answers, as frozen records that keep the fields they do not know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FINAL = frozenset({"succeeded", "failed", "canceled", "aborted"})
"""The statuses that never change again; `starting`, `processing` and any unknown one are waited on."""

T = TypeVar("T")


_YEARS = range(1970, 9000)
"""Moments of other years are nonsense, and reckoning with them would leave what a datetime can hold."""


def in_utc(moment: datetime) -> datetime:
    """Give a moment in UTC; one that names no zone is taken to be. Raises ValueError for one out of all reason."""
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year} is no time of a prediction")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(in_utc)]


class Record(BaseModel):
    """A frozen record; fields that this version does not know are kept as attributes."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())


class Work(Record):
    """What predictions and trainings have in common. Times are UTC, `metrics` an open map of numbers."""

    id: str = Field(min_length=1)
    status: str
    model: str | None = None
    version: str | None = None
    input: dict[str, Any] | None = Field(default=None, repr=False)
    output: Any = Field(default=None, repr=False)
    error: str | None = Field(default=None, repr=False)
    logs: str | None = Field(default=None, repr=False)
    metrics: dict[str, Any] | None = None
    urls: dict[str, str | None] | None = Field(default=None, repr=False)
    source: str | None = None
    created_at: Moment | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None

    @property
    def is_final(self) -> bool:
        """Whether the status never changes again."""
        return self.status in FINAL

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, status={self.status!r}, model={self.model!r})"

    __str__ = __repr__


class Prediction(Work):
    """One run of a model. Outputs are there for an hour after completion, then `data_removed` is true."""

    data_removed: bool = False
    deadline: Moment | None = None
    deployment: str | None = None
    webhook: str | None = Field(default=None, repr=False)
    webhook_events_filter: list[str] | None = None

    @property
    def has_output(self) -> bool:
        """Whether an output is there, which may be before the status is final."""
        return self.output is not None

    @property
    def stream_url(self) -> str | None:
        """Where the output streams from, if the model streams."""
        return (self.urls or {}).get("stream")


class Training(Work):
    """One training; `output` holds `version` and `weights` when it succeeded."""


class Account(Record):
    """Whose token this is; `type` is user or organization."""

    type: str
    username: str
    name: str | None = None
    github_url: str | None = None
    avatar_url: str | None = None


class Version(Record):
    """One version of a model with its OpenAPI schema."""

    id: str
    created_at: Moment | None = None
    cog_version: str | None = None
    openapi_schema: dict[str, Any] | None = Field(default=None, repr=False)


class Model(Record):
    """A model. Official ones are run without a version."""

    owner: str
    name: str
    url: str | None = None
    description: str | None = None
    visibility: str | None = None
    github_url: str | None = None
    paper_url: str | None = None
    license_url: str | None = None
    weights_url: str | None = None
    run_count: int | None = None
    cover_image_url: str | None = None
    default_example: Prediction | None = Field(default=None, repr=False)
    latest_version: Version | None = Field(default=None, repr=False)
    is_official: bool | None = None
    created_at: Moment | None = None

    @property
    def ref(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"


class Collection(Record):
    """A named group of models; `models` is there in the detail only."""

    name: str
    slug: str
    description: str | None = None
    full_description: str | None = Field(default=None, repr=False)
    models: list[Model] | None = Field(default=None, repr=False)


class Hardware(Record):
    """A kind of machine."""

    name: str
    sku: str


class Deployment(Record):
    """A deployment with its current release."""

    owner: str
    name: str
    current_release: dict[str, Any] | None = None


class File(Record):
    """An uploaded file; it is there for 24 hours. `size` in bytes."""

    id: str
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    etag: str | None = None
    checksums: dict[str, str] | None = None
    metadata: dict[str, Any] | None = None
    created_at: Moment | None = None
    expires_at: Moment | None = None
    urls: dict[str, str | None] | None = Field(default=None, repr=False)

    @property
    def url(self) -> str | None:
        """The address to put into a prediction's input."""
        return (self.urls or {}).get("get")


class Secret(Record):
    """The account's webhook secret; the key stays out of the `repr`."""

    key: str = Field(repr=False)


class Search(Record):
    """What a search over models, collections and pages found."""

    query: str | None = None
    models: list[dict[str, Any]] = Field(default_factory=list)
    collections: list[dict[str, Any]] = Field(default_factory=list)
    pages: list[dict[str, Any]] = Field(default_factory=list)


class Page(Record, Generic[T]):
    """One page of a list; `next` and `previous` are absolute addresses or None."""

    results: list[T] = Field(default_factory=list)
    next: str | None = Field(default=None, repr=False)
    previous: str | None = Field(default=None, repr=False)
