"""A static upstream in a process of its own: Replicate's predictions and OpenAI's pictures, answered from memory.

    with upstream.running() as stub:
        stub.set(after_s=0.1, file="1MB.png")

It computes as little as can be, so that on a shared machine the time is that of what is measured. A prediction ends so
many seconds after it was asked for, and its webhooks are told, signed, over connections that are kept. `set` changes
what it does from then on; `facts` says what was asked of it, and when predictions ended by this machine's clock.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import uvloop
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "whsec_" + base64.b64encode(b"bench" * 6).decode()
TOKEN = "r8_" + "b" * 37
PAGE = 100
_PIXELS = 1024


@dataclass(slots=True)
class Ways:
    """What the stub does at the moment."""

    after_s: float = 0.0
    """How long a prediction takes, or an answer with a picture; below 0 it never ends."""
    file: str = "20KB.webp"
    stalls: int = 0
    """So many downloads, from now on, are begun and never finished."""


@dataclass(slots=True)
class _Prediction:
    ident: str
    number: int
    made_at: float
    ends_at: float
    file: str


@dataclass(slots=True)
class Stub:
    """All that the stub knows."""

    url: str
    files: dict[str, bytes]
    ways: Ways = field(default_factory=Ways)
    made: list[_Prediction] = field(default_factory=list)
    by_id: dict[str, _Prediction] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    webhooks: set[asyncio.Task[None]] = field(default_factory=set)
    kept: dict[tuple[str, int], list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = field(
        default_factory=dict
    )

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, str, bytes] | None:
        """Return status, type and body; None for one that is never answered."""
        path, _, query = target.partition("?")
        if method == "POST":
            return self._act(path, body)
        if path.startswith("/files/"):
            return self._file(path)
        if path == "/facts":
            ended = {one.ident: one.ends_at for one in self.made if one.ends_at <= time.time()}
            return _json({"calls": self.calls, "ended": ended})
        if path.endswith("/predictions"):
            self.calls["list"] += 1
            return _json(self._page(parse_qs(query)))
        if "/predictions/" in path:
            self.calls["get"] += 1
            return _json(self._record(self.by_id[path.rpartition("/")[2]]))
        return 404, "application/json", b'{"detail": "there is nothing here"}'

    def _act(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        if path.endswith("/predictions"):
            return self._create(json.loads(body))
        if path.endswith("/images/generations"):
            self.calls["openai"] += 1
            url = f"{self.url}/files/{self.ways.file}"
            return _json({"created": int(time.time()), "data": [{"url": url}]})
        if path == "/ways":
            self.ways = Ways(**json.loads(body))
            return _json({})
        self.calls["other"] += 1
        return _json(self._record(self.by_id[path.rsplit("/", 2)[-2]]))

    def _create(self, asked: dict[str, Any]) -> tuple[int, str, bytes]:
        self.calls["create"] += 1
        now = time.time()
        after_s = self.ways.after_s
        ident = f"{len(self.made):026d}"
        one = _Prediction(
            ident, len(self.made), now, float("inf") if after_s < 0 else now + after_s, self.ways.file
        )
        self.made.append(one)
        self.by_id[ident] = one
        answer = json.dumps(self._record(one) | {"status": "starting", "output": None}).encode()
        if "webhook" in asked and after_s >= 0:
            asyncio.get_running_loop().call_later(after_s, self._tell_later, asked["webhook"], one)
        return 201, "application/json", answer

    def _file(self, path: str) -> tuple[int, str, bytes] | None:
        self.calls["download"] += 1
        if self.ways.stalls:
            self.ways.stalls -= 1
            return None
        name = path.rpartition("/")[2]
        return 200, f"image/{name.rpartition('.')[2]}", self.files[name]

    def _record(self, one: _Prediction) -> dict[str, Any]:
        is_over = one.ends_at <= time.time()
        made = _text(one.made_at)
        return {
            "id": one.ident,
            "model": "black-forest-labs/flux-schnell",
            "version": "hidden",
            "status": "succeeded" if is_over else "processing",
            "created_at": made,
            "started_at": made,
            "completed_at": _text(one.ends_at) if is_over else None,
            "output": [f"{self.url}/files/{one.file}"] if is_over else None,
            "source": "api",
            "urls": {"get": f"{self.url}/v1/predictions/{one.ident}"},
        }

    def _page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        after = _moment(query.get("created_after"), 0.0)
        before = _moment(query.get("created_before"), float("inf"))
        fitting = [one for one in reversed(self.made) if after < one.made_at < before][:PAGE]
        return {"previous": None, "next": None, "results": [self._record(one) for one in fitting]}

    def _tell_later(self, url: str, one: _Prediction) -> None:
        one.ends_at = time.time()
        task = asyncio.ensure_future(self._tell(url, one))
        self.webhooks.add(task)
        task.add_done_callback(self.webhooks.discard)

    async def _tell(self, url: str, one: _Prediction) -> None:
        """Send the webhook of an end; a connection that was used before may have been closed since."""
        body = json.dumps(self._record(one)).encode()
        ident, stamp = f"msg_{one.ident}", str(int(time.time()))
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        digest = hmac.digest(key, b".".join((ident.encode(), stamp.encode(), body)), hashlib.sha256)
        place = urlsplit(url)
        head = (
            f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nwebhook-id: {ident}\r\nwebhook-timestamp: {stamp}\r\n"
            f"webhook-signature: v1,{base64.b64encode(digest).decode()}\r\n\r\n"
        )
        address = place.hostname or "127.0.0.1", place.port or 80
        kept = self.kept.setdefault(address, [])
        for _ in range(3):
            try:
                reader, writer = kept.pop() if kept else await asyncio.open_connection(*address)
            except ConnectionError:
                # Whoever wanted to be told has stopped.
                break
            try:
                writer.write(head.encode() + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = _length(answer)
                if length:
                    await reader.readexactly(length)
            except (ConnectionError, asyncio.IncompleteReadError):
                writer.close()
                # The others may have been closed as well since they were used.
                kept.clear()
                continue
            self.calls[f"webhook {answer[9:12].decode()}"] += 1
            kept.append((reader, writer))
            return
        self.calls["webhook lost"] += 1


class _Connection(asyncio.Protocol):
    """One caller: requests one after the other on a connection that is kept."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # What uvloop hands over is a transport by behaviour, not by class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while True:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._data[: end + 2]
            whole = end + 4 + _length(head)
            if len(self._data) < whole:
                if b"100-continue" in head and len(self._data) == end + 4:
                    self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            body, self._data = self._data[end + 4 : whole], self._data[whole:]
            method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
            try:
                answer = self._stub.answer(method, target, body)
            except (KeyError, ValueError):
                answer = (400, "application/json", b'{"detail": "this stub does not know that"}')
            if target.endswith("/images/generations") and self._stub.ways.after_s:
                self._answer_later(answer)
            else:
                self._answer(answer)

    def _answer(self, answer: tuple[int, str, bytes] | None) -> None:
        if answer is None:
            self._write(b"HTTP/1.1 200 OK\r\nContent-Type: image/webp\r\nContent-Length: 4096\r\n\r\nRIFF")
            return
        status, kind, content = answer
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
        self._write(head.encode())
        self._write(content)

    def _answer_later(self, answer: tuple[int, str, bytes] | None) -> None:
        after_s = self._stub.ways.after_s
        if after_s > 0:
            asyncio.get_running_loop().call_later(after_s, self._answer, answer)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)


def _length(head: bytes) -> int:
    place = head.lower().find(b"\r\ncontent-length:")
    return int(head[place + 17 :].split(b"\r\n", 1)[0]) if place >= 0 else 0


def _json(told: Any) -> tuple[int, str, bytes]:
    return 200, "application/json", json.dumps(told).encode()


def _text(seconds: float) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(given: list[str] | None, otherwise: float) -> float:
    return datetime.fromisoformat(given[0]).timestamp() if given else otherwise


def pictures() -> dict[str, bytes]:
    """Draw 1024×1024 pixels as upstream gives them: about 20 KB of WebP, and about 1 MB of PNG."""
    ramp = Image.linear_gradient("L").resize((_PIXELS, _PIXELS))
    colours = (ramp, ramp.rotate(90), ramp.rotate(180))
    # A grain is what does not pack: sixteen shades of one channel, or a faint cloud over all.
    grain = Image.frombytes("L", (_PIXELS, _PIXELS), random.Random(7).randbytes(_PIXELS * _PIXELS))
    cloud = grain.crop((0, 0, _PIXELS // 4, _PIXELS // 4)).resize(ramp.size, Image.Resampling.BICUBIC)
    small = Image.blend(Image.merge("RGB", colours), Image.merge("RGB", (cloud, cloud, cloud)), 0.06)
    large = Image.merge("RGB", (*colours[:2], grain.point([shade >> 4 for shade in range(256)])))
    return {
        "20KB.webp": _packed(small, "WEBP", quality=60),
        "1MB.png": _packed(large, "PNG", compress_level=1),
    }


def _packed(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


async def _serve() -> None:
    """Serve until the standard input ends; says on which port."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = listening.getsockname()[1]
    stub = Stub(f"http://127.0.0.1:{port}", pictures())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(stub), sock=listening)
    print(port, flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


@dataclass(frozen=True, slots=True)
class Running:
    """A stub that runs."""

    url: str
    pid: int

    def set(self, **ways: Any) -> None:
        """Change what it does; what is not named is as in `Ways`."""
        self._call("/ways", json.dumps(ways).encode())

    def facts(self) -> Facts:
        """Return what was asked of it so far."""
        told = self._call("/facts", None)
        return Facts(Counter(told["calls"]), told["ended"])

    def _call(self, path: str, body: bytes | None) -> Any:
        with urllib.request.urlopen(self.url + path, data=body, timeout=30) as answer:  # noqa: S310 - it is ours
            return json.loads(answer.read())


@dataclass(frozen=True, slots=True)
class Facts:
    """How often each kind of call came, and when each prediction ended."""

    calls: Counter[str]
    ended: dict[str, float]


@contextmanager
def running() -> Iterator[Running]:
    """Start a stub, and end it."""
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018 - both are pipes
    try:
        yield Running(f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid)
    finally:
        process.stdin.close()
        process.wait(timeout=10)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
