"""The folder of one embedded server: its layout, its owner, and whether it can be used at all.

    DATA/postgres/            0700, of the account that runs the server
        cluster/              PostgreSQL's own data
        log/                  five files of 10 MB at most, and what the supervisor says
        run/                  the socket, 0700, when its path is short enough
        settings.conf         the operator's own settings, read last; Tintype never writes it
        lease.lock            shared by the users of the server; alone by who stops it
        start.lock            held while a start is looked after
        supervisor.lock       held by the supervisor as long as it lives
        server.lock           inherited by the server's processes: held as long as one of them lives

Permissions of folders that were there before are never changed.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tintype.store import errors

_NEXT = "Choose another with TINTYPE_DATA, or use a server of your own with TINTYPE_DATABASE_URL."
ACCOUNTS = ("tintype", "postgres", "nobody")
"""Who runs the server when root starts it in a folder of root's: the first of these that exists."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Home:
    """Paths and owner of one embedded server."""

    folder: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """The folder of logs."""
        return self.folder / "log"

    def lock(self, name: str) -> Path:
        """Return the path of a lock file."""
        return self.folder / f"{name}.lock"


def prepare(data: Path) -> Home:
    """Make the folder where needed, and return it with the account that its server runs under.

    Raises DataFolderUnusable with the next step where that cannot be.
    """
    data = Path(os.path.abspath(data.expanduser()))  # noqa: PTH100 - a link in the path stays as it was given
    if "\n" in str(data):
        raise errors.DataFolderUnusable(
            f"{str(data)!r}: a path with a line break cannot hold a database. {_NEXT}",
            reason=errors.Reason.NOT_A_CLUSTER,
        )
    folder = data / "postgres"
    try:
        account = _account(data, folder)
        _make(data, shared=account.uid != os.geteuid())
        _make(folder, shared=False)
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        if found.st_uid != account.uid and os.geteuid() == found.st_uid == 0:
            # Root has just made it, here or in a process beside us: it is the server's from now on.
            _give(folder, account)
        elif found.st_uid != account.uid:
            raise _foreign(folder, found.st_uid)
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise unusable(error, folder) from error
    return Home(folder=folder, account=account)


def unusable(error: OSError, folder: Path) -> errors.DataFolderUnusable:
    """Turn what the operating system said about a folder into a sentence with the next step."""
    place = error.filename if isinstance(error.filename, str) else str(folder)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return errors.DataFolderUnusable(
            f"{place}: the disk is full. Make room (a new database needs 100 MB), then start again.",
            reason=errors.Reason.FULL,
        )
    if error.errno == errno.EFBIG:
        return errors.DataFolderUnusable(
            f"{place}: a limit on the size of files stops the database. Raise it (ulimit -f unlimited), then "
            "start again.",
            reason=errors.Reason.FULL,
        )
    if error.errno == errno.EROFS:
        return errors.DataFolderUnusable(
            f"{place}: the disk is read-only. {_NEXT}", reason=errors.Reason.READ_ONLY
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return errors.DataFolderUnusable(
            f"{place}: this account may not write here. {_NEXT}", reason=errors.Reason.NOT_WRITABLE
        )
    return errors.DataFolderUnusable(
        f"{place}: cannot be used as a data folder ({error.strerror}). {_NEXT}",
        reason=errors.Reason.NOT_A_CLUSTER,
    )


def unreachable(path: Path, account: Account) -> errors.DataFolderUnusable:
    """Say which folder keeps an account out."""
    closed = barrier(path, account) or path
    return errors.DataFolderUnusable(
        f"PostgreSQL never runs as root; it would run as '{account.name}', which may not enter {closed} on "
        f"the way to {path}. Use a folder it can reach, such as TINTYPE_DATA=/var/lib/tintype, or open that "
        "one; Tintype does not change it by itself.",
        reason=errors.Reason.NOT_REACHABLE,
    )


def barrier(path: Path, account: Account) -> Path | None:
    """Return the first folder on the way that keeps an account out, or the path itself; None if none does."""
    # What is walked through is where links lead to.
    end = path.resolve()
    way = [*reversed(end.parents), end]
    return next((folder for folder in way if not _may_enter(folder, account)), None)


def me() -> Account:
    """Return the account of this process; PostgreSQL asks that it has a name."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise errors.DataFolderUnusable(
            f"User id {uid} has no name on this system (/etc/passwd), which PostgreSQL asks for. Give it "
            "one, or use a server of your own with TINTYPE_DATABASE_URL.",
            reason=errors.Reason.NO_ACCOUNT,
        ) from error
    return Account(name=entry.pw_name, uid=uid, gid=os.getegid())


def _account(data: Path, folder: Path) -> Account:
    """Choose who runs the server: oneself; for root the folder's owner, or an account without rights."""
    if os.geteuid() != 0:
        return me()
    for path in (folder, data):
        owner = _owner(path)
        if owner:
            return _named(owner)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise errors.DataFolderUnusable(
        "PostgreSQL never runs as root, and this system has no account for it. Make one (useradd --system "
        "tintype), start Tintype as an ordinary user, or use a server of your own with TINTYPE_DATABASE_URL.",
        reason=errors.Reason.NO_ACCOUNT,
    )


def _owner(path: Path) -> int:
    """Return who owns a folder, 0 for root or when it is not there."""
    try:
        return os.lstat(path).st_uid
    except FileNotFoundError:
        return 0


def _named(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise errors.DataFolderUnusable(
            f"The data folder belongs to user id {uid}, which has no name on this system. {_NEXT}",
            reason=errors.Reason.NO_ACCOUNT,
        ) from error
    return Account(name=entry.pw_name, uid=uid, gid=entry.pw_gid)


def not_allowed(account: Account, error: OSError) -> errors.DataFolderUnusable:
    """Say that this root has not the rights of one, as in a container without further user ids."""
    return errors.DataFolderUnusable(
        f"PostgreSQL never runs as root, and this root may not become '{account.name}' ({error.strerror}). "
        "Start Tintype as an ordinary user, or use a server of your own with TINTYPE_DATABASE_URL.",
        reason=errors.Reason.NO_ACCOUNT,
    )


def _give(folder: Path, account: Account) -> None:
    try:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EINVAL}:
            raise
        raise not_allowed(account, error) from error


def _foreign(folder: Path, uid: int) -> errors.DataFolderUnusable:
    return errors.DataFolderUnusable(
        f"{folder} belongs to another user (id {uid}). Start Tintype as that user, or choose another folder "
        "with TINTYPE_DATA.",
        reason=errors.Reason.FOREIGN,
    )


def _make(folder: Path, *, shared: bool) -> bool:
    """Make a folder and those above it; `shared` ones can be walked through by the server's account.

    True when it was made here. Only folders made here get a mode, whatever the umask says.
    """
    if folder.is_dir():
        return False
    if not folder.parent.exists():
        _make(folder.parent, shared=shared)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if folder.is_dir():
            return False
        raise
    if shared:
        folder.chmod(0o711)
    return True


def _may_enter(folder: Path, account: Account) -> bool:
    """Judge by owner, group and mode whether an account may pass a folder."""
    try:
        found = folder.stat()
    except OSError:
        return False
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def root() -> set[str]:
    """Return root's name, if it has one: root may connect, as it may do anything here."""
    try:
        return {pwd.getpwuid(0).pw_name}
    except KeyError:
        return set()
