"""Output files: drawn when fetched, public, with ranges."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import httpx2
from PIL import Image

FLUX = "black-forest-labs/flux-schnell"


async def _done(simulator: Any, values: dict[str, Any], **options: Any) -> dict[str, Any]:
    made = await simulator.create(values, headers={"prefer": "wait"}, **options)
    assert made["status"] == "succeeded", made
    return dict(made)


async def test_pictures_are_what_was_asked_for(start: Any) -> None:
    simulator = await start()
    done = await _done(
        simulator,
        {"prompt": "a red car", "aspect_ratio": "16:9", "output_format": "png", "num_outputs": 2, "seed": 4},
    )
    files = [await simulator.http.get(url) for url in done["output"]]

    assert [url.rpartition("/")[2] for url in done["output"]] == ["out-0.png", "out-1.png"]
    assert [file.headers["content-type"] for file in files] == ["image/png"] * 2
    assert files[0].headers["cache-control"] == "public, max-age=3600"
    sizes = {Image.open(io.BytesIO(file.content)).size for file in files}
    assert len(sizes) == 1
    width, height = sizes.pop()
    assert abs(width / height - 16 / 9) < 0.05
    assert files[0].content != files[1].content


async def test_same_seed_gives_the_same_bytes(start: Any) -> None:
    simulator = await start()
    pictures = []
    for seed in (4, 4, 5):
        done = await _done(simulator, {"prompt": "a red car", "seed": seed, "megapixels": "0.25"})
        pictures.append((await simulator.http.get(done["output"][0])).content)

    assert pictures[0] == pictures[1] != pictures[2]


async def test_anyone_may_fetch_but_nobody_can_guess(start: Any) -> None:
    simulator = await start()
    done = await _done(simulator, {"prompt": "x", "megapixels": "0.25"})
    url = done["output"][0]
    async with httpx2.AsyncClient() as stranger:
        statuses = [
            (await stranger.get(one)).status_code
            for one in (
                url,
                url.replace("out-0", "out-1"),
                url.replace(".webp", ".png"),
                url.replace("/out", "0/out"),
            )
        ]
        guessed = await stranger.get(f"{simulator.url}/pbxt/{done['id']}{'0' * 24}/out-0.webp")

    assert statuses == [200, 404, 404, 404]
    assert guessed.status_code == 404


async def test_ranges_are_served(start: Any) -> None:
    simulator = await start()
    done = await _done(simulator, {"prompt": "x", "megapixels": "0.25"})
    url = done["output"][0]
    whole = (await simulator.http.get(url)).content

    async def part(wanted: str) -> httpx2.Response:
        answer: httpx2.Response = await simulator.http.get(url, headers={"range": wanted})
        return answer

    first, middle, last = await part("bytes=0-9"), await part("bytes=10-"), await part("bytes=-7")
    assert (first.status_code, first.content) == (206, whole[:10])
    assert first.headers["content-range"] == f"bytes 0-9/{len(whole)}"
    assert middle.content == whole[10:]
    assert last.content == whole[-7:]
    beyond = await part(f"bytes={len(whole)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    head = await simulator.http.head(url)
    assert (head.content, int(head.headers["content-length"])) == (b"", len(whole))


async def test_many_readers_of_one_file_have_it_drawn_once(start: Any) -> None:
    simulator = await start()
    done = await _done(simulator, {"prompt": "x"})
    drawn = []
    in_thread = simulator.world.outputs.in_thread

    async def counted(*args: Any) -> Any:
        drawn.append(args)
        return await in_thread(*args)

    simulator.world.outputs.in_thread = counted
    files = await asyncio.gather(*(simulator.http.get(done["output"][0]) for _ in range(8)))

    assert len({file.content for file in files}) == 1
    assert len(drawn) == 1


async def test_unfinished_output_is_not_there_yet(start: Any) -> None:
    simulator = await start(speed=1)
    made = await simulator.create({"prompt": "[[delay=100]] x"})
    token = simulator.world.outputs.token(made["id"])

    assert (await simulator.http.get(f"/pbxt/{token}/out-0.webp")).status_code == 404


async def test_vector_model_gives_a_drawing(start: Any) -> None:
    simulator = await start()
    done = await _done(simulator, {"prompt": "a fox"}, model="recraft-ai/recraft-v3-svg")
    file = await simulator.http.get(done["output"])

    assert file.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in file.content[:200]
