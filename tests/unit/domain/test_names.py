"""Who asks, and what things are called: actors, ids, places in the queue."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import errors, fairness, ids
from tintype.domain.access import Actor

TIMES = st.integers(0, 2**48 - 1)
RANDOM = st.binary(min_size=10, max_size=10)


@given(TIMES, RANDOM)
def test_an_id_holds_its_time_in_26_letters(time_ms: int, randomness: bytes) -> None:
    """The shape of upstream's own ids, so that they can stand in for them."""
    ident = ids.ulid(time_ms=time_ms, randomness=randomness)

    assert ids.is_ulid(ident)
    assert ident == ident.lower()
    assert ids.time_ms(ident) == time_ms


@given(st.tuples(TIMES, RANDOM), st.tuples(TIMES, RANDOM))
def test_ids_sort_by_time(one: tuple[int, bytes], two: tuple[int, bytes]) -> None:
    """Two ids stand in the order of their times, then of their random parts."""
    first, second = (ids.ulid(time_ms=time_ms, randomness=randomness) for time_ms, randomness in (one, two))

    assert (first < second) == (one < two)


@pytest.mark.parametrize("wrong", ["", "0" * 25, "0" * 27, "8" + "0" * 25, "0" * 25 + "u", "0" * 25 + "A"])
def test_what_is_no_id_is_told(wrong: str) -> None:
    """Other lengths, letters and times beyond the end are no ids."""
    assert not ids.is_ulid(wrong)
    with pytest.raises(ValueError, match="not an id"):
        ids.time_ms(wrong)


def test_an_id_takes_a_time_it_can_hold_and_ten_bytes() -> None:
    """Mistakes of the caller are said at once."""
    with pytest.raises(ValueError, match="outside"):
        ids.ulid(time_ms=2**48, randomness=bytes(10))
    with pytest.raises(ValueError, match="10 random bytes"):
        ids.ulid(time_ms=0, randomness=bytes(9))


def test_an_owner_is_an_end_user_of_a_key_or_the_key() -> None:
    """Rule 15: shares are between these."""
    assert Actor("local").owner == "local"
    assert Actor("local", user="a/b", project="shop").owner == "local/a/b"


@pytest.mark.parametrize(
    "names",
    [
        {"key": ""},
        {"key": "a/b"},
        {"key": "*"},
        {"user": "*"},
        {"user": ""},
        {"project": "a\x00b"},
        {"user": "a" * 256},
    ],
)
def test_a_name_that_could_be_anothers_is_refused(names: dict[str, Any]) -> None:
    """Rule 12: '*' stands for each one, and a key's id ends where its end user's name begins."""
    with pytest.raises(errors.InputError):
        Actor(**({"key": "local"} | names))


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 1000))
def test_an_owners_jobs_stand_in_the_order_they_came(owners: list[int], weight: int) -> None:
    """Rule 15: start tags of one owner never go back, and never lie before what runs now."""
    finish = dict.fromkeys(range(5), 0)
    last = dict.fromkeys(range(5), -1)
    now = 0
    for number, owner in enumerate(owners):
        tag = fairness.tag(virtual_now=now, owner_finish=finish[owner], weight=weight)
        assert tag.start >= max(now, last[owner])
        assert tag.finish > tag.start
        finish[owner], last[owner] = tag.finish, tag.start
        if number % 3 == 2:
            now = max(now, min(finish.values()))


@pytest.mark.parametrize("start", [0, 5, 2**31, 2**62])
def test_a_priority_fits_an_integer(start: int) -> None:
    """Rule 15: whatever virtual time is, and who starts earlier is not behind."""
    assert -(2**31) < fairness.priority(start, base=0) <= 0
    assert fairness.priority(start, base=0) >= fairness.priority(start + 1, base=0)


@pytest.mark.parametrize("weight", [0, -1, 1001])
def test_a_weight_has_bounds(weight: int) -> None:
    """Rule 15: a job is cut into a thousand parts at most."""
    with pytest.raises(ValueError, match="1 to 1000"):
        fairness.tag(virtual_now=0, owner_finish=0, weight=weight)
