"""What the simulator remembers: slotted records, each with its kind, its key and its owner's token.

A record turns into JSON and back for the journal. Times are unix seconds of the simulator's clock; bodies are
kept as compact bytes because tens of thousands of them wait in memory at once.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from tintype.simulator.clock import Timer

NEVER_S = float("inf")


class Record(Protocol):
    """Anything a shelf can hold."""

    kind: ClassVar[str]

    @property
    def account(self) -> str:
        """The token of the account that it belongs to."""

    @property
    def key(self) -> str:
        """What the record is found by, unique within its kind."""

    def to_json(self) -> bytes:
        """Write the record for the journal."""

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read what `to_json` wrote."""


@functools.cache
def _stored(cls: Any) -> tuple[tuple[str, str], ...]:
    return tuple((f.name, str(f.type)) for f in dataclasses.fields(cls) if not f.metadata.get("volatile"))


class Stored:
    """Journal form of a dataclass: an object of its fields, bytes as text; unknown fields are dropped."""

    __slots__ = ()

    def to_json(self) -> bytes:
        """Write the record for the journal."""
        values: dict[str, Any] = {}
        for name, kind in _stored(type(self)):  # type: ignore[arg-type]  # classes can be hashed
            value = getattr(self, name)
            values[name] = value.decode() if kind.startswith("bytes") and value is not None else value
        return json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        known: dict[str, Any] = {}
        for name, kind in _stored(cls):  # type: ignore[arg-type]  # classes can be hashed
            if name in values:
                value = values[name]
                if kind.startswith("bytes") and value is not None:
                    value = value.encode()
                elif kind.startswith("tuple") and value is not None:
                    value = tuple(value)
                known[name] = value
        return cls(**known)


@dataclass(slots=True)
class Account(Stored):
    """Who a token belongs to. The token is the key; the webhook secret is the account's one and only."""

    kind: ClassVar[str] = "account"
    token: str
    username: str
    name: str
    secret: str
    credit_nano_usd: int
    created_s: float
    type: str = "user"

    @property
    def key(self) -> str:
        """The token."""
        return self.token

    @property
    def account(self) -> str:
        """The token: an account belongs to itself."""
        return self.token


@dataclass(slots=True)
class Prediction(Stored):
    """One prediction and its schedule. What it looks like at a time is computed by `lifecycle`."""

    kind: ClassVar[str] = "prediction"
    id: str
    account: str
    model: str
    version: str
    runs: str
    """Slug of the model that does the work; another than `model` for trained versions."""
    input: bytes
    """Compact JSON as sent, secrets masked; `null` once removed."""
    created_s: float
    starts_s: float
    ends_s: float
    run_s: float
    """How long an undisturbed run takes."""
    outcome: str
    base: str
    """Origin of the request that created it, for URLs in webhooks."""
    error: str | None = None
    count: int = 1
    """Outputs (pictures, clips or text pieces) when it succeeds."""
    ending: str = ""
    """Ending of the output files' names; empty for text."""
    is_list: bool = False
    """Whether files are shown as a list even when there is only one."""
    metrics: bytes = b""
    """Metrics as a JSON object, written at completion."""
    deadline_s: float | None = None
    deployment: str | None = None
    hardware: str | None = None
    """SKU of the deployment's machine."""
    webhook: str | None = None
    events: tuple[str, ...] | None = None
    sources: tuple[str, ...] = ()
    """The input files in the model's order: hashes of blobs, or `draw:URL` for what is drawn."""
    facts: tuple[int, int, str, int] | None = None
    """Width, height, seconds and frames a second of the file to work on."""
    areas: tuple[int, ...] = ()
    """The pixels of each picture that was given, in the model's order."""
    cost_nano_usd: int = 0
    is_settled: bool = False
    is_removed: bool = False
    is_fetching: bool = False
    """Whether input files are still being read; it cannot end before that."""
    timer: Timer | None = field(default=None, repr=False, compare=False, metadata={"volatile": True})

    @property
    def key(self) -> str:
        """The id."""
        return self.id


@dataclass(slots=True)
class Training(Stored):
    """One training and its schedule."""

    kind: ClassVar[str] = "training"
    id: str
    account: str
    model: str
    version: str
    destination: str
    input: bytes
    created_s: float
    starts_s: float
    ends_s: float
    outcome: str
    base: str
    error: str | None = None
    output_version: str | None = None
    webhook: str | None = None
    events: tuple[str, ...] | None = None
    is_settled: bool = False
    timer: Timer | None = field(default=None, repr=False, compare=False, metadata={"volatile": True})

    @property
    def key(self) -> str:
        """The id."""
        return self.id


@dataclass(slots=True)
class File(Stored):
    """An uploaded file; its bytes are in the world's blobs under `blob`."""

    kind: ClassVar[str] = "file"
    id: str
    account: str
    name: str
    content_type: str
    size: int
    sha256: str
    md5: str
    metadata: bytes
    created_s: float
    expires_s: float
    blob: str

    @property
    def key(self) -> str:
        """The id."""
        return self.id


@dataclass(slots=True)
class Deployment(Stored):
    """A deployment and its current release."""

    kind: ClassVar[str] = "deployment"
    account: str
    owner: str
    name: str
    model: str
    version: str
    hardware: str
    min_instances: int
    max_instances: int
    created_s: float
    """When the current release was made."""
    number: int = 1
    used_s: float = 0.0

    @property
    def key(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"


@dataclass(slots=True)
class UserModel(Stored):
    """A model that an account made itself."""

    kind: ClassVar[str] = "model"
    account: str
    owner: str
    name: str
    visibility: str
    hardware: str
    created_s: float
    description: str | None = None
    github_url: str | None = None
    paper_url: str | None = None
    license_url: str | None = None
    cover_image_url: str | None = None
    weights_url: str | None = None
    readme: str | None = None
    run_count: int = 0

    @property
    def key(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"


@dataclass(slots=True)
class UserVersion(Stored):
    """A version that a training pushed to an account's model; it runs as the model it was trained from."""

    kind: ClassVar[str] = "version"
    id: str
    account: str
    model: str
    runs: str
    created_s: float

    @property
    def key(self) -> str:
        """The version id, 64 hexadecimal digits."""
        return self.id
