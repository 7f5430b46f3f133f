"""A poster at 300 DPI with a transparent background: from the command line, over HTTP, and in Python."""

from __future__ import annotations

import io
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import psycopg
from PIL import Image

import tintype
from tests.acceptance.cli.conftest import Shell, alone, connected, data, served
from tests.integration.core.conftest import server, url
from tests.integration.gateway import serving
from tintype.domain import money

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.testing import Simulator

# Fixtures: a folder, a home, a database and a simulator of the test's own.
__all__ = ["alone", "connected", "data", "served", "server", "url"]

PROMPT = "a fox"
STEPS = ("upscale:3", "remove-background", "print:poster-a4")
OPTIONS = [word for step in STEPS for word in ("--finish", step)]
INPUT: dict[str, Any] = {"aspect_ratio": "3:4", "output_format": "png"}
COMMAND = ("generate", PROMPT, "--model", "flux-schnell", "--aspect", "3:4", "--set", "output_format=png")


def assert_poster(content: bytes) -> None:
    """A4 with 3 mm of bleed, at 300 DPI or more, in sRGB, transparent around what it shows."""
    with Image.open(io.BytesIO(content)) as sheet:
        dpi = float(sheet.info["dpi"][0])
        assert dpi >= 300
        assert [round(side / dpi * 25.4) for side in sheet.size] == [216, 303]
        assert sheet.info["icc_profile"]
        assert sheet.mode == "RGBA"
        assert sheet.getchannel("A").getextrema() == (0, 255)


def billed(simulator: Simulator) -> dict[str, int]:
    """Return what upstream bills for each of the three models, in nano-dollars."""
    found = {one["model"]: money.from_usd(one["usd"]) for one in simulator.bills()["items"]}
    assert len(found) == simulator.bills()["predictions"] == 3
    return found


def test_from_the_command_line(served: Shell, simulator: Simulator) -> None:
    """All files are saved, the poster's too, and what is told as cost is upstream's bill."""
    done = served.run(*COMMAND, *OPTIONS, "--out", "out", "--json")

    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert_poster((served.folder / "out" / "a-fox-flux-schnell-larger-cut-out-poster-a4.png").read_bytes())
    assert [one.get("dpi", 0) >= 300 for one in told["files"]] == [False] * 3 + [True]
    assert money.from_usd(told["cost_usd"]) == sum(billed(simulator).values())
    checked = served.run("print", "check", told["files"][-1]["path"], "--product", "poster-a4", "--json")
    assert json.loads(checked.out)["checks"][0]["verdict"] == "sharp"


def test_over_http(url: str, simulator: Simulator) -> None:
    """Each step's price is told before, and what was booked is upstream's bill."""
    body = {"prompt": PROMPT, "model": "flux-schnell", "input": INPUT, "finish": list(STEPS)}
    with serving.gateway(url, simulator) as here, here.http() as http:
        estimate = http.post("/api/estimates", json=body).json()
        order = http.post("/api/generations", json=body, headers={"Prefer": "wait=55"}).json()
        file = http.get(order["generations"][-1]["outputs"][-1]["url"]).content

    assert order["state"] == "succeeded"
    assert_poster(file)
    assert order["generations"][-1]["outputs"][-1]["dpi"] >= 300
    assert (estimate["print"]["verdict"], len(estimate["parts"])) == ("sharp", 4)
    costs = {one["model"]: money.from_usd(one["cost_usd"]) for one in order["generations"]}
    assert costs == billed(simulator)
    assert money.from_usd(order["cost_usd"]) == sum(costs.values())


def test_in_python(data: Path, url: str, simulator: Simulator) -> None:
    """The last step's generation is returned, with the file behind what was bought."""
    with tintype.studio(simulator.token, base_url=simulator.url, data=data, database_url=url) as studio:
        made = studio.generate(PROMPT, model="flux-schnell", finish=STEPS, timeout_s=60, **INPUT)
        file = studio.read(made.outputs[-1])
        spent = {line.name: line.cost_nano_usd for line in studio.spend()}

    assert made.outputs[-1].made_by == "print:poster-a4"
    assert (made.outputs[-1].dpi or 0) >= 300
    assert_poster(file)
    assert spent == billed(simulator)


def test_killed_in_the_middle_it_is_finished_once(served: Shell, simulator: Simulator) -> None:
    """`kill -9` when the picture is stored; who comes next finishes and saves it, and nothing is bought again."""
    command = served.start(*COMMAND, "--finish", "print:poster-a4:pdf", "--out", "out")
    with psycopg.connect(served.environment["TINTYPE_DATABASE_URL"], autocommit=True) as database:
        while not database.execute("SELECT FROM outputs").fetchall():
            assert command.poll() is None
    os.kill(command.pid, signal.SIGKILL)
    command.communicate()

    resumed = served.run("resume", "--json")

    assert resumed.code == 0, resumed.err
    names = sorted(path.name for path in (served.folder / "out").iterdir())
    assert names == ["a-fox-flux-schnell-poster-a4.pdf", "a-fox-flux-schnell.png"]
    assert simulator.bills()["predictions"] == 1
