"""Make the core: generations, money, limits, events, and the functions that keep them in step."""

from __future__ import annotations

from tintype.store.migrations import steps

revision = "0002"
down_revision = "0001"
OLDEST_CODE = "0.1.0"


def upgrade() -> None:
    """Run it: tables first, then what works on them."""
    for name in (
        "tables",
        "money",
        "messages",
        "windows",
        "admission",
        "settlement",
        "movement",
        "flights",
        "keeping",
    ):
        steps.run(f"r0002_{name}")
