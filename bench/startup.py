"""Measure what starting costs, in whole processes: the interpreter, the import, the command's help.

    python bench/startup.py [--runs 20]

The help is to answer within 150 ms with bytecode; the exit code is 1 when it does not.
"""

from __future__ import annotations

import argparse
import compileall
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT_MS = 150.0
CASES = (
    ("python -c pass", ["-c", "pass"]),
    ("python -c 'import tintype'", ["-c", "import tintype"]),
    ("tintype --help", ["-c", "import sys; from tintype.cli import main; sys.exit(main(['--help']))"]),
)


def elapsed_ms(arguments: list[str]) -> float:
    """Run one process to its end and return the milliseconds it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> int:
    """Print the table; 1 when the help is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="processes per row (default: 20)")
    runs = parser.parse_args().runs
    compileall.compile_dir(Path(__file__).parent.parent / "src", quiet=1)
    median_ms = 0.0
    print(f"{'whole process':<30}{'best ms':>10}{'median ms':>12}")
    for label, arguments in CASES:
        elapsed_ms(arguments)
        times = [elapsed_ms(arguments) for _ in range(runs)]
        median_ms = statistics.median(times)
        print(f"{label:<30}{min(times):>10.1f}{median_ms:>12.1f}")
    verdict = "within" if median_ms <= LIMIT_MS else "OVER"
    print(f"tintype --help answers {verdict} its {LIMIT_MS:.0f} ms")
    return 0 if median_ms <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
