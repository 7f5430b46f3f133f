"""Upstream's words may hold anything: none of them keeps a generation from its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import CREATE
from tintype.domain import charges
from tintype.replicate.results import Prediction
from tintype.service.requests import Cache, Request

if TYPE_CHECKING:
    from tests.integration.core.buying.conftest import Shop

_URL = "http://127.0.0.1:1/out.png"
_DEEP: list[Any] = []
for _ in range(900):
    _DEEP = [_DEEP]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"status": "failed", "error": "cut \0 off"}, "failed"),
        ({"status": "failed", "error": "half \ud83c of a character"}, "failed"),
        ({"status": "failed", "error": "long " * 1_000_000}, "failed"),
        ({"status": "failed", "metrics": {"predict_time": 10**400}}, "failed"),
        ({"status": "processing", "logs": "\0 \ud83c 10%"}, "running"),
        ({"status": "processing", "model": "\0", "version": "\0", "urls": {"get": "\0"}}, "running"),
        ({"status": "succeeded", "output": [_URL + "\0"]}, "capturing"),
        ({"status": "succeeded", "output": {"a\0": _URL}}, "capturing"),
        ({"status": "succeeded", "output": "\ud83c"}, "capturing"),
        (
            {"status": "succeeded", "output": [float("nan")], "metrics": {"predict_time": float("inf")}},
            "capturing",
        ),
        ({"status": "succeeded", "output": _DEEP}, "capturing"),
    ],
    ids=lambda _value: None,
)
async def test_a_generation_moves_whatever_characters_its_prediction_holds(
    idle_shop: Shop, said: dict[str, Any], state: str
) -> None:
    """Rule 7: it would stay as it is, and its hold be booked as presumed spent, were it not to be written."""
    ident = await idle_shop.ask("[[stuck]] a lighthouse")
    await idle_shop.core.buying.send(ident)
    bought = (await idle_shop.row(ident)).prediction_id

    await idle_shop.core.progress.observe(ident, Prediction.model_validate({"id": bought, **said}))

    row = await idle_shop.row(ident)
    assert row.state == state
    assert len(row.failure_message or "") <= 2_000
    await idle_shop.check_book()


async def test_a_refusal_is_one_whatever_it_says(idle_shop: Shop) -> None:
    """Rule 4: the hold is released at once."""
    idle_shop.script({"do": "answer", "status": 422, "body": {"detail": "cut \0 off"}, **CREATE})
    ident = await idle_shop.ask()

    await idle_shop.core.buying.send(ident)

    row = await idle_shop.row(ident)
    assert (row.state, row.failure_code, row.cost_nano_usd) == ("failed", "upstream_refused", 0)
    await idle_shop.check_book()


async def test_a_time_that_nobody_measured_costs_what_was_held(idle_shop: Shop) -> None:
    """Rule 13: never more than was held, however long such a run might take; a cancelled one that never ran nothing."""
    request = Request("cjwbw/rembg", {"image": "https://example.com/a.png"}, deadline_s=60, cache=Cache.OFF)
    submitted = await idle_shop.core.generations.submit(request, actor=ALICE)
    row = await idle_shop.row(submitted.ids[0])
    cost = idle_shop.core.progress.cost_nano_usd

    assert cost(row, charges.Made("succeeded", 1)) == row.hold_nano_usd > 0
    assert cost(row, charges.Made("canceled")) == 0
