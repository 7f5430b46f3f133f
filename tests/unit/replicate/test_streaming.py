"""Server-sent events are decoded the same however they are cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import errors
from tintype.replicate.streaming import Decoder, Event, check

STREAM = (
    b": hello\r\n\r\n"
    b"event: output\nid: 1:0\ndata: Once\n\n"
    b"event: output\r\nid: 1:1\r\ndata:  upon\r\n\r\n"
    b"event: output\nid: 1:2\ndata: a\ndata: time \xe2\x9c\x93\n\n"
    b":408: 408 Request Timeout\n\n"
    b"event: done\nid: 1:3\ndata: {}\n\n"
    b"event: output\ndata: cut off"
)
EVENTS = [
    Event("output", "Once", "1:0"),
    Event("output", " upon", "1:1"),
    Event("output", "a\ntime ✓", "1:2"),
    Event("done", "{}", "1:3"),
]


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=20))
def test_the_cuts_between_pieces_do_not_matter(cuts: list[int]) -> None:
    decoder = Decoder()
    edges = [0, *sorted(set(cuts)), len(STREAM)]

    events = [event for start, end in pairwise(edges) for event in decoder.feed(STREAM[start:end])]

    assert events == EVENTS
    assert decoder.last_id == "1:3"


def test_pieces_of_output_join_to_the_text() -> None:
    assert "".join(map(str, EVENTS)) == "Once upona\ntime ✓"


def test_an_event_without_end_is_not_kept_in_memory() -> None:
    decoder = Decoder()

    with pytest.raises(errors.ServerError, match="more than"):
        list(decoder.feed((b"data: " + b"x" * 1_000 + b"\n") * 2_000))


@pytest.mark.parametrize(
    "address", ["https://stream.replicate.com/v1/x", "https://streaming-api.svc.us.c.replicate.net/v1/x"]
)
def test_replicates_streams_are_read(address: str) -> None:
    check(address, "https://api.replicate.com")


@pytest.mark.parametrize(
    "address",
    [
        "http://stream.replicate.com/x",
        "https://replicate.com.evil.test/x",
        "https://10.0.0.1/x",
        "ftp://x",
        "x",
    ],
)
def test_streams_of_others_are_not(address: str) -> None:
    with pytest.raises(errors.OutputRefused):
        check(address, "https://api.replicate.com")
