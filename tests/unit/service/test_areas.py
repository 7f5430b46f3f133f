"""Given pictures are measured by their headers, which may state anything."""

from __future__ import annotations

import struct

import pytest

from tintype.domain import pricing
from tintype.service import areas


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0"


@pytest.mark.parametrize(
    ("size", "is_read"),
    [((20_000, 10_000), True), ((20_000, 10_001), False), ((2**31 - 1, 2**31 - 1), False), ((0, 8), False)],
)
def test_a_size_that_cannot_be_true_is_none(size: tuple[int, int], is_read: bool) -> None:  # noqa: FBT001 - a case
    """The price follows it, so it is believed as far as pictures are decoded."""
    assert areas.of_content(png(*size)) == (pricing.area(*size) if is_read else None)
