"""Processes that use a server, and servers that nobody of ours manages."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg

from tintype.store import binaries, home, lock, postmaster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_S = 30.0
_PROGRAM = """
import sys
from pathlib import Path
from tintype.store import embedded

with embedded.server(Path(sys.argv[1]), version=sys.argv[2]) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def until(fact: Callable[[], object], what: str) -> None:
    """Wait for something of the outside world to become true, bounded."""
    end = time.monotonic() + LIMIT_S
    while not fact():
        assert time.monotonic() < end, f"in {LIMIT_S:.0f} s it did not come about: {what}"
        time.sleep(0.01)


class User:
    """A process that uses the server until it is told to go, or killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def url(self) -> str:
        """Wait until the process is let in; return the URL it was given."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        """Let it close and end in order."""
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(LIMIT_S) == 0

    def end(self, how: signal.Signals) -> None:
        """End it by a signal."""
        self.process.send_signal(how)
        self.process.wait(LIMIT_S)


class Starter:
    """Starts users of one data folder; all are gone at the end."""

    def __init__(self, data: Path, stack: contextlib.ExitStack) -> None:
        self._data = data
        self._stack = stack

    def __call__(self, version: str = "18") -> User:
        """Start one more user without waiting for it."""
        process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(self._data), version],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self._stack.callback(process.kill)
        return User(process)


def pid(data: Path) -> int:
    """Return the pid of the running server."""
    found = postmaster.read(data / "postgres" / "cluster")
    assert found
    return found.pid


def is_down(data: Path) -> bool:
    """Tell whether neither the server nor its supervisor lives, without joining in."""
    return not (_is_held(data, "server") or _is_held(data, "supervisor"))


def is_up(data: Path) -> bool:
    """Tell whether a server is ready."""
    cluster = data / "postgres" / "cluster"
    found = postmaster.read(cluster)
    return found is not None and found.status == "ready" and postmaster.is_server(found.pid, cluster)


def answers(url: str) -> bool:
    """Tell whether a statement can be run."""
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def supervisor(data: Path) -> int:
    """Return the pid of the supervisor: the process that holds its lock, as the kernel lists it."""
    found = (data / "postgres" / "supervisor.lock").stat()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(_same(fd, found) for fd in (process / "fd").iterdir()):
                return int(process.name)
    raise AssertionError("no process has the supervisor's lock open")


def end_left_over(folder: Path) -> None:
    """Wait for servers below a folder to end; what a test killed on purpose is ended here."""
    for data in [path.parent for path in folder.glob("**/postgres/supervisor.lock")]:
        end = time.monotonic() + 5
        while time.monotonic() < end and not is_down(data.parent):
            time.sleep(0.02)
        postmaster.end_orphans(data / "cluster", how=signal.SIGKILL)


def other_account() -> str:
    """Name an account that neither is this one nor runs the server."""
    own = {os.geteuid(), 0}
    for name in home.ACCOUNTS:
        with contextlib.suppress(KeyError):
            own.add(pwd.getpwnam(name).pw_uid)
            break
    return next(entry.pw_name for entry in pwd.getpwall() if entry.pw_uid not in own)


def psql(url: str, statement: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's own client."""
    return subprocess.run(
        [binaries.wheel().program("psql"), "-XAtc", statement, url],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
        timeout=LIMIT_S,
    )


def become(account: str) -> str:
    """Return a line of Python that gives up root for an account; nothing for an ordinary user.

    A program may start as root and do so itself: the interpreter may lie where others cannot run it.
    """
    if os.geteuid() != 0:
        return ""
    found = pwd.getpwnam(account)
    return f"import os; os.setgroups([]); os.setgid({found.pw_gid}); os.setuid({found.pw_uid})\n"


def connect_as(account: str | None, url: str) -> str:
    """Connect as an account of this machine; return `in`, or what the client was told."""
    program = (
        f"import sys, psycopg\n{become(account) if account else ''}"
        "try:\n    psycopg.connect(sys.argv[1]).close()\n    print('in')\n"
        "except psycopg.OperationalError as error:\n    print(error)"
    )
    return subprocess.run(
        [sys.executable, "-c", program, url], capture_output=True, text=True, check=True, timeout=LIMIT_S
    ).stdout


def run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", timeout=LIMIT_S)


def run_on_disk(options: str, folder: Path, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a program that sees a disk of its own in a folder, mounted in a name space of its own."""
    # An ordinary user mounts as root of a user name space, and is itself again in another.
    root = os.geteuid() == 0
    as_root = [] if root else ["--user", "--map-root-user"]
    as_self = "" if root else f"unshare --user --map-user={os.getuid()} --map-group={os.getgid()}"
    script = f'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec {as_self} "$@"'
    return run(["unshare", *as_root, "--mount", "sh", "-c", script, "sh", options, folder, *command])


def can_mount() -> bool:
    """Tell whether the system lets us do that."""
    with tempfile.TemporaryDirectory(prefix="tt-") as folder:
        try:
            run_on_disk("size=1m", Path(folder), ["true"])
        except (subprocess.CalledProcessError, FileNotFoundError):
            return False
    return True


class Stopped:
    """A PostgreSQL over TCP with a password that can be stopped and started at will."""

    def __init__(self, programs: binaries.Binaries, folder: Path) -> None:
        self._programs = programs
        self._cluster = folder / "cluster"
        self._account = pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            self._account = next(name for name in home.ACCOUNTS if _exists(name))
        found = pwd.getpwnam(self._account)
        if os.geteuid() == 0:
            os.chown(folder, found.pw_uid, found.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        word = folder / "password"
        word.write_text("scram only\n")
        word.chmod(0o644)
        self._run(
            *("initdb", "-D", str(self._cluster), "-U", "tintype", "-E", "UTF8", "--locale=C", "--no-sync"),
            *("--auth-host=scram-sha-256", "--auth-local=reject", f"--pwfile={word}"),
        )
        self.url = f"postgresql://tintype:scram%20only@127.0.0.1:{self.port}/postgres"

    def start(self) -> Self:
        """Start it and wait until it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c jit=off"
        log = str(self._cluster / "log")
        self._run("pg_ctl", "-D", str(self._cluster), "-l", log, "-w", "-o", options, "start")
        return self

    def stop(self, how: str = "fast") -> None:
        """Stop it: `fast`, or `immediate` as if it crashed."""
        self._run("pg_ctl", "-D", str(self._cluster), "-w", "-m", how, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        root = os.geteuid() == 0
        subprocess.run(
            [self._programs.program(program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._account if root else None,
            group=pwd.getpwnam(self._account).pw_gid if root else None,
            extra_groups=[] if root else None,
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            timeout=LIMIT_S,
        )


@contextlib.contextmanager
def tcp_server(programs: binaries.Binaries, folder: Path) -> Iterator[str]:
    """Run a server over TCP with a password, and return its URL."""
    server = Stopped(programs, folder).start()
    try:
        yield server.url
    finally:
        server.stop("immediate")


def _is_held(data: Path, name: str) -> bool:
    path = data / "postgres" / f"{name}.lock"
    if not path.exists():
        return False
    probe = lock.Lock(path)
    try:
        return not probe.try_exclusive()
    finally:
        probe.close()


def _same(path: Path, found: os.stat_result) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(path.stat(), found)
    return False


def _exists(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid != 0
    except KeyError:
        return False
