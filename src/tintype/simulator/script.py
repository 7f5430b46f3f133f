"""Read the commands in a prompt: `[[delay=8]]`, `[[fail=message]]`, `[[nsfw]]`, `[[stuck]]`, `[[cold=30]]`.

They go through any client and any gateway, because a prompt is passed on as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMAND = re.compile(r"\[\[(delay|fail|nsfw|stuck|cold)(?:=(.*?))?\]\]", re.DOTALL)
SECONDS_MAX = 86_400.0


@dataclass(frozen=True, slots=True)
class Script:
    """What a prompt asks the simulator to do. Seconds are the clock's, whatever the speed."""

    delay_s: float | None = None
    cold_s: float | None = None
    fail: str | None = None
    is_nsfw: bool = False
    is_stuck: bool = False


NOTHING = Script()


def read(values: Mapping[str, Any]) -> Script:
    """Return the commands in an input's texts; a command with a value that makes no sense is no command."""
    script: dict[str, Any] = {}
    for text in values.values():
        if isinstance(text, str) and "[[" in text and not text.startswith("data:"):
            for name, value in _COMMAND.findall(text):
                if name == "nsfw":
                    script["is_nsfw"] = True
                elif name == "stuck":
                    script["is_stuck"] = True
                elif name == "fail":
                    script["fail"] = value or "The model failed"
                elif (seconds := _seconds(value)) is not None:
                    script[f"{name}_s"] = seconds
    return Script(**script) if script else NOTHING


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= SECONDS_MAX else None
