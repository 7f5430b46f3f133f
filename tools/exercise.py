"""Call every operation of the API on a running simulator, in an order in which each has something to work on.

Used by the conformance test and by `check_openapi.py`. Talks plain HTTP, so that nothing of the project
stands between the answers and whoever judges them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT_S = 60.0
FAST = ("black-forest-labs", "flux-schnell")
FILE_BYTES_MAX = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    `path` is the template of the operation, without `/v1`, with braces where the request has values. A
    `probe` is meant to be refused. `body` is JSON where the answer is JSON, else text, else bytes.
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: Any
    probe: bool = False
    sent: Mapping[str, str] = field(default_factory=dict)

    @property
    def media_type(self) -> str:
        """The type of the answer without parameters, empty where there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Caller:
    """Sends requests as one account and keeps every exchange."""

    def __init__(self, url: str, *, prefix: str = "/v1", cafile: str | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), parts.port
        self._context = ssl.create_default_context(cafile=cafile) if parts.scheme == "https" else None
        self._prefix = prefix
        self.token = f"r8_check{secrets.token_hex(16)}"
        self.exchanges: list[Exchange] = []

    def call(
        self,
        method: str,
        path: str,
        *,
        at: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = "",
        probe: bool = False,
    ) -> Any:
        """Send one request, keep the exchange and return the answer's body.

        `at` fills the braces of the path. A body that is bytes is sent as it is, any other as JSON. The empty
        token is the caller's own, None is none.
        """
        target = self._prefix + path
        for name, value in (at or {}).items():
            target = target.replace(f"{{{name}}}", quote(value, safe=""))
        if query:
            target += "?" + urlencode(query)
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        status, got, content = self._send(method, target, body, sent)
        exchange = Exchange(method, path, status, got, _read(got, content), probe, dict(headers or {}))
        self.exchanges.append(exchange)
        return exchange.body

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call a control operation; it is no exchange of the API."""
        content = None if body is None else json.dumps(body).encode()
        _, headers, answer = self._send(
            method, f"/_sim/{path}", content, {"Content-Type": "application/json"}
        )
        return _read(headers, answer)

    def _send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        if self._context is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        else:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_S, context=self._context
            )
        try:
            connection.request(method, target, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, got, answer.read()
        finally:
            connection.close()


def everything(caller: Caller, *, with_large_file: bool = True) -> list[Exchange]:
    """Call all operations at least once and return the exchanges."""
    account = caller.call("GET", "/account")
    caller.call("GET", "/webhooks/default/secret")
    caller.call("GET", "/hardware")
    _collections(caller)
    _predictions(caller)
    _models(caller, account["username"])
    _deployments(caller, account["username"])
    _files(caller, account["username"], with_large_file=with_large_file)
    _refusals(caller)
    return caller.exchanges


def _collections(caller: Caller) -> None:
    caller.call("GET", "/collections")
    caller.call("GET", "/collections/{collection_slug}", at={"collection_slug": "text-to-image"})
    caller.call("GET", "/search", query={"query": "flux", "limit": "3"})
    caller.call("GET", "/search", probe=True)
    caller.call("GET", "/search", query={"query": "flux", "limit": "51"}, probe=True)


def _predictions(caller: Caller) -> None:
    model = {"model_owner": FAST[0], "model_name": FAST[1]}
    version = caller.call("GET", "/models/{model_owner}/{model_name}", at=model)["latest_version"]["id"]
    soon = {"prompt": "a red sports car on a wet street"}
    late = {"prompt": "a slow river [[delay=600]]", "num_outputs": 2}
    official = "/models/{model_owner}/{model_name}/predictions"
    caller.call("POST", official, at=model, body={"input": soon}, headers={"Prefer": "wait"})
    caller.call("POST", official, at=model, body={"input": soon}, headers={"Cancel-After": "5m"})
    caller.call(
        "POST",
        "/predictions",
        body={"version": version, "input": soon, "webhook_events_filter": ["completed"]},
        headers={"Prefer": "wait=10"},
    )
    one = caller.call("POST", "/predictions", body={"version": f"{'/'.join(FAST)}:{version}", "input": late})
    at = {"prediction_id": one["id"]}
    caller.call("GET", "/predictions/{prediction_id}", at=at)
    caller.call("POST", "/predictions/{prediction_id}/cancel", at=at)
    caller.call("GET", "/predictions/{prediction_id}", at=at)
    caller.call("GET", "/predictions")
    caller.call("GET", "/predictions", query={"created_after": "2026-01-01T00:00:00Z"})


def _models(caller: Caller, owner: str) -> None:
    model = {"model_owner": FAST[0], "model_name": FAST[1]}
    own = {"model_owner": owner, "model_name": f"hot-dogs-{secrets.token_hex(4)}"}
    path = "/models/{model_owner}/{model_name}"
    caller.call("GET", "/models")
    caller.call("GET", "/models", query={"sort_by": "model_created_at", "sort_direction": "asc"})
    caller.call("QUERY", "/models", body=b"flux schnell", headers={"Content-Type": "text/plain"})
    caller.call("QUERY", "/models", body=b'"flux schnell"', headers={"Content-Type": "text/plain"})
    for part in ("/examples", "/readme", "/versions"):
        caller.call("GET", path + part, at=model)
    versions = caller.call("GET", f"{path}/versions", at=model)
    version = versions["results"][0]["id"]
    caller.call("GET", f"{path}/versions/{{version_id}}", at={**model, "version_id": version})

    body = {
        "owner": owner,
        "name": own["model_name"],
        "visibility": "private",
        "hardware": "cpu",
        "description": "Finds hot dogs",
    }
    caller.call("POST", "/models", body=body)
    caller.call("GET", f"{path}/readme", at=own, probe=True)
    caller.call(
        "PATCH", path, at=own, body={"readme": "# Hot dogs", "github_url": "https://example.com/code"}
    )
    caller.call("GET", path, at=own)
    _trainings(caller, {**model, "version_id": version}, own)
    caller.call("DELETE", path, at=own)


def _trainings(caller: Caller, source: Mapping[str, str], own: Mapping[str, str]) -> None:
    path = "/models/{model_owner}/{model_name}/versions/{version_id}/trainings"
    wanted = {"input": {"input_images": "https://example.com/data.zip"}}
    destination = {"destination": f"{own['model_owner']}/{own['model_name']}"}
    slow = {"input": {**wanted["input"], "caption": "[[delay=600]]"}}
    one = caller.call("POST", path, at=source, body={**slow, **destination})
    at = {"training_id": one["id"]}
    caller.call("GET", "/trainings/{training_id}", at=at)
    caller.call("POST", "/trainings/{training_id}/cancel", at=at)
    other = caller.call("POST", path, at=source, body={**wanted, **destination})
    caller.control("POST", "clock", {"advance_s": 3_000})
    ended = caller.call("GET", "/trainings/{training_id}", at={"training_id": other["id"]})
    caller.call("GET", "/trainings")
    made = {**own, "version_id": ended["output"]["version"].rpartition(":")[2]}
    version = "/models/{model_owner}/{model_name}/versions/{version_id}"
    caller.call("GET", version, at=made)
    caller.call("DELETE", version, at=made)
    nowhere = {"destination": "nobody/nothing"}
    caller.call("POST", path, at=source, body={**wanted, **nowhere}, probe=True)


def _deployments(caller: Caller, owner: str) -> None:
    model = {"model_owner": FAST[0], "model_name": FAST[1]}
    version = caller.call("GET", "/models/{model_owner}/{model_name}", at=model)["latest_version"]["id"]
    own = {"deployment_owner": owner, "deployment_name": f"cars-{secrets.token_hex(4)}"}
    path = "/deployments/{deployment_owner}/{deployment_name}"
    body = {
        "name": own["deployment_name"],
        "model": "/".join(FAST),
        "version": version,
        "hardware": "gpu-t4",
        "min_instances": 0,
        "max_instances": 1,
    }
    caller.call("POST", "/deployments", body=body)
    caller.call("GET", "/deployments")
    caller.call("GET", path, at=own)
    caller.call("PATCH", path, at=own, body={"max_instances": 3})
    caller.call(
        "POST",
        f"{path}/predictions",
        at=own,
        body={"input": {"prompt": "a car"}},
        headers={"Prefer": "wait=5"},
    )
    caller.control("POST", "clock", {"advance_s": 3_000})
    caller.call("DELETE", path, at=own)


def _files(caller: Caller, owner: str, *, with_large_file: bool) -> None:
    made = upload(caller, b"GIF89a", metadata={"customer": 7})
    caller.call("GET", "/files")
    at = {"file_id": made["id"]}
    caller.call("GET", "/files/{file_id}", at=at)
    secret = caller.control("POST", "accounts", {"token": caller.token})["files_signing_secret"]
    expiry = str(2**33)
    message = f"{owner} {made['id']} {expiry}"
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    query = {"owner": owner, "expiry": expiry, "signature": base64.b64encode(digest).decode()}
    download = "/files/{file_id}/download"
    caller.call("GET", download, at=at, query=query, token=None)
    caller.call("GET", download, at=at, query={**query, "signature": "AAAA"}, token=None, probe=True)
    caller.call("DELETE", "/files/{file_id}", at=at)
    caller.call("GET", "/files/{file_id}", at=at, probe=True)
    caller.call("DELETE", "/files/{file_id}", at=at, probe=True)
    if with_large_file:
        upload(caller, bytes(FILE_BYTES_MAX + 1), probe=True)


def upload(
    caller: Caller, content: bytes, *, metadata: Mapping[str, Any] | None = None, probe: bool = False
) -> Any:
    """Upload a file as a form with a content and metadata."""
    edge = secrets.token_hex(16)
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{json.dumps(metadata or {})}\r\n'
        f'--{edge}\r\nContent-Disposition: form-data; name="content"; filename="car.gif"\r\n'
        "Content-Type: image/gif\r\n\r\n"
    ).encode()
    body = b"".join((head, content, f"\r\n--{edge}--\r\n".encode()))
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    return caller.call("POST", "/files", body=body, headers=headers, probe=probe)


def _refusals(caller: Caller) -> None:
    """Meet every recorded error."""
    body = {"version": "/".join(FAST), "input": {"prompt": "a car"}}

    def create(body: Mapping[str, Any], token: str | None = "") -> None:
        caller.call("POST", "/predictions", body=body, token=token, probe=True)

    create(body, token=None)
    create(body, token="not-a-token")  # noqa: S106 - it opens nothing
    create(body, token=f"r8_broke{secrets.token_hex(8)}")
    create(body, token=f"r8_limited{secrets.token_hex(8)}")
    create({**body, "version": "0" * 64})
    create({**body, "input": {}})
    create({**body, "model": "one too many"})
    poor = f"r8_poor{secrets.token_hex(8)}"
    caller.control("POST", "accounts", {"token": poor, "credit_usd": "4.99"})
    caller.call("POST", "/predictions", body=body, token=poor)
    create(body, token=poor)
    caller.call("GET", "/predictions/{prediction_id}", at={"prediction_id": "0" * 26}, probe=True)


def operations(exchanges: list[Exchange]) -> Iterator[tuple[str, str]]:
    """Yield method and path of every operation that was called, each once."""
    yield from dict.fromkeys((one.method, one.path) for one in exchanges)


def _read(headers: Mapping[str, str], content: bytes) -> Any:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith("json"):
        return json.loads(content)
    return content.decode() if kind.startswith("text/") else content
