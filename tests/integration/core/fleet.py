"""Four processes that submit at the same time, told what over their standard input, a line per round.

    fleet.round(url, tasks) → the outcome of each task, in its order

A task is {"ask": …} or {"end": id, "cost": nano-dollars}; every process runs its share all at once. What is asked goes
by itself, or with `gathered` as the service sends it: together with what comes at the same time.
"""

from __future__ import annotations

import asyncio
import functools
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.integration.core import asking
from tintype.domain.access import Actor
from tintype.store import admission, gathering, generations
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

PROCESSES = 4
_ROOT = Path(__file__).parents[3]


class Fleet:
    """The processes, started with `with`; `module` is what each of them runs."""

    def __init__(self, module: str = "tests.integration.core.fleet") -> None:
        self._module = module

    def __enter__(self) -> Self:
        self._running = [
            subprocess.Popen(
                [sys.executable, "-m", self._module],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            # Its input ends here, and so does the process.
            process.communicate()

    def round(
        self, url: str, tasks: list[dict[str, Any]], *, loop_s: float = 0.0, gathered: bool = False
    ) -> list[list[Any]]:
        """Run the tasks, the first by the first process, the second by the second, and so on.

        With `loop_s` each task is done again and again for so long; its outcomes are listed.
        """
        for number, process in enumerate(self._running):
            assert process.stdin
            order = {
                "url": url,
                "tasks": tasks[number::PROCESSES],
                "loop_s": loop_s,
                "gathered": gathered,
            }
            process.stdin.write(json.dumps(order) + "\n")
        for process in self._running:
            assert process.stdin
            process.stdin.flush()
        outcomes: list[list[Any]] = [[] for _ in tasks]
        for number, process in enumerate(self._running):
            assert process.stdout
            line = process.stdout.readline()
            assert line, "a submitting process died"
            for place, outcome in enumerate(json.loads(line)):
                outcomes[number + place * PROCESSES] = outcome
        return outcomes


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    db: Database | None = None
    url = ""
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if order["url"] != url or db is None:
            if db:
                await db.close()
            url = order["url"]
            db = await Database(url, connections_max=16, wait_s=30.0).open()
        admit: Callable[..., Any] = functools.partial(admission.admit, db)
        if order["gathered"]:
            admit = gathering.Admissions(db).admit
        done = await asyncio.gather(*(_run(db, admit, task, order["loop_s"]) for task in order["tasks"]))
        sys.stdout.write(json.dumps(done) + "\n")
        sys.stdout.flush()
    if db:
        await db.close()


async def _run(db: Database, admit: Callable[..., Any], task: dict[str, Any], loop_s: float) -> list[Any]:
    loop = asyncio.get_running_loop()
    end = loop.time() + loop_s
    outcomes = [await _once(db, admit, task)]
    while loop.time() < end:
        outcomes.append(await _once(db, admit, task))
    return outcomes


async def _once(db: Database, admit: Callable[..., Any], task: dict[str, Any]) -> Any:
    if "end" in task:
        async with db.transaction() as work:
            settlement = generations.Settlement(
                task["cost"], images=task.get("images", 0), video_ms=task.get("video_ms", 0)
            )
            moved = await generations.move(work, task["end"], {"state": "succeeded"}, settle=settlement)
        return "ended" if moved else "was ended"
    ask = task["ask"]
    name = ask.get("idempotency")
    request = admission.Request(
        actor=Actor(**ask["actor"]),
        upstream_id=ask["upstream_id"],
        wanted=tuple(asking.wanted(**changes) for changes in ask["wanted"]),
        idempotency=name and admission.Idempotency(name=name, fingerprint=b"the same"),
    )
    # Only what goes by itself can be given a time of its own.
    at = {"at": datetime.fromisoformat(ask["at"])} if ask.get("at") else {}
    match await admit(request, **at):
        case admission.Admitted(places):
            return [place.id for place in places]
        case admission.Refused(refusals):
            return {"refused": refusals[0].limit_id, "free": refusals[0].free}
        case admission.Repeated(generation_ids):
            return {"repeated": list(generation_ids)}
        case other:
            return {"other": repr(other)}


if __name__ == "__main__":
    asyncio.run(_serve())
