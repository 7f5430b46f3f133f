"""What is looked at before a gateway answers: whether this machine's clock is upstream's."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tintype.domain.errors import ConfigurationError, UpstreamError

if TYPE_CHECKING:
    from tintype.api.gateway import Gateway

CLOCK_OFF_MAX_S = 300.0
"""How far this machine's clock may be off upstream's: webhooks older than that are refused."""
_ASK_S = 5.0


async def check_clock(made: Gateway) -> None:
    """Raise ConfigurationError where this machine's clock is minutes off upstream's; one that is away says nothing."""
    upstream = made.core.upstream
    with contextlib.suppress(UpstreamError, TimeoutError):
        async with asyncio.timeout(_ASK_S):
            await upstream.answers()
    ahead_s = upstream.clock_ahead_s
    if abs(ahead_s) > CLOCK_OFF_MAX_S:
        way = "behind" if ahead_s > 0 else "ahead of"
        raise ConfigurationError(
            f"this machine's clock is {abs(ahead_s) / 60:.0f} minutes {way} upstream's, so webhooks and deadlines "
            "would be wrong; set it, with NTP for one"
        )


__all__ = ["CLOCK_OFF_MAX_S", "check_clock"]
