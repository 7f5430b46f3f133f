"""Run every bench of this folder, or those that are named, one after the other.

    python -m bench [NAME…]

Each is a script of its own that prints its table and ends with code 1 when a limit is missed; so does this.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run the benches in processes of their own; 1 when one of them missed a limit, 2 for an unknown name."""
    known = sorted(path.stem for path in FOLDER.glob("[!_]*.py") if "__main__" in path.read_text())
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"there is no bench {unknown[0]!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or known:
        print(f"\n== {name}\n", flush=True)
        if (
            subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=FOLDER.parent, check=False).returncode
            != 0
        ):
            failed.append(name)
    if failed:
        print(f"\na limit was missed in: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
