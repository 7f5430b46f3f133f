"""The processes of the suite: workers, and the door that takes requests and webhooks in.

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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.chaos import points
from tintype import bootstrap, settings
from tintype.domain.access import Actor
from tintype.domain.errors import UpstreamError, UpstreamPaused, WebhookRefused
from tintype.replicate import settings as replicate_settings
from tintype.service import notices
from tintype.service.buying import HOOKS
from tintype.service.requests import Cache, Request
from tintype.service.upstream import Timing
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from starlette.requests import Request as Asked

TIMING = Timing(intent_good_s=2.0, answer_s=2.0, slack_s=1.5, readings_after_s=(1.0, 2.0), gone_after_s=0.5)
"""Short times, so that silence is over soon."""
CALL_S, CLAIM_S = 3.0, 5.0
"""How long a callback may take, and for how long nobody else sends it."""
ACTOR = Actor(key="local", user="alice", project="shop")


class Door:
    """Takes requests and webhooks in."""

    def __init__(self, core: bootstrap.Core) -> None:
        self._core = core

    async def submit(self, asked: Asked) -> Response:
        """Submit what the body says, under its name as idempotency key."""
        body = await asked.json()
        request = Request(
            body["model"], body["input"], cache=Cache.OFF, callback_url=body["callback_url"], deadline_s=900.0
        )
        try:
            made = await self._core.generations.submit(request, actor=ACTOR, idempotency_key=body["name"])
        except (DatabaseAway, UpstreamPaused):
            return Response(status_code=503, headers={"Retry-After": "1"})
        return JSONResponse({"id": made.ids[0]}, status_code=202)

    async def hook(self, asked: Asked) -> Response:
        """Take a delivery of upstream's."""
        try:
            await self._core.inbox.receive(
                asked.path_params["token"], dict(asked.headers), await asked.body()
            )
        except WebhookRefused:
            return Response(status_code=401)
        except (DatabaseAway, UpstreamError):
            return Response(status_code=503)
        return Response(status_code=200)


def _say(word: bytes) -> None:
    os.write(1, word + b"\n")


async def _open_door(core: bootstrap.Core, listening: socket.socket) -> None:
    door = Door(core)
    app = Starlette(
        routes=[
            Route("/generations", door.submit, methods=["POST"]),
            Route(HOOKS + "{token}", door.hook, methods=["POST"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    _say(b"ready")
    await server.serve(sockets=[listening])


async def _work(core: bootstrap.Core) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, core.worker.stop)

    async def tell() -> None:
        await core.worker.is_ready.wait()
        _say(b"ready")

    telling = asyncio.create_task(tell())
    await core.work()
    telling.cancel()


async def _run(plan: dict[str, Any]) -> None:
    data = Path(plan["data"])
    made = settings.load(
        dotenv=data / "none.env", data=data, public_url=plan["public_url"], allow_loopback_urls=True
    )
    place = replicate_settings.resolve(plan["token"], base_url=plan["upstream"])
    async with (
        bootstrap.open_database(made, application=f"tintype {plan['role']}") as database,
        bootstrap.core_on(database, made, place, timing=TIMING) as core,
    ):
        if plan["role"] == "door":
            await _open_door(core, socket.socket(fileno=plan["socket"]))
        else:
            await _work(core)


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
    # A round is to be quiet soon after its last kill.
    setattr(notices, "_CLAIM_S", CLAIM_S)  # noqa: B010 - a type checker takes the plain assignment for a mistake
    setattr(notices, "LIMITS", replace(notices.LIMITS, total_s=CALL_S))  # noqa: B010 - the same
    # Nobody waits for thumbnails, and each worker would start processes of its own to make them in.
    setattr(bootstrap, "THUMBNAIL_AT_ONCE", 0)  # noqa: B010 - the same
    if plan["is_mistaken"]:
        points.intend_after_the_post()
    if plan["point"]:
        points.lay(points.Trap(plan["point"], plan["skip"], signal.Signals(plan["how"])))
    asyncio.run(_run(plan))


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
