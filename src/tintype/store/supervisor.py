"""The process that keeps one server running as long as anybody uses it, and stops it when nobody does.

It sleeps on a file lock: the kernel wakes it when the last user closed its share or was killed. It is the
server's parent, so a killed server is seen at once and started again. It is no service of its own: it is
started by the first user and ends with the server. Signals that ask it to end are left aside, because
users may still be at work (a service manager tells all processes of a group at once).

Standard library only. As root it gives up root before it touches anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from tintype.store import cluster, errors, home, lock, postmaster

_FREE = "nobody uses it"
_GONE = "the server is gone"
_HOUR_S = 3600.0
_ORPHANS_S = 5.0
_DELAY_S_MAX = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a supervisor is told on its standard input."""

    folder: str
    name: str
    uid: int
    gid: int
    tools: str
    major: int
    users: list[str]
    runtime: str | None


class Supervisor:
    """Runs one server until nobody holds its lease."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._home = home.Home(Path(plan.folder), home.Account(plan.name, plan.uid, plan.gid))
        self._tools = cluster.Tools(plan.tools, plan.major)
        self._events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._socket: Path | None = None
        self._lease = lock.Lock(self._home.lock("lease"))
        self._self = lock.Lock(self._home.lock("supervisor"))
        self._pid = 0

    def run(self, report: IO[str]) -> None:
        """Bring the server up, tell how that went, and stay until nobody uses it."""
        if not self._self.wait_exclusive(timeout_s=30):
            raise errors.ServerNotStarted("Another supervisor of this server does not end.")
        self._bring_up()
        with contextlib.suppress(BrokenPipeError):
            report.write(json.dumps({"ready": True}) + "\n")
            report.close()
        threading.Thread(target=self._watch_lease, daemon=True).start()
        while self._next() != _FREE:
            if not self._again():
                break
        if self._pid:
            postmaster.stop(self._pid, self._home.cluster, self._home.log)
        self._remove_socket()

    def _next(self) -> str:
        """Wait for the next thing to do, removing old logs meanwhile."""
        while True:
            with contextlib.suppress(queue.Empty):
                return self._events.get(timeout=_HOUR_S)
            cluster.prune_logs(self._home)

    def _again(self) -> bool:
        """Start the server that was killed, as often as it takes; False when nobody uses it any more."""
        self._pid = 0
        delay_s = 0.05
        while True:
            try:
                self._bring_up()
            except (errors.DataFolderUnusable, errors.ServerNotStarted, OSError) as error:
                say(f"the server was gone and did not start again: {error}")
            else:
                say("the server was gone and runs again")
                return True
            with contextlib.suppress(queue.Empty):
                if self._events.get(timeout=delay_s) == _FREE:
                    return False
            delay_s = min(delay_s * 2, _DELAY_S_MAX)

    def _bring_up(self) -> None:
        """Take over the running server, or start one; raises what keeps it from starting."""
        place = self._home
        held = lock.Lock(place.lock("server"))
        try:
            found = postmaster.read(place.cluster)
            if found and postmaster.is_server(found.pid, place.cluster):
                if held.try_exclusive():
                    raise errors.DataFolderUnusable(
                        f"{place.cluster} is used by a PostgreSQL that Tintype did not start (process "
                        f"{found.pid}). Stop it, or choose another folder with TINTYPE_DATA.",
                        reason=errors.Reason.OTHER_SERVER,
                    )
                self._pid, self._socket = found.pid, found.socket_folder
                threading.Thread(target=self._watch_stranger, args=(found.pid,), daemon=True).start()
                return
            self._await_orphans(held)
            place.log.mkdir(mode=0o700, exist_ok=True)
            if not cluster.check(place, self._tools):
                cluster.make(place, self._tools)
            # The lock says that no process of the server lives, whoever has its number now.
            (place.cluster / "postmaster.pid").unlink(missing_ok=True)
            cluster.configure(place, self._plan.users)
            process = self._launch(held)
        finally:
            held.close()
        self._pid = process.pid
        threading.Thread(target=self._watch_child, args=(process,), daemon=True).start()

    def _await_orphans(self, held: lock.Lock) -> None:
        """Wait until the processes of a killed postmaster have ended, and help after a while."""
        for how in (signal.SIGQUIT, signal.SIGKILL):
            if held.wait_exclusive(timeout_s=_ORPHANS_S):
                return
            postmaster.end_orphans(self._home.cluster, how=how)
        if not held.wait_exclusive(timeout_s=_ORPHANS_S):
            raise errors.ServerNotStarted(
                f"Processes of an earlier PostgreSQL still use {self._home.cluster}, perhaps in another "
                "container. End them, then start again."
            )

    def _launch(self, held: lock.Lock) -> subprocess.Popen[bytes]:
        place = self._home
        cluster.prune_logs(place)
        if self._socket is None or not cluster.is_private(self._socket, os.geteuid()):
            self._socket = cluster.socket_folder(place, self._plan.runtime)
        for left in self._socket.glob(".s.PGSQL.*"):
            left.unlink()
        words = place.log / "start.log"
        begun = time.time()
        with words.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - a program of the installed wheel
                [
                    f"{self._tools.folder}/postgres",
                    *("-D", str(place.cluster)),
                    *("-p", str(postmaster.PORT)),
                    *("-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._socket}"),
                    *("-c", "unix_socket_permissions=0700"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=cluster.environment(),
                cwd="/",
                pass_fds=(held.fd,),
                start_new_session=True,
            )
        if not postmaster.wait_ready(process, place.cluster, place.log):
            raise cluster.told(_last_words(place.log, since=begun), place)
        return process

    def _watch_lease(self) -> None:
        self._lease.wait_exclusive()
        self._events.put(_FREE)

    def _watch_child(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._events.put(_GONE)

    def _watch_stranger(self, pid: int) -> None:
        """Wait for the end of a server whose parent was another supervisor."""
        while postmaster.is_server(pid, self._home.cluster):
            time.sleep(0.25)
        self._events.put(_GONE)

    def _remove_socket(self) -> None:
        if self._socket and self._socket.parent != self._home.folder:
            with contextlib.suppress(OSError):
                self._socket.rmdir()


def say(text: str) -> None:
    """Write a line to the supervisor's log, with the time."""
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC {text}\n")
    sys.stderr.flush()


def main() -> None:
    """Read the plan, leave the starter's process tree and root's rights, and run."""
    plan = Plan(**json.loads(sys.stdin.read()))
    if os.fork():
        os._exit(0)
    os.setsid()
    os.umask(0o077)
    report = os.fdopen(os.dup(1), "w")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Handled rather than ignored: what is ignored stays so in the programs that are started.
        signal.signal(number, lambda *_: None)
    answer: dict[str, Any]
    try:
        if os.geteuid() != plan.uid:
            _become(plan)
        _check_tools(plan)
        Supervisor(plan).run(_redirected(report, Path(plan.folder)))
    except (errors.DataFolderUnusable, errors.ServerNotStarted) as error:
        reason = getattr(error, "reason", None)
        answer = {"error": str(error), "reason": reason}
    except OSError as error:
        refusal = home.unusable(error, Path(plan.folder))
        answer = {"error": str(refusal), "reason": refusal.reason}
    else:
        return
    if report.closed:
        say(answer["error"])
        return
    with contextlib.suppress(BrokenPipeError):
        report.write(json.dumps(answer) + "\n")
        report.close()


def _become(plan: Plan) -> None:
    """Give up root for good."""
    try:
        os.setgroups([])
        os.setgid(plan.gid)
        os.setuid(plan.uid)
    except OSError as error:
        raise home.not_allowed(home.Account(plan.name, plan.uid, plan.gid), error) from error


def _check_tools(plan: Plan) -> None:
    """Say which folder keeps the server's account from its data or its programs."""
    account = home.Account(plan.name, plan.uid, plan.gid)
    for path, mode in ((Path(plan.folder), os.W_OK | os.X_OK), (Path(plan.tools) / "postgres", os.X_OK)):
        if not os.access(path, mode, effective_ids=os.access in os.supports_effective_ids):
            raise home.unreachable(path, account)


def _redirected(report: IO[str], folder: Path) -> IO[str]:
    """Let the log take what is said from here on; `report` alone still reaches the starter."""
    (folder / "log").mkdir(mode=0o700, exist_ok=True)
    file = folder / "log" / "supervisor.log"
    if file.exists() and file.stat().st_size > 1_000_000:
        file.replace(file.with_suffix(".old"))
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)
    return report


def _last_words(log: Path, *, since: float) -> str:
    """Return what the server said last: before its log was open, and in it."""
    files = [log / "start.log", *sorted(log.glob("postgres-*.log"))[-1:]]
    fresh = [file for file in files if file.exists() and file.stat().st_mtime >= since - 1]
    return "\n".join(file.read_text(errors="replace")[-4000:] for file in fresh)
