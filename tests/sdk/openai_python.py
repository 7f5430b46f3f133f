"""What users do with `openai` for pictures, against the gateway."""

from __future__ import annotations

import asyncio
import base64

import openai
import runner
from openai import AsyncOpenAI, OpenAI

FLUX = "black-forest-labs/flux-schnell"


def client(origin: str, **options: object) -> OpenAI:
    """Make a client as the SDK's users do; it finds its key in OPENAI_API_KEY."""
    return OpenAI(base_url=f"{origin}/openai/v1", **options)


def picture(origin: str) -> None:
    """A link, as it is given when nothing is said."""
    made = client(origin).images.generate(model=FLUX, prompt="a red sports car")
    assert made.created > 0
    assert runner.fetch(made.data[0].url)[8:12] == b"WEBP"
    assert made.data[0].b64_json is None
    assert (made.output_format, made.size) == ("webp", "1024x1024")


def in_base64(origin: str) -> None:
    """The file itself, in the format that was asked for."""
    made = client(origin).images.generate(
        model=FLUX, prompt="a boat", response_format="b64_json", output_format="png", size="1536x1024"
    )
    assert base64.b64decode(made.data[0].b64_json).startswith(runner.PNG)
    assert made.data[0].url is None
    width, height = map(int, made.size.split("x"))
    assert width / height > 1.4


def several(origin: str) -> None:
    """As many as are asked for, more than the model makes at once among them."""
    made = client(origin).images.generate(model=FLUX, prompt="a boat", n=6, user="somebody")
    assert len({one.url for one in made.data}) == 6


def without_a_model(origin: str) -> None:
    """The quality chooses one."""
    made = client(origin).images.generate(prompt="a boat", quality="hd", size="1792x1024")
    assert made.data[0].url


def asyncio_too(origin: str) -> None:
    """The asynchronous client does the same."""

    async def act() -> None:
        async with AsyncOpenAI(base_url=f"{origin}/openai/v1") as api:
            made = await api.images.generate(model=FLUX, prompt="a boat")
            assert made.data[0].url

    asyncio.run(act())


def models(origin: str) -> None:
    """Listed, and each by its name."""
    api = client(origin)
    listed = [model.id for model in api.models.list()]
    assert FLUX in listed
    assert not any("i2v" in name for name in listed)
    found = api.models.retrieve(FLUX)
    assert (found.id, found.owned_by) == (FLUX, "black-forest-labs")
    assert "dall-e-3" in listed
    renamed = api.images.generate(model="dall-e-3", prompt="a boat")
    assert f"dall-e-3 stands for {FLUX} here" in renamed.warnings
    assert api.models.retrieve("dall-e-3").id == "dall-e-3"
    missing = runner.raised(openai.NotFoundError, lambda: api.models.retrieve("nobody/nothing"))
    assert missing.code == "model_not_found"


def refusals(origin: str) -> None:
    """Errors are the SDK's own, with code and parameter."""
    api = client(origin)
    unknown = runner.raised(
        openai.NotFoundError, lambda: api.images.generate(model="gpt-image-nothing", prompt="a boat")
    )
    assert unknown.code == "model_not_found"
    wrong = runner.raised(
        openai.UnprocessableEntityError, lambda: api.images.generate(model=FLUX, prompt="a boat", size="big")
    )
    assert (wrong.param, wrong.type) == ("size", "invalid_request_error")
    strange = client(origin, api_key="tt_nobody")
    refused = runner.raised(openai.AuthenticationError, lambda: strange.images.generate(prompt="a boat"))
    assert refused.code == "invalid_api_key"
    elsewhere = runner.raised(openai.NotFoundError, api.files.list)
    assert elsewhere.code == "not_found"


def failures(origin: str) -> None:
    """What was not made is a 400: the SDK repeats nothing, so that nothing is bought again."""
    api = client(origin)
    failed = runner.raised(
        openai.BadRequestError, lambda: api.images.generate(model=FLUX, prompt="[[fail=out of paint]] a boat")
    )
    assert "out of paint" in failed.message
    refused = runner.raised(
        openai.BadRequestError, lambda: api.images.generate(model=FLUX, prompt="[[nsfw]] a boat")
    )
    assert refused.code == "moderation_blocked"


if __name__ == "__main__":
    runner.main(
        {
            "picture": picture,
            "in base64": in_base64,
            "several": several,
            "without a model": without_a_model,
            "asyncio": asyncio_too,
            "models": models,
            "refusals": refusals,
            "failures": failures,
        }
    )
