"""Generations whose prediction has succeeded, and what it made."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from PIL import Image

from tintype.simulator import films
from tintype.store import generations

if TYPE_CHECKING:
    from tests.integration.core.asking import Asking
    from tintype.service import capture


def png(shade: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


PNG = png()
FILM = films.film("a car", seed=1, width=160, height=90, seconds=2, fps=8)


class Hasty(Random):
    """Makes every pause between tries as short as it can be."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 - the bounds are not looked at
        return 0.0


async def capturing(ask: Asking, output: Any, *, age_s: float = 1.0, **wanted: Any) -> str:
    (ident,) = await ask.admitted(**wanted)
    async with ask.db.transaction() as work:
        completed_at = datetime.now(UTC) - timedelta(seconds=age_s)
        changes = {"state": "capturing", "prediction": {"output": output}, "completed_at": completed_at}
        await generations.move(work, ident, changes)
    return ident


async def stored(tools: capture.Tools, sha256: str) -> bytes:
    return b"".join([piece async for piece in (await tools.files.open(sha256)).pieces])
