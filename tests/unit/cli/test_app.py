"""The root command: it loads little, finds commands, and ends every error as one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tintype.cli import app, main

if TYPE_CHECKING:
    from collections.abc import Sequence

# What --help must not pay for.
HEAVY = ("rich", "pydantic", "httpx2", "keyring", "PIL", "starlette", "asyncio")
SUBCOMMANDS = [
    ["models", "show"],
    ["token", "set"],
    ["token", "status"],
    ["token", "delete"],
    ["print", "check"],
]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_help_imports_nothing_heavy() -> None:
    """What makes the answer fast is what is not loaded; the time itself is measured in bench/startup.py."""
    program = (
        "import sys; from tintype.cli import main; code = main(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules]); sys.exit(code)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_without_typer_the_line_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['typer'] = None; from tintype.cli import main; sys.exit(main(['--help']))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "tintype: the command line is not installed; add it with: pip install 'tintype[cli]'\n"
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed: str) -> None:
    line = (
        f'"{sys.executable}" -c "from tintype.cli import main; raise SystemExit(main([\'models\']))" {closed}'
    )

    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_whose_name_is_no_text_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = run(capsys, "generate", "a boat", "--out", f"{tmp_path}/\udcff")

    assert (code, out) == (2, "")
    assert "choose another folder with --out" in err
    assert err.count("\n") == 1


def test_an_interruption_while_it_loads_is_one_line() -> None:
    program = (
        "import builtins, sys; from tintype.cli import main; real = builtins.__import__\n"
        "def load(name, *rest):\n"
        "    if name == 'typer': raise KeyboardInterrupt\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = load; sys.exit(main(['--help']))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (130, "tintype: interrupted\n")


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys)

    assert (code, err) == (0, "")
    for name in app.COMMANDS:
        assert f"\n  {name} " in out


@pytest.mark.parametrize("command", [[], *([name] for name in app.COMMANDS), *SUBCOMMANDS], ids=" ".join)
def test_every_help_has_examples(command: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *command, "--help")

    assert code == 0
    assert "Example" in out
    assert f"\n    tintype {' '.join(command)}".rstrip() in out


@pytest.mark.parametrize("name", app.COMMANDS)
def test_the_table_says_what_the_command_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The short texts of the root's help are kept apart from the commands, so that none has to be loaded."""
    _, out, _ = run(capsys, name, "--help")

    first = " ".join(out.split("\n\n")[1].split())
    assert first.startswith(app.COMMANDS[name].rstrip(".").split(" and ")[0].split(",")[0])


def test_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--version")

    assert (code, err) == (0, "")
    assert out.startswith("tintype ")
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generat"], "Did you mean 'generate'?"),
        (["generate", "x", "-n", "0"], "greater than or equal to 1. See: tintype generate --help"),
        (["generate", "x", "--frobnicate"], "No such option"),
        (["generate", "x", "--model", "flux-schnel"], "did you mean 'flux-schnell'?"),
        (["generate", "x", "--model", "flux-dev", "--mode", "final"], "give --model or --mode, not both"),
        (["generate", "x", "--mode", "finest"], "is not one of"),
        (["generate", "x", "--max-usd", "lots"], "--max-usd: 'lots' is not an amount in dollars"),
        (["generate", "x", "--model", "imagen-4-ultra", "--max-usd", "0.05"], "may cost up to $0.06, more"),
        (
            ["generate", "x", "--finish", "upscale:4", "--max-usd", "0.004"],
            "may cost up to $0.843 in 2 runs, more than the $0.004 of --max-usd",
        ),
        (["recommend", "--budget", "0"], "a budget is above 0"),
        (["recommend", "--budget", "1", "--model", "imagen5"], "did you mean 'imagen-4'?"),
        (["generate", "x", "--set", "num_outputs=9"], "allowed: 1 to 4"),
        (["generate", "x", "--model", "llama3_8b"], "writes text"),
        (["token", "set", "r8_marker"], "r8_****"),
        (["models", "show", "imagen5"], "did you mean 'imagen-4'?"),
        (["models", "--kind", "song"], "is not one of"),
        (["models", "--under", "cheap"], "is not an amount in dollars"),
        (["simulator", "--port", "70000"], "port is 70000"),
        (["simulator", "--credit", "lots"], "credit is 'lots'"),
        (["simulator", "--speed", "0"], "speed is 0"),
        (["simulator", "--tls-cert", "a.pem"], "belong together"),
    ],
)
def test_wrong_input_is_one_line_and_code_two(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *arguments)

    assert (code, out) == (2, "")
    assert err.startswith("tintype: ")
    assert err.count("\n") == 1
    assert words in err
    assert "marker" not in err


def test_a_limit_that_nobody_can_keep_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """What a model costs that nobody knows is not below any limit."""
    code, out, err = run(capsys, "generate", "x", "--model", "someone/theirs", "--max-usd", "1")

    assert (code, out) == (2, "")
    assert "--max-usd cannot be kept" in err


def test_the_size_of_what_is_given_counts_for_the_limit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file is measured; what lies at an address is measured by the core alone."""
    file = tmp_path / "large.png"
    Image.new("1", (6000, 6000)).save(file)
    common = ("generate", "x", "--model", "flux-2-pro", "--max-usd", "0.54", "--set")

    large = run(capsys, *common, f"input_images={file}")
    elsewhere = run(capsys, *common, "input_images=https://example.com/a.png", "--direct")

    assert (large[0], elsewhere[0]) == (2, 2)
    assert "may cost up to $0.54495, more than the $0.54" in large[2]
    assert "--direct measures none" in elsewhere[2]


def test_models_are_listed_and_chosen_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    _, all_, _ = run(capsys, "models")
    _, films, _ = run(capsys, "models", "--kind", "video")

    assert "black-forest-labs/flux-schnell" in all_
    assert "$0.003 per image" in all_
    assert "google/veo-3.1" in films
    assert "flux-schnell" not in films
    assert not any(line != line.rstrip() for line in all_.splitlines())


@pytest.mark.parametrize(
    ("options", "with_", "without"),
    [
        (["--tier", "proof"], "black-forest-labs/flux-schnell", "google/imagen-4-ultra"),
        (["--kind", "video", "--can", "audio", "--under", "0.80"], "google/veo-3.1-fast", None),
        (["--kind", "video", "--can", "audio", "--under", "1.20"], "google/veo-3.1-fast", "google/veo-3.1 "),
        (["--can", "edit", "--can", "seed"], "black-forest-labs/flux-dev", "black-forest-labs/flux-schnell"),
        (["--search", "Imagen4"], "google/imagen-4-fast", "flux"),
    ],
)
def test_models_are_chosen_by_what_they_can_and_cost(
    options: list[str], with_: str, without: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "models", *options)

    assert code == 0
    assert (with_ in out) is (without is not None)
    assert without is None or without not in out


def test_models_as_json_are_one_document_with_money_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = run(capsys, "models", "--json")

    documents = json.loads(out)
    (schnell,) = (one for one in documents if one["slug"] == "black-forest-labs/flux-schnell")
    assert err == ""
    assert len(documents) >= 68
    assert schnell["capabilities"]["abilities"] == ["seed", "sizes", "several"]
    assert schnell["capabilities"]["sizes"]["megapixels"] == ["1", "0.25"]
    assert schnell["price"]["rates"] == [{"usd": "0.003", "when": {}}]
    assert schnell["inputs"]["num_outputs"] == {
        "type": "integer",
        "required": False,
        "default": 1,
        "minimum": 1,
        "maximum": 4,
    }


def test_a_model_is_shown_with_inputs_price_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "models", "show", "Imagen4Ultra")

    assert code == 0
    assert "google/imagen-4-ultra" in out
    assert "$0.06 per image" in out
    assert "as seen 2026-02-07" in out
    assert "1:1, 9:16, 16:9, 3:4, 4:3" in out


def test_options_of_the_simulator_are_those_of_its_own_command() -> None:
    """`tintype simulator` and `python -m tintype.simulator` take the same options with the same defaults."""
    import typer  # noqa: PLC0415 - only this test builds a command

    from tintype.cli.commands import simulator  # noqa: PLC0415 - as above
    from tintype.simulator.__main__ import parser  # noqa: PLC0415 - as above

    ours = {option.name: option.default for option in typer.main.get_command(simulator.app).params}
    theirs = vars(parser().parse_args([]))
    # The last one is for the program that starts a simulator, not for people.
    del theirs["stop_with_stdin"]

    assert {name: str(value) for name, value in ours.items() if name != "help"} == {
        name: str(value) for name, value in theirs.items()
    }


@pytest.mark.parametrize("command", [*([name] for name in app.COMMANDS), *SUBCOMMANDS], ids=" ".join)
def test_every_command_has_a_heading_in_the_reference(command: list[str]) -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()

    assert f"# `tintype {' '.join(command)}`\n" in text
