"""Which models and versions can be run: known from the catalogue, or seen upstream (rule 27).

    what = await versions.of_model("black-forest-labs/flux-schnell")
    what = await versions.of_version("7762fd07…")       # UnknownVersion when it was never seen
    what = await versions.of_deployment("acme/shop")

Whatever is read of models through the gateway is learned from: `learn(record)`.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tintype import catalogue as catalogue_data
from tintype.domain import catalogue, errors, schemas
from tintype.domain.catalogue import Output
from tintype.domain.errors import UnknownModel
from tintype.replicate import wire
from tintype.service import upstream as upstream_
from tintype.store import versions
from tintype.store.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tintype.domain.catalogue import Catalogue, Field, Model
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database

HIDDEN = "hidden"
"""What a prediction of an official model says of its version."""
KEPT_S = 300.0
"""How long what upstream said of a model or a deployment is believed."""
_KEPT_MAX = 1_000
_REF = re.compile(r"(?:([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*):)?([0-9a-f]{64})")
_SLUG = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class UnknownVersion(errors.InputError):
    """A version that was never seen, or is of another model."""

    code = "unknown_version"


@dataclass(frozen=True, slots=True)
class Runnable:
    """What can be run: a model by its name, a version of it, or a deployment.

    `shown` is what a prediction says of its version. `inputs` is None where nobody knows what it takes.
    """

    model: str
    version: str | None
    shown: str
    inputs: Mapping[str, Field] | None
    is_text: bool
    deployment: str | None = None


class Versions:
    """Knows what can be run at one upstream."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        known: Catalogue,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._by_slug = {model.slug: model for model in known.models}
        self._by_version = {model.version: model for model in known.models if model.version is not None}
        self._monotonic = monotonic
        self._seen: dict[str, Version] = {}
        self._kept: dict[str, tuple[float, Runnable]] = {}

    async def of_model(self, slug: str) -> Runnable:
        """Return an official model, which is run by its name.

        Raises UnknownModel where neither we nor upstream know one, or it is run by its versions.
        """
        model = self._by_slug.get(slug)
        if model is not None:
            if not model.is_official:
                raise catalogue.unknown(slug)
            return _of_catalogue(model, version=None)
        return await self._kept_for(f"/models/{slug}", lambda record: _of_record(slug, record), slug)

    async def of_version(self, ref: str) -> Runnable:
        """Return a version, named by its 64 digits, by `owner/name:digits`, or by an official model's name.

        Raises UnknownVersion.
        """
        if _SLUG.fullmatch(ref):
            try:
                return await self.of_model(ref)
            except UnknownModel:
                raise _unknown(ref) from None
        named = _REF.fullmatch(ref)
        if named is None:
            raise _unknown(ref)
        slug, ident = named.groups()
        version = await self._version(slug, ident)
        if version is None or slug not in {None, version.model}:
            raise _unknown(ref)
        model = self._by_slug.get(version.model)
        if model is not None and (model.is_official or version.facts is None):
            return _of_catalogue(model, version=ident)
        is_text = (version.facts or {}).get("is_text") is True
        return Runnable(version.model, ident, ident, _inputs(version.facts), is_text=is_text)

    async def of_deployment(self, name: str) -> Runnable:
        """Return a deployment of the account, `owner/name`. Raises UnknownModel where there is none."""
        found = await self._kept_for(f"/deployments/{name}", lambda record: _of_release(name, record), name)
        version = await self._version(found.model, found.shown)
        return replace(found, inputs=_inputs(version.facts) if version is not None else None)

    async def learn(self, record: Any) -> None:
        """Learn the versions that an answer of upstream's tells of, be it a model, a version or a page of them."""
        seen = [one for one in told(record) if self._is_news(one)]
        if not seen:
            return
        await versions.put(self._database, seen, upstream_id=self._upstream.ident)
        if len(self._seen) > _KEPT_MAX:
            self._seen.clear()
        for one in seen:
            if one.facts is not None or one.id not in self._seen:
                self._seen[one.id] = one

    async def learn_version(self, slug: str, record: Any) -> None:
        """Learn from what upstream says of a version, or of a page of versions, of a model."""
        listed = record.get("results") if isinstance(record, dict) else None
        for one in listed if isinstance(listed, list) else [record]:
            owner, _, name = slug.partition("/")
            await self.learn({"owner": owner, "name": name, "latest_version": one})

    def _is_news(self, version: Version) -> bool:
        before = self._seen.get(version.id)
        return before is None or (version.facts is not None and before.facts != version.facts)

    async def _version(self, slug: str | None, ident: str) -> Version | None:
        found = self._seen.get(ident)
        if found is None:
            found = await versions.get(self._database, ident, upstream_id=self._upstream.ident)
        if found is None and ident in self._by_version:
            found = Version(ident, self._by_version[ident].slug)
        if found is None and slug is not None:
            # Who names the model as well lets it be read.
            reply = await self._upstream.exchange(
                "versions.get", wire.Call("GET", f"{wire.model_path(slug)}/versions/{ident}")
            )
            if reply.status == 200:
                await self.learn_version(slug, upstream_.document(reply))
                found = self._seen.get(ident)
        if found is not None:
            self._seen[ident] = found
        return found

    async def _kept_for(self, path: str, read: Callable[[Any], Runnable | None], name: str) -> Runnable:
        """Return what upstream says at a path, asked once in a while."""
        now = self._monotonic()
        good_until, found = self._kept.get(path, (0.0, None))
        if found is not None and now < good_until:
            return found
        if not _SLUG.fullmatch(name):
            raise catalogue.unknown(name)
        route = f"{path.split('/')[1]}.get"
        reply = await self._upstream.exchange(route, wire.Call("GET", path))
        record = upstream_.document(reply) if reply.status == 200 else None
        found = read(record)
        if found is None:
            raise catalogue.unknown(name, catalogue.nearest(name, self._by_slug))
        await self.learn(record)
        if len(self._kept) > _KEPT_MAX:
            self._kept.clear()
        self._kept[path] = (now + KEPT_S, found)
        return found


def told(record: Any) -> Iterator[Version]:
    """Give every version that an answer tells of: of a model, of a list of models, or within a search."""
    if isinstance(record, list):
        for one in record:
            yield from told(one)
        return
    if not isinstance(record, dict):
        return
    owner, name, newest = record.get("owner"), record.get("name"), record.get("latest_version")
    if isinstance(owner, str) and isinstance(name, str) and isinstance(newest, dict):
        ident = newest.get("id")
        if isinstance(ident, str) and re.fullmatch(r"[0-9a-f]{64}", ident):
            yield Version(ident, f"{owner}/{name}", schemas.facts(newest.get("openapi_schema")))
        return
    for part in ("results", "models", "model"):
        if part in record:
            yield from told(record[part])


def _of_catalogue(model: Model, *, version: str | None) -> Runnable:
    shown = HIDDEN if model.is_official or version is None else version
    return Runnable(model.slug, version, shown, model.inputs, is_text=model.output is Output.TEXT)


def _of_record(slug: str, record: Any) -> Runnable | None:
    if not isinstance(record, dict) or record.get("is_official") is False:
        return None
    newest = record.get("latest_version")
    facts = schemas.facts(newest.get("openapi_schema")) if isinstance(newest, dict) else None
    return Runnable(slug, None, HIDDEN, _inputs(facts), is_text=facts is not None and facts["is_text"])


def _of_release(name: str, record: Any) -> Runnable | None:
    release = record.get("current_release") if isinstance(record, dict) else None
    if not isinstance(release, dict) or not isinstance(release.get("model"), str):
        return None
    version = str(release.get("version"))
    return Runnable(release["model"], version, version, None, is_text=False, deployment=name)


def _inputs(facts: Mapping[str, Any] | None) -> Mapping[str, Field] | None:
    return None if facts is None else catalogue_data.inputs(facts["inputs"])


def _unknown(ref: str) -> UnknownVersion:
    return UnknownVersion(
        f"no version {ref[:80]!r} was seen; read its model or the version through the gateway, or: tintype models sync"
    )
