"""Who is called back by a gateway: listens on loopback, and checks the signatures."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from tests.integration.gateway.storing import store
from tintype.service import notices, sealing
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.gateway.serving import Serving


@contextmanager
def receiver() -> Iterator[tuple[str, Queue[tuple[str, tuple[dict[str, str], bytes]]]]]:
    """Listen on loopback: the URL, and path, headers and body of what comes."""
    came: Queue[tuple[str, tuple[dict[str, str], bytes]]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a call in."""
            body = self.rfile.read(int(self.headers["content-length"]))
            came.put((self.path, ({name.lower(): value for name, value in self.headers.items()}, body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}", came
        finally:
            listener.shutdown()
            thread.join()


def verified(here: Serving, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """Check a callback's signature, and return what it says."""

    async def secret() -> str:
        async with Database(here.database_url) as database:
            return await notices.secret("local", db=database, seal=await sealing.load(store(here)))

    told: dict[str, Any] = Webhook(asyncio.run(secret())).verify(body, headers)
    return told
