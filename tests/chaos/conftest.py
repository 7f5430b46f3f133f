"""Which tests of this folder are played when."""

from __future__ import annotations

import os

# They take the machine for themselves.
collect_ignore = (
    [] if os.environ.get("HYPOTHESIS_PROFILE") == "chaos" else ["test_crashes.py", "test_faults.py"]
)
