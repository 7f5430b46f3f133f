from __future__ import annotations

import random
import tracemalloc
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tintype.simulator import ids, timestamps
from tintype.simulator.blobs import Blobs
from tintype.simulator.ids import Ids
from tintype.simulator.records import Account, Prediction
from tintype.simulator.runs import Order
from tintype.simulator.settings import Settings
from tintype.simulator.world import World

if TYPE_CHECKING:
    from pathlib import Path


def test_record_comes_back_from_the_journal_as_it_was() -> None:
    """Bytes, tuples, infinite times and nothing at all survive."""
    prediction = Prediction(
        id="01" * 13,
        account="r8_x",
        model="a/b",
        version="hidden",
        runs="a/b",
        input='{"prompt":"größer"}'.encode(),
        created_s=1.5,
        starts_s=2.25,
        ends_s=float("inf"),
        run_s=3.0,
        outcome="succeeded",
        base="http://x",
        events=("start", "completed"),
        sources=("ab", "draw:image https://example.com/a.png"),
        facts=(3, 4, "2.5", 24),
    )

    assert Prediction.from_json(prediction.to_json()) == prediction


def test_unknown_fields_of_a_later_version_are_dropped() -> None:
    account = Account(token="r8_x", username="u", name="u", secret="whsec_", credit_nano_usd=5, created_s=1.0)

    assert Account.from_json(account.to_json()[:-1] + b',"mood":"fine"}') == account


@given(st.lists(st.floats(0, 10_000, allow_nan=False), min_size=1, max_size=50))
def test_ids_sort_by_time_and_have_the_shape_of_the_api(times: list[float]) -> None:
    now = [0.0]
    maker = Ids(lambda: now[0], random.Random(1))
    made: list[str] = []
    for time in sorted(times):
        now[0] = 1_700_000_000 + time
        made.append(maker.new())
        assert ids.floor(now[0]) <= made[-1]

    assert made == sorted(set(made))
    assert all(len(one) == 26 and set(one) <= set(ids.ALPHABET) for one in made)


@given(st.floats(1_600_000_000, 2_000_000_000))
def test_timestamps_are_read_back_within_a_microsecond(when: float) -> None:
    micro = timestamps.write(when)

    assert abs(timestamps.read(micro) - when) < 2e-6
    assert timestamps.write(when, timestamps.MILLI) == micro[:-4] + "Z"
    assert timestamps.write(when, timestamps.NANO).startswith(micro[:-1])
    assert len(timestamps.write(when, timestamps.NANO)) == len("2025-06-08T12:06:20.383588891Z")


def test_blobs_are_shared_and_go_with_their_last_use(tmp_path: Path) -> None:
    for blobs in (Blobs(), Blobs(tmp_path / "blobs")):
        name = blobs.put(b"the same")
        assert blobs.put(b"the same") == name

        blobs.release(name)
        assert blobs.get(name) == b"the same"
        blobs.release(name)
        assert blobs.get(name) is None

    assert list((tmp_path / "blobs").iterdir()) == []


def test_prediction_in_flight_takes_less_than_three_kilobytes() -> None:
    """With its record, its timer, its places in the indexes and what its webhooks have told."""
    world = World(Settings(speed=1))
    model = world.models["black-forest-labs/flux-schnell"]
    account = world.accounts.by_token("r8_x")

    def create(count: int) -> None:
        for number in range(count):
            prompt = f"[[delay=900]] a red sports car on a wet street at night, neon signs, take {number}"
            order = Order(
                account=account,
                model=model,
                slug=model.slug,
                version="hidden",
                input={"prompt": prompt, "aspect_ratio": "16:9", "seed": number, "num_outputs": 4},
                base="http://127.0.0.1:8901",
                webhook=f"https://example.com/hooks/{number}",
                events=("start", "output", "logs", "completed"),
            )
            world.runs.create(order)

    create(100)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    create(2_000)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert used / 2_000 < 3_000
