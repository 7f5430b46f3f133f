from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.simulator import orders, problems

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("wait", 60), ("wait=1", 1), ("wait=10", 10), ("wait=60", 60), (" wait=5 ", 5)]
    + [
        (text, None)
        for text in ("wait=0", "wait=61", "wait=05", "wait=1.5", "Wait", "wait=", "respond-async", "wait=100")
    ],
)
def test_prefer_is_understood_strictly_or_ignored(header: str | None, seconds: int | None) -> None:
    assert orders.wait_s(header) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("1h30m45s", 5445),
        ("1h", 3600),
        ("5", 5),
        ("1H", 3600),
    ],
)
def test_cancel_after_is_a_duration(header: str | None, seconds: float | None) -> None:
    assert orders.cancel_after_s(header) == seconds


@given(
    st.text(max_size=12)
    | st.sampled_from(["4", "4s", "0", "", "-5", "5 m", "1.5m", "5x", "5s1m", "25h", "٩٠"])
)
def test_cancel_after_is_refused_unless_it_is_a_duration_of_five_seconds(header: str) -> None:
    seconds, problem = _tried(orders.cancel_after_s, header)

    if problem is not None:
        assert problem.status == 422
        assert "Cancel-After" in problem.detail
    else:
        assert 5 <= seconds <= orders.CANCEL_AFTER_S_MAX


def _tried(act: Callable[[Any], Any], value: Any) -> tuple[Any, problems.Problem | None]:
    try:
        return act(value), None
    except problems.Problem as problem:
        return None, problem


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from([*orders.KEYS, "version", "model"]), json_values)


@given(bodies, st.booleans())
def test_any_body_is_accepted_or_refused_with_its_faults(body: dict[str, Any], has_version: bool) -> None:  # noqa: FBT001 - drawn
    _, problem = _tried(partial(orders.check, has_version=has_version), body)

    if problem is not None:
        assert problem.status == 422
        assert problem.members["invalid_fields"]
    else:
        assert isinstance(body["input"], dict)
        assert "model" not in body
        assert has_version or "version" not in body


def test_unknown_key_is_refused_in_the_recorded_words() -> None:
    with pytest.raises(problems.Problem) as caught:
        orders.check({"version": "a/b", "input": {}, "model": "a/b"}, has_version=True)

    assert caught.value.title == "Input validation failed"
    assert caught.value.members["invalid_fields"] == [
        {
            "type": "additional_property_not_allowed",
            "field": "",
            "description": "Additional property model is not allowed",
        }
    ]


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "no url", "https://", "http://[", "http://x:99999/", "javascript:1"]
)
def test_webhook_must_be_a_url(url: str) -> None:
    with pytest.raises(problems.Problem):
        orders.check({"input": {}, "webhook": url}, has_version=False)
