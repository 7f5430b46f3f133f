"""Faults that do not meet a request of the client: webhooks, output files, tokens, and the prompt's own."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.faults.calls import CALLS, FLUX, LLAMA, PACE, Call, Kind
from tests.receiving import receiver
from tintype import AsyncClient, Client, Limits, webhooks
from tintype.domain import errors
from tintype.replicate.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tintype.testing import Simulator

POLICY = Policy(pauses_s=(0.01,), jitter=0.0, throttled_max=1)
READ_S = 0.5
ARRIVES_S = 10.0
CLIENTS = pytest.mark.parametrize("kind", ["blocking", "awaiting"])
OK = "ok"

# Webhook fault, then what `verify` says to each delivery that comes, in the order of coming.
WEBHOOKS = {
    "drop": [],
    "double": [OK, OK],
    "delay": [OK],
    "reorder": [OK],
    "missign": ["WebhookRefused"],
}
# Fault of an output file, then how reading, saving and streaming it end.
OUTPUTS: Mapping[str, tuple[dict[str, Any], str]] = {
    "missing": ({"do": "missing"}, "RetentionPassed"),
    "truncate": ({"do": "truncate"}, "NetworkError"),
    "truncate once": ({"do": "truncate", "count": 1}, OK),
    "slow": ({"do": "slow", "bytes_per_s": 100}, "TimedOut"),
    "slow once": ({"do": "slow", "bytes_per_s": 100, "count": 1}, OK),
    "slow but moving": ({"do": "slow", "bytes_per_s": 2_000_000}, OK),
}
# Beginning of a token, then how calls that need nothing beforehand end: those that may buy, and the others.
TOKENS = {
    "r8_limited": ("RateLimited", "RateLimited"),
    "r8_broke": ("PaymentError", OK),
    "nobody": ("AuthenticationError", "AuthenticationError"),
}
# Words in a prompt, then how `run`, `wait` and `stream` end.
PROMPTS = {
    "[[fail=no more memory]]": "PredictionFailed",
    "[[nsfw]]": "ContentRefused",
    "[[stuck]]": "TimedOut",
    "[[delay=0.2]]": OK,
    "[[cold=0.2]]": OK,
}


def _end(
    simulator: Simulator,
    kind: str,
    act: Callable[[Any], Any],
    *,
    token: str | None = None,
    policy: Policy = POLICY,
) -> str:
    """Make a call with one kind of client; give the name of its error, or ok where it gave something."""
    options: dict[str, Any] = {
        "base_url": simulator.url,
        "limits": Limits.none(),
        "policy": policy,
        "pace": PACE,
        "read_s": READ_S,
        "trust_env": False,
    }
    try:
        if kind == "blocking":
            with Client(token or simulator.token, **options) as client:
                value = act(client)
                value = list(value) if inspect.isgenerator(value) else value
        else:
            value = asyncio.run(_awaited(token or simulator.token, options, act))
    except errors.TintypeError as error:
        return type(error).__name__
    assert value is not None
    return OK


async def _awaited(token: str, options: dict[str, Any], act: Callable[[Any], Any]) -> Any:
    async with AsyncClient(token, **options) as client:
        value = act(client)
        return [one async for one in value] if inspect.isasyncgen(value) else await value


@CLIENTS
@pytest.mark.parametrize("fault", WEBHOOKS)
def test_a_run_does_not_depend_on_its_webhook(simulator: Simulator, fault: str, kind: str) -> None:
    """It succeeds by waiting; each delivery is verified or refused as it deserves, and doubles share an id."""
    simulator.faults([{"on": "webhook", "do": fault, "delay_s": 0.1, "path": "*/hook"}])
    secret = simulator.account()["webhook_secret"]
    with receiver() as (url, taken):

        def act(client: Any) -> Any:
            hook = {"webhook": f"{url}/hook", "webhook_events": ["completed"]}
            return client.run(FLUX, {"prompt": "a car"}, wait_s=0, **hook)

        ended = _end(simulator, kind, act)

        assert ended == OK
        # A last webhook, which meets no fault, comes after all others of the run.
        deliveries = [taken.get(timeout=ARRIVES_S) for _ in WEBHOOKS[fault]]
        _end(
            simulator, kind, lambda client: client.run(FLUX, {"prompt": "b"}, wait_s=0, webhook=f"{url}/last")
        )
        while taken.get(timeout=ARRIVES_S).body.find(b'"succeeded"') < 0:
            pass
    assert simulator.fired() == [1]
    assert [_verified(one.headers, one.body, secret) for one in deliveries] == WEBHOOKS[fault]
    assert len({one.headers["webhook-id"] for one in deliveries}) == (1 if deliveries else 0)
    assert all(webhooks.parse(one.body).status == "succeeded" for one in deliveries)


def _verified(headers: dict[str, str], body: bytes, secret: str) -> str:
    try:
        webhooks.verify(headers, body, secret)
    except errors.WebhookRefused as error:
        return type(error).__name__
    return OK


@CLIENTS
@pytest.mark.parametrize("way", ["read", "save", "stream"])
@pytest.mark.parametrize("fault", OUTPUTS)
def test_an_output_is_whole_or_an_error(
    simulator: Simulator, tmp_path: Path, fault: str, way: str, kind: str
) -> None:
    """Never half a file, and nothing left behind."""
    with Client(simulator.token, base_url=simulator.url) as client:
        made = client.predictions.create(FLUX, {"prompt": "a car", "megapixels": "0.25"}, wait_s=60)
        whole = client.predictions.outputs(made)[0].read()
    rule, expected = OUTPUTS[fault]
    simulator.faults([{"on": "output", **rule}])

    def act(client: Any) -> Any:
        output = client.predictions.outputs(made)[0]
        return output.save(tmp_path) if way == "save" else output.read() if way == "read" else output.stream()

    ended = _end(simulator, kind, act)

    assert ended == expected
    got = [path.read_bytes() for path in tmp_path.iterdir()]
    assert got == ([whole] if way == "save" and ended == OK else [])


def _alone(call: Call, client: Any) -> Any:
    return call.act(client, None)


@CLIENTS
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_refused_by_every_call(simulator: Simulator, token: str, kind: str) -> None:
    """Whatever the call, by the same error; without credit only what buys is refused."""
    creating, others = TOKENS[token]
    impatient = Policy(pauses_s=(), throttled_max=0)
    found = {
        call.name: _end(simulator, kind, partial(_alone, call), token=f"{token}{kind}", policy=impatient)
        for call in CALLS
        if call.given is None
    }

    kinds = {call.name: call.kind for call in CALLS}
    buying = {name for name in found if kinds[name] is Kind.CREATE or name.startswith(("run", "stream"))}
    assert len(found) > 20
    assert found == {name: creating if name in buying else others for name in found}


@CLIENTS
@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("way", ["run", "wait", "stream"])
def test_a_prediction_ends_as_its_prompt_says(simulator: Simulator, prompt: str, way: str, kind: str) -> None:
    """Each end has its error."""
    given = {"prompt": f"{prompt} a car"}
    with Client(simulator.token, base_url=simulator.url) as client:
        made = client.predictions.create(LLAMA if way == "stream" else FLUX, given) if way != "run" else None
    acts: dict[str, Callable[[Any], Any]] = {
        "run": lambda client: client.run(FLUX, given, wait_s=0, deadline_s=0.8),
        "wait": lambda client: client.predictions.wait(made, deadline_s=0.8),
        "stream": lambda client: client.predictions.stream(made, deadline_s=0.8),
    }

    ended = _end(simulator, kind, acts[way])

    refused = "PredictionFailed" if way == "stream" else "ContentRefused"
    assert ended == (refused if prompt == "[[nsfw]]" else PROMPTS[prompt])
