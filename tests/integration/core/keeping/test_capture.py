"""What was paid for is stored, whole, checked and once (rule 18)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.integration.core.keeping import capturing
from tests.integration.core.outlet import Says
from tintype.domain import events
from tintype.media import provenance
from tintype.service import capture
from tintype.store import outputs

if TYPE_CHECKING:
    from tests.integration.core.asking import Asking
    from tests.integration.core.outlet import Outlet


async def test_an_output_is_stored_with_its_facts(ask: Asking, tools: capture.Tools, host: Outlet) -> None:
    """Rule 18: the id is in the file, and the hashes of upstream's bytes and of ours are kept."""
    url = host.says("/out-0.png", Says(capturing.PNG, type="image/png"))
    ident = await capturing.capturing(ask, [url])

    assert await capture.capture(ident, tools) == events.Captured()

    (row,) = await outputs.of(ask.db, ident)
    content = await capturing.stored(tools, row.sha256)
    with Image.open(io.BytesIO(content)) as image:
        assert image.info[provenance.KEYWORD] == ident
    assert row.upstream_sha256 == hashlib.sha256(capturing.PNG).hexdigest()
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert (row.content_type, row.width, row.height, row.size_bytes) == ("image/png", 64, 48, len(content))
    assert (row.upstream_url, row.note, row.position) == (url, None, 0)


async def test_nothing_is_written_into_a_file_that_should_stay_as_it_is(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """Rule 18: what no mark fits into is stored as it came."""
    ident = await capturing.capturing(ask, host.says("/a.mp4", Says(capturing.FILM, type="video/mp4")))

    assert await capture.capture(ident, tools) == events.Captured()

    (row,) = await outputs.of(ask.db, ident)
    assert row.sha256 == row.upstream_sha256 == hashlib.sha256(capturing.FILM).hexdigest()
    assert (row.content_type, row.width, row.height, row.duration_ms) == ("video/mp4", 160, 90, 2000)


@pytest.mark.parametrize(
    ("output", "content_type", "content"),
    [
        ("data:text/plain;charset=utf-8,a%20b", "text/plain", b"a b"),
        ("data:image/png;base64," + base64.b64encode(capturing.png()).decode(), "image/png", None),
        (["Once ", "upon ", "a time"], "text/plain", b"Once upon a time"),
        ("A single text", "text/plain", b"A single text"),
        ({"label": "cat", "score": 0.9}, "application/json", b'{"label": "cat", "score": 0.9}'),
        ([1, 2], "application/json", b"[1, 2]"),
    ],
)
async def test_outputs_that_are_no_urls_are_stored_too(
    ask: Asking, tools: capture.Tools, output: Any, content_type: str, content: bytes | None
) -> None:
    ident = await capturing.capturing(ask, output)

    assert await capture.capture(ident, tools) == events.Captured()

    (row,) = await outputs.of(ask.db, ident)
    assert row.content_type == content_type
    assert content is None or await capturing.stored(tools, row.sha256) == content
    assert row.upstream_url is None


async def test_all_outputs_are_kept_or_it_has_not_succeeded(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """One that fails is tried again later; what is stored is not fetched again."""
    good = [host.says(f"/{shade}.png", Says(capturing.png(shade))) for shade in range(6)]
    bad = host.says("/bad.png", *[Says(b"", status=503)] * 4, Says(capturing.PNG))
    ident = await capturing.capturing(ask, [*good, bad])

    first = await capture.capture(ident, tools)
    rows = await outputs.of(ask.db, ident)
    second = await capture.capture(ident, tools)

    assert isinstance(first, capture.Again)
    assert len(rows) == 6
    assert second == events.Captured()
    assert [row.position for row in await outputs.of(ask.db, ident)] == list(range(7))
    assert all(host.count(f"/{shade}.png") == 1 for shade in range(6))


@pytest.mark.parametrize(
    "first",
    [
        Says(b"<!DOCTYPE html><h1>502</h1>", type="image/png"),
        Says(capturing.PNG[:40], length=len(capturing.PNG)),
        Says(b"", status=500),
        Says(b"", status=429),
        Says(b"gone?", status=404),
        Says(b""),
        Says(capturing.PNG[:60], type="image/png"),
    ],
    ids=["html", "cut", "500", "429", "404 once", "empty", "half, announced as all"],
)
async def test_a_fault_that_passes_is_outlived(
    ask: Asking, tools: capture.Tools, host: Outlet, first: Says
) -> None:
    ident = await capturing.capturing(
        ask, host.says("/out.png", first, Says(capturing.PNG, type="image/png"))
    )

    assert await capture.capture(ident, tools) == events.Captured()

    (row,) = await outputs.of(ask.db, ident)
    assert row.upstream_sha256 == hashlib.sha256(capturing.PNG).hexdigest()


async def test_a_cut_that_cannot_be_seen_is_found_by_reading_twice(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """A host that does not say where its answer ends could have been cut."""
    url = host.says("/out.png", Says(capturing.PNG[:50], length=-1), Says(capturing.PNG, length=-1))
    ident = await capturing.capturing(ask, url)

    assert await capture.capture(ident, tools) == events.Captured()

    (row,) = await outputs.of(ask.db, ident)
    assert row.upstream_sha256 == hashlib.sha256(capturing.PNG).hexdigest()


async def test_a_file_that_stays_without_its_end_is_stored_with_a_note(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """It was paid for: what upstream serves again and again is what it made."""
    ident = await capturing.capturing(ask, host.says("/out.png", Says(capturing.PNG[:60], type="image/png")))

    assert await capture.capture(ident, tools) == events.Captured()

    (row,) = await outputs.of(ask.db, ident)
    assert row.note == "its end seems to be missing"
    assert host.count("/out.png") == 4


@pytest.mark.parametrize("status", [404, 410])
async def test_what_upstream_deleted_is_lost_for_good(
    ask: Asking, tools: capture.Tools, host: Outlet, status: int
) -> None:
    ident = await capturing.capturing(ask, host.says("/out.png", Says(b"", status=status)))

    lost = await capture.capture(ident, tools)

    assert isinstance(lost, events.CaptureLost)
    assert lost.code == "output_gone"
    assert host.count("/out.png") == 2


async def test_html_is_never_stored_as_a_picture(ask: Asking, tools: capture.Tools, host: Outlet) -> None:
    page = Says(b"<html><body>rate limited</body></html>", type="text/html")
    ident = await capturing.capturing(ask, host.says("/out.png", page), age_s=4000.0)
    given_up = await capturing.capturing(ask, host.says("/out.png", page), age_s=5000.0)

    again = await capture.capture(ident, tools)
    lost = await capture.capture(given_up, tools)

    assert again == capture.Again(60.0)
    assert isinstance(lost, events.CaptureLost)
    assert lost.code == "output_lost"
    assert "HTML" in lost.message
    assert await outputs.of(ask.db, ident) == []


async def test_a_page_that_was_promised_is_an_output(ask: Asking, tools: capture.Tools, host: Outlet) -> None:
    ident = await capturing.capturing(ask, host.says("/page.html", Says(b"<html></html>", type="text/html")))

    assert await capture.capture(ident, tools) == events.Captured()
    assert [row.content_type for row in await outputs.of(ask.db, ident)] == ["text/html"]


async def test_a_wrong_type_is_noted(ask: Asking, tools: capture.Tools, host: Outlet) -> None:
    ident = await capturing.capturing(ask, host.says("/out.webp", Says(capturing.PNG, type="image/webp")))

    await capture.capture(ident, tools)

    (row,) = await outputs.of(ask.db, ident)
    assert (row.content_type, row.note) == ("image/png", "stated as image/webp, but it is image/png")


async def test_too_large_is_lost(ask: Asking, tools: capture.Tools, host: Outlet) -> None:
    ident = await capturing.capturing(ask, host.says("/out.png", Says(capturing.PNG)))
    small = capture.Tools(
        db=tools.db,
        files=tools.files,
        fetcher=tools.fetcher,
        pool=tools.pool,
        size_max_bytes=len(capturing.PNG) - 1,
    )

    lost = await capture.capture(ident, small)

    assert isinstance(lost, events.CaptureLost)
    assert lost.code == "output_too_large"


async def test_another_host_is_not_fetched_from_and_somebody_is_told(
    ask: Asking, tools: capture.Tools
) -> None:
    """The host allow-list; a person may add the host while the hour lasts."""
    ident = await capturing.capturing(ask, ["https://attacker.example/out.png"])

    assert await capture.capture(ident, tools) == capture.Again(2.0)

    kind, message = await ask.row("SELECT kind, message FROM alerts WHERE subject = %s", ident)
    assert kind == "output_refused"
    assert "attacker.example" in message


async def test_a_model_that_writes_may_write_a_url(ask: Asking, tools: capture.Tools) -> None:
    ident = await capturing.capturing(ask, "https://attacker.example/out.png")
    writing = capture.Tools(
        db=tools.db, files=tools.files, fetcher=tools.fetcher, pool=tools.pool, is_text=lambda _model: True
    )

    assert await capture.capture(ident, writing) == events.Captured()
    assert [row.content_type for row in await outputs.of(ask.db, ident)] == ["text/plain"]


async def test_late_captures_alert_after_half_an_hour(
    ask: Asking, tools: capture.Tools, host: Outlet
) -> None:
    """At 30 minutes, with half of the hour left, and once however often it is looked at."""
    url = host.says("/out.png", Says(b"", status=500))
    late = await capturing.capturing(ask, url, age_s=1801.0)
    await capturing.capturing(ask, url, age_s=1700.0)

    assert await capture.alert_late(ask.db) == 1
    assert await capture.capture(late, tools) == capture.Again(60.0)

    assert await ask.row("SELECT array_agg(subject), sum(times)::int FROM alerts") == ([late], 2)


async def test_capturing_twice_at_once_is_harmless(ask: Asking, tools: capture.Tools, host: Outlet) -> None:
    ident = await capturing.capturing(ask, [host.says("/out.png", Says(capturing.PNG))])

    both = await asyncio.gather(capture.capture(ident, tools), capture.capture(ident, tools))

    assert list(both) == [events.Captured(), events.Captured()]
    assert len(await outputs.of(ask.db, ident)) == 1


async def test_only_what_is_to_be_captured_is(ask: Asking, tools: capture.Tools) -> None:
    (ident,) = await ask.admitted()

    assert await capture.capture(ident, tools) is None
    assert await capture.capture("0" * 26, tools) is None


async def test_no_output_at_all_is_told(ask: Asking, tools: capture.Tools) -> None:
    ident = await capturing.capturing(ask, [])

    lost = await capture.capture(ident, tools)

    assert isinstance(lost, events.CaptureLost)
    assert lost.code == "no_output"


async def test_whose_hour_ends_first_goes_first(ask: Asking) -> None:
    """Rules 15 and 18: the queue's priority is the time that is left of the hour."""
    ages = [30.0, 3000.0, 600.0]
    idents = [await capturing.capturing(ask, "x", age_s=age_s) for age_s in ages]
    for ident in idents:
        await capture.enqueue(ask.db, ident)

    (order,) = await ask.row(
        "SELECT array_agg(args ->> 'generation_id' ORDER BY priority DESC, id) FROM procrastinate_jobs"
        " WHERE queue_name = 'capture'"
    )

    assert order == [idents[1], idents[2], idents[0]]
