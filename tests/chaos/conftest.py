"""Which tests of this folder are played when."""

from __future__ import annotations

import os

# They take minutes, or show once and for all what a round finds.
collect_ignore = (
    [] if os.environ.get("HYPOTHESIS_PROFILE") == "chaos" else ["test_faults.py", "test_mistake.py"]
)
