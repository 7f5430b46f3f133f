"""Whoever is called back: listens on loopback, and keeps what comes in the order of its coming."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Call(NamedTuple):
    """One call; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def receiver() -> Iterator[tuple[str, Queue[Call]]]:
    """Listen on a free port: the URL, and what comes."""
    came: Queue[Call] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a call in."""
            body = self.rfile.read(int(self.headers["content-length"]))
            # Answered first: whoever sees the call finds that its answer is on the way.
            self.send_response(204)
            self.end_headers()
            came.put(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}", came
        finally:
            listener.shutdown()
            thread.join()
