"""What users do with `replicate` 2.0 beta, against the simulator."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os

import replicate
import runner
from replicate import AsyncReplicate, Replicate
from replicate.exceptions import ModelError

FLUX = "black-forest-labs/flux-schnell"
EDITOR = "black-forest-labs/flux-kontext-pro"
COMMUNITY = "stability-ai/sdxl"
TEXT = "meta/meta-llama-3-8b-instruct"


def client(origin: str, token: str = "r8_python_two", **options: object) -> Replicate:
    """Make a client as the SDK's users do; this SDK wants /v1 in the address."""
    return Replicate(bearer_token=runner.token(token), base_url=f"{origin}/v1", **options)


def create(
    api: Replicate, model: str, given: dict[str, object], **more: object
) -> replicate.types.Prediction:
    """Create a prediction of an official model."""
    owner, name = model.split("/")
    return api.models.predictions.create(model_owner=owner, model_name=name, input=given, **more)


def picture(output: object) -> bytes:
    """Read an output: https gives a file object, http only its address."""
    return output.read() if hasattr(output, "read") else runner.fetch(str(output))


def run(origin: str) -> None:
    """`run` gives the picture of an official model; over https as a file object."""
    (output,) = client(origin).run(FLUX, input={"prompt": "a boat", "output_format": "png"})
    assert hasattr(output, "read") == origin.startswith("https")
    assert picture(output).startswith(runner.PNG)


def run_by_version(origin: str) -> None:
    """`run` with a version id."""
    version = client(origin).models.get(model_owner="stability-ai", model_name="sdxl").latest_version
    outputs = client(origin).run(f"{COMMUNITY}:{version.id}", input={"prompt": "a boat"})
    assert len(outputs) == 1
    assert picture(outputs[0])


def run_by_polling(origin: str) -> None:
    """`run` without `Prefer: wait` polls until the end."""
    given = {"prompt": "[[delay=0.6]] a boat", "output_format": "png"}
    (output,) = client(origin).run(FLUX, input=given, wait=False)
    assert picture(output).startswith(runner.PNG)


def create_and_get(origin: str) -> None:
    """`create` and `get` give a prediction that succeeds."""
    api = client(origin)
    created = create(api, FLUX, {"prompt": "a boat", "seed": 5})
    got = api.predictions.wait(created.id)
    assert (got.id, got.status, got.version) == (created.id, "succeeded", "hidden")
    assert got.input["seed"] == 5
    assert got.metrics is not None
    assert got.urls.web.endswith(got.id)


def pages(origin: str) -> None:
    """`list` walks pages of a hundred by their cursors."""
    api = client(origin, "r8_python_two_pages")
    made = {create(api, FLUX, {"prompt": f"boat {n}"}).id for n in range(101)}
    first = api.predictions.list()
    assert len(first.results) == 100
    assert {one.id for one in first} == made


def cancel(origin: str) -> None:
    """`cancel` ends a prediction."""
    api = client(origin)
    made = create(api, FLUX, {"prompt": "[[stuck]] a boat"})
    assert api.predictions.cancel(prediction_id=made.id).status == "canceled"
    assert api.predictions.get(prediction_id=made.id).status == "canceled"


def files(origin: str) -> None:
    """A file is uploaded, listed, got and deleted."""
    api = client(origin)
    made = api.files.create(content=("notes.txt", b"a boat", "text/plain"), metadata={"customer": 7})
    assert (made.size, made.content_type) == (6, "text/plain")
    assert made.checksums.sha256 == hashlib.sha256(b"a boat").hexdigest()
    assert api.files.get(file_id=made.id).id == made.id
    assert made.id in {file.id for file in api.files.list()}
    api.files.delete(file_id=made.id)
    assert made.id not in {file.id for file in api.files.list()}


def file_as_input(origin: str) -> None:
    """Bytes are uploaded and used as the model's input."""
    api = client(origin)
    (drawn,) = api.run(FLUX, input={"prompt": "a boat", "output_format": "png"})
    uploaded = api.files.create(content=picture(drawn), filename="boat.png", type="image/png")
    given = {"prompt": "make it red", "input_image": uploaded.urls.get, "output_format": "png"}
    assert picture(api.run(EDITOR, input=given)).startswith(runner.PNG)


def models(origin: str) -> None:
    """Models are got, listed over pages, searched; their versions carry schemas."""
    api = client(origin)
    one = api.models.get(model_owner="black-forest-labs", model_name="flux-schnell")
    assert f"{one.owner}/{one.name}" == FLUX
    listed = [f"{m.owner}/{m.name}" for m in itertools.islice(api.models.list(), 40)]
    assert len(set(listed)) == 40
    assert FLUX in {f"{m.owner}/{m.name}" for m in api.models.search(body="flux schnell")}
    assert FLUX in {f"{m.model.owner}/{m.model.name}" for m in api.search(query="flux schnell").models}
    versions = api.models.versions.list(model_owner="stability-ai", model_name="sdxl")
    version = api.models.versions.get(
        model_owner="stability-ai", model_name="sdxl", version_id=versions.results[0].id
    )
    assert "prompt" in version.openapi_schema["components"]["schemas"]["Input"]["properties"]


def account(origin: str) -> None:
    """Account, hardware and collections answer."""
    api = client(origin)
    assert api.account.get().username
    assert {"cpu"} <= {one.sku for one in api.hardware.list()}
    slug = api.collections.list().results[0].slug
    assert api.collections.get(collection_slug=slug).models


def deployments(origin: str) -> None:
    """A deployment is made, changed, listed and used."""
    api = client(origin)
    version = api.models.get(model_owner="stability-ai", model_name="sdxl").latest_version.id
    sizes = {"min_instances": 0, "max_instances": 1}
    made = api.deployments.create(name="shop", model=COMMUNITY, version=version, hardware="cpu", **sizes)
    place = {"deployment_owner": made.owner, "deployment_name": made.name}
    assert made.current_release.number == 1
    assert api.deployments.update(**place, max_instances=2).current_release.configuration.max_instances == 2
    assert made.name in {one.name for one in api.deployments.list()}
    prediction = api.deployments.predictions.create(**place, input={"prompt": "a boat"}, prefer="wait")
    assert prediction.status == "succeeded"


def trainings(origin: str) -> None:
    """A training into a model of the account is made, got and listed."""
    api = client(origin)
    owner = api.account.get().username
    api.models.create(owner=owner, name="mine", hardware="cpu", visibility="private")
    version = api.models.get(model_owner="stability-ai", model_name="sdxl").latest_version.id
    made = api.trainings.create(
        model_owner="stability-ai",
        model_name="sdxl",
        version_id=version,
        input={"input_images": "https://example.com/boats.zip"},
        destination=f"{owner}/mine",
    )
    assert api.trainings.get(training_id=made.id).id == made.id
    assert made.id in {one.id for one in api.trainings.list()}


def asynchronously(origin: str) -> None:
    """The coroutines do what the functions do."""

    async def draw() -> list[object]:
        async with AsyncReplicate(bearer_token=runner.token("r8_python_two"), base_url=f"{origin}/v1") as api:
            given = {"prompt": "a boat", "output_format": "png"}
            return await asyncio.gather(*(api.run(FLUX, input=given) for _ in range(5)))

    for (output,) in asyncio.run(draw()):
        assert runner.is_ours(getattr(output, "url", output), origin)


def stream(origin: str) -> None:
    """A text model's words come one after the other; this SDK takes its settings from the environment."""
    os.environ["REPLICATE_BASE_URL"] = f"{origin}/v1"
    os.environ["REPLICATE_API_TOKEN"] = runner.token("r8_python_two")
    words = list(replicate.use(TEXT, streaming=True)(prompt="a boat"))
    assert len(words) > 3
    assert "".join(words).strip()


def webhook(origin: str) -> None:
    """A webhook is signed with the account's secret (this SDK has no validator of its own)."""
    api = client(origin)
    key = api.webhooks.default.secret.get().key
    with runner.receiver() as (url, got):
        made = create(api, FLUX, {"prompt": "a boat"}, webhook=url, webhook_events_filter=["completed"])
        headers, body = got.get(timeout=20)
    assert sign(key, headers, body) in headers["webhook-signature"].split(" ")
    assert (json.loads(body)["id"], json.loads(body)["status"]) == (made.id, "succeeded")


def webhook_vector(_: str) -> None:
    """The reference vector is what the documented recipe gives."""
    signature = sign(runner.VECTOR_SECRET, runner.VECTOR_HEADERS, runner.VECTOR_BODY)
    assert signature == runner.VECTOR_HEADERS["webhook-signature"]


def sign(secret: str, headers: dict[str, str], body: str) -> str:
    """Sign a webhook: HMAC-SHA256 of id, timestamp and body, joined by dots."""
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return f"v1,{base64.b64encode(hmac.digest(key, message.encode(), 'sha256')).decode()}"


def refusals(origin: str) -> None:
    """401, 402, 404, 422 and 429 come as the SDK's errors with status and words."""
    boat = {"prompt": "a boat"}
    for token, model, given, error, words in (
        ("nonsense", FLUX, boat, replicate.AuthenticationError, "token"),
        ("r8_broke_python_two", FLUX, boat, replicate.APIStatusError, "credit"),
        ("r8_python_two", "nobody/nothing", boat, replicate.NotFoundError, ""),
        ("r8_python_two", FLUX, {}, replicate.UnprocessableEntityError, "prompt is required"),
        (
            "r8_python_two",
            FLUX,
            {**boat, "num_outputs": 99},
            replicate.UnprocessableEntityError,
            "num_outputs",
        ),
        ("r8_limited_python_two", FLUX, boat, replicate.RateLimitError, "throttled"),
    ):
        api = client(origin, token, max_retries=0)
        raised = runner.raised(error, lambda: create(api, model, given))  # noqa: B023 - called at once
        assert words in raised.body["detail"], raised.body
        assert raised.status_code == raised.body.get("status", raised.status_code)


def failure(origin: str) -> None:
    """A prediction that fails is a ModelError with the model's words."""
    given = {"prompt": "[[fail=the paint ran out]] a boat"}
    error = runner.raised(ModelError, lambda: client(origin).run(FLUX, input=given))
    assert "the paint ran out" in str(error)
    assert error.prediction.status == "failed"


if __name__ == "__main__":
    assert replicate.__version__ == "2.0.0-beta.4"
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
