"""Play a round to its end, judge it, and tell of it."""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING

from tests.chaos import judge, stage
from tests.chaos import round as rounds

if TYPE_CHECKING:
    from collections import Counter

    from tests.chaos.round import Plan, Report

QUIET_S = 75.0


def seed() -> int:
    """Return the seed that is asked for, or a new one."""
    return int(os.environ.get("TINTYPE_CHAOS_SEED", secrets.randbelow(10**9)))


def play(plan: Plan, *, with_webhooks: bool, is_mistaken: bool = False) -> tuple[Report, list[str]]:
    """Play a round, wait until it is quiet, and judge."""
    with stage.built(with_webhooks=with_webhooks, is_mistaken=is_mistaken) as made:
        judge.prepare(made)
        report = rounds.play(made, plan)
        try:
            stage.until(lambda: judge.is_quiet(made), "nothing is open", within_s=QUIET_S)
        except AssertionError:
            made.is_kept = not is_mistaken
            return report, [f"not quiet after {QUIET_S:.0f} s: {judge.open_ones(made)}", f"see {made.data}"]
        violations = judge.judge(made, report)
        if violations and not is_mistaken:
            made.is_kept = True
            violations.append(f"see {made.data}")
        tell(f"seed {plan.seed}, webhooks {'on' if with_webhooks else 'off'}", report.done, len(report.asked))
        return report, violations


def tell(what: str, done: Counter[str], asked: int) -> None:
    """Print what was done, and how often."""
    lines = [f"{what}: {asked} generations", *(f"  {times:4} x {act}" for act, times in sorted(done.items()))]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
