"""What a command has planned: the runs, what their files are called, and by what the same command is known again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tintype.cli.orders import Order
    from tintype.domain.choosing import Choice
    from tintype.local.studio import Studio


@dataclass(frozen=True, slots=True)
class Planned:
    """An order, the name of each run's files, and in `also` what has to be known to deliver them later.

    `said` is what was asked for, where that and not the order makes two commands the same. `choice` is why the order is
    by its model.
    """

    order: Order
    names: Sequence[str]
    also: Mapping[str, Any] = field(default_factory=dict)
    said: Any = None
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """What was asked for, `said`, and what plans it when there is a studio to choose the model with."""

    said: Any
    plan: Callable[[Studio], Awaitable[Planned]]


def digest(of: Planned | Open, folder: Path) -> str:
    """Name what makes two commands the same: what was asked for, files as they are now, where to."""
    asked: list[Any]
    if isinstance(of, Planned) and of.said is None:
        asked = [of.order.slug, [run.values for run in of.order.runs], str(folder), dict(of.also)]
    else:
        asked = [of.said, str(folder)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=_file).encode()).hexdigest()


def _file(value: Any) -> str:
    if isinstance(value, Path):
        return f"{value.absolute()} {hashlib.sha256(value.read_bytes()).hexdigest()}"
    return str(value)


__all__ = ["Open", "Planned", "digest"]
