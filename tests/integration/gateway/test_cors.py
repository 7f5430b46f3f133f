"""Pages of other origins: they may call only where that is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from tintype.store import embedded

__all__ = ["server"]

PAGE = "https://shop.example.com"
ASKED = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,x-api-key,x-stainless-retry-count",
}


@pytest.mark.parametrize("allowed", [None, "https://other.example.com", PAGE])
def test_a_page_elsewhere_calls_only_where_it_may(server: embedded.Server, allowed: str | None) -> None:
    """Off unless set, and then for the named origins alone; an answer to others says nothing that lets them read it."""
    environment = {} if allowed is None else {"TINTYPE_CORS_ORIGINS": allowed}
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker", environment=environment) as here,
        here.http() as http,
    ):
        before = http.options("/api/generations", headers=ASKED)
        read = http.get("/healthz", headers={"Origin": PAGE})

    let_in = [one.headers.get("access-control-allow-origin") for one in (before, read)]
    assert let_in == ([PAGE, PAGE] if allowed == PAGE else [None, None])
    assert (before.status_code == 200) == (allowed == PAGE)
    if allowed == PAGE:
        assert before.headers["access-control-allow-headers"] == ASKED["Access-Control-Request-Headers"]
        assert {"X-RateLimit-Remaining", "Retry-After"} <= set(
            read.headers["access-control-expose-headers"].split(", ")
        )
