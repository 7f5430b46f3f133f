"""No body is larger, slower or more packed than what is allowed, whatever its headers say."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import random
import zlib
from typing import TYPE_CHECKING

import pytest

from tintype.media import fetch, fetch_errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.media.internet import Internet
    from tests.integration.media.peers import Exchange

KB = 1024
SMALL = fetch.Limits(size_max_bytes=64 * KB, total_s=2.0, idle_s=0.5)
HASTY = fetch.Limits(size_max_bytes=64 * KB, total_s=0.3, idle_s=0.1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/PNG; x=1\r\n"


class Memory:
    """A sink that keeps what it gets, and how large the pieces were."""

    def __init__(self) -> None:
        self.content = io.BytesIO()
        self.largest = 0

    async def write(self, piece: bytes, /) -> int:
        self.largest = max(self.largest, len(piece))
        return self.content.write(piece)


async def _download(
    internet: Internet, behaviour: Callable[[Exchange], Awaitable[None]], limits: fetch.Limits = SMALL
) -> tuple[fetch.Downloaded, bytes]:
    await internet.host(behaviour, "files.test")
    fetcher = await internet.fetcher(limits=limits)
    sink = Memory()
    done = await fetcher.download("https://files.test/out.png?secret", sink)
    assert sink.largest <= 256 * KB
    return done, sink.content.getvalue()


def _sending(*pieces: bytes, then_close: bool = False) -> Callable[[Exchange], Awaitable[None]]:
    async def behave(asked: Exchange) -> None:
        await asked.send(*pieces)
        if then_close:
            asked.writer.close()

    return behave


async def _endless(asked: Exchange) -> None:
    await asked.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await asked.send(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")


async def test_a_download_is_told_by_size_hash_and_type(internet: Internet) -> None:
    """The hash is that of the bytes written."""
    content = random.Random(1).randbytes(1024 * KB)

    done, written = await _download(
        internet,
        _sending(HEAD, b"Content-Length: %d\r\n\r\n" % len(content), content),
        fetch.Limits(size_max_bytes=1024 * KB),
    )

    assert written == content
    assert done == fetch.Downloaded(
        1024 * KB, hashlib.sha256(content).hexdigest(), "image/png", is_framed=True
    )


@pytest.mark.parametrize(("size", "is_fine"), [(64 * KB, True), (64 * KB + 1, False)])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_the_limit_of_size_is_exact(
    internet: Internet, *, size: int, is_fine: bool, is_announced: bool
) -> None:
    """With an announced length and without."""
    length = b"Content-Length: %d\r\n" % size if is_announced else b"Connection: close\r\n"
    behave = _sending(HEAD, length, b"\r\n", b"x" * size, then_close=True)

    if is_fine:
        done, _ = await _download(internet, behave)
        assert (done.size_bytes, done.is_framed) == (size, is_announced)
    else:
        with pytest.raises(
            fetch_errors.TooLarge, match=r"files\.test sends more than the 65,536 bytes"
        ) as caught:
            await _download(internet, behave)
        assert caught.value.size_max_bytes == 64 * KB
        assert "secret" not in str(caught.value)


async def test_an_endless_body_ends_at_the_limit(internet: Internet) -> None:
    """It is cut off by size, long before its time."""
    with pytest.raises(fetch_errors.TooLarge):
        await _download(internet, _endless)


@pytest.mark.parametrize(
    "length", [b"9" * 30, b"99999999999", b"5, 99999999999", b"-1", b"5\r\nContent-Length: 6", b"0x5", b"5 5"]
)
async def test_a_length_that_lies_is_an_error(internet: Internet, length: bytes) -> None:
    """Too large is refused at once; what is no length, or two lengths, is not HTTP."""
    with pytest.raises((fetch_errors.TooLarge, fetch_errors.FetchFailed)):
        await _download(
            internet, _sending(HEAD, b"Content-Length: " + length + b"\r\n\r\n", b"hello", then_close=True)
        )


async def test_a_body_shorter_than_announced_is_broken(internet: Internet) -> None:
    """It may be fetched again."""
    with pytest.raises(fetch_errors.FetchFailed, match="broke off") as caught:
        await _download(internet, _sending(HEAD, b"Content-Length: 50\r\n\r\n", b"hello", then_close=True))

    assert caught.value.can_retry


async def test_a_body_longer_than_announced_ends_where_announced(internet: Internet) -> None:
    """What comes after it never passes for the answer to the next request."""
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    answers = [b"hello" + extra, b"again"]

    async def behave(asked: Exchange) -> None:
        await asked.send(HEAD, b"Content-Length: 5\r\n\r\n" + answers[len(peer.asked) - 1])

    peer = await internet.host(behave, "files.test")
    fetcher = await internet.fetcher()
    bodies = []
    for _ in range(2):
        async with fetcher.get("https://files.test/") as answer:
            bodies.append(await answer.read())

    assert bodies == [b"hello", b"again"]


@pytest.mark.parametrize(
    "body",
    [
        b"XYZ\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffffffffffff\r\nhello",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloworld\r\n0\r\n\r\n",
        b"5\r\nhello\r\n",
    ],
)
async def test_broken_chunks_are_an_error(internet: Internet, body: bytes) -> None:
    """Sizes that are none, too large, negative or wrong, and an end that does not come."""
    with pytest.raises((fetch_errors.FetchFailed, fetch_errors.TooLarge)):
        await _download(
            internet, _sending(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", body, then_close=True)
        )


@pytest.mark.parametrize(
    "answer",
    [
        b"hello",
        b"\x16\x03\x01\x02\x00",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200 * KB,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c: \0d\r\n\r\n",
        b"",
    ],
    ids=lambda answer: repr(answer[:24]),
)
async def test_what_is_not_http_is_an_error(internet: Internet, answer: bytes) -> None:
    """Garbage, a switch of protocols, headers without end."""
    with pytest.raises(fetch_errors.FetchFailed):
        await _download(internet, _sending(answer, then_close=True))


async def test_a_body_drop_by_drop_ends_in_time(internet: Internet) -> None:
    """Each drop is in time, all of them are not."""

    async def behave(asked: Exchange) -> None:
        await asked.send(HEAD, b"Content-Length: 5000\r\n\r\n")
        while True:
            await asked.send(b"x")
            await asyncio.sleep(0.02)

    with pytest.raises(fetch_errors.TooSlow, match=r"was not done after 0\.3 s") as caught:
        await _download(internet, behave, HASTY)

    assert caught.value.can_retry


async def test_a_body_slower_than_allowed_is_given_up(internet: Internet) -> None:
    """Drop by drop is as good as silence where a least pace is asked for; what keeps that pace is read to its end."""

    async def drip(asked: Exchange) -> None:
        await asked.send(HEAD, b"Content-Length: 5000\r\n\r\n")
        while True:
            await asked.send(b"x")
            await asyncio.sleep(0.02)

    async def trickle(asked: Exchange) -> None:
        await asked.send(HEAD, b"Content-Length: 5000\r\n\r\n")
        for _ in range(10):
            await asked.send(b"x" * 500)
            await asyncio.sleep(0.08)

    limits = fetch.Limits(total_s=20.0, idle_s=0.5, bytes_per_s_min=1_000)
    with pytest.raises(fetch_errors.TooSlow, match="less than 1,000 bytes a second") as caught:
        await _download(internet, drip, limits)
    await internet.host(trickle, "slow.test")
    fetcher = await internet.fetcher(limits=limits)
    done = await fetcher.download("https://slow.test/out.png", Memory())

    assert caught.value.can_retry
    assert done.size_bytes == 5_000


async def test_headers_drop_by_drop_end_in_time(internet: Internet) -> None:
    """Also when they are provisional answers, one after the other."""

    async def behave(asked: Exchange) -> None:
        while True:
            await asked.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await asyncio.sleep(0.02)

    with pytest.raises(fetch_errors.TooSlow, match=r"was not done after 0\.3 s"):
        await _download(internet, behave, HASTY)


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 5\r\n\r\nhel"])
async def test_silence_ends_after_its_own_time(internet: Internet, sent: bytes) -> None:
    """Before the headers, within them, and within the body."""
    with pytest.raises(fetch_errors.TooSlow, match=r"was silent for 0\.1 s"):
        await _download(internet, _sending(sent), HASTY)


async def test_redirects_share_one_time(internet: Internet) -> None:
    """The clock does not start again with each hop."""

    async def behave(asked: Exchange) -> None:
        await asyncio.sleep(0.08)
        await asked.answer(302, Location="/again")

    limits = fetch.Limits(total_s=0.2, idle_s=0.15, redirects_max=100)
    with pytest.raises(fetch_errors.TooSlow, match=r"was not done after 0\.2 s"):
        await _download(internet, behave, limits)


async def test_a_peer_that_takes_no_body_ends_in_time(internet: Internet) -> None:
    """A POST is not held up by who does not read."""
    ended = asyncio.Event()

    async def behave(asked: Exchange) -> None:
        await ended.wait()

    await internet.host(behave, "hooks.test")
    fetcher = await internet.fetcher(limits=HASTY)

    with pytest.raises(fetch_errors.TooSlow):
        await fetcher.post("https://hooks.test/", b"x" * 32 * KB * KB)
    ended.set()


async def test_a_packed_body_is_unpacked(internet: Internet) -> None:
    """Some servers keep packed files and send nothing else."""
    packed = gzip.compress(b"hello" * 5000)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    done, written = await _download(internet, _sending(head, packed[:30], packed[30:]))

    assert written == b"hello" * 5000
    assert done.size_bytes == 25_000


async def test_a_bomb_ends_at_the_limit(internet: Internet) -> None:
    """A hundred megabytes in a hundred kilobytes: unpacked no further than allowed."""
    bomb = gzip.compress(bytes(100 * KB * KB), compresslevel=9)
    assert len(bomb) < 128 * KB
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    with pytest.raises(fetch_errors.TooLarge):
        await _download(internet, _sending(head, bomb), fetch.Limits(size_max_bytes=KB * KB))


async def test_a_packed_body_that_unpacks_to_nothing_ends_at_the_limit(internet: Internet) -> None:
    """Empty blocks for ever: what came is counted as well."""
    header, empty_block = gzip.compress(b"")[:10], b"\0\0\0\xff\xff"

    async def behave(asked: Exchange) -> None:
        await asked.send(HEAD, b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n", header)
        while True:
            await asked.send(empty_block * 2000)

    with pytest.raises(fetch_errors.TooLarge):
        await _download(internet, behave)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"hello")[:-4]),
        ("gzip", gzip.compress(b"hello") * 2),
        ("gzip", gzip.compress(b"hello") + b"more"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"hello"))),
        ("br", b"hello"),
        ("deflate", zlib.compress(b"hello")),
        ("zstd", b"hello"),
    ],
)
async def test_a_coding_that_cannot_be_read_is_an_error(internet: Internet, coding: str, body: bytes) -> None:
    """Broken, cut, doubled, nested, or one that was not asked for."""
    head = HEAD + f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    with pytest.raises(fetch_errors.FetchFailed):
        await _download(internet, _sending(head, body))


@pytest.mark.parametrize(
    ("status", "can_retry"), [(404, False), (403, False), (429, True), (500, True), (503, True)]
)
async def test_a_download_needs_a_success(internet: Internet, status: int, *, can_retry: bool) -> None:
    """The status is a fact of the error; the body is not read."""
    with pytest.raises(fetch_errors.FetchFailed, match=f"answered HTTP {status}") as caught:
        await _download(internet, lambda asked: asked.answer(status, b"<html>"))

    assert (caught.value.status, caught.value.can_retry) == (status, can_retry)


async def test_a_long_answer_to_a_post_is_cut(internet: Internet) -> None:
    """The call was heard; how much is answered does not matter."""
    await internet.host(_endless, "hooks.test")
    fetcher = await internet.fetcher()

    reply = await fetcher.post("https://hooks.test/", b"{}", answer_max_bytes=100)

    assert (reply.status, reply.body, reply.is_cut) == (200, b"x" * 100, True)


@pytest.mark.parametrize("then_close", [True, False])
async def test_an_answer_to_a_post_that_breaks_off_is_cut(internet: Internet, *, then_close: bool) -> None:
    """The status came; what should have followed is not waited for longer than allowed."""
    await internet.host(
        _sending(HEAD, b"Content-Length: 50\r\n\r\n", b"hello", then_close=then_close), "hooks.test"
    )
    fetcher = await internet.fetcher(limits=HASTY)

    reply = await fetcher.post("https://hooks.test/", b"{}")

    assert (reply.status, reply.body, reply.is_cut) == (200, b"hello", True)


async def test_leaving_early_frees_the_connection(internet: Internet) -> None:
    """A reader that has seen enough leaves nothing open, and the next call works."""
    peer = await internet.host(_endless, "files.test")
    fetcher = await internet.fetcher()

    for _ in range(3):
        async with fetcher.get("https://files.test/") as answer:
            async for piece in answer.pieces():
                assert piece
                break

    assert peer.connections == 3
    assert all(not pool.connections for pool in fetcher._pools.values())
