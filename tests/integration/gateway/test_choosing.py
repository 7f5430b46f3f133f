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
RECOMMENDATIONS = "/api/recommendations"
SCHNELL, RECRAFT = "black-forest-labs/flux-schnell", "recraft-ai/recraft-v3"
ENVIRONMENT = {
    "TINTYPE_EXPLORE_SHARE": "0",
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
    """Each parameter is sent only if the model has it; where it takes no negative prompt the response says so."""
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
    assert told["warnings"][0] == "google/imagen-4 makes no 1536x1024; 2368x1776 comes instead"
    assert refused.status_code == 422


def test_a_size_is_made_or_told_or_refused(ask: httpx2.Client) -> None:
    """Also of a proof, whose size is the smallest only where none is asked for; one that is chosen can make it."""
    small = {"prompt": "a fox", "mode": "proof", "size": "2048x2048"}
    large = {"prompt": "a fox", "mode": "auto", "size": "4096x4096", "strict": True}

    made = ask.post(
        GENERATIONS,
        json={"prompt": "a fox", "model": "imagen-4", "size": "2048x2048", "strict": True},
        headers={"Prefer": "wait=60"},
    ).json()
    proof = ask.post(GENERATIONS, json=small, headers={"Prefer": "wait=60"}).json()
    refused = ask.post(GENERATIONS, json={**small, "strict": True})
    chosen = ask.post(ESTIMATES, json=large).json()

    assert (made["warnings"], made["outputs"][0]["width"]) == ([], 2048)
    assert proof["warnings"] == [f"{SCHNELL} makes no 2048x2048; 1024x1024 comes instead"]
    assert (proof["outputs"][0]["width"], refused.status_code) == (1024, 422)
    assert (chosen["choices"][0]["model"], chosen["warnings"]) == ("bytedance/seedream-4", [])
    assert f"not {SCHNELL}: {SCHNELL} makes no 4096x4096" in str(chosen["choices"][0]["reasons"])


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


def test_approving_and_repeating_are_roads_too(ask: httpx2.Client) -> None:
    """A final's own prompt may hold no blocked word either."""
    wait = {"Prefer": "wait=60"}
    # Of an end user of its own, whose liking nobody else is asked about.
    body = {"prompt": "a fox", "mode": "proof", "user": "approving"}
    proof = ask.post(GENERATIONS, json=body, headers=wait).json()

    refused = ask.post(f"{GENERATIONS}/{proof['id']}/approve", json={"input": {"prompt": "gore"}})

    assert (refused.status_code, "does not allow" in refused.text) == (422, True)
    assert ask.post(f"{GENERATIONS}/{proof['id']}/approve", json={}).status_code == 202


def test_auto_chooses_by_the_prompt_and_says_why(ask: httpx2.Client) -> None:
    """The cheap model for a prompt that asks for little; the reasons hold words and numbers."""
    told = ask.post(GENERATIONS, json={"prompt": "a castle", "mode": "auto"}).json()

    (choice,) = told["choices"]
    assert told["model"] == choice["model"] == SCHNELL
    assert "before any vote, 0 votes of yours" in " ".join(choice["reasons"])
    first, *_ = choice["candidates"]
    assert first["score"] == pytest.approx(
        first["liking"] - first["price_cost"] - first["time_cost"], abs=2e-4
    )
    assert "choices" in ask.get(f"{GENERATIONS}/{told['id']}").json()


def test_auto_never_goes_above_the_price_limit(ask: httpx2.Client) -> None:
    hard = "a photorealistic, intricate, ornate clock, with gears, and engravings, cinematic, golden hour"

    free, tight = (
        ask.post(ESTIMATES, json={"prompt": hard, "mode": "auto", "n": 2, **limit}).json()
        for limit in ({}, {"max_usd": "0.01"})
    )
    refused = ask.post(GENERATIONS, json={"prompt": hard, "mode": "auto", "max_usd": "0.001"})

    assert (free["parts"][0]["model"] != SCHNELL, free["valid"]) == (True, True)
    assert (tight["parts"][0]["model"], tight["at_most_usd"]) == (SCHNELL, "0.006")
    assert refused.status_code == 422
    assert "above the limit of $0.001" in refused.json()["detail"]


def test_auto_learns_from_what_its_user_rates_and_from_no_other(ask: httpx2.Client) -> None:
    """The preference is a user's own, and a request that is repeated under its key is chosen for as before."""
    asked = {"prompt": "a castle", "mode": "auto", "user": "ada"}
    key = {"Idempotency-Key": "castle"}
    before = ask.post(GENERATIONS, json=asked, headers=key).json()
    for model, rating in ((RECRAFT, "up"), (SCHNELL, "down")) * 3:
        made = ask.post(
            GENERATIONS,
            json={"prompt": "a castle", "model": model, "user": "ada"},
            headers={"Prefer": "wait=30"},
        ).json()
        assert ask.post(f"{GENERATIONS}/{made['id']}/rate", json={"rating": rating}).status_code == 200

    after = ask.post(ESTIMATES, json=asked).json()
    others = ask.post(ESTIMATES, json={**asked, "user": "ben"}).json()
    again = ask.post(GENERATIONS, json=asked, headers=key)

    assert (before["model"], after["parts"][0]["model"], others["parts"][0]["model"]) == (
        SCHNELL,
        RECRAFT,
        SCHNELL,
    )
    assert "3 votes of yours" in " ".join(after["choices"][0]["reasons"])
    assert (again.status_code, again.json()["id"]) == (202, before["id"])


def test_a_rating_that_is_taken_back_makes_no_other_request(ask: httpx2.Client) -> None:
    """Rule 8: under an Idempotency-Key what was asked counts, and not what would be chosen by now."""
    asked = {"prompt": "a castle", "mode": "auto", "user": "cleo"}
    rated = []
    for model, rating in ((RECRAFT, "up"), (SCHNELL, "down")) * 3:
        made = ask.post(
            GENERATIONS,
            json={"prompt": "a castle", "model": model, "user": "cleo"},
            headers={"Prefer": "wait=30"},
        ).json()
        assert ask.post(f"{GENERATIONS}/{made['id']}/rate", json={"rating": rating}).status_code == 200
        rated.append(made)
    key = {"Idempotency-Key": "castle of cleo"}
    before = ask.post(GENERATIONS, json=asked, headers=key).json()
    for one in rated:
        rating = "down" if one["model"] == RECRAFT else "up"
        assert ask.post(f"{GENERATIONS}/{one['id']}/rate", json={"rating": rating}).status_code == 200

    by_now = ask.post(ESTIMATES, json=asked).json()
    again = ask.post(GENERATIONS, json=asked, headers=key)
    other = [
        ask.post(GENERATIONS, json={**asked, **another}, headers=key)
        for another in ({"cache": "off"}, {"max_usd": "1"}, {"prompt": "a fort"}, {"mode": "standard"})
    ]

    assert (before["model"], by_now["parts"][0]["model"]) == (RECRAFT, SCHNELL)
    assert (again.status_code, again.json()["id"]) == (202, before["id"])
    assert again.json()["choices"] == []
    assert [one.status_code for one in other] == [409] * 4


@pytest.mark.parametrize(
    ("more", "most", "held"),
    [({"n": 6}, "0.0179", "0.018"), ({"finish": ["remove-background"]}, "0.05", "0.138")],
    ids=["n", "finish"],
)
def test_the_most_that_it_may_cost_is_for_all_of_it(
    ask: httpx2.Client, more: dict[str, object], most: str, held: str
) -> None:
    """Each generation alone would be below it: several pictures and bought steps are added up, to the nano-dollar."""
    asked = {"prompt": "a boat", "user": "dora", **more}

    refused, told = [
        ask.post(path, json={**asked, "model": "flux-schnell", "max_usd": most})
        for path in (GENERATIONS, ESTIMATES)
    ]
    auto = ask.post(ESTIMATES, json={**asked, "mode": "auto", "max_usd": most})
    enough = ask.post(ESTIMATES, json={**asked, "model": "flux-schnell", "max_usd": held})

    assert (refused.status_code, told.status_code) == (422, 200)
    assert f"may cost up to ${held} in" in refused.json()["detail"]
    assert [(one["field"], f"${held}" in one["detail"]) for one in told.json()["faults"]] == [
        ("max_usd", True)
    ]
    assert (auto.status_code, f"${held}, above the limit" in auto.text) == (422, True)
    assert (enough.status_code, enough.json()["at_most_usd"]) == (200, held)
    assert ask.get(GENERATIONS, params={"user": "dora"}).json()["data"] == []


def test_an_approved_proof_is_a_vote_for_its_model(ask: httpx2.Client) -> None:
    """Approvals feed the preference too, as five stars do."""
    proof = ask.post(
        GENERATIONS,
        json={"prompt": "a castle", "mode": "proof", "user": "eve"},
        headers={"Prefer": "wait=30"},
    ).json()
    assert ask.post(f"{GENERATIONS}/{proof['id']}/approve", json={}).status_code == 202

    told = ask.post(ESTIMATES, json={"prompt": "a castle", "mode": "auto", "user": "eve"}).json()

    votes = {one["model"]: one["votes"] for one in told["choices"][0]["candidates"]}
    assert votes[proof["model"]] == 1
    assert sum(votes.values()) == 1


def test_an_order_is_chosen_for_body_by_body(ask: httpx2.Client) -> None:
    parts = [
        {"prompt": "a castle", "mode": "auto"},
        {"prompt": 'a sign "OPEN"', "mode": "auto"},
        {"prompt": "a fox"},
    ]

    told = ask.post("/api/orders", json={"generations": parts}).json()
    refused = ask.post("/api/orders", json={"generations": [parts[0], {**parts[1], "max_usd": "0.0001"}]})

    assert [one["subject"] for one in told["choices"]] == ["other", "lettering"]
    assert [one["model"] for one in told["generations"]][:2] == [one["model"] for one in told["choices"]]
    assert refused.json()["detail"].startswith("generations.1: no model can do this within the limits")


def test_a_budget_gets_the_guides_answers(ask: httpx2.Client) -> None:
    """Over HTTP, by the setting's models; what is no budget is refused."""
    answers = {
        ("6.00", 100, True): "black-forest-labs/flux-1.1-pro-ultra",
        ("6.00", 100, False): "bytedance/seedream-4",
        ("3.00", 100, True): "bytedance/seedream-4",
        ("1.00", 100, True): SCHNELL,
    }

    for (budget, iterations, needs_high_quality), model in answers.items():
        body = {"budget": budget, "iterations": iterations, "needs_high_quality": needs_high_quality}
        told = ask.post(RECOMMENDATIONS, json=body).json()
        assert (told["model"], told["fits"]) == (model, True)
    assert ask.post(RECOMMENDATIONS, json={"budget": "0", "iterations": 1}).status_code == 422
    assert "'budget'?" in ask.post(RECOMMENDATIONS, json={"budget_usd": "5", "iterations": 1}).text
    assert (
        ask.post(RECOMMENDATIONS, json={"budget": "1", "iterations": 1, "models": ["x"]}).status_code == 404
    )
