"""The key that secrets are sealed with: one for all who share a store (rule 23)."""

from __future__ import annotations

import asyncio
import base64
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tintype.domain.errors import ConfigurationError
from tintype.media.files import Files
from tintype.service import sealing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.conftest import S3

MACHINE = """
import asyncio, sys
from pathlib import Path
from tintype.media.files import Files
from tintype.service import sealing

async def main() -> None:
    store = Files(sys.argv[1], drafts=Path(sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    print((await sealing.load(store)).derived(b"test").hex())

asyncio.run(main())
"""


@pytest.fixture(params=["disk", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store of each kind, empty."""
    if request.param == "disk":
        return (tmp_path / "shared").as_uri()
    s3: S3 = request.getfixturevalue("s3_credentials")
    return f"s3://{s3.bucket()}/folder"


@pytest.fixture
def machine(storage: str, tmp_path: Path) -> Callable[[str], tuple[Files, Path]]:
    """A machine with a data folder of its own, at the same store."""

    def made(name: str) -> tuple[Files, Path]:
        data = tmp_path / name
        data.mkdir()
        return Files(storage, drafts=data / "drafts"), data

    return made


async def test_machines_that_share_a_store_open_each_others_secrets(
    machine: Callable[[str], tuple[Files, Path]],
) -> None:
    """Rule 23: two data folders, one store: what one closed the other opens, and their links are the same."""
    (files, data), (others_files, others_data) = machine("one"), machine("two")

    one = await sealing.load(files, before=data)
    other = await sealing.load(others_files, before=others_data)

    assert other.open(one.close(b"sesame")) == b"sesame"
    assert other.derived(b"links") == one.derived(b"links")
    assert list(others_data.glob("*.key")) == []


def test_processes_that_start_together_agree(storage: str, tmp_path: Path) -> None:
    """Rule 23: eight at the same moment at a store without a key: one key."""
    command = [sys.executable, "-c", MACHINE, storage, str(tmp_path)]
    several = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    for one in several:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"

    for one in several:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = {one.communicate()[0] for one in several}

    assert len(said) == 1
    assert len(bytes.fromhex(said.pop())) == 32


async def test_a_key_of_a_data_folder_is_taken_over(
    machine: Callable[[str], tuple[Files, Path]],
) -> None:
    """The first one's becomes everybody's; who comes second still opens what it closed by its own."""
    (files, data), (others_files, others_data) = machine("one"), machine("two")
    (data / sealing.FILE).write_bytes(b"1" * 32)
    (others_data / sealing.FILE).write_bytes(b"2" * 32)
    closed_before = sealing.Seal(b"2" * 32).close(b"sesame")

    one = await sealing.load(files, before=data)
    other = await sealing.load(others_files, before=others_data)

    assert one.derived(b"links") == other.derived(b"links") == sealing.Seal(b"1" * 32).derived(b"links")
    assert other.open(closed_before) == b"sesame"
    assert one.open(other.close(b"open")) == b"open"
    with pytest.raises(ConfigurationError, match="TINTYPE_SECRETS_KEY"):
        one.open(closed_before)


async def test_a_key_that_was_given_is_the_key(machine: Callable[[str], tuple[Files, Path]]) -> None:
    """Nothing is written for it, and what is none is refused without being told."""
    files, data = machine("one")
    given = base64.b64encode(b"3" * 32).decode()

    seal = await sealing.load(files, given=given, before=data)

    assert seal.derived(b"links") == sealing.Seal(b"3" * 32).derived(b"links")
    assert await files.first(sealing.FILE, b"nothing was there") == b"nothing was there"
    with pytest.raises(ConfigurationError) as told:
        await sealing.load(files, given="sesame")
    assert "sesame" not in str(told.value)


async def test_what_is_no_key_is_refused(machine: Callable[[str], tuple[Files, Path]]) -> None:
    """A file that was cut short is named, and never replaced."""
    files, data = machine("one")
    await files.first(sealing.FILE, b"short")

    with pytest.raises(ConfigurationError, match="restore it from a backup"):
        await sealing.load(files)
    (data / sealing.FILE).write_bytes(b"shorter")
    with pytest.raises(ConfigurationError, match="restore it from a backup"):
        await sealing.load(files, before=data)


async def test_in_a_folder_nobody_else_may_read_it(tmp_path: Path) -> None:
    """No moment at which it can be read by others, and no draft is left."""
    files = Files((tmp_path / "store").as_uri(), drafts=tmp_path)

    await asyncio.gather(*(sealing.load(files) for _ in range(4)))

    path = tmp_path / "store" / sealing.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(files.drafts.iterdir()) == []
