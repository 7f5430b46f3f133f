"""The script that makes the simulator's data files: same facts, same files, and every guess is marked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from subprocess import CompletedProcess

SCRIPT = Path(__file__).parents[3] / "tools" / "simulator_data.py"

# Two models as the reference states them: one with required inputs and a price, one without either.
REFERENCE = {
    "models": {
        "black-forest-labs/flux-kontext-pro": {
            "official": True,
            "kind": "image",
            "required": ["prompt"],
            "input": {
                "input_image": {"type": "string", "format": "uri", "nullable": True, "order": 1},
                "prompt": {"type": "string", "order": 0},
            },
            "output": {"type": "string", "format": "uri"},
            "price": {"function": "costByRun", "price": 0.04},
            "source": "someone's list (2026-05-05)",
        },
        "someone/painter": {
            "official": False,
            "media": ["image"],
            "input": {
                "prompt": {"type": "string", "nullable": True, "default": None},
                "image": {"type": "string", "nullable": True, "default": None},
                "num_outputs": {"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
                "width": {"type": "enum", "enum": [512, 768], "default": 512},
                "height": {"type": "enum", "enum": [512, 768], "default": 512},
            },
            "version_seen": "ab" * 32,
            "source": "someone's list (2026-04-23); required flags not kept",
        },
        "someone/singer": {"official": False, "media": ["audio"], "input": {}, "source": "someone's list"},
    },
}


def test_the_same_facts_give_the_same_files(tmp_path: Path) -> None:
    reference = _reference(tmp_path)

    for name in ("first", "second"):
        assert _run(str(reference), "--out", str(tmp_path / name)).returncode == 0

    for name in ("models.json", "collections.json", "hardware.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_what_the_facts_do_not_say_is_inferred_and_marked(tmp_path: Path) -> None:
    _run(str(_reference(tmp_path)), "--out", str(tmp_path))

    painter = _models(tmp_path)["someone/painter"]

    assert painter["required"] == ["prompt"]
    assert painter["inputs"]["prompt"] == {"type": "string"}
    assert painter["inputs"]["width"] == {"type": "integer", "enum": [512, 768], "default": 512}
    assert painter["inputs"]["image"] == {"type": "string", "format": "uri", "nullable": True}
    assert painter["inferred"] == [
        "image holds a file by its name",
        "prompt is required: it has no default",
    ]
    assert painter["output"] == "uris"
    assert painter["version_id"] == "ab" * 32
    assert painter["price"]["per"] == "time"
    assert painter["inputs_date"] == "2026-04-23"


def test_what_the_facts_say_is_kept_and_what_makes_no_media_is_left_out(tmp_path: Path) -> None:
    _run(str(_reference(tmp_path)), "--out", str(tmp_path))

    found = _models(tmp_path)

    assert found["black-forest-labs/flux-kontext-pro"]["price"] == {
        "per": "image",
        "rates": [{"usd": "0.04"}],
        "source": "someone's list (2026-05-05)",
        "date": "2026-05-05",
    }
    assert list(found["black-forest-labs/flux-kontext-pro"]["inputs"]) == ["prompt", "input_image"]
    assert found["black-forest-labs/flux-kontext-max"]["price"]["rates"] == [{"usd": "0.08"}]
    assert "fofr/skyreels-2" in found
    assert "someone/singer" not in found


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_path_without_facts_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    done = _run(str(tmp_path / name), "--out", str(tmp_path))

    assert done.returncode == 1
    assert "is not a file; give the path" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stated_likeness_to_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    reference = tmp_path / "reference.json"
    reference.write_text('{"models": {}}', encoding="utf-8")

    done = _run(str(reference), "--out", str(tmp_path))

    assert done.returncode == 1
    assert "black-forest-labs/flux-kontext-pro" in done.stderr
    assert "Traceback" not in done.stderr


def _reference(folder: Path) -> Path:
    path = folder / "reference.json"
    path.write_text(json.dumps(REFERENCE), encoding="utf-8")
    return path


def _models(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "models.json").read_text(encoding="utf-8"))["models"]
    return found


def _run(*arguments: str) -> CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
