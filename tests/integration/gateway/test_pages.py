"""The pages of the gateway, and whether it is ready."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing
from tintype.api import problems

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

__all__ = ["server"]


@pytest.mark.parametrize("path", ["/", "/docs", "/problems", "/problems/limit_reached"])
def test_a_page_is_plain_and_safe(http: httpx2.Client, path: str) -> None:
    """No script, no style within, nothing from elsewhere; a heading, a language, a way past the links."""
    page = http.get(path)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script|<style| style=| on[a-z]+=| src=| href=\"https?:", page.text)
    assert (page.text.count("<h1>"), '<html lang="en">' in page.text) == (1, True)
    style = re.search(r'href="(/static/[0-9a-f]+\.css)"', page.text)
    assert style
    sheet = http.get(style[1])
    assert (sheet.status_code, "immutable" in sheet.headers["cache-control"]) == (200, True)


def test_the_reference_names_its_parts_and_can_be_pasted_into_a_shell(http: httpx2.Client) -> None:
    """Each part's link leads to its heading; code is marked as code; curl gets a file or the example that is stated."""
    page = html.unescape(http.get("/docs").text)

    links = re.findall(r'<a href="#([^"]+)">', page)
    assert len(links) > 15
    assert all(re.fullmatch(r"[a-z0-9-]+", one) and page.count(f'<h2 id="{one}">') == 1 for one in links)
    assert ("`" not in page, "<code>metadata</code>" in page) == (True, True)
    asked = [
        shlex.split(one)
        for one in re.findall(r"<pre tabindex=\"0\"><code>(curl .*?)</code>", page, re.DOTALL)
    ]
    (image,) = [
        one for one in asked if one[1:4] == ["-X", "POST", "http://localhost:8000/api/generate/image"]
    ]
    assert json.loads(image[image.index("-d") + 1])["prompt"]
    (upload,) = [one for one in asked if one[3] == "http://localhost:8000/api/files" and one[2] == "POST"]
    assert upload[-2:] == ["-F", "file=@FILE"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/docs", "/problems", "/healthz", "/metrics", "/openapi.json"),
        *("/api/generations", "/api/keys", "/api/generations/none", "/api/generate/image", "/nowhere"),
    ],
)
def test_a_head_is_answered_as_a_get_without_its_body(http: httpx2.Client, path: str) -> None:
    whole, head = http.get(path), http.head(path)

    assert (head.status_code, head.content) == (whole.status_code, b"")
    told = [{name: one.headers.get(name) for name in ("content-type", "allow")} for one in (whole, head)]
    assert told[0] == told[1]


def test_the_head_of_a_stream_ends(http: httpx2.Client) -> None:
    head = http.head("/api/events")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


def test_the_reference_has_every_route(http: httpx2.Client) -> None:
    text = http.get("/docs").text

    for path, methods in http.get("/openapi.json").json()["paths"].items():
        assert f"<code>{path}</code>" in text
        for stated in methods.values():
            assert stated["description"]


@pytest.mark.parametrize("code", problems.TABLE)
def test_every_problem_has_a_page(http: httpx2.Client, code: str) -> None:
    page = http.get(f"/problems/{code}")

    assert page.status_code == 200
    assert f"HTTP status {problems.TABLE[code][0]}" in page.text


def test_a_problem_that_is_none_is_not_there(http: httpx2.Client) -> None:
    assert http.get("/problems/none").status_code == 404


def test_a_gateway_that_can_work_says_so(http: httpx2.Client) -> None:
    told = http.get("/readyz")

    assert (told.status_code, told.json()["ready"]) == (200, True)
    assert {part["name"] for part in told.json()["parts"]} == {"database", "storage", "upstream", "worker"}


def test_one_without_a_worker_says_what_to_do(server: embedded.Server) -> None:
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker") as here,
        here.http() as http,
    ):
        told = http.get("/readyz")
        http.headers["X-Forwarded-For"] = "203.0.113.7"
        foreign = http.get("/readyz")

    assert told.status_code == 503
    (worker,) = [part for part in told.json()["parts"] if not part["good"]]
    assert (worker["name"], "tintype worker" in worker["detail"]) == ("worker", True)
    assert foreign.status_code == 401


def test_health_needs_nothing(here: Serving) -> None:
    with here.http() as http:
        http.headers["X-Forwarded-For"] = "203.0.113.7"

        assert http.get("/healthz").json()["status"] == "ok"
