"""The contender of Replicate: the official Python SDK 1.0.7 as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import replicate
import stopwatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def contender(url: str, token: str) -> tuple[Callable[[str, str], Awaitable[Any]], Callable[..., Any]]:
    """Return the two ways of running a prediction."""
    client = replicate.Client(api_token=token, base_url=url)
    return (
        lambda model, prompt: client.async_run(model, input={"prompt": prompt}),
        lambda model, prompt: client.run(model, input={"prompt": prompt}),
    )


stopwatch.main(contender)
