"""A raw client: what exactly came over the connection, and how the connection ended."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 10.0
FAST = "black-forest-labs/flux-schnell"


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything received, and the end: `closed`, `reset` or `silent` (nothing more within the time)."""

    data: bytes
    end: str
    first_s: float
    last_s: float

    @property
    def status(self) -> int:
        """The status of the answer, 0 where there was none."""
        return int(self.data.split(b" ", 2)[1]) if self.data else 0

    @property
    def headers(self) -> dict[str, str]:
        """The answer's headers, names in lower case."""
        lines = self.data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def body(self) -> bytes:
        """Whatever came after the headers."""
        return self.data.partition(b"\r\n\r\n")[2]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def send(
    url: str,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
    within_s: float = TIMEOUT_S,
) -> Seen:
    """Send one request on a connection of its own and read until it ends, or until the time is up."""
    parts = urlsplit(url)
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = {
        "Host": parts.netloc,
        "Connection": "close",
        "Content-Length": str(len(content)),
        **({} if token is None else {"Authorization": f"Bearer {token}"}),
        **(headers or {}),
    }
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    started = time.monotonic()
    data, first_s, end = b"", 0.0, "closed"
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=within_s) as connection:
        connection.sendall(head.encode() + b"\r\n" + content)
        try:
            while piece := connection.recv(65536):
                first_s = first_s or time.monotonic() - started
                data += piece
                connection.settimeout(max(0.001, within_s - (time.monotonic() - started)))
        except ConnectionResetError:
            end = "reset"
        except TimeoutError:
            end = "silent"
    return Seen(data, end, first_s, time.monotonic() - started)


def create(url: str, token: str, prompt: str = "a car", **more: Any) -> Seen:
    """Create a prediction of a fast model."""
    body = {"version": FAST, "input": {"prompt": prompt}, **more.pop("body", {})}
    return send(url, "POST", "/v1/predictions", token=token, body=body, **more)
