"""Everything that a round of the suite runs on: upstream, PostgreSQL, a receiver of callbacks, and the processes.

with stage.built(with_webhooks=True) as made:
    worker = made.start("worker", point="after intent")
"""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.integration.store import users
from tintype import testing
from tintype.store import embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPEED = 20
"""Pictures that take 2 s upstream take a tenth."""
_ROOT = Path(__file__).parents[2]
_POLL_S = 0.01
_DEAD_S = 10.0


def until(fact: Callable[[], object], what: str, *, within_s: float = 60.0) -> None:
    """Wait for something to become true, bounded."""
    end = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < end, f"in {within_s:.0f} s it did not come about: {what}"
        time.sleep(_POLL_S)


class Life:
    """A process of ours, from its start to its end."""

    def __init__(self, pid: int, said: Path) -> None:
        self._said = said
        # Stays its own when the number is given to another. One that is dead already has none.
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):
            self._handle = os.pidfd_open(pid)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.until_over(0)

    def has_said(self, word: str) -> bool:
        """Whether it said `ready` or `trapped`."""
        return self._said.exists() and word in self._said.read_text().split()

    def until_over(self, within_s: float) -> bool:
        """Wait for its end; whether it came."""
        if self._handle is None:
            return True
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        if poll.poll(within_s * 1000):
            self.forget()
            return True
        return False

    def send(self, how: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, how)

    def kill(self) -> None:
        """Take its life, whatever it does, and wait until it is gone."""
        self.send(signal.SIGKILL)
        assert self.until_over(_DEAD_S), "a killed process does not end"

    def forget(self) -> None:
        """Close what it is held by."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Nursery:
    """Where processes of ours are born: one that has loaded the program."""

    def __init__(self, *, keeps: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.child"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[keeps],
            env=_environment(),
        )
        self._turn = threading.Lock()

    def born(self, plan: dict[str, Any]) -> int:
        """Have a process started; return its pid."""
        assert self._process.stdin
        assert self._process.stdout
        with self._turn:
            self._process.stdin.write(json.dumps(plan).encode() + b"\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        """End all that were born."""
        self._process.communicate()


@dataclass
class Receiver:
    """Takes callbacks; `came` has what came for each generation: message id and kind."""

    url: str = ""
    came: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Stage:
    """What a round runs on."""

    data: Path
    server: embedded.Server
    sim: testing.Simulator
    receiver: Receiver
    listening: socket.socket
    nursery: Nursery
    with_webhooks: bool
    is_mistaken: bool
    is_kept: bool = False
    """Whether the folder stays, for a person to look into."""
    lives: list[Life] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _database_turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def gateway_url(self) -> str:
        """Where requests and webhooks go."""
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def start(
        self, role: str, *, point: str = "", skip: int = 0, how: signal.Signals = signal.SIGKILL
    ) -> Life:
        """Start a worker or a gateway."""
        environment = {
            "TINTYPE_DATA": str(self.data),
            "TINTYPE_ALLOW_LOOPBACK_URLS": "1",
            "TINTYPE_REPLICATE_URL": self.sim.url,
            "REPLICATE_API_TOKEN": self.sim.token,
        }
        if self.with_webhooks:
            environment["TINTYPE_PUBLIC_URL"] = self.gateway_url
        plan = {
            "role": role,
            "environment": environment,
            "socket": self.listening.fileno(),
            "is_mistaken": self.is_mistaken,
            "point": point,
            "skip": skip,
            "how": int(how),
        }
        said = self.data / f"said-{next(self._numbers)}-{role}"
        plan |= {"said": str(said), "log": str(self.data / f"{role}.log")}
        life = Life(self.nursery.born(plan), said)
        self.lives.append(life)
        return life

    def kill_database(self) -> None:
        """Take the life of PostgreSQL's own process; its supervisor starts it again."""
        with self._database_turn:
            before = users.pid(self.data)
            os.kill(before, signal.SIGKILL)
            until(lambda: users.is_up(self.data) and users.pid(self.data) != before, "PostgreSQL is back")

    def take_database_away(self, for_s: float) -> None:
        """Kill PostgreSQL, and hold who would start it again."""
        with self._database_turn:
            supervisor = users.supervisor(self.data)
            os.kill(supervisor, signal.SIGSTOP)
            try:
                os.kill(users.pid(self.data), signal.SIGKILL)
                time.sleep(for_s)
            finally:
                os.kill(supervisor, signal.SIGCONT)
            until(lambda: users.is_up(self.data), "PostgreSQL is back")


@contextlib.contextmanager
def built(*, with_webhooks: bool, is_mistaken: bool = False) -> Iterator[Stage]:
    """Build a stage; all that was started is gone at the end. A round that failed leaves its folder behind."""
    folder = Path(tempfile.mkdtemp(prefix="tt-chaos-"))
    # PostgreSQL's account has to reach what is its own.
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        sim = stack.enter_context(_upstream(folder))
        server = stack.enter_context(embedded.server(folder / "data"))
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        receiver = stack.enter_context(_receiving())
        nursery = stack.enter_context(contextlib.closing(Nursery(keeps=listening.fileno())))
        made = Stage(folder / "data", server, sim, receiver, listening, nursery, with_webhooks, is_mistaken)
        stack.callback(_end, made)
        yield made
    if not made.is_kept:
        shutil.rmtree(folder)


def _end(made: Stage) -> None:
    for life in made.lives:
        life.kill()


@contextlib.contextmanager
def _upstream(folder: Path) -> Iterator[testing.Simulator]:
    """Run the simulator as a process of its own."""
    log: IO[bytes]
    with (folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(
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
            stderr=log,
            env=_environment(),
        )
    try:
        assert process.stdout
        ready = process.stdout.readline().decode().split()
        assert ready[:1] == ["ready"], f"the simulator did not start; see {folder / 'simulator.log'}"
        yield testing.Simulator(ready[1], "r8_" + "c" * testing.TOKEN_DIGITS)
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def _receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
            receiver.came[body["data"]["id"]].append((self.headers["webhook-id"], body["type"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_said: Any) -> None:
            """Keep quiet."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_of: Any) -> None:
            """Who called may be dead by now."""

    with Server(("127.0.0.1", 0), Handler) as listening:
        receiver.url = f"http://127.0.0.1:{listening.server_address[1]}/callbacks"
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            listening.shutdown()
            thread.join()


def _environment() -> dict[str, str]:
    """The environment without what would change settings."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("TINTYPE_", "REPLICATE_"))
    }
