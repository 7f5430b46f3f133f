"""Every route of the application itself, for tests that a new one is not to be forgotten in."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.routing import APIRoute, iter_route_contexts

from tintype.api import app, auth


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the application, and the scope that it asks for."""

    method: str
    path: str
    scope: str | None

    @property
    def known(self) -> tuple[str, str]:
        """Its entry above: with `/v1` and without it the drop-in is the same."""
        path = self.path.replace("/replicate/v1/", "/replicate/")
        return self.method, "/static/{name}" if path.startswith("/static/") else path


def routes() -> list[Route]:
    """Return every route there is."""
    found = []
    for one in iter_route_contexts(app.collected().routes):
        assert isinstance(one.original_route, APIRoute)
        needs = [each.call for each in one.dependant.dependencies if isinstance(each.call, auth.Requires)]
        scope = needs[0].scope.value if needs else None
        found += [Route(method, str(one.path), scope) for method in sorted(one.methods or ())]
    return found
