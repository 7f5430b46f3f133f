"""Definite answers (rule 4): what each does to the generation, its hold and the pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.core.buying.conftest import CREATE

if TYPE_CHECKING:
    from tests.integration.core.buying.conftest import Shop


async def test_a_generation_is_bought_once_stored_and_settled(shop: Shop) -> None:
    """Rules 1, 3, 13 and 14: from the request to the stored file, at the price of the rule."""
    ident = await shop.ask()

    row = await shop.until(ident)

    assert (row.state, row.failure_code) == ("succeeded", None)
    assert row.cost_nano_usd == 3_000_000
    assert shop.bought() == 1
    await shop.check_book()
