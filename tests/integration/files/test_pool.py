"""What strangers made is decoded in processes that may break (rule 18)."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tintype.media import pool
from tintype.simulator import films

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_FILM = films.film("a red car", seed=1, width=320, height=180, seconds=2, fps=10, audio=True)

_STARTER = """
import asyncio, sys
from tintype.media import pool

async def main():
    async with pool.Pool() as workers:
        await workers.measure(sys.argv[1])

asyncio.run(main())
"""


@pytest.fixture
async def workers() -> AsyncIterator[pool.Pool]:
    async with pool.Pool() as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    Image.linear_gradient("L").resize((900, 600)).convert("RGB").save(path, "PNG")
    return path


def _children() -> set[int]:
    """The processes that this one started, zombies among them."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def _weight_of_session(process: int) -> int | None:
    """How far a process' session stands back, on a Linux that weighs sessions."""
    file = Path(f"/proc/{process}/autogroup")
    return int(file.read_text(encoding="ascii").split()[-1]) if file.exists() else None


async def test_a_picture_gets_a_thumbnail(workers: pool.Pool, source: Path, tmp_path: Path) -> None:
    done = await workers.thumbnail(str(source), str(tmp_path / "t"), side_px=512)

    with (
        Image.open(tmp_path / "t") as small,
        Image.open(io.BytesIO(base64.b64decode(done["blurred"]))) as tiny,
    ):
        assert (small.format, small.size) == ("WEBP", (512, 341))
        assert (tiny.format, max(tiny.size)) == ("WEBP", 16)
    assert (done["width"], done["height"]) == (900, 600)
    assert done["size_bytes"] == (tmp_path / "t").stat().st_size


async def test_a_turned_jpeg_is_shown_upright_and_without_its_exif(
    workers: pool.Pool, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera"
    Image.new("RGB", (80, 40)).save(tmp_path / "s", "JPEG", exif=exif)

    done = await workers.thumbnail(str(tmp_path / "s"), str(tmp_path / "t"), side_px=512)

    with Image.open(tmp_path / "t") as small:
        assert small.size == (40, 80)
        assert "exif" not in small.info
    assert (done["width"], done["height"]) == (40, 80)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
async def test_every_mode_is_shown(workers: pool.Pool, tmp_path: Path, mode: str) -> None:
    Image.new(mode, (40, 40)).save(tmp_path / "s", "PNG")

    await workers.thumbnail(str(tmp_path / "s"), str(tmp_path / "t"), side_px=20)

    with Image.open(tmp_path / "t") as small:
        assert small.size == (20, 20)


async def test_a_film_gets_a_poster_and_is_measured(workers: pool.Pool, tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(_FILM)

    done = await workers.thumbnail(str(tmp_path / "s"), str(tmp_path / "t"), side_px=100)
    facts = await workers.measure(str(tmp_path / "s"))

    with Image.open(tmp_path / "t") as small:
        assert small.size == (100, 56)
    assert (done["width"], done["height"]) == (320, 180)
    assert facts == {
        "width": 320,
        "height": 180,
        "duration_ms": 2000,
        "frames_per_second": 10.0,
        "has_sound": True,
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n and then something else",
        b"\0\0\0\x20ftypisom and then something else",
        _FILM[:400],
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
    ids=["empty", "png", "mp4", "cut", "eps"],
)
async def test_what_cannot_be_decoded_says_so_and_breaks_nothing(
    workers: pool.Pool, source: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "s").write_bytes(content)

    with pytest.raises(pool.WorkFailed) as told:
        await workers.thumbnail(str(tmp_path / "s"), str(tmp_path / "t"), side_px=100)

    assert not told.value.has_died
    assert str(tmp_path) not in str(told.value)
    await workers.thumbnail(str(source), str(tmp_path / "u"), side_px=100)


async def test_a_playlist_leads_nowhere(workers: pool.Pool, tmp_path: Path) -> None:
    """A film may not be a list of other files and hosts."""
    asked = asyncio.Event()
    server = await asyncio.start_server(lambda _r, _w: asked.set(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "inner").write_bytes(_FILM)
    for number, lines in enumerate([f"http://127.0.0.1:{port}/a.ts", str(tmp_path / "inner")]):
        path = tmp_path / f"{number}.mp4"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{lines}\n#EXT-X-ENDLIST\n")
        with pytest.raises(pool.WorkFailed):
            await workers.measure(str(path))
    (tmp_path / "c").write_text(f"ffconcat version 1.0\nfile {tmp_path}/inner\n")
    with pytest.raises(pool.WorkFailed):
        await workers.measure(str(tmp_path / "c"))

    server.close()
    assert not asked.is_set()


async def test_a_bomb_is_refused(workers: pool.Pool, tmp_path: Path) -> None:
    """A few kilobytes that unfold to 400 million pixels."""
    Image.new("1", (20_000, 20_000)).save(tmp_path / "s", "PNG")

    with pytest.raises(pool.WorkFailed, match=r"could be decompression bomb|exceeds limit"):
        await workers.thumbnail(str(tmp_path / "s"), str(tmp_path / "t"), side_px=100)


async def test_too_much_memory_fails_that_picture_only(tmp_path: Path, source: Path) -> None:
    """Rule 18: limits of memory."""
    Image.new("RGB", (12_000, 12_000)).save(tmp_path / "s", "PNG", compress_level=1)
    async with pool.Pool(processes=1, memory_max_bytes=400 * 1024 * 1024) as workers:
        with pytest.raises(pool.WorkFailed):
            await workers.thumbnail(str(tmp_path / "s"), str(tmp_path / "t"), side_px=100)

        await workers.thumbnail(str(source), str(tmp_path / "u"), side_px=100)


async def test_a_picture_that_kills_its_process_fails_alone(tmp_path: Path, source: Path) -> None:
    """Rule 18: others at the same time and after it are made all the same."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = _children()
    async with pool.Pool(processes=2) as workers:
        doomed = asyncio.create_task(workers.thumbnail(str(fifo), str(tmp_path / "t"), side_px=100))
        # Opening for writing returns when the process has opened it for reading: it is at work.
        writer = await asyncio.to_thread(fifo.open, "wb")
        (process,) = _children() - before
        other = asyncio.create_task(workers.thumbnail(str(source), str(tmp_path / "u"), side_px=100))
        await other
        os.kill(process, signal.SIGKILL)

        with pytest.raises(pool.WorkFailed, match="SIGKILL") as told:
            await doomed
        writer.close()
        await workers.thumbnail(str(source), str(tmp_path / "v"), side_px=100)

    assert told.value.has_died
    assert _children() == before


async def test_a_picture_that_takes_for_ever_is_given_up(tmp_path: Path, source: Path) -> None:
    """Rule 18: limits of time; the process is gone, and so is its zombie."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = _children()
    async with pool.Pool(processes=1, time_max_s=0.5) as workers:
        with pytest.raises(pool.WorkFailed, match=r"within 0\.5 s") as told:
            await workers.thumbnail(str(fifo), str(tmp_path / "t"), side_px=100)
        assert _children() == before

    async with pool.Pool(processes=1) as workers:
        await workers.thumbnail(str(source), str(tmp_path / "u"), side_px=100)
    assert told.value.has_died


async def test_a_cancelled_request_ends_its_process(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = _children()
    async with pool.Pool(processes=1) as workers:
        asked = asyncio.create_task(workers.measure(str(fifo)))
        writer = await asyncio.to_thread(fifo.open, "wb")
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        writer.close()

        assert _children() == before


async def test_a_process_at_work_ends_with_who_started_it(tmp_path: Path) -> None:
    """Nobody is there to take what it would make: a kill leaves nothing that goes on."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    starter = await asyncio.create_subprocess_exec(sys.executable, "-c", _STARTER, str(fifo))
    writer = await asyncio.to_thread(os.open, fifo, os.O_WRONLY)

    starter.kill()
    await starter.wait()

    # Told as soon as nobody holds the other end any more.
    left = select.poll()
    left.register(writer, 0)
    assert await asyncio.to_thread(left.poll, 10_000)
    os.close(writer)


async def test_processes_end_when_there_is_nothing_to_do(tmp_path: Path, source: Path) -> None:
    before = _children()
    async with pool.Pool(idle_s=0.0) as workers:
        await workers.thumbnail(str(source), str(tmp_path / "t"), side_px=100)
        while _children() != before:  # noqa: ASYNC110 - the end of a process is no event of ours
            await asyncio.sleep(0.01)


async def test_decoding_stands_back_behind_what_is_waited_for(
    workers: pool.Pool, source: Path, tmp_path: Path
) -> None:
    """Rule 18: thumbnails are never awaited, so their processes and sessions stand back."""
    before = _children()

    await workers.thumbnail(str(source), str(tmp_path / "t"), side_px=64)

    [process] = _children() - before
    assert os.getpriority(os.PRIO_PROCESS, process) >= 10
    assert _weight_of_session(process) in {None, 10}
