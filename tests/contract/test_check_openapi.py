"""The developer's tool that checks a simulator against a document: it finds what deviates, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tintype.testing import Simulator

TOOL = Path(__file__).parents[2] / "tools" / "check_openapi.py"
HARDWARE = {"type": "array", "items": {"type": "object", "required": ["sku", "name"]}}
ACCOUNT = {
    "type": "object",
    "required": ["username", "type"],
    "properties": {"username": {"type": "string"}, "type": {"enum": ["user", "organization"]}},
}
SHAPES = {
    "GET /hardware 200": {
        "headers": {"ratelimit-remaining": "2999"},
        "fields": {
            "$": {"types": ["array"], "optional": False},
            "[].sku": {"types": ["string"], "optional": False},
            "[].cores": {"types": ["number"], "optional": True},
        },
    }
}


def _answers(schema: Any) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}


def _check(
    simulator: Simulator, folder: Path, paths: dict[str, Any], shapes: dict[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    (folder / "openapi.json").write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    (folder / "shapes.json").write_text(json.dumps(SHAPES if shapes is None else shapes))
    (folder / "errors.json").write_text("[]")
    return subprocess.run(
        [sys.executable, TOOL, simulator.url, "--openapi", folder / "openapi.json", "--golden", folder],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _about(ended: subprocess.CompletedProcess[str], *paths: str) -> list[str]:
    """Return the deviations told about some paths; the document of these tests leaves out all others."""
    return [
        line.strip()
        for line in ended.stdout.splitlines()
        if line.startswith("  ") and any(line.split()[1].rstrip(":") == path for path in paths)
    ]


def test_what_fits_is_no_deviation(simulator: Simulator, tmp_path: Path) -> None:
    """Schema and recording agree with the answers."""
    ended = _check(
        simulator,
        tmp_path,
        {"/account": {"get": _answers(ACCOUNT)}, "/hardware": {"get": _answers(HARDWARE)}},
    )

    assert _about(ended, "/account", "/hardware") == []


@pytest.mark.parametrize(
    ("paths", "shapes", "told"),
    [
        (
            {"/account": {"get": _answers({**ACCOUNT, "required": ["balance"]})}},
            None,
            "'balance' is a required property",
        ),
        ({"/account": {"get": _answers({"type": "array"})}}, None, "is not of type 'array'"),
        ({"/account": {"get": {"responses": {"201": {}}}}}, None, "status 200 is not documented"),
        ({"/account": {"get": {"responses": {"200": {}}}}}, None, "has a body"),
        (
            {"/account": {"get": {"responses": {"200": {"content": {"text/plain": {}}}}}}},
            None,
            "media type is application/json, not text/plain",
        ),
        ({"/nothing": {"get": _answers({})}}, None, "was not called"),
        (
            {"/hardware": {"get": _answers(HARDWARE)}},
            {
                "GET /hardware 200": {
                    "headers": {},
                    "fields": {
                        "[].cores": {"types": ["number"], "optional": False},
                        "[].sku": {"types": ["number"], "optional": False},
                    },
                }
            },
            "[].cores: is missing",
        ),
    ],
)
def test_what_deviates_is_told(
    simulator: Simulator, tmp_path: Path, paths: dict[str, Any], shapes: Any, told: str
) -> None:
    """Each kind of deviation, with the operation, and exit code 1."""
    ended = _check(simulator, tmp_path, paths, shapes)

    assert ended.returncode == 1
    assert any(told in line for line in _about(ended, *paths))
