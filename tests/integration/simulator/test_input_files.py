"""Input files: our own uploads and outputs, data URIs, http, drawn ones, and those that cannot be read."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

import pytest
from PIL import Image

KONTEXT = "black-forest-labs/flux-kontext-pro"
UPSCALE = "nightmareai/real-esrgan"
VIDEO_UPSCALE = "topazlabs/video-upscale"


def _png(width: int = 64, height: int = 48) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(kept, "PNG")
    return kept.getvalue()


CUT_SHORT = "data:image/png;base64," + base64.b64encode(_png()[:-40]).decode()


async def _run(simulator: Any, values: dict[str, Any], *, model: str = UPSCALE) -> dict[str, Any]:
    known = simulator.world.models[model]
    version = model if known.official else known.version_id
    made = await simulator.create(values, model=version, headers={"prefer": "wait=20"})
    return dict(made)


async def _size(simulator: Any, done: dict[str, Any]) -> tuple[int, int]:
    assert done["status"] == "succeeded", done
    file = await simulator.http.get(done["output"])
    size: tuple[int, int] = Image.open(io.BytesIO(file.content)).size
    return size


async def test_data_uri_is_read(start: Any) -> None:
    simulator = await start()
    uri = "data:image/png;base64," + base64.b64encode(_png()).decode()

    done = await _run(simulator, {"image": uri, "scale": 2})

    assert await _size(simulator, done) == (128, 96)
    assert done["input"]["image"] == uri


async def test_uploaded_file_is_read_under_both_its_addresses(start: Any) -> None:
    simulator = await start()
    upload = await simulator.http.post("/v1/files", files={"content": ("a.png", _png(), "image/png")})
    url = upload.json()["urls"]["get"]

    for address in (url, url.replace("127.0.0.1", "localhost"), url.replace("/v1/", "/")):
        done = await _run(simulator, {"image": address, "scale": 2})
        assert await _size(simulator, done) == (128, 96)


@pytest.mark.parametrize("public", ["https://sim.example.net", "https://sim.example.net:8443/base/"])
async def test_files_of_a_public_url_are_our_own(start: Any, public: str) -> None:
    """Uploads and outputs are known by the address that answers give, with a path in front or without."""
    simulator = await start(public_url=public)
    upload = await simulator.http.post("/v1/files", files={"content": ("a.png", _png(), "image/png")})

    first = await _run(simulator, {"image": upload.json()["urls"]["get"], "scale": 2})
    second = await _run(simulator, {"image": first["output"], "scale": 2})

    assert (first["status"], second["status"]) == ("succeeded", "succeeded")


async def test_deleted_file_stays_readable_for_what_began_before(start: Any) -> None:
    """The bytes go with the last one that needs them."""
    simulator = await start()
    upload = await simulator.http.post("/v1/files", files={"content": ("a.png", _png(), "image/png")})
    file = upload.json()
    done = await _run(simulator, {"image": file["urls"]["get"], "scale": 2})
    await simulator.http.delete(f"/v1/files/{file['id']}")

    later = await _run(simulator, {"image": file["urls"]["get"], "scale": 2})

    assert await _size(simulator, done) == (128, 96)
    assert later["status"] == "failed"
    simulator.world.clock.advance(4_000)
    assert simulator.world.blobs._memory == {}


async def test_another_accounts_file_cannot_be_read(start: Any) -> None:
    simulator = await start()
    upload = await simulator.http.post(
        "/v1/files",
        files={"content": ("a.png", _png(), "image/png")},
        headers={"authorization": "Bearer r8_somebody_else"},
    )

    done = await _run(simulator, {"image": upload.json()["urls"]["get"]})

    assert (done["status"], done["output"]) == ("failed", None)
    assert "does not exist" in done["error"]


async def test_output_of_one_is_the_input_of_the_next(start: Any) -> None:
    simulator = await start()
    flux = await simulator.create({"prompt": "x", "megapixels": "0.25"}, headers={"prefer": "wait"})
    picture = await simulator.http.get(flux["output"][0])
    width, height = Image.open(io.BytesIO(picture.content)).size

    done = await _run(simulator, {"image": flux["output"][0], "scale": 2})

    assert await _size(simulator, done) == (2 * width, 2 * height)


async def test_file_on_the_web_is_fetched(start: Any, receiver: Any) -> None:
    simulator = await start()
    receiver.answer = _png(40, 30)

    done = await _run(simulator, {"image": f"{receiver.url}/a.png", "scale": 2})

    assert await _size(simulator, done) == (80, 60)


async def test_what_waits_for_its_file_has_not_ended(start: Any) -> None:
    """However little time it takes: nobody sees it succeed before its file is there and it is billed."""
    simulator = await start()
    model, may_answer = simulator.world.models[UPSCALE], asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await may_answer.wait()
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(_png())}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + _png())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as slow:
        url = f"http://127.0.0.1:{slow.sockets[0].getsockname()[1]}/a.png"
        made = await simulator.create({"image": url, "scale": 2}, model=model.version_id)
        early = (await simulator.http.get(f"/v1/predictions/{made['id']}")).json()
        may_answer.set()
        while (late := (await simulator.http.get(f"/v1/predictions/{made['id']}")).json())["output"] is None:
            pass

    assert (early["status"], early["output"]) == ("starting", None)
    assert await _size(simulator, late) == (128, 96)
    assert late["metrics"]["predict_time"] > 0


@pytest.mark.parametrize("host", ["example.com", "cdn.example.com", "pictures.test", "a.b.invalid"])
async def test_files_of_made_up_hosts_are_drawn(start: Any, host: str) -> None:
    simulator = await start()
    done = await _run(
        simulator, {"prompt": "blue", "input_image": f"https://{host}/a-cat.png"}, model=KONTEXT
    )

    assert min(await _size(simulator, done)) > 200


async def test_made_up_film_is_drawn(start: Any) -> None:
    simulator = await start()
    values = {"video": "https://example.com/a-film.mp4", "target_resolution": "720p"}
    done = await _run(simulator, values, model=VIDEO_UPSCALE)

    assert done["status"] == "succeeded"
    film = await simulator.http.get(done["output"])
    assert film.headers["content-type"] == "video/mp4"
    assert done["metrics"]["video_output_duration_seconds"] == 3


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("http://127.0.0.1:9/x.png", "cannot be read"),
        ("ftp://example.org/x.png", "neither an HTTP URL nor a data URI"),
        ("just words", "neither an HTTP URL nor a data URI"),
        ("data:image/png;base64,***", "cannot be decoded"),
        ("data:image/png;base64", "no content"),
        ("data:text/plain,hello", "cannot be used"),
        (CUT_SHORT, "cannot be used"),
        ("http://[::1", "is no URL"),
        ("http://x:123456/", "is no URL"),
    ],
)
async def test_what_cannot_be_read_fails_the_prediction_and_costs_nothing(
    start: Any, value: str, reason: str
) -> None:
    simulator = await start()
    answer = await simulator.http.post(
        f"/v1/models/{KONTEXT}/predictions",
        json={"input": {"prompt": "x", "input_image": value}},
        headers={"prefer": "wait=20"},
    )
    if answer.status_code == 422:
        assert answer.json()["invalid_fields"][0]["field"] == "input.input_image"
        return
    done = answer.json()

    assert (done["status"], done["output"]) == ("failed", None)
    assert reason in done["error"]
    assert [prediction.cost_nano_usd for prediction in simulator.world.predictions] == [0]


async def test_missing_file_on_the_web_names_its_status(start: Any, receiver: Any) -> None:
    simulator = await start()
    receiver.statuses = [404]
    done = await _run(simulator, {"image": f"{receiver.url}/a.png"})

    assert (done["status"], "HTTP status 404" in done["error"]) == ("failed", True)
