"""`tintype generate` as people run it: a process of its own, over real HTTP, files on disk."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.waiting import until

if TYPE_CHECKING:
    from tests.acceptance.cli.conftest import Shell
    from tintype.testing import Simulator

DEADLINE_S = 20


def test_pictures_are_saved_and_told(connected: Shell, simulator: Simulator) -> None:
    ended = connected.run(
        "generate", "--direct", "A red sports car!", "-n", "5", "--aspect", "4:3", "--seed", "7",
        "--set", "output_format=png", "--out", "pictures",
    )  # fmt: skip

    assert (ended.code, ended.err) == (0, "")
    saved = sorted((connected.folder / "pictures").iterdir())
    assert [path.name for path in saved] == [
        "a-red-sports-car-flux-schnell-11.png",
        "a-red-sports-car-flux-schnell-7-2.png",
        "a-red-sports-car-flux-schnell-7-3.png",
        "a-red-sports-car-flux-schnell-7-4.png",
        "a-red-sports-car-flux-schnell-7.png",
    ]
    for path in saved:
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("PNG", (1152, 896))
        assert f"{path.relative_to(connected.folder)}  1152x896" in ended.out
    assert ended.out.endswith("5 from black-forest-labs/flux-schnell, $0.015 (estimate)\n")
    bills = simulator.bills()
    assert (bills["predictions"], bills["total_usd"]) == (2, "0.015")


def test_json_is_one_document_and_nothing_else(connected: Shell) -> None:
    ended = connected.run("generate", "--direct", "a boat", "--model", "imagen4_ultra", "--json")

    document = json.loads(ended.out)
    assert (ended.code, ended.err, document["warnings"]) == (0, "", [])
    assert document["model"] == "google/imagen-4-ultra"
    assert document["simulated"] is False
    assert document["estimate"] == {"expected_usd": "0.06", "at_most_usd": "0.06"}
    (file,) = document["files"]
    assert (connected.folder / file["path"]).stat().st_size == file["bytes"]
    assert (file["width"], file["height"]) == (1024, 1024)


def test_words_for_all_models_are_translated_and_what_is_not_possible_is_told(connected: Shell) -> None:
    """One line for each on standard error, and in the document; refused with --strict."""
    words = ["generate", "--direct", "a boat", "--size", "640x480", "--format", "jpeg", "--negative", "fog"]

    ended = connected.run(*words, "--json")
    refused = connected.run(*words, "--strict")

    document = json.loads(ended.out)
    assert (ended.code, ended.err.splitlines()) == (0, document["warnings"])
    assert len(document["warnings"]) == 2
    assert "makes no 640x480; 1152x896 comes instead" in document["warnings"][1]
    (file,) = document["files"]
    assert (file["width"], file["height"], file["path"][-4:]) == (1152, 896, ".jpg")
    assert (refused.code, refused.out, len(refused.error_lines)) == (2, "", 1)


def test_a_mode_stands_for_a_model_of_the_settings(connected: Shell) -> None:
    environment = {**connected.environment, "TINTYPE_MODEL_FINAL": "imagen-4-ultra"}
    here = dataclasses.replace(connected, environment=environment)

    ended = here.run("generate", "--direct", "a boat", "--mode", "final", "--json")

    assert (ended.code, json.loads(ended.out)["model"]) == (0, "google/imagen-4-ultra")


def test_auto_chooses_and_explains(connected: Shell) -> None:
    """Words and numbers on standard error, and in the document; nothing above the limit is chosen or bought."""
    words = ("generate", "--direct", 'a poster that says "OPEN"', "--mode", "auto", "--max-usd", "0.05")

    ended = connected.run(*words, "--explain", "--json")
    refused = connected.run("generate", "--direct", "a boat", "--mode", "auto", "--max-usd", "0.001")

    document = json.loads(ended.out)
    assert (ended.code, document["chosen"]["subject"]) == (0, "lettering")
    assert document["model"] == document["chosen"]["model"]
    assert "not google/imagen-4-ultra: it may cost $0.06, above the limit of $0.05" in ended.err
    assert (refused.code, "above the limit of $0.001" in refused.err) == (2, True)


def test_a_budget_gets_the_guides_answer(alone: Shell) -> None:
    """By the command."""
    ended = alone.run("recommend", "--budget", "6", "--iterations", "100", "--high-quality", "--json")

    assert json.loads(ended.out)["model"] == "black-forest-labs/flux-1.1-pro-ultra"
    assert "bytedance/seedream-4" in alone.run("recommend", "--budget", "6", "--iterations", "100").out


def test_without_a_token_a_simulator_does_the_same_and_ends(alone: Shell) -> None:
    ended = alone.run("generate", "--direct", "a boat", "--set", "output_format=png")

    assert ended.code == 0
    assert ended.err == "No token is set: a simulator on this machine does the work, nothing is bought.\n"
    with Image.open(alone.folder / "a-boat-flux-schnell.png") as picture:
        assert picture.size == (1024, 1024)


def test_failure_upstream_is_one_line_and_code_one(connected: Shell) -> None:
    ended = connected.run("generate", "--direct", "[[fail=out of paint]] a boat", "--json")

    assert ended.code == 1
    assert len(ended.error_lines) == 1
    assert "failed: out of paint" in ended.error_lines[0]
    document = json.loads(ended.out)
    assert document["files"] == []
    assert [one["code"] for one in document["failures"]] == ["prediction_failed"]
    assert connected.files() == []


def test_one_that_fails_leaves_the_others(connected: Shell, simulator: Simulator) -> None:
    simulator.faults([{"do": "answer", "method": "POST", "path": "*/predictions", "status": 400, "count": 1,
                       "body": {"detail": "not this one"}}])  # fmt: skip

    ended = connected.run("generate", "--direct", "a boat", "--model", "flux_pro", "-n", "3")

    assert ended.code == 1
    assert len(connected.files()) == 2
    assert "1 of 3 predictions failed" in ended.error_lines[0]
    assert "2 from black-forest-labs/flux-1.1-pro, $0.08 (estimate)" in ended.out


def test_a_create_of_unknown_outcome_is_told_and_not_repeated(connected: Shell, simulator: Simulator) -> None:
    simulator.faults(
        [{"do": "reset", "when": "after", "method": "POST", "path": "*/predictions", "count": 1}]
    )

    ended = connected.run("generate", "--direct", "a boat", "--json")

    assert ended.code == 1
    assert json.loads(ended.out)["failures"][0]["code"] == "outcome_unknown"
    assert simulator.bills()["predictions"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a boat", "--aspect", "5to7"], "aspect_ratio '5to7' is not allowed; allowed: 1:1, 16:9"),
        (["a boat", "--model", "someone/nothing"], "(404)"),
        ([], "needs the input 'prompt'"),
    ],
)
def test_wrong_input_is_one_line_and_code_two(
    connected: Shell, simulator: Simulator, arguments: list[str], words: str
) -> None:
    ended = connected.run("generate", "--direct", *arguments)

    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.error_lines) == 1
    assert words in ended.error_lines[0]
    assert simulator.bills()["predictions"] == 0


def test_refused_token_is_told_without_the_token(connected: Shell) -> None:
    connected.environment["REPLICATE_API_TOKEN"] = "no_marker_token"

    ended = connected.run("generate", "--direct", "a boat")

    assert ended.code == 1
    assert "401" in ended.error_lines[0]
    assert "marker" not in ended.out + ended.err


def test_a_model_outside_the_catalogue_works_at_an_unknown_price(connected: Shell) -> None:
    ended = connected.run(
        "generate", "--direct", "a boat", "--model", "fofr/sdxl-emoji", "--set", "width=512", "--json"
    )

    document = json.loads(ended.out)
    assert ended.code == 0
    assert "not in the catalogue" in ended.err
    assert document["estimate"] is None
    assert document["files"][0]["width"] == 512


def test_a_picture_given_by_path_is_worked_on(connected: Shell) -> None:
    Image.new("RGB", (64, 48), "red").save(connected.folder / "small.png")

    ended = connected.run(
        "generate",
        "--direct",
        "--model",
        "real-esrgan",
        "--set",
        "image=small.png",
        "--set",
        "scale=2",
        "--json",
    )

    (file,) = json.loads(ended.out)["files"]
    assert (ended.code, file["width"], file["height"]) == (0, 128, 96)
    assert file["path"].startswith("small-real-esrgan")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_cancels_upstream_and_says_so(
    connected: Shell, simulator: Simulator, number: signal.Signals
) -> None:
    process = connected.start("generate", "--direct", "[[delay=60]] a boat", "--model", "flux_pro", "-n", "2")
    try:
        until(lambda: simulator.bills()["predictions"] == 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()

    assert (process.returncode, out) == (130, "")
    (line,) = err.splitlines()
    assert line.startswith("tintype: interrupted; canceled upstream: ")
    for item in simulator.bills()["items"]:
        assert item["status"] == "canceled"
        assert item["id"] in line


def test_sigterm_cancels_where_ctrl_c_came_ignored(connected: Shell, simulator: Simulator) -> None:
    """As it does in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = connected.start("generate", "--direct", "[[delay=60]] a boat", "--model", "flux_pro")
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        until(lambda: simulator.bills()["predictions"] == 1)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()

    assert process.returncode == 130
    assert "canceled upstream: " in err
    assert simulator.bills()["items"][0]["status"] == "canceled"


def test_interrupted_while_the_create_is_under_way(connected: Shell, simulator: Simulator) -> None:
    """What may have been bought is waited for and cancelled."""
    simulator.faults(
        [{"do": "delay", "delay_s": 2.0, "when": "after", "method": "POST", "path": "*/predictions"}]
    )

    process = connected.start("generate", "--direct", "[[delay=60]] a boat", "--model", "flux_pro")
    try:
        until(lambda: simulator.bills()["predictions"] == 1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()

    assert process.returncode == 130
    assert "canceled upstream: " in err
    assert simulator.bills()["items"][0]["status"] == "canceled"


def test_the_simulator_does_not_outlive_a_killed_command(alone: Shell) -> None:
    process = alone.start("generate", "--direct", "[[delay=60]] a boat")
    try:
        until(lambda: bool(_children(process.pid)))
        (child,) = _children(process.pid)
    finally:
        process.kill()
        process.communicate()

    until(lambda: not _is_running(child))


def _children(pid: int) -> list[int]:
    found = subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "tintype.simulator"], capture_output=True, text=True, check=False
    )
    return [int(one) for one in found.stdout.split()]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
