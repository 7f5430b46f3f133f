"""Progress in the logs narrows down when the end is likely, as far as it told the truth before."""

from __future__ import annotations

import random

from tintype.replicate.foresight import Foresight
from tintype.replicate.pace import Stretch

WIDE = Stretch(4.0, 8.0)


def _learned(model: str, *, tells: bool) -> Foresight:
    """Forty predictions of 5 to 7 s, looked at in between, whose progress is true or means nothing."""
    chance, foresight = random.Random(3), Foresight()
    for _ in range(40):
        took_s = chance.uniform(5, 7)
        looks = [chance.uniform(0.5, 0.95) * took_s for _ in range(4)]
        foresight.learn(model, [(at / took_s if tells else chance.random(), at) for at in looks], took_s)
    return foresight


def test_true_progress_narrows_the_stretch_around_the_end() -> None:
    foresight = _learned("a/b", tells=True)

    narrow = foresight.narrow("a/b", WIDE, fraction=0.8, elapsed_s=5.2)

    assert WIDE.early_s <= narrow.early_s <= 5.2 / 0.8 <= narrow.late_s <= WIDE.late_s
    assert narrow.late_s - narrow.early_s < 2.0


def test_progress_that_means_nothing_narrows_little() -> None:
    true, noise = _learned("a/b", tells=True), _learned("a/b", tells=False)

    def width(foresight: Foresight) -> float:
        found = foresight.narrow("a/b", WIDE, fraction=0.8, elapsed_s=5.0)
        return found.late_s - found.early_s

    assert width(noise) > width(true)


def test_models_that_were_not_seen_and_progress_that_disagrees_change_nothing() -> None:
    foresight = _learned("a/b", tells=True)

    assert foresight.narrow("c/d", WIDE, fraction=0.8, elapsed_s=5.0) == WIDE
    assert foresight.narrow("a/b", WIDE, fraction=0.1, elapsed_s=5.0) == WIDE
    assert foresight.narrow("a/b", WIDE, fraction=0.8, elapsed_s=100.0) == WIDE
