"""The studio for code that is not async is the studio: no method and no parameter less."""

from __future__ import annotations

import inspect

from tintype.local.blocking import BlockingStudio
from tintype.local.studio import Studio

# What the parts of a studio say to each other.
_WITHIN = {"beside", "rest", "read_file", "save_file"}


def _parameters(kind: type) -> dict[str, list[tuple[str, object]]]:
    return {
        name: [(one.name, one.default) for one in inspect.signature(method).parameters.values()]
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def test_every_method_of_the_studio_can_be_called_without_async() -> None:
    """With the same parameters and defaults, so that an editor shows them."""
    expected = {name: taken for name, taken in _parameters(Studio).items() if name not in _WITHIN}

    assert _parameters(BlockingStudio) == expected
