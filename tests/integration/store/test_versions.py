"""The whole core on each PostgreSQL that is not ours: over TCP with a password."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import FLUX, opened
from tintype.domain import errors
from tintype.domain.budget import Measure, Scope
from tintype.domain.ordering import Standing
from tintype.service.requests import Cache, Request
from tintype.store import limits, schema
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tintype.testing import Simulator

PRICE = 3_000_000


@pytest.fixture
def url(external_url: str) -> Iterator[str]:
    """A database of the test's own, empty."""
    name = f"tt_{secrets.token_hex(6)}"
    with psycopg.connect(external_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield external_url.replace("/postgres", f"/{name}")
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def test_the_core_works_on_every_version(url: str, tmp_path: Path, simulator: Simulator) -> None:
    """Rules 10, 12 and 14: a budget for three in a zone's day: three bought, stored and settled, and no fourth."""
    await schema.migrate(url)
    wanted = [Request(FLUX, {"prompt": f"boat {number}"}, cache=Cache.OFF) for number in range(3)]

    async with Database(url) as db, opened(db, tmp_path, simulator) as shop:
        await limits.put(
            db,
            scope=Scope.USER,
            subject="local/*",
            measure=Measure.MONEY,
            period="day",
            amount=3 * PRICE,
            zone="Europe/Berlin",
        )
        asked = await shop.core.generations.submit(wanted, actor=ALICE)
        rows = [await shop.until(ident) for ident in asked.ids]
        order = await shop.core.orders.get(str(asked.order_id), actor=ALICE)
        with pytest.raises(errors.LimitReached):
            await shop.core.generations.submit(wanted[0], actor=ALICE)
        await shop.check_book()

    assert [(row.state, row.cost_nano_usd) for row in rows] == [("succeeded", PRICE)] * 3
    assert (order.state, len(order.outputs)) == (Standing.SUCCEEDED, 3)
