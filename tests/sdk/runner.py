"""Run the scenarios of a script inside an SDK's environment; one line of JSON for each says how it ended.

Standard library only: the environments hold an SDK and what it needs, nothing of this project.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import traceback
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

E = TypeVar("E", bound=BaseException)
PNG = b"\x89PNG\r\n\x1a\n"
# The vector that both SDKs of 2025 accept; the key is the ASCII text 0123456789abcdef01234567.
VECTOR_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
VECTOR_BODY = '{"id":"ufawqhfynnddngldkgtslldrkq","status":"succeeded"}'
VECTOR_HEADERS = {
    "webhook-id": "msg_test_0001",
    "webhook-timestamp": "1700000000",
    "webhook-signature": "v1,wq8AtVGnHuOdlFY2N0tPpIcl++fImT4s0HiIc21aBZA=",
}


def token(name: str) -> str:
    """Return the token of a name: at a gateway a key that SDK_TOKENS holds by the token's name at the simulator."""
    return json.loads(os.environ.get("SDK_TOKENS", "{}")).get(name, name)


def is_ours(address: object, origin: str) -> bool:
    """Whether an address is on the host that the SDK calls, whatever its path."""
    one, other = urlsplit(str(address)), urlsplit(origin)
    return (one.scheme, one.netloc) == (other.scheme, other.netloc)


def main(scenarios: dict[str, Callable[[str], None]]) -> None:
    """Run each scenario with the origin that is called, as given on the command line."""
    for name, scenario in scenarios.items():
        try:
            scenario(sys.argv[1])
        except Exception:  # noqa: BLE001 - whatever an SDK raises is the report
            error = traceback.format_exc()
        else:
            error = ""
        print(json.dumps({"scenario": name, "error": error}), flush=True)  # noqa: T201 - this is the answer


def raised(kind: type[E], act: Callable[[], object]) -> E:
    """Return the error that a call raises; AssertionError when it raises none."""
    try:
        act()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def fetch(url: str) -> bytes:
    """Read a URL without any token."""
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the simulator's own address
        return bytes(answer.read())


@contextlib.contextmanager
def receiver() -> Iterator[tuple[str, queue.Queue[tuple[dict[str, str], str]]]]:
    """Listen for webhooks on loopback: the URL, and the headers and bodies as they come."""
    got: queue.Queue[tuple[dict[str, str], str]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a webhook in."""
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()
            got.put(({name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?job=7", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
