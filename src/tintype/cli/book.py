"""The catalogue as it counts here: the book that comes with the package, with one's own prices and models over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype import catalogue
from tintype.catalogue import own

if TYPE_CHECKING:
    from tintype.domain.catalogue import Catalogue


def load() -> Catalogue:
    """Read it. Raises ConfigurationError where a setting is wrong."""
    from tintype import settings  # noqa: PLC0415 - pydantic, which --help need not wait for

    return own.extend(catalogue.load(), settings.load().prices)
