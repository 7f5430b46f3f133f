"""When a callback is sent again, and what it says."""

from __future__ import annotations

import json
from random import Random

import pytest

from tintype.domain import callbacks


def _judge(
    status: int | None,
    *,
    left_s: float = callbacks.WINDOW_S,
    retry_after_s: float | None = None,
    seed: int = 1,
) -> callbacks.Delivered | callbacks.Again | callbacks.GivenUp:
    return callbacks.judge(
        status=status, is_refused=False, retry_after_s=retry_after_s, left_s=left_s, random=Random(seed)
    )


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_is_done(status: int) -> None:
    assert _judge(status) == callbacks.Delivered()


def test_410_stops() -> None:
    assert _judge(410) == callbacks.GivenUp()


def test_a_url_that_is_refused_is_not_tried_again() -> None:
    verdict = callbacks.judge(
        status=None, is_refused=True, retry_after_s=None, left_s=callbacks.WINDOW_S, random=Random(1)
    )

    assert verdict == callbacks.GivenUp()


@pytest.mark.parametrize("status", [None, 301, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again_at_once_then_slower(status: int | None) -> None:
    first, later = _judge(status), _judge(status, left_s=callbacks.WINDOW_S - 600)

    assert isinstance(first, callbacks.Again)
    assert isinstance(later, callbacks.Again)
    assert 4 <= first.after_s <= 6
    assert 480 <= later.after_s <= 720


@pytest.mark.parametrize("seed", range(20))
def test_the_schedule_fills_24_hours_and_ends_with_them(seed: int) -> None:
    random, left_s, attempts = Random(seed), callbacks.WINDOW_S, 0
    pauses = []
    while True:
        attempts += 1
        verdict = callbacks.judge(
            status=503, is_refused=False, retry_after_s=None, left_s=left_s, random=random
        )
        if not isinstance(verdict, callbacks.Again):
            break
        pauses.append(verdict.after_s)
        left_s -= verdict.after_s

    assert verdict == callbacks.GivenUp()
    assert sum(pauses) == pytest.approx(callbacks.WINDOW_S, abs=1.0)
    assert 14 <= attempts <= 26
    assert max(pauses) <= 4 * 3600 * 1.2


def test_jitter_spreads_receivers_that_failed_together() -> None:
    verdicts = {_judge(503, seed=seed) for seed in range(20)}

    assert len(verdicts) == 20


def test_a_receiver_may_ask_for_more_patience_but_not_for_more_than_is_left() -> None:
    assert _judge(429, retry_after_s=900.0) == callbacks.Again(900.0)
    assert _judge(429, retry_after_s=90_000.0, left_s=500.0) == callbacks.Again(500.0)


def test_a_body_is_bounded_and_says_what_it_left_out() -> None:
    outputs = [{"sha256": "0" * 64, "position": position, "note": "x" * 200} for position in range(1000)]

    told = callbacks.body(kind="generation.succeeded", at="2026-01-01", data={"id": "1"}, outputs=outputs)

    assert len(told) <= callbacks.BODY_MAX_BYTES
    data = json.loads(told)["data"]
    assert data["outputs_total"] == 1000
    assert 0 < len(data["outputs"]) < 1000
