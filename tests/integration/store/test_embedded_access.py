"""Nobody but the owner gets into the embedded server (rule 19)."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from tests.integration.store import users
from tintype.store import embedded


def test_the_owner_gets_in_without_a_password(data: Path) -> None:
    """The kernel says who connects."""
    with embedded.server(data) as server:
        done = users.psql(server.url, "SELECT current_user, inet_server_addr() IS NULL")

    assert done.stdout == "tintype|t\n"


def test_roles_that_are_not_tintypes_are_refused(data: Path) -> None:
    """Rule 19: only the two roles of Tintype are let in, whoever asks; there is no `trust` anywhere."""
    with embedded.server(data) as server:
        done = users.psql(server.url.replace("//tintype@", "//stranger@"), "SELECT 1")
        rules = (data / "postgres" / "cluster" / "pg_hba.conf").read_text()
        folder = data / "postgres"
        closed = [folder, folder / "run", folder / "cluster", folder / "log"]
        modes = [stat.S_IMODE(path.stat().st_mode) for path in closed]
        socket = stat.S_IMODE((folder / "run" / ".s.PGSQL.5432").stat().st_mode)

    lines = [line.split() for line in rules.splitlines() if line and not line.startswith("#")]
    assert done.returncode != 0
    assert "no pg_hba.conf entry" in done.stderr
    assert all(line[0] == "local" and line[-2:] == ["peer", "map=tintype"] for line in lines)
    assert modes == [0o700] * 4
    assert socket == 0o700


def test_another_account_is_refused(data: Path, other_account: str) -> None:
    """Rule 19: another OS user does not reach the socket, and is refused by PostgreSQL if it does.

    An ordinary user cannot become another one; it stands for the other by claiming a role it has no map for.
    """
    with embedded.server(data) as server:
        if os.geteuid() == 0:
            outside = users.connect_as(other_account, server.url)
            for path in (data / "postgres", data / "postgres" / "run"):
                path.chmod(0o755)
            (data / "postgres" / "run" / ".s.PGSQL.5432").chmod(0o777)
            inside = users.connect_as(other_account, server.url)
        else:
            (data / "postgres" / "cluster" / "pg_ident.conf").write_text(f"tintype {other_account} tintype\n")
            os.kill(users.pid(data), 1)
            users.until(lambda: not users.answers(server.url), "the map is read again")
            outside = inside = users.connect_as(None, server.url)

    assert "Peer authentication failed" in inside
    assert "Permission denied" in outside or os.geteuid() != 0


def test_root_runs_the_server_as_the_folders_owner(empty_data: Path, other_account: str) -> None:
    """Rule 19: in a user's data folder root runs the server as that user, who gets in and owns every file.

    An ordinary user is the owner itself.
    """
    account = None
    if os.geteuid() == 0:
        account = other_account
        empty_data.mkdir()
        shutil.chown(empty_data, account)

    with embedded.server(empty_data) as server:
        theirs = users.connect_as(account, server.url)
        mine = users.answers(server.url)
        runs_as = Path(f"/proc/{users.pid(empty_data)}").stat().st_uid

    owners = {
        path.stat().st_uid for path in (empty_data / "postgres").rglob("*") if "programs" not in path.parts
    }
    assert mine
    assert theirs == "in\n"
    assert owners == {empty_data.stat().st_uid} == {runs_as}
