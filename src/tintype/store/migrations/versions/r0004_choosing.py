"""Make what choosing needs (proofs, what models were when synced, batches), and where a generation came from."""

from __future__ import annotations

from tintype.store.migrations import steps

revision = "0004"
down_revision = "0003"
OLDEST_CODE = "0.1.0"


def upgrade() -> None:
    """Run it."""
    for name in ("approvals", "synced", "batches", "films", "origins", "paces", "finished"):
        steps.run(f"r0004_{name}")
