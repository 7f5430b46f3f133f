"""Every fault of upstream's, through the whole core, with webhooks and without: the promises hold.

Each cell of the table says what became of the generations and how long it took; `pytest -s` prints it.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.chaos import judge, stage
from tests.chaos import round as rounds
from tests.integration.faults.test_matrix import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.chaos.stage import Stage

EACH = 2
"""How many generations meet a fault."""
FINAL_S = 60.0
"""How soon everything ends once upstream answers again."""
_CREATES = {"on": "request", "method": "POST", "path": "*/predictions"}
_LOOKS = {"on": "request", "method": "GET", "path": "/predictions*"}
# A model that is not found is asked for by its version.
_REFUSALS = frozenset({"401", "402", "403", "422"})
_ELSEWHERE: Mapping[str, Mapping[str, Any]] = {
    "output missing": {"on": "output", "do": "missing"},
    "output truncated": {"on": "output", "do": "truncate"},
    "output slow": {"on": "output", "do": "slow", "bytes_per_s": 20_000},
    "webhook dropped": {"on": "webhook", "do": "drop"},
    "webhook doubled": {"on": "webhook", "do": "double"},
    "webhook late": {"on": "webhook", "do": "delay", "delay_s": 3},
    "webhooks reordered": {"on": "webhook", "do": "reorder", "delay_s": 1},
    "webhook forged": {"on": "webhook", "do": "missign"},
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A fault where it shows, and how often, for ever where None; whether upstream refuses by it.

    With `is_deaf` no webhook comes, so that looks are what tells.
    """

    name: str
    rule: Mapping[str, Any]
    count: int | None = EACH
    refuses: bool = False
    is_deaf: bool = False

    @property
    def script(self) -> list[dict[str, Any]]:
        """The rules for upstream, the fault's own first."""
        own = {**self.rule, "count": self.count}
        return [own, {"on": "webhook", "do": "drop"}] if self.is_deaf else [own]


def _cells() -> Iterator[Cell]:
    for name, fault in FAULTS.items():
        # What is refused pauses the account's creates, and the next goes through.
        refuses = name in _REFUSALS
        yield Cell(f"create: {name}", {**_CREATES, **fault}, 1 if refuses else EACH, refuses=refuses)
    for name, fault in FAULTS.items():
        # Two looks, some time apart, that do not find a prediction are believed.
        yield Cell(f"look: {name}", {**_LOOKS, **fault}, 1 if name == "404" else EACH, is_deaf=True)
    for name, fault in _ELSEWHERE.items():
        yield Cell(name, fault, None if name.startswith("webhook") else EACH)


@pytest.mark.chaos
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("with_webhooks", [True, False], ids=["webhooks on", "webhooks off"])
def test_every_fault_leaves_the_promises_kept(*, with_webhooks: bool) -> None:
    """Bought once, booked to the nano-dollar, stored; what is unknown is final within a minute."""
    report = rounds.Report()
    table = []
    with stage.built(with_webhooks=with_webhooks) as made:
        judge.prepare(made)
        for role in ("gateway", "worker"):
            rounds.until_ready(made.start(role))
        for number, cell in enumerate(_cells()):
            table.append(_play(made, cell, number, report))
            sys.stdout.write(table[-1] + "\n")
            sys.stdout.flush()
        violations = judge.judge(made, report)
        made.is_kept = bool(violations)

    assert violations == []


def _play(made: Stage, cell: Cell, number: int, report: rounds.Report) -> str:
    """Let generations meet a fault; returns the line that tells of it."""
    random = Random(number)
    made.sim.faults(cell.script)
    began = time.monotonic()
    asked: dict[str, str] = {}
    for place in range(EACH):
        name = f"{cell.name} {place}"
        asked[name] = rounds.ask(made, name, random)
        if cell.refuses and place == 0:
            stage.until(lambda: judge.is_quiet(made), f"{cell.name} is refused", within_s=FINAL_S)
            report.refused.add(asked[name])
    report.asked |= asked
    stage.until(lambda: judge.is_quiet(made), f"{cell.name}: {judge.open_ones(made)}", within_s=FINAL_S)
    took_s = time.monotonic() - began
    fired = made.sim.fired()[0]
    made.sim.clear_faults()
    states = Counter(_state(made, ident) for ident in asked.values())
    ends = ", ".join(f"{count} {state}" for state, count in states.items())
    return f"{cell.name:36} fired {fired}  {ends:24} {took_s:5.1f} s"


def _state(made: Stage, ident: str) -> str:
    with psycopg.connect(made.server.url) as connection:
        found = connection.execute(
            "SELECT state || coalesce(' (' || failure_code || ')', '') FROM generations WHERE id = %s",
            (ident,),
        ).fetchone()
    assert found, f"generation {ident} is not there"
    return str(found[0])
