"""Kill everything, everywhere, and count: what was asked for was bought, once, and is stored and booked.

One round by default, at least TINTYPE_CHAOS_KILLS kills (500) in `make chaos`. The seed is printed with the counts
(`pytest -s`); TINTYPE_CHAOS_SEED plays it again.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import count

import pytest

from tests.chaos import points, verdict
from tests.chaos import round as rounds
from tests.chaos.round import Act, Plan

pytestmark = pytest.mark.chaos

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "chaos"
KILLS = int(os.environ.get("TINTYPE_CHAOS_KILLS", "500"))
GENERATIONS = 200
EACH = 10
_ROUNDS = 4
"""As many are planned, so that each point is hit often enough in all of them, those of webhooks in every other."""


@pytest.mark.timeout(3000 if IS_LONG else 400)
def test_kills_break_no_promise() -> None:
    """At named points and at random moments: nothing is bought twice, lost, left open or booked wrongly."""
    if IS_LONG:
        _play_until_enough(verdict.seed())
        return
    acts = [
        *(Act("worker", point) for point in points.WORKER),
        *(Act("gateway", point) for point in points.GATEWAY_WITH_WEBHOOKS),
        Act("database", "before the id is recorded"),
        Act("worker", "after intent", "stop"),
        Act("worker"),
        Act("gateway"),
        Act("database"),
    ]

    report, violations = verdict.play(Plan(verdict.seed(), 20, acts, pause_s=0.2), with_webhooks=True)

    assert violations == []
    assert report.kills >= len(acts) - 1


def _play_until_enough(seed: int) -> None:
    """Play rounds with webhooks and without, until each point was hit often and enough lives were taken."""
    total: Counter[str] = Counter()
    asked = 0
    named = [
        *(f"kill worker {point}" for point in points.WORKER),
        *(f"kill gateway {point}" for point in points.GATEWAY_WITH_WEBHOOKS),
        *(f"kill database {point}" for point in points.DATABASE),
    ]
    each = min(EACH, KILLS // 10)
    for number in count():
        with_webhooks = number % 2 == 0
        acts = rounds.acts(
            each=-(-each // _ROUNDS),
            hooks=-(-2 * each // _ROUNDS) if with_webhooks else 0,
            random={"worker": 16, "gateway": 10, "database": 5},
        )

        report, violations = verdict.play(Plan(seed + number, GENERATIONS, acts), with_webhooks=with_webhooks)

        assert violations == []
        total += report.done
        asked += len(report.asked)
        kills = sum(times for act, times in total.items() if act.startswith("kill"))
        if kills >= KILLS and all(total[act] >= each for act in named):
            break
    verdict.tell(f"all rounds from seed {seed}, {kills} kills", total, asked)
