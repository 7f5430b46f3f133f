"""Files are stored under their hash, whole or not at all, in a folder and in a bucket alike."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import resource
import sys
from typing import TYPE_CHECKING

import pytest

from tintype.domain.errors import ConfigurationError
from tintype.media import disk, files, files_errors
from tintype.media.cloud import PART_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.conftest import S3
    from tests.integration.files.conftest import Shop

_MISSING = "0" * 64


async def _read(store: files.Files, name: str, *, start: int = 0, end: int | None = None) -> bytes:
    reading = await store.open(name, start=start, end=end)
    return b"".join([piece async for piece in reading.pieces])


async def test_a_file_lies_under_its_hash(shop: Shop) -> None:
    stored = await shop.files.put([b"abc", b"def"])

    assert stored.hash == hashlib.sha256(b"abcdef").hexdigest()
    assert stored.size_bytes == 6
    assert shop.names() == [f"objects/{stored.hash[:2]}/{stored.hash[2:]}"]
    assert await _read(shop.files, stored.hash) == b"abcdef"


async def test_what_root_stores_in_the_folder_of_another_is_that_ones(tmp_path: Path) -> None:
    """Started by `sudo` once, and what its owner stores next still finds its place."""
    owner = 65_534 if os.geteuid() == 0 else os.geteuid()
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", owner, -1)

    store = files.Files((tmp_path / "theirs" / "new" / "files").as_uri(), drafts=tmp_path / "unused")
    await store.first("secrets.key", b"k")
    await store.put([b"a picture"])

    made = list((tmp_path / "theirs").rglob("*"))
    assert len(made) == 7
    assert {path.stat().st_uid for path in made} == {owner}


async def test_an_empty_file_is_one_too(shop: Shop) -> None:
    stored = await shop.files.put([])

    assert stored == files.Stored(hashlib.sha256(b"").hexdigest(), 0)
    assert await _read(shop.files, stored.hash) == b""


async def test_the_same_bytes_again_are_the_same_object(shop: Shop) -> None:
    first = await shop.files.put([b"same"])
    again, at_once = await asyncio.gather(shop.files.put([b"sa", b"me"]), shop.files.put([b"same"]))

    assert first == again == at_once
    assert len(shop.names()) == 1


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 3, b"012"), (4, None, b"456789"), (-3, None, b"789"), (8, 99, b"89"), (-99, 2, b"01")],
)
async def test_ranges_are_read(shop: Shop, start: int, end: int | None, expected: bytes) -> None:
    stored = await shop.files.put([b"0123456789"])

    reading = await shop.files.open(stored.hash, start=start, end=end)

    assert b"".join([piece async for piece in reading.pieces]) == expected
    assert reading.size_bytes == 10
    assert reading.end - reading.start == len(expected)


async def test_a_range_beyond_the_end_says_how_long_the_file_is(shop: Shop) -> None:
    stored = await shop.files.put([b"0123456789"])

    with pytest.raises(files_errors.RangeNotThere) as told:
        await shop.files.open(stored.hash, start=10)

    assert told.value.size_bytes == 10


async def test_what_is_not_there_is_missing(shop: Shop) -> None:
    with pytest.raises(files_errors.ObjectMissing):
        await shop.files.open(_MISSING)
    with pytest.raises(files_errors.ObjectMissing):
        async with shop.files.local(_MISSING):
            pass
    assert not await shop.files.has(_MISSING)


async def test_deleting_is_for_good_and_may_be_repeated(shop: Shop) -> None:
    stored = await shop.files.put([b"abc"])

    await shop.files.delete(stored.hash)
    await shop.files.delete(stored.hash)

    assert shop.names() == []
    assert not await shop.files.has(stored.hash)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
async def test_only_a_hash_names_an_object(disk_shop: Shop, name: str) -> None:
    with pytest.raises(ValueError, match="is not a SHA-256"):
        await disk_shop.files.open(name)


async def test_another_process_can_read_it_at_a_path(shop: Shop) -> None:
    stored = await shop.files.put([b"abc"])

    async with shop.files.local(stored.hash) as path:
        done = await asyncio.create_subprocess_exec("cat", path, stdout=asyncio.subprocess.PIPE)
        said, _ = await done.communicate()

    assert said == b"abc"
    assert list(shop.drafts.iterdir()) == []


async def test_a_broken_transfer_leaves_nothing(shop: Shop) -> None:
    async def receive() -> None:
        async with shop.files.draft() as draft:
            for _ in range(5):
                await draft.write(b"x" * 1_000_000)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await receive()

    assert shop.names() == []
    assert list(shop.drafts.iterdir()) == []


async def test_a_cancelled_transfer_leaves_nothing(shop: Shop) -> None:
    has_written, ends = asyncio.Event(), asyncio.Event()

    async def receive() -> None:
        async with shop.files.draft() as draft:
            await draft.write(b"x" * 3_000_000)
            has_written.set()
            await ends.wait()

    receiving = asyncio.create_task(receive())
    await has_written.wait()
    receiving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert shop.names() == []
    assert list(shop.drafts.iterdir()) == []
    assert shop.files.memory.taken_bytes == 0


async def test_too_many_bytes_are_refused_as_they_come(shop: Shop) -> None:
    with pytest.raises(files_errors.ObjectTooLarge) as told:
        await shop.files.put([b"x" * 60, b"x" * 60], size_max_bytes=100)

    assert told.value.size_max_bytes == 100
    assert shop.names() == []


async def test_what_a_kill_left_behind_is_swept(disk_shop: Shop) -> None:
    """A draft of a process that was killed is removed once it is older than any capture."""
    old, fresh = disk.new_draft(disk_shop.drafts), disk.new_draft(disk_shop.drafts)
    old.write_bytes(b"old")
    fresh.write_bytes(b"fresh")
    os.utime(old, (1.0, 1.0))

    files.Files(disk_shop.drafts.parent.as_uri(), drafts=disk_shop.drafts)

    assert list(disk_shop.drafts.iterdir()) == [fresh]


async def test_a_full_disk_is_an_error_of_its_own(disk_shop: Shop) -> None:
    """The system's largest file stands for a full disk: both refuse a write halfway."""
    with _file_size_limit(100_000), pytest.raises(files_errors.StorageFull) as told:
        await disk_shop.files.put([b"x" * 3_000_000])

    assert told.value.can_retry
    assert "Make room" in str(told.value)
    assert disk_shop.names() == []
    assert list(disk_shop.drafts.iterdir()) == []


async def test_files_belong_to_their_owner_alone(disk_shop: Shop) -> None:
    await disk_shop.files.put([b"abc"])

    root = disk_shop.drafts.parent
    folders = [path for path in root.rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o077 for path in folders} == {0}


async def test_a_file_is_on_the_disk_when_keeping_it_returns(disk_shop: Shop, tmp_path: Path) -> None:
    """The file is fsynced before it has its name, the folder after: seen from outside by tracing the calls."""
    program = tmp_path / "keep.py"
    program.write_text(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from tintype.media import files\n"
        "calls = []\n"
        "def watch(event, arguments):\n"
        "    if event == 'os.rename': calls.append('rename')\n"
        "sys.addaudithook(watch)\n"
        "def profile(frame, event, function):\n"
        "    if event == 'c_call' and function is os.fsync: calls.append('fsync')\n"
        "import threading; threading.setprofile(profile)\n"
        "store = files.Files(Path(sys.argv[1]).as_uri(), drafts=Path(sys.argv[1]))\n"
        "calls.clear()\n"
        "asyncio.run(store.put([b'abc']))\n"
        "print(calls)\n"
    )
    done = await asyncio.create_subprocess_exec(
        sys.executable, program, disk_shop.drafts.parent, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await done.communicate()

    assert said.decode().strip() == "['fsync', 'fsync', 'rename', 'fsync']"


async def test_large_files_go_up_in_parts(cloud_shop: Shop) -> None:
    piece = bytes(range(256)) * 4096
    pieces = [piece] * (PART_BYTES * 3 // len(piece) + 1)

    stored = await cloud_shop.files.put(pieces)

    digest = hashlib.sha256()
    async for part in (await cloud_shop.files.open(stored.hash)).pieces:
        digest.update(part)
    assert digest.hexdigest() == stored.hash
    assert (
        await _read(cloud_shop.files, stored.hash, start=PART_BYTES - 2, end=PART_BYTES + 2)
        == piece[-2:] + piece[:2]
    )


async def test_memory_is_shared_by_all_transfers(shop: Shop) -> None:
    """At most 64 MB by default, here 8: forty transfers at once wait for their turns, and all get through."""
    shop.files.memory.size_bytes = 8 * 1024 * 1024
    bodies = [bytes([number]) * 2_000_000 for number in range(40)]

    stored = await asyncio.gather(*(shop.files.put([body[:900_000], body[900_000:]]) for body in bodies))

    assert len(shop.names()) == len({one.hash for one in stored}) == 40
    assert 0 < shop.files.memory.most_bytes <= 8 * 1024 * 1024
    assert shop.files.memory.taken_bytes == 0


async def test_a_bucket_that_is_not_there_is_named(s3_credentials: S3, tmp_path: Path) -> None:
    store = files.Files("s3://no-such-bucket/folder", drafts=tmp_path)

    with pytest.raises(files_errors.StorageRefused, match="s3://no-such-bucket/folder does not exist"):
        await store.put([b"abc"])


@pytest.mark.parametrize("url", ["", "/var/files", "ftp://host/x", "s3://", "file://host/x", "memory:///"])
def test_a_url_that_is_no_store_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TINTYPE_STORAGE_URL"):
        files.Files(url, drafts=tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(files_errors.StorageRefused, match="TINTYPE_STORAGE_URL"):
        files.Files((tmp_path / "file" / "store").as_uri(), drafts=tmp_path)


@contextlib.contextmanager
def _file_size_limit(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
