"""Check a prediction's input against its model, in the words of upstream's JSON-schema checker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.models import Model


@dataclass(frozen=True, slots=True)
class InvalidField:
    """One fault of an input: what kind, where (`input` or `input.name`), and a sentence about it."""

    type: str
    field: str
    description: str


def check(model: Model, input: Mapping[str, Any]) -> list[InvalidField]:  # noqa: A002 - the API's own word
    """Return all faults of an input, none where it is valid. Keys unknown to the model are ignored."""
    raise NotImplementedError(model, input)
