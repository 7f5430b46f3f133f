"""Admit generations: holds, rows, book and jobs in one round trip, all or nothing.

    answer = await admission.admit(db, admission.Request(actor=actor, upstream_id=1, wanted=(wanted,)))

The work is done by the SQL function `tintype_admit`; this module is its types.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tintype.domain.generation import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tintype.domain.access import Actor
    from tintype.store.database import Database, Session

IDEMPOTENCY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file given as input, stored under its hash before; `field` names the input it belongs to."""

    field: str
    sha256: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One generation that is asked for.

    `input` holds no secret: those are in `secrets`, encrypted. `hold_nano_usd` is the most it can cost,
    `images` and `video_ms` the most it can make. With a `cache_key` equal requests are bought once; the key
    holds whatever makes two requests equal, their owner too. `follows` is the id of another of the same order, whose
    output it works on.
    """

    id: str
    model: str
    input: Mapping[str, Any] = field(repr=False)
    estimate_nano_usd: int
    hold_nano_usd: int
    price_rule: str
    deadline_s: float
    images: int = 0
    video_ms: int = 0
    version: str | None = None
    deployment: str | None = None
    secrets: bytes | None = field(default=None, repr=False)
    files: tuple[InputFile, ...] = ()
    cache_key: str | None = None
    metadata: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    callback_url: str | None = field(default=None, repr=False)
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An `Idempotency-Key` and what the body was, as a hash."""

    name: str
    fingerprint: bytes
    keep_s: float = IDEMPOTENCY_S


@dataclass(frozen=True, slots=True)
class Answering:
    """The answer that a request is to get: a later equal one is given the same where this one's was not written.

    `fingerprint` stands for route and body, `hand` for this request, `holder` for the process that writes the
    answer. `repetition` is the how-manieth the request calls itself, 0 for none; `has_waited` says that it was told of
    an equal one under way before. `is_left` is asked before anything is done: whether its caller has gone.
    """

    fingerprint: str
    hand: str
    holder: int
    repetition: int = 0
    has_waited: bool = False
    is_left: Callable[[], bool] = field(default=lambda: False, repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """How generations were asked for that are told of in another shape than our own; `facts` are that shape's."""

    dialect: str
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """What several generations belong to; `plan` is what made them out of one request."""

    id: str
    kind: str
    plan: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a generation that is asked for as a proof would cost as a final, all of its pictures."""

    id: str
    final_model: str
    final_nano_usd: int


@dataclass(frozen=True, slots=True)
class Approval:
    """A picked proof, whose final is asked for; `pick` counts the outputs of the proof from 0."""

    proof_id: str
    pick: int


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that one admission decides about: admitted together, or not at all.

    `replaces` is the id of a generation that has ended, whose place in its order the only one that is wanted takes;
    where that `is_made` and is only to be finished, nothing is held. With `approves` it is the final of that proof.
    `proofs` are those of the wanted that are proofs.
    """

    actor: Actor
    upstream_id: int
    wanted: tuple[Wanted, ...]
    order: Order | None = None
    idempotency: Idempotency | None = None
    replaces: str | None = None
    is_made: bool = False
    answering: Answering | None = None
    asked: Asked | None = None
    proofs: tuple[Proof, ...] = ()
    approves: Approval | None = None

    @property
    def has_steps(self) -> bool:
        """Whether some of what is wanted follows another."""
        return any(one.follows is not None for one in self.wanted)

    @property
    def is_alone(self) -> bool:
        """Whether it goes by a statement of its own: it replaces another, has steps, or is about proofs."""
        return _statement(self) != "admit"


@dataclass(frozen=True, slots=True)
class Place:
    """How one generation was admitted: it buys, or waits for an equal one, or was answered from the store."""

    id: str
    state: State
    joined_to: str | None
    cached_from: str | None


@dataclass(frozen=True, slots=True)
class Pace:
    """A rate as it stands: what it lets through in its window, what is left of that, when the window ends."""

    limit: int
    left: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Admitted:
    """All were admitted, in the order asked for, at a time by the database's clock.

    `pace` is the rate with the least left of those that they were counted by, None where they were by none.
    """

    places: tuple[Place, ...]
    order_id: str | None
    at: datetime
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same request was admitted before, under this Idempotency-Key or without an answer; nothing was held."""

    generation_ids: tuple[str, ...]
    order_id: str | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another request was admitted before under this Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An equal request is under way, and its caller may have left just now; nothing was done. Ask again in a moment."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A limit that the request does not fit into; amounts in the measure's unit.

    `frees_at` is when its window ends; None when it is not known, or more is asked than it ever lets through.
    """

    limit_id: int
    scope: str
    subject: str
    measure: str
    period: str
    amount: int
    asked: int
    free: int
    frees_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done. The refusal in front is the one that frees last."""

    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Paused:
    """Creates for this account are paused; nothing was done."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Replaced:
    """The generation that was to be replaced has been before, by this one; nothing was done."""

    by: str


Answer = Admitted | Repeated | Conflict | UnderWay | Refused | Paused | Replaced


async def admit(on: Database | Session, request: Request, *, at: datetime | None = None) -> Answer:
    """Check every limit of the chain, take the holds, write and enqueue; or do nothing and say why.

    `at` replaces the database's clock, for tests. A broken connection raises DatabaseAway, after which only
    an Idempotency-Key makes it safe to ask again.
    """
    return answer(await on.value(_statement(request), request=Jsonb(document(request)), at=at))


async def admit_several(on: Database | Session, requests: Sequence[Request]) -> list[Answer]:
    """Admit requests of different callers, each for itself, in one round trip.

    None may have a cache key or go by a statement of its own.
    """
    said = await on.value("admit_several", requests=Jsonb([document(one) for one in requests]))
    return [answer(one | {"at": said["at"]}) for one in said["answers"]]


async def before(on: Database | Session, request: Request) -> Answer | None:
    """Say what was admitted before under the name of a request, or without its answer arriving; None for nothing.

    What it wants is not looked at, and nothing is admitted.
    """
    said = await on.value("admitted_before", request=Jsonb(document(request)))
    return None if said is None else answer(said)


def _statement(request: Request) -> str:
    if request.replaces is not None:
        return "finish_again" if request.is_made else "admit_again"
    if request.approves is not None:
        return "admit_final"
    if request.proofs:
        return "admit_proofs"
    return "admit_steps" if request.has_steps else "admit"


def document(request: Request) -> dict[str, Any]:
    """Return a request as the SQL function reads it."""
    written: dict[str, Any] = {
        "key": request.actor.key,
        "user": request.actor.user,
        "project": request.actor.project,
        "owner": request.actor.owner,
        "request_id": request.actor.request_id,
        "upstream_id": request.upstream_id,
        "generations": [_wanted(one) for one in request.wanted],
    }
    if request.replaces is not None:
        written["replaces"] = request.replaces
    if request.approves is not None:
        written["approves"] = asdict(request.approves)
    if request.proofs:
        written["proofs"] = [asdict(one) for one in request.proofs]
    if request.has_steps:
        written["follows"] = [
            {"id": one.id, "follows": one.follows} for one in request.wanted if one.follows is not None
        ]
    if request.order:
        order = request.order
        written["order"] = {
            "id": order.id,
            "kind": order.kind,
            "plan": order.plan,
            "metadata": order.metadata,
        }
    if request.idempotency:
        written["idempotency"] = {
            "name": request.idempotency.name,
            "fingerprint": request.idempotency.fingerprint.hex(),
            "keep_s": request.idempotency.keep_s,
        }
    if request.answering:
        answering = request.answering
        written["answer"] = {
            "fingerprint": answering.fingerprint,
            "hand": answering.hand,
            "holder": answering.holder,
            "repetition": answering.repetition,
            "has_waited": answering.has_waited,
        }
    if request.asked:
        written["asked"] = {"dialect": request.asked.dialect, "facts": request.asked.facts}
    return written


def _wanted(one: Wanted) -> dict[str, Any]:
    return {
        "id": one.id,
        "model": one.model,
        "version": one.version,
        "deployment": one.deployment,
        "input": one.input,
        "secrets": None if one.secrets is None else f"\\x{one.secrets.hex()}",
        "files": [
            {"field": file.field, "position": file.position, "sha256": file.sha256} for file in one.files
        ],
        "estimate_nano_usd": one.estimate_nano_usd,
        "hold_nano_usd": one.hold_nano_usd,
        "price_rule": one.price_rule,
        "images": one.images,
        "video_ms": one.video_ms,
        "deadline_s": one.deadline_s,
        "cache_key": one.cache_key,
        "metadata": one.metadata,
        "tags": one.tags,
        "callback_url": one.callback_url,
    }


def answer(said: dict[str, Any]) -> Answer:
    """Read what the SQL function says."""
    match said["outcome"]:
        case "admitted":
            places = tuple(
                Place(one["id"], State(one["state"]), one["joined_to"], one["cached_from"])
                for one in said["generations"]
            )
            at = datetime.fromisoformat(said["at"])
            return Admitted(places, said["order_id"], at, pace(said.get("pace")))
        case "repeated":
            return Repeated(tuple(said["generation_ids"]), said["order_id"])
        case "conflict":
            return Conflict()
        case "under_way":
            return UnderWay()
        case "paused":
            return Paused(datetime.fromisoformat(said["until"]))
        case "replaced":
            return Replaced(said["by"])
    return Refused(tuple(_refusal(one) for one in said["refusals"]))


def pace(said: dict[str, Any] | None) -> Pace | None:
    """Read a rate as the SQL functions say it."""
    if said is None:
        return None
    return Pace(said["limit"], said["left"], datetime.fromisoformat(said["resets_at"]))


def _refusal(one: dict[str, Any]) -> Refusal:
    frees_at = one.pop("frees_at")
    return Refusal(**one, frees_at=frees_at and datetime.fromisoformat(frees_at))
