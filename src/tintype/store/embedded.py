"""A PostgreSQL of one's own under a data folder: started by its first user, stopped after its last.

    with embedded.server(data) as server:
        connect(server.url)

Any number of processes may do this at once. Each holds a share of a file lock, which the kernel frees when
the process ends in whatever way; who holds the lock alone may stop the server, nobody else. A supervisor
process sleeps on that lock and starts the server again when it was killed. `docs/decisions/0020` has the
reasons.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from tintype.store import binaries, cluster, errors, home, lock, postmaster

if TYPE_CHECKING:
    from types import TracebackType

    import psycopg

_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from tintype.store import supervisor; supervisor.main()"
_POLL_S = 0.01
_PAUSE_S = 0.05
# Ten seconds of a server that says it is ready, and is not, as after a crash of one of its processes.
_REFUSALS = 200


def server(data: Path, *, version: str = binaries.VERSIONS[0]) -> Server:
    """Return the server of a data folder, to be used with `with` or `async with`; nothing is started yet.

    `version` is the major version of PostgreSQL, one of `binaries.VERSIONS`.
    """
    return Server(data, programs=binaries.wheel(version))


class Server:
    """One user's hold on the server of a data folder.

    The server runs at least as long as this is open. Blocking; in async code use `async with`.
    """

    def __init__(self, data: Path, *, programs: binaries.Binaries) -> None:
        self.data = data
        self._programs = programs
        self._home: home.Home | None = None
        self._lease: lock.Lock | None = None
        self._socket: Path | None = None

    @property
    def url(self) -> str:
        """The URL of Tintype's database. It holds no password: the kernel says who connects (peer)."""
        return self._url(cluster.ROLE, cluster.ROLE)

    @property
    def admin_url(self) -> str:
        """The URL of the superuser, for backups and extensions."""
        return self._url(cluster.ADMIN, cluster.ADMIN)

    def open(self) -> Self:
        """Take a share of the server, starting it when nobody else has.

        Raises DataFolderUnusable or ServerNotStarted with the next step.
        """
        if self._lease is not None:
            return self
        place = self._home = home.prepare(self.data)
        try:
            self._lease = self._lock("lease")
            self._lease.wait_shared()
            os.register_at_fork(after_in_child=_closer(weakref.ref(self._lease)))
            self.ensure()
        except BaseException as error:
            if self._lease is not None:
                self._lease.close()
                self._lease = None
            if isinstance(error, OSError):
                raise home.unusable(error, place.folder) from error
            raise
        return self

    def ensure(self) -> None:
        """See to it that the server runs and has its database, waiting for a recovery under way.

        Harmless when it does. Of use when the server and its supervisor were both killed.
        """
        place = self._opened()
        start = self._lock("start")
        try:
            start.wait_exclusive(timeout_s=None)
            cluster.check(place, self._tools())
            signs = postmaster.Signs(place.cluster, place.log)
            refusals = 0
            while refusals < _REFUSALS and signs.silent_s() < postmaster.SILENCE_S:
                if not self._supervised():
                    self._supervise(place)
                found = postmaster.read(place.cluster)
                if found and found.status == "ready" and found.socket_folder:
                    if self._try(found.socket_folder):
                        return
                    refusals += 1
                time.sleep(_PAUSE_S)
            raise errors.ServerNotStarted(f"PostgreSQL runs but lets nobody in (more in {place.log}).")
        finally:
            start.close()

    def database(self, name: str) -> str:
        """Return the URL of a further database of this server, making it when it is not there."""
        import psycopg  # noqa: PLC0415 - the server extra, and slow to import
        from psycopg import sql  # noqa: PLC0415 - the same

        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            names = sql.Identifier(name), sql.Identifier(cluster.ROLE)
            if not _known(admin, "pg_roles", "rolname", cluster.ROLE):
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(names[1]))
            if not _known(admin, "pg_database", "datname", name):
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
                admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(names[0]))
        return self._url(cluster.ROLE, name)

    def close(self) -> None:
        """Give the share back. The last user's call returns when the server is down; twice is harmless."""
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            lease.release()
            while not self._others_or_none(lease):
                time.sleep(_POLL_S)
        finally:
            lease.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.open)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _others_or_none(self, lease: lock.Lock) -> bool:
        """Look once: True when others use the server, or when it is down. False while it is being stopped."""
        if not lease.try_exclusive():
            if lease.try_shared():
                lease.release()
                return True
            return False
        if self._supervised():
            # The supervisor waits for this very lock: it gets it now, and stops the server.
            lease.release()
            return False
        place = self._opened()
        found = postmaster.read(place.cluster)
        if found and postmaster.is_server(found.pid, place.cluster):
            postmaster.stop(found.pid, place.cluster, place.log)
        return True

    def _supervised(self) -> bool:
        """Tell whether a supervisor lives."""
        probe = self._lock("supervisor")
        try:
            return not probe.try_exclusive()
        finally:
            probe.close()

    def _supervise(self, place: home.Home) -> None:
        """Start a supervisor and wait for what it reports; it reports, or ends, in any case."""
        users = {place.account.name, home.me().name}
        programs = binaries.reachable(self._programs, place)
        plan = {
            "folder": str(place.folder),
            "name": place.account.name,
            "uid": place.account.uid,
            "gid": place.account.gid,
            "tools": str(programs.folder),
            "major": programs.major,
            "users": sorted(users | home.root()),
            "runtime": os.environ.get("XDG_RUNTIME_DIR"),
        }
        source = Path(__file__).parents[2]
        with subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-I", "-S", "-c", _BOOT, str(source)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
        ) as process:
            assert process.stdin  # noqa: S101 - for the type checker: it is a pipe
            assert process.stdout  # noqa: S101 - the same
            assert process.stderr  # noqa: S101 - the same
            process.stdin.write(json.dumps(plan).encode())
            process.stdin.close()
            # Importing takes as long as a start: both at once.
            import psycopg  # noqa: F401, PLC0415

            answer = process.stdout.readline()
            words = b"" if answer else process.stderr.read()
        if not answer:
            last = (words.decode(errors="replace").strip().splitlines() or ["it was killed"])[-1]
            raise errors.ServerNotStarted(f"PostgreSQL's supervisor did not start: {last}")
        found: dict[str, Any] = json.loads(answer)
        if found.get("reason"):
            raise errors.DataFolderUnusable(found["error"], reason=errors.Reason(found["reason"]))
        if "error" in found:
            raise errors.ServerNotStarted(found["error"])

    def _try(self, socket: Path) -> bool:
        """Connect once through a socket that only the server's account can have put there."""
        import psycopg  # noqa: PLC0415 - the server extra, and slow to import

        if not cluster.is_private(socket, self._opened().account.uid):
            return False
        self._socket = socket
        try:
            psycopg.connect(self.url, connect_timeout=10).close()
        except psycopg.OperationalError as error:
            if "too many clients" in str(error) or "connection slots" in str(error):
                return True
            # At its first start the server has no role and no database of ours yet.
            if f'"{cluster.ROLE}" does not exist' not in str(error):
                return False
            try:
                self.database(cluster.ROLE)
            except psycopg.OperationalError:
                return False
        return True

    def _tools(self) -> cluster.Tools:
        return cluster.Tools(str(self._programs.folder), self._programs.major)

    def _lock(self, name: str) -> lock.Lock:
        place = self._opened()
        return lock.Lock(place.lock(name), uid=place.account.uid, gid=place.account.gid)

    def _opened(self) -> home.Home:
        if self._home is None:
            raise RuntimeError("the server is not open: use it inside `with`")
        return self._home

    def _url(self, role: str, database: str) -> str:
        account = self._opened().account
        if self._socket is None or self._lease is None:
            raise RuntimeError("the server is not open: use it inside `with`")
        # The client asks the kernel too whom it is connected to.
        peer = quote(account.name, safe="")
        host = quote(os.fsencode(self._socket), safe="")
        where = f"host={host}&port={postmaster.PORT}&requirepeer={peer}"
        return f"postgresql://{role}@/{quote(database, safe='')}?{where}"


def _known(admin: psycopg.Connection, table: str, column: str, name: str) -> bool:
    from psycopg import sql  # noqa: PLC0415 - see above

    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return admin.execute(query, (name,)).fetchone() is not None


def _closer(lease: weakref.ref[lock.Lock]) -> Any:
    """Return what a forked child does: drop the inherited share, which would outlive its parent's."""

    def close() -> None:
        held = lease()
        if held is not None:
            held.close()

    return close
