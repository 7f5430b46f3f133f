"""The upstream that a command works with: the configured one, or a simulator of its own without a token."""

from __future__ import annotations

import importlib.util
import queue
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype import masking
from tintype.cli import exits, screen
from tintype.domain.errors import TokenMissing
from tintype.replicate import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from tintype.replicate.tokens import Token

# Usual times are divided by this: long enough to see progress, short enough to try things out.
SPEED = 5
READY_S = 30.0
STOP_S = 5.0
# Any token of this shape is an account at the simulator.
SIMULATED_TOKEN = "r8_simulated"  # noqa: S105 - it opens nothing


@dataclass(frozen=True, slots=True)
class Place:
    """Where to work: an origin, its token (None: the configured one), and whether it is our simulator.

    `speed` is how many times faster than usual models are there.
    """

    origin: str
    token: str | None
    is_simulated: bool
    speed: float = 1.0


def stated() -> settings.Upstream | None:
    """Return the upstream and token of the settings, or None when no token is set anywhere.

    Raises ConfigurationError where one is set that cannot be used.
    """
    try:
        return settings.resolve()
    except TokenMissing:
        return None


def masked(token: Token) -> str:
    """Show what kind of token it is and nothing that helps to guess it."""
    return masking.masked_token(token.reveal())


@contextmanager
def chosen() -> Iterator[Place]:
    """Give the configured upstream, or start a simulator and stop it when the block ends, however it ends.

    Raises Refusal where there is neither a token nor a simulator.
    """
    found = stated()
    if found is not None:
        with terminated_like_interrupted():
            yield Place(found.origin, None, is_simulated=False)
        return
    settings.refuse_lonely_url()
    if importlib.util.find_spec("starlette") is None:
        raise exits.Refusal(
            "no token is set (set one with: tintype token set) and the simulator is not installed "
            "(add it with: pip install 'tintype[simulator]')"
        )
    screen.say("No token is set: a simulator on this machine does the work, nothing is bought.")
    with terminated_like_interrupted(), _simulator() as origin:
        yield Place(origin, SIMULATED_TOKEN, is_simulated=True, speed=SPEED)


@contextmanager
def _simulator() -> Iterator[str]:
    # In a process group of its own: Ctrl-C at the terminal is for the command, which still has to cancel.
    # It ends with its standard input, and so does not outlive a command that was killed.
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        options = {"process_group": 0}
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [
            sys.executable,
            "-m",
            "tintype.simulator",
            "--port",
            "0",
            "--speed",
            str(SPEED),
            "--stop-with-stdin",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Nobody reads its log, and a full pipe would stop it.
        stderr=subprocess.DEVNULL,
        text=True,
        **options,  # type: ignore[call-overload] # the options differ by platform
    )
    try:
        yield _ready(process)
    finally:
        _stop(process)


def _ready(process: subprocess.Popen[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        stdout = process.stdout
        lines.put(stdout.readline() if stdout is not None else "")

    threading.Thread(target=read, daemon=True).start()
    try:
        word, _, origin = lines.get(timeout=READY_S).strip().partition(" ")
    except queue.Empty:
        raise exits.Failure(
            f"the simulator did not start within {READY_S:g} s; try: tintype simulator"
        ) from None
    if word != "ready":
        raise exits.Failure("the simulator did not start; see why with: tintype simulator")
    return origin


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, so that nothing runs on upstream."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    # In the background of a script SIGINT comes ignored, and then it would end nothing.
    before_int = signal.signal(signal.SIGINT, signal.default_int_handler)
    before_term = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before_term)
        signal.signal(signal.SIGINT, before_int)
