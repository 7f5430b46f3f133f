"""Run predictions as a contender does and say what that took: times, errors, processor time.

Standard library only, as it runs in the environments of all contenders. A contender calls `main` with its way
of running one prediction; the order comes as one JSON argument, the report is one line of JSON.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import resource
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


def main(
    contender: Callable[[str, str], tuple[Callable[[str, str], Awaitable[Any]], Callable[..., Any]]],
) -> None:
    """Carry out the order: warm up, run `count` predictions `at_once`, print the report.

    `contender(url, token)` gives two functions that run one prediction of a model from a prompt, an async one
    and a blocking one; each returns when the outputs are there.
    """
    order: dict[str, Any] = json.loads(sys.argv[1])
    running, blocking = contender(order["url"], order["token"])
    report = _in_threads(blocking, order) if order["threads"] else asyncio.run(_in_tasks(running, order))
    print(json.dumps(report), flush=True)


async def _in_tasks(run: Callable[[str, str], Awaitable[Any]], order: dict[str, Any]) -> dict[str, Any]:
    ended: dict[str, float] = {}
    errors: dict[str, int] = {}

    async def one(prompt: str) -> None:
        try:
            made = await run(order["model"], prompt)
        except Exception as error:  # noqa: BLE001 - whatever a contender raises is counted
            errors[type(error).__name__] = errors.get(type(error).__name__, 0) + 1
        else:
            ended[prompt] = time.time()
            if made is None:
                errors["None"] = errors.get("None", 0) + 1

    await asyncio.gather(*(one(prompt) for prompt in order["warm"]))
    ended.clear()
    _say_ready()
    gate = asyncio.Semaphore(order["at_once"])

    async def admitted(prompt: str) -> None:
        async with gate:
            await one(prompt)

    with _measured() as used:
        await asyncio.gather(*(admitted(prompt) for prompt in order["prompts"]))
    return {"ended": ended, "errors": errors, **used}


def _in_threads(run: Callable[[str, str], Any], order: dict[str, Any]) -> dict[str, Any]:
    ended: dict[str, float] = {}
    errors: dict[str, int] = {}
    lock = threading.Lock()

    def one(prompt: str) -> None:
        try:
            made = run(order["model"], prompt)
            name = "" if made is not None else "None"
        except Exception as error:  # noqa: BLE001 - whatever a contender raises is counted
            name = type(error).__name__
        now = time.time()
        with lock:
            if name:
                errors[name] = errors.get(name, 0) + 1
            else:
                ended[prompt] = now

    with concurrent.futures.ThreadPoolExecutor(order["at_once"]) as threads:
        list(threads.map(one, order["warm"]))
        ended.clear()
        _say_ready()
        with _measured() as used:
            list(threads.map(one, order["prompts"]))
    return {"ended": ended, "errors": errors, **used}


def _say_ready() -> None:
    """Say that the warm-up is over, and wait until whoever ordered has taken note."""
    print("ready", flush=True)
    sys.stdin.readline()


@contextmanager
def _measured() -> Iterator[dict[str, float]]:
    """Measure processor seconds over the block."""
    used: dict[str, float] = {}
    began = resource.getrusage(resource.RUSAGE_SELF)
    yield used
    ended = resource.getrusage(resource.RUSAGE_SELF)
    used["cpu_s"] = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
