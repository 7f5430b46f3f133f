"""Every fault of upstream's at every place, through the whole core, with webhooks and without: the promises hold.

The table says what became of the generations, and how many seconds after upstream answered again; `pytest -s`
prints it.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

import httpx2
import psycopg
import pytest

from tests.chaos import faults, judge, stage
from tests.chaos import round as rounds
from tests.chaos.faults import EACH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.chaos.faults import Cell
    from tests.chaos.round import Whom
    from tests.chaos.stage import Life, Stage

FINAL_S = 60.0
"""How soon everything ends once upstream answers again."""
LANES = 6
"""So many stages are played on side by side: most of the time goes by with waiting."""
_WISH_S = 2.0
_POLL_S = 0.05
_NAMES = [place.name for place in faults.PLACES]
_STUCK = "[[stuck]] a lighthouse"


@pytest.mark.chaos
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("with_webhooks", [True, False], ids=["webhooks on", "webhooks off"])
def test_every_fault_leaves_the_promises_kept(*, with_webhooks: bool) -> None:
    """Bought once, booked to the nano-dollar, stored; what is unknown is final within a minute."""
    cells = list(faults.cells(with_webhooks=with_webhooks))
    left: queue.SimpleQueue[Cell] = queue.SimpleQueue()
    for cell in cells:
        left.put(cell)
    table = _Table(cells, with_webhooks=with_webhooks)

    with ThreadPoolExecutor(LANES) as lanes:
        playing = [lanes.submit(_lane, left, table, with_webhooks=with_webhooks) for _ in range(LANES)]
    violations = [violation for lane in playing for violation in lane.result()]

    assert violations == []
    assert table.is_full


def _lane(left: queue.SimpleQueue[Cell], table: _Table, *, with_webhooks: bool) -> list[str]:
    """Play cells on a stage until none is left, and judge what is there then."""
    with stage.built(with_webhooks=with_webhooks) as made:
        made.is_kept = True
        lane = _Lane(made)
        while True:
            try:
                cell = left.get_nowait()
            except queue.Empty:
                break
            table.tell(cell, lane.play(cell))
        violations = judge.judge(made, lane.report)
        made.is_kept = bool(violations)
        return [*violations, *[f"see {made.data}"][: len(violations)]]


class _Lane:
    """A stage with one gateway and one worker, on which cell after cell is played."""

    def __init__(self, made: Stage) -> None:
        judge.prepare(made)
        self._made = made
        self._lives: dict[Whom, Life] = {}
        self._random = Random(0)
        self.report = rounds.Report()
        for whom in ("gateway", "worker"):
            self._begin(whom)

    def play(self, cell: Cell) -> str:
        """Let generations meet a fault; returns what became of them, and how long it took."""
        for whom in cell.place.fresh:
            self._lives[whom].kill()
            self._begin(whom)
        names = [f"{cell.row}, {cell.place.name}, {number}" for number in range(EACH)]
        at_once, later = (names[:1], names[1:]) if cell.pauses else (names, [])
        asked: dict[str, str] = {}
        if cell.place.is_cancelled:
            asked = {name: self._ask(cell, name) for name in names}
            self._until(asked, "running")
        self._made.sim.faults(cell.script)
        if cell.place.is_cancelled:
            self._cancel(asked.values())
        else:
            asked |= {name: self._ask(cell, name) for name in at_once}
        if cell.is_lasting:
            self._until_met(cell)
            fired = self._fired()
            self._made.sim.clear_faults()
        began = time.monotonic()
        asked |= {name: self._ask(cell, name) for name in later}
        self._until_quiet(names[0])
        seconds = time.monotonic() - began
        if not cell.is_lasting:
            fired = self._fired()
            self._made.sim.clear_faults()
        assert fired, f"nothing met {names[0]}"
        self.report.asked |= asked
        self.report.ends |= {asked[name]: cell.ends for name in at_once}
        return f"{self._ends(asked)} {seconds:.1f}"

    def _ends(self, asked: Mapping[str, str]) -> str:
        """Return in few words how these ended."""
        statement = "SELECT DISTINCT coalesce(failure_code, state) FROM generations WHERE id = ANY(%s)"
        with psycopg.connect(self._made.server.url) as connection:
            found = connection.execute(statement, (list(asked.values()),)).fetchall()
        return ", ".join(
            "ok" if end == faults.SUCCEEDED else end.removeprefix("upstream_") for (end,) in found
        )

    def _begin(self, whom: Whom) -> None:
        self._lives[whom] = self._made.start(whom)
        rounds.until_ready(self._lives[whom])

    def _ask(self, cell: Cell, name: str) -> str:
        changes = dict(cell.place.asks)
        if cell.place.is_cancelled:
            changes["input"] = {"prompt": _STUCK}
        return rounds.ask(self._made, name, self._random, **changes)

    def _cancel(self, idents: Iterable[str]) -> None:
        """Wish an end to several. Whether upstream was told by then is of no matter to who wishes."""
        for ident in idents:
            with contextlib.suppress(httpx2.ReadTimeout):
                url = f"{self._made.gateway_url}/api/generations/{ident}/cancel"
                assert httpx2.post(url, json={}, timeout=_WISH_S, trust_env=False).status_code == 200

    def _fired(self) -> int:
        return self._made.sim.fired()[0]

    def _until(self, asked: Mapping[str, str], state: str) -> None:
        """Wait until all are in a state."""
        statement = "SELECT count(*) FROM generations WHERE id = ANY(%s) AND state = %s"

        def is_so() -> bool:
            with psycopg.connect(self._made.server.url) as connection:
                found = connection.execute(statement, (list(asked.values()), state)).fetchone()
            return found == (len(asked),)

        stage.until(is_so, f"{', '.join(asked)} are {state}")

    def _until_met(self, cell: Cell) -> None:
        """Wait until a fault that lasts was met often; one that no generation gets over, until all have ended."""
        end = time.monotonic() + FINAL_S
        while not judge.is_quiet(self._made):
            if cell.is_survived and self._fired() >= 2 * EACH:
                return
            assert time.monotonic() < end, (
                f"{cell} was met {self._fired()} times: {judge.open_ones(self._made)}"
            )
            time.sleep(_POLL_S)

    def _until_quiet(self, name: str) -> None:
        end = time.monotonic() + FINAL_S
        while not judge.is_quiet(self._made):
            assert time.monotonic() < end, f"{name} is not over: {judge.open_ones(self._made)}"
            time.sleep(_POLL_S)


class _Table:
    """What became of the cells: printed a line for each fault, when it has been met everywhere."""

    def __init__(self, cells: Iterable[Cell], *, with_webhooks: bool) -> None:
        self._open = Counter(cell.row for cell in cells)
        self._told: dict[str, dict[str, str]] = defaultdict(dict)
        self._turn = threading.Lock()
        self._say(f"webhooks {'on' if with_webhooks else 'off'}", {name: name for name in _NAMES})

    @property
    def is_full(self) -> bool:
        """Whether every cell was told of."""
        return not +self._open

    def tell(self, cell: Cell, text: str) -> None:
        """Write down what became of a cell."""
        with self._turn:
            self._told[cell.row][cell.place.name] = text
            self._open[cell.row] -= 1
            if not self._open[cell.row]:
                self._say(cell.row, self._told[cell.row])

    def _say(self, row: str, texts: Mapping[str, str]) -> None:
        columns = texts.get("") or "".join(f"{texts.get(name, '-'):<18}" for name in _NAMES)
        sys.stdout.write(f"\n{row:<36}{columns}".rstrip())
        sys.stdout.flush()
