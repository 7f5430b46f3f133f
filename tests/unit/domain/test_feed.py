"""What a listener gets, and when it has to begin anew (rule 17)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import feed
from tintype.domain.feed import Cursor, Event, Kind, Line


def _state(number: int, ident: str = "a") -> Event:
    return Event(Kind.STATE, str(number), ident, number, "running")


def _progress(percent: float, ident: str = "a") -> Event:
    return Event(Kind.PROGRESS, "1", ident, 1, "running", body={"percent": percent})


@pytest.mark.parametrize(
    ("after", "last", "behind"),
    [
        (None, 3, 2),
        ("0", 3, 0),
        ("2", 3, 2),
        ("3", 3, 3),
        ("4", 3, None),
        ("x", 3, None),
        ("-1", 3, None),
        ("", 3, None),
    ],
)
def test_a_listener_goes_on_behind_what_it_saw(after: str | None, last: int, behind: int | None) -> None:
    """Rule 17: missed events in order; an id that is unknown has to begin anew."""
    assert feed.resume(after, last=last) == behind


@given(
    st.integers(0, 2**63 - 1),
    st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=1, max_size=26),
    st.integers(0, 10**8),
)
def test_a_cursor_is_read_as_it_was_written(xid: int, ident: str, number: int) -> None:
    assert feed.cursor(str(Cursor(xid, ident, number))) == Cursor(xid, ident, number)


@pytest.mark.parametrize(
    "text", ["", "1", "1-a", "1-a-b", "x-a-1", "1-A-1", "1-a-1 ", f"{2**63}-a-1", "1--1", "1-a-1-1"]
)
def test_what_is_no_cursor_is_none(text: str) -> None:
    assert feed.cursor(text) is None


def test_cursors_are_ordered_by_transaction_first() -> None:
    assert Cursor(9, "z", 9) < Cursor(10, "a", 1) < Cursor(10, "a", 2) < Cursor(10, "b", 1)


@given(st.lists(st.integers(0, 200), max_size=60))
def test_progress_comes_at_most_twice_a_second(gaps_ms: list[int]) -> None:
    """Rule 17, whatever comes in between; what was too early is offered again when its time has come."""
    line, now_s, told = Line(), 0.0, []
    for number, gap_ms in enumerate(gaps_ms):
        now_s += gap_ms / 1024
        early_s = line.offer(_progress(number), now_s=now_s)
        assert early_s is None or 0 < early_s <= feed.PROGRESS_EVERY_S
        told += [now_s] * len(line)
        while len(line):
            line.take()

    assert all(later - before >= feed.PROGRESS_EVERY_S for before, later in itertools.pairwise(told))


def test_progress_that_was_too_early_is_told_in_the_end() -> None:
    line = Line()
    line.offer(_progress(1), now_s=0.0)
    early_s = line.offer(_progress(2), now_s=0.2)
    again_s = line.offer(_progress(2), now_s=0.5)

    assert early_s == pytest.approx(0.3)
    assert again_s is None
    assert line.take().body == {"percent": 2}


def test_of_progress_only_the_latest_waits() -> None:
    """A slow reader does not hear old news: states all, progress the latest."""
    line = Line()
    line.offer(_progress(1), now_s=0.0)
    line.put(_state(2))
    line.offer(_progress(2, "b"), now_s=0.0)
    line.offer(_progress(50), now_s=9.0)

    found = [line.take() for _ in range(len(line))]

    assert [(one.kind, one.generation_id, one.body.get("percent")) for one in found] == [
        (Kind.STATE, "a", None),
        (Kind.PROGRESS, "b", 2),
        (Kind.PROGRESS, "a", 50),
    ]


def test_the_same_progress_is_told_once() -> None:
    line = Line()
    for now_s in (0.0, 1.0, 2.0):
        line.offer(_progress(7), now_s=now_s)

    assert len(line) == 1


def test_a_full_line_takes_nothing_more() -> None:
    """A reader that is too slow is told to begin anew, and costs no memory meanwhile."""
    line = Line(waiting_max=3)
    for number in range(5):
        line.put(_state(number))
    line.offer(_progress(1), now_s=0.0)

    assert line.is_full
    assert len(line) == 0


@pytest.mark.parametrize(
    ("output", "text", "length"),
    [
        (None, None, 0),
        (["a ", "b"], "a b", 3),
        ("whole", "whole", 5),
        (["https://replicate.delivery/a.png"], None, 1),
        ({"a": 1}, None, 0),
        (["x" * 20_000], "x" * 16_384, 20_000),
    ],
)
def test_progress_shows_text_and_no_addresses(output: Any, text: str | None, length: int) -> None:
    seen = feed.progress(prediction_id="p", percent=None, logs="l" * 9000 + "\0", output=output)

    assert (seen["output"], seen["output_length"]) == (text, length)
    assert (len(seen["logs"]), seen["logs"][-1], seen["logs_length"]) == (8192, "\ufffd", 9001)


def test_what_was_missed_has_room_however_much_it_is() -> None:
    """Rule 17: missed events come in order; only what comes while a reader is slow fills its line."""
    line = Line(waiting_max=2)
    for number in range(5):
        line.put(_state(number), is_missed=True)

    found = [line.take().number for _ in range(5)]

    assert (found, line.is_full) == ([0, 1, 2, 3, 4], False)
