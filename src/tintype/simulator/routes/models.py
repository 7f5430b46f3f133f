"""Models: list, search, read, make, change and delete them; their readme and examples."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from tintype.simulator import bodies, calls, catalogue, examples, origins, pages, problems, replies
from tintype.simulator.records import UserModel
from tintype.simulator.routes import outputs

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tintype.simulator.catalogue import Entry
    from tintype.simulator.records import Account
    from tintype.simulator.world import World

PER_ACCOUNT_MAX = 1_000
QUERY_BYTES_MAX = 4_096
NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")
SORT_BY = ("model_created_at", "latest_version_created_at")
SORT_DIRECTIONS = ("asc", "desc")
TEXTS = ("description", "github_url", "paper_url", "license_url")


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""
    shelf = Models(world)
    path = "/models/{owner}/{name}"
    return [
        calls.resource(
            "/models",
            GET=calls.operation(world, shelf.listing),
            POST=calls.operation(world, shelf.create),
            QUERY=calls.operation(world, shelf.search),
        ),
        calls.resource(
            path,
            GET=calls.operation(world, shelf.get),
            PATCH=calls.operation(world, shelf.update),
            DELETE=calls.operation(world, shelf.delete),
        ),
        calls.resource(f"{path}/examples", GET=calls.operation(world, shelf.examples)),
        calls.resource(f"{path}/readme", GET=calls.operation(world, shelf.readme)),
        calls.resource(
            "/examples/{owner}/{name}/{index:int}.{ending}", GET=calls.open_operation(shelf.example_file)
        ),
    ]


def find(world: World, request: Request, account: Account) -> Entry:
    """Return the model that a request's path names. Raises Problem 404."""
    owner, name = request.path_params["owner"], request.path_params["name"]
    entry = catalogue.find(world, owner, name, account=account.token)
    if entry is None:
        raise problems.not_found("The requested model does not exist")
    return entry


class Models:
    """The operations on models."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: Request, account: Account) -> Response:
        """Return a page of all models, the newest version first unless asked otherwise."""
        by = _choice(request, "sort_by", SORT_BY, default="latest_version_created_at")
        direction = _choice(request, "sort_direction", SORT_DIRECTIONS, default="desc")
        entries = catalogue.entries(self._world, account=account.token)
        if by == "model_created_at":
            keyed = [(f"{entry.created_s:017.6f} {entry.slug}", entry) for entry in entries]
        else:
            keyed = [(self._version_key(entry), entry) for entry in entries]
        keyed.sort(key=lambda pair: pair[0], reverse=direction == "desc")
        page = pages.cut(
            keyed,
            cursor=pages.cursor_of(request),
            size=pages.MODELS_PER_PAGE,
            key=lambda pair: pair[0],
            descending=direction == "desc",
        )
        origin = self._origin(request)
        return replies.reply(
            pages.body(
                request, page, lambda pair: catalogue.show(self._world, pair[1], origin=origin), origin=origin
            )
        )

    async def search(self, request: Request, account: Account) -> Response:
        """Return the models that a text finds, best first; the text is the body, raw or as a JSON string."""
        query = await _query(request)
        origin = self._origin(request)
        found = catalogue.matches(self._world, query, account=account.token)
        best = [entry for entry, _ in found[: pages.MODELS_PER_PAGE]]
        results = [catalogue.show(self._world, entry, origin=origin) for entry in best]
        return replies.reply({"previous": None, "next": None, "results": results})

    async def create(self, request: Request, account: Account) -> Response:
        """Make a model without versions for the account itself."""
        world = self._world
        body = await replies.read_object(request)
        bodies.check(
            body,
            {
                "owner": bodies.text,
                "name": bodies.matching(NAME, "letters, digits, dots, dashes and underscores"),
                "visibility": bodies.one_of("public", "private"),
                "hardware": bodies.one_of(*world.hardware),
                **dict.fromkeys((*TEXTS, "cover_image_url"), bodies.text_or_null),
            },
            required=("owner", "name", "visibility", "hardware"),
        )
        if body["owner"] != account.username:
            raise problems.Problem(
                403, "The owner must be the account that the token belongs to", title="Forbidden"
            )
        slug = f"{body['owner']}/{body['name']}"
        if slug in world.models or world.user_models.get(slug) is not None:
            raise problems.invalid_fields(
                [("unique", "name", "A model with that name and owner already exists")]
            )
        if len(world.user_models.keys_of(account.token)) >= PER_ACCOUNT_MAX:
            raise problems.Problem(
                400, f"You have reached the limit of {PER_ACCOUNT_MAX:,} models per account"
            )
        made = UserModel(
            account=account.token,
            owner=body["owner"],
            name=body["name"],
            visibility=body["visibility"],
            hardware=body["hardware"],
            created_s=world.clock.now(),
            description=body.get("description"),
            github_url=body.get("github_url"),
            paper_url=body.get("paper_url"),
            license_url=body.get("license_url"),
            cover_image_url=body.get("cover_image_url"),
        )
        world.user_models.add(made)
        entry = catalogue.find(world, made.owner, made.name, account=account.token)
        assert entry is not None  # noqa: S101 - it was added just now
        return replies.reply(catalogue.show(world, entry, origin=self._origin(request)), status=201)

    async def get(self, request: Request, account: Account) -> Response:
        """Return one model."""
        entry = find(self._world, request, account)
        return replies.reply(catalogue.show(self._world, entry, origin=self._origin(request)))

    async def update(self, request: Request, account: Account) -> Response:
        """Change the texts of an account's own model."""
        entry = find(self._world, request, account)
        made = _own(entry, account)
        body = await replies.read_object(request)
        texts = (*TEXTS, "readme", "weights_url")
        bodies.check(body, dict.fromkeys(texts, bodies.text_or_null))
        for name in texts:
            if name in body:
                setattr(made, name, body[name])
        self._world.user_models.save(made)
        return replies.reply(catalogue.show(self._world, entry, origin=self._origin(request)))

    async def delete(self, request: Request, account: Account) -> Response:
        """Delete an account's own model if it is private and has no versions."""
        entry = find(self._world, request, account)
        made = _own(entry, account)
        if made.visibility != "private":
            raise problems.Problem(409, "A public model cannot be deleted")
        if catalogue.versions(self._world, entry):
            raise problems.Problem(409, "A model with versions cannot be deleted; delete its versions first")
        self._world.user_models.remove(made.key)
        return replies.nothing()

    async def examples(self, request: Request, account: Account) -> Response:
        """Return a page of example predictions."""
        entry = find(self._world, request, account)
        origin = self._origin(request)
        found = [] if entry.built_in is None else [entry.built_in]
        page = pages.cut(
            found,
            cursor=pages.cursor_of(request),
            size=pages.PREDICTIONS_PER_PAGE,
            key=examples.id_of,
            descending=True,
        )
        return replies.reply(
            pages.body(request, page, lambda model: examples.show(model, origin=origin), origin=origin)
        )

    async def readme(self, request: Request, account: Account) -> Response:
        """Return the readme in Markdown; 404 where there is none."""
        text = catalogue.readme(find(self._world, request, account))
        if text is None:
            raise problems.not_found("The requested model has no README")
        return Response(text, media_type="text/plain; charset=utf-8")

    async def example_file(self, request: Request) -> Response:
        """Return a file that an example shows."""
        path = request.path_params
        model = self._world.models.get(f"{path['owner']}/{path['name']}")
        if model is None or examples.ending(model) != path["ending"]:
            raise problems.not_found()
        content = await self._world.outputs.in_thread(examples.draw, model, path["index"])
        if content is None:
            raise problems.not_found()
        return outputs.file_response(request, content, media_type=outputs.MEDIA_TYPES[path["ending"]])

    def _origin(self, request: Request) -> str:
        return origins.origin(self._world.settings, request.scope)

    def _version_key(self, entry: Entry) -> str:
        newest = next(iter(catalogue.versions(self._world, entry)), None)
        return f"{newest.created_s if newest else 0.0:017.6f} {entry.slug}"


def _own(entry: Entry, account: Account) -> UserModel:
    if entry.made is None or entry.made.account != account.token:
        raise problems.Problem(403, "You do not have permission to change this model", title="Forbidden")
    return entry.made


def _choice(request: Request, name: str, allowed: tuple[str, ...], *, default: str) -> str:
    value = request.query_params.get(name, default)
    fault = bodies.one_of(*allowed)(value)
    if fault is not None:
        raise problems.Problem(400, f'Query parameter "{name}" {fault[1]}')
    return value


async def _query(request: Request) -> str:
    raw = await request.body()
    if len(raw) > QUERY_BYTES_MAX:
        raise problems.Problem(413, "The search query is too long")
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError as error:
        raise problems.Problem(400, "The search query is not UTF-8 text") from error
    # The JavaScript SDK sends the query as a JSON string, the others as it is.
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text
