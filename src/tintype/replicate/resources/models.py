"""Models, their versions, and the collections they are grouped in."""

from __future__ import annotations

from tintype.replicate import calling, steps, wire
from tintype.replicate.resources import binding
from tintype.replicate.results import Collection, Model, Page, Prediction, Version

_PATH = "/models"


class ModelOps(binding.Resource):
    """The methods of models, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def get(self, ref: str) -> steps.Op[Model]:
        """Look at a model, `owner/name`, with its latest version and that version's schema."""
        return (yield from binding.fetch(self._desk, Model, wire.Call("GET", wire.model_path(ref))))

    @steps.operation
    def list(
        self, *, sort_by: str | None = None, sort_direction: str | None = None, cursor: str | None = None
    ) -> steps.Op[Page[Model]]:
        """Read one page of public models."""
        query = {"sort_by": sort_by, "sort_direction": sort_direction}
        return (yield from binding.page(self._desk, Model, _PATH, query, cursor))

    @steps.iterating(Model)
    def iterate(self, *, sort_by: str | None = None, sort_direction: str | None = None) -> steps.Op[None]:
        """Iterate over all public models."""
        yield from binding.walk(
            self._desk, Model, _PATH, {"sort_by": sort_by, "sort_direction": sort_direction}
        )

    @steps.operation
    def search(self, query: str) -> steps.Op[Page[Model]]:
        """Search public models by words."""
        call = wire.Call("QUERY", _PATH, body=query.encode(), headers=(("Content-Type", "text/plain"),))
        return (yield from binding.fetch(self._desk, Page[Model], call))

    @steps.operation
    def create(  # noqa: PLR0913 - each keyword is one fact of the API's own create
        self,
        owner: str,
        name: str,
        *,
        visibility: str,
        hardware: str,
        description: str | None = None,
        github_url: str | None = None,
        paper_url: str | None = None,
        license_url: str | None = None,
        cover_image_url: str | None = None,
    ) -> steps.Op[Model]:
        """Create a model. Not repeated after an unknown outcome."""
        body = binding.body(
            owner=owner,
            name=name,
            visibility=visibility,
            hardware=hardware,
            description=description,
            github_url=github_url,
            paper_url=paper_url,
            license_url=license_url,
            cover_image_url=cover_image_url,
        )
        return (
            yield from binding.fetch(self._desk, Model, wire.Call("POST", _PATH, wire.Kind.CREATE, body=body))
        )

    @steps.operation
    def update(
        self,
        ref: str,
        *,
        description: str | None = None,
        readme: str | None = None,
        github_url: str | None = None,
        paper_url: str | None = None,
        weights_url: str | None = None,
        license_url: str | None = None,
    ) -> steps.Op[Model]:
        """Change what is given of a model."""
        body = binding.body(
            description=description,
            readme=readme,
            github_url=github_url,
            paper_url=paper_url,
            weights_url=weights_url,
            license_url=license_url,
        )
        return (
            yield from binding.fetch(self._desk, Model, wire.Call("PATCH", wire.model_path(ref), body=body))
        )

    @steps.operation
    def delete(self, ref: str) -> steps.Op[None]:
        """Delete a private model without versions."""
        yield from binding.done(self._desk, wire.Call("DELETE", wire.model_path(ref)))

    @steps.operation
    def readme(self, ref: str) -> steps.Op[str]:
        """The readme as Markdown. Raises NotFound where there is none."""
        call = wire.Call("GET", f"{wire.model_path(ref)}/readme", headers=(("Accept", "text/plain"),))
        return (yield from calling.call(self._desk.context, call, _text))

    @steps.operation
    def examples(self, ref: str, *, cursor: str | None = None) -> steps.Op[Page[Prediction]]:
        """Read one page of a model's example predictions."""
        return (
            yield from binding.page(self._desk, Prediction, f"{wire.model_path(ref)}/examples", None, cursor)
        )


class VersionOps(binding.Resource):
    """The methods of versions, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def get(self, ref: str, version: str) -> steps.Op[Version]:
        """Look at one version of a model, with its schema."""
        call = wire.Call("GET", f"{wire.model_path(ref)}/versions/{wire.part(version)}")
        return (yield from binding.fetch(self._desk, Version, call))

    @steps.operation
    def list(self, ref: str, *, cursor: str | None = None) -> steps.Op[Page[Version]]:
        """Read one page of a model's versions, newest first."""
        return (
            yield from binding.page(self._desk, Version, f"{wire.model_path(ref)}/versions", None, cursor)
        )

    @steps.iterating(Version)
    def iterate(self, ref: str) -> steps.Op[None]:
        """Iterate over all versions of a model."""
        yield from binding.walk(self._desk, Version, f"{wire.model_path(ref)}/versions")

    @steps.operation
    def delete(self, ref: str, version: str) -> steps.Op[None]:
        """Ask for a version to be deleted, which takes some minutes."""
        path = f"{wire.model_path(ref)}/versions/{wire.part(version)}"
        yield from binding.done(self._desk, wire.Call("DELETE", path))


class CollectionOps(binding.Resource):
    """The methods of collections, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def get(self, slug: str) -> steps.Op[Collection]:
        """Look at a collection with its models."""
        return (
            yield from binding.fetch(
                self._desk, Collection, wire.Call("GET", f"/collections/{wire.part(slug)}")
            )
        )

    @steps.operation
    def list(self, *, cursor: str | None = None) -> steps.Op[Page[Collection]]:
        """Read one page of collections."""
        return (yield from binding.page(self._desk, Collection, "/collections", None, cursor))

    @steps.iterating(Collection)
    def iterate(self) -> steps.Op[None]:
        """Iterate over all collections."""
        yield from binding.walk(self._desk, Collection, "/collections")


def _text(reply: wire.Reply) -> str:
    return reply.body.decode("utf-8", "replace")


class Models(ModelOps, steps.Blocking):
    """Models of a blocking client."""

    __slots__ = ()


class AsyncModels(ModelOps, steps.Awaiting):
    """Models of an async client."""

    __slots__ = ()


class Versions(VersionOps, steps.Blocking):
    """Versions of a blocking client."""

    __slots__ = ()


class AsyncVersions(VersionOps, steps.Awaiting):
    """Versions of an async client."""

    __slots__ = ()


class Collections(CollectionOps, steps.Blocking):
    """Collections of a blocking client."""

    __slots__ = ()


class AsyncCollections(CollectionOps, steps.Awaiting):
    """Collections of an async client."""

    __slots__ = ()
