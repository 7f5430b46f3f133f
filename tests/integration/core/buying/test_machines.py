"""Several machines at one database and one store of files: one URL each, and nothing else in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import opened
from tintype.service import notices
from tintype.service.requests import Cache, Request
from tintype.store import outputs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import S3
    from tintype.store.database import Database
    from tintype.testing import Simulator

MODEL = "prunaai/p-image"


@pytest.mark.parametrize("kind", ["disk", "s3"])
async def test_one_machine_is_asked_and_another_works(
    db: Database, data: Path, simulator: Simulator, request: pytest.FixtureRequest, kind: str
) -> None:
    """Rule 23: a secret input and the secret of callbacks, sealed on one machine, are opened on the other."""
    storage = (data / "shared").as_uri()
    if kind == "s3":
        s3: S3 = request.getfixturevalue("s3_credentials")
        storage = f"s3://{s3.bucket()}"
    asks, works = data / "asks", data / "works"
    for folder in (asks, works):
        folder.mkdir()
    values = {"prompt": "a lighthouse", "hf_api_token": "hf_sesame"}

    async with opened(db, asks, simulator, works=False, storage_url=storage) as here:
        wanted = Request(MODEL, values, cache=Cache.OFF)
        (ident,) = (await here.core.generations.submit(wanted, actor=ALICE)).ids
        told = await notices.secret(ALICE.key, db=db, seal=here.core.seal)
        async with opened(db, works, simulator, storage_url=storage) as there:
            row = await there.until(ident)
            assert await notices.secret(ALICE.key, db=db, seal=there.core.seal) == told
            assert there.core.seal.derived(b"links") == here.core.seal.derived(b"links")
        (made,) = await outputs.of(db, ident)
        assert await here.core.files.has(made.sha256)

    assert (row.state, row.secrets, row.input["hf_api_token"]) == ("succeeded", None, "**********")
