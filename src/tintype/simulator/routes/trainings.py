"""Trainings: begin, list, read and cancel them; the weights that they made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from tintype.simulator import bodies, calls, courses, origins, pages, problems, replies
from tintype.simulator.routes import versions

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tintype.simulator.records import Account, Training
    from tintype.simulator.world import World

EVENTS = ("start", "output", "logs", "completed")


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""
    for training in list(world.trainings):
        world.clock.at(world.clock.now(), courses.watch, world, training)
    shelf = Trainings(world)
    return [
        calls.resource(
            "/models/{owner}/{name}/versions/{id}/trainings", POST=calls.operation(world, shelf.create)
        ),
        calls.resource("/trainings", GET=calls.operation(world, shelf.listing)),
        calls.resource("/trainings/{id}", GET=calls.operation(world, shelf.get)),
        calls.resource("/trainings/{id}/cancel", POST=calls.operation(world, shelf.cancel)),
        calls.resource("/weights/{id}/trained_model.tar", GET=calls.open_operation(shelf.weights)),
    ]


class Trainings:
    """The operations on trainings."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def create(self, request: Request, account: Account) -> Response:
        """Begin a training; its destination has to be a model of the account."""
        world = self._world
        body = await replies.read_object(request)
        bodies.check(
            body,
            {
                "destination": bodies.text,
                "input": bodies.mapping,
                "webhook": bodies.web_url,
                "webhook_events_filter": bodies.some_of(*EVENTS),
            },
            required=("destination", "input"),
        )
        entry, version = versions.find(world, request, account)
        destination = world.user_models.get(body["destination"])
        if destination is None or destination.account != account.token:
            raise problems.not_found("The specified training destination does not exist")
        events = body.get("webhook_events_filter")
        base = origins.origin(world.settings, request.scope)
        training = courses.create(
            world,
            account,
            model=entry.slug,
            runs=version.runs,
            version=version.id,
            destination=destination.key,
            values=body["input"],
            base=base,
            webhook=body.get("webhook"),
            events=tuple(events) if events else None,
        )
        return replies.reply(courses.show(world, training, origin=base), status=201)

    async def listing(self, request: Request, account: Account) -> Response:
        """Return a page of the account's trainings, newest first."""
        found = self._world.trainings.of(account.token)[::-1]
        page = pages.cut(
            found,
            cursor=pages.cursor_of(request),
            size=pages.PREDICTIONS_PER_PAGE,
            key=lambda one: one.id,
            descending=True,
        )
        origin = origins.origin(self._world.settings, request.scope)
        return replies.reply(
            pages.body(
                request, page, lambda one: courses.show(self._world, one, origin=origin), origin=origin
            )
        )

    async def get(self, request: Request, account: Account) -> Response:
        """Return one training."""
        return self._shown(request, self._find(request, account))

    async def cancel(self, request: Request, account: Account) -> Response:
        """End a training; one that has ended is returned as it is."""
        training = self._find(request, account)
        courses.cancel(self._world, training)
        return self._shown(request, training)

    async def weights(self, request: Request) -> Response:
        """Return the weights of a trained version: an empty archive, there is nothing to learn here."""
        if self._world.user_versions.get(request.path_params["id"]) is None:
            raise problems.not_found()
        # Two blocks of zeros are a tar archive without members.
        return Response(bytes(1024), media_type="application/x-tar")

    def _find(self, request: Request, account: Account) -> Training:
        training = self._world.trainings.get(request.path_params["id"])
        if training is None or training.account != account.token:
            raise problems.not_found()
        return training

    def _shown(self, request: Request, training: Training) -> Response:
        origin = origins.origin(self._world.settings, request.scope)
        return replies.reply(courses.show(self._world, training, origin=origin))
