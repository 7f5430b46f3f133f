"""The contender of this project: its clients as they are, but without their own limit of creates a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import stopwatch

from tintype import AsyncClient, Client, Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def contender(url: str, token: str) -> tuple[Callable[[str, str], Awaitable[Any]], Callable[..., Any]]:
    """Return the two ways of running a prediction."""
    awaiting = AsyncClient(token, base_url=url, limits=Limits.none())
    blocking = Client(token, base_url=url, limits=Limits.none())
    return (
        lambda model, prompt: awaiting.run(model, {"prompt": prompt}),
        lambda model, prompt: blocking.run(model, {"prompt": prompt}),
    )


stopwatch.main(contender)
