"""A batch of 300 rows with duplicates, killed in the middle: from the shell, over HTTP and in Python, billed once."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from PIL import Image

from tests.integration.gateway import serving
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.acceptance.cli.conftest import Shell
    from tintype.testing import Simulator

ROWS, DISTINCT = 300, 80
BILL_USD = Decimal("0.003") * DISTINCT
# Slow enough that the first piece is bought, and runs, when the process is killed.
TEMPLATE = "[[delay=4]] boat {number}"
DEADLINE_S = 200
MIDDLE = (
    b"SELECT count(*) FILTER (WHERE state NOT IN ('queued', 'submitting')) = count(*) AND count(*) >= 40"
    b" FROM generations"
)
SCRIPT = f"""
from pathlib import Path
import tintype
with tintype.studio() as studio:
    made = studio.batch(Path("rows.csv"), prompt={TEMPLATE!r}, model="flux-schnell", idempotency_key="boats")
    assert made.is_whole, made
    print(made.cost_usd, len({{output.sha256 for row in made.rows for output in row.outputs}}))
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """Waits for the middle of a batch, and kills."""

    url: str

    def in_the_middle(self, process: subprocess.Popen[str]) -> None:
        """Kill a process when a piece of its batch was bought and has not ended."""
        with psycopg.connect(self.url, autocommit=True) as database:
            until(lambda: database.execute(MIDDLE).fetchone() == (True,), within_s=DEADLINE_S)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture
def killed(url: str) -> Killed:
    """Who kills."""
    return Killed(url)


@pytest.fixture
def shell(served: Shell) -> Shell:
    """A shell with a file of rows and an account that allows more than a test needs."""
    (served.folder / "rows.csv").write_text(content())
    served.environment["TINTYPE_CREATES_PER_MINUTE"] = "60000"
    return served


def content() -> str:
    """Return 300 rows, of which 80 are different."""
    return "number\n" + "".join(f"{number % DISTINCT}\n" for number in range(ROWS))


def billed(simulator: Simulator) -> tuple[int, Decimal]:
    """Return how many predictions were bought, and for how much."""
    bills = simulator.bills()
    return bills["predictions"], Decimal(bills["total_usd"])


@pytest.mark.timeout(300)
def test_a_batch_of_the_shell_goes_on_after_a_kill(
    shell: Shell, simulator: Simulator, killed: Killed
) -> None:
    command = (
        "batch",
        "rows.csv",
        "--template",
        TEMPLATE,
        "--model",
        "flux-schnell",
        "--budget",
        "1",
        "--json",
    )
    with shell.start(*command) as process:
        killed.in_the_middle(process)

    with shell.start(*command) as process:
        out, err = process.communicate()

    assert process.returncode == 0, err
    assert "nothing is bought twice" in err
    told = json.loads(out)
    assert (told["rows"], told["cost_usd"]) == ({"total": ROWS, "succeeded": ROWS}, "0.24")
    assert billed(simulator) == (DISTINCT, BILL_USD)
    names = {path.name for path in (shell.folder / "rows").iterdir()}
    assert len([name for name in names if name.endswith(".webp")]) == ROWS
    assert {"report.csv", "report.json", "contact-sheet.png", "contact-sheet-3.png"} <= names
    with Image.open(shell.folder / "rows" / "contact-sheet.png") as sheet:
        assert sheet.format == "PNG"
    lines = list(csv.DictReader(io.StringIO((shell.folder / "rows" / "report.csv").read_text())))
    assert sum(Decimal(line["cost_usd"]) for line in lines) == BILL_USD


@pytest.mark.timeout(300)
def test_a_batch_over_http_goes_on_after_a_kill(
    shell: Shell, simulator: Simulator, killed: Killed, url: str, data: Path
) -> None:
    environment: Mapping[str, str] = {"TINTYPE_DATA": str(data), "TINTYPE_CREATES_PER_MINUTE": "60000"}
    asked = {"prompt": TEMPLATE, "model": "flux-schnell", "budget_usd": "1"}
    with serving.gateway(url, simulator, environment=environment) as here, here.http() as http:
        batch = taken(http, asked).json()
        assert batch["calls"] == DISTINCT
        killed.in_the_middle(here.process)
    with serving.gateway(url, simulator, environment=environment) as here, here.http() as http:
        again = taken(http, asked).json()
        end = time.monotonic() + DEADLINE_S
        while (found := http.get(f"/api/batches/{batch['id']}").json())["finished_at"] is None:
            assert time.monotonic() < end, found
        report = http.get(f"/api/batches/{batch['id']}/report", params={"format": "csv"}).text
        sheet = http.get(f"/api/batches/{batch['id']}/report", params={"format": "png"})

    assert again["id"] == batch["id"]
    assert (found["state"], found["rows"]["succeeded"], found["cost_usd"]) == ("ended", ROWS, "0.24")
    assert billed(simulator) == (DISTINCT, BILL_USD)
    lines = list(csv.DictReader(io.StringIO(report)))
    assert sum(Decimal(line["cost_usd"]) for line in lines) == BILL_USD
    assert len({line["outputs"] for line in lines}) == DISTINCT
    with Image.open(io.BytesIO(sheet.content)) as picture:
        assert picture.format == "PNG"


def taken(http: Any, asked: Mapping[str, str]) -> Any:
    """Send the file, under the same name each time."""
    return http.post(
        "/api/batches/file",
        files={"content": ("rows.csv", content().encode())},
        data={"metadata": json.dumps(asked)},
        headers={"Idempotency-Key": "boats"},
    )


@pytest.mark.timeout(300)
def test_a_batch_in_python_goes_on_after_a_kill(shell: Shell, simulator: Simulator, killed: Killed) -> None:
    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            cwd=shell.folder,
            env=shell.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    with start() as process:
        killed.in_the_middle(process)
    process = start()
    out, err = process.communicate()

    assert process.returncode == 0, err
    assert out.split() == ["0.24", str(DISTINCT)]
    assert billed(simulator) == (DISTINCT, BILL_USD)


def test_what_is_wrong_is_told_with_its_line(shell: Shell, simulator: Simulator) -> None:
    """Broken rows and a budget stop nothing else; --resume with a larger one buys the rest alone."""
    (shell.folder / "few.csv").write_text('color,n\nred,1\n,1\n"blue,1\ngreen,2\n')
    words = ("--set", "size=512x512", "--set", "transparent=true")
    command = ("batch", "few.csv", "--template", "a {color} boat", "--model", "flux-schnell", *words)

    first = shell.run(*command, "--budget", "0.008")
    refused = shell.run(*command, "--budget", "0.008")
    second = shell.run(*command, "--budget", "0.009", "--resume")

    assert first.code == second.code == 1
    assert "line 3, column color" in first.err
    assert "line 4, column color" in first.err
    assert "transparent" in first.err
    assert "'size'" not in first.err
    assert (
        "1 left undone (its budget has no room for the next row, which may cost up to $0.006: $0.005"
        in first.err
    )
    assert (refused.code, "--resume" in refused.err) == (2, True)
    assert "2 of 4 rows in few, $0.009" in second.out
    assert billed(simulator) == (2, Decimal("0.009"))

    # Once mended, what was made is not bought again, and not without being told so.
    (shell.folder / "few.csv").write_text("color,n\nred,1\nviolet,1\nblue,1\ngreen,2\n")
    changed = shell.run(*command)
    mended = shell.run(*command, "--resume")

    assert (changed.code, "few.csv has changed since batch" in changed.err) == (2, True)
    assert (mended.code, "4 of 4 rows in few, $0.015" in mended.out) == (0, True)
    assert billed(simulator) == (4, Decimal("0.015"))

    # Nor is what was made whole, as whoever asks may think that it was interrupted.
    whole = shell.run(*command)

    # An option that is wrong is not looked for in the file.
    unknown = shell.run("batch", "few.csv", "--template", "a {color} boat", "--model", "nosuch")

    assert (unknown.code, "where an option is wrong" in unknown.error_lines[-1]) == (1, True)
    assert (whole.code, "nothing is bought" in whole.err) == (0, True)
    assert "4 of 4 rows in few, $0.015" in whole.out
    assert billed(simulator) == (4, Decimal("0.015"))


def test_the_id_of_a_batch_is_known_where_ids_are_taken(shell: Shell, simulator: Simulator) -> None:
    (shell.folder / "few.csv").write_text("color\nred\nblue\n")
    template = ("--template", "a {color} boat", "--model", "flux-schnell")
    stopped = shell.run("batch", "few.csv", *template, "--budget", "0.004", "--json")
    ident = json.loads(stopped.out)["id"]

    listed = shell.run("list", "--batches")
    shown = shell.run("show", ident)
    retried = shell.run("retry", ident)
    approved = shell.run("approve", ident)
    unknown = shell.run("show", "nothing")
    canceled = shell.run("cancel", ident)
    again = shell.run("cancel", ident, "--json")

    assert f"{ident}  stopped  $0.003  $0.004" in listed.out
    assert "rows        2: 1 succeeded, 1 undone" in shown.out
    assert (retried.code, "--resume" in retried.err) == (2, True)
    assert (approved.code, f"{ident} is a batch; give one of its generations" in approved.err) == (2, True)
    assert (unknown.code, "tintype list --batches" in unknown.err) == (2, True)
    assert f"batch {ident} ended: canceled, rows 1 succeeded, 1 undone, $0.003" in canceled.out
    told = json.loads(again.out)
    assert (told["state"], told["cost_usd"]) == ("canceled", "0.003")
    assert billed(simulator) == (1, Decimal("0.003"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none.csv",), "there is no file"),
        (("rows.csv", "--resume", "--new"), "not both"),
        (("rows.csv", "--model", "flux-dev", "--mode", "proof"), "not both"),
        (("rows.csv", "--template", "a { boat"), "stands alone"),
        (("rows.csv", "--set", "nothing"), "is not key=value"),
        (("rows.csv", "--budget", "five"), "no amount in dollars"),
        (("rows.csv", "--budget", "-1"), "is below zero"),
    ],
)
def test_wrong_options_are_refused_in_a_line(shell: Shell, arguments: tuple[str, ...], told: str) -> None:
    ended = shell.run("batch", *arguments)

    assert ended.code == 2
    assert told in ended.error_lines[0]
