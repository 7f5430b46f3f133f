"""What is asked for in words for all models: profiles, shapes, blocked words, and who chooses the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.gateway import serving
from tintype import testing
from tintype.domain import profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

GENERATIONS, ESTIMATES = "/api/generations", "/api/estimates"
ENVIRONMENT = {
    "TINTYPE_BLOCKED_WORDS": "some brand, gore",
    "TINTYPE_PROFILES": '{"sticker": {"suffix": ", die-cut", "aspect_ratio": "1:1"}}',
}


@pytest.fixture(scope="module")
def choosing(server: embedded.Server) -> Iterator[Serving]:
    """A gateway with a block list and a profile of its own."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, environment=ENVIRONMENT) as made,
    ):
        yield made


@pytest.fixture
def ask(choosing: Serving) -> Iterator[httpx2.Client]:
    """A client of it."""
    with choosing.http() as client:
        yield client


def test_the_guides_generation_for_print_is_made(ask: httpx2.Client, choosing: Serving) -> None:
    """A9: each parameter is sent only if the model has it; where it takes no negative prompt the response says so."""
    body = {
        "prompt": "a fox",
        "model": "imagen4_ultra",
        "profile": "print",
        "input": {"width": 1024, "height": 1024, "num_inference_steps": 50, "guidance_scale": 7.5},
    }

    told = ask.post(GENERATIONS, json=body, headers={"Prefer": "wait=30"}).json()

    assert told["state"] == "succeeded"
    assert told["input"] == {"prompt": "a fox", "aspect_ratio": "4:3", "output_format": "png"}
    assert (
        "profile print: google/imagen-4-ultra takes no negative prompt, so none was sent" in told["warnings"]
    )
    assert (told["outputs"][0]["content_type"], told["cost_usd"]) == ("image/png", "0.06")
    negative = ask.post(
        GENERATIONS, json={"prompt": "a fox", "model": "qwen-image", "profile": "print"}
    ).json()
    assert negative["input"]["negative_prompt"] == profiles.find("print").negative_prompt


def test_a_profile_of_the_settings_goes_along(ask: httpx2.Client) -> None:
    told = ask.post(GENERATIONS, json={"prompt": "a fox", "profile": "sticker"}).json()
    unknown = ask.post(GENERATIONS, json={"prompt": "a fox", "profile": "stickers"})

    assert told["input"] == {"prompt": "a fox, die-cut", "aspect_ratio": "1:1"}
    assert (unknown.status_code, "did you mean 'sticker'" in unknown.json()["detail"]) == (422, True)


def test_what_a_model_cannot_do_is_a_warning_or_refused(ask: httpx2.Client) -> None:
    body = {"prompt": "a fox", "model": "imagen-4", "size": "1536x1024", "transparent": True}

    told = ask.post(ESTIMATES, json=body).json()
    refused = ask.post(ESTIMATES, json={**body, "strict": True})

    assert (told["valid"], len(told["warnings"])) == (True, 2)
    assert told["warnings"][0] == "google/imagen-4 makes no 1536x1024; the nearest shape is 4:3"
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (GENERATIONS, {"prompt": "a shoe of Some  BRAND"}),
        ("/api/orders", {"generations": [{"prompt": "a fox"}, {"prompt": "gore"}]}),
        ("/api/generate/image", {"prompt": "gore"}),
        ("/replicate/v1/models/black-forest-labs/flux-schnell/predictions", {"input": {"prompt": "gore"}}),
        ("/openai/v1/images/generations", {"prompt": "gore", "model": "flux-schnell"}),
    ],
)
def test_a_blocked_word_is_refused_by_every_road(
    ask: httpx2.Client, choosing: Serving, path: str, body: dict[str, object]
) -> None:
    bought = choosing.simulator.bills()["predictions"]

    refused = ask.post(path, json=body)

    assert 400 <= refused.status_code < 500
    assert "does not allow" in refused.text
    assert choosing.simulator.bills()["predictions"] == bought
