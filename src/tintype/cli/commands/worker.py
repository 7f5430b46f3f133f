"""`tintype worker`: empty the queues, on any machine that reaches the database."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import typer

from tintype.cli import book, screen, studio

if TYPE_CHECKING:
    from tintype.settings import Settings

EXAMPLES = """\b
Examples:
  tintype worker
  TINTYPE_DATABASE_URL=postgresql://tintype@db.example.com/tintype tintype worker
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def worker() -> None:
    """Work off the queues in a process of its own until Ctrl-C: buy, follow, store, call back.

    Any number may run. What one leaves behind when it dies, another takes up within ten seconds.
    """
    from tintype import settings  # noqa: PLC0415 - not needed to answer --help
    from tintype.telemetry import logs  # noqa: PLC0415 - not needed to answer --help

    made = settings.load()
    logs.set_up(made)
    asyncio.run(_work(made))


async def _work(made: Settings) -> None:
    from tintype.local.studio import Studio  # noqa: PLC0415 - not needed to answer --help
    from tintype.telemetry import metrics, traces  # noqa: PLC0415 - as above

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
    meters = metrics.Meters(book.load())
    async with AsyncExitStack() as stack:
        if made.metrics_address is not None:
            stack.enter_context(metrics.served(meters, made.metrics_address))
        watching = (meters, *stack.enter_context(traces.observers()))
        open_studio = await stack.enter_async_context(
            Studio(application="tintype worker", observers=watching)
        )
        studio.note(open_studio.left_alone)
        screen.put(
            f"ready for {open_studio.core.upstream.origin}{' (simulated)' if open_studio.is_simulated else ''}"
        )
        sys.stdout.flush()
        await stopping.wait()
        screen.say("stopping: what was begun is finished, the rest is for the next worker")
