"""What users do with `replicate` 1.x, against the simulator."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import runner
from replicate.__about__ import __version__
from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError
from replicate.webhook import InvalidSignatureError, InvalidTimestampError, Webhooks, WebhookSigningSecret

FLUX = "black-forest-labs/flux-schnell"
EDITOR = "black-forest-labs/flux-kontext-pro"
COMMUNITY = "stability-ai/sdxl"
TEXT = "meta/meta-llama-3-8b-instruct"


def client(origin: str, token: str = "r8_python_one") -> Client:
    """Make a client as the SDK's users do; this SDK adds /v1 by itself."""
    return Client(api_token=runner.token(token), base_url=origin)


def picture(output: object) -> bytes:
    """Read an output: https gives a file object, http only its address."""
    return output.read() if hasattr(output, "read") else runner.fetch(str(output))


def run(origin: str) -> None:
    """`run` gives the picture of an official model; over https as a file object."""
    (output,) = client(origin).run(FLUX, input={"prompt": "a boat", "output_format": "png"})
    assert hasattr(output, "read") == origin.startswith("https")
    assert picture(output).startswith(runner.PNG)


def run_by_version(origin: str) -> None:
    """`run` with a version id looks up the version's schema afterwards."""
    version = client(origin).models.get(COMMUNITY).latest_version
    outputs = list(client(origin).run(f"{COMMUNITY}:{version.id}", input={"prompt": "a boat"}))
    assert len(outputs) == 1
    assert picture(outputs[0])


def run_by_polling(origin: str) -> None:
    """`run` without `Prefer: wait` polls until the end."""
    (output,) = client(origin).run(
        FLUX, input={"prompt": "[[delay=0.6]] a boat", "output_format": "png"}, wait=False
    )
    assert picture(output).startswith(runner.PNG)


def create_and_get(origin: str) -> None:
    """`create` and `get` give a prediction that succeeds."""
    api = client(origin)
    created = api.models.predictions.create(model=FLUX, input={"prompt": "a boat", "seed": 5})
    created.wait()
    got = api.predictions.get(created.id)
    assert (got.id, got.status, got.version) == (created.id, "succeeded", "hidden")
    assert got.input["seed"] == 5
    assert got.metrics["predict_time"] >= 0
    assert set(got.urls) >= {"get", "cancel"}


def pages(origin: str) -> None:
    """`list` walks pages of a hundred by their cursors."""
    api = client(origin, "r8_python_one_pages")
    made = {api.models.predictions.create(FLUX, {"prompt": f"boat {n}"}).id for n in range(101)}
    first = api.predictions.list()
    second = api.predictions.list(first.next)
    assert (len(first), len(second), second.next) == (100, 1, None)
    assert {one.id for one in [*first, *second]} == made


def cancel(origin: str) -> None:
    """`cancel` ends a prediction."""
    prediction = client(origin).models.predictions.create(model=FLUX, input={"prompt": "[[stuck]] a boat"})
    prediction.cancel()
    prediction.reload()
    assert prediction.status == "canceled"


def files(origin: str) -> None:
    """A file is uploaded, listed, got and deleted."""
    api = client(origin)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "notes.txt")
        path.write_text("a boat")
        made = api.files.create(path, metadata={"customer": 7})
    assert (made.name, made.size, made.content_type) == ("notes.txt", 6, "text/plain")
    assert made.metadata == {"customer": 7}
    assert api.files.get(made.id).checksums["sha256"] == made.checksums["sha256"]
    assert made.id in {file.id for file in api.files.list()}
    assert api.files.delete(made.id)
    assert made.id not in {file.id for file in api.files.list()}


def file_as_input(origin: str) -> None:
    """An open file is uploaded and used as the model's input."""
    api = client(origin)
    (drawn,) = api.run(FLUX, input={"prompt": "a boat", "output_format": "png"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "boat.png")
        path.write_bytes(picture(drawn))
        with path.open("rb") as file:
            output = api.run(
                EDITOR, input={"prompt": "make it red", "input_image": file, "output_format": "png"}
            )
    assert picture(output).startswith(runner.PNG)


def models(origin: str) -> None:
    """Models are got, listed by page, searched; their versions carry schemas."""
    api = client(origin)
    assert (api.models.get(FLUX).owner, api.models.get(FLUX).name) == tuple(FLUX.split("/"))
    first = api.models.list()
    assert len(first) == 25
    assert not {one.id for one in first} & {one.id for one in api.models.list(first.next)}
    assert FLUX in {one.id for one in api.models.search("flux schnell")}
    versions = api.models.get(COMMUNITY).versions.list()
    version = api.models.get(COMMUNITY).versions.get(versions[0].id)
    assert "prompt" in version.openapi_schema["components"]["schemas"]["Input"]["properties"]


def account(origin: str) -> None:
    """Account, hardware and collections answer."""
    api = client(origin)
    assert api.accounts.current().username
    assert {"cpu"} <= {one.sku for one in api.hardware.list()}
    slug = api.collections.list()[0].slug
    assert len(api.collections.get(slug)) > 0


def deployments(origin: str) -> None:
    """A deployment is made, changed, listed and used."""
    api = client(origin)
    version = api.models.get(COMMUNITY).latest_version.id
    sizes = {"min_instances": 0, "max_instances": 1}
    made = api.deployments.create(name="shop", model=COMMUNITY, version=version, hardware="cpu", **sizes)
    assert (made.name, made.current_release.number) == ("shop", 1)
    changed = api.deployments.update(made.owner, made.name, max_instances=2)
    assert changed.current_release.configuration.max_instances == 2
    assert made.name in {one.name for one in api.deployments.list()}
    prediction = api.deployments.predictions.create((made.owner, made.name), {"prompt": "a boat"})
    prediction.wait()
    assert prediction.status == "succeeded"


def trainings(origin: str) -> None:
    """A training into a model of the account is made, got and listed."""
    api = client(origin)
    owner = api.accounts.current().username
    mine = api.models.create(owner, "mine", hardware="cpu", visibility="private")
    version = api.models.get(COMMUNITY).latest_version.id
    made = api.trainings.create(
        model=COMMUNITY,
        version=version,
        input={"input_images": "https://example.com/boats.zip"},
        destination=mine.id,
    )
    assert api.trainings.get(made.id).id == made.id
    assert made.id in {one.id for one in api.trainings.list()}


def asynchronously(origin: str) -> None:
    """The coroutines do what the functions do."""

    async def draw() -> list[object]:
        api = client(origin)
        given = {"prompt": "a boat", "output_format": "png"}
        return await asyncio.gather(*(api.async_run(FLUX, input=given) for _ in range(5)))

    for (output,) in asyncio.run(draw()):
        assert runner.is_ours(output, origin)


def stream(origin: str) -> None:
    """A text model's words come as events that end with `done`."""
    events = list(client(origin).stream(TEXT, input={"prompt": "a boat"}))
    assert events[-1].event.value == "done"
    assert len([one for one in events if one.event.value == "output"]) > 3
    assert "".join(str(one) for one in events).strip()


def webhook(origin: str) -> None:
    """A webhook that the simulator delivers passes the SDK's validator; a changed one does not."""
    api = client(origin)
    secret = api.webhooks.default.secret()
    with runner.receiver() as (url, got):
        made = api.models.predictions.create(
            model=FLUX, input={"prompt": "a boat"}, webhook=url, webhook_events_filter=["completed"]
        )
        headers, body = got.get(timeout=20)
    Webhooks.validate(headers=headers, body=body, secret=secret, tolerance=300)
    assert (json.loads(body)["id"], json.loads(body)["status"]) == (made.id, "succeeded")
    runner.raised(
        InvalidSignatureError, lambda: Webhooks.validate(headers=headers, body=f"{body} ", secret=secret)
    )


def webhook_vector(_: str) -> None:
    """The reference vector passes, and is too old where a tolerance is asked for."""
    secret = WebhookSigningSecret(key=runner.VECTOR_SECRET)
    Webhooks.validate(headers=runner.VECTOR_HEADERS, body=runner.VECTOR_BODY, secret=secret)
    vector = {"headers": runner.VECTOR_HEADERS, "body": runner.VECTOR_BODY, "secret": secret}
    runner.raised(InvalidTimestampError, lambda: Webhooks.validate(**vector, tolerance=300))


def refusals(origin: str) -> None:
    """401, 402, 404, 422 and 429 come as the SDK's error with status and words."""
    boat = {"prompt": "a boat"}
    for token, model, given, status, words in (
        ("nonsense", FLUX, boat, 401, "token"),
        ("r8_broke_python_one", FLUX, boat, 402, "credit"),
        ("r8_python_one", "nobody/nothing", boat, 404, ""),
        ("r8_python_one", FLUX, {}, 422, "prompt is required"),
        ("r8_python_one", FLUX, {**boat, "num_outputs": 99}, 422, "num_outputs"),
        ("r8_limited_python_one", FLUX, boat, 429, "throttled"),
    ):
        api = client(origin, token)
        error = runner.raised(ReplicateError, lambda: api.models.predictions.create(model, given))  # noqa: B023 - called at once
        assert error.status == status, (status, error)
        assert words in (error.detail or ""), (status, error)


def failure(origin: str) -> None:
    """A prediction that fails is a ModelError with the model's words."""
    given = {"prompt": "[[fail=the paint ran out]] a boat"}
    error = runner.raised(ModelError, lambda: client(origin).run(FLUX, input=given))
    assert "the paint ran out" in str(error)
    assert error.prediction.status == "failed"


if __name__ == "__main__":
    assert __version__ == "1.0.7"
    runner.main(
        {
            "run": run,
            "run by version": run_by_version,
            "run by polling": run_by_polling,
            "create and get": create_and_get,
            "list": pages,
            "cancel": cancel,
            "files": files,
            "file as input": file_as_input,
            "models": models,
            "account": account,
            "deployments": deployments,
            "trainings": trainings,
            "asyncio": asynchronously,
            "stream": stream,
            "webhook": webhook,
            "webhook vector": webhook_vector,
            "refusals": refusals,
            "failure": failure,
        }
    )
