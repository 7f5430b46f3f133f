"""Make a cluster and write its settings: who may connect, how it is tuned, where it logs.

Standard library only: the supervisor runs it without site-packages, under the server's account.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tintype.store import errors, home, postmaster

ROLE = "tintype"
"""The role Tintype works as; it owns its databases and is no superuser."""
ADMIN = "postgres"
"""The superuser, for making roles and databases, and for backups."""
_ROOM_BYTES = 100_000_000
# Field `sun_path` of a socket's address, without the byte that ends it.
_PATH_MAX = 103 if sys.platform == "darwin" else 107
_LOG_FILES = 5
# What tells why a program gave up; the lines around it are routine.
_GRAVE = ("FATAL", "PANIC", "error:", "invalid value", "syntax error", "unrecognized")

SETTINGS = """\
# Written by Tintype at each start. Put settings of your own into ../settings.conf, which is read last.
max_connections = 120
shared_buffers = '128MB'
effective_cache_size = '1GB'
work_mem = '8MB'
max_wal_size = '512MB'
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
autovacuum_naptime = '15s'
autovacuum_vacuum_scale_factor = 0.05
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
idle_in_transaction_session_timeout = '5min'
client_connection_check_interval = '5s'
password_encryption = 'scram-sha-256'
logging_collector = on
log_directory = '../log'
log_filename = 'postgres-%Y%m%d-%H%M%S.log'
log_file_mode = 0600
log_rotation_size = '10MB'
log_rotation_age = '1d'
log_line_prefix = '%m [%p] %a '
# Statements and values hold prompts and keys: neither gets into the log.
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length_on_error = 0
max_logical_replication_workers = 0
"""


@dataclass(frozen=True, slots=True)
class Tools:
    """PostgreSQL's programs, by path, and their major version."""

    folder: str
    major: int


def check(place: home.Home, tools: Tools) -> bool:
    """Tell whether there is a cluster of the right version; raises DataFolderUnusable for any other thing."""
    version = place.cluster / "PG_VERSION"
    if version.exists():
        found = version.read_text().strip()
        if found != str(tools.major):
            raise errors.DataFolderUnusable(
                f"{place.cluster} was made by PostgreSQL {found}; this start would run {tools.major}. "
                f"Start it with TINTYPE_POSTGRES_VERSION={found}, or dump it with pg_dump {found} and "
                "restore it into a new folder.",
                reason=errors.Reason.OTHER_VERSION,
            )
        return True
    if place.cluster.exists() and any(place.cluster.iterdir()):
        raise errors.DataFolderUnusable(
            f"{place.cluster} is there, but is not a PostgreSQL cluster. Move it away, or choose another "
            "folder with TINTYPE_DATA.",
            reason=errors.Reason.NOT_A_CLUSTER,
        )
    return False


def make(place: home.Home, tools: Tools) -> None:
    """Make a cluster beside its final place and move it there when it is whole: half a one is never seen."""
    if shutil.disk_usage(place.folder).free < _ROOM_BYTES:
        raise errors.DataFolderUnusable(
            f"{place.folder}: the disk is full. A new database needs {_ROOM_BYTES // 1_000_000} MB. Make "
            "room, or choose another folder with TINTYPE_DATA.",
            reason=errors.Reason.FULL,
        )
    for left in place.folder.glob("cluster.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=place.folder))
    options = ["--locale=C"]
    if tools.major >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--sync-method=syncfs"] if sys.platform == "linux" else []
    if tools.major >= 16:
        options += ["--no-instructions"]
    command = [f"{tools.folder}/initdb", "-D", str(fresh), "-U", ADMIN, "--auth=peer", "-E", "UTF8"]
    done = subprocess.run(  # noqa: S603 - a program of the installed wheel
        [*command, "--data-checksums", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        cwd=place.folder,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise told(done.stderr.decode(errors="replace"), place)
    fresh.rename(place.cluster)
    folder = os.open(place.folder, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def configure(place: home.Home, users: list[str]) -> None:
    """Write who may connect and the tuning, whole files at once.

    Only the named accounts of this machine get in, through the socket, known by the kernel (peer).
    """
    _write(
        place.cluster / "pg_hba.conf",
        "# Written by Tintype at each start: the owner alone, through the socket.\n"
        f"local all {ROLE},{ADMIN} peer map=tintype\n"
        f"local replication {ADMIN} peer map=tintype\n",
    )
    quoted = ['"' + user.replace('"', '""') + '"' for user in users]
    lines = [f"tintype {user} {role}\n" for user in quoted for role in (ROLE, ADMIN)]
    _write(place.cluster / "pg_ident.conf", "# Written by Tintype at each start.\n" + "".join(lines))
    own = "include = '../settings.conf'\n" if (place.folder / "settings.conf").exists() else ""
    # After a crash every file is synced first, one by one unless the system can do all at once.
    sync = "recovery_init_sync_method = syncfs\n" if sys.platform == "linux" else ""
    _write(place.cluster / "postgresql.conf", SETTINGS + sync + own)


def socket_folder(place: home.Home, runtime: str | None) -> Path:
    """Return a folder of our own for the socket, 0700, whose path is short enough.

    Inside the data folder when that fits. Else below XDG_RUNTIME_DIR or the temporary folder under a name
    that nobody can foresee, and so nobody can be there first; those who join read it from the pid file.
    """
    inside = place.folder / "run"
    if _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        if not is_private(inside, os.geteuid()):
            inside.chmod(0o700)
        return inside
    base = Path(runtime) if runtime else None
    longest = "_" * 20
    if (
        base is None
        or not base.is_absolute()
        or not is_private(base, os.geteuid())
        or not _fits(base / longest)
    ):
        base = Path("/tmp")  # noqa: S108 - mkdtemp makes a folder of our own in it
    return Path(tempfile.mkdtemp(prefix="tintype-", dir=base))


def is_private(folder: Path, uid: int) -> bool:
    """Tell whether a folder is one of this user's that nobody else may enter; a link is none."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return found.st_uid == uid and (found.st_mode & 0o170077) == 0o040000


def told(output: str, place: home.Home) -> errors.DataFolderUnusable | errors.ServerNotStarted:
    """Turn the last words of a PostgreSQL program into an error with the next step."""
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
        text = os.strerror(code)
        if text in output:
            return home.unusable(OSError(code, text), place.folder)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    grave = [line for line in lines if any(sign in line for sign in _GRAVE)]
    last = [re.sub(r"^.*?(?=LOG: |FATAL: |PANIC: |error: )", "", line) for line in (grave or lines)[-2:]]
    return errors.ServerNotStarted(
        f"PostgreSQL did not start: {'; '.join(last) or 'it said nothing'} (more in {place.log})"
    )


def prune_logs(place: home.Home) -> None:
    """Keep the newest log files."""
    for old in sorted(place.log.glob("postgres-*.log"))[:-_LOG_FILES]:
        with contextlib.suppress(OSError):
            old.unlink()


def environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: nothing of the caller's PG*, locale or time zone."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _write(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


def _fits(folder: Path) -> bool:
    """Tell whether a socket in a folder can be named to the kernel, the server and its clients alike."""
    path = os.fsencode(folder / f".s.PGSQL.{postmaster.PORT}")
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # Both ends take a comma for the next address, the server quotes for quotes, and trims white space.
    odd = any(sign in ",\"'\\" or not sign.isprintable() for sign in text)
    return len(path) <= _PATH_MAX and not odd and not str(folder).endswith(" ")
