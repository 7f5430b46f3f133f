"""The rounds of kills find the mistake that they are about."""

from __future__ import annotations

import pytest

from tests.chaos import verdict
from tests.chaos.round import Act, Plan


@pytest.mark.chaos
@pytest.mark.timeout(400)
def test_an_intent_after_the_post_is_found() -> None:
    """With the one mistake that this suite is about, a round fails: predictions are bought that belong to nobody."""
    acts = [Act("worker", "after the POST") for _ in range(4)]

    _report, violations = verdict.play(
        Plan(verdict.seed(), 12, acts, pause_s=0.1), with_webhooks=True, is_mistaken=True
    )

    assert any("was bought and belongs to nobody" in violation for violation in violations)
