"""Make what choosing needs: proofs and what became of them, and what models were when they were synced, batches."""

from __future__ import annotations

from tintype.store.migrations import steps

revision = "0004"
down_revision = "0003"
OLDEST_CODE = "0.1.0"


def upgrade() -> None:
    """Run it."""
    for name in ("approvals", "synced", "batches", "films"):
        steps.run(f"r0004_{name}")
