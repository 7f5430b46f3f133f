"""Make something by every model of the catalogue through the gateway, and compare price, bill and size.

    python -m bench.models [SLUG…]

Each model is estimated, made by `tintype serve` with the simulator upstream, and judged: what the gateway booked is the
simulator's bill to the nano-dollar and no more than was held, a price that is known before was the estimate, and each
file is of the size that was asked for. The last line counts; the exit code is 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from bench.stand import asking
from tintype import catalogue, testing
from tintype.domain import money
from tintype.domain.catalogue import Output, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tintype.domain.catalogue import Model
    from tintype.testing import Simulator

# Models take a fiftieth of the time that the real ones usually take.
SPEED = 50
WITHIN_S = 240.0
# Their price is known when they have ended: by the time they took, the tokens they wrote, the pictures they were given.
_OPEN = {Unit.HARDWARE_SECOND, Unit.TOKEN, Unit.MEGAPIXEL}
_HEADINGS = ("model", "kind", "asked", "made", "estimate", "held", "charged", "billed", "")


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one model; amounts in nano-dollars. `wrong` is empty where all was as it should be."""

    model: Model
    asked: str
    made: str
    estimate: int
    held: int
    charged: int
    billed: int
    wrong: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        amounts = (f"${money.to_usd(one)}" for one in (self.estimate, self.held, self.charged, self.billed))
        return (
            self.model.slug,
            self.model.kind.value,
            self.asked,
            self.made,
            *amounts,
            self.wrong and f"WRONG: {self.wrong}",
        )


def measure(
    http: httpx2.Client, simulator: Simulator, models: Sequence[Model], *, within_s: float = WITHIN_S
) -> list[Row]:
    """Estimate all, ask for all, wait until all has ended, and judge each. Raises TimeoutError."""
    begun: list[tuple[Model, asking.Asked, dict[str, Any], str]] = []
    for model in models:
        asked = asking.of(model)
        body = {"model": model.slug, "input": asked.values, "deadline": within_s}
        estimate = http.post("/api/estimates", json=body).raise_for_status().json()
        made = http.post("/api/generations", json=body).raise_for_status().json()
        begun.append((model, asked, estimate, made["id"]))
    end = time.monotonic() + within_s
    rows = [(model, asked, estimate, _ended(http, ident, end)) for model, asked, estimate, ident in begun]
    bills = {one["id"]: money.from_usd(one["usd"]) for one in simulator.bills()["items"]}
    return [_judged(model, asked, estimate, ended, bills) for model, asked, estimate, ended in rows]


def _ended(http: httpx2.Client, ident: str, end: float) -> dict[str, Any]:
    left_s = max(end - time.monotonic(), 1.0)
    # The stream of its events ends with it.
    with http.stream("GET", f"/api/generations/{ident}/events", timeout=left_s) as told:
        for _ in told.iter_lines():
            if time.monotonic() > end:
                raise TimeoutError(f"{ident} has not ended, and its time is over")
    found: dict[str, Any] = http.get(f"/api/generations/{ident}").raise_for_status().json()
    return found


def _judged(
    model: Model,
    asked: asking.Asked,
    estimate: dict[str, Any],
    ended: dict[str, Any],
    bills: dict[str, int],
) -> Row:
    expected, most = (money.from_usd(estimate[name]) for name in ("expected_usd", "at_most_usd"))
    charged = money.from_usd(ended["cost_usd"] or "0")
    billed = bills.get(ended["prediction_id"], -1)
    files = [asking.Made(one["width"], one["height"], one["seconds"]) for one in ended["outputs"]]
    sizes = [] if model.output is Output.TEXT else [asking.wrong(asked, one) for one in files]
    checks = (
        (f"it {ended['state']}", ended["state"] == "succeeded"),
        ("nothing came", bool(files)),
        ("charged is not billed", charged == billed),
        ("charged is not the estimate", charged == expected or model.price.unit in _OPEN),
        ("charged is more than was held", charged <= most),
        *((f"not as asked: {size}", not size) for size in sizes),
    )
    made = " ".join(_made(one) for one in files) or "-"
    return Row(
        model,
        asked.words,
        made if sizes else f"{ended['outputs'][0]['size_bytes']} bytes" if files else "-",
        expected,
        most,
        charged,
        billed,
        "; ".join(words for words, is_so in checks if not is_so),
    )


def _made(one: asking.Made) -> str:
    film = "" if one.seconds is None else f" {one.seconds:g} s"
    return f"{one.width}x{one.height}{film}"


def show(rows: Sequence[Row]) -> None:
    """Print the table, and how many were right."""
    cells = [_HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADINGS))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    kinds = Counter(row.model.kind.value for row in rows)
    right = sum(not row.wrong for row in rows)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    total = money.to_usd(sum(row.charged for row in rows))
    print(
        f"\n{len(rows)} models ({counted}): {right} as they should be, {len(rows) - right} wrong; ${total} charged"
    )


@contextmanager
def gateway(simulator: Simulator) -> Iterator[httpx2.Client]:
    """Run `tintype serve` with everything of its own and a simulator upstream; gives a client of it."""
    with tempfile.TemporaryDirectory(prefix="tt-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = {
            **{key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ},
            "TINTYPE_DATA": str(folder / "data"),
            "TINTYPE_REPLICATE_URL": simulator.url,
            "REPLICATE_API_TOKEN": simulator.token,
        }
        process = subprocess.Popen(
            [Path(sys.executable).with_name("tintype"), "serve", "--port", "0"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=(folder / "log").open("w"),
            text=True,
        )
        try:
            assert process.stdout is not None
            origin = next((line.split()[1] for line in process.stdout if line.startswith("ready ")), None)
            assert origin is not None, (folder / "log").read_text()
            with httpx2.Client(base_url=origin, timeout=60.0, trust_env=False) as http:
                yield http
        finally:
            process.terminate()
            process.wait(15)


def main() -> int:
    """Print the table; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="models by name (default: all)")
    names = parser.parse_args().models
    known = catalogue.load()
    chosen = [known.find(name) for name in names] or list(known.models)
    with testing.simulator(speed=SPEED) as simulator, gateway(simulator) as http:
        rows = measure(http, simulator, chosen)
    show(rows)
    return 1 if any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
