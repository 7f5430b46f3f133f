"""Every fault of a request × every call, blocking and async: the right typed error, or success, in time.

What is to come of each pair is stated below, by hand. `pytest -s` prints what came of it, a line for each fault.
"""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import inspect
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.faults.calls import CALLS, IDLE_S, Call, Kind, Place
from tintype import AsyncClient, Client, Limits
from tintype.replicate.policy import Policy
from tintype.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

READ_S = 0.8
"""How long an answer may take where it is not to come in time; elsewhere a busy machine has longer."""
PATIENT_S = 15.0
LATE_S = 3.5
"""A delay that no call waits for, not even an upload, which may take four times as long."""
LIMIT_S = 12.0
"""How long a call may take with all its repeats, on a busy machine."""
ROUNDS_MAX = 3
"""How often a call is made at most that did not meet its fault."""
OK = "ok"


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, and what is to come of it for each kind of call: the name of an error, or ok."""

    name: str
    fault: Mapping[str, Any]
    ends: Mapping[Kind, str]

    @property
    def is_slow(self) -> bool:
        """Whether calls end by running out of time."""
        return "TimedOut" in self.ends.values() or self.name.startswith("late")

    def expected(self, call: Call) -> str:
        """Return what is to come of it for a call."""
        if call.name == "versions.delete" and self.name == "truncated":
            # The one deletion whose answer (202) may have a body: that it is cut short is seen.
            return self.ends[Kind.READ]
        return self.ends[call.kind]


def _answer(status: int, body: Any = None, **headers: str) -> dict[str, Any]:
    return {"do": "answer", "status": status, "body": body, "headers": headers}


PROBLEM = {"title": "Something", "detail": "Something is wrong", "status": 0}
FIELD = {"type": "required", "field": "input", "description": "prompt is required"}
HTML = "<html><body>Bad gateway</body></html>"
AFTER = {"when": "after"}
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "401": _answer(401, PROBLEM),
    "402": _answer(402, PROBLEM),
    "403": _answer(403, PROBLEM),
    "404": _answer(404, PROBLEM),
    "422": _answer(422, {"detail": "- input: prompt is required\n", "invalid_fields": [FIELD]}),
    "429": _answer(429, {"detail": "throttled", "retry_after": 0}),
    "500": _answer(500, PROBLEM),
    "500 after acceptance": _answer(500, PROBLEM) | AFTER,
    "502 with a page": _answer(502, HTML),
    "503 with Retry-After": _answer(503, PROBLEM, **{"Retry-After": "0"}),
    "504 with nothing": _answer(504),
    "200 with a page": _answer(200, HTML),
    "short delay": {"do": "delay", "delay_s": 0.05},
    "late": {"do": "delay", "delay_s": LATE_S},
    "late after acceptance": {"do": "delay", "delay_s": LATE_S} | AFTER,
    "reset": {"do": "reset"},
    "reset after acceptance": {"do": "reset"} | AFTER,
    "truncated": {"do": "truncate"},
    "malformed": {"do": "malform"},
    "slow drip": {"do": "drip", "bytes_per_s": 20},
    "fast drip": {"do": "drip", "bytes_per_s": 50_000_000},
    "black hole": {"do": "black_hole"},
    "black hole after acceptance": {"do": "black_hole"} | AFTER,
    "wait ignored": {"do": "ignore_wait"},
}
# `=` is the same as for a read.
ALWAYS = """
fault                        read                 nothing  raw  create          stream        file
401                          AuthenticationError  =        =    =               =             ServerError
402                          PaymentError         =        =    =               =             ServerError
403                          PermissionDenied     =        =    =               =             ServerError
404                          NotFound             =        =    =               =             RetentionPassed
422                          InvalidInput         =        =    =               =             ServerError
429                          RateLimited          =        =    =               =             ServerError
500                          ServerError          =        =    OutcomeUnknown  =             =
502 with a page              ServerError          =        =    OutcomeUnknown  =             =
504 with nothing             ServerError          =        =    OutcomeUnknown  =             =
200 with a page              ServerError          ok       ok   OutcomeUnknown  NetworkError  ok
short delay                  ok                   =        =    =               =             =
late                         TimedOut             =        =    OutcomeUnknown  ok            =
late after acceptance        TimedOut             =        =    OutcomeUnknown  ok            =
reset                        NetworkError         =        =    OutcomeUnknown  =             =
reset after acceptance       NetworkError         =        =    OutcomeUnknown  =             =
truncated                    NetworkError         ok       =    OutcomeUnknown  =             =
malformed                    ServerError          ok       ok   OutcomeUnknown  NetworkError  ok
slow drip                    TimedOut             ok       =    OutcomeUnknown  =             =
fast drip                    ok                   =        =    =               =             =
black hole                   TimedOut             =        =    OutcomeUnknown  =             =
black hole after acceptance  TimedOut             =        =    OutcomeUnknown  =             =
wait ignored                 ok                   =        =    =               =             =
"""
# The fault shows once: what buys nothing gets over it, a create only where nothing was bought.
ONCE = """
fault                        read  nothing  raw  create          stream    file
429                          ok    =        =    =               =         =
500                          ok    =        =    OutcomeUnknown  =         =
500 after acceptance         ok    =        =    OutcomeUnknown  =         =
503 with Retry-After         ok    =        =    OutcomeUnknown  =         =
200 with a page              ok    =        =    OutcomeUnknown  =         =
late                         ok    =        =    OutcomeUnknown  =         =
late after acceptance        ok    =        =    OutcomeUnknown  =         =
reset                        ok    =        =    OutcomeUnknown  =         =
reset after acceptance       ok    =        =    OutcomeUnknown  =         =
truncated                    ok    =        =    OutcomeUnknown  =         =
malformed                    ok    =        =    OutcomeUnknown  =         =
slow drip                    ok    =        =    OutcomeUnknown  TimedOut  =
black hole                   ok    =        =    OutcomeUnknown  TimedOut  =
black hole after acceptance  ok    =        =    OutcomeUnknown  TimedOut  =
"""


def _rows(table: str) -> list[Row]:
    head, *lines = [re.split(r" {2,}", line.strip()) for line in table.strip().splitlines()]
    kinds = [Kind(name) for name in head[1:]]
    found = []
    for name, *cells in lines:
        ends = [cells[0] if cell == "=" else cell for cell in cells]
        found.append(Row(name, FAULTS[name], dict(zip(kinds, ends, strict=True))))
    return found


SWEEPS: list[tuple[Row, int | None]] = [(row, None) for row in _rows(ALWAYS)] + [
    (row, 1) for row in _rows(ONCE)
]
"""Every fault, and how often it shows; for ever where None."""
_IDS = [f"{'always' if count is None else 'once'} {row.name}" for row, count in SWEEPS]


@dataclass(frozen=True, slots=True)
class Cell:
    """One call under one fault, by one kind of client, as an account of its own."""

    call: Call
    place: Place
    given: Any

    def rule(self, row: Row, count: int | None) -> dict[str, Any]:
        """Return the fault, aimed at this call."""
        return {**row.fault, "token": self.place.simulator.token, **self.call.aim(self.given), "count": count}


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of a cell: the name of an error or ok, what was returned, and how long it took."""

    name: str
    value: Any
    seconds: float
    error: BaseException | None = None


@pytest.mark.parametrize(("row", "count"), SWEEPS, ids=_IDS)
def test_every_call_ends_as_the_table_says(
    simulator: Simulator, tmp_path: Path, row: Row, count: int | None
) -> None:
    """In time, with a typed error or a value, whichever client; what was asked for once is there once at most."""
    endings = _endings(simulator, tmp_path, row, count)

    print(_line(row, count, endings))  # noqa: T201 - shown with -s
    wrong = [_shown(cell, ending, row) for cell, ending in endings if not _is_right(cell, ending, row)]
    assert not wrong, "\n".join(wrong)
    for cell, _ in endings:
        if cell.call.kind is Kind.CREATE:
            token = cell.place.simulator.token
            assert simulator.bills(token)["predictions"] <= 1, f"{cell.call.name} was sent twice"


def _endings(simulator: Simulator, folder: Path, row: Row, count: int | None) -> list[tuple[Cell, Ending]]:
    """Make every call by both clients under its fault, each as an account of its own.

    Where a busy machine takes too long over a request that comes before the fault, the call ends without having met it:
    that says nothing, and it is made anew beside fewer others.
    """
    in_blocking, in_awaiting = list(CALLS), list(CALLS)
    endings: list[tuple[Cell, Ending]] = []
    for _ in range(ROUNDS_MAX):
        blocking, awaiting = (_prepare(simulator, folder, calls) for calls in (in_blocking, in_awaiting))
        simulator.faults([cell.rule(row, count) for cell in (*blocking, *awaiting)])
        with concurrent.futures.ThreadPoolExecutor(len(blocking) + 1) as threads:
            in_threads = threads.map(
                _in_thread, blocking, [_options(row, count, one.call) for one in blocking]
            )
            in_tasks = asyncio.run(_in_tasks(awaiting, [_options(row, count, one.call) for one in awaiting]))
            made = list(zip((*blocking, *awaiting), (*in_threads, *in_tasks), simulator.fired(), strict=True))
        simulator.clear_faults()
        endings += [(cell, ending) for cell, ending, fired in made if fired]
        in_blocking = [cell.call for cell, _, fired in made[: len(blocking)] if not fired]
        in_awaiting = [cell.call for cell, _, fired in made[len(blocking) :] if not fired]
        if not in_blocking and not in_awaiting:
            return endings
    missed = [call.name for call in (*in_blocking, *in_awaiting)]
    raise AssertionError(f"the fault was not met by {missed}")


def _prepare(simulator: Simulator, folder: Path, calls: Iterable[Call]) -> list[Cell]:
    cells = []
    for call in sorted(calls, key=lambda one: not one.is_old):
        own = Place(Simulator(simulator.url, simulator.new_token()), folder / secrets.token_hex(8))
        own.folder.mkdir()
        with Client(
            own.simulator.token, base_url=simulator.url, limits=Limits.none(), trust_env=False
        ) as client:
            given = call.given(client, own) if call.given else None
        if call.is_old:
            simulator.advance(IDLE_S)
        cells.append(Cell(call, own, given))
    return cells


def _options(row: Row, count: int | None, call: Call) -> dict[str, Any]:
    """Return how a client behaves: where only time is lost it does not try again, where it may succeed it does.

    What the fault does not keep from succeeding at once has time to, on a busy machine too.
    """
    is_hasty = row.is_slow and (count is not None or call.kind is Kind.STREAM or row.expected(call) != OK)
    pauses_s = () if row.is_slow and count is None else (0.01, 0.3, 1.0, 2.0) if count else (0.01,)
    return {
        "limits": Limits.none(),
        "policy": Policy(pauses_s=pauses_s, jitter=0.0, throttled_max=1),
        "read_s": READ_S if is_hasty else PATIENT_S,
        "trust_env": False,
    }


def _in_thread(cell: Cell, options: Mapping[str, Any]) -> Ending:
    started = time.monotonic()
    try:
        with Client(cell.place.simulator.token, base_url=cell.place.simulator.url, **options) as client:
            value = cell.call.act(client, cell.given)
            if inspect.isgenerator(value):
                value = list(value)
    except Exception as error:  # noqa: BLE001 - which error it is, is what is asked
        return Ending(type(error).__name__, None, time.monotonic() - started, error)
    return Ending(OK, value, time.monotonic() - started)


async def _in_tasks(cells: list[Cell], options: list[dict[str, Any]]) -> list[Ending]:
    async def end(cell: Cell, options: Mapping[str, Any]) -> Ending:
        started = time.monotonic()
        try:
            place = cell.place.simulator
            async with AsyncClient(place.token, base_url=place.url, **options) as client:
                value = cell.call.act(client, cell.given)
                value = [one async for one in value] if inspect.isasyncgen(value) else await value
        except Exception as error:  # noqa: BLE001 - which error it is, is what is asked
            return Ending(type(error).__name__, None, time.monotonic() - started, error)
        return Ending(OK, value, time.monotonic() - started)

    return list(await asyncio.gather(*map(end, cells, options)))


def _is_right(cell: Cell, ending: Ending, row: Row) -> bool:
    if ending.name != row.expected(cell.call) or ending.seconds > LIMIT_S:
        return False
    if ending.error is not None:
        texts = (str(ending.error), repr(ending.error), repr(vars(ending.error)))
        return not any(cell.place.simulator.token in text for text in texts)
    return (ending.value is None) == (cell.call.kind is Kind.NOTHING)


def _shown(cell: Cell, ending: Ending, row: Row) -> str:
    expected = row.expected(cell.call)
    return (
        f"{cell.call.name}: {ending.name} in {ending.seconds:.1f} s instead of {expected}; {ending.error!r}"
    )


def _line(row: Row, count: int | None, endings: list[tuple[Cell, Ending]]) -> str:
    """Return one line of the matrix: of each kind of call, how many ended how."""
    found: dict[Kind, collections.Counter[str]] = {kind: collections.Counter() for kind in Kind}
    for cell, ending in endings:
        found[cell.call.kind][ending.name] += 1
    columns = (", ".join(f"{number} {name}" for name, number in found[kind].items()) for kind in Kind)
    name = f"{'always' if count is None else 'once'} {row.name}"
    return f"{name:<36}" + "".join(f"{text:<28}" for text in columns)


@pytest.fixture(scope="session", autouse=True)
def _head() -> None:
    print(f"\n{'fault':<36}" + "".join(f"{kind:<28}" for kind in Kind))  # noqa: T201 - shown with -s
