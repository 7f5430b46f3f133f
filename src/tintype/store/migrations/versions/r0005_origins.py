"""Say where a generation came from and what is left of a rate, and let batches have files, reasons and shared names.

Before the first release there is no older code that has to go on beside this.
"""

from __future__ import annotations

from tintype.store.migrations import steps

revision = "0005"
down_revision = "0004"
OLDEST_CODE = "0.1.0"


def upgrade() -> None:
    """Run it."""
    for name in ("origins", "paces", "finished", "batches"):
        steps.run(f"r0005_{name}")
