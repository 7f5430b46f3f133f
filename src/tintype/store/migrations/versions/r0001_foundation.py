"""Lay the foundation: the record of migrations, and the job engine's tables as of Procrastinate 3.10."""

from __future__ import annotations

from tintype.store.migrations import steps

revision = "0001"
down_revision = None
OLDEST_CODE = "0.1.0"


def upgrade() -> None:
    """Run it."""
    steps.run("r0001_foundation")
    steps.procrastinate(upto="03.04.00_50_post_add_retry_failed_job_procedure")
