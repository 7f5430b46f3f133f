"""A picture fits into the terminal and keeps its shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.cli import preview


@pytest.mark.parametrize(
    ("size", "cells"),
    [((1024, 1024), (48, 24)), ((1344, 768), (64, 18)), ((768, 1344), (27, 24)), ((10000, 10), (64, 1))],
)
def test_known_shapes_fit(size: tuple[int, int], cells: tuple[int, int]) -> None:
    assert preview.cells(*size, columns=64, rows=24, cell_ratio=2.0) == cells


@given(
    st.integers(1, 20_000),
    st.integers(1, 20_000),
    st.integers(1, 300),
    st.integers(1, 100),
    st.floats(0.5, 4),
)
def test_any_picture_fits_any_terminal(
    width: int, height: int, columns: int, rows: int, cell_ratio: float
) -> None:
    across, down = preview.cells(width, height, columns=columns, rows=rows, cell_ratio=cell_ratio)

    assert 1 <= across <= columns
    assert 1 <= down <= rows
