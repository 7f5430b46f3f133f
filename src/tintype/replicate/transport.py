"""Connections: pools over httpx2, and where the token joins a request.

Creates have pools of their own whose connections are not used again after 2 s of idling: a server that
closes an idle connection just when a create is sent on it would leave the create's outcome unknown. Those whose
answers upstream holds back may take up 500 connections; those that are answered at once share a few. All other
calls have a pool whose connections are kept for 30 s, and so have downloads from other hosts.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from tintype.domain import errors
from tintype.replicate import wire
from tintype.replicate.connections import IDLE_S, Fresh, Whole
from tintype.replicate.settings import is_loopback
from tintype.replicate.steps import Send

if TYPE_CHECKING:
    from tintype.replicate.settings import Upstream
    from tintype.replicate.steps import Open

CONNECTIONS_MAX = 500
IDLE_MAX = 50
"""Idle connections beyond these are closed at once: each costs some 15 KB, and a burst leaves hundreds."""
CREATES_AT_ONCE = 16
"""Connections for creates that are not held: an account may make 10 a second."""
HELD, CREATES, OTHERS, FILES = "held", "creates", "others", "files"
CONNECT_S = 5.0
ANSWER_MAX = 256 * 1024 * 1024
"""The largest answer of the API that is read, in bytes: a page of predictions may hold data URIs."""
REFUSAL_MAX = 1024 * 1024
"""As much is read of an answer that refuses or fails."""
OTHER_IDLE_S = 30.0
# What the transport tells when a connection stands and the head of a request is next.
_BEFORE_FIRST_BYTE = ".send_request_headers.started"


class Line:
    """How requests are made for one upstream: addresses, headers, timeouts. Prints no token."""

    def __init__(self, upstream: Upstream, *, user_agent: str, connect_s: float = CONNECT_S) -> None:
        self.origin = upstream.origin
        self.connect_s = connect_s
        self._base = f"{upstream.origin}/v1"
        self._plain = [
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip, deflate"),
            ("User-Agent", user_agent),
        ]
        self._token = upstream.token

    def request(self, step: Send | Open) -> httpx2.Request:
        """Build the request of a step; the token goes to the upstream's own origin only."""
        call = step.call
        address = call.url or self._base + call.rest
        headers = self._plain.copy()
        if call.headers:
            own = {name for name, _ in call.headers}
            headers = [(name, value) for name, value in headers if name not in own]
            headers.extend(call.headers)
        if call.with_token and (call.url is None or same_origin(call.url, self.origin)):
            headers.append(("Authorization", f"Bearer {self._token.reveal()}"))
        write_s = max(step.read_s, 1.0)
        timeout = {
            "connect": self.connect_s,
            "read": Whole(step.read_s) if isinstance(step, Send) else step.read_s,
            "write": Fresh(write_s) if call.kind is wire.Kind.CREATE else write_s,
            "pool": step.queue_s if isinstance(step, Send) else None,
        }
        if call.upload is not None:
            return _multipart(call, address, headers, timeout)
        if call.body is not None and not any(name == "Content-Type" for name, _ in call.headers):
            headers.append(("Content-Type", "application/json"))
        return httpx2.Request(
            call.method, address, headers=headers, content=call.body, extensions={"timeout": timeout}
        )

    def ask_before(self, request: httpx2.Request, call: wire.Call, *, in_loop: bool) -> None:
        """Have `call.is_still_good` asked between the opening of the connection and the first byte."""
        is_still_good = call.is_still_good
        if is_still_good is None:
            return

        def check(event: str, _info: Any) -> None:
            if event.endswith(_BEFORE_FIRST_BYTE) and not is_still_good():
                raise errors.NotSent(
                    f"nothing was sent to {call.method} {call.path}: it would have been too late"
                )

        async def check_in_loop(event: str, info: Any) -> None:
            check(event, info)

        request.extensions["trace"] = check_in_loop if in_loop else check


def _multipart(
    call: wire.Call, address: str, headers: list[tuple[str, str]], timeout: dict[str, float | None]
) -> httpx2.Request:
    upload = call.upload
    assert upload is not None  # noqa: S101 - the caller asked
    files: list[tuple[str, Any]] = [("content", (upload.name, upload.content, upload.content_type))]
    if upload.metadata:
        files.append(("metadata", (None, wire.dump(dict(upload.metadata)), "application/json")))
    return httpx2.Request(call.method, address, headers=headers, files=files, extensions={"timeout": timeout})


def same_origin(address: str, origin: str) -> bool:
    """Whether an address has the scheme, host and port of an origin."""
    one, other = urlsplit(address), urlsplit(origin)
    return (one.scheme, one.hostname, _port(one)) == (other.scheme, other.hostname, _port(other))


def _port(parts: Any) -> int | None:
    try:
        port: int | None = parts.port
    except ValueError:
        return None
    return port or {"http": 80, "https": 443}.get(parts.scheme)


def pool_options(name: str, origin: str, *, tls: ssl.SSLContext | None, trust_env: bool) -> dict[str, Any]:
    """The arguments of an httpx2 transport; a proxy from the environment is used if it is meant for this host.

    Never for this machine itself: what goes to it in the clear, the token too, would reach the proxy.

    Names are HELD, CREATES, OTHERS (all to the upstream) and FILES (outputs on other hosts).
    """
    parts = urlsplit(origin)
    scheme, host = ("https", "replicate.delivery") if name == FILES else (parts.scheme, parts.hostname or "")
    proxy = None
    if trust_env and not is_loopback(host) and not proxy_bypass(host):
        proxies = getproxies()
        proxy = proxies.get(scheme) or proxies.get("all")
    verify: ssl.SSLContext | bool | None = tls
    if verify is None:
        # Loading the certificates takes 20 ms, for nothing where http goes to this machine.
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if scheme == "http" and proxy is None else True
    connections_max = CREATES_AT_ONCE if name == CREATES else CONNECTIONS_MAX
    return {
        "verify": verify,
        "trust_env": trust_env,
        "proxy": httpx2.Proxy(proxy if "://" in proxy else f"http://{proxy}") if proxy else None,
        "limits": httpx2.Limits(
            max_connections=connections_max,
            max_keepalive_connections=min(connections_max, IDLE_MAX),
            keepalive_expiry=IDLE_S if name in {HELD, CREATES} else OTHER_IDLE_S,
        ),
    }


def fault(error: Exception, call: wire.Call) -> errors.UpstreamError:
    """The typed error of a failed transfer. The original is to become its cause, see `bare`."""
    where = f"{call.method} {call.path}"
    if isinstance(error, httpx2.PoolTimeout):
        return errors.ConnectFailed(
            f"no connection became free in time for {where}; nothing was sent", can_retry=True
        )
    if isinstance(error, httpx2.ConnectTimeout):
        return errors.ConnectFailed(f"no connection to the upstream in time for {where}", can_retry=True)
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return errors.ConnectFailed(
            f"no connection to the upstream for {where}: check the address, the network and TLS",
            can_retry=True,
        )
    if isinstance(error, httpx2.TimeoutException):
        return errors.TimedOut(f"the answer to {where} did not come in time", can_retry=True)
    if isinstance(error, httpx2.DecodingError):
        return errors.ServerError(f"the answer to {where} is not encoded as it says", can_retry=True)
    return errors.NetworkError(f"the connection broke during {where}", can_retry=True)


def bare(error: Exception) -> Exception:
    """The original without the frames of its chain, whose variables hold headers and bodies."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


class Body:
    """The body of an answer as it comes: of a refusal its beginning, of any other all, up to a size."""

    __slots__ = ("_is_refusal", "_pieces", "_size", "_where")

    def __init__(self, status: int, call: wire.Call) -> None:
        self._is_refusal = status >= 400
        self._where = f"{call.method} {call.path}"
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, piece: bytes) -> bool:
        """Take a piece in; false when no more is wanted. Raises ServerError beyond 256 MB."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > ANSWER_MAX:
            raise errors.ServerError(f"the answer to {self._where} is larger than {ANSWER_MAX} bytes")
        return not (self._is_refusal and self._size > REFUSAL_MAX)

    def whole(self) -> bytes:
        """What was taken."""
        return b"".join(self._pieces)


def reply_of(response: httpx2.Response, body: bytes) -> wire.Reply:
    """The reply in the client's own terms."""
    return wire.Reply(response.status_code, response.headers, body)
