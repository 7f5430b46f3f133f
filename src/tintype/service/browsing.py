"""Look at upstream's models through the gateway, and administer its account where that is allowed.

    told = await browsing.read(Asked("GET", "/models/black-forest-labs/flux-schnell"), base=base)

Addresses of upstream's API in an answer become ours, so that nobody follows them with a key of ours. Every version that
an answer tells of is learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tintype.domain import errors
from tintype.replicate import wire
from tintype.service import audit
from tintype.service import upstream as upstream_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.service.upstream import Upstream
    from tintype.service.versions import Versions
    from tintype.store.database import Database

_DEPTH_MAX = 32
_PAGES_MAX = 100
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A call to upstream: method, path below `/v1`, query and body."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: bytes | None = None
    content_type: str = _JSON


@dataclass(frozen=True, slots=True)
class Told:
    """What upstream said: the status, and the body as it reads here; `text` where it is no JSON."""

    status: int
    document: Any = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Versioned:
    """How many versions a model has, and what upstream says of the newest."""

    versions: int
    newest: dict[str, Any]


class Browsing:
    """Calls upstream for those who may."""

    def __init__(self, database: Database, upstream: Upstream, versions: Versions) -> None:
        self._database = database
        self._upstream = upstream
        self._versions = versions
        self._name: str | None = None

    async def read(self, asked: Asked, *, base: str) -> Told:
        """Ask upstream something that changes nothing; `base` is where its API is found here.

        Raises what it means where upstream refuses us, or cannot answer.
        """
        reply = await self._upstream.exchange(_route(asked), _call(asked))
        return await self._told(asked, reply, base)

    async def administer(self, asked: Asked, *, base: str, by: str, as_name: str) -> Told:
        """Pass an act of administration on, and write it down with what upstream said of it.

        `as_name` is what the caller knows the account by: it stands for upstream's own name of it.
        """
        name = await self.name()
        path = asked.path.replace(f"/{as_name}/", f"/{name}/")
        body = asked.body
        if body is not None:
            # A name that its caller was told, in the places where upstream wants its own.
            body = body.replace(f'"{as_name}"'.encode(), f'"{name}"'.encode())
            body = body.replace(f'"{as_name}/'.encode(), f'"{name}/'.encode())
        sent = Asked(asked.method, path, asked.query, body, asked.content_type)
        try:
            reply = await self._upstream.exchange(_route(sent), _call(sent))
        except errors.UpstreamError as error:
            await self._note(sent, by, {"error": error.code})
            raise
        await self._note(sent, by, {"status": reply.status})
        return await self._told(sent, reply, base)

    async def every_version(self, slug: str) -> Versioned | None:
        """Learn every version of a model, and what each takes; None for an unknown model."""
        path = wire.model_path(slug)
        model = await self.read(Asked("GET", path), base="")
        if model.status != 200:
            return None
        seen = 0
        query: dict[str, str] = {}
        for _ in range(_PAGES_MAX):
            page = await self.read(Asked("GET", f"{path}/versions", query), base="")
            found = page.document if isinstance(page.document, dict) else {}
            seen += len(found.get("results") or ())
            query = dict(parse_qsl(urlsplit(str(found.get("next") or "")).query))
            if not query:
                break
        newest = model.document.get("latest_version") if isinstance(model.document, dict) else None
        return Versioned(seen, newest if isinstance(newest, dict) else {})

    async def name(self) -> str:
        """Return what upstream calls the account; asked once."""
        if self._name is None:
            reply = await self._upstream.exchange("account.get", wire.Call("GET", "/account"))
            found = upstream_.document(reply)
            self._name = str(found.get("username")) if isinstance(found, dict) else ""
        return self._name

    async def _told(self, asked: Asked, reply: wire.Reply, base: str) -> Told:
        if not reply.body:
            return Told(reply.status)
        if "json" not in reply.headers.get("content-type", _JSON):
            return Told(reply.status, text=reply.body.decode("utf-8", "replace"))
        found = upstream_.document(reply)
        if reply.status < 300:
            slug = _model_of(asked.path)
            if slug is None:
                await self._versions.learn(found)
            else:
                await self._versions.learn_version(slug, found)
        return Told(reply.status, document=_moved(found, f"{self._upstream.origin}/v1/", f"{base}/", 0))

    async def _note(self, asked: Asked, by: str, facts: Mapping[str, Any]) -> None:
        action = f"upstream.{asked.method.lower()}"
        await audit.note(self._database, by=by, action=action, subject=asked.path, facts=facts)


def _call(asked: Asked) -> wire.Call:
    headers = () if asked.body is None else (("Content-Type", asked.content_type),)
    kind = wire.Kind.CREATE if asked.method == "POST" else wire.Kind.REPEATABLE
    return wire.Call(
        asked.method, asked.path, kind, query=asked.query or None, headers=headers, body=asked.body
    )


def _route(asked: Asked) -> str:
    """Name a call for those who watch, by its kind alone."""
    noun = asked.path.split("/")[1] or "root"
    return f"{noun}.{asked.method.lower()}"


def _model_of(path: str) -> str | None:
    """Return whose versions a path lists or shows."""
    parts = path.strip("/").split("/")
    is_versions = len(parts) in {4, 5} and parts[0] == "models" and parts[3] == "versions"
    return f"{parts[1]}/{parts[2]}" if is_versions else None


def _moved(value: Any, before: str, after: str, depth: int) -> Any:
    """Put ours in the place of upstream's addresses, wherever they stand."""
    if isinstance(value, str):
        return after + value.removeprefix(before) if value.startswith(before) else value
    if depth > _DEPTH_MAX:
        return value
    if isinstance(value, list):
        return [_moved(one, before, after, depth + 1) for one in value]
    if isinstance(value, dict):
        return {name: _moved(one, before, after, depth + 1) for name, one in value.items()}
    return value
