"""Stores of files: a folder, and a bucket of an S3 server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tintype.media import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.conftest import S3


@dataclass(frozen=True)
class Shop:
    """A store, and what lies in it, seen from outside."""

    files: files.Files
    names: Callable[[], list[str]]
    drafts: Path


@pytest.fixture(params=["disk", "s3"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """A store of each kind, empty."""
    if request.param == "disk":
        return folder_shop(tmp_path)
    return bucket_shop(request.getfixturevalue("s3_credentials"), tmp_path)


@pytest.fixture
def disk_shop(tmp_path: Path) -> Shop:
    """A store in a folder."""
    return folder_shop(tmp_path)


@pytest.fixture
def cloud_shop(s3_credentials: S3, tmp_path: Path) -> Shop:
    """A store in a bucket."""
    return bucket_shop(s3_credentials, tmp_path)


def folder_shop(tmp_path: Path) -> Shop:
    root = tmp_path / "a folder"

    def names() -> list[str]:
        return sorted(
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.is_file() and path.suffix != ".part"
        )

    return Shop(files.Files(root.as_uri(), drafts=tmp_path / "unused"), names, root / "drafts")


def bucket_shop(s3: S3, tmp_path: Path) -> Shop:
    bucket = s3.bucket()

    def names() -> list[str]:
        listed = s3.call("GET", f"/{bucket}?list-type=2").decode()
        return sorted(part.partition("</Key>")[0] for part in listed.split("<Key>")[1:])

    drafts = tmp_path / "drafts"
    return Shop(files.Files(f"s3://{bucket}", drafts=drafts), names, drafts)
