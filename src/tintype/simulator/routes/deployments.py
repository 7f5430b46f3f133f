"""Deployments: make, list, read, change and delete them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tintype.simulator import bodies, calls, origins, pages, problems, replies, timestamps
from tintype.simulator.records import Deployment

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tintype.simulator.records import Account
    from tintype.simulator.world import World

NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")
MIN_INSTANCES_MAX = 5
MAX_INSTANCES_MAX = 20
IDLE_S = 15 * 60.0  # how long a deployment must have been unused before it can be deleted


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""
    shelf = Deployments(world)
    return [
        calls.resource(
            "/deployments",
            GET=calls.operation(world, shelf.listing),
            POST=calls.operation(world, shelf.create),
        ),
        calls.resource(
            "/deployments/{owner}/{name}",
            GET=calls.operation(world, shelf.get),
            PATCH=calls.operation(world, shelf.update),
            DELETE=calls.operation(world, shelf.delete),
        ),
    ]


def find(world: World, request: Request, account: Account) -> Deployment:
    """Return the deployment of the account that a request's path names. Raises Problem 404."""
    found = world.deployments.get(f"{request.path_params['owner']}/{request.path_params['name']}")
    if found is None or found.account != account.token:
        raise problems.not_found("The specified deployment does not exist")
    return found


class Deployments:
    """The operations on deployments."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: Request, account: Account) -> Response:
        """Return a page of the account's deployments, by name."""
        found = sorted(self._world.deployments.of(account.token), key=lambda one: one.key)
        page = pages.cut(
            found,
            cursor=pages.cursor_of(request),
            size=pages.PREDICTIONS_PER_PAGE,
            key=lambda one: one.key,
        )
        origin = origins.origin(self._world.settings, request.scope)
        return replies.reply(pages.body(request, page, self._show, origin=origin))

    async def create(self, request: Request, account: Account) -> Response:
        """Deploy a version of a model on hardware of the account's choice."""
        world = self._world
        body = await replies.read_object(request)
        fields = self._fields()
        bodies.check(
            body,
            {
                "name": bodies.matching(NAME, "letters, digits, dots, dashes and underscores"),
                "model": bodies.text,
                **fields,
            },
            required=("name", "model", *fields),
        )
        key = f"{account.username}/{body['name']}"
        if world.deployments.get(key) is not None:
            raise problems.invalid_fields([("unique", "name", "A deployment with that name already exists")])
        self._check_version(account, body["model"], body["version"])
        _check_instances(body["min_instances"], body["max_instances"])
        made = Deployment(
            account=account.token,
            owner=account.username,
            name=body["name"],
            model=body["model"],
            version=body["version"],
            hardware=body["hardware"],
            min_instances=body["min_instances"],
            max_instances=body["max_instances"],
            created_s=world.clock.now(),
        )
        world.deployments.add(made)
        return replies.reply(self._show(made))

    async def get(self, request: Request, account: Account) -> Response:
        """Return one deployment."""
        return replies.reply(self._show(find(self._world, request, account)))

    async def update(self, request: Request, account: Account) -> Response:
        """Change a deployment; a change makes a new release."""
        found = find(self._world, request, account)
        body = await replies.read_object(request)
        fields = self._fields()
        bodies.check(body, fields)
        changes = {name: body[name] for name in fields if name in body and body[name] != getattr(found, name)}
        if "version" in changes:
            self._check_version(account, found.model, changes["version"])
        _check_instances(
            changes.get("min_instances", found.min_instances),
            changes.get("max_instances", found.max_instances),
        )
        if changes:
            for name, value in changes.items():
                setattr(found, name, value)
            found.number += 1
            found.created_s = self._world.clock.now()
            self._world.deployments.save(found)
        return replies.reply(self._show(found))

    async def delete(self, request: Request, account: Account) -> Response:
        """Delete a deployment that is offline and was not used for 15 minutes."""
        found = find(self._world, request, account)
        idle_s = self._world.clock.now() - max(found.used_s, found.created_s)
        if found.min_instances > 0 or idle_s < IDLE_S:
            raise problems.Problem(
                409, "A deployment can be deleted once it has been offline and unused for at least 15 minutes"
            )
        self._world.deployments.remove(found.key)
        return replies.nothing()

    def _fields(self) -> dict[str, bodies.Check]:
        return {
            "version": bodies.text,
            "hardware": bodies.one_of(*self._world.hardware),
            "min_instances": bodies.whole(0, MIN_INSTANCES_MAX),
            "max_instances": bodies.whole(0, MAX_INSTANCES_MAX),
        }

    def _check_version(self, account: Account, model: str, version: str) -> None:
        found = self._world.find_version(version, account.token)
        if found is None or found[0] != model:
            raise problems.invalid_version()

    def _show(self, deployment: Deployment) -> dict[str, Any]:
        owner = self._world.accounts.by_token(deployment.account)
        return {
            "owner": deployment.owner,
            "name": deployment.name,
            "current_release": {
                "number": deployment.number,
                "model": deployment.model,
                "version": deployment.version,
                "created_at": timestamps.write(deployment.created_s),
                "created_by": {"type": owner.type, "username": owner.username, "name": owner.name},
                "configuration": {
                    "hardware": deployment.hardware,
                    "min_instances": deployment.min_instances,
                    "max_instances": deployment.max_instances,
                },
            },
        }


def _check_instances(least: int, most: int) -> None:
    if least > most:
        raise problems.invalid_fields(
            [("number_gte", "max_instances", f"Must be greater than or equal to min_instances, {least}")]
        )
