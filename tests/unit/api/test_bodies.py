"""Bodies of JSON: hostile ones cost no more time than their length, and deep ones are told from wide ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.api import bodies
from tintype.api.problems import Problem

LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text('[]{}"\\a\n', max_size=8)


def nested(depth: int, leaf: Any) -> Any:
    """Wrap a leaf in lists and objects in turn."""
    for level in range(depth):
        leaf = [leaf] if level % 2 else {"[{": leaf}
    return leaf


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Each would take from seconds to days if what was read once were read again from a later beginning.
        ("[" + "[]," * 66 + '"' + '\\"' * 1_000_000, "not_json"),
        ("[" + "[]," * 66 + '"' + "\\\\" * 1_000_000, "not_json"),
        ("[" + "[]," * 66 + '"' * 1_000_001, "not_json"),
        ("[" + "[]," * 3_400_000 + "1]", "bad_input"),
        ("{" + ",".join(f'"{number}": 1' for number in range(bodies.NAMES_MAX + 1)) + "}", "bad_input"),
        ("[" * 5_000_000, "bad_input"),
        ("[" * 250_000, "bad_input"),
        ("[" + "[]," * 290_000 + "1", "not_json"),
    ],
    ids=["quotes", "backslashes", "strings", "lists", "names", "open", "deep", "wide"],
)
def test_a_hostile_body_is_refused_as_fast_as_it_is_read(body: str, expected: str) -> None:
    with pytest.raises(Problem) as caught:
        bodies.parse(body.encode())

    assert caught.value.code == expected


@given(leaf=LEAVES, depth=st.integers(0, bodies.DEPTH_MAX + 3))
def test_the_depth_is_that_of_lists_and_objects(leaf: Any, depth: int) -> None:
    """Brackets inside of strings do not count; what is wide is not deep."""
    value = [*[[] for _ in range(bodies.DEPTH_MAX)], nested(depth, leaf)]
    body = json.dumps(value).encode()

    if depth + 1 > bodies.DEPTH_MAX:
        with pytest.raises(Problem, match="deeper than 64"):
            bodies.parse(body)
    else:
        assert bodies.parse(body) == value
