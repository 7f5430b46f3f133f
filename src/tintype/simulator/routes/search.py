"""Search over models, collections and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.simulator import calls, catalogue, origins, problems, replies

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tintype.simulator.records import Account
    from tintype.simulator.world import World

LIMIT_DEFAULT = 20
LIMIT_MAX = 50
PAGES = (
    ("Run a model from Python", "/docs/get-started/python"),
    ("Run a model from Node.js", "/docs/get-started/nodejs"),
    ("Webhooks", "/docs/topics/webhooks"),
    ("Rate limits", "/docs/topics/predictions/rate-limits"),
    ("Output files", "/docs/topics/predictions/output-files"),
    ("HTTP API reference", "/docs/reference/http"),
)


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""

    async def get(request: Request, account: Account) -> Response:
        query = request.query_params.get("query", "").strip()
        if not query:
            raise _wrong('Query parameter "query" is required')
        limit = _limit(request.query_params.get("limit"))
        origin = origins.origin(world.settings, request.scope)
        found = catalogue.matches(world, query, account=account.token)[:limit]
        words = query.lower().split()
        return replies.reply(
            {
                "query": query,
                "models": [
                    {
                        "model": catalogue.show(world, entry, origin=origin),
                        "metadata": {
                            "generated_description": catalogue.readme(entry),
                            "tags": catalogue.tags(entry),
                            "score": score,
                        },
                    }
                    for entry, score in found
                ],
                "collections": _collections(world, words)[:limit],
                "pages": _pages(words)[:limit],
            }
        )

    return [calls.resource("/search", GET=calls.operation(world, get))]


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= LIMIT_MAX):
        raise _wrong(f'Query parameter "limit" must be a number between 1 and {LIMIT_MAX}')
    return int(text)


def _wrong(detail: str) -> problems.Problem:
    return problems.Problem(400, detail, media_type=replies.MEDIA_TYPE)


def _collections(world: World, words: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "slug": one.slug, "description": one.description, "models": list(one.members)}
        for one in world.collections.values()
        if all(word in f"{one.name} {one.slug} {one.description}".lower() for word in words)
    ]


def _pages(words: list[str]) -> list[dict[str, str]]:
    return [
        {"name": name, "href": href} for name, href in PAGES if any(word in name.lower() for word in words)
    ]
