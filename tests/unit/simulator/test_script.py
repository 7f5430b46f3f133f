from __future__ import annotations

import pytest

from tintype.simulator import script
from tintype.simulator.script import Script


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a red car", Script()),
        ("a [[delay=8]] car", Script(delay_s=8)),
        ("[[delay=0.5]][[cold=30]]", Script(delay_s=0.5, cold_s=30)),
        ("[[fail=the disk is full]]", Script(fail="the disk is full")),
        ("[[fail]]", Script(fail="The model failed")),
        ("[[nsfw]] and [[stuck]]", Script(is_nsfw=True, is_stuck=True)),
        ("[[delay=soon]] [[delay=-1]] [[delay=inf]] [[delay=nan]] [[dance]]", Script()),
    ],
)
def test_prompt_commands_are_read(prompt: str, expected: Script) -> None:
    assert script.read({"prompt": prompt, "seed": 3}) == expected


def test_files_hold_no_commands() -> None:
    assert script.read({"image": "data:text/plain,[[stuck]]"}) == Script()
