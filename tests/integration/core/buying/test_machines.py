"""Several machines at one database and one store of files: one URL each, and nothing else in common."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import opened
from tintype import bootstrap, settings
from tintype.domain.errors import ConfigurationError
from tintype.replicate import settings as replicate_settings
from tintype.service import notices, sealing
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


async def test_machines_that_share_no_store_are_told_before_they_work(
    db: Database, data: Path, simulator: Simulator
) -> None:
    """Rule 23: what one seals and stores the other could not open; who only looks may."""
    for name in ("one", "other"):
        (data / name).mkdir()
    async with opened(db, data / "one", simulator, works=False) as first:
        kept = (data / "one" / "files" / sealing.FILE).read_bytes()
        with pytest.raises(ConfigurationError, match="TINTYPE_STORAGE_URL"):
            async with opened(db, data / "other", simulator, works=False):
                pass
        given = base64.b64encode(kept).decode()
        async with opened(db, data / "other", simulator, works=False, secrets_key=given) as second:
            assert second.core.seal.marks[0] == first.core.seal.marks[0]
        made = settings.load(dotenv=data / "none.env", data=data / "other")
        place = replicate_settings.resolve(simulator.token, base_url=simulator.url)
        async with bootstrap.core_on(db, made, place, uses_files=False) as looking:
            assert await looking.generations.list(actor=ALICE) == []


async def test_the_key_that_counts_may_change(db: Database, data: Path, simulator: Simulator) -> None:
    """Rule 23: to the storage's from that of a data folder, which it opens too; and to any by the refusal's words."""
    for name in ("old", "new", "newer"):
        (data / name).mkdir()
    async with opened(db, data / "old", simulator, works=False) as shop:
        old = shop.core.seal.marks[0]
    own = (data / "old" / "files" / sealing.FILE).read_bytes()
    (data / "new" / sealing.FILE).write_bytes(own)
    given = base64.b64encode(b"k" * 32).decode()

    async with opened(db, data / "new", simulator, works=False, secrets_key=given) as shop:
        assert shop.core.seal.marks[1] == old
        await shop.execute("DELETE FROM sealed_with")
    async with opened(db, data / "newer", simulator, works=False) as shop:
        assert old not in shop.core.seal.marks
