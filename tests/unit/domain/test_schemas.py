"""What changed in a model's inputs is told in sentences, each once, and what is the same is not told."""

from __future__ import annotations

from typing import Any

import pytest

from tintype import catalogue
from tintype.domain import schemas

BEFORE: dict[str, dict[str, Any]] = {
    "prompt": {"type": "string", "required": True},
    "n": {"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
    "size": {"type": "string", "default": "1K", "choices": ["1K", "2K"]},
    "seed": {"type": "integer"},
}


@pytest.mark.parametrize(
    ("name", "now", "told"),
    [
        ("n", {"type": "integer", "default": 1, "minimum": 1, "maximum": 8}, ["input n: maximum 4, now 8"]),
        ("n", {"type": "integer", "default": 1.0, "minimum": 1, "maximum": 4}, []),
        (
            "n",
            {"type": "number", "minimum": 1, "maximum": 4},
            ["type integer, now number", "default 1, now none"],
        ),
        ("size", {"type": "string", "default": "2K", "choices": ["2K", "1K"]}, ["default 1K, now 2K"]),
        (
            "size",
            {"type": "string", "default": "1K", "choices": ["1K", "4K"]},
            ["choices and 4K without 2K"],
        ),
        ("size", {"type": "string", "default": "1K"}, ["choices 1K, 2K, now none"]),
        ("seed", {"type": "integer", "required": True}, ["required none, now True"]),
        ("style", {"type": "string"}, ["input style is new (string)"]),
    ],
)
def test_a_change_is_told(name: str, now: dict[str, Any], told: list[str]) -> None:
    changes = list(schemas.changes(BEFORE, {**BEFORE, name: now}))

    assert len(changes) == len(told)
    assert all(words in change for words, change in zip(told, changes, strict=True))


def test_an_input_that_is_gone_is_told() -> None:
    now = {name: facts for name, facts in BEFORE.items() if name != "seed"}

    assert list(schemas.changes(BEFORE, now)) == ["input seed is gone"]


def test_nothing_changes_between_a_model_and_itself() -> None:
    for model in catalogue.load().models:
        facts = {name: schemas.stated(field) for name, field in model.inputs.items()}

        assert list(schemas.changes(facts, facts)) == []
