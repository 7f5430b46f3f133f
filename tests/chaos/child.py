"""The processes of the suite: workers, and gateways that take requests and webhooks in.

    python -m tests.chaos.child           # a plan in JSON per line: {"role": "worker", …}

This process only loads the program, and forks one for each plan, whose pid it answers: a life costs no second of
importing. A forked one says `ready` in its file when it works, and `trapped` before a trap takes it. All end with
the standard input of the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from tests.chaos import points, statements, wires
from tintype import bootstrap, settings
from tintype.api import server
from tintype.api.server import Options
from tintype.service.upstream import Timing
from tintype.store import embedded, patience, schema

if TYPE_CHECKING:
    from collections.abc import Callable

TIMING = Timing(intent_good_s=2.0, answer_s=2.0, slack_s=1.5, readings_after_s=(1.0, 2.0), gone_after_s=0.5)
"""Short times, so that silence is over soon."""


def _say(word: bytes) -> None:
    os.write(1, word + b"\n")


async def _serve(listening: socket.socket) -> None:
    """Be the gateway as it is, without a worker of its own."""
    options = Options(port=listening.getsockname()[1], works=False)
    application = server.build(options, ready=lambda: _say(b"ready"))
    config = uvicorn.Config(application, http="httptools", loop="none", log_config=None, access_log=False)
    await uvicorn.Server(config).serve(sockets=[listening])


async def _work(core: bootstrap.Core) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, core.worker.stop)

    async def tell() -> None:
        await core.worker.is_ready.wait()
        _say(b"ready")

    telling = asyncio.create_task(tell())
    await core.work()
    telling.cancel()


async def _run(plan: dict[str, Any], at: Callable[[str], None]) -> None:
    if plan["role"] == "gateway":
        await _serve(socket.socket(fileno=plan["socket"]))
        return
    made = settings.load()
    place = settings.upstream(made)
    kind = statements.Mistaken if plan["is_mistaken"] else statements.Told
    async with embedded.server(made.data) as postgres:
        database = kind(
            postgres.url,
            at=at,
            application="tintype worker",
            connections_max=bootstrap.CONNECTIONS_MAX,
            revive=postgres.ensure,
        )
        try:
            # As `bootstrap.open_database` does it for servers.
            await patience.patiently(database.open)
            await patience.patiently(
                lambda: schema.prepare(database, postgres.url, caller=schema.Caller.SERVER)
            )
            async with bootstrap.core_on(database, made, place, timing=TIMING) as core:
                await _work(core)
        finally:
            await database.close()


def _live(plan: dict[str, Any]) -> None:
    """Be the process that a plan describes."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for path, number in ((os.devnull, 0), (plan["said"], 1), (plan["log"], 2)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    for quiet in ("httpx2", "procrastinate"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    os.chdir(Path(plan["said"]).parent)
    os.environ.update(plan["environment"])
    trap = points.Trap(plan["point"], plan["skip"], signal.Signals(plan["how"]))
    points.of_files(trap.reached)
    with asyncio.Runner(loop_factory=lambda: wires.Loop(trap.reached)) as runner:
        runner.run(_run(plan, trap.reached))


def main() -> None:
    """Fork a process per plan."""
    # Nobody waits for them here: the kernel clears away what has died.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    born: list[int] = []
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            try:
                _live(json.loads(line))
            except BaseException:
                logging.getLogger("tests.chaos").exception("this process ends by itself")
            os._exit(1)
        born.append(pid)
        _say(str(pid).encode())
    for pid in born:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
