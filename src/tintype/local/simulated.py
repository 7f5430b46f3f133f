"""The built-in simulator: one process per data folder, for all who work without a token (rule 2).

    async with simulated.Upstream(folder) as upstream:
        upstream.origin                      # the same at every start, since generations are pinned to it

It keeps its state in the folder, so what was asked of it is there after a restart. Each user holds a pipe open that
is the simulator's standard input; the kernel closes it with the last of them, in whatever way that one ends, and the
simulator stops. A simulator that was killed is started again by whoever still works.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import random
import socket
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from tintype import settings
from tintype.domain import errors
from tintype.domain.errors import ConfigurationError
from tintype.replicate import settings as replicate_settings
from tintype.store.lock import Lock

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from tintype.settings import Settings

TOKEN = "r8_simulated"  # noqa: S105 - it opens nothing: any word of this shape is an account there
SPEED = 5.0
"""How many times faster than usual models are: long enough to see progress, short enough to try things out."""
READY_S = 30.0
_LOOK_S = 0.5
# The settings of places that what is simulated has of its own.
_PLACES = ("database_url", "storage_url")
# Below what systems hand out to outgoing connections, so that the port is free at the next start too.
_PORTS = range(20_000, 32_000)


class SimulatorNotStarted(ConfigurationError):
    """The built-in simulator cannot run; the message says why and what to do."""

    code = "simulator_not_started"


def is_installed() -> bool:
    """Whether the simulator's packages are there."""
    return importlib.util.find_spec("starlette") is not None and importlib.util.find_spec("av") is not None


class Upstream:
    """A hold on the simulator of a folder, which runs at least as long as this is open."""

    def __init__(self, folder: Path, *, speed: float = SPEED) -> None:
        self.folder = folder
        self.speed = speed
        self._pipe: int | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def origin(self) -> str:
        """Its address, which stays the same; made up when it is asked for the first time."""
        return f"http://127.0.0.1:{self._port()}"

    async def __aenter__(self) -> Self:
        """Start it unless it runs. Raises SimulatorNotStarted."""
        if not is_installed():
            raise SimulatorNotStarted(
                "no token is set (set one with: tintype token set) and the simulator is not installed "
                "(add it with: pip install 'tintype[simulator]')"
            )
        try:
            await asyncio.to_thread(self._open)
        except BaseException:
            self._close()
            raise
        self._keeping = asyncio.create_task(self._keep(), name="simulator: keep")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        self._close()

    async def _keep(self) -> None:
        """Start it again whenever it is gone."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if not self._runs():
                # Not started this time: the next look tries again, and creates wait in their queue.
                with contextlib.suppress(SimulatorNotStarted):
                    await asyncio.to_thread(self._start)

    def _open(self) -> None:
        self._prepare()
        pipe = self.folder / "users"
        with contextlib.suppress(FileExistsError):
            os.mkfifo(pipe, 0o600)
        # Both ways, since a pipe that nobody reads yet cannot be opened for writing alone.
        self._pipe = os.open(pipe, os.O_RDWR | os.O_CLOEXEC)
        self._start()

    def _close(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            os.close(pipe)

    def _start(self) -> None:
        """Start it and wait until it answers, unless one does."""
        start = self._lock("start")
        try:
            start.wait_exclusive(timeout_s=READY_S)
            end = time.monotonic() + READY_S
            process: subprocess.Popen[bytes] | None = None
            while time.monotonic() < end and (process is None or process.poll() is None):
                running = self._lock("running")
                try:
                    if running.try_exclusive():
                        process = self._spawn(running)
                finally:
                    running.close()
                if self._answers():
                    return
                time.sleep(0.02)
        finally:
            start.close()
        raise SimulatorNotStarted(
            f"the built-in simulator does not answer at {self.origin}; its log is {self.folder / 'log'}"
        )

    def _spawn(self, running: Lock) -> subprocess.Popen[bytes]:
        """Start the process. It inherits the lock, so that the kernel says whether it lives."""
        port = self._port()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise SimulatorNotStarted(
                    f"port {port} of the built-in simulator is taken by another program. Stop that one, or "
                    f"remove {self.folder} to begin with a new simulator."
                ) from None
        reading = os.open(self.folder / "users", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.set_blocking(reading, True)
            with (self.folder / "log").open("ab") as log:
                process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                    [
                        *(sys.executable, "-m", "tintype.simulator", "--stop-with-stdin"),
                        *("--port", str(port), "--speed", str(self.speed)),
                        *("--data", str(self.folder / "state")),
                    ],
                    stdin=reading,
                    stdout=log,
                    stderr=log,
                    pass_fds=(running.fd,),
                    # Ctrl-C at the terminal is for the command, which still has something to tell upstream.
                    start_new_session=True,
                )
        finally:
            os.close(reading)
        # It may end long before this process does.
        threading.Thread(target=process.wait, name="simulator: wait", daemon=True).start()
        return process

    def _runs(self) -> bool:
        probe = self._lock("running")
        try:
            return not probe.try_exclusive()
        finally:
            probe.close()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port()), timeout=1.0).close()
        except OSError:
            return False
        return True

    def _lock(self, name: str) -> Lock:
        return Lock(self.folder / f"{name}.lock")

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if stat.S_IMODE(self.folder.stat().st_mode) & 0o077:
            self.folder.chmod(0o700)

    def _port(self) -> int:
        """Return the port of this folder's simulator, chosen once for ever."""
        file = self.folder / "port.json"
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
            return int(json.loads(file.read_text())["port"])
        self._prepare()
        choose = self._lock("port")
        try:
            choose.wait_exclusive()
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
                return int(json.loads(file.read_text())["port"])
            draft = file.with_suffix(".new")
            draft.write_text(json.dumps({"port": _free_port()}))
            draft.replace(file)
            return int(json.loads(file.read_text())["port"])
        finally:
            choose.close()


def _free_port() -> int:
    for _ in range(200):
        port = random.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SimulatorNotStarted("no port is free for the built-in simulator on this machine")


def upstream(
    made: Settings, token: str | None = None, *, base_url: str | None = None
) -> replicate_settings.Upstream | None:
    """Find the upstream to work with; None for the built-in simulator, when no token is set anywhere.

    Raises ConfigurationError where an upstream is named and no token for it.
    """
    try:
        return settings.upstream(made, token, base_url=base_url)
    except errors.TokenMissing:
        replicate_settings.refuse_lonely_url(base_url)
        return None


def settings_of(made: Settings) -> Settings:
    """Return the settings for the built-in simulator: database and files of its own, below the data folder.

    The public URL stays: it says that this machine's are not the only callers.
    """
    return made.model_copy(
        update={
            "data": made.data / "simulated",
            **dict.fromkeys(_PLACES),
            "webhook_secret": None,
        }
    )


def left_alone(made: Settings) -> str | None:
    """Say which settings count for nothing while no token is set; None where none of them is made."""
    unused = [f"TINTYPE_{name.upper()}" for name in _PLACES if getattr(made, name) is not None]
    if not unused:
        return None
    are = "is" if len(unused) == 1 else "are"
    return (
        f"without a token {' and '.join(unused)} {are} left alone: what is simulated has a place of its own"
    )


__all__ = [
    "SPEED",
    "TOKEN",
    "SimulatorNotStarted",
    "Upstream",
    "is_installed",
    "left_alone",
    "settings_of",
    "upstream",
]
