"""What predictions cost, and what an account without credit may do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tintype.simulator.lifecycle import FINAL
from tintype.simulator.models import load
from tintype.simulator.runs import Order
from tintype.simulator.settings import Settings
from tintype.simulator.world import World

FLUX = "black-forest-labs/flux-schnell"
TIMED = "nightmareai/real-esrgan"
LLAMA = "meta/meta-llama-3-8b-instruct"
NANO = 10**9


class Bill(NamedTuple):
    id: str
    token: str
    model: str
    status: str
    nano_usd: int


def _bills(world: World) -> list[Bill]:
    return [
        Bill(
            one.id,
            one.account,
            one.model,
            one.outcome if one.is_settled else "running",
            one.cost_nano_usd,
        )
        for one in world.predictions
    ]


def _credit(simulator: Any) -> int:
    return int(simulator.world.accounts.by_token("r8_tests").credit_nano_usd)


async def test_pictures_are_billed_by_the_piece_when_they_are_done(start: Any) -> None:
    simulator = await start(speed=1)
    await simulator.create({"prompt": "[[delay=5]] x", "num_outputs": 3})
    assert _credit(simulator) == 10_000 * NANO

    simulator.world.clock.advance(10)

    assert _credit(simulator) == 10_000 * NANO - 3 * 3_000_000
    [bill] = _bills(simulator.world)
    assert (bill.model, bill.status, bill.nano_usd, bill.token) == (FLUX, "succeeded", 9_000_000, "r8_tests")


async def test_failed_and_aborted_predictions_are_free(start: Any) -> None:
    simulator = await start()
    for prompt in ("[[fail=x]]", "[[nsfw]]", "[[cold=100]]"):
        await simulator.create({"prompt": prompt}, headers={"cancel-after": "10"})
    simulator.world.clock.advance(20)

    assert _credit(simulator) == 10_000 * NANO
    assert [bill.status for bill in _bills(simulator.world)] == ["failed", "failed", "aborted"]


async def test_canceled_one_costs_its_time_or_what_was_delivered(start: Any) -> None:
    simulator = await start(speed=1)
    pictures = await simulator.create({"prompt": "[[delay=40]] x", "num_outputs": 4})
    single = await simulator.create({"prompt": "[[delay=40]] x"})
    simulator.world.clock.advance(25)
    for made in (pictures, single):
        await simulator.cancel(made["id"])

    costs = [bill.nano_usd for bill in _bills(simulator.world)]
    assert costs == [2 * 3_000_000, 0]


async def test_time_billed_model_costs_its_running_time(start: Any) -> None:
    simulator = await start()
    model = simulator.world.models[TIMED]
    values = {"image": "https://example.com/[[delay=10]]a.png"}
    made = await simulator.create(values, model=model.version_id)
    simulator.world.clock.advance(5)
    canceled = await simulator.cancel(made["id"])

    rate = simulator.world.hardware[model.hardware].usd_per_second
    [bill] = _bills(simulator.world)
    expected = Decimal(str(canceled["metrics"]["predict_time"])) * rate * NANO
    assert abs(bill.nano_usd - expected) <= 1
    assert bill.nano_usd > 0


async def test_account_without_credit_is_refused_in_the_recorded_words(start: Any) -> None:
    simulator = await start()
    answer = await simulator.http.post(
        "/v1/predictions",
        json={"version": FLUX, "input": {"prompt": "x"}},
        headers={"authorization": "Bearer r8_broke_tests"},
    )

    assert answer.status_code == 402
    assert answer.json()["title"] == "Insufficient credit"
    assert len(simulator.world.predictions) == 0


async def test_little_credit_slows_creates_down(start: Any) -> None:
    simulator = await start(credit_usd=Decimal("4.99"))
    body = {"version": FLUX, "input": {"prompt": "x"}}
    first = await simulator.http.post("/v1/predictions", json=body)
    second = await simulator.http.post("/v1/predictions", json=body)
    simulator.world.clock.advance(second.json()["retry_after"])
    third = await simulator.http.post("/v1/predictions", json=body)

    assert [one.status_code for one in (first, second, third)] == [201, 429, 201]
    assert "less than $5.0 in credit" in second.json()["detail"]
    assert len(simulator.world.predictions) == 2


steps = st.lists(
    st.tuples(st.sampled_from(["create", "cancel", "advance"]), st.integers(0, 5), st.floats(0.01, 30)),
    min_size=1,
    max_size=20,
)


@pytest.fixture(scope="module")
def models() -> Any:
    return load()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(steps)
def test_whatever_the_order_of_events_the_bills_add_up(
    models: Any, steps: list[tuple[str, int, float]]
) -> None:
    """Credit and bills balance at every step, a final status stays, and a bill never changes once written."""
    world = World(Settings(seed=1), catalogue=models)
    account = world.accounts.by_token("r8_x")
    opened = account.credit_nano_usd
    settled: dict[str, tuple[str, int]] = {}
    for act, number, seconds in steps:
        made = list(world.predictions)
        if act == "create":
            prompt = ["x", "[[fail=no]]", "[[delay=9]] x", "[[cold=5]]", "[[stuck]]", "[[nsfw]]"][number]
            world.runs.create(
                Order(
                    account=account,
                    model=models[FLUX if seconds < 15 else LLAMA],
                    slug=FLUX,
                    version="hidden",
                    input={"prompt": prompt},
                    base="http://x",
                    cancel_after_s=seconds if number % 2 else None,
                )
            )
        elif act == "cancel" and made:
            world.runs.cancel(made[number % len(made)])
        else:
            world.clock.advance(seconds)
        bills = {bill.id: (bill.status, bill.nano_usd) for bill in _bills(world)}
        assert {key: bills[key] for key in settled} == settled
        settled = {key: value for key, value in bills.items() if value[0] in FINAL}
        assert opened - account.credit_nano_usd == sum(cost for _, cost in bills.values())
