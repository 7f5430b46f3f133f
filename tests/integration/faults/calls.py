"""Every call that the clients have: what has to be there before, the call itself, and which requests it is."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from tintype.domain import errors
from tintype.replicate.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tintype import Client
    from tintype.replicate.results import Prediction
    from tintype.testing import Simulator

FLUX = "black-forest-labs/flux-schnell"
COMMUNITY = "851-labs/background-remover"
LLAMA = "meta/meta-llama-3-8b-instruct"
IDLE_S = 1_000.0
"""How long a deployment has to be unused before it can be deleted, and some more."""
DEADLINE_S = 4.5
PACE = Pace(first_s=0.02, dense_least_s=0.02)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)


class Kind(StrEnum):
    """What a call is, as far as its end after a fault depends on it."""

    READ = "read"
    """Repeated after failures; the answer is a record or a list."""
    NOTHING = "nothing"
    """Repeated after failures; the answer holds nothing that is read."""
    RAW = "raw"
    """Repeated after failures; the answer is text or bytes, which nobody can tell from others."""
    CREATE = "create"
    """May buy something: never repeated where it may have."""
    STREAM = "stream"
    """Events, taken up again where they broke off, within a deadline."""
    FILE = "file"
    """An output, fetched without the token."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is made: a simulator with a token of the call's own, and a folder."""

    simulator: Simulator
    folder: Path


@dataclass(frozen=True, slots=True)
class Call:
    """One method of a client.

    `given(client, place)` makes what is there before, by a blocking client that meets no faults. `act(client, given)`
    is the call, for both kinds of client. `aim(given)` says which of its requests meet the fault. What is `old` was
    made some time ago.
    """

    name: str
    kind: Kind
    act: Callable[[Any, Any], Any]
    given: Callable[[Client, Place], Any] | None = None
    aim: Callable[[Any], Mapping[str, Any]] = field(default=lambda _given: {})
    is_old: bool = False


def _me(client: Client, _place: Place) -> str:
    return client.account.get().username


def _version(client: Client, model: str = FLUX) -> str:
    version = client.models.get(model).latest_version
    assert version is not None
    return version.id


def _model(client: Client, place: Place) -> str:
    owner = _me(client, place)
    client.models.create(owner, "hot-dogs", visibility="private", hardware="cpu")
    return f"{owner}/hot-dogs"


def _own_version(client: Client, place: Place) -> tuple[str, str]:
    model = _model(client, place)
    _train(client, model)
    return model, client.versions.list(model).results[0].id


def _train(client: Client, model: str, caption: str = "") -> str:
    given = {"input_images": "https://example.com/data.zip", "caption": caption}
    return client.trainings.create(FLUX, _version(client), destination=model, input=given).id


def _training(client: Client, place: Place) -> str:
    return _train(client, _model(client, place))


def _running_training(client: Client, place: Place) -> str:
    return _train(client, _model(client, place), "[[delay=600]]")


def _deployment(client: Client, place: Place) -> str:
    client.deployments.create("cars", **_release(client, place))
    return f"{_me(client, place)}/cars"


def _release(client: Client, _place: Place) -> dict[str, Any]:
    version = _version(client)
    return {
        "model": FLUX,
        "version": version,
        "hardware": "gpu-t4",
        "min_instances": 0,
        "max_instances": 1,
    }


def _file(client: Client, _place: Place) -> str:
    return client.files.create(PICTURE).id


def _link(client: Client, place: Place) -> dict[str, Any]:
    """Make what a signed link to a file holds, as the files' own links do."""
    from tintype.simulator import uploads  # noqa: PLC0415 - only the signature of a link is made here

    identity, owner = _file(client, place), _me(client, place)
    expiry = int(time.time()) + 10**9
    secret = place.simulator.account()["files_signing_secret"]
    signature = uploads.signature(secret, owner=owner, identity=identity, expiry=str(expiry))
    return {"id": identity, "owner": owner, "expiry": expiry, "signature": signature}


def _prediction(client: Client, _place: Place) -> Prediction:
    return client.predictions.create(FLUX, {"prompt": "a car"})


def _ended(client: Client, _place: Place) -> Prediction:
    made = client.predictions.create(FLUX, {"prompt": "a car", "megapixels": "0.25"})
    return client.predictions.wait(made, pace=PACE)


def _stuck(client: Client, _place: Place) -> Prediction:
    return client.predictions.create(FLUX, {"prompt": "[[stuck]] a car"})


def _text(client: Client, _place: Place) -> Prediction:
    return client.predictions.create(LLAMA, {"prompt": "hello"})


def _outcome(client: Client, place: Place) -> errors.SentCreate:
    made, now = _prediction(client, place), datetime.now(UTC)
    return errors.SentCreate(
        path="",
        model=FLUX,
        version=None,
        deployment=None,
        input=made.input or {},
        webhook=None,
        sent_at=now,
        ended_at=now,
        upstream_date=made.created_at,
    )


def _webhook(client: Client, _place: Place) -> tuple[dict[str, str], bytes]:
    body, now = json.dumps({"id": "0" * 26, "status": "succeeded"}), datetime.now(UTC)
    signature = Webhook(client.webhooks.secret().key).sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp()))}
    return {**headers, "webhook-signature": signature}, body.encode()


def _looks(_given: Any) -> dict[str, Any]:
    return {"method": "GET", "path": "/predictions*"}


def _creates(_given: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "*/predictions"}


def _uploads(_given: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/files"}


def _events(_given: Any) -> dict[str, Any]:
    return {"path": "/streams/*"}


def _stream_of(given: Any) -> dict[str, Any]:
    return {"path": urlsplit(given.stream_url).path.removeprefix("/v1"), "token": None}


def _output_of(given: Any) -> dict[str, Any]:
    return {"path": urlsplit(given.output[0]).path, "token": None}


def _download_of(given: Any) -> dict[str, Any]:
    return {"path": f"/files/{given['id']}/download", "token": None}


def _saved(given: Any) -> dict[str, Any]:
    return _output_of(given[0])


def _output(client: Any, given: Any) -> Any:
    return client.predictions.outputs(given)[0]


R, N, W, C, S, F = Kind.READ, Kind.NOTHING, Kind.RAW, Kind.CREATE, Kind.STREAM, Kind.FILE
PROMPT = {"prompt": "a car"}
WORDS = {"prompt": "hello"}
RUN: dict[str, Any] = {"wait_s": 0, "pace": PACE, "deadline_s": DEADLINE_S * 3}

CALLS = (
    Call("account.get", R, lambda c, _: c.account.get()),
    Call("hardware.list", R, lambda c, _: c.hardware.list()),
    Call("search", R, lambda c, _: c.search("flux", limit=3)),
    Call("collections.get", R, lambda c, _: c.collections.get("text-to-image")),
    Call("collections.list", R, lambda c, _: c.collections.list()),
    Call("collections.iterate", R, lambda c, _: c.collections.iterate()),
    Call("models.get", R, lambda c, _: c.models.get(FLUX)),
    Call("models.list", R, lambda c, _: c.models.list()),
    Call("models.iterate", R, lambda c, _: c.models.iterate()),
    Call("models.search", R, lambda c, _: c.models.search("flux")),
    Call(
        "models.create",
        C,
        lambda c, me: c.models.create(me, "dogs", visibility="private", hardware="cpu"),
        _me,
    ),
    Call("models.update", R, lambda c, ref: c.models.update(ref, readme="# Hot dogs"), _model),
    Call("models.delete", N, lambda c, ref: c.models.delete(ref), _model),
    Call("models.readme", W, lambda c, _: c.models.readme(FLUX)),
    Call("models.examples", R, lambda c, _: c.models.examples(FLUX)),
    Call("versions.get", R, lambda c, given: c.versions.get(*given), _own_version),
    Call("versions.list", R, lambda c, _: c.versions.list(COMMUNITY)),
    Call("versions.iterate", R, lambda c, _: c.versions.iterate(COMMUNITY)),
    Call("versions.delete", N, lambda c, given: c.versions.delete(*given), _own_version),
    Call("deployments.get", R, lambda c, ref: c.deployments.get(ref), _deployment),
    Call("deployments.list", R, lambda c, _: c.deployments.list(), _deployment),
    Call("deployments.iterate", R, lambda c, _: c.deployments.iterate(), _deployment),
    Call("deployments.create", C, lambda c, release: c.deployments.create("cars", **release), _release),
    Call("deployments.update", R, lambda c, ref: c.deployments.update(ref, max_instances=3), _deployment),
    Call("deployments.delete", N, lambda c, ref: c.deployments.delete(ref), _deployment, is_old=True),
    Call(
        "trainings.create",
        C,
        lambda c, given: c.trainings.create(
            FLUX, given[1], destination=given[0], input={"input_images": "https://example.com/data.zip"}
        ),
        lambda client, place: (_model(client, place), _version(client)),
    ),
    Call("trainings.get", R, lambda c, given: c.trainings.get(given), _training),
    Call("trainings.list", R, lambda c, _: c.trainings.list(), _training),
    Call("trainings.iterate", R, lambda c, _: c.trainings.iterate(), _training),
    Call("trainings.cancel", R, lambda c, given: c.trainings.cancel(given), _running_training),
    Call("files.create", R, lambda c, _: c.files.create(PICTURE)),
    Call("files.get", R, lambda c, given: c.files.get(given), _file),
    Call("files.list", R, lambda c, _: c.files.list(), _file),
    Call("files.iterate", R, lambda c, _: c.files.iterate(), _file),
    Call("files.delete", N, lambda c, given: c.files.delete(given), _file),
    Call("files.download", W, lambda c, given: c.files.download(**given), _link, _download_of),
    Call("predictions.create(model)", C, lambda c, _: c.predictions.create(FLUX, PROMPT)),
    Call(
        "predictions.create(version)",
        C,
        lambda c, version: c.predictions.create(input=PROMPT, version=version),
        lambda client, _place: _version(client),
    ),
    Call(
        "predictions.create(deployment)",
        C,
        lambda c, ref: c.predictions.create(input=PROMPT, deployment=ref),
        _deployment,
    ),
    Call("predictions.create(wait_s=1)", C, lambda c, _: c.predictions.create(FLUX, PROMPT, wait_s=1)),
    Call(
        "predictions.create(file)",
        R,
        lambda c, version: c.predictions.create(input={"image": bytes(300_000)}, version=version),
        lambda client, _place: _version(client, COMMUNITY),
        _uploads,
    ),
    Call("predictions.get", R, lambda c, given: c.predictions.get(given.id), _prediction),
    Call("predictions.list", R, lambda c, _: c.predictions.list(), _prediction),
    Call("predictions.iterate", R, lambda c, _: c.predictions.iterate(), _prediction),
    Call("predictions.cancel", R, lambda c, given: c.predictions.cancel(given.id), _stuck),
    Call(
        "predictions.wait",
        R,
        lambda c, given: c.predictions.wait(given, pace=PACE, deadline_s=DEADLINE_S * 3),
        _prediction,
    ),
    Call(
        "predictions.wait(id)",
        R,
        lambda c, given: c.predictions.wait(given.id, pace=PACE, deadline_s=DEADLINE_S * 3),
        _prediction,
    ),
    Call("predictions.find", R, lambda c, given: c.predictions.find(given), _outcome),
    Call(
        "predictions.stream",
        S,
        lambda c, given: c.predictions.stream(given, deadline_s=DEADLINE_S),
        _text,
        _stream_of,
    ),
    Call("run, its create", C, lambda c, _: c.run(FLUX, PROMPT, **RUN), aim=_creates),
    Call("run, its looks", R, lambda c, _: c.run(FLUX, PROMPT, **RUN), aim=_looks),
    Call(
        "run(wait_s=1), its create", C, lambda c, _: c.run(FLUX, PROMPT, **{**RUN, "wait_s": 1}), aim=_creates
    ),
    Call("stream, its create", C, lambda c, _: c.stream(LLAMA, WORDS, deadline_s=DEADLINE_S), aim=_creates),
    Call("stream, its events", S, lambda c, _: c.stream(LLAMA, WORDS, deadline_s=DEADLINE_S), aim=_events),
    Call("webhooks.secret", R, lambda c, _: c.webhooks.secret()),
    Call("webhooks.verify", R, lambda c, given: c.webhooks.verify(*given), _webhook),
    Call("output.read", F, lambda c, given: _output(c, given).read(), _ended, _output_of),
    Call("output.stream", F, lambda c, given: _output(c, given).stream(), _ended, _output_of),
    Call(
        "output.save",
        F,
        lambda c, given: _output(c, given[0]).save(given[1]),
        lambda client, place: (_ended(client, place), place.folder),
        _saved,
    ),
)
