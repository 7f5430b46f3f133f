"""Count the requests that reach the simulator, so that a test can say what a client cost its upstream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Traffic:
    """Requests outside the control paths: all since the last reset, and those not answered to their end yet.

    One that meets a fault counts like any other.
    """

    requests: int = 0
    under_way: int = 0

    def begin(self) -> None:
        """Count a request that came in."""
        self.requests += 1
        self.under_way += 1

    def end(self) -> None:
        """Count a request as done with: answered, cut off, or left by its client."""
        self.under_way -= 1

    def reset(self) -> None:
        """Forget all requests but those under way."""
        self.requests = 0
