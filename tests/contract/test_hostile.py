"""Whatever comes in, the simulator answers, and never with an error of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract import wire
from tintype.testing import Simulator
from tintype.testing import simulator as run_simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = (
    "/account",
    "/collections/{}",
    "/deployments",
    "/deployments/{}/{}",
    "/deployments/{}/{}/predictions",
    "/examples/{}/{}/{}.png",
    "/files",
    "/files/{}",
    "/files/{}/download",
    "/models",
    "/models/{}/{}",
    "/models/{}/{}/examples",
    "/models/{}/{}/predictions",
    "/models/{}/{}/readme",
    "/models/{}/{}/versions/{}",
    "/models/{}/{}/versions/{}/trainings",
    "/pbxt/{}/{}",
    "/predictions",
    "/predictions/{}",
    "/predictions/{}/cancel",
    "/search",
    "/streams/{}",
    "/trainings",
    "/trainings/{}/cancel",
    "/weights/{}/trained_model.tar",
    "/_sim/accounts",
    "/_sim/bills",
    "/_sim/clock",
    "/_sim/faults",
)
NAMES = (
    "black-forest-labs",
    "flux-schnell",
    "%00",
    "%FF",
    "a%2Fb",
    "..",
    "%F0%9F%98%80",
    "x" * 300,
    "0" * 64,
    "-1",
)
QUERIES = (
    "",
    "?cursor=%00",
    "?cursor=cD0lMDA%3D",
    "?cursor=cj0xJnA9",
    "?query=%FF&limit=5",
    "?query=a&limit=99999999999999999999",
    "?created_after=x",
    "?created_before=2026-99-99",
    "?created_after=0001-01-01",
    "?created_before=9999-12-31T23:59:59Z",
    "?source=desktop",
    "?sort_by=x",
    "?owner=a&expiry=99999999999999999999&signature=%FF",
    "?token=%FF",
)
BODIES: tuple[Any, ...] = (
    b"",
    b"{",
    b"null",
    b"\xff\xfe",
    b'{"input":{"a":1e999}}',
    b'{"input":' * 2_000,
    {"version": 5, "input": []},
    {"version": wire.FAST, "input": {"prompt": "\0 [[delay=1e308]] [[cold=nan]]", "seed": 10**40}},
    {"version": wire.FAST, "input": {"prompt": "a"}, "webhook": "http://[::1", "webhook_events_filter": [1]},
    {"destination": "a/b", "input": {}, "webhook": "ftp://x"},
    {"rules": [{"do": "delay", "path": "["}]},
    {"rules": 7, "seed": 2**70},
    {"advance_s": -0.0},
    {"token": "r8_é", "credit_usd": "1e999999"},
    {"token": "r8_ok", "credit_usd": "1e-999999"},
    {"owner": {}, "name": None, "visibility": [], "hardware": 1},
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Prefer": "wait=0"},
    {"Prefer": "respond-async, wait=5"},
    {"Cancel-After": "99999999999h"},
    {"Content-Type": "multipart/form-data"},
    {"Content-Type": "multipart/form-data; boundary=x"},
    {"Range": "bytes=9-1"},
    {"Authorization": "Bearer r8_é"},
)


@pytest.fixture(scope="module")
def target() -> Iterator[Simulator]:
    """One simulator for all that is thrown at it."""
    with run_simulator() as running:
        yield running


@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "QUERY", "HEAD"]),
    prefix=st.sampled_from(["", "/v1"]),
    path=st.sampled_from(PATHS),
    names=st.lists(st.sampled_from(NAMES), min_size=3, max_size=3),
    query=st.sampled_from(QUERIES),
    body=st.sampled_from(BODIES),
    headers=st.sampled_from(HEADERS),
)
def test_it_answers_and_never_with_an_error_of_its_own(
    target: Simulator,
    method: str,
    prefix: str,
    path: str,
    names: list[str],
    query: str,
    body: Any,
    headers: dict[str, str],
) -> None:
    """A status below 500, and the connection ends properly."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    seen = wire.send(
        target.url,
        method,
        prefix + path.format(*names) + query,
        token=None if "Authorization" in headers else target.token,
        body=content,
        headers=headers,
    )

    assert 200 <= seen.status < 500
    assert seen.end == "closed"
