"""Whatever goes wrong, in whatever order: nothing is bought twice, and what is unknown can be settled.

Random scripts of faults over random sequences of calls. The simulator's bills are the truth.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype import AsyncClient, Client, Limits
from tintype.domain import errors
from tintype.replicate.pace import Pace
from tintype.replicate.policy import Policy
from tintype.testing import Simulator
from tintype.testing import simulator as run_simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.chaos

FLUX = "black-forest-labs/flux-schnell"
READ_S = 0.06
QUIET_S = 20.0
POLICY = Policy(pauses_s=(0.0, 0.0), jitter=0.0, throttled_max=2)
PACE = Pace(first_s=0.005, dense_least_s=0.005)
HOOK = "http://127.0.0.1:9/hook"
"""A webhook that nobody takes; it is what `find` goes by."""

times = st.fixed_dictionaries(
    {
        "skip": st.integers(0, 2),
        "count": st.sampled_from([1, 1, 2, None]),
        "probability": st.sampled_from([1, 1, 0.5]),
    }
)
places = st.sampled_from(
    [
        {"method": "POST", "path": "*/predictions"},
        {"method": "POST", "path": "*/predictions"},
        {"method": "GET", "path": "/predictions*"},
        {"method": "POST", "path": "*/cancel"},
        {"path": "*"},
    ]
)
acts = st.sampled_from(
    [
        {"do": "reset"},
        {"do": "reset", "when": "after"},
        {"do": "answer", "status": 500, "body": {"detail": "broken"}},
        {"do": "answer", "status": 502, "body": "<html>", "when": "after"},
        {"do": "answer", "status": 429, "body": {"detail": "throttled", "retry_after": 0}},
        {"do": "answer", "status": 402, "body": {"detail": "no credit"}},
        {"do": "answer", "status": 408},
        {"do": "answer", "status": 200, "body": "<html>"},
        {"do": "truncate", "keep": 0.0},
        {"do": "truncate", "keep": 0.7},
        {"do": "malform"},
        {"do": "ignore_wait"},
        {"do": "delay", "delay_s": 0.01},
        {"do": "delay", "delay_s": 0.1},
        {"do": "delay", "delay_s": 0.1, "when": "after"},
        {"do": "drip", "bytes_per_s": 1_000},
        {"do": "black_hole"},
        {"do": "black_hole", "when": "after"},
    ]
)
rules = st.lists(
    st.builds(lambda time, place, act: {**time, **place, **act}, times, places, acts), max_size=4
)
asks = st.sampled_from(
    ["official", "version", "deployment", "hook", "held", "run", "run held", "wait", "cancel", "list"]
)


@dataclass
class World:
    """One simulator for all examples, and a deployment on it for each account."""

    simulator: Simulator
    version: str
    runner: asyncio.Runner


@dataclass
class Story:
    """What one example asked for and what came of it, by the prompt of each ask."""

    made: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    unknown: dict[str, errors.OutcomeUnknown] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    """Bought for certain, though its end was not seen."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A simulator whose models are instant, and an event loop."""
    with run_simulator() as simulator, asyncio.Runner() as runner, _clean(simulator) as client:
        version = client.models.get(FLUX).latest_version
        assert version is not None
        yield World(simulator, version.id, runner)


def _clean(simulator: Simulator) -> Client:
    """Return a client that waits patiently and meets no faults."""
    return Client(simulator.token, base_url=simulator.url, limits=Limits.none(), trust_env=False)


@given(
    script=rules,
    seed=st.integers(0, 1000),
    calls=st.lists(asks, min_size=1, max_size=6),
    client=st.sampled_from(["blocking", "awaiting"]),
)
@settings(deadline=None)
def test_nothing_is_bought_twice_and_find_settles_what_is_unknown(
    world: World, script: list[dict[str, Any]], seed: int, calls: list[str], client: str
) -> None:
    """For each ask there is one prediction at most: exactly one where it succeeded, none where it was refused."""
    simulator = Simulator(world.simulator.url, world.simulator.new_token())
    with _clean(simulator) as patient:
        deployment = ""
        if "deployment" in calls:
            deployment = _deployment(patient, world.version)
        simulator.faults([{**rule, "token": simulator.token} for rule in script], seed=seed)
        options: dict[str, Any] = {
            "base_url": simulator.url,
            "limits": Limits.none(),
            "policy": POLICY,
            "pace": PACE,
            "read_s": READ_S,
            "trust_env": False,
        }
        if client == "awaiting":
            story = world.runner.run(_told_async(simulator.token, options, calls, world.version, deployment))
        else:
            story = _told(simulator.token, options, calls, world.version, deployment)
        simulator.clear_faults()
        _until_quiet(simulator)

        predictions = simulator.predictions()
        asked = len(story.made) + len(story.refused) + len(story.unknown) + len(story.open)
        bought: dict[str, list[str]] = {}
        for one in predictions:
            bought.setdefault(one["input"]["prompt"], []).append(one["id"])
        assert simulator.bills(simulator.token)["predictions"] == len(predictions) <= asked
        assert all(len(ids) == 1 for ids in bought.values())
        assert not story.refused & bought.keys()
        assert story.open <= bought.keys()
        for prompt, identity in story.made.items():
            assert bought[prompt] == [identity]
        for prompt, outcome in story.unknown.items():
            found = [one.id for one in patient.predictions.find(outcome)]
            assert found == bought.get(prompt, [])


def _deployment(client: Client, version: str) -> str:
    client.deployments.create(
        "cars", model=FLUX, version=version, hardware="gpu-t4", min_instances=0, max_instances=1
    )
    return f"{client.account.get().username}/cars"


def _until_quiet(simulator: Simulator) -> None:
    """Wait until no request is under way: a create whose client has left may still be accepted."""
    until = time.monotonic() + QUIET_S
    while simulator.health()["under_way"]:
        assert time.monotonic() < until, "a request never ended"


def _told(token: str, options: dict[str, Any], calls: list[str], version: str, deployment: str) -> Story:
    story = Story()
    with Client(token, **options) as client:
        for number, call in enumerate(calls):
            try:
                ended = _act(client, call, number, version, deployment, story)
            except errors.UpstreamError as error:
                ended = error
            _note(story, f"ask {number}", call, ended)
    return story


async def _told_async(
    token: str, options: dict[str, Any], calls: list[str], version: str, deployment: str
) -> Story:
    story = Story()
    async with AsyncClient(token, **options) as client:
        for number, call in enumerate(calls):
            try:
                ended = await _act(client, call, number, version, deployment, story)
            except errors.UpstreamError as error:
                ended = error
            _note(story, f"ask {number}", call, ended)
    return story


def _act(client: Any, call: str, number: int, version: str, deployment: str, story: Story) -> Any:
    """Make one call; those about a prediction take the latest that is known."""
    given = {"prompt": f"ask {number}"}
    known = list(story.made.values())
    create = client.predictions.create
    if call in {"wait", "cancel"} and known:
        is_wait = call == "wait"
        return (
            client.predictions.wait(known[-1], deadline_s=1)
            if is_wait
            else client.predictions.cancel(known[-1])
        )
    hook = {"webhook": f"{HOOK}/{number}", "webhook_events": ["completed"]}
    asks: dict[str, Callable[[], Any]] = {
        "official": lambda: create(FLUX, given),
        "version": lambda: create(input=given, version=version),
        "deployment": lambda: create(input=given, deployment=deployment),
        "hook": lambda: create(FLUX, given, **hook),
        "held": lambda: create(FLUX, given, wait_s=1),
        "run": lambda: client.run(FLUX, given, wait_s=0, deadline_s=2),
        "run held": lambda: client.run(FLUX, given, wait_s=1, deadline_s=2),
    }
    return asks.get(call, client.predictions.list)()


def _note(story: Story, prompt: str, call: str, ended: Any) -> None:
    """Note what an ask came to; calls that buy nothing leave no trace here."""
    if call in {"wait", "cancel", "list"}:
        assert not isinstance(ended, errors.OutcomeUnknown)
        assert ended is not None
    elif isinstance(ended, errors.OutcomeUnknown):
        story.unknown[prompt] = ended
    elif isinstance(ended, errors.UpstreamError) and ended.prediction_id is not None:
        story.open.add(prompt)
    elif isinstance(ended, errors.UpstreamError):
        story.refused.add(prompt)
    elif isinstance(ended, list):
        assert ended
        story.made[prompt] = str(ended[0].prediction_id)
    else:
        story.made[prompt] = ended.id
