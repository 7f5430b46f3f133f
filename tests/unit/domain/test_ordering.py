"""How an order stands by how its generations do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import ordering
from tintype.domain.generation import State
from tintype.domain.ordering import Standing


@pytest.mark.parametrize(
    ("states", "standing"),
    [
        ("queued queued", Standing.QUEUED),
        ("queued submitting", Standing.RUNNING),
        ("unknown succeeded", Standing.RUNNING),
        ("queued failed", Standing.RUNNING),
        ("succeeded succeeded", Standing.SUCCEEDED),
        ("succeeded failed canceled", Standing.FAILED),
        ("succeeded aborted", Standing.FAILED),
        ("succeeded canceled", Standing.CANCELED),
        ("canceled", Standing.CANCELED),
    ],
)
def test_an_order_stands_as_its_generations_do(states: str, standing: Standing) -> None:
    """Rule 1: an order's state is derived."""
    assert ordering.standing(State(one) for one in states.split()) is standing


@given(st.lists(st.sampled_from(State), min_size=1))
def test_an_order_has_ended_when_all_of_it_has(states: list[State]) -> None:
    """Rule 1: final exactly when each generation is, in whatever order they are named."""
    standing = ordering.standing(states)

    assert standing.is_final == all(state.is_final for state in states)
    assert ordering.standing(reversed(states)) is standing
