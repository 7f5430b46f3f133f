"""Make what the gateway needs on top of the core."""

from __future__ import annotations

from tintype.store.migrations import steps

revision = "0003"
down_revision = "0002"
OLDEST_CODE = "0.1.0"


def upgrade() -> None:
    """Run it."""
    for name in (
        "orphans",
        "orders",
        "films",
        "steps",
        "keys",
        "answers",
        "callbacks",
        "versions",
        "uploads",
        "ratings",
        "plain",
        "advance",
        "sealing",
    ):
        steps.run(f"r0003_{name}")
