"""A round: generations are asked for while processes are killed and stopped, until all is quiet again.

report = round_.play(made, plan)
"""

from __future__ import annotations

import http.client
import json
import queue
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import psycopg

from tests.chaos import points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.chaos.stage import Life, Stage

MODEL = "black-forest-labs/flux-schnell"
STOP_S = 8.5
"""Longer than a worker may be silent, and than an attempt takes to be dead and proven absent."""
AWAY_S = 10.0
_WORKERS = 2
_OPEN_MAX = 12
_WAIT_S = 12.0
_TRIES = 4

Whom = Literal["worker", "gateway", "database"]


@dataclass(frozen=True, slots=True)
class Act:
    """What is done to whom: at a named point, or at a random moment where `point` is empty."""

    whom: Whom
    point: str = ""
    does: Literal["kill", "stop", "away"] = "kill"
    tries: int = _TRIES

    def __str__(self) -> str:
        return f"{self.does} {self.whom} {self.point or 'at random'}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A round in numbers. `pause_s` is kept between requests, about."""

    seed: int
    generations: int
    acts: Sequence[Act]
    pause_s: float = 0.3


@dataclass
class Report:
    """What was done, and what was asked for: the id that was answered for each name."""

    done: Counter[str] = field(default_factory=Counter)
    asked: dict[str, str] = field(default_factory=dict)
    faults: list[BaseException] = field(default_factory=list)
    ends: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """How those may end that need not succeed, by id: a state, and its code in brackets."""

    @property
    def kills(self) -> int:
        """How many lives were taken."""
        return sum(count for what, count in self.done.items() if what.startswith("kill"))


def acts(*, each: int, hooks: int, random: Mapping[Whom, int]) -> list[Act]:
    """List the acts of a round: each point so often, random moments, stops, and an absence of PostgreSQL's.

    The points at which webhooks come in are taken `hooks` times.
    """
    taking_hooks = sorted({*points.GATEWAY_WITH_WEBHOOKS} - {*points.GATEWAY})
    return [
        *[Act("worker", point) for point in points.WORKER] * each,
        *[Act("gateway", point) for point in points.GATEWAY] * each,
        *[Act("gateway", point) for point in taking_hooks] * hooks,
        *[Act("database", point) for point in points.DATABASE] * each,
        *[Act(whom) for whom, times in random.items() for _ in range(times)],
        *[Act("worker", point, "stop") for point in points.STOPS],
        Act("database", does="away"),
    ]


def play(made: Stage, plan: Plan) -> Report:
    """Ask, kill, and wait until nothing is open any more."""
    return _Round(made, plan).play()


def ask(made: Stage, name: str, random: Random, **changes: Any) -> str:
    """Ask under a name until it is answered: the process that is asked may die over it, any number of times.

    `changes` stand in for parts of the body.
    """
    # Every third asks for what others ask for too.
    prompt = "a lighthouse" if random.random() < 1 / 3 else f"a lighthouse, {name}"
    body = json.dumps(
        {
            "model": MODEL,
            "input": {"prompt": prompt, "megapixels": "0.25", "output_format": "jpg"},
            "user": "alice",
            "project": "shop",
            "callback_url": made.receiver.url,
            "cache": "off",
            "deadline": 900,
        }
        | changes
    )
    headers = {"Content-Type": "application/json", "Idempotency-Key": name}
    end = time.monotonic() + 90
    last: object = None
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(str(urlsplit(made.gateway_url).netloc), timeout=8)
        try:
            connection.request("POST", "/api/generations", body, headers)
            answer = connection.getresponse()
            last = answer.status, answer.read()
            if answer.status == 202:
                return str(json.loads(last[1])["id"])
            assert answer.status == 503, last
        except (OSError, http.client.HTTPException) as fault:
            last = fault
        finally:
            connection.close()
        time.sleep(0.1)
    raise AssertionError(f"{name} was not admitted: {last}")


class _Round:
    def __init__(self, made: Stage, plan: Plan) -> None:
        self._made = made
        self._plan = plan
        self._report = Report()
        self._is_over = threading.Event()
        self._lines: dict[Whom, queue.SimpleQueue[Act]] = {
            whom: queue.SimpleQueue() for whom in ("worker", "gateway", "database")
        }
        shuffled = list(plan.acts)
        Random(plan.seed).shuffle(shuffled)
        # Those that take their time go first, beside the others.
        shuffled.sort(key=lambda act: act.does == "kill")
        for act in shuffled:
            self._line(act).put(act)

    def _line(self, act: Act) -> queue.SimpleQueue[Act]:
        """Return who is to do it: PostgreSQL dies at a named point when a worker stands there."""
        return self._lines["worker" if act.point and act.whom == "database" else act.whom]

    def play(self) -> Report:
        """Run all lines side by side; the first failure of any ends the round."""
        killers = [
            threading.Thread(target=self._guarded, args=(self._lives, "worker", number))
            for number in range(_WORKERS)
        ]
        killers.append(threading.Thread(target=self._guarded, args=(self._lives, "gateway", _WORKERS)))
        killers.append(threading.Thread(target=self._guarded, args=(self._absences,)))
        asking = threading.Thread(target=self._guarded, args=(self._ask,))
        for thread in (asking, *killers):
            thread.start()
        for thread in killers:
            thread.join()
        self._is_over.set()
        asking.join()
        if self._report.faults:
            raise self._report.faults[0]
        return self._report

    def _guarded(self, act: Any, *arguments: Any) -> None:
        try:
            act(*arguments)
        except BaseException as fault:  # noqa: BLE001 - it is raised again where the threads are joined
            self._report.faults.append(fault)
            self._is_over.set()

    def _lives(self, whom: Whom, number: int) -> None:
        """One process after the other, each with its act; the last one stays."""
        random = Random(f"{self._plan.seed} {whom} {number}")
        line = self._lines[whom]
        while not self._is_over.is_set():
            try:
                act = line.get_nowait()
            except queue.Empty:
                break
            is_stopped = act.does == "stop" or act.whom == "database"
            life = self._made.start(
                whom,
                point=act.point,
                skip=random.randrange(3) if act.point else 0,
                how=signal.SIGSTOP if is_stopped else signal.SIGKILL,
            )
            if act.point:
                self._at_point(act, life, random)
            else:
                time.sleep(random.uniform(0.7, 2.5))
                self._kill(whom, life)
        last = self._made.start(whom)
        until_ready(last)

    def _at_point(self, act: Act, life: Life, random: Random) -> None:
        """Wait until a process is where its trap is, and do what is to be done there."""
        whom: Whom = "worker" if act.whom == "database" else act.whom
        end = time.monotonic() + _WAIT_S
        while not life.has_said("trapped"):
            if life.is_over:
                raise AssertionError(f"the {whom} ended by itself; its log is in {self._made.data}")
            if time.monotonic() > end:
                # Nothing came by: once more, later, and this one is taken at a random moment.
                self._kill(whom, life)
                if act.tries > 1:
                    self._line(act).put(Act(act.whom, act.point, act.does, act.tries - 1))
                return
            time.sleep(0.01)
        self._report.done[str(act)] += 1
        if act.does == "kill" and act.whom == whom:
            life.kill()
            return
        if act.whom == "database":
            self._made.kill_database()
        else:
            time.sleep(STOP_S)
        life.send(signal.SIGCONT)
        time.sleep(random.uniform(0.5, 1.5))
        self._kill(whom, life)

    def _kill(self, whom: Whom, life: Life) -> None:
        """Take a life at a random moment."""
        life.kill()
        self._report.done[str(Act(whom))] += 1

    def _absences(self) -> None:
        """Kill PostgreSQL, and take it away for a while."""
        random = Random(f"{self._plan.seed} database")
        line = self._lines["database"]
        while not self._is_over.wait(random.uniform(2.0, 5.0)):
            try:
                act = line.get_nowait()
            except queue.Empty:
                return
            if act.does == "away":
                self._made.take_database_away(AWAY_S)
            else:
                self._made.kill_database()
            self._report.done[str(act)] += 1

    def _ask(self) -> None:
        """Ask, at the plan's pace and where there is room, until it is enough and nobody is killed any more."""
        random = Random(f"{self._plan.seed} asking")
        number = 0
        while (number < self._plan.generations or not self._is_over.is_set()) and not self._report.faults:
            if self._open() < _OPEN_MAX:
                name = f"request-{number}"
                self._report.asked[name] = ask(self._made, name, random)
                number += 1
            time.sleep(random.uniform(0, 2 * self._plan.pause_s))

    def _open(self) -> int:
        """How many are not final; as many as may be while PostgreSQL is away."""
        try:
            with psycopg.connect(self._made.server.url, connect_timeout=2) as connection:
                found = connection.execute(
                    "SELECT count(*) FROM generations WHERE finished_at IS NULL"
                ).fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
        except psycopg.OperationalError:
            return _OPEN_MAX
        return int(found[0]) if found else 0


def until_ready(life: Life) -> None:
    """Wait until a process works."""
    end = time.monotonic() + 40
    while not life.has_said("ready"):
        assert not life.is_over, "the last process ended by itself"
        assert time.monotonic() < end, "the last process did not become ready"
        time.sleep(0.02)


__all__ = ["Act", "Plan", "Report", "acts", "ask", "play", "until_ready"]
