"""Models of every kind, through the gateway: the estimate, the bill and the size of what comes are right.

`make bench NAME=models` does the same for the whole catalogue and prints the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import models
from tintype import catalogue
from tintype.domain.catalogue import Kind, Unit

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

CHOSEN = (
    *("flux_schnell", "flux2_pro", "seedream4", "sdxl", "nano_banana_pro", "qwen_edit", "recraft3_svg"),
    *("real_esrgan", "swin2sr", "remove_background", "modnet", "seedance_lite", "wan2_t2v"),
    *("llama3_8b", "llama3_70b"),
)


def test_what_is_charged_is_the_bill_and_what_comes_is_of_the_size_asked_for(
    here: Serving, http: httpx2.Client
) -> None:
    known = catalogue.load()
    chosen = [known.find(name) for name in CHOSEN]

    rows = models.measure(http, here.simulator, chosen)

    assert [f"{row.model.slug}: {row.wrong}" for row in rows if row.wrong] == []
    assert {row.model.kind for row in rows} == set(Kind)
    assert {row.model.price.unit for row in rows} == set(Unit)
    # A simulator that takes no time bills none.
    assert all(row.charged > 0 for row in rows if row.model.price.unit is not Unit.HARDWARE_SECOND)
