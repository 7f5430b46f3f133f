"""Ask a gateway in every way that its own description allows, and in ways that it does not: schemathesis, all checks.

    python -m tests.integration.gateway.fuzzing --seconds 600

The gateway is `tintype serve` with a worker and a simulator upstream. Printed is what schemathesis found, and how many
creates were accepted meanwhile; both have to be right for exit code 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.integration.gateway import serving
from tintype import testing
from tintype.store import embedded, schema

if TYPE_CHECKING:
    from tests.integration.gateway.serving import Serving

PROGRAM = Path(sys.executable).with_name("schemathesis")
RULES = Path(__file__).with_name("schemathesis.toml")
# Streams do not end while nothing ends; they have tests of their own.
LEFT_OUT = r"/events$"
CREATES_MIN = 200
# What takes the scope `admin`, or shows more with it.
ADMINISTERED = r"^/api/(keys|budgets|deliveries|usage|throttle|audit)"
CALLER_SHARE = 0.7
"""Of the time; the rest is an administrator's."""
# A film takes a while to be joined on a busy machine, and every route is asked with wrong keys.
ENVIRONMENT = {"TINTYPE_REQUEST_TIMEOUT_S": "300", "TINTYPE_WRONG_KEY_RATE": "off"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found: schemathesis' own words and verdict, and how many generations were admitted."""

    text: str
    is_fine: bool
    creates: int


def fuzz(here: Serving, *, seconds: int, phases: str, examples: int, only: str | None = None) -> Outcome:
    """Ask a gateway for so long, and count what it accepted."""
    before = _creates(here)
    whole = _asked(
        here, "generate,read", seconds=seconds * CALLER_SHARE, phases=phases, examples=examples, only=only
    )
    # Last, as it sets budgets, pauses the account and revokes keys.
    administered = _asked(
        here,
        "admin",
        seconds=seconds * (1 - CALLER_SHARE),
        phases=phases,
        examples=examples,
        only=ADMINISTERED if only is None else f"(?={only}){ADMINISTERED}",
    )
    return Outcome(
        "\n".join(one.stdout + one.stderr for one in (whole, administered)),
        whole.returncode == administered.returncode == 0,
        _creates(here) - before,
    )


def _asked(
    here: Serving, scopes: str, *, seconds: float, phases: str, examples: int, only: str | None
) -> subprocess.CompletedProcess[str]:
    """Ask with a key of these scopes."""
    made = here.run("keys", "create", "--name", f"fuzz {scopes}", "--scopes", scopes, "--json")
    key = json.loads(made.stdout)["key"]
    return subprocess.run(
        [
            *(PROGRAM, "--config-file", RULES, "--no-color", "run", f"{here.origin}/openapi.json"),
            *("--header", f"Authorization: Bearer {key}", "--phases", phases),
            *("--max-time", str(round(seconds)), "--max-examples", str(examples)),
            *("--exclude-path-regex", LEFT_OUT),
            *(() if only is None else ("--include-path-regex", only)),
        ],
        cwd=here.folder,
        env={**os.environ, "HOME": str(here.folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def _creates(here: Serving) -> int:
    with psycopg.connect(here.database_url) as look:
        found = look.execute("SELECT count(*) FROM generations").fetchone()
    assert found is not None
    return int(found[0])


def main() -> int:
    """Run it; 1 where something is not as promised."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--examples", type=int, default=100, help="for each operation")
    parser.add_argument(
        "--creates", type=int, default=CREATES_MIN, help="how many are to be accepted at least"
    )
    parser.add_argument("--only", help="paths that fit this pattern")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tt-") as name:
        folder = Path(name)
        # The server's own account has to reach it.
        folder.chmod(0o755)
        with embedded.server(folder / "data") as server, testing.simulator() as upstream:
            asyncio.run(schema.migrate(server.url))
            with serving.gateway(server.url, upstream, environment=ENVIRONMENT) as here:
                found = fuzz(
                    here,
                    seconds=chosen.seconds,
                    phases="examples,coverage,fuzzing,stateful",
                    examples=chosen.examples,
                    only=chosen.only,
                )
    sys.stdout.write(f"{found.text}\naccepted creates: {found.creates}, of at least {chosen.creates}\n")
    return 0 if found.is_fine and found.creates >= chosen.creates else 1


if __name__ == "__main__":
    sys.exit(main())
